import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { parseGrpcTimeout } from '../../protocols/oip-grpc/timeout.ts'
import type { WireRequest } from '../../protocols/protocol.ts'
import type { RequestHeaders } from '../http2/session.ts'

/** What is known of a call before its messages. */
export interface CallHead {
  /** Of the call: method, path and metadata, without a body. */
  readonly request: WireRequest
  /** How its messages are compressed, where they are. */
  readonly encoding: string | undefined
  /** How long its caller waits from its beginning (ms). */
  readonly timeoutMs: number | undefined
  /** The caller's own name for it, where that can be sent back. */
  readonly requestId: string | undefined
}

/** What is no call of gRPC at all: HTTP status and text. */
export type HttpRefusal = readonly [status: number, message: string]

const NO_BODY = new Uint8Array()

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/

/** Values of metadata whose names end in `-bin`; several in one are separated by commas. */
const BASE64 = /^[A-Za-z0-9+/,_ =-]*$/

/**
 * Whether a request is a call of gRPC.
 * @see gRPC over HTTP2, "Requests": the content type begins with `application/grpc`
 */
export function refuseHttp(headers: RequestHeaders): HttpRefusal | undefined {
  const method = headers[':method']
  if (method !== 'POST') return [405, `calls of gRPC are POSTs, found ${quote(String(method), 20)}`]
  const type = headers['content-type']
  if (type === 'application/grpc' || (type !== undefined && GRPC_TYPE.test(type))) return undefined
  return [415, `the content type is ${quote(type ?? '', 60)}; calls of gRPC have application/grpc`]
}

const GRPC_TYPE = /^application\/grpc(?:\+proto)?(?: *;|$)/i

/**
 * Reads the metadata of a call.
 * @throws {ServingError} `invalid_argument` for a timeout that is none, and for binary metadata that is not base64
 */
export function readCallHead(headers: RequestHeaders, peer: string | undefined): CallHead {
  for (const name in headers) if (name.endsWith('-bin')) checkBinary(name, headers[name] ?? '')
  const path = headers[':path'] ?? '/'
  const mark = path.indexOf('?')
  const id = headers['x-request-id']
  return {
    request: {
      method: 'POST',
      path: mark === -1 ? path : path.slice(0, mark),
      query: mark === -1 ? '' : path.slice(mark + 1),
      headers,
      body: NO_BODY,
      peer,
    },
    encoding: headers['grpc-encoding'],
    timeoutMs: parseGrpcTimeout(headers['grpc-timeout']),
    requestId: id !== undefined && REQUEST_ID.test(id) ? id : undefined,
  }
}

/** The call's request with one of its messages. */
export function withMessage({ request }: CallHead, body: Uint8Array): WireRequest {
  const { method, path, query, headers, peer } = request
  return { method, path, query, headers, body, peer }
}

function checkBinary(name: string, value: string): void {
  if (!BASE64.test(value))
    throw new ServingError('invalid_argument', `the metadata ${quote(name, 60)} is binary by its name, and no base64`)
}
