import { expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import type { NumericArray } from '../../tensor/datatype.ts'
import { InertObject } from './containers.ts'
import { parseDtype } from './dtype.ts'
import { Budget, limitsFor } from './limits.ts'
import { readSparse } from './sparse.ts'
import type { PyValue, SparseMatrix } from './values.ts'

const of = { kind: 'global', module: 'scipy.sparse', name: 'csr_matrix', offset: 0, verdict: 'data' } as const
const TYPES = { Int32Array: 'i4', BigInt64Array: 'i8', Float64Array: 'f8', Uint8Array: 'b1' } as const

function array(data: NumericArray): PyValue {
  const type = TYPES[data.constructor.name as keyof typeof TYPES]
  return { kind: 'ndarray', holds: 'numbers', dtype: parseDtype(type), shape: [data.length], data }
}

function read(
  layout: string,
  shape: readonly [number, number],
  parts: Record<string, NumericArray>,
): SparseMatrix | undefined {
  const object = new InertObject(of, 'instance', [])
  object.setAttribute('_shape', { kind: 'tuple', items: shape.map(BigInt) })
  for (const [name, data] of Object.entries(parts)) object.setAttribute(name, array(data))
  return readSparse(layout, object, new Budget(limitsFor(1000)))
}

const good = { indptr: Int32Array.of(0, 1, 2), indices: Int32Array.of(1, 0), data: Float64Array.of(5, 6) }

test('indices of 64 bits are taken where they fit', () => {
  const wide = { ...good, indptr: BigInt64Array.of(0n, 1n, 2n), indices: BigInt64Array.of(1n, 0n) }
  expect(read('csr', [2, 2], wide)).toEqual(read('csr', [2, 2], good))
  expect(() => read('csr', [2, 2], { ...good, indices: BigInt64Array.of(2n ** 40n, 0n) })).toThrow(
    'an element outside of it',
  )
})

test('elements that stand in one place add up, and truths stay truths', () => {
  const places = { row: Int32Array.of(1, 0, 1), col: Int32Array.of(1, 0, 1) }
  expect(read('coo', [2, 2], { ...places, data: Float64Array.of(1, 2, 4) })).toMatchObject({
    starts: Int32Array.of(0, 1, 2),
    columns: Int32Array.of(0, 1),
    values: Float64Array.of(2, 5),
  })
  expect(read('coo', [2, 2], { ...places, data: Uint8Array.of(1, 1, 1) })?.values).toEqual(Uint8Array.of(1, 1))
})

test.each<[string, string, readonly [number, number], Record<string, NumericArray>, string]>([
  ['a column beyond the last', 'csr', [2, 1], good, 'an element outside of it'],
  ['a column before the first', 'csr', [2, 2], { ...good, indices: Int32Array.of(-1, 0) }, 'an element outside of it'],
  [
    'a row that ends before it begins',
    'csr',
    [2, 2],
    { ...good, indptr: Int32Array.of(0, 2, 1) },
    'ends before it begins',
  ],
  [
    'more elements counted than there are',
    'csr',
    [2, 2],
    { ...good, indptr: Int32Array.of(0, 1, 9) },
    'fewer elements',
  ],
  ['a row too few', 'csr', [3, 2], good, 'has 2 rows instead of 3'],
  ['a beginning that is not 0', 'csr', [2, 2], { ...good, indptr: Int32Array.of(1, 1, 2) }, 'rows instead of'],
  ['a row beyond the last', 'csc', [1, 2], good, 'an element outside of it'],
  [
    'places and values of different counts',
    'coo',
    [2, 2],
    { row: Int32Array.of(0), col: Int32Array.of(0), data: Float64Array.of(1, 2) },
    'different counts',
  ],
  [
    'billions of rows and no element',
    'coo',
    [2 ** 31 - 1, 1],
    { row: Int32Array.of(), col: Int32Array.of(), data: Float64Array.of() },
    'unfolds to more than',
  ],
])('a sparse matrix with %s is refused', (_what, layout, shape, parts, message) => {
  expect(() => read(layout, shape, parts)).toThrow(ServingError)
  expect(() => read(layout, shape, parts)).toThrow(message)
})
