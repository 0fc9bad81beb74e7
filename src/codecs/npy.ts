import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { elementSizeBytes } from '../tensor/datatype.ts'
import { elementCount, type Shape } from '../tensor/shape.ts'
import { bytesOf, type BytesTensor, type Tensor, viewAs } from '../tensor/tensor.ts'
import { NPY_TYPE, parseNpyHeader, printNpyHeader, type NpyHeader, type NpyType } from './npy-header.ts'
import { decodeFixedText, encodeFixedText } from './npy-text.ts'

/**
 * Turns an `.npy` file into a tensor: little- or big-endian, in C or Fortran order. Text of either kind becomes BYTES,
 * without the NULs that pad it.
 * @param body the whole file; the tensor may be a view of it
 * @param header of the file, where it has been read already
 * @throws {ServingError} `invalid_argument` for a damaged file, and one that is longer or shorter than its shape says;
 *   `unsupported` for a type that no model takes
 * @see numpy, "NEP 1: A Simple File Format for NumPy Arrays"
 */
export function decodeNpy(body: Uint8Array, header: NpyHeader = parseNpyHeader(body)): Tensor {
  const { type, isFortranOrder, shape, dataOffset } = header
  const count = elementCount(shape, 'the array')
  const expected = count * type.sizeBytes
  const bytes = body.subarray(dataOffset)
  if (bytes.length !== expected)
    throw new ServingError(
      'invalid_argument',
      `the .npy file has ${bytes.length} bytes behind its header, and its shape [${shape.join(',')}] of ${type.sizeBytes}-byte elements takes ${expected}`,
    )
  const turned = isFortranOrder && shape.length > 1 ? inRowOrder(bytes, shape, type.sizeBytes) : bytes
  const ordered = type.isBigEndian ? swapped(turned, type) : turned
  if (type.text !== undefined)
    return { datatype: 'BYTES', shape, data: decodeFixedText(ordered, count, type.sizeBytes, type.text) }
  if (type.datatype === 'BOOL') checkBits(ordered)
  return { datatype: type.datatype, shape, data: viewAs(type.datatype as 'FP32', ordered) } as Tensor
}

/**
 * A tensor as an `.npy` file, version 1.0, in C order. BF16, which numpy has not, becomes FP32; BYTES become numpy's
 * text (`U`), or its bytes (`S`) where some are no UTF-8.
 * @throws {ServingError} `unsupported`, with `details.reason` `accept`, for BYTES that such a file cannot hold
 */
export function encodeNpy(tensor: Tensor): Uint8Array {
  if (tensor.datatype === 'BYTES') return encodeText(tensor)
  if (tensor.datatype === 'BF16') {
    const widened = Uint32Array.from(tensor.data, (half) => half << 16)
    return Buffer.concat([printNpyHeader(NPY_TYPE.FP32, tensor.shape), bytesOf(widened)])
  }
  return Buffer.concat([printNpyHeader(NPY_TYPE[tensor.datatype], tensor.shape), bytesOf(tensor.data)])
}

function encodeText({ shape, data }: BytesTensor): Uint8Array {
  const { type, bytes } = encodeFixedText(data)
  return Buffer.concat([printNpyHeader(type, shape), bytes])
}

/** Elements in row-major order, out of one where the first index runs fastest. */
function inRowOrder(bytes: Uint8Array, shape: Shape, sizeBytes: number): Uint8Array {
  const out = new Uint8Array(bytes.length)
  const rank = shape.length
  const steps: number[] = []
  let step = sizeBytes
  for (const size of shape) {
    steps.push(step)
    step *= size
  }
  const place = new Uint32Array(rank)
  let from = 0
  for (let to = 0; to < out.length; to += sizeBytes) {
    for (let i = 0; i < sizeBytes; i++) out[to + i] = bytes[from + i] as number
    // the next index in row-major order: the last that is not at its end goes up, those behind it begin again
    for (let axis = rank - 1; axis >= 0; axis--) {
      const size = shape[axis] as number
      const next = (place[axis] as number) + 1
      from += steps[axis] as number
      if (next < size) {
        place[axis] = next
        break
      }
      place[axis] = 0
      from -= size * (steps[axis] as number)
    }
  }
  return out
}

/** Elements with their bytes the other way round, in new memory. */
function swapped(bytes: Uint8Array, type: NpyType): Uint8Array {
  const size = type.text === 'U' ? 4 : type.text === 'S' ? 1 : elementSizeBytes(type.datatype)
  const copy = Buffer.from(bytes)
  if (size === 2) return copy.swap16()
  if (size === 4) return copy.swap32()
  return size === 8 ? copy.swap64() : copy
}

function checkBits(bytes: Uint8Array): void {
  const bad = bytes.findIndex((byte) => byte > 1)
  if (bad >= 0)
    throw new ServingError(
      'invalid_argument',
      `element ${bad} of the .npy file is ${quote(String(bytes[bad]))}, and a truth value is a byte of 0 or 1`,
    )
}
