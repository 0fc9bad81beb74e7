import type { ErrorCode, ServingError } from '../core/errors.ts'

/** HTTP status of each code, wherever a protocol does not say otherwise; exhaustive, so that a new code must be answered. */
export const HTTP_STATUS: Record<ErrorCode, number> = {
  invalid_argument: 400,
  too_large: 413,
  unsupported: 415,
  refused: 422,
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  conflict: 409,
  overloaded: 429,
  unavailable: 503,
  deadline_exceeded: 504,
  cancelled: 499,
  internal: 500,
}

/** HTTP status of a failure: 406 where the answer cannot be in the form that the caller takes, else that of its code. */
export function httpStatusOf({ code, details }: ServingError): number {
  return code === 'unsupported' && details['reason'] === 'accept' ? 406 : HTTP_STATUS[code]
}
