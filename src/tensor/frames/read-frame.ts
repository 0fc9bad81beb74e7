import { ERROR_CODES, ServingError, type ErrorCode } from '../../core/errors.ts'
import { DATATYPES, elementSizeBytes } from '../datatype.ts'
import { elementCount } from '../shape.ts'
import { viewAs, type Tensor, type Tensors } from '../tensor.ts'
import {
  ALIGNMENT,
  damaged,
  HEADER_BYTES,
  KIND,
  MAGIC,
  MAX_BYTES_ELEMENTS,
  MAX_HEAD_BYTES,
  padded,
  type Frame,
  type FrameRequest,
} from './frame.ts'

export interface FrameReader {
  /**
   * Takes the next bytes of the stream, cut anywhere, and calls `onFrame` for each frame that they complete.
   * @param chunk the reader's to keep: tensors may be views of it
   * @throws {ServingError} `refused` with details.reason `damaged_frame`; the stream is at its end then: whatever comes
   *   after is refused by the same error, also where it looks like a frame
   */
  push(chunk: Uint8Array): void
}

/** A frame that is on its way: its header is read, its limits are checked. */
interface Arriving {
  readonly kind: number
  readonly id: number
  readonly headBytes: number
  /** Head and body. */
  readonly bytes: Buffer
  filled: number
}

/**
 * Cuts a stream into frames. Each frame has memory of its own, made when its header is known and within the limit, and
 * its tensors are views of that memory.
 * @param maxFrameBytes refuse frames above this (bytes)
 */
export function createFrameReader(maxFrameBytes: number, onFrame: (frame: Frame) => void): FrameReader {
  const header = Buffer.alloc(HEADER_BYTES)
  let headerFilled = 0
  let arriving: Arriving | undefined
  let damage: unknown

  function push(chunk: Uint8Array): void {
    if (damage !== undefined) throw damage
    try {
      take(chunk)
    } catch (error) {
      damage = error
      throw error
    }
  }

  function take(chunk: Uint8Array): void {
    let offset = 0
    while (offset < chunk.length) {
      if (arriving === undefined) {
        if (headerFilled === 0 && offset === 0 && isOneFrame(chunk)) {
          const whole = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
          const { kind, id, headBytes } = readHeader(whole, maxFrameBytes)
          onFrame(parseFrame(kind, id, headBytes, whole.subarray(HEADER_BYTES)))
          return
        }
        const piece = chunk.subarray(offset, offset + HEADER_BYTES - headerFilled)
        header.set(piece, headerFilled)
        headerFilled += piece.length
        offset += piece.length
        if (headerFilled < HEADER_BYTES) {
          // what is shorter than a header and none of ours would be waited for in vain
          if (headerFilled >= 4) checkMagic(header)
          return
        }
        headerFilled = 0
        const { kind, id, headBytes, bodyBytes } = readHeader(header, maxFrameBytes)
        arriving = { kind, id, headBytes, bytes: Buffer.allocUnsafeSlow(headBytes + bodyBytes), filled: 0 }
      }
      const piece = chunk.subarray(offset, offset + arriving.bytes.length - arriving.filled)
      arriving.bytes.set(piece, arriving.filled)
      arriving.filled += piece.length
      offset += piece.length
      if (arriving.filled < arriving.bytes.length) return
      const { kind, id, headBytes, bytes } = arriving
      arriving = undefined
      onFrame(parseFrame(kind, id, headBytes, bytes))
    }
  }

  return { push }
}

/** Whether a chunk is one frame and nothing more, on a border: the usual case of a small one, which needs no copy. */
function isOneFrame(chunk: Uint8Array): boolean {
  if (chunk.length < HEADER_BYTES || chunk.byteOffset % ALIGNMENT !== 0) return false
  const view = new DataView(chunk.buffer, chunk.byteOffset, HEADER_BYTES)
  return HEADER_BYTES + view.getUint32(12, true) + view.getUint32(16, true) === chunk.length
}

function checkMagic(header: Buffer): void {
  if (header.readUInt32LE(0) !== MAGIC) throw damaged('it does not begin as frames do')
}

function readHeader(header: Buffer, maxFrameBytes: number) {
  checkMagic(header)
  const kind = header.readUInt32LE(4)
  const id = header.readUInt32LE(8)
  const headBytes = header.readUInt32LE(12)
  const bodyBytes = header.readUInt32LE(16)
  if (kind < KIND.request || kind > KIND.goodbye) throw damaged(`there is no kind ${kind}`)
  if (header.readUInt32LE(20) !== 0) throw damaged('its header holds more than it should')
  if (headBytes % ALIGNMENT !== 0 || bodyBytes % ALIGNMENT !== 0) throw damaged('its parts are not padded')
  if (headBytes > MAX_HEAD_BYTES) throw damaged(`a head of ${headBytes} bytes, the most is ${MAX_HEAD_BYTES}`)
  if (HEADER_BYTES + headBytes + bodyBytes > maxFrameBytes)
    throw damaged(`a frame of ${HEADER_BYTES + headBytes + bodyBytes} bytes, the most is ${maxFrameBytes}`)
  if (bodyBytes > 0 && kind !== KIND.request && kind !== KIND.answer) throw damaged(`kind ${kind} has no body`)
  return { kind, id, headBytes, bodyBytes }
}

function parseFrame(kind: number, id: number, headBytes: number, bytes: Buffer): Frame {
  if (kind === KIND.failure) return { kind: 'failure', id, error: parseFailure(bytes) }
  const cursor: Cursor = { bytes, offset: 0, end: headBytes }
  if (kind === KIND.request) return { kind: 'request', id, request: parseRequest(cursor) }
  if (kind === KIND.answer) {
    const outputs = parseTensors(cursor)
    endHead(cursor)
    return { kind: 'answer', id, outputs }
  }
  if (headBytes > 0) throw damaged(`kind ${kind} has no head`)
  return kind === KIND.cancel ? { kind: 'cancel', id } : { kind: 'goodbye' }
}

/** A place in a head, which ends at `end`; the body lies behind it. */
interface Cursor {
  readonly bytes: Buffer
  offset: number
  readonly end: number
}

/** Moves on by `count` bytes, and gives where they begin. */
function take(cursor: Cursor, count: number): number {
  const { offset } = cursor
  if (offset + count > cursor.end) throw damaged('its head ends too soon')
  cursor.offset = offset + count
  return offset
}

function takeText(cursor: Cursor): string {
  const length = cursor.bytes.readUInt16LE(take(cursor, 2))
  const from = take(cursor, length)
  return cursor.bytes.toString('utf8', from, from + length)
}

function parseRequest(cursor: Cursor): FrameRequest {
  const priority = cursor.bytes.readUInt8(take(cursor, 1))
  const timeoutMs = cursor.bytes.readDoubleLE(take(cursor, 8))
  if (priority > 3) throw damaged(`there is no priority ${priority}`)
  if (!(timeoutMs >= 0)) throw damaged(`${timeoutMs} ms are no time that is left`)
  const model = takeText(cursor)
  const version = takeText(cursor)
  const outputs: string[] = []
  for (let left = cursor.bytes.readUInt16LE(take(cursor, 2)); left > 0; left--) outputs.push(takeText(cursor))
  const inputs = parseTensors(cursor)
  // the padding is of zeros, and no text that is written there is empty
  const key = cursor.end - cursor.offset >= 2 ? takeText(cursor) : ''
  endHead(cursor)
  return {
    model: model === '' ? undefined : model,
    version: version === '' ? undefined : version,
    outputs,
    timeoutMs: timeoutMs === Infinity ? undefined : timeoutMs,
    priority: priority === 0 ? undefined : (priority as 1 | 2 | 3),
    inputs,
    ...(key !== '' && { key }),
  }
}

function endHead(cursor: Cursor): void {
  if (cursor.end - cursor.offset >= ALIGNMENT) throw damaged('its head is longer than it says')
}

/** The tensors that the head lists from here on and the body holds, neither more nor less. */
function parseTensors(cursor: Cursor): Tensors {
  const { bytes } = cursor
  const tensors = new Map<string, Tensor>()
  const body: Body = { bytes, offset: cursor.end, texts: 0 }
  for (let left = bytes.readUInt16LE(take(cursor, 2)); left > 0; left--) {
    const name = takeText(cursor)
    const code = bytes.readUInt8(take(cursor, 1))
    const datatype = DATATYPES[code]
    if (datatype === undefined) throw damaged(`there is no datatype ${code}`)
    const shape: number[] = []
    for (let rank = bytes.readUInt8(take(cursor, 1)); rank > 0; rank--) shape.push(bytes.readDoubleLE(take(cursor, 8)))
    if (tensors.has(name)) throw damaged('two tensors have one name')
    const count = countOf(shape)
    const data =
      datatype === 'BYTES'
        ? takeTexts(body, count)
        : viewAs(datatype, takeBytes(body, count * elementSizeBytes(datatype)))
    tensors.set(name, { datatype, shape, data } as Tensor)
  }
  if (body.offset !== bytes.length) throw damaged('its body is longer than its tensors')
  return tensors
}

/** A place in a body. */
interface Body {
  readonly bytes: Buffer
  offset: number
  /** BYTES elements so far. */
  texts: number
}

function countOf(shape: readonly number[]): number {
  try {
    return elementCount(shape)
  } catch (error) {
    throw damaged(ServingError.from(error).message, error)
  }
}

/** The next bytes of a body, and over their padding. */
function takeBytes(body: Body, length: number): Buffer {
  const { bytes, offset } = body
  const end = offset + padded(length)
  if (end > bytes.length) throw damaged('its body is shorter than its tensors')
  body.offset = end
  return bytes.subarray(offset, offset + length)
}

/** The elements of a BYTES tensor: their lengths, then they themselves. */
function takeTexts(body: Body, count: number): Uint8Array[] {
  const { bytes, offset } = body
  body.texts += count
  if (body.texts > MAX_BYTES_ELEMENTS) throw damaged(`over ${MAX_BYTES_ELEMENTS} BYTES elements`)
  if (offset + 4 * count > bytes.length) throw damaged('its body is shorter than its tensors')
  let total = 4 * count
  for (let i = 0; i < count; i++) total += bytes.readUInt32LE(offset + 4 * i)
  const all = takeBytes(body, total)
  const elements: Uint8Array[] = []
  let from = 4 * count
  for (let i = 0; i < count; i++) {
    const to = from + all.readUInt32LE(4 * i)
    elements.push(all.subarray(from, to))
    from = to
  }
  return elements
}

function parseFailure(head: Buffer): ServingError {
  let parsed: unknown
  try {
    parsed = JSON.parse(head.toString('utf8'))
  } catch (error) {
    throw damaged('its failure is no JSON', error)
  }
  const { code, message, details } = (parsed ?? {}) as Record<string, unknown>
  if (!ERROR_CODES.includes(code as ErrorCode) || typeof message !== 'string')
    throw damaged('its failure says not what failed')
  if (typeof details !== 'object' || details === null || Array.isArray(details))
    throw damaged("its failure's details are none")
  return new ServingError(code as ErrorCode, message, { details: details as Record<string, unknown> })
}
