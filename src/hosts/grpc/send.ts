import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { GRPC_OK, GRPC_UNKNOWN } from '../../protocols/oip-grpc/status.ts'
import type { WireResponse } from '../../protocols/protocol.ts'
import type { HttpRefusal } from './call-head.ts'
import { ACCEPTED_ENCODINGS } from './compression.ts'
import { PREFIX_BYTES } from './message-reader.ts'

/** Trailers of a call: `grpc-status`, and what belongs to it. */
export type Trailers = Readonly<Record<string, string>>

const OK: Trailers = { 'grpc-status': String(GRPC_OK) }

const HEAD: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': ACCEPTED_ENCODINGS,
}

// no `date`, which calls of gRPC do without
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false }
const WITHOUT_BODY = { endStream: true, sendDate: false }

/** Answers up to this size are sent as one piece; longer ones are not copied (bytes). */
const ONE_PIECE_BYTES = 16 * 1024

/** The trailers of an answer: its headers that begin with `grpc-`. An answer without a status has an unknown one. */
export function trailersOf({ headers }: WireResponse): Trailers {
  if (headers['grpc-status'] === '0') return OK
  const trailers: Record<string, string> = { 'grpc-status': String(GRPC_UNKNOWN) }
  for (const name of Object.keys(headers))
    if (name.startsWith('grpc-')) trailers[name] = encodeMessage(headers[name] ?? '')
  return trailers
}

export function isOk(trailers: Trailers): boolean {
  return trailers === OK
}

/** Percent-encoded: visible ASCII and spaces stay, but for `%`. @see gRPC over HTTP2, "Status-Message" */
export function encodeMessage(text: string): string {
  if (/^[\x20-\x24\x26-\x7e]*$/.test(text)) return text
  let encoded = ''
  for (const byte of Buffer.from(text))
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return encoded
}

/** Begins an answer whose trailers come later, by `endWith`. */
export function begin(stream: ServerHttp2Stream, requestId: string | undefined): void {
  stream.respond(requestId === undefined ? HEAD : { ...HEAD, 'x-request-id': requestId }, WITH_TRAILERS)
}

/** Sends one message. @returns whether the client takes more */
export function sendMessage(stream: ServerHttp2Stream, body: WireResponse['body']): boolean {
  const message = typeof body === 'string' ? Buffer.from(body) : body
  if (message.length <= ONE_PIECE_BYTES) return stream.write(framed(message))
  stream.cork()
  stream.write(prefixOf(message.length))
  const isTaken = stream.write(message)
  stream.uncork()
  return isTaken
}

/** Ends an answer that was begun. @param hasMore whether the client may send more, which nobody reads */
export function endWith(stream: ServerHttp2Stream, trailers: Trailers, hasMore: boolean): void {
  stream.once('wantTrailers', () => {
    stream.sendTrailers(trailers)
    if (hasMore) closeLater(stream) // after the trailers, which wait for that turn too
  })
  stream.end()
}

function sendOkTrailers(this: ServerHttp2Stream): void {
  this.sendTrailers(OK)
}

/** The usual answer: head, one message and trailers, in as few writes as can be. */
export function sendUnary(stream: ServerHttp2Stream, body: WireResponse['body'], requestId: string | undefined): void {
  begin(stream, requestId)
  stream.on('wantTrailers', sendOkTrailers)
  const message = typeof body === 'string' ? Buffer.from(body) : body
  if (message.length <= ONE_PIECE_BYTES) return void stream.end(framed(message))
  stream.cork()
  stream.write(prefixOf(message.length))
  stream.end(message)
  stream.uncork()
}

/** An answer without a message: its trailers alone. @param hasMore whether the client may send more, which nobody reads */
export function sendTrailersOnly(
  stream: ServerHttp2Stream,
  trailers: Trailers,
  requestId: string | undefined,
  hasMore: boolean,
): void {
  const head = { ...HEAD, ...trailers, ...(requestId === undefined ? {} : { 'x-request-id': requestId }) }
  stream.respond(head, WITHOUT_BODY)
  if (hasMore) closeLater(stream)
}

/** An answer to what is no call of gRPC. */
export function sendHttpRefusal(stream: ServerHttp2Stream, [status, message]: HttpRefusal, hasMore: boolean): void {
  stream.respond({ ':status': status, 'content-type': 'text/plain; charset=utf-8' })
  stream.end(`${message}\n`)
  if (hasMore) closeLater(stream)
}

/** Tells the client to send no more, once what was said before has gone out. */
function closeLater(stream: ServerHttp2Stream): void {
  stream.resume()
  setImmediate(() => stream.close())
}

function prefixOf(length: number): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(length, 1)
  return prefix
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, PREFIX_BYTES)
  return frame
}
