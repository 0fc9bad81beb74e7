import type { ErrorCode, ServingError } from '../../core/errors.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'
import type { WireResponse } from '../protocol.ts'

/** Status codes of gRPC that are not made from an error's code. @see gRPC, "Status codes and their use in gRPC" */
export const GRPC_OK = 0
export const GRPC_UNKNOWN = 2

/**
 * The status of each error. A full queue is UNAVAILABLE, as clients that try again by themselves expect;
 * RESOURCE_EXHAUSTED is for what will be too large the next time as well.
 * @see gRPC, "Status codes and their use in gRPC"
 */
export const GRPC_STATUS: Record<ErrorCode, number> = {
  invalid_argument: 3,
  too_large: 8,
  unsupported: 12,
  refused: 9,
  unauthenticated: 16,
  permission_denied: 7,
  not_found: 5,
  conflict: 10,
  overloaded: 14,
  unavailable: 14,
  deadline_exceeded: 4,
  cancelled: 1,
  internal: 13,
}

/** Longest message of a failure (characters): metadata is small. */
const MAX_MESSAGE_CHARACTERS = 1024

/** An answer in protobuf, without its frame. */
export function grpcAnswer(body: Uint8Array): WireResponse {
  return { status: 200, headers: OK_HEADERS, body }
}

const OK_HEADERS = { 'content-type': 'application/grpc', 'grpc-status': String(GRPC_OK) }

/**
 * An answer to a failure: status and message as plain text, which hosts encode as trailers; and how long to wait, where
 * it passes by itself.
 * @see gRPC, "gRPC Retry Design", pushback
 */
export function grpcFailure(error: ServingError): WireResponse {
  const { code, message, details } = error
  const headers: Record<string, string> = {
    'content-type': 'application/grpc',
    'grpc-status': String(GRPC_STATUS[code]),
    'grpc-message': message.slice(0, MAX_MESSAGE_CHARACTERS),
  }
  const { retryAfterMs } = details
  const mayPass = code === 'overloaded' || code === 'unavailable'
  if (mayPass && typeof retryAfterMs === 'number' && retryAfterMs >= 0 && retryAfterMs < 2 ** 31)
    headers['grpc-retry-pushback-ms'] = String(Math.ceil(retryAfterMs))
  return { status: HTTP_STATUS[code], headers, body: '' }
}
