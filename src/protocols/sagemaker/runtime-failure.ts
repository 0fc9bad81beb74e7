import type { ErrorCode, ServingError } from '../../core/errors.ts'
import { json, retryHeaders, type WireResponse } from '../protocol.ts'
import { shorten } from '../shorten.ts'
import { containerStatus } from './failure.ts'

interface Kind {
  readonly type: string
  readonly status: number
}

const VALIDATION: Kind = { type: 'ValidationError', status: 400 }
const MODEL: Kind = { type: 'ModelError', status: 424 }
const UNAVAILABLE: Kind = { type: 'ServiceUnavailable', status: 503 }

/**
 * What the runtime API calls each code, by which its clients know what to try again: `ServiceUnavailable` they do,
 * `ModelError` they do not.
 * @see AWS SageMaker Runtime, "InvokeEndpoint", "Errors"
 */
const KIND: Record<ErrorCode, Kind> = {
  invalid_argument: VALIDATION,
  too_large: VALIDATION,
  unsupported: VALIDATION,
  refused: MODEL,
  unauthenticated: { type: 'UnrecognizedClientException', status: 401 },
  permission_denied: { type: 'AccessDeniedException', status: 403 },
  not_found: VALIDATION,
  conflict: VALIDATION,
  overloaded: UNAVAILABLE,
  unavailable: UNAVAILABLE,
  deadline_exceeded: MODEL,
  cancelled: MODEL,
  internal: MODEL,
}

/** A failure as the runtime API tells it: the service's own, unless its code is one that only a model's run has. */
export function runtimeFailure(error: ServingError): WireResponse {
  const kind = KIND[error.code]
  if (kind === MODEL) return modelFailure(error)
  const headers = { ...retryHeaders(error), 'x-amzn-errortype': kind.type }
  return json(kind.status, { Message: shorten(error.message) }, headers)
}

/** The failure of the container behind an endpoint; a run that took too long has the status 0. */
export function modelFailure(error: ServingError): WireResponse {
  const status = error.code === 'deadline_exceeded' ? 0 : containerStatus(error)
  const said = shorten(error.message, 350)
  const whose = status >= 400 && status < 500 ? 'client' : 'server'
  const document = {
    Message: `Received ${whose} error (${status}) from primary with message "${said}".`,
    OriginalMessage: said,
    OriginalStatusCode: status,
  }
  return json(MODEL.status, document, { 'x-amzn-errortype': MODEL.type })
}
