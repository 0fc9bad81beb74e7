import type { VariantSpec } from '../../api/resources.ts'
import { beginScaling, scalerSpec, stepScaling, type ScalerState } from '../policies/scaling.ts'
import { isFresh, readyAnywhere, useMarkOf, type FleetView } from './fleet-view.ts'
import type { ReconcilerOptions } from './options.ts'
import type { Load, Traffic } from './traffic.ts'

/** A variant that has a size. */
export interface SizedVariant {
  readonly endpoint: string
  readonly spec: VariantSpec
  readonly digest: string
  /** Of the bundle. */
  readonly targetInFlight: number
  /** As published. */
  readonly replicas: number
  /** A rollout is under way: who has no traffic now may have all of it with the next step, or with a roll-back. */
  readonly isHeld: boolean
}

export interface SizeChange {
  readonly endpoint: string
  readonly variant: string
  readonly from: number
  readonly to: number
  readonly reason: string
}

/** Sizes that the autoscaler wants for the variants of a project. Kept in memory: what is published is where it begins anew. */
export interface Sizes {
  desired(endpoint: string, variant: string, digest: string): number | undefined
  /** A rollout wants a variant this large: from here the autoscaler goes on when it has ended. @param nowMs as `FleetView.now` */
  hold(endpoint: string, variant: string, digest: string, replicas: number, nowMs: number): void
  /** How often any size has changed. */
  changes(): number
  /** Looks at all of them when a look is due; the others are forgotten. @returns what has changed */
  look(project: string, variants: () => readonly SizedVariant[], view: FleetView): SizeChange[]
}

interface Sized {
  readonly state: ScalerState
  readonly desired: number
  readonly useMark: number | undefined
}

export function createSizes(traffic: Traffic, options: ReconcilerOptions): Sizes {
  let states = new Map<string, Sized>()
  let lastLook = -Infinity
  let changed = 0

  return {
    desired: (endpoint, variant, digest) => states.get(`${endpoint} ${variant} ${digest}`)?.desired,
    hold(endpoint, variant, digest, replicas, nowMs) {
      const key = `${endpoint} ${variant} ${digest}`
      const before = states.get(key)
      if (before !== undefined && before.desired >= replicas) return
      changed++
      states.set(key, { state: beginScaling(replicas, nowMs), desired: replicas, useMark: before?.useMark })
    },
    changes: () => changed,
    look(project, variants, view) {
      const since = view.now - lastLook
      if (since < options.lookEveryMs) return []
      const heard = traffic.heard(project)
      const connected = view.runners.filter((runner) => runner.isConnected)
      const isComplete =
        connected.length > 0 && connected.every((runner) => heard.has(runner.status.runner) && isFresh(runner, view))
      // A status that is late is waited for; one that does not come means that nothing is known.
      if (!isComplete && since < 2 * options.lookEveryMs) return []
      lastLook = view.now
      const changes: SizeChange[] = []
      const next: typeof states = new Map()
      for (const { endpoint, spec, digest, targetInFlight, replicas, isHeld } of variants()) {
        const key = `${endpoint} ${spec.name} ${digest}`
        const told = useMarkOf(view, endpoint, digest)
        const before = states.get(key) ?? { state: beginScaling(replicas, view.now), desired: replicas, useMark: told }
        const useMark = told ?? before.useMark
        const isBlind = !isComplete && options.plantedBug !== 'silence-is-idle'
        const load = isBlind
          ? { inFlight: undefined, requests: undefined }
          : seenLoad(traffic.load(project, endpoint, spec.name, digest), isLater(useMark, before.useMark))
        const ready = isComplete ? readyAnywhere(view, endpoint, digest) : undefined
        const step = stepScaling(
          before.state,
          { nowMs: view.now, ...load, ready },
          scalerSpec(spec.scaling, targetInFlight, view.size),
        )
        if (isHeld && step.desired < replicas) {
          next.set(key, { state: beginScaling(replicas, view.now), desired: replicas, useMark })
          continue
        }
        next.set(key, { state: step.state, desired: step.desired, useMark })
        if (!states.has(key) || step.desired !== before.desired) changed++
        if (step.desired !== before.desired)
          changes.push({ endpoint, variant: spec.name, from: before.desired, to: step.desired, reason: step.reason })
      }
      if (next.size < states.size) changed++
      states = next
      traffic.looked(project)
      return changes
    },
  }
}

/** A replica that goes, or comes back as it was, was not asked for. */
function isLater(mark: number | undefined, before: number | undefined): boolean {
  return mark !== undefined && before !== undefined && mark > before
}

/** Requests whose status was lost count as one: enough not to be idle. */
function seenLoad({ inFlight, requests }: Load, isUsed: boolean): Load {
  return { inFlight, requests: isUsed && requests !== undefined ? Math.max(requests, 1) : requests }
}
