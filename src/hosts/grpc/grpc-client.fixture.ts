import { once } from 'node:events'
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { GrpcHost } from './grpc-host.ts'

/** What came back of a call. */
export interface CallResult {
  readonly status: number
  readonly message: string
  readonly httpStatus: number
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
  /** Each message without its prefix. */
  readonly messages: readonly Buffer[]
  /** Of the end of the stream. @see RFC 9113, "Error Codes" */
  readonly resetCode: number
}

/** A call on which tests say exactly what goes over the wire. */
export interface OpenClientCall {
  readonly stream: ClientHttp2Stream
  readonly messages: readonly Buffer[]
  /** Once so many messages have come. */
  readonly until: (count: number) => Promise<readonly Buffer[]>
  readonly ended: Promise<CallResult>
}

/** A message in its frame. */
export function frame(message: Uint8Array | string, flag = 0): Buffer {
  const body = Buffer.from(message)
  const prefix = Buffer.alloc(5)
  prefix[0] = flag
  prefix.writeUInt32BE(body.length, 1)
  return Buffer.concat([prefix, body])
}

export function portOf({ server }: GrpcHost): number {
  return (server.address() as AddressInfo).port
}

export async function openSession(host: GrpcHost): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${portOf(host)}`)
  session.on('error', () => {})
  await once(session, 'remoteSettings')
  return session
}

/** Begins a call; its messages are the caller's to write. */
export function openCall(
  session: ClientHttp2Session,
  path: string,
  metadata: Readonly<Record<string, string | string[]>> = {},
): OpenClientCall {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...metadata,
  })
  stream.on('error', () => {})
  const messages: Buffer[] = []
  let rest = Buffer.alloc(0)
  let headers: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders = {}
  stream.on('response', (given) => (headers = given))
  stream.on('trailers', (given) => (trailers = given))
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1)
      messages.push(rest.subarray(5, end))
      rest = rest.subarray(end)
    }
  })
  const closed = new Promise((resolve) => stream.on('close', resolve)) // an error does not keep it from closing
  const ended = closed.then((): CallResult => {
    const last = { ...headers, ...trailers }
    return {
      status: Number(last['grpc-status'] ?? -1),
      message: decodeURIComponent(String(last['grpc-message'] ?? '')),
      httpStatus: Number(headers[':status'] ?? 0),
      headers,
      trailers,
      messages,
      resetCode: stream.rstCode ?? 0,
    }
  })
  async function until(count: number): Promise<readonly Buffer[]> {
    while (messages.length < count) {
      if (stream.closed) throw new Error(`closed after ${messages.length} messages`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return messages
  }
  return { stream, messages, until, ended }
}

/** A whole call: these bytes, and no more. */
export function callWith(
  session: ClientHttp2Session,
  path: string,
  bytes: Uint8Array,
  metadata: Readonly<Record<string, string | string[]>> = {},
): Promise<CallResult> {
  const { stream, ended } = openCall(session, path, metadata)
  stream.end(bytes)
  return ended
}

/** Cuts every connection and frees the port. */
export async function stopGrpcHost(host: GrpcHost): Promise<void> {
  host.destroy()
  if (host.server.listening) await new Promise((resolve) => host.server.close(resolve))
}
