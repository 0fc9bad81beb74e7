import type { RolloutSpec } from '../../api/resources.ts'
import { LATENCY_BOUNDS_MS } from '../../api/runner-status.ts'
import { add, beginEvidence, compare, learnOld, stakes, type Counts, type Evidence, type RateTest } from './evidence.ts'
import type { RolloutTest } from './rollout-test.ts'
import { count, duration, percent } from './words.ts'

/** Plain JSON. */
export interface LatencyTestState {
  /** Of the old side, until there is enough of it to know what slow means. */
  readonly learning?: readonly number[] | undefined
  /** Index of the bound above which an answer of the old side is slow, and of the one for the new side. */
  readonly slow?: { readonly old: number; readonly fresh: number } | undefined
  readonly evidence?: Evidence | undefined
  readonly old: Counts
  readonly fresh: Counts
}

/** Share of the old side's answers that are called slow, at most. */
const SLOW_SHARE = 0.1

/**
 * Answers of the old side by which it is chosen what is slow: as many as that, and fewer once the new side gets
 * traffic.
 */
const ENOUGH_LEARNT = 100
const LEAST_LEARNT = 50

const TEST: RateTest = { before: { seen: 10, bad: 0.5 }, rises: [0.1, 0.3, 0.6, 0.85], borne: 0 }

/**
 * Slower than before. Slow is what took longer than nine of ten answers of the old side; for the new side so much
 * longer as is borne. A new side whose answers all take as long as before, or longer by what is borne at most, is
 * slow no more often than the old one: so it is the same question as with errors. A few wild answers do not count for
 * more than one each.
 */
export const latencyTest: RolloutTest<LatencyTestState> = {
  name: 'latency',
  part: 0.25,
  begin: () => ({ old: { seen: 0, bad: 0 }, fresh: { seen: 0, bad: 0 } }),

  learn(state, { latency }, spec) {
    const { slow, evidence } = state
    if (slow === undefined || evidence === undefined) {
      const learning = latency.map((n, i) => n + (state.learning?.[i] ?? 0))
      return total(learning) < ENOUGH_LEARNT ? { ...state, learning } : decideWhatIsSlow(state, learning, spec)
    }
    const lot = countAbove(latency, slow.old)
    return { ...state, old: add(state.old, lot), evidence: learnOld(evidence, lot) }
  },

  observe(state, old, fresh, spec) {
    const isEnough = state.slow === undefined && total(state.learning ?? []) >= LEAST_LEARNT
    const { slow, evidence } = isEnough ? decideWhatIsSlow(state, state.learning ?? [], spec) : state
    // Until it is known what is slow, the new side's answers say nothing
    if (slow === undefined || evidence === undefined) return latencyTest.learn(state, old, spec)
    const olds = countAbove(old.latency, slow.old)
    const news = countAbove(fresh.latency, slow.fresh)
    return {
      slow,
      old: add(state.old, olds),
      fresh: add(state.fresh, news),
      evidence: compare(evidence, olds, news, TEST),
    }
  },

  conclude({ slow, evidence, old, fresh }, spec, falseAlarm) {
    if (slow === undefined || evidence === undefined || fresh.seen === 0)
      return { verdict: 'fine', reason: '', figures: {} }
    const won = stakes(evidence.noWorse)
    const isSlower = fresh.bad / fresh.seen > old.bad / old.seen
    const boundMs = LATENCY_BOUNDS_MS[slow.old] ?? Infinity
    return {
      verdict: isSlower && won >= Math.log(1 / falseAlarm) ? 'worse' : isSlower && won > 0 ? 'suspected' : 'fine',
      reason:
        `${percent(fresh.bad / fresh.seen)} of ${count(fresh.seen, 'answer')} took over ` +
        `${duration(boundMs * (1 + spec.maxLatencyIncrease))}, ` +
        `against ${percent(old.bad / old.seen)} of ${count(old.seen)} that took over ${duration(boundMs)}; borne is ${percent(spec.maxLatencyIncrease)} longer`,
      figures: {
        slowOverMs: boundMs,
        slowOldShare: old.bad / old.seen,
        slowNewShare: fresh.bad / fresh.seen,
        latencyOdds: Math.exp(Math.min(won, 100)),
      },
    }
  },
}

function decideWhatIsSlow(state: LatencyTestState, learning: readonly number[], spec: RolloutSpec): LatencyTestState {
  const all = total(learning)
  let old = 0
  for (let above = all - (learning[0] ?? 0); above > SLOW_SHARE * all && old < LATENCY_BOUNDS_MS.length - 1;) {
    old++
    above -= learning[old] ?? 0
  }
  const least = (LATENCY_BOUNDS_MS[old] ?? Infinity) * (1 + spec.maxLatencyIncrease)
  // A whole bucket further where the bound falls between two
  let fresh = old
  while (fresh < LATENCY_BOUNDS_MS.length && (LATENCY_BOUNDS_MS[fresh] ?? Infinity) < least * 0.999999) fresh++
  const lot = countAbove(learning, old)
  const begun = beginEvidence(TEST)
  return {
    slow: { old, fresh },
    evidence: { ...begun, learnt: add(begun.learnt, lot) },
    old: add(state.old, lot),
    fresh: state.fresh,
  }
}

function countAbove(latency: readonly number[], bound: number): Counts {
  let bad = 0
  for (let i = bound + 1; i < latency.length; i++) bad += latency[i] ?? 0
  return { seen: total(latency), bad }
}

function total(latency: readonly number[]): number {
  let sum = 0
  for (const n of latency) sum += n
  return sum
}
