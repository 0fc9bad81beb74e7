import { dueTimes, runSteps, type LoadStep, type LoopTarget } from './open-loop.ts'

/** A usual load, then far too much, then the usual load again. */
export interface StepDown {
  /** Share of the usual load's requests that are answered in time, before. */
  readonly usualShare: number
  /** From the step down until as many are answered in time as before (s); infinite when that is not seen. */
  readonly recoverySeconds: number
  /** How long it was looked for (s). */
  readonly patienceSeconds: number
  readonly behindMs: number
}

export interface StepDownOptions {
  readonly usualPerSecond: number
  readonly tooManyPerSecond: number
  /** How long the usual load goes on before, and the other one (s). */
  readonly seconds: number
  /** How long the usual load goes on afterwards (s). */
  readonly patienceSeconds: number
}

/** Requests of so long a time (s) are looked at together … */
const WINDOW_S = 0.5
/** … beginning anew after so long (s); … */
const EVERY_S = 0.1
/** … and this share of what was answered in time before is as much as before. */
const AS_BEFORE = 0.95

export async function stepDown(target: LoopTarget, options: StepDownOptions): Promise<StepDown> {
  const { usualPerSecond, tooManyPerSecond, seconds, patienceSeconds } = options
  const usual = { ratePerSecond: usualPerSecond, seconds }
  const steps = [usual, { ratePerSecond: tooManyPerSecond, seconds }, { ...usual, seconds: patienceSeconds }]
  const { isGood, behindMs } = await runSteps(target, steps)
  return { ...judgeStepDown(steps, isGood), patienceSeconds, behindMs }
}

/** @param isGood of each request that the steps make due, whether its answer was good */
export function judgeStepDown(
  steps: readonly LoadStep[],
  isGood: Uint8Array,
): Pick<StepDown, 'usualShare' | 'recoverySeconds'> {
  const due = dueTimes(steps)
  const [before = 0, during = 0, after = 0] = steps.map(({ seconds }) => seconds)
  const shareBetween = (from: number, to: number) => {
    const those = isGood.filter((_, i) => (due[i] ?? 0) >= from * 1000 && (due[i] ?? 0) < to * 1000)
    return those.reduce((sum, good) => sum + good, 0) / those.length
  }
  const usualShare = shareBetween(0, before)
  const downAt = before + during
  for (let i = 0; i * EVERY_S + WINDOW_S <= after; i++) {
    const from = downAt + i * EVERY_S
    if (shareBetween(from, from + WINDOW_S) >= usualShare * AS_BEFORE)
      return { usualShare, recoverySeconds: i * EVERY_S }
  }
  return { usualShare, recoverySeconds: Infinity }
}
