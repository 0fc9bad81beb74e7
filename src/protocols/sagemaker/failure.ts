import type { ServingError } from '../../core/errors.ts'
import { httpStatusOf } from '../http-status.ts'
import { json, retryHeaders, type WireResponse } from '../protocol.ts'
import { shorten } from '../shorten.ts'

/** A failure as the container tells it. */
export function containerFailure(error: ServingError): WireResponse {
  const document = { ErrorCode: error.code, Message: shorten(error.message) }
  return json(containerStatus(error), document, retryHeaders(error))
}

/** HTTP status of a container's failure: 501 for what this server does not do at all. */
export function containerStatus(error: ServingError): number {
  return error.details['reason'] === NOT_DONE_HERE ? 501 : httpStatusOf(error)
}

/** What `details.reason` says of a route that this server does not offer. */
export const NOT_DONE_HERE = 'not_done_here'
