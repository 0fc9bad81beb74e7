/** @see RFC 9113, "Frame Format" */
export const FRAME_HEAD_BYTES = 9

/** What a client says first. @see RFC 9113, "HTTP/2 Connection Preface" */
export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

// types @see RFC 9113, "Frame Definitions"
export const DATA = 0
export const HEADERS = 1
export const PRIORITY = 2
export const RST_STREAM = 3
export const SETTINGS = 4
export const PUSH_PROMISE = 5
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9

// flags
export const ACK = 1
export const END_STREAM = 1
export const END_HEADERS = 4
export const PADDED = 8
export const HAS_PRIORITY = 32

// settings @see RFC 9113, "Defined Settings"
export const ENABLE_PUSH = 2
export const MAX_CONCURRENT_STREAMS = 3
export const INITIAL_WINDOW_SIZE = 4
export const MAX_FRAME_SIZE = 5
export const MAX_HEADER_LIST_SIZE = 6

// errors @see RFC 9113, "Error Codes"
export const NO_ERROR = 0
export const PROTOCOL_ERROR = 1
export const INTERNAL_ERROR = 2
export const FLOW_CONTROL_ERROR = 3
export const STREAM_CLOSED = 5
export const FRAME_SIZE_ERROR = 6
export const REFUSED_STREAM = 7
export const CANCEL = 8
export const COMPRESSION_ERROR = 9
export const ENHANCE_YOUR_CALM = 11

/** The largest frame that is taken, the least that a peer may demand (bytes). @see RFC 9113, SETTINGS_MAX_FRAME_SIZE */
export const FRAME_BYTES = 16_384

/** What may be sent before a word of the receiver (bytes). @see RFC 9113, "Initial Flow-Control Window Size" */
export const DEFAULT_WINDOW_BYTES = 65_535

/** No window is larger, and no stream has a greater number. */
export const MOST = 2 ** 31 - 1

/** A rule of the connection is broken: it ends with this code. */
export class Http2Error extends Error {
  /** @see RFC 9113, "Error Codes" */
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** Writes the head of a frame. @returns where its payload stands */
export function writeHead(
  target: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  id: number,
): number {
  target[at] = length >>> 16
  target[at + 1] = length >>> 8
  target[at + 2] = length
  target[at + 3] = type
  target[at + 4] = flags
  return writeUint32(target, at + 5, id)
}

/** Big-endian, as all numbers of HTTP/2. @returns where the next byte stands */
export function writeUint32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24
  target[at + 1] = value >>> 16
  target[at + 2] = value >>> 8
  target[at + 3] = value
  return at + 4
}

/** @see RFC 9113, "GOAWAY" */
export function goaway(lastId: number, code: number, message: string): Buffer {
  return frame(GOAWAY, 0, 0, Buffer.concat([uint32(lastId), uint32(code), Buffer.from(message)]))
}

/** A payload that is a number. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  writeUint32(bytes, 0, value)
  return bytes
}

/** A whole frame. */
export function frame(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length)
  bytes.set(payload, writeHead(bytes, 0, payload.length, type, flags, id))
  return bytes
}

/** A frame that should not be, or not here. */
export function broken(message: string): Http2Error {
  return new Http2Error(PROTOCOL_ERROR, message)
}

/** @see RFC 9113, "Frame Size" */
export function wrongSize(): Http2Error {
  return new Http2Error(FRAME_SIZE_ERROR, 'a frame has a size that none of its type has')
}

/** @see RFC 9113, "The Flow-Control Window" */
export function tooWide(): Http2Error {
  return new Http2Error(FLOW_CONTROL_ERROR, 'a window is opened beyond 2 GiB')
}
