import { GRPC_OK, GRPC_UNKNOWN } from '../../protocols/oip-grpc/status.ts'
import type { WireResponse } from '../../protocols/protocol.ts'
import { HeaderBlock, NO_TRAILERS } from '../http2/header-block.ts'
import type { Http2Stream } from '../http2/session.ts'
import type { HttpRefusal } from './call-head.ts'
import { ACCEPTED_ENCODINGS } from './compression.ts'
import { PREFIX_BYTES } from './message-reader.ts'

/** Trailers of a call: `grpc-status`, and what belongs to it. */
export type Trailers = Readonly<Record<string, string>>

const OK: Trailers = { 'grpc-status': String(GRPC_OK) }
const OK_BLOCK = new HeaderBlock(OK)

const HEAD: Trailers = {
  ':status': '200',
  'content-type': 'application/grpc',
  'grpc-accept-encoding': ACCEPTED_ENCODINGS,
}
const HEAD_BLOCK = new HeaderBlock(HEAD)

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
export function begin(stream: Http2Stream, requestId: string | undefined): void {
  stream.begin(headOf(requestId))
}

/** Sends one message. @returns whether the client takes more */
export function sendMessage(stream: Http2Stream, body: WireResponse['body']): boolean {
  const message = bytesOf(body)
  return stream.write(prefixOf(message.length), message)
}

/** Ends an answer that was begun. */
export function endWith(stream: Http2Stream, trailers: Trailers): void {
  stream.finish(trailers === OK ? OK_BLOCK : new HeaderBlock(trailers))
}

/** The usual answer: head, one message and trailers. */
export function sendUnary(stream: Http2Stream, body: WireResponse['body'], requestId: string | undefined): void {
  const message = bytesOf(body)
  stream.answer(headOf(requestId), prefixOf(message.length), message, OK_BLOCK)
}

/** An answer without a message: its trailers alone. */
export function sendTrailersOnly(stream: Http2Stream, trailers: Trailers, requestId: string | undefined): void {
  const id = requestId === undefined ? {} : { 'x-request-id': requestId }
  stream.answerHead(new HeaderBlock({ ...HEAD, ...trailers, ...id }))
}

/** An answer to what is no call of gRPC. */
export function sendHttpRefusal(stream: Http2Stream, [status, message]: HttpRefusal): void {
  stream.begin(new HeaderBlock({ ':status': String(status), 'content-type': 'text/plain; charset=utf-8' }))
  stream.write(Buffer.alloc(0), Buffer.from(`${message}\n`))
  stream.finish(NO_TRAILERS)
}

function headOf(requestId: string | undefined): HeaderBlock {
  return requestId === undefined ? HEAD_BLOCK : new HeaderBlock({ ...HEAD, 'x-request-id': requestId })
}

function bytesOf(body: WireResponse['body']): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body
}

/** Used again for each message: streams copy it. */
const PREFIX = Buffer.alloc(PREFIX_BYTES)

function prefixOf(length: number): Buffer {
  PREFIX.writeUInt32BE(length, 1)
  return PREFIX
}
