import { ServingError } from '../../core/errors.ts'
import { widenHalves } from '../../tensor/half.ts'
import { isKind, itemsOf } from './refs.ts'
import type { NumericNdArray, PyValue, SparseMatrix } from './values.ts'

/** Numbers in C order, each exactly the one in the file. */
export interface Numbers {
  readonly data: Float64Array
  readonly shape: readonly number[]
}

/** Most elements that a sparse matrix may unfold to. */
const MAX_DENSE_ELEMENTS = 32 * 1024 * 1024

/**
 * Numbers of an array of bools, ints or floats, of a sparse matrix, of a list (of lists, or of arrays of one shape) of
 * numbers, or one number, each exactly.
 * @param where for the message
 * @returns undefined for anything else
 * @throws {ServingError} `refused` for whole numbers beyond 2^53; `too_large` for a sparse matrix of very many zeros
 */
export function numbersIn(value: PyValue | undefined, where: string): Numbers | undefined {
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
  if (isKind(items[0], 'ndarray')) return stacked(items, where)
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

function stacked(items: readonly PyValue[], where: string): Numbers | undefined {
  const parts: Numbers[] = []
  for (const item of items) {
    const part = isKind(item, 'ndarray') && item.holds === 'numbers' ? numbersIn(item, where) : undefined
    if (part === undefined || part.shape.join() !== (parts[0] ?? part).shape.join()) return undefined
    parts.push(part)
  }
  const size = parts[0]?.data.length ?? 0
  const data = new Float64Array(size * parts.length)
  parts.forEach((part, i) => data.set(part.data, i * size))
  return { data, shape: [parts.length, ...(parts[0]?.shape ?? [])] }
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
function numberOf(value: PyValue | undefined, where: string): number | undefined {
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
function dense({ shape, starts, columns, values }: SparseMatrix, where: string): Numbers {
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
