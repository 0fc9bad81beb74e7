import { LATENCY_BOUNDS_MS, type VariantTraffic } from '../../api/runner-status.ts'
import type { ErrorCode } from '../../core/errors.ts'

/** Failures by the model or by us. */
const ERRORS: ReadonlySet<string> = new Set<ErrorCode>(['internal', 'unavailable', 'deadline_exceeded'])
/** What is wrong with a request by its content: another version may take the same. */
const REJECTED: ReadonlySet<string> = new Set<ErrorCode>(['invalid_argument', 'unsupported', 'too_large'])

/** Place in `LATENCY_BOUNDS_MS` of the first bound that is not below; one behind the last for more than all. */
export function bucketOf(ms: number): number {
  const first = LATENCY_BOUNDS_MS[0] ?? 0
  if (!(ms > first)) return 0
  const bucket = Math.min(Math.ceil(Math.log2(ms / first) * 8), LATENCY_BOUNDS_MS.length)
  // rounding may put a bound itself one too high
  return ms <= (LATENCY_BOUNDS_MS[bucket - 1] ?? Infinity) && bucket > 0 ? bucket - 1 : bucket
}

/** All that one variant has answered since the start, and what of it the last report had. */
export class Traffic {
  inFlight = 0
  readonly codes = new Map<string, number>()
  readonly latency = new Float64Array(LATENCY_BOUNDS_MS.length + 1)
  latencySumMs = 0
  requests = 0
  errors = 0
  rejected = 0
  rows = 0
  coldStarts = 0
  shadowDropped = 0
  compared = 0
  differed = 0
  /** Of those compared, without those that waited for a wake. */
  timed = 0
  /** How much longer these took than the answers that were sent (ms). */
  longerMs = 0
  /** Requests under way, over time (requests times ms). */
  #area = 0
  #changedAtMs: number
  #reported = {
    atMs: 0,
    area: 0,
    requests: 0,
    errors: 0,
    rejected: 0,
    rows: 0,
    compared: 0,
    differed: 0,
    timed: 0,
    longerMs: 0,
  }
  readonly #reportedLatency = new Float64Array(LATENCY_BOUNDS_MS.length + 1)

  constructor(nowMs: number) {
    this.#changedAtMs = nowMs
    this.#reported.atMs = nowMs
  }

  enter(atMs: number): void {
    this.#area += this.inFlight * (atMs - this.#changedAtMs)
    this.#changedAtMs = atMs
    this.inFlight++
  }

  /** Answered with what was asked for. */
  answered(atMs: number, ms: number, rows: number): void {
    this.#leave(atMs)
    this.rows += rows
    this.latencySumMs += ms
    const bucket = bucketOf(ms)
    this.latency[bucket] = (this.latency[bucket] ?? 0) + 1
    this.#count('ok')
  }

  failed(atMs: number, code: ErrorCode): void {
    this.#leave(atMs)
    if (ERRORS.has(code)) this.errors++
    if (REJECTED.has(code)) this.rejected++
    this.#count(code)
  }

  #leave(atMs: number): void {
    this.#area += this.inFlight * (atMs - this.#changedAtMs)
    this.#changedAtMs = atMs
    this.inFlight--
    this.requests++
  }

  #count(code: string): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
  }

  /** Sums since the last report, which this one becomes; undefined when there was nothing. */
  report(atMs: number, isShadow: boolean): Omit<VariantTraffic, 'endpoint' | 'variant' | 'digest'> | undefined {
    const last = this.#reported
    const area = this.#area + this.inFlight * (atMs - this.#changedAtMs)
    const intervalMs = atMs - last.atMs
    const { requests, errors, rejected, rows, compared, differed, timed, longerMs } = this
    this.#reported = { atMs, area, requests, errors, rejected, rows, compared, differed, timed, longerMs }
    if (requests === last.requests && area === last.area) return undefined
    const latency = Array.from(this.latency, (count, i) => count - (this.#reportedLatency[i] ?? 0))
    this.#reportedLatency.set(this.latency)
    return {
      intervalMs,
      inFlight: intervalMs > 0 ? (area - last.area) / intervalMs : this.inFlight,
      requests: requests - last.requests,
      errors: errors - last.errors,
      rejected: rejected - last.rejected,
      rows: rows - last.rows,
      latency,
      ...(isShadow && {
        compared: compared - last.compared,
        differed: differed - last.differed,
        timed: timed - last.timed,
        longerMs: longerMs - last.longerMs,
      }),
    }
  }
}
