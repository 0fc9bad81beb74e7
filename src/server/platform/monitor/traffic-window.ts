import type { TrafficSummary, VariantSummary } from '../../../api/api-types.ts'
import type { RouteTable } from '../../../api/route-table.ts'
import { LATENCY_BOUNDS_MS, type RunnerStatus, type VariantTraffic } from '../../../api/runner-status.ts'
import { createShadowTotals } from './shadow-totals.ts'

export interface TrafficWindowOptions {
  /** ms, never going back. */
  readonly now: () => number
  /** ms since 1970. */
  readonly wallNow: () => number
  /** Default 10,000. */
  readonly windowMs?: number | undefined
}

/** What went through the endpoints in the last seconds, as runners told it: in memory, and no longer than that. */
export interface TrafficWindow {
  take(status: RunnerStatus): void
  /**
   * @param table of the project @param runners as they were heard last
   * @param atMs ms since 1970, of now
   */
  summary(table: RouteTable, runners: readonly RunnerStatus[], atMs: number): TrafficSummary
  /** Variants that figures are held of. */
  readonly size: number
}

/** Sums of one second. */
interface Second {
  readonly number: number
  requests: number
  errors: number
  rows: number
  latency: Uint32Array | undefined
}

interface Seen {
  readonly seconds: Second[]
  /** Requests under way, by runner, as it told last. */
  readonly inFlight: Map<string, { requests: number; atMs: number }>
  heardAtMs: number
}

const WINDOW_MS = 10_000
const SECOND_MS = 1000
/** A runner tells every second: what is older says nothing of now (ms). */
const STALE_MS = 2500
/** Variants that figures are held of; those that were quiet for longest go first. */
const MOST_VARIANTS = 20_000

export function createTrafficWindow({ now, wallNow, windowMs = WINDOW_MS }: TrafficWindowOptions): TrafficWindow {
  const shadows = createShadowTotals(wallNow)
  const seen = new Map<string, Seen>()
  const beganMs = now()
  const seconds = Math.ceil(windowMs / SECOND_MS)

  function take({ project, runner, traffic }: RunnerStatus): void {
    const atMs = now()
    const number = Math.floor(atMs / SECOND_MS)
    for (const told of traffic) {
      shadows.take(project, told)
      const key = keyOf(project, told.endpoint, told.variant)
      const known: Seen = seen.get(key) ?? { seconds: [], inFlight: new Map(), heardAtMs: atMs }
      seen.delete(key)
      seen.set(key, known) // the quietest stand first
      known.heardAtMs = atMs
      known.inFlight.set(runner, { requests: told.inFlight, atMs })
      let second = known.seconds.at(-1)
      if (second?.number !== number) {
        second = { number, requests: 0, errors: 0, rows: 0, latency: undefined }
        known.seconds.push(second)
        while ((known.seconds[0]?.number ?? number) <= number - seconds) known.seconds.shift()
      }
      add(second, told)
    }
    forget(atMs)
  }

  /** Those that were quiet for the whole window, and the quietest of too many. */
  function forget(atMs: number): void {
    for (const [key, { heardAtMs }] of seen) {
      if (atMs - heardAtMs <= windowMs && seen.size <= MOST_VARIANTS) break
      seen.delete(key)
    }
  }

  return {
    take,
    summary(table, runners, atMs) {
      const time = now()
      const newest = Math.floor(time / SECOND_MS)
      // from the beginning of the oldest second that counts, or of all
      const sinceMs = Math.max((newest - seconds + 1) * SECOND_MS, beganMs)
      const spanMs = Math.max(time - sinceMs, SECOND_MS)
      forget(time)
      const ready = countReady(runners)
      const variants = table.endpoints.flatMap(({ name: endpoint, variants: specs }) => {
        const total = specs.reduce((sum, { weight }) => sum + weight, 0)
        return specs.map((spec): VariantSummary => {
          const known = seen.get(keyOf(table.project, endpoint, spec.name))
          const counted = known?.seconds.filter(({ number }) => number > newest - seconds) ?? []
          const rate = (of: 'requests' | 'errors' | 'rows') =>
            (counted.reduce((sum, second) => sum + second[of], 0) * 1000) / spanMs
          return {
            endpoint,
            variant: spec.name,
            model: spec.model,
            version: spec.number,
            share: total > 0 ? spec.weight / total : 0,
            replicas: { desired: spec.replicas, ready: ready.get(`${endpoint} ${spec.digest}`) ?? 0 },
            inFlight: inFlightOf(known, time),
            requestsPerSecond: rate('requests'),
            errorsPerSecond: rate('errors'),
            rowsPerSecond: rate('rows'),
            ...quantilesOf(counted),
            ...(spec.shadow !== undefined && {
              shadow: shadows.summary(table.project, endpoint, spec.name, spec.digest),
            }),
          }
        })
      })
      return { atMs, windowMs: Math.round(spanMs / SECOND_MS) * SECOND_MS, variants }
    },
    get size() {
      return seen.size
    },
  }
}

function keyOf(...names: readonly string[]): string {
  return names.join(' ')
}

function add(second: Second, told: VariantTraffic): void {
  second.requests += told.requests
  second.errors += told.errors
  second.rows += told.rows
  if (told.requests === 0) return
  const latency = (second.latency ??= new Uint32Array(LATENCY_BOUNDS_MS.length + 1))
  told.latency.forEach((count, i) => {
    if (i < latency.length) latency[i] = (latency[i] ?? 0) + count
  })
}

function inFlightOf(known: Seen | undefined, nowMs: number): number {
  let sum = 0
  for (const { requests, atMs } of known?.inFlight.values() ?? []) if (nowMs - atMs <= STALE_MS) sum += requests
  return sum
}

function countReady(runners: readonly RunnerStatus[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { replicas } of runners)
    for (const { endpoint, digest, state } of replicas)
      if (state === 'ready') counts.set(`${endpoint} ${digest}`, (counts.get(`${endpoint} ${digest}`) ?? 0) + 1)
  return counts
}

function quantilesOf(seconds: readonly Second[]): Pick<VariantSummary, 'p50Ms' | 'p95Ms' | 'p99Ms'> {
  const sums = new Float64Array(LATENCY_BOUNDS_MS.length + 1)
  let total = 0
  for (const { latency } of seconds)
    latency?.forEach((count, i) => {
      sums[i] = (sums[i] ?? 0) + count
      total += count
    })
  if (total === 0) return {}
  return {
    p50Ms: quantileOf(sums, total, 0.5),
    p95Ms: quantileOf(sums, total, 0.95),
    p99Ms: quantileOf(sums, total, 0.99),
  }
}

/** By straight lines between the bounds, as Prometheus does; bounds lie 9 % apart. */
export function quantileOf(counts: ArrayLike<number>, total: number, quantile: number): number {
  const rank = quantile * total
  let below = 0
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? 0
    if (count > 0 && below + count >= rank) {
      const from = LATENCY_BOUNDS_MS[i - 1] ?? 0
      const to = LATENCY_BOUNDS_MS[i]
      if (to === undefined) return from // above the last bound nobody knows how far
      return round(from + (to - from) * Math.max(0, (rank - below) / count))
    }
    below += count
  }
  return LATENCY_BOUNDS_MS.at(-1) ?? 0
}

function round(ms: number): number {
  return Number(ms.toPrecision(4))
}
