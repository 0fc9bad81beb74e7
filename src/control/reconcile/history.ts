import type { VariantTraffic } from '../../api/runner-status.ts'
import { sumTraffic, type SideFigures } from '../policies/rollout.ts'

/** What variants with traffic did lately, second by second: what a rollout that begins is compared with. Kept in memory. */
export interface History {
  /** @param variant names it across projects */
  add(variant: string, traffic: VariantTraffic): void
  /** Figures of all of these variants together, of each second in which any of them had traffic; oldest first. */
  figures(variants: Iterable<string>): SideFigures[]
}

/** Seconds that are kept of a variant at most, and their age (ms). */
const MOST_LOTS = 60
const OLDEST_MS = 120_000
/** Length of a lot (ms): it may hold the words of several runners. */
const LOT_MS = 1000
/** Variants that are kept, those with traffic last. A lot takes some 200 bytes: tens of thousands of them are some MB. */
const MOST_VARIANTS = 500

/** Buckets of latency are kept without those that are empty, which most are. */
interface Lot {
  readonly second: number
  requests: number
  errors: number
  rejected: number
  /** Bucket, count, bucket, count, … */
  latency: Uint32Array
}

/** @param now ms, never going back */
export function createHistory(now: () => number): History {
  /** The one with traffic last comes last. */
  const kept = new Map<string, Lot[]>()

  return {
    add(variant, traffic) {
      if (traffic.requests === 0) return
      const second = Math.floor(now() / LOT_MS)
      const lots = kept.get(variant) ?? []
      kept.delete(variant)
      kept.set(variant, lots)
      const last = lots.at(-1)
      if (last?.second === second) {
        last.latency = packed(unpacked(last.latency, traffic.latency))
        last.requests += traffic.requests
        last.errors += traffic.errors
        last.rejected += traffic.rejected ?? 0
        return
      }
      const { requests, errors, rejected = 0, latency } = traffic
      lots.push({ second, requests, errors, rejected, latency: packed(latency) })
      if (lots.length > MOST_LOTS) lots.shift()
      if (kept.size <= MOST_VARIANTS) return
      const [longestIdle] = kept.keys()
      if (longestIdle !== undefined) kept.delete(longestIdle)
    },
    figures(variants) {
      const oldest = (now() - OLDEST_MS) / LOT_MS
      const seconds = new Map<number, SideFigures>()
      for (const variant of variants)
        for (const { second, requests, errors, rejected, latency } of kept.get(variant) ?? []) {
          if (second < oldest) continue
          const sum = seconds.get(second) ?? sumTraffic([])
          seconds.set(second, {
            requests: sum.requests + requests,
            errors: sum.errors + errors,
            rejected: sum.rejected + rejected,
            latency: unpacked(latency, sum.latency),
          })
        }
      return [...seconds].toSorted(([a], [b]) => a - b).map(([, figures]) => figures)
    },
  }
}

function packed(latency: readonly number[]): Uint32Array {
  const pairs: number[] = []
  for (const [bucket, count] of latency.entries()) if (count > 0) pairs.push(bucket, count)
  return Uint32Array.from(pairs)
}

/** @returns counts by bucket, of both */
function unpacked(pairs: Uint32Array, others: readonly number[]): number[] {
  const latency = [...others]
  for (let i = 0; i < pairs.length; i += 2) {
    const bucket = pairs[i] ?? 0
    latency[bucket] = (latency[bucket] ?? 0) + (pairs[i + 1] ?? 0)
  }
  return latency
}
