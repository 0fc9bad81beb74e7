import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { elementSizeBytes, type Datatype } from '../tensor/datatype.ts'
import { elementCount, type Shape } from '../tensor/shape.ts'
import { bytesOf, type Tensor, type Tensors } from '../tensor/tensor.ts'
import { checkTexts } from '../tensor/texts.ts'
import { copyBytes, viewOrCopy } from './small-arrays.ts'

/** Bytes in front of each element of BYTES: its length, little-endian. */
const PREFIX_BYTES = 4

const NOTHING: Tensors = new Map()

/**
 * A tensor from its raw form: numbers little-endian, row-major and unpadded; BOOL a byte of 0 or 1; each element of
 * BYTES behind its length in four bytes. Views of `bytes` wherever these are aligned, and for the elements of BYTES.
 * @param name of the input, for messages
 * @param bytes all of the tensor and nothing else
 * @param beside the request's inputs that have been read already
 * @throws {ServingError} `invalid_argument` naming the input, when shape and bytes disagree or a BOOL is neither 0 nor 1;
 *   `too_large` for more elements of BYTES than a request may have
 * @see Open Inference Protocol v2, "Tensor Data"; Triton's "Binary Tensor Data Extension"
 */
export function decodeRaw(
  name: string,
  datatype: Datatype,
  shape: Shape,
  bytes: Uint8Array,
  beside: Tensors = NOTHING,
): Tensor {
  const count = elementCount(shape, () => `input ${quote(name)}`)
  if (datatype === 'BYTES') {
    checkTexts(name, count, Math.floor(bytes.length / PREFIX_BYTES), beside)
    return { datatype, shape, data: decodeElements(name, shape, count, bytes) }
  }
  const expected = count * elementSizeBytes(datatype)
  if (bytes.length !== expected)
    throw refuse(name, `shape [${shape.join(',')}] of ${datatype} takes ${expected} bytes, ${bytes.length} came`)
  if (datatype === 'BOOL') checkBits(name, bytes)
  return { datatype, shape, data: viewOrCopy(datatype, bytes) } as Tensor
}

function checkBits(name: string, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++)
    if ((bytes[i] as number) > 1)
      throw new ServingError(
        'invalid_argument',
        `input ${quote(name)}: element ${i} is the byte ${bytes[i]}; BOOL takes 0 and 1`,
        { details: { input: name, element: i } },
      )
}

function decodeElements(name: string, shape: Shape, count: number, bytes: Uint8Array): Uint8Array[] {
  const end = bytes.length
  // what a shape claims costs nothing until the bytes bear it out
  if (count * PREFIX_BYTES > end)
    throw refuse(
      name,
      `shape [${shape.join(',')}] of BYTES takes at least ${count * PREFIX_BYTES} bytes, a length of four in front of each element; ${end} came`,
    )
  const data: Uint8Array[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + PREFIX_BYTES > end)
      throw refuse(name, `the bytes end at ${end}, within the length of element ${i} of ${count}`)
    const length =
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)) >>>
      0
    at += PREFIX_BYTES
    if (length > end - at)
      throw refuse(name, `element ${i} of ${count} says that it is ${length} bytes long, ${end - at} are left`)
    data.push(bytes.subarray(at, at + length))
    at += length
  }
  if (at !== end)
    throw refuse(name, `${end - at} bytes are left over behind the ${count} elements of shape [${shape.join(',')}]`)
  return data
}

function refuse(name: string, why: string): ServingError {
  return new ServingError('invalid_argument', `input ${quote(name)}: ${why}`, { details: { input: name } })
}

/** Bytes that a tensor takes in its raw form. */
export function rawSize(tensor: Tensor): number {
  if (tensor.datatype !== 'BYTES') return tensor.data.byteLength
  let sizeBytes = PREFIX_BYTES * tensor.data.length
  for (const element of tensor.data) sizeBytes += element.length
  return sizeBytes
}

/**
 * Writes a tensor's raw form, as `decodeRaw` reads it.
 * @param at place of its first byte in `target`, where `rawSize` bytes are free
 * @returns the place behind its last byte
 */
export function writeRaw(tensor: Tensor, target: Uint8Array, at: number): number {
  if (tensor.datatype !== 'BYTES') {
    copyBytes(bytesOf(tensor.data), target, at)
    return at + tensor.data.byteLength
  }
  let to = at
  for (const element of tensor.data) {
    const { length } = element
    target[to] = length
    target[to + 1] = length >>> 8
    target[to + 2] = length >>> 16
    target[to + 3] = length >>> 24
    copyBytes(element, target, to + PREFIX_BYTES)
    to += PREFIX_BYTES + length
  }
  return to
}

/** A tensor's raw form: the very memory of its numbers, or a copy of its BYTES. */
export function encodeRaw(tensor: Tensor): Uint8Array {
  if (tensor.datatype !== 'BYTES') return bytesOf(tensor.data)
  const bytes = new Uint8Array(rawSize(tensor))
  writeRaw(tensor, bytes, 0)
  return bytes
}
