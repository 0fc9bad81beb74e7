import { describe as suite, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { Dict, InertObject } from './containers.ts'
import { parseDtype } from './dtype.ts'
import { Attributes, describe, functionName, isInstance, numbersOf, partialOf, walk } from './look.ts'
import { readPickle } from './read-pickle.ts'
import { pickleCases } from './shown.fixture.ts'
import type { NumericArray } from '../../tensor/datatype.ts'
import type { NdArray, PyGlobal, PyValue } from './values.ts'

function global(module: string, name: string): PyGlobal {
  return { kind: 'global', module, name, offset: 0, verdict: 'ignorable' }
}

function array(type: string, data: NumericArray, shape: readonly number[]): NdArray {
  return { kind: 'ndarray', holds: 'numbers', dtype: parseDtype(type), shape, data }
}

function estimator(attributes: Record<string, PyValue>): Attributes {
  const object = new InertObject(global('sklearn.svm._classes', 'SVC'), 'instance', [])
  for (const [name, value] of Object.entries(attributes)) object.setAttribute(name, value)
  return new Attributes(object, 'pipeline.steps[1]')
}

const tuple = (...items: PyValue[]): PyValue => ({ kind: 'tuple', items })

suite('attributes', () => {
  const scalar: PyValue = { kind: 'scalar', dtype: parseDtype('f4'), value: 0.5 }
  const it = estimator({
    n: 3n,
    alpha: 1.5,
    isOn: true,
    name: 'rbf',
    nothing: null,
    scalar,
    big: 2n ** 53n + 1n,
    coef_: array('i8', BigInt64Array.of(-1n, 2n ** 53n), [1, 2]),
    half: array('f2', Uint16Array.of(0x3c00), [1]),
    texts: { kind: 'ndarray', holds: 'text', dtype: parseDtype('U1'), shape: [2], data: ['a', 'b'] },
    steps: { kind: 'list', items: [tuple('scale', null)] },
    many: { kind: 'list', items: [tuple(1n, 2.5), tuple(true, scalar)] },
    sparse: {
      kind: 'sparse',
      shape: [2, 2],
      starts: Int32Array.of(0, 1, 1),
      columns: Int32Array.of(1),
      values: Float64Array.of(4),
    },
    dict: new Dict(),
  })

  test('are read by their kinds', () => {
    expect([
      it.int('n'),
      it.float('alpha'),
      it.number('n'),
      it.number('scalar'),
      it.bool('isOn'),
      it.text('name'),
    ]).toEqual([3, 1.5, 3, 0.5, true, 'rbf'])
    expect(it.optionalInt('nothing')).toBeUndefined()
    expect(it.optionalText('missing')).toBeUndefined()
    expect(it.texts('texts')).toEqual(['a', 'b'])
    expect(it.list('steps')).toHaveLength(1)
    expect(it.dict('dict').entries).toEqual([])
    expect(it.choice('name', ['linear', 'rbf'])).toBe('rbf')
    expect(it.class).toBe('sklearn.svm._classes.SVC')
  })

  test('are numbers exactly, of arrays, sparse matrices, lists and scalars', () => {
    expect(it.numbers('coef_', { rank: 2 })).toEqual({ data: Float64Array.of(-1, 2 ** 53), shape: [1, 2] })
    expect(it.numbers('half').data[0]).toBe(1)
    expect(it.numbers('many', { shape: [-1, 2] })).toEqual({ data: Float64Array.of(1, 2.5, 1, 0.5), shape: [2, 2] })
    expect(it.numbers('sparse').data).toEqual(Float64Array.of(0, 4, 0, 0))
    expect(it.numbers('scalar')).toEqual({ data: Float64Array.of(0.5), shape: [] })
  })

  test.each<[string, () => unknown, string]>([
    [
      'a missing one',
      () => it.int('gamma_'),
      'pipeline.steps[1].gamma_ is missing; sklearn.svm._classes.SVC is not fitted',
    ],
    ['another kind', () => it.int('name'), 'pipeline.steps[1].name is the text "rbf"; an int must stand there'],
    ['a float that is an int', () => it.float('n'), 'pipeline.steps[1].n is the int 3; a float must stand there'],
    ['a truth for a number', () => it.number('isOn'), 'pipeline.steps[1].isOn is True; a number must stand there'],
    ['a whole number beyond 2^53', () => it.number('big'), 'which float64 cannot hold'],
    ['another rank', () => it.numbers('coef_', { rank: 1 }), 'has the shape [1,2]; it must have 1 dimensions'],
    ['another shape', () => it.numbers('coef_', { shape: [-1, 3] }), 'has the shape [1,2]; it must have [n,3]'],
    ['text for numbers', () => it.numbers('texts'), 'is an array of text [2]; numbers must stand there'],
    ['an unknown choice', () => it.choice('name', ['linear', 'poly']), 'is "rbf"; known are linear, poly'],
    ['no object', () => it.inner('steps'), 'is a list of 1; an object must stand there'],
  ])('refuse %s, saying where', (_name, get, message) => {
    expect(get).toThrow(ServingError)
    expect(get).toThrow(message)
  })

  test('beyond 2^53 in an array are refused', () => {
    const tooBig = array('i8', BigInt64Array.of(2n ** 53n + 1n), [1])
    expect(() => numbersOf(tooBig, 'it')).toThrow('it has the whole number 9007199254740993')
    const negative = array('i8', BigInt64Array.of(-(2n ** 53n), -5n, -(2n ** 40n)), [3])
    expect(numbersOf(negative, 'it').data).toEqual(Float64Array.of(-(2 ** 53), -5, -(2 ** 40)))
    const unsigned = array('u8', BigUint64Array.of(2n ** 52n, 7n, 2n ** 63n), [3])
    expect(numbersOf(unsigned, 'it').data).toEqual(Float64Array.of(2 ** 52, 7, 2 ** 63))
  })
})

test('values are described in a few words', () => {
  const told = [
    null,
    true,
    5n,
    10n ** 30n,
    1.5,
    'a',
    new Uint8Array(3),
    tuple(),
    global('a', 'B'),
    global('a', 'B\u202e'),
  ]
  expect(told.map(describe)).toEqual([
    'None',
    'True',
    'the int 5',
    'an int',
    'the float 1.5',
    'the text "a"',
    '3 bytes',
    'a tuple of 0',
    'a.B',
    '"a.B\\u202e"',
  ])
  expect(describe(array('f8', new Float64Array(12), [3, 4]))).toBe('an array of float64 [3,4]')
})

test('classes and functions are known wherever a release has them', () => {
  const svc = new InertObject(global('sklearn.svm.classes', 'SVC'), 'instance', [])
  expect(isInstance(svc, 'sklearn', 'SVC', 'NuSVC')).toBe(true)
  expect(isInstance(svc, 'sklearn', 'SVR')).toBe(false)
  expect(isInstance(new InertObject(global('sklearn_evil', 'SVC'), 'instance', []), 'sklearn', 'SVC')).toBe(false)
  expect(functionName(global('numpy.core._multiarray_umath', 'log1p'))).toBe('numpy.log1p')
  expect(functionName(global('numpy', 'log1p'))).toBe('numpy.log1p')
  expect(functionName(global('scipy.special._ufuncs', 'expit'))).toBe('scipy.special.expit')
  expect(functionName(global('mymodule', 'log1p'))).toBe('mymodule.log1p')
})

test('a partial is a function and its arguments', () => {
  const found = pickleCases().find(({ name }) => name === 'partial')
  const { root } = readPickle(Buffer.from(found?.forms['protocol 4'] ?? '', 'base64'))
  const partial = partialOf(root)
  expect(functionName(partial?.callee)).toBe('numpy.clip')
  expect(partial?.keywords?.byName.get('a_min')).toBe(0n)
})

test('a walk meets every value once, and ends where values contain themselves', () => {
  const { root } = readPickle(Buffer.from('\x80\x02]q\x00(h\x00}X\x01\x00\x00\x00ah\x00se.', 'latin1'))
  expect([...walk(root)].map(describe)).toEqual(['a list of 2', 'a dict of 1', 'the text "a"'])
  const deep = readPickle(Buffer.from(`\x80\x02N${'\x85'.repeat(100_000)}.`, 'latin1'))
  expect([...walk(deep.root)]).toHaveLength(100_001)
})
