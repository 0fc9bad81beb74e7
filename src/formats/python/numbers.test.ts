import { expect, test } from 'vitest'
import { describe } from './describe.ts'
import { parseDtype } from './dtype.ts'
import { numbersIn } from './numbers.ts'
import type { NumericArray } from '../../tensor/datatype.ts'
import type { NdArray, PyGlobal, PyValue } from './values.ts'

function global(module: string, name: string): PyGlobal {
  return { kind: 'global', module, name, offset: 0, verdict: 'ignorable' }
}

function array(type: string, data: NumericArray, shape: readonly number[]): NdArray {
  return { kind: 'ndarray', holds: 'numbers', dtype: parseDtype(type), shape, data }
}

const tuple = (...items: PyValue[]): PyValue => ({ kind: 'tuple', items })
const list = (...items: PyValue[]): PyValue => ({ kind: 'list', items })
const half: PyValue = { kind: 'scalar', dtype: parseDtype('f4'), value: 0.5 }

test('numbers of arrays, sparse matrices, lists and scalars are exactly those in the file', () => {
  const sparse: PyValue = {
    kind: 'sparse',
    shape: [2, 2],
    starts: Int32Array.of(0, 1, 1),
    columns: Int32Array.of(1),
    values: Float64Array.of(4),
  }
  const two = array('f8', Float64Array.of(1, 2), [2])
  expect(numbersIn(array('i8', BigInt64Array.of(-1n, 2n ** 53n), [1, 2]), 'it')).toEqual({
    data: Float64Array.of(-1, 2 ** 53),
    shape: [1, 2],
  })
  expect(numbersIn(array('f2', Uint16Array.of(0x3c00), [1]), 'it')?.data[0]).toBe(1)
  expect(numbersIn(list(tuple(1n, 2.5), tuple(true, half)), 'it')).toEqual({
    data: Float64Array.of(1, 2.5, 1, 0.5),
    shape: [2, 2],
  })
  expect(numbersIn(list(two, two), 'it')).toEqual({ data: Float64Array.of(1, 2, 1, 2), shape: [2, 2] })
  expect(numbersIn(sparse, 'it')?.data).toEqual(Float64Array.of(0, 4, 0, 0))
  expect(numbersIn(half, 'it')).toEqual({ data: Float64Array.of(0.5), shape: [] })
  expect(numbersIn('text', 'it')).toBeUndefined()
  expect(numbersIn(list(two, array('f8', Float64Array.of(1), [1])), 'it')).toBeUndefined()
})

test('whole numbers beyond 2^53 are refused where float64 cannot hold them', () => {
  const tooBig = array('i8', BigInt64Array.of(2n ** 53n + 1n), [1])
  expect(() => numbersIn(tooBig, 'it')).toThrow('it has the whole number 9007199254740993')
  const negative = array('i8', BigInt64Array.of(-(2n ** 53n), -5n, -(2n ** 40n)), [3])
  expect(numbersIn(negative, 'it')?.data).toEqual(Float64Array.of(-(2 ** 53), -5, -(2 ** 40)))
  const unsigned = array('u8', BigUint64Array.of(2n ** 52n, 7n, 2n ** 63n), [3])
  expect(numbersIn(unsigned, 'it')?.data).toEqual(Float64Array.of(2 ** 52, 7, 2 ** 63))
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
