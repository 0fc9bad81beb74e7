import { addHistogram, type Histogram } from './histogram.ts'

/**
 * Upper bounds of the buckets for latencies of endpoints (ms). Each is a bound of the finer buckets that runners count in,
 * `LATENCY_BOUNDS_MS`: doublings of 0.05 ms, so that none is guessed.
 */
export const ENDPOINT_BOUNDS_MS = [
  0.2, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6, 819.2, 1638.4, 6553.6, 26_214.4,
]

/** The same in seconds, as they are written. */
export const ENDPOINT_BOUNDS: readonly number[] = ENDPOINT_BOUNDS_MS.map((ms) => Number((ms / 1000).toFixed(6)))

/** What a runner of the platform has counted since it started: part of its snapshot. Plain data. */
export interface EndpointCounts {
  readonly project: string
  readonly variants: readonly VariantCounts[]
  readonly keys: readonly KeyCounts[]
  /** Captured requests that were lost, by endpoint and reason. */
  readonly captureDropped: readonly { readonly endpoint: string; readonly reason: string; readonly count: number }[]
  /** Lines for the logs of endpoints that were lost. */
  readonly logLinesDropped: number
}

export interface VariantCounts {
  readonly endpoint: string
  readonly variant: string
  /** HTTP status, and how often it was, or would have been, the answer. */
  readonly codes: readonly (readonly [status: number, requests: number])[]
  /** In `ENDPOINT_BOUNDS_MS`, with the sum in ms at the end. */
  readonly duration: Histogram
  readonly rows: number
  readonly coldStarts: number
  readonly shadowCompared: number
  readonly shadowDiffered: number
  readonly shadowDropped: number
}

export interface KeyCounts {
  /** Of the key; empty for requests without a valid one. */
  readonly project: string
  readonly key: string
  readonly codes: readonly (readonly [status: number, requests: number])[]
}

/** How the endpoints of a runner are now. */
export interface EndpointState {
  readonly isControlUp: boolean
  readonly inFlight: readonly { readonly endpoint: string; readonly variant: string; readonly requests: number }[]
  /** Of this runner: replicas that are loaded, being loaded, or cannot be loaded. */
  readonly replicas: readonly {
    readonly endpoint: string
    readonly variant: string
    readonly state: 'ready' | 'loading' | 'failed'
  }[]
  /** As the route table has it: over all runners of the project. */
  readonly desired: readonly { readonly endpoint: string; readonly variant: string; readonly replicas: number }[]
  /** State of each endpoint's last rollout. */
  readonly rollouts: readonly { readonly endpoint: string; readonly state: string }[]
  /** Names of the endpoints that are there, or were not long ago: counts of others are told no more. */
  readonly told: readonly string[]
}

/** Which endpoints are told of: undefined for all, where no process says how it is. */
export function toldEndpoints(states: readonly (EndpointState | undefined)[]): ReadonlySet<string> | undefined {
  const known = states.flatMap((state) => state ?? [])
  return known.length === 0 ? undefined : new Set(known.flatMap(({ told }) => told))
}

/** The counts of several runners of one project, added up. */
export function mergeEndpointCounts(all: readonly EndpointCounts[]): EndpointCounts | undefined {
  const [first] = all
  if (first === undefined) return undefined
  const variants = new Map<string, VariantCounts>()
  const keys = new Map<string, KeyCounts>()
  const dropped = new Map<string, EndpointCounts['captureDropped'][number]>()
  let logLinesDropped = 0
  for (const counts of all) {
    for (const each of counts.variants) {
      const key = `${each.endpoint} ${each.variant}`
      variants.set(key, addVariant(variants.get(key), each))
    }
    for (const each of counts.keys) {
      const key = `${each.project} ${each.key}`
      keys.set(key, { ...each, codes: addCodes(keys.get(key)?.codes, each.codes) })
    }
    for (const each of counts.captureDropped) {
      const key = `${each.endpoint} ${each.reason}`
      dropped.set(key, { ...each, count: (dropped.get(key)?.count ?? 0) + each.count })
    }
    logLinesDropped += counts.logLinesDropped
  }
  return {
    project: first.project,
    variants: sorted(variants),
    keys: sorted(keys),
    captureDropped: sorted(dropped),
    logLinesDropped,
  }
}

/** Adds one variant's counts to another's; what is given stays as it is. */
export function addVariant(to: VariantCounts | undefined, from: VariantCounts): VariantCounts {
  const duration = from.duration.slice()
  if (to === undefined) return { ...from, duration }
  addHistogram(duration, to.duration)
  return {
    endpoint: from.endpoint,
    variant: from.variant,
    codes: addCodes(to.codes, from.codes),
    duration,
    rows: to.rows + from.rows,
    coldStarts: to.coldStarts + from.coldStarts,
    shadowCompared: to.shadowCompared + from.shadowCompared,
    shadowDiffered: to.shadowDiffered + from.shadowDiffered,
    shadowDropped: to.shadowDropped + from.shadowDropped,
  }
}

type Codes = VariantCounts['codes']

export function addCodes(to: Codes | undefined, from: Codes): Codes {
  if (to === undefined) return from
  const sum = new Map(to)
  for (const [status, requests] of from) sum.set(status, (sum.get(status) ?? 0) + requests)
  return [...sum].sort(([a], [b]) => a - b)
}

function sorted<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}
