import type { ErrorCode } from './errors.ts'

/** HTTP status of each code, wherever a protocol or an API does not say otherwise; exhaustive, so that a new code must be answered. */
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
