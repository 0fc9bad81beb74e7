import type { ScalingSpec } from '../../api/resources.ts'
import { count, duration, short } from './words.ts'

/** Settings of a variant's scaling with what the spec leaves open filled in. */
export interface ScalerSpec extends ScalingSpec {
  readonly maxReplicas: number
  readonly targetInFlight: number
}

/** What is known of a variant at a moment. */
export interface ScalingObservation {
  /** On the clock that never goes back (ms). */
  readonly nowMs: number
  /** Mean of requests under way or held since the observation before, over all runners; absent, NaN: not known. */
  readonly inFlight: number | undefined
  /** Requests that ended since the observation before, over all runners; absent, NaN: not known. */
  readonly requests: number | undefined
  /** Replicas that are loaded, as the runners say it; absent: not known. A variant woken by a runner shows here. */
  readonly ready: number | undefined
}

/** Plain JSON. Losing it delays scaling down, and nothing else. */
export interface ScalerState {
  readonly desired: number
  /** When it was looked at last. */
  readonly lookedAtMs: number
  /** When there was a request last, or it was not known whether there was one. */
  readonly busyAtMs: number
  /** Of the stable window, oldest first. */
  readonly samples: readonly Sample[]
  /** When so much was under way last that it panics. */
  readonly panickedAtMs?: number | undefined
  /** Since when more are wanted than there shall be. */
  readonly moreSinceMs?: number | undefined
  /** Since when fewer are wanted, and the most that were wanted in that time. */
  readonly fewer?: { readonly sinceMs: number; readonly most: number } | undefined
  /** Since when replicas are loaded that nobody asked for. */
  readonly straySinceMs?: number | undefined
}

interface Sample {
  readonly endMs: number
  readonly lengthMs: number
  readonly inFlight: number
}

export interface ScalingStep {
  readonly desired: number
  /** In words, with the figures; says why it stays too. */
  readonly reason: string
  readonly state: ScalerState
}

/** Load is averaged over this time: one busy second is no reason. */
export const STABLE_WINDOW_MS = 60_000

/** And over this, to see a burst in time. */
export const PANIC_WINDOW_MS = 6_000

/** It panics when so many times as much is under way as the replicas answer well. */
export const PANIC_THRESHOLD = 2

/** Fewer replicas only where the window is known for so much of its time: after a restart, or silence, one waits. */
const LEAST_KNOWN_MS = STABLE_WINDOW_MS / 2

/** An observation tells of so much time at most. */
const LONGEST_SAMPLE_MS = 10_000

/** Fewer replicas only where they would be filled to this part: else a load near a border would go to and fro. */
const FILLED = 0.9

/** Replicas that are loaded and not asked for for so long were woken by a request that went by unseen. */
const STRAY_MS = 10_000

/**
 * What a spec comes to for a bundle on so many runners: a replica is a runner that holds the variant, so there are no
 * more than runners.
 * @param targetInFlight of the bundle @param runners how many there are
 */
export function scalerSpec(scaling: ScalingSpec, targetInFlight: number, runners: number): ScalerSpec {
  const most = Number.isFinite(runners) ? Math.max(1, runners) : 1
  const maxReplicas = Math.max(1, Math.min(scaling.maxReplicas ?? most, most))
  const target = scaling.targetInFlight ?? targetInFlight
  return {
    ...scaling,
    minReplicas: Math.min(scaling.minReplicas, maxReplicas),
    maxReplicas,
    targetInFlight: Number.isFinite(target) && target > 0 ? target : 1,
  }
}

/** @param desired as it is now: of the published table after a restart */
export function beginScaling(desired: number, nowMs: number): ScalerState {
  return { desired: Number.isFinite(desired) ? desired : 1, lookedAtMs: nowMs, busyAtMs: nowMs, samples: [] }
}

/**
 * One step of the autoscaler; to be called at each look, about once a second.
 *
 * Wanted are as many replicas as the mean number of requests under way in the last 60 s needs at the target. When the
 * mean of the last 6 s is twice what the replicas answer well, it panics: it follows the short window, and lets none
 * go until 60 s after the last burst. More come when they have been wanted for `upscaleDelayMs`, fewer (the most that
 * were wanted meanwhile) for `downscaleDelayMs`. The last one goes when there has been no request for
 * `idleTimeoutMs`; the first comes at once, as a runner has woken it already. What is not known changes nothing:
 * nothing is let go, and idleness is counted anew.
 * @see Knative Serving pkg/autoscaler/scaling/autoscaler.go (windows, panic), Ray Serve autoscaling_policy.py
 * (delays; zero is reached from one). Unlike Knative the panic threshold is compared with the load itself, not
 * rounded up: one replica a little over its target is no burst.
 */
export function stepScaling(state: ScalerState, seen: ScalingObservation, spec: ScalerSpec): ScalingStep {
  const { nowMs, inFlight, requests } = seen
  const isTimeSound = Number.isFinite(nowMs) && nowMs >= state.lookedAtMs
  if (!isTimeSound || !isCount(inFlight) || !isCount(requests)) {
    const desired = within(state.desired, spec)
    const now = isTimeSound ? nowMs : state.lookedAtMs
    return {
      desired,
      reason: `stays at ${desired}: it is not known how much is under way`,
      state: { ...state, desired, lookedAtMs: now, busyAtMs: now, moreSinceMs: undefined, fewer: undefined },
    }
  }
  const samples = addSample(state, nowMs, inFlight)
  const isBusy = inFlight > 0 || requests > 0
  const known: ScalerState = {
    ...state,
    samples,
    lookedAtMs: nowMs,
    busyAtMs: isBusy ? nowMs : state.busyAtMs,
    straySinceMs:
      isCount(seen.ready) && seen.ready > 0 && state.desired === 0 ? (state.straySinceMs ?? nowMs) : undefined,
  }
  if (state.desired <= 0) return fromZero(known, isBusy, spec)
  return isBusy || nowMs - known.busyAtMs < spec.idleTimeoutMs || spec.minReplicas > 0
    ? byLoad(known, seen.ready, spec)
    : settle(known, 0, spec, `no request for ${duration(nowMs - known.busyAtMs)}`)
}

function fromZero(state: ScalerState, isBusy: boolean, spec: ScalerSpec): ScalingStep {
  if (isBusy) return settle(state, 1, spec, 'a request came')
  if (state.straySinceMs !== undefined && state.lookedAtMs - state.straySinceMs >= STRAY_MS)
    return settle({ ...state, busyAtMs: state.lookedAtMs }, 1, spec, 'it is loaded: a request woke it')
  return settle(state, 0, spec, 'nothing asks for it')
}

function byLoad(before: ScalerState, ready: number | undefined, spec: ScalerSpec): ScalingStep {
  const { lookedAtMs: nowMs, desired } = before
  const target = spec.targetInFlight
  const stable = meanOf(before.samples, nowMs, STABLE_WINDOW_MS)
  const burst = meanOf(before.samples, nowMs, PANIC_WINDOW_MS)
  const answering = Math.max(1, isCount(ready) ? ready : desired)
  const isBurst = burst.inFlight / target >= PANIC_THRESHOLD * answering
  const panickedAtMs = isBurst ? nowMs : before.panickedAtMs
  const isPanic = panickedAtMs !== undefined && nowMs - panickedAtMs < STABLE_WINDOW_MS
  const state = { ...before, panickedAtMs: isPanic ? panickedAtMs : undefined }

  const load = isPanic ? Math.max(stable.inFlight, burst.inFlight) : stable.inFlight
  const wanted = within(Math.max(1, replicasFor(load, target)), spec)
  const figures = `${short(load)} under way at ${short(target)} for each`

  if (desired < spec.minReplicas) return settle(state, Math.max(wanted, spec.minReplicas), spec, 'the least was raised')
  if (wanted > desired) {
    const moreSinceMs = state.moreSinceMs ?? nowMs
    const waited = nowMs - moreSinceMs
    return waited >= spec.upscaleDelayMs
      ? settle(state, wanted, spec, isPanic ? `a burst: ${figures}` : figures)
      : stay({ ...state, moreSinceMs, fewer: undefined }, `${count(wanted)} wanted for ${duration(waited)}: ${figures}`)
  }
  if (wanted === desired) return stay(calm(state), figures)
  if (desired > spec.maxReplicas) return settle(state, spec.maxReplicas, spec, 'the most was lowered')
  if (isPanic) return stay(calm(state), `none goes until ${duration(STABLE_WINDOW_MS)} after a burst`)
  if (stable.knownMs < LEAST_KNOWN_MS)
    return stay(calm(state), `the load is known for ${duration(stable.knownMs)} only`)
  const filled = within(Math.max(1, replicasFor(load, target * FILLED)), spec)
  if (filled >= desired) return stay(calm(state), figures)
  const { fewer } = state
  const since = { sinceMs: fewer?.sinceMs ?? nowMs, most: Math.max(filled, fewer?.most ?? 0) }
  const waited = nowMs - since.sinceMs
  return waited >= spec.downscaleDelayMs
    ? settle(state, since.most, spec, figures)
    : stay(
        { ...state, moreSinceMs: undefined, fewer: since },
        `${count(filled)} wanted for ${duration(waited)}: ${figures}`,
      )
}

/** Replicas for a load. What is above by no more than the noise of adding up is not above. */
function replicasFor(load: number, target: number): number {
  return Math.ceil(load / target - 1e-9)
}

function settle(state: ScalerState, wanted: number, spec: ScalerSpec, why: string): ScalingStep {
  const desired = within(wanted, spec)
  const reason = desired === state.desired ? `stays at ${desired}: ${why}` : `${state.desired} to ${desired}: ${why}`
  return { desired, reason, state: { ...calm(state), desired } }
}

function stay(state: ScalerState, why: string): ScalingStep {
  return { desired: state.desired, reason: `stays at ${state.desired}: ${why}`, state }
}

function calm(state: ScalerState): ScalerState {
  return { ...state, moreSinceMs: undefined, fewer: undefined }
}

function within(replicas: number, { minReplicas, maxReplicas }: ScalerSpec): number {
  return Math.min(maxReplicas, Math.max(minReplicas, replicas))
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value >= 0
}

/**
 * The samples with one more; time that is not wholly known is left out. A sample like the one before makes that one
 * longer.
 */
function addSample({ samples, lookedAtMs }: ScalerState, nowMs: number, inFlight: number): readonly Sample[] {
  const lengthMs = Math.min(LONGEST_SAMPLE_MS, nowMs - lookedAtMs)
  const kept = samples.filter(({ endMs }) => endMs > nowMs - STABLE_WINDOW_MS)
  const last = kept.at(-1)
  if (lengthMs <= 0) return kept
  if (last !== undefined && last.inFlight === inFlight && last.endMs === nowMs - lengthMs)
    return [...kept.slice(0, -1), { endMs: nowMs, lengthMs: last.lengthMs + lengthMs, inFlight }]
  return [...kept, { endMs: nowMs, lengthMs, inFlight }]
}

/** Mean over time of what is known of a window. */
function meanOf(samples: readonly Sample[], nowMs: number, windowMs: number): { inFlight: number; knownMs: number } {
  const beganMs = nowMs - windowMs
  let sum = 0
  let knownMs = 0
  for (const { endMs, lengthMs, inFlight } of samples) {
    const inside = endMs - Math.max(beganMs, endMs - lengthMs)
    if (inside <= 0) continue
    sum += inside * inFlight
    knownMs += inside
  }
  return { inFlight: knownMs === 0 ? 0 : sum / knownMs, knownMs }
}
