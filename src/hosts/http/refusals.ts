import type { Socket } from 'node:net'
import type { ErrorCode } from '../../core/errors.ts'
import { formatBytes } from '../../core/text.ts'
import { MAX_HEAD_BYTES } from './limits.ts'

/** What is answered where no request could be read: status, reason, code, message. */
export type Refusal = readonly [status: number, reason: string, code: ErrorCode, message: string]

export const NO_HTTP: Refusal = [400, 'Bad Request', 'invalid_argument', 'the request is no valid HTTP/1.1']

export const TOO_SLOW: Refusal = [408, 'Request Timeout', 'deadline_exceeded', 'the request did not arrive in time']

/** By the code of the parser's error; the rest is `NO_HTTP`. */
export const PARSER_REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'Request Header Fields Too Large',
    'too_large',
    `path and headers are larger than ${formatBytes(MAX_HEAD_BYTES)}, the most that is taken`,
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Content Too Large', 'too_large', 'the chunk extensions are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: TOO_SLOW,
}

/**
 * What a refused client still sends is read and thrown away: a connection closed over unread bytes is reset, and a reset
 * takes the answer with it. It ends when nothing has come for so long (ms), …
 */
export const LINGER_MS = 1000

/** … after this at the latest (ms), … */
export const MAX_LINGER_MS = 3000

/** … and after so much (bytes): more than most clients send before they look for an answer. */
export const MAX_LINGER_BYTES = 64 * 2 ** 20

/** Answers a connection that has brought no request, and ends it. */
export function refuseConnection(socket: Socket, [status, reason, code, message]: Refusal): void {
  const body = JSON.stringify({ error: message, code })
  const head = `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  socket.write(head + body)
  closeLingering(socket)
}

/** Ends a connection whose last answer is written, and gives a client that still sends time to read it. */
export function closeLingering(socket: Socket): void {
  const cut = () => socket.destroy()
  const timer = setTimeout(cut, MAX_LINGER_MS).unref()
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > MAX_LINGER_BYTES) cut()
  })
  socket.once('close', () => clearTimeout(timer))
  socket.setTimeout(LINGER_MS, cut)
  socket.end()
  socket.resume()
}
