import type { RolloutDecision, RolloutSpec } from '../../api/resources.ts'
import { LATENCY_BOUNDS_MS, type VariantTraffic } from '../../api/runner-status.ts'
import { errorTest, rejectionTest, type ErrorTestState } from './error-test.ts'
import { stakeOnBroken } from './evidence.ts'
import { latencyTest, type LatencyTestState } from './latency-test.ts'
import type { RolloutTest, SideFigures, TestVerdict } from './rollout-test.ts'
import { count, duration, percent } from './words.ts'

export type { SideFigures } from './rollout-test.ts'

/** What happened since the look before. */
export interface Look {
  /** Step of the plan, counted from 0. */
  readonly step: number
  /** Share of the new variants in it, 0 to 1. */
  readonly share: number
  /** Since the rollout began (ms): its time limit is measured by it. */
  readonly elapsedMs: number
  /** Length of the time that the figures cover (ms), on the clock that never goes back. */
  readonly intervalMs: number
  /** Of the variants that answered before; absent where runners said nothing (where nobody asked them: sums of 0). */
  readonly old: SideFigures | undefined
  readonly new: SideFigures | undefined
}

export interface Judgement {
  readonly decision: RolloutDecision['decision']
  /** In words, with the figures. */
  readonly reason: string
  readonly figures: Readonly<Record<string, number>>
  /** For the next look. */
  readonly state: JudgeState
}

/** What is known of a rollout so far: plain JSON, some KiB. Losing it lengthens the bake and promotes nothing. */
export interface JudgeState {
  /** Whether something answered before that the new can be compared with. */
  readonly hasOld: boolean
  readonly step: number
  /** How long this step has been watched: time of which there are figures (ms). */
  readonly watchedMs: number
  /** Requests of the new side, in this step and in all. */
  readonly stepRequests: number
  readonly requests: number
  readonly errors: number
  readonly oldRequests: number
  readonly oldErrors: number
  /** Looks in which requests of the new side failed. */
  readonly failingLooks: number
  readonly errorTest: ErrorTestState
  /** Absent from rollouts that began before it was looked at. */
  readonly rejectionTest?: ErrorTestState | undefined
  readonly latencyTest: LatencyTestState
}

/** How many times the bake a step lasts at most while there is a suspicion, or more requests can be expected. */
const LONGER = 5

/**
 * Part of the chance of a false alarm that belongs to the brake for versions that fail most of the time. The tests
 * have the rest.
 */
const BROKEN_PART = 0.05

/** Steps of a linear rollout at most. */
const MOST_STEPS = 100

/** The shares of the new variants, one after the other; they grow, and the last is 1. */
export function planSteps(spec: RolloutSpec): readonly { readonly share: number }[] {
  const { strategy, step } = spec
  const isPart = step > 0 && step < 1
  if (strategy === 'canary' && isPart) return [{ share: step }, { share: 1 }]
  if (strategy === 'linear' && isPart) {
    const size = Math.max(step, 1 / MOST_STEPS)
    const steps = Math.ceil(1 / size - 1e-9)
    return Array.from({ length: steps }, (_, i) => ({ share: Math.min(1, Number(((i + 1) * size).toFixed(9))) }))
  }
  // Of blue-green the old variants stay loaded meanwhile; the traffic goes over at once
  return [{ share: 1 }]
}

/** @param hasOld whether something answers now that the new can be compared with */
export function beginJudging(_spec: RolloutSpec, hasOld: boolean): JudgeState {
  return {
    hasOld,
    step: 0,
    watchedMs: 0,
    stepRequests: 0,
    requests: 0,
    errors: 0,
    oldRequests: 0,
    oldErrors: 0,
    failingLooks: 0,
    errorTest: errorTest.begin(),
    rejectionTest: rejectionTest.begin(),
    latencyTest: latencyTest.begin(),
  }
}

/**
 * Takes in figures of the old variants from before the new ones get traffic. The more of them, the sooner a bad
 * version is known; where all of the traffic goes over at once there is nothing else to compare with. To be called
 * with figures of intervals (a second or some), such as come in the minute before and while the new variants load.
 */
export function addBaseline(state: JudgeState, old: SideFigures | undefined, spec: RolloutSpec): JudgeState {
  if (!isSound(old)) return state
  return {
    ...state,
    oldRequests: state.oldRequests + old.requests,
    oldErrors: state.oldErrors + old.errors,
    errorTest: errorTest.learn(state.errorTest, old, spec),
    rejectionTest: rejectionTest.learn(state.rejectionTest ?? rejectionTest.begin(), old, spec),
    latencyTest: latencyTest.learn(state.latencyTest, old, spec),
  }
}

/**
 * Decides what comes next. To be called with the sums since the call before, once for each.
 *
 * Rolled back is what is proven worse by a test that may be looked at without end (`compare` in evidence.ts), after
 * `minSamples` requests or the bake; what fails most of the time, at once; and what takes longer than `timeoutMs`. A
 * step is over when it has been watched for `bakeMs` and nothing speaks against it. It is watched up to five times as
 * long while a suspicion lasts, or while `minSamples` requests can be expected by then; then it is decided by what
 * there is. Time without figures, or with figures that cannot be, is no time in which it was watched.
 */
export function judge(before: JudgeState, look: Look, spec: RolloutSpec): Judgement {
  const state = takeIn(before, look, spec)
  const concluded = conclude(state, spec)
  const figures = figuresOf(state, concluded)
  const say = (decision: Judgement['decision'], reason: string): Judgement => ({ decision, reason, figures, state })
  const isLast = look.share >= 1
  const seen = concluded.reasons.length === 0 ? 'no request came' : concluded.reasons.join('; ')

  if (look.elapsedMs > spec.timeoutMs)
    return say('roll-back', `it took longer than ${duration(spec.timeoutMs)}, which is the most for the whole; ${seen}`)
  if (isBroken(state, spec))
    return say('roll-back', `most requests fail: ${percent(state.errors / state.requests)} of ${count(state.requests)}`)

  const isBaked = state.watchedMs >= spec.bakeMs
  const worse = concluded.verdicts.find(({ verdict }) => verdict === 'worse')
  if (worse !== undefined && (isBaked || state.requests >= spec.minSamples)) return say('roll-back', worse.reason)

  if (!isSound(look.new) || (state.hasOld && !isSound(look.old)) || !Number.isFinite(look.elapsedMs))
    return say('wait', 'there are no figures of what was answered: nothing is decided without them')
  const go = (reason: string) => say(isLast ? 'promote' : 'advance', reason)
  if (!state.hasOld) return go('nothing answered before that it could be compared with')
  if (!isWhole(look, spec) && spec.bakeMs > 0)
    return say('wait', `begins with ${percent(look.share)} of the traffic, as many requests come; ${seen}`)
  if (!(state.watchedMs >= spec.bakeMs))
    return say('wait', `watched for ${duration(state.watchedMs)} of ${duration(spec.bakeMs)}; ${seen}`)

  const isLonger = state.watchedMs < LONGER * spec.bakeMs
  const suspected = concluded.verdicts.find(({ verdict }) => verdict !== 'fine')
  if (suspected !== undefined && isLonger)
    return say('wait', `watched for longer, as it may be worse: ${suspected.reason}`)
  const few = state.stepRequests < spec.minSamples
  const expected = (state.stepRequests / state.watchedMs) * LONGER * spec.bakeMs
  if (few && isLonger && expected >= spec.minSamples)
    return say('wait', `${count(state.stepRequests)} of ${count(spec.minSamples, 'request')} so far; ${seen}`)
  if (suspected !== undefined) return go(`not proven to be worse in ${duration(state.watchedMs)}: ${suspected.reason}`)
  if (few)
    return go(
      `little traffic, decided by ${count(state.stepRequests, 'request')} in ${duration(state.watchedMs)}: ${seen}`,
    )
  return go(seen)
}

/** Sums of what runners reported of some variants, of one interval or more. */
export function sumTraffic(traffic: readonly VariantTraffic[]): SideFigures {
  const latency = [...LATENCY_BOUNDS_MS.map(() => 0), 0]
  let requests = 0
  let errors = 0
  let rejected = 0
  for (const one of traffic) {
    requests += one.requests
    errors += one.errors
    rejected += one.rejected ?? 0
    // A list of another length cannot be read; the sum shows it by being no number
    if (one.latency.length !== latency.length) requests = Number.NaN
    for (const [i, n] of one.latency.entries()) if (i < latency.length) latency[i] = (latency[i] ?? 0) + n
  }
  return { requests, errors, rejected, latency }
}

/** Whether figures can be: they come from other processes. */
export function isSound(figures: SideFigures | undefined): figures is SideFigures {
  if (figures === undefined) return false
  const { requests, errors, rejected, latency } = figures
  if (![requests, errors, rejected].every(isCount) || errors + rejected > requests) return false
  return latency.length === LATENCY_BOUNDS_MS.length + 1 && latency.every(isCount)
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

/** Whether the new side has all that the step gives it: before, it is only eased in, which is no part of the bake. */
function isWhole({ step, share }: Look, spec: RolloutSpec): boolean {
  return share >= (planSteps(spec)[step]?.share ?? 1)
}

function takeIn(before: JudgeState, look: Look, spec: RolloutSpec): JudgeState {
  const state = look.step === before.step ? before : { ...before, step: look.step, watchedMs: 0, stepRequests: 0 }
  const { old, new: fresh } = look
  if (!isSound(fresh)) return addBaseline(state, old, spec)
  const seen: JudgeState = {
    ...state,
    stepRequests: state.stepRequests + fresh.requests,
    requests: state.requests + fresh.requests,
    errors: state.errors + fresh.errors,
    failingLooks: state.failingLooks + (fresh.errors > 0 ? 1 : 0),
  }
  const watchedMs = seen.watchedMs + (isWhole(look, spec) ? lengthOf(look) : 0)
  if (!isSound(old)) return state.hasOld ? seen : { ...seen, watchedMs }
  return {
    ...seen,
    watchedMs,
    oldRequests: state.oldRequests + old.requests,
    oldErrors: state.oldErrors + old.errors,
    errorTest: errorTest.observe(state.errorTest, old, fresh, spec),
    rejectionTest: rejectionTest.observe(state.rejectionTest ?? rejectionTest.begin(), old, fresh, spec),
    latencyTest: latencyTest.observe(state.latencyTest, old, fresh, spec),
  }
}

function lengthOf({ intervalMs }: Look): number {
  return Number.isFinite(intervalMs) && intervalMs > 0 ? intervalMs : 0
}

interface Concluded {
  readonly verdicts: readonly TestVerdict[]
  readonly reasons: readonly string[]
}

/** What the tests say. Another test is one more line here, in `takeIn`, `addBaseline` and the state. */
function conclude(state: JudgeState, spec: RolloutSpec): Concluded {
  const say = <State>(test: RolloutTest<State>, of: State) => test.conclude(of, spec, test.part * spec.falseAlarm)
  const verdicts = [
    say(errorTest, state.errorTest),
    say(rejectionTest, state.rejectionTest ?? rejectionTest.begin()),
    say(latencyTest, state.latencyTest),
  ]
  return { verdicts, reasons: verdicts.map(({ reason }) => reason).filter((reason) => reason !== '') }
}

/** Whether more than half of the requests fail, and that is no chance, and more than before do. */
function isBroken(state: JudgeState, spec: RolloutSpec): boolean {
  const { requests, errors, oldRequests, oldErrors } = state
  if (requests === 0 || state.failingLooks < 2) return false
  const rise = errors / requests - (oldRequests === 0 ? 0 : oldErrors / oldRequests)
  if (errors / requests <= 0.5 || rise <= spec.maxErrorIncrease) return false
  return stakeOnBroken({ seen: requests, bad: errors }) >= Math.log(1 / (BROKEN_PART * spec.falseAlarm))
}

function figuresOf(state: JudgeState, { verdicts }: Concluded): Record<string, number> {
  const figures: Record<string, number> = {
    watchedMs: state.watchedMs,
    newRequests: state.requests,
    newErrors: state.errors,
    oldRequests: state.oldRequests,
    oldErrors: state.oldErrors,
  }
  for (const verdict of verdicts) Object.assign(figures, verdict.figures)
  return figures
}
