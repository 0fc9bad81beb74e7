import { ServingError } from '../../core/errors.ts'
import { widenHalves } from '../../tensor/half.ts'
import { describe } from './describe.ts'
import { itemAt } from './numpy-values.ts'
import { isKind, itemsOf } from './refs.ts'
import type { NdArray, NumericNdArray, PyValue, SparseMatrix } from './values.ts'

/** Numbers in C order, each exactly the one in the file. */
export interface Numbers {
  readonly data: Float64Array
  readonly shape: readonly number[]
}

export interface NumbersOptions {
  /** How many dimensions there must be. */
  readonly rank?: number
  /** The shape that it must have; -1 takes any size. */
  readonly shape?: readonly number[]
}

/** Most elements that a sparse matrix may unfold to. */
const MAX_DENSE_ELEMENTS = 32 * 1024 * 1024

/**
 * Numbers of an array of bools, ints or floats, of a sparse matrix, of a list (of lists) of numbers, or one number.
 * @param where for the message
 * @throws {ServingError} `refused` for anything else, for whole numbers beyond 2^53, and for another shape than asked for
 */
export function numbersOf(value: PyValue | undefined, where: string, options: NumbersOptions = {}): Numbers {
  const numbers = anyNumbers(value, where)
  if (numbers === undefined) throw wrong(value, where, 'numbers')
  const { shape } = numbers
  const { rank = shape.length, shape: pattern } = options
  const isFit =
    shape.length === rank &&
    (pattern === undefined ||
      (pattern.length === shape.length && pattern.every((size, axis) => size === -1 || size === shape[axis])))
  if (!isFit) {
    const asked =
      pattern === undefined ? `${rank} dimensions` : `[${pattern.map((size) => (size < 0 ? 'n' : size)).join(',')}]`
    throw new ServingError('refused', `${where} has the shape [${shape.join(',')}]; it must have ${asked}`, {
      details: { path: where },
    })
  }
  return numbers
}

/** What a value is and what must stand there, as an error. */
export function wrong(value: PyValue | undefined, where: string, expected: string): ServingError {
  return new ServingError('refused', `${where} is ${describe(value)}; ${expected} must stand there`, {
    details: { path: where },
  })
}

function anyNumbers(value: PyValue | undefined, where: string): Numbers | undefined {
  if (isKind(value, 'ndarray')) {
    if (value.holds === 'numbers') return 'biuf'.includes(value.dtype.code) ? wide(value, where) : undefined
    return value.holds === 'objects' ? fromValues(value.data, value.shape, where) : undefined
  }
  if (isKind(value, 'sparse')) return dense(value, where)
  const items = itemsOf(value)
  if (items === undefined) {
    const one = numberOf(value, where)
    return one === undefined ? undefined : { data: Float64Array.of(one), shape: [] }
  }
  const width = itemsOf(items[0])?.length
  if (width === undefined) return fromValues(items, [items.length], where)
  const rows = items.map(itemsOf)
  if (rows.some((row) => row?.length !== width)) return undefined
  return fromValues(
    rows.flatMap((row) => row ?? []),
    [rows.length, width],
    where,
  )
}

function fromValues(values: readonly PyValue[], shape: readonly number[], where: string): Numbers | undefined {
  const data = new Float64Array(values.length)
  for (const [i, value] of values.entries()) {
    const number = numberOf(value, where)
    if (number === undefined) return undefined
    data[i] = number
  }
  return { data, shape }
}

/** A bool, int or float, of Python or numpy, as the number that it is; undefined for anything else. */
export function numberOf(value: PyValue | undefined, where: string): number | undefined {
  const plain = isKind(value, 'scalar') && 'biuf'.includes(value.dtype.code) ? value.value : value
  if (typeof plain === 'bigint') return exact(plain, where)
  if (typeof plain === 'boolean') return plain ? 1 : 0
  return typeof plain === 'number' ? plain : undefined
}

function exact(value: bigint, where: string): number {
  const number = Number(value)
  if (BigInt(number) === value) return number
  throw new ServingError(
    'refused',
    `${where} has the whole number ${String(value).slice(0, 24)}, which float64 cannot hold`,
    {
      details: { path: where },
    },
  )
}

function wide({ data, dtype, shape }: NumericNdArray, where: string): Numbers {
  if (data instanceof Float64Array) return { data, shape }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return { data: wideInts(data, where), shape }
  const isHalfFloat = dtype.code === 'f' && data instanceof Uint16Array
  return { data: Float64Array.from(isHalfFloat ? widenHalves('FP16', data) : data), shape }
}

function wideInts(ints: BigInt64Array | BigUint64Array, where: string): Float64Array {
  const data = new Float64Array(ints.length)
  // read as two halves: a bigint for each of a million numbers takes long
  const words = new Uint32Array(ints.buffer, ints.byteOffset, ints.length * 2)
  const isSigned = ints instanceof BigInt64Array
  for (let i = 0; i < data.length; i++) {
    const low = words[2 * i] as number
    const high = isSigned ? (words[2 * i + 1] as number) | 0 : (words[2 * i + 1] as number)
    const number = high * 4_294_967_296 + low
    data[i] = Number.isSafeInteger(number) ? number : exact(ints[i] as bigint, where)
  }
  return data
}

/** A sparse matrix with its zeros. @throws {ServingError} `too_large` */
export function dense({ shape, starts, columns, values }: SparseMatrix, where: string): Numbers {
  const [rows, width] = shape
  if (rows * width > MAX_DENSE_ELEMENTS)
    throw new ServingError(
      'too_large',
      `${where} is a sparse matrix [${shape.join(',')}], too large to fill with its zeros`,
    )
  const data = new Float64Array(rows * width)
  for (let row = 0; row < rows; row++)
    for (let i = starts[row] as number; i < (starts[row + 1] as number); i++) {
      const value = values[i] as number | bigint
      const at = row * width + (columns[i] as number)
      data[at] = (data[at] as number) + (typeof value === 'bigint' ? exact(value, where) : value)
    }
  return { data, shape }
}

/** The elements of an array, list or tuple, flat, as Python has them (numpy scalars as what they hold). */
export function elementsOf(value: PyValue | undefined): readonly PyValue[] | undefined {
  if (isKind(value, 'ndarray')) return value.holds === 'records' ? undefined : arrayElements(value)
  return itemsOf(value)?.map(plain)
}

function arrayElements(array: Exclude<NdArray, { holds: 'records' }>): PyValue[] {
  const step = array.dtype.code === 'c' ? 2 : 1
  return Array.from({ length: array.data.length / step }, (_, i) => plain(itemAt(array, i)))
}

/** A numpy scalar as the value of Python that it holds; anything else as it is. */
export function plain(value: PyValue): PyValue {
  return isKind(value, 'scalar') ? value.value : value
}
