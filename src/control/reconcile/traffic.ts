import { LATENCY_BOUNDS_MS, type RunnerStatus, type VariantTraffic } from '../../api/runner-status.ts'
import type { SideFigures } from '../policies/rollout.ts'
import { sumTraffic } from '../policies/rollout.ts'
import { isPlausible } from './fleet-view.ts'
import { createHistory } from './history.ts'
import { identityOf } from './plan-endpoint.ts'

/** What was heard of a variant since somebody looked last. */
export interface Load {
  /** Mean of requests under way or held, over all runners; undefined where a runner told nonsense. */
  readonly inFlight: number | undefined
  readonly requests: number | undefined
}

/** Sums of what the runners report, for those who look at them now and then. Kept in memory: losing it is silence. */
export interface Traffic {
  take(status: RunnerStatus): void
  /** Runners of a project that have spoken since the last `looked`. */
  heard(project: string): ReadonlySet<string>
  load(project: string, endpoint: string, variant: string, digest: string): Load
  /** The autoscaler has looked at a project: its sums begin anew. */
  looked(project: string): void
  /** What variants (by their identities) did in the last minute or two, second by second, oldest first. */
  history(project: string, endpoint: string, variants: ReadonlySet<string>): SideFigures[]
  /** Sums for a rollout, by identities of variants, from now on. Watching again what is watched goes on. */
  watch(rollout: string, project: string, endpoint: string, old: ReadonlySet<string>, made: ReadonlySet<string>): void
  /** The sums since the last call; sides that nobody spoke of are undefined. */
  figures(rollout: string): { readonly old: SideFigures | undefined; readonly new: SideFigures | undefined }
  /** Ends the watch of all rollouts but these. */
  keepOnly(rollouts: ReadonlySet<string>): void
}

interface Window {
  /** Statuses by runner. */
  readonly statuses: Map<string, number>
  readonly variants: Map<string, { inFlight: Map<string, number>; requests: number; isDamaged: boolean }>
}

interface Watch {
  readonly project: string
  readonly endpoint: string
  readonly sides: readonly [ReadonlySet<string>, ReadonlySet<string>]
  readonly seen: [VariantTraffic[], VariantTraffic[]]
  readonly isDamaged: [boolean, boolean]
  isHeard: boolean
}

/** @param now ms, never going back */
export function createTraffic(now: () => number): Traffic {
  const history = createHistory(now)
  const windows = new Map<string, Window>()
  const watches = new Map<string, Watch>()

  function windowOf(project: string): Window {
    let window = windows.get(project)
    if (window === undefined) windows.set(project, (window = { statuses: new Map(), variants: new Map() }))
    return window
  }

  return {
    take({ project, runner, traffic }) {
      const window = windowOf(project)
      window.statuses.set(runner, (window.statuses.get(runner) ?? 0) + 1)
      for (const watch of watches.values()) if (watch.project === project) watch.isHeard = true
      for (const each of traffic) {
        const isSound = isSoundTraffic(each)
        const key = keyOf(each.endpoint, each.variant, each.digest)
        let sums = window.variants.get(key)
        if (sums === undefined)
          window.variants.set(key, (sums = { inFlight: new Map(), requests: 0, isDamaged: false }))
        if (isSound) {
          sums.inFlight.set(runner, (sums.inFlight.get(runner) ?? 0) + each.inFlight)
          sums.requests += each.requests
          history.add(`${project} ${key}`, each)
        } else sums.isDamaged = true
        for (const watch of watches.values()) {
          if (watch.project !== project || watch.endpoint !== each.endpoint) continue
          const identity = identityOf({ name: each.variant, digest: each.digest })
          for (const side of [0, 1] as const) {
            if (!watch.sides[side].has(identity)) continue
            if (isSound) watch.seen[side].push(each)
            else watch.isDamaged[side] = true
          }
        }
      }
    },
    heard: (project) => new Set(windows.get(project)?.statuses.keys()),
    load(project, endpoint, variant, digest) {
      const window = windows.get(project)
      const sums = window?.variants.get(keyOf(endpoint, variant, digest))
      if (window === undefined || sums === undefined) return { inFlight: 0, requests: 0 }
      if (sums.isDamaged) return { inFlight: undefined, requests: undefined }
      let inFlight = 0
      for (const [runner, sum] of sums.inFlight) inFlight += sum / (window.statuses.get(runner) ?? 1)
      return { inFlight, requests: sums.requests }
    },
    history: (project, endpoint, variants) =>
      history.figures([...variants].map((identity) => `${project} ${endpoint} ${identity}`)),
    looked: (project) => void windows.delete(project),
    watch(rollout, project, endpoint, old, made) {
      if (!watches.has(rollout))
        watches.set(rollout, {
          project,
          endpoint,
          sides: [old, made],
          seen: [[], []],
          isDamaged: [false, false],
          isHeard: false,
        })
    },
    figures(rollout) {
      const watch = watches.get(rollout)
      if (watch === undefined || !watch.isHeard) return { old: undefined, new: undefined }
      const [old, made] = ([0, 1] as const).map((side) =>
        watch.isDamaged[side] && watch.seen[side].length === 0 ? undefined : sumTraffic(watch.seen[side].splice(0)),
      )
      watch.isDamaged.fill(false)
      watch.isHeard = false
      return { old, new: made }
    },
    keepOnly(rollouts) {
      for (const rollout of watches.keys()) if (!rollouts.has(rollout)) watches.delete(rollout)
    },
  }
}

function keyOf(endpoint: string, variant: string, digest: string): string {
  return `${endpoint} ${variant} ${digest}`
}

/** What a damaged or lying runner says must not be counted: NaN would make every later sum one. */
function isSoundTraffic({ inFlight, requests, errors, rejected = 0, rows, latency }: VariantTraffic): boolean {
  return (
    [inFlight, requests, errors, rejected, rows].every(isPlausible) &&
    errors + rejected <= requests &&
    latency.length === LATENCY_BOUNDS_MS.length + 1 &&
    latency.every(isPlausible)
  )
}
