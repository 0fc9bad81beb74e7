import type { ErrorCode, ServingError } from '../../core/errors.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'
import { json, retryHeaders, type WireResponse } from '../protocol.ts'
import { shorten } from '../shorten.ts'

/** The answer to a failure as Google's APIs give it. @see Google's AIP-193, "Errors" */
export function vertexFailure(error: ServingError): WireResponse {
  const { code, status } = error.details['reason'] === 'accept' ? NO_SUCH_ANSWER : FAILURE[error.code]
  return json(code, { error: { code, message: shorten(error.message), status } }, retryHeaders(error))
}

interface Failure {
  readonly code: number
  readonly status: string
}

/** JSON has no word for what the model gave. */
const NO_SUCH_ANSWER: Failure = { code: 400, status: 'FAILED_PRECONDITION' }

/** @see `google.rpc.Code`, with the HTTP status that belongs to each */
const FAILURE: Record<ErrorCode, Failure> = {
  invalid_argument: { code: HTTP_STATUS.invalid_argument, status: 'INVALID_ARGUMENT' },
  too_large: { code: HTTP_STATUS.too_large, status: 'INVALID_ARGUMENT' },
  unsupported: { code: 501, status: 'UNIMPLEMENTED' },
  refused: { code: 400, status: 'FAILED_PRECONDITION' },
  unauthenticated: { code: HTTP_STATUS.unauthenticated, status: 'UNAUTHENTICATED' },
  permission_denied: { code: HTTP_STATUS.permission_denied, status: 'PERMISSION_DENIED' },
  not_found: { code: HTTP_STATUS.not_found, status: 'NOT_FOUND' },
  conflict: { code: HTTP_STATUS.conflict, status: 'ABORTED' },
  overloaded: { code: HTTP_STATUS.overloaded, status: 'RESOURCE_EXHAUSTED' },
  unavailable: { code: HTTP_STATUS.unavailable, status: 'UNAVAILABLE' },
  deadline_exceeded: { code: HTTP_STATUS.deadline_exceeded, status: 'DEADLINE_EXCEEDED' },
  cancelled: { code: HTTP_STATUS.cancelled, status: 'CANCELLED' },
  internal: { code: HTTP_STATUS.internal, status: 'INTERNAL' },
}
