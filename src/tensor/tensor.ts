import { ServingError } from '../core/errors.ts'
import { ARRAY_OF, type Datatype, type NumericArray, type NumericArrays, type NumericDatatype } from './datatype.ts'
import { elementCount, type Shape } from './shape.ts'

/** A tensor of numbers: row-major, unpadded, in the machine's (little-endian) order. */
export interface NumericTensor<D extends NumericDatatype = NumericDatatype> {
  readonly datatype: D
  readonly shape: Shape
  readonly data: NumericArrays[D]
}

/** A tensor of byte strings: row-major, each element its own bytes (UTF-8 where it is text), NULs and all. */
export interface BytesTensor {
  readonly datatype: 'BYTES'
  readonly shape: Shape
  readonly data: readonly Uint8Array[]
}

export type Tensor = { [D in NumericDatatype]: NumericTensor<D> }[NumericDatatype] | BytesTensor

/** Tensors by name. A Map, never an object: names come from callers, and may be `__proto__`. */
export type Tensors = ReadonlyMap<string, Tensor>

/**
 * A tensor over data that is already there.
 * @throws {ServingError} `invalid_argument` when the shape and the number of elements disagree
 */
export function tensor<D extends NumericDatatype>(datatype: D, shape: Shape, data: NumericArrays[D]): Tensor
export function tensor(datatype: 'BYTES', shape: Shape, data: readonly Uint8Array[]): Tensor
export function tensor(datatype: Datatype, shape: Shape, data: NumericArray | readonly Uint8Array[]): Tensor
export function tensor(datatype: Datatype, shape: Shape, data: NumericArray | readonly Uint8Array[]): Tensor {
  const count = elementCount(shape)
  if (count !== data.length)
    throw new ServingError(
      'invalid_argument',
      `shape [${shape.join(',')}] holds ${count} elements, the data ${data.length}`,
    )
  return { datatype, shape, data } as Tensor
}

/** A new array for `count` elements of a numeric datatype, all zero. */
export function allocate<D extends NumericDatatype>(datatype: D, count: number): NumericArrays[D] {
  return new ARRAY_OF[datatype](count)
}

/**
 * Little-endian bytes as numbers: a view where the bytes are aligned, a copy where they are not.
 * @param bytes exactly `count` elements
 */
export function viewAs<D extends NumericDatatype>(datatype: D, bytes: Uint8Array): NumericArrays[D] {
  const constructor = ARRAY_OF[datatype]
  const size = constructor.BYTES_PER_ELEMENT
  if (bytes.byteLength % size !== 0)
    throw new ServingError('invalid_argument', `${bytes.byteLength} bytes are no whole number of ${datatype} elements`)
  const aligned = bytes.byteOffset % size === 0 ? bytes : Uint8Array.from(bytes)
  return new constructor(aligned.buffer, aligned.byteOffset, aligned.byteLength / size)
}

/** The bytes under a numeric array, not copied. */
export function bytesOf(data: NumericArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** Rows of a tensor: the size of its first dimension, 1 for a scalar. */
export function rowsOf(tensor: Tensor): number {
  return tensor.shape[0] ?? 1
}

/** Rows `from` up to (not including) `to` of a tensor, over the same memory. */
export function sliceRows(source: Tensor, from: number, to: number): Tensor {
  const rows = source.shape[0]
  if (rows === undefined) throw new Error('a scalar has no rows to slice; this is a bug')
  const perRow = rows === 0 ? 0 : source.data.length / rows
  const shape = [to - from, ...source.shape.slice(1)]
  const data =
    source.datatype === 'BYTES'
      ? source.data.slice(from * perRow, to * perRow)
      : source.data.subarray(from * perRow, to * perRow)
  return { datatype: source.datatype, shape, data } as Tensor
}

/** Tensors of one datatype and one row shape, one after the other along the first dimension: one copy. */
export function concatenateRows(parts: readonly Tensor[]): Tensor {
  const first = parts[0]
  if (first === undefined) throw new Error('nothing to concatenate; this is a bug')
  if (parts.length === 1) return first
  const rows = parts.reduce((sum, part) => sum + rowsOf(part), 0)
  const shape = [rows, ...first.shape.slice(1)]
  if (first.datatype === 'BYTES')
    return { datatype: 'BYTES', shape, data: parts.flatMap((part) => part.data as readonly Uint8Array[]) }
  const count = parts.reduce((sum, part) => sum + part.data.length, 0)
  const data = allocate(first.datatype, count)
  let offset = 0
  for (const part of parts) {
    data.set(part.data as never, offset)
    offset += part.data.length
  }
  return { datatype: first.datatype, shape, data } as Tensor
}
