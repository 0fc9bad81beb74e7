import type { ServingError } from '../../core/errors.ts'
import { HTTP_STATUS } from '../../core/http-status.ts'

/** Statuses that say more than the code's: by code and `details.reason`. */
const BY_REASON: Readonly<Record<string, number>> = {
  'conflict etag': 412,
  'conflict idempotency': 422,
  'unavailable disk_full': 507,
  'unsupported method': 405,
}

/** HTTP status of a failure, as API clients know them. */
export function statusOf({ code, details }: ServingError): number {
  const { reason } = details
  return (typeof reason === 'string' ? BY_REASON[`${code} ${reason}`] : undefined) ?? HTTP_STATUS[code]
}

/** Headers that a failure's status asks for. */
export function failureHeaders({ code, details }: ServingError): Record<string, string> {
  const { retryAfterMs, allow } = details
  const headers: Record<string, string> = {}
  if (code === 'unauthenticated') headers['www-authenticate'] = 'Bearer realm="slipway"'
  if (typeof retryAfterMs === 'number') headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
  else if (code === 'unavailable') headers['retry-after'] = '1'
  if (typeof allow === 'string') headers['allow'] = allow
  return headers
}
