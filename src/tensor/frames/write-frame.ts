import type { Socket } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { DATATYPES, type Datatype } from '../datatype.ts'
import { elementCount } from '../shape.ts'
import { bytesOf, type Tensor, type Tensors } from '../tensor.ts'
import { HEADER_BYTES, KIND, MAGIC, MAX_BYTES_ELEMENTS, MAX_HEAD_BYTES, padded, type FrameRequest } from './frame.ts'

/** A frame's bytes, in pieces: views of the tensors' own memory where they are long. */
export type Pieces = readonly Uint8Array[]

/** Bodies up to this are copied into one piece with their head: dearer to gather than to copy (bytes). */
const COPY_UP_TO_BYTES = 16_384

/** Most text of a failure that crosses (characters), and most of its details (bytes of JSON). */
const MAX_MESSAGE = 4096
const MAX_DETAILS_BYTES = 65_536

const TYPE_CODE = new Map<Datatype, number>(DATATYPES.map((datatype, i) => [datatype, i]))
const ZEROS = new Uint8Array(8)

/** Writes a frame in one system call where the socket takes it. The pieces' memory may not change until it has left. */
export function sendPieces(socket: Socket, pieces: Pieces): void {
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined) {
    socket.write(only)
    return
  }
  socket.cork()
  for (const piece of pieces) socket.write(piece)
  socket.uncork()
}

/**
 * @param maxFrameBytes what the other side takes
 * @throws {ServingError} `too_large`
 */
export function encodeRequest(id: number, request: FrameRequest, maxFrameBytes: number): Pieces {
  const { model = '', version = '', inputs, outputs, timeoutMs = Infinity, priority = 0, key = '' } = request
  let headBytes = 9 + textBytes(model) + textBytes(version) + 2
  for (const name of outputs) headBytes += textBytes(name)
  headBytes += tensorHeadBytes(inputs)
  if (key !== '') headBytes += textBytes(key)
  const bodyBytes = tensorBodyBytes(inputs)
  const head = beginFrame(KIND.request, id, headBytes, bodyBytes, maxFrameBytes)
  let offset = head.writeUInt8(priority, HEADER_BYTES)
  offset = head.writeDoubleLE(timeoutMs, offset)
  offset = writeText(head, model, offset)
  offset = writeText(head, version, offset)
  offset = head.writeUInt16LE(outputs.length, offset)
  for (const name of outputs) offset = writeText(head, name, offset)
  offset = writeTensorHead(head, inputs, offset)
  if (key !== '') writeText(head, key, offset)
  return withBody(head, inputs, HEADER_BYTES + padded(headBytes))
}

/**
 * @throws {ServingError} `too_large`
 * @throws {Error} when a tensor's shape and data disagree: a bug of the engine that made it
 */
export function encodeAnswer(id: number, outputs: Tensors, maxFrameBytes: number): Pieces {
  const headBytes = tensorHeadBytes(outputs)
  const head = beginFrame(KIND.answer, id, headBytes, tensorBodyBytes(outputs), maxFrameBytes)
  writeTensorHead(head, outputs, HEADER_BYTES)
  return withBody(head, outputs, HEADER_BYTES + padded(headBytes))
}

/** Code, message and details cross; the cause stays here, and so do details that are no JSON or too long. */
export function encodeFailure(id: number, error: ServingError): Pieces {
  const message = error.message.slice(0, MAX_MESSAGE)
  let text = JSON.stringify({ code: error.code, message, details: {} })
  try {
    const full = JSON.stringify({ code: error.code, message, details: error.details }, (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    if (full.length <= MAX_DETAILS_BYTES) text = full
  } catch {
    // details that refer to themselves: the message says what there is to say
  }
  const headBytes = Buffer.byteLength(text)
  const head = beginFrame(KIND.failure, id, headBytes, 0, Infinity)
  head.fill(' ', HEADER_BYTES + headBytes)
  head.write(text, HEADER_BYTES)
  return [head]
}

export function encodeCancel(id: number): Pieces {
  return [beginFrame(KIND.cancel, id, 0, 0, Infinity)]
}

export function encodeGoodbye(): Pieces {
  return [beginFrame(KIND.goodbye, 0, 0, 0, Infinity)]
}

/** A buffer with the header in it, with room for the head, and for the body where that will be copied. */
function beginFrame(kind: number, id: number, headBytes: number, bodyBytes: number, maxFrameBytes: number): Buffer {
  const prefixBytes = HEADER_BYTES + padded(headBytes)
  if (headBytes > MAX_HEAD_BYTES)
    throw new ServingError('too_large', `the names and shapes take ${formatBytes(headBytes)}, the most is 1 MiB`)
  if (prefixBytes + bodyBytes > Math.min(maxFrameBytes, 2 ** 32 - 1))
    throw new ServingError(
      'too_large',
      `the tensors take ${formatBytes(bodyBytes)} between processes, the most is ${formatBytes(maxFrameBytes)}`,
      { details: { sizeBytes: bodyBytes, maxBytes: maxFrameBytes } },
    )
  const frame = Buffer.allocUnsafe(bodyBytes <= COPY_UP_TO_BYTES ? prefixBytes + bodyBytes : prefixBytes)
  frame.writeUInt32LE(MAGIC, 0)
  frame.writeUInt32LE(kind, 4)
  frame.writeUInt32LE(id, 8)
  frame.writeUInt32LE(prefixBytes - HEADER_BYTES, 12)
  frame.writeUInt32LE(bodyBytes, 16)
  frame.writeUInt32LE(0, 20)
  frame.fill(0, HEADER_BYTES + headBytes, prefixBytes)
  return frame
}

function textBytes(text: string): number {
  const length = Buffer.byteLength(text)
  if (length > 0xffff) throw new ServingError('too_large', `the name ${quote(text)} takes over 64 KiB`)
  return 2 + length
}

function writeText(head: Buffer, text: string, offset: number): number {
  const length = head.write(text, offset + 2)
  head.writeUInt16LE(length, offset)
  return offset + 2 + length
}

/** Of each tensor: name, u8 datatype, u8 rank, f64 sizes. */
function tensorHeadBytes(tensors: Tensors): number {
  let length = 2
  for (const [name, { shape }] of tensors) length += textBytes(name) + 2 + 8 * shape.length
  return length
}

function writeTensorHead(head: Buffer, tensors: Tensors, from: number): number {
  let offset = head.writeUInt16LE(tensors.size, from)
  for (const [name, { datatype, shape }] of tensors) {
    offset = writeText(head, name, offset)
    offset = head.writeUInt8(TYPE_CODE.get(datatype) ?? 0xff, offset)
    offset = head.writeUInt8(shape.length, offset)
    for (const size of shape) offset = head.writeDoubleLE(size, offset)
  }
  return offset
}

function tensorBodyBytes(tensors: Tensors): number {
  let length = 0
  let texts = 0
  for (const [name, value] of tensors) {
    if (elementCount(value.shape) !== value.data.length)
      throw new Error(`${quote(name)} has the shape [${value.shape.join(',')}], not its data; this is a bug`)
    length += padded(sizeOf(value))
    if (value.datatype === 'BYTES') texts += value.data.length
  }
  if (texts > MAX_BYTES_ELEMENTS)
    throw new ServingError('too_large', `${texts} BYTES elements, the most between processes is ${MAX_BYTES_ELEMENTS}`)
  return length
}

/** Bytes of a tensor on the wire: its memory, or for BYTES the u32 length of each element, then the elements. */
function sizeOf(value: Tensor): number {
  if (value.datatype !== 'BYTES') return value.data.byteLength
  let length = 4 * value.data.length
  for (const element of value.data) length += element.byteLength
  return length
}

function withBody(head: Buffer, tensors: Tensors, prefixBytes: number): Pieces {
  if (head.length > prefixBytes) {
    let offset = prefixBytes
    for (const value of tensors.values()) offset = writeTensor(head, value, offset)
    return [head]
  }
  const pieces: Uint8Array[] = [head]
  for (const value of tensors.values()) {
    const lengthBytes = sizeOf(value)
    if (lengthBytes === 0) continue
    if (value.datatype === 'BYTES') {
      const piece = Buffer.allocUnsafe(padded(lengthBytes))
      writeTensor(piece, value, 0)
      pieces.push(piece)
      continue
    }
    pieces.push(bytesOf(value.data))
    if (lengthBytes % 8 !== 0) pieces.push(ZEROS.subarray(lengthBytes % 8))
  }
  return pieces
}

/** Copies a tensor, and its padding, to an offset. */
function writeTensor(target: Buffer, value: Tensor, from: number): number {
  let offset = from
  if (value.datatype === 'BYTES') {
    for (const element of value.data) offset = target.writeUInt32LE(element.byteLength, offset)
    for (const element of value.data) {
      target.set(element, offset)
      offset += element.byteLength
    }
  } else {
    target.set(bytesOf(value.data), offset)
    offset += value.data.byteLength
  }
  const end = from + padded(offset - from)
  target.fill(0, offset, end)
  return end
}
