import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'

/** How far a version is on its way to being ready. */
export type WakePhase = 'connecting' | 'queued' | 'opening' | 'loading'

export interface Wake {
  readonly endpoint: string
  readonly phase: WakePhase
  readonly waitedMs: number
  /** How long it is expected to take yet (ms); 0 where that is over. */
  readonly expectedMs: number
}

/** Least time after which one that was refused should come back (ms). */
const LEAST_RETRY_MS = 100

function detailsOf({ phase, waitedMs, expectedMs }: Wake, reason: string) {
  return {
    reason,
    phase,
    waitedMs: Math.ceil(waitedMs),
    expectedMs: Math.ceil(expectedMs),
    retryAfterMs: Math.max(LEAST_RETRY_MS, Math.ceil(expectedMs)),
  }
}

/** @param isCallersLimit whether it was the caller who would not wait longer */
export function wakeTooSlow(wake: Wake, isCallersLimit: boolean): ServingError {
  const { endpoint, phase, waitedMs, expectedMs } = wake
  return new ServingError(
    isCallersLimit ? 'deadline_exceeded' : 'unavailable',
    `${quote(endpoint)} is being woken (${phase}): the request has waited ${Math.ceil(waitedMs)} ms, about ${Math.ceil(expectedMs)} ms more are expected: try again`,
    { details: detailsOf(wake, 'waking') },
  )
}

export function holdFull(wake: Wake, held: { readonly requests: number; readonly bytes: number }): ServingError {
  return new ServingError(
    'overloaded',
    `${quote(wake.endpoint)} is being woken (${wake.phase}), and ${held.requests} requests with inputs of ${formatBytes(held.bytes)} wait already: try again in about ${Math.ceil(wake.expectedMs)} ms`,
    { details: detailsOf(wake, 'hold_full') },
  )
}

/** The reason of a load that failed, as those hear it who asked for the version. */
export function loadFailed(endpoint: string, cause: ServingError, retryAfterMs: number): ServingError {
  // what its code had printed is for those who deployed it
  const { logTail: _logTail, ...details } = cause.details
  return new ServingError('unavailable', `${quote(endpoint)} could not be loaded: ${cause.message}`, {
    cause,
    details: {
      ...details,
      reason: cause.details['reason'] === NO_MEMORY ? NO_MEMORY : 'load_failed',
      code: cause.code,
      retryAfterMs: Math.max(LEAST_RETRY_MS, Math.ceil(retryAfterMs)),
    },
  })
}

/** Reason of a load that would not fit into memory. */
export const NO_MEMORY = 'memory_budget'

export function noRoom(endpoint: string, neededBytes: number, budgetBytes: number): ServingError {
  return new ServingError(
    'unavailable',
    `there is no memory for ${quote(endpoint)}: it needs ${formatBytes(neededBytes)}, the budget of ${formatBytes(budgetBytes)} is taken by versions that are in use`,
    { details: { reason: NO_MEMORY, neededBytes, budgetBytes } },
  )
}

/** When it is worth asking again for a version whose bundle is on its way (ms). */
const COMING_RETRY_MS = 2000

export function bundleComing(endpoint: string, digest: string): ServingError {
  return new ServingError(
    'unavailable',
    `the bundle of version ${digest.slice(0, 12)} of ${quote(endpoint)} is being brought to this machine: try again`,
    { details: { reason: 'bundle_coming', retryAfterMs: COMING_RETRY_MS } },
  )
}

export function notHere(endpoint: string): ServingError {
  return new ServingError('unavailable', `${quote(endpoint)} is not held by this runner: ask another`, {
    details: { reason: 'not_held' },
  })
}

export function planeClosed(): ServingError {
  return new ServingError('unavailable', 'the runner is ending: try again')
}

/** Reasons that another runner gave on purpose: waking the version here would only repeat what it did. */
const FINAL = new Set(['load_failed', 'waking', 'hold_full', 'run_too_long', 'killed_worker'])

/** Whether a runner that was asked could not take the request, so that it may be run elsewhere. */
export function isNobodyThere(error: ServingError): boolean {
  return error.code === 'unavailable' && !FINAL.has(String(error.details['reason']))
}
