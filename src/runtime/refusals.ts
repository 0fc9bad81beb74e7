import { formatBytes } from '../core/text.ts'
import { ServingError, type ErrorCode } from '../core/errors.ts'

/**
 * Under overload most requests are refused, by the thousand each second, and nobody reads where in the source: the stack
 * would cost more than all the rest of a refusal.
 */
function refusal(code: ErrorCode, message: string, details?: Readonly<Record<string, unknown>>): ServingError {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  const error = new ServingError(code, message, details === undefined ? {} : { details })
  Error.stackTraceLimit = stackTraceLimit
  return error
}

export function deadlinePassed(): ServingError {
  return refusal('deadline_exceeded', 'the deadline passed before the answer was ready')
}

export function callerGone(): ServingError {
  return refusal('cancelled', 'the caller went away before its turn came')
}

/** @param leftMs until the request's deadline */
export function tooLate(expectedMs: number, leftMs: number, retryAfterMs: number): ServingError {
  return refusal(
    'overloaded',
    `the answer would come too late: it is expected in ${Math.ceil(expectedMs)} ms, and the request has ${Math.max(0, Math.floor(leftMs))} ms`,
    { reason: 'expected_wait', retryAfterMs: Math.ceil(retryAfterMs) },
  )
}

export function waitTooLong(waitMs: number, mostMs: number): ServingError {
  return refusal(
    'overloaded',
    `${Math.ceil(waitMs)} ms of waiting are expected, the most is ${mostMs} ms: try again later`,
    { reason: 'expected_wait', retryAfterMs: Math.ceil(waitMs) },
  )
}

export function queueFull(queuedRows: number, maxQueueRows: number, waitMs: number): ServingError {
  return refusal('overloaded', `${queuedRows} rows are waiting, the most is ${maxQueueRows}: try again later`, {
    reason: 'queue_full',
    queuedRows,
    maxQueueRows,
    retryAfterMs: Math.ceil(waitMs),
  })
}

export function memoryFull(queuedBytes: number, maxQueueBytes: number, waitMs: number): ServingError {
  return refusal(
    'overloaded',
    `inputs of ${formatBytes(queuedBytes)} are waiting, the most is ${formatBytes(maxQueueBytes)}: try again later`,
    { reason: 'queue_memory_full', queuedBytes, maxQueueBytes, retryAfterMs: Math.ceil(waitMs) },
  )
}
