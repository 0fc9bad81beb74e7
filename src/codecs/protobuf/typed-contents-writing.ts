import { bytesOf, type Tensor } from '../../tensor/tensor.ts'
import { copyBytes } from '../small-arrays.ts'
import { CONTENTS_FIELD } from './typed-contents.ts'
import { LENGTH, tagOf, varint64Size, varintSize, writeVarint, writeVarint64 } from '../../core/protobuf/wire.ts'

/** Bytes of a tensor's elements as InferTensorContents: 0 where it has none. Half floats have no such form. */
export function contentsSize(tensor: Tensor): number {
  if (tensor.data.length === 0) return 0
  if (tensor.datatype === 'BYTES') {
    let sizeBytes = 0
    for (const { length } of tensor.data) sizeBytes += 1 + varintSize(length) + length
    return sizeBytes
  }
  const packed = packedSize(tensor)
  return 1 + varintSize(packed) + packed
}

/** Bytes of the elements alone, one behind the other. */
function packedSize({ datatype, data }: Tensor): number {
  if (datatype === 'FP32' || datatype === 'FP64' || datatype === 'BOOL') return (data as Float64Array).byteLength
  let sizeBytes = 0
  if (datatype === 'INT64' || datatype === 'UINT64') {
    const words = wordsOf(data)
    for (let i = 0; i < words.length; i += 2) sizeBytes += varint64Size(words[i] as number, words[i + 1] as number)
  } else {
    const numbers = data as Int32Array
    for (let i = 0; i < numbers.length; i++) {
      const value = numbers[i] as number
      sizeBytes += value < 0 ? 10 : varintSize(value)
    }
  }
  return sizeBytes
}

/** 64-bit integers as pairs of words, the lower one first, over the same memory. */
function wordsOf(data: BigInt64Array | BigUint64Array): Int32Array {
  return new Int32Array(data.buffer, data.byteOffset, 2 * data.length)
}

/**
 * Writes a tensor's elements as InferTensorContents.
 * @returns the place behind them
 */
export function writeContents(target: Uint8Array, at: number, tensor: Tensor): number {
  const { datatype, data } = tensor
  if (data.length === 0) return at
  const tag = tagOf(CONTENTS_FIELD[datatype], LENGTH)
  let to = at
  if (datatype === 'BYTES') {
    for (const element of data) {
      target[to] = tag
      to = writeVarint(target, to + 1, element.length)
      copyBytes(element, target, to)
      to += element.length
    }
    return to
  }
  target[to] = tag
  to = writeVarint(target, to + 1, packedSize(tensor))
  if (datatype === 'FP32' || datatype === 'FP64' || datatype === 'BOOL') {
    copyBytes(bytesOf(data), target, to)
    return to + data.byteLength
  }
  if (datatype === 'INT64' || datatype === 'UINT64') {
    const words = wordsOf(data)
    for (let i = 0; i < words.length; i += 2) to = writeVarint64(target, to, words[i] as number, words[i + 1] as number)
    return to
  }
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number
    to = value < 0 ? writeVarint64(target, to, value, -1) : writeVarint(target, to, value)
  }
  return to
}
