import type { ErrorCode, ServingError } from '../../core/errors.ts'
import { httpStatusOf } from '../http-status.ts'
import { json, retryHeaders, type WireResponse } from '../protocol.ts'
import { shorten } from '../shorten.ts'

/** MLflow's name for each code. @see MLflow's databricks.proto, `ErrorCode` */
const NAME: Record<ErrorCode, string> = {
  invalid_argument: 'BAD_REQUEST',
  too_large: 'REQUEST_LIMIT_EXCEEDED',
  unsupported: 'BAD_REQUEST',
  refused: 'INVALID_STATE',
  unauthenticated: 'UNAUTHENTICATED',
  permission_denied: 'PERMISSION_DENIED',
  not_found: 'RESOURCE_DOES_NOT_EXIST',
  conflict: 'RESOURCE_CONFLICT',
  overloaded: 'RESOURCE_EXHAUSTED',
  unavailable: 'TEMPORARILY_UNAVAILABLE',
  deadline_exceeded: 'DEADLINE_EXCEEDED',
  cancelled: 'CANCELLED',
  internal: 'INTERNAL_ERROR',
}

/** A failure as MLflow tells it; a table that is not as the model's signature wants it is a parameter's value. */
export function mlflowFailure(error: ServingError): WireResponse {
  const { code, details } = error
  const isValue = code === 'invalid_argument' && ('row' in details || 'missing' in details || 'unknown' in details)
  const document = {
    error_code: isValue ? 'INVALID_PARAMETER_VALUE' : NAME[code],
    message: shorten(error.message),
  }
  return json(httpStatusOf(error), document, retryHeaders(error))
}
