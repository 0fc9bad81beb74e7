import { LATENCY_BOUNDS_MS } from '../../../api/runner-status.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { HTTP_STATUS } from '../../../core/http-status.ts'
import type { EndpointCounters } from '../../../runtime/endpoints/types.ts'
import { addVariant, ENDPOINT_BOUNDS_MS, type VariantCounts } from '../../../telemetry/endpoint-counts.ts'

/**
 * What variants have answered since the process started, as metrics have it: by name, whatever version stood behind it. What
 * the plane has forgotten with a version is kept: counters never fall.
 */
export interface EndpointTotals {
  take(counters: Pick<EndpointCounters, 'variants'>): readonly VariantCounts[]
}

/** Variants that are gone and still counted; the longest gone are forgotten. */
const MOST_GONE = 1000

export function createEndpointTotals(mostGone = MOST_GONE): EndpointTotals {
  let last = new Map<string, VariantCounts>()
  const gone = new Map<string, VariantCounts>()

  return {
    take({ variants }) {
      const now = new Map<string, VariantCounts>()
      for (const each of variants) {
        const key = `${each.endpoint} ${each.variant} ${each.digest}`
        const counts = countsOf(each)
        const before = last.get(key)
        if (before !== undefined && answersOf(counts) < answersOf(before)) retire(before)
        // a version that went out of the table and came back has forgotten its wakes
        const coldStarts = Math.max(counts.coldStarts, before?.coldStarts ?? 0)
        now.set(key, { ...counts, coldStarts })
      }
      for (const [key, counts] of last) if (!now.has(key)) retire(counts)
      last = now
      const sums = new Map(gone)
      for (const counts of now.values()) sums.set(nameOf(counts), addVariant(sums.get(nameOf(counts)), counts))
      return [...sums.values()]
    },
  }

  function retire(counts: VariantCounts): void {
    const name = nameOf(counts)
    const sum = addVariant(gone.get(name), counts)
    gone.delete(name)
    gone.set(name, sum)
    const [oldest] = gone.keys()
    if (gone.size > mostGone && oldest !== undefined) gone.delete(oldest)
  }
}

function nameOf({ endpoint, variant }: VariantCounts): string {
  return `${endpoint} ${variant}`
}

function answersOf({ codes }: VariantCounts): number {
  return codes.reduce((sum, [, requests]) => sum + requests, 0)
}

/** Place of each of the runners' fine buckets among those of metrics. */
const BUCKETS = [...LATENCY_BOUNDS_MS, Infinity].map((bound) => {
  const bucket = ENDPOINT_BOUNDS_MS.findIndex((coarse) => bound <= coarse * (1 + 1e-9))
  return bucket < 0 ? ENDPOINT_BOUNDS_MS.length : bucket
})

function countsOf(each: EndpointCounters['variants'][number]): VariantCounts {
  const duration = new Float64Array(ENDPOINT_BOUNDS_MS.length + 2)
  each.latency.forEach((count, i) => {
    const bucket = BUCKETS[i] ?? ENDPOINT_BOUNDS_MS.length
    duration[bucket] = (duration[bucket] ?? 0) + count
  })
  duration[duration.length - 1] = each.latencySumMs
  return {
    endpoint: each.endpoint,
    variant: each.variant,
    codes: statusesOf(each.requests),
    duration,
    rows: each.rows,
    coldStarts: each.coldStarts,
    shadowCompared: each.shadowCompared,
    shadowDiffered: each.shadowDiffered,
    shadowDropped: each.shadowDropped,
  }
}

/** @param requests by outcome: `ok` or a stable code */
export function statusesOf(requests: Readonly<Record<string, number>>): VariantCounts['codes'] {
  const sums = new Map<number, number>()
  for (const [code, count] of Object.entries(requests)) {
    const status = code === 'ok' ? 200 : (HTTP_STATUS[code as ErrorCode] ?? 500)
    sums.set(status, (sums.get(status) ?? 0) + count)
  }
  return [...sums].sort(([a], [b]) => a - b)
}
