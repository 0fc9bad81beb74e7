import { expect, test } from 'vitest'
import type { Tensor } from '../../tensor/tensor.ts'
import { ByteTable } from './byte-table.ts'
import { NAMED_KERNELS } from './index.ts'
import { Parameters } from './kernel.ts'
import { loadKernel } from './load.ts'
import { pythonFloat } from './numbers-from-text.ts'
import { matrix, prepared, texts } from './testing.fixture.ts'

function runOf(kernel: string, parameters: unknown, ...inputs: readonly Tensor[]) {
  const feeds = new Map(inputs.map((input, i) => [`in${i}`, input]))
  const step = { kind: 'kernel', kernel, file: 'k.json', inputs: Object.fromEntries(feeds.keys().map((k) => [k, k])) }
  const bytes = Buffer.from(JSON.stringify(parameters))
  return loadKernel({ ...step, kind: 'kernel', outputs: {} }, () => bytes).run(feeds, ['out0'])
}

const SINGLE: Tensor = { datatype: 'FP32', shape: [1, 1], data: Float32Array.of(1) }

test.each<[string, string, unknown, Tensor[], string]>([
  ['another datatype', 'number-function', { function: 'abs' }, [SINGLE], 'is fed FP32 of shape [1,1]'],
  ['text for numbers', 'number-function', { function: 'abs' }, [texts('1')], 'is fed BYTES'],
  ['no input', 'number-function', { function: 'abs' }, [], 'its step names'],
  [
    'unlike rows',
    'refuse-missing',
    { names: [], isNaNAllowed: false },
    [matrix([1], [2]), matrix([1])],
    'is fed 2 and 1 rows',
  ],
  [
    'two columns of text',
    'vectorize-records',
    { names: [], separator: '=', isSingle: false, allows: 'all' },
    [{ datatype: 'BYTES', shape: [1, 2], data: [Buffer.from('{}'), Buffer.from('{}')] }],
    'takes one column, and is fed 2',
  ],
  [
    'unlike sparse rows',
    'dense',
    { width: 3 },
    [{ datatype: 'INT64', shape: [2, 2], data: new BigInt64Array(4) }, matrix([1], [2])],
    'as many positions as values',
  ],
])('%s is refused before a kernel sees it', (_what, kernel, parameters, inputs, message) => {
  expect(() => runOf(kernel, parameters, ...inputs)).toThrow(
    expect.objectContaining({ code: 'refused', message: expect.stringContaining(message) }),
  )
})

test.each<[string, unknown]>([
  ['quantiles', { references: [0], isNormal: false, isZeroKept: false, columns: [{ length: 1e9 }] }],
  [
    'impute-neighbors',
    { width: 2 ** 31 - 1, values: [], missing: 0, neighbors: 1, weights: 'uniform', countsStrangers: true },
  ],
  [
    'nearest-neighbors',
    { count: 2 ** 31 - 1, width: 1, metric: 'precomputed', neighbors: 2 ** 31 - 1, isStable: true },
  ],
  ['kernel-density', { count: 1, width: 1, metric: 'precomputed', points: '', bandwidth: 1, shift: 0, bump: 'linear' }],
])('%s takes no memory for what its parameters only claim', (name, parameters) => {
  const kernel = NAMED_KERNELS.get(name)
  expect(() => kernel?.prepare(new Parameters(parameters, 'k.json'))).toThrow(
    expect.objectContaining({ code: 'refused' }),
  )
})

test('a long text of spaces is no number, at once', () => {
  expect(pythonFloat(`${' '.repeat(2 ** 20)}x`)).toBeUndefined()
  expect(pythonFloat(`${' '.repeat(2 ** 20)}1\u2003`)).toBe(1)
})

test('many keys alike cost no more than one', () => {
  const key = Buffer.from('a')
  expect(new ByteTable(Array.from({ length: 2 ** 20 }, () => key)).find(key)).toBe(0)
})

test('a name of a feature that is a list of lists, however deep, is refused in words', () => {
  const parameters = { form: 'string', features: 8, isSigned: true, isSingle: false, allows: 'all' }
  const deep = `[${'['.repeat(50_000)}${']'.repeat(50_000)}]`
  expect(() => prepared('hash-records', parameters).run([texts(deep)])).toThrow("a feature's name is a list")
})

test('n-grams that would take for ever are too large', () => {
  const analyzer = { lowercase: true, accents: 'keep', analyzer: 'char', ngrams: [1, 1000], stopWords: [] }
  const parameters = { analyzer, features: 8, isSigned: true, isSingle: false, isBinary: false, norm: 'none' }
  expect(() => prepared('hash-text', parameters).run([texts('ab'.repeat(50_000))])).toThrow('too many n-grams')
})
