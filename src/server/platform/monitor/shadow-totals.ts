import type { ShadowSummary } from '../../../api/resources.ts'
import type { VariantTraffic } from '../../../api/runner-status.ts'

/** How shadows have compared since they became ones: in memory, so that control's restart begins anew. */
export interface ShadowTotals {
  take(project: string, told: VariantTraffic): void
  /** @param digest of the version that it has now: what another one did there counts no more */
  summary(project: string, endpoint: string, variant: string, digest: string): ShadowSummary
}

interface Sums {
  readonly sinceMs: number
  compared: number
  differed: number
  timed: number
  longerMs: number
}

/** Shadows that are remembered; those of whom nothing was heard for longest are forgotten first. */
const MOST_SHADOWS = 10_000

/** @param wallNow ms since 1970 */
export function createShadowTotals(wallNow: () => number): ShadowTotals {
  const shadows = new Map<string, Sums>()

  function sumsOf(key: string): Sums {
    const sums = shadows.get(key) ?? { sinceMs: wallNow(), compared: 0, differed: 0, timed: 0, longerMs: 0 }
    shadows.delete(key)
    shadows.set(key, sums)
    const [quietest] = shadows.keys()
    if (shadows.size > MOST_SHADOWS && quietest !== undefined) shadows.delete(quietest)
    return sums
  }

  return {
    take(project, { endpoint, variant, digest, compared, differed = 0, timed = 0, longerMs = 0 }) {
      const key = `${project} ${endpoint} ${variant} ${digest}`
      if (compared === undefined) return void shadows.delete(key) // it answers callers now
      const sums = sumsOf(key)
      sums.compared += compared
      sums.differed += differed
      sums.timed += timed
      sums.longerMs += longerMs
    },
    summary(project, endpoint, variant, digest) {
      const key = `${project} ${endpoint} ${variant} ${digest}`
      const { sinceMs, compared, differed, timed, longerMs } = sumsOf(key)
      const mean = timed > 0 ? Number((longerMs / timed).toPrecision(4)) : undefined
      return { sinceMs, compared, differed, ...(mean !== undefined && { latencyDifferenceMs: mean }) }
    },
  }
}
