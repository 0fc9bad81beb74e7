import type { ServingError } from '../../../core/errors.ts'
import type { EndpointLogMessage } from './log-messages.ts'

export interface FailedRequest {
  readonly endpoint: string
  readonly variant: string | undefined
  readonly error: ServingError
  /** Name of the caller's key. */
  readonly key: string | undefined
  readonly ms: number | undefined
  /** Whether the endpoint has values that are not to be kept: messages may hold what the caller sent. */
  readonly isDiscreet: boolean
}

export interface FailedRequestsOptions {
  readonly project: string
  /** Of the runner. */
  readonly source: string
  /** ms, never going back. */
  readonly now: () => number
  readonly write: (message: EndpointLogMessage) => void
}

/** Lines that an endpoint may have in a second; the rest are counted in one. */
const LINES_PER_SECOND = 10
/** Endpoints that are looked after at once: those of others are not counted apart. */
const MOST_ENDPOINTS = 1000
const SECOND_MS = 1000

/** Of the faults of callers, whose texts say what they had sent, and of models, whose own texts may. */
const TELLING: ReadonlySet<string> = new Set(['invalid_argument', 'refused', 'unsupported', 'too_large', 'internal'])
/** Failures by the model or by us. */
const OURS: ReadonlySet<string> = new Set(['internal', 'unavailable', 'deadline_exceeded'])

/** Writes requests that failed to the logs of their endpoints: a few of each second, and how many more there were. */
export function createFailedRequests({ project, source, now, write }: FailedRequestsOptions) {
  const seconds = new Map<string, { beganMs: number; lines: number; more: Map<string, number> }>()
  const timer = setInterval(sweep, SECOND_MS).unref()

  function note(failed: FailedRequest): void {
    const { endpoint, variant, error, key, ms, isDiscreet } = failed
    if (error.code === 'cancelled') return // the caller has gone: nobody's fault
    let second = seconds.get(endpoint)
    if (second !== undefined && now() - second.beganMs >= SECOND_MS) {
      tellRest(endpoint, second.more)
      seconds.delete(endpoint)
      second = undefined
    }
    if (second === undefined) {
      if (seconds.size >= MOST_ENDPOINTS) return
      seconds.set(endpoint, (second = { beganMs: now(), lines: 0, more: new Map() }))
    }
    if (second.lines >= LINES_PER_SECOND) {
      second.more.set(error.code, (second.more.get(error.code) ?? 0) + 1)
      return
    }
    second.lines++
    const message =
      isDiscreet && TELLING.has(error.code) ? 'not shown: it may hold values that are redacted' : error.message
    const fields = {
      code: error.code,
      ...(typeof error.details['reason'] === 'string' && { reason: error.details['reason'] }),
      ...(typeof error.details['input'] === 'string' && { input: error.details['input'] }),
      ...(key !== undefined && { key }),
      ...(ms !== undefined && { ms: Math.round(ms * 1000) / 1000 }),
    }
    const level = OURS.has(error.code) ? 'error' : 'warn'
    write({ type: 'log', project, endpoint, variant, source, level, message: `request failed: ${message}`, fields })
  }

  function tellRest(endpoint: string, more: ReadonlyMap<string, number>): void {
    if (more.size === 0) return
    const count = [...more.values()].reduce((sum, each) => sum + each, 0)
    const message = `${count} more ${count === 1 ? 'request' : 'requests'} failed within a second`
    const fields = { codes: Object.fromEntries(more) }
    write({ type: 'log', project, endpoint, source, level: 'warn', message, fields })
  }

  function sweep(): void {
    const time = now()
    for (const [endpoint, { beganMs, more }] of seconds)
      if (time - beganMs >= SECOND_MS) {
        seconds.delete(endpoint)
        tellRest(endpoint, more)
      }
  }

  return {
    note,
    close() {
      clearInterval(timer)
      for (const [endpoint, { more }] of seconds) tellRest(endpoint, more)
      seconds.clear()
    },
  }
}
