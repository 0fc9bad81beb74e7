import type { RolloutSpec } from '../../api/resources.ts'
import { add, beginEvidence, compare, learnOld, stakes, type Counts, type Evidence, type RateTest } from './evidence.ts'
import type { RolloutTest, SideFigures } from './rollout-test.ts'
import { count, percent, points } from './words.ts'

/** Plain JSON. */
export interface ErrorTestState {
  readonly evidence?: Evidence | undefined
  readonly old: Counts
  readonly fresh: Counts
}

/**
 * More errors than before. Two things must come together: it is next to certain that the new side fails more often at
 * all (the chance of a false alarm is about this), and what was seen speaks rather for a rise above what is borne
 * than below it. So a version that fails as often as the old one is rolled back with a chance of `falseAlarm`, and a
 * small rise is borne however sure it is.
 */
export const errorTest: RolloutTest<ErrorTestState> = {
  name: 'errors',
  part: 0.65,
  begin: () => ({ old: { seen: 0, bad: 0 }, fresh: { seen: 0, bad: 0 } }),
  learn: (state, old, spec) => ({
    ...state,
    old: add(state.old, countsOf(old)),
    evidence: learnOld(state.evidence ?? beginEvidence(rateTest(spec)), countsOf(old)),
  }),
  observe: (state, old, fresh, spec) => ({
    old: add(state.old, countsOf(old)),
    fresh: add(state.fresh, countsOf(fresh)),
    evidence: compare(state.evidence ?? beginEvidence(rateTest(spec)), countsOf(old), countsOf(fresh), rateTest(spec)),
  }),
  conclude({ evidence, old, fresh }, spec, falseAlarm) {
    if (evidence === undefined || fresh.seen === 0) return { verdict: 'fine', reason: '', figures: {} }
    const noWorse = stakes(evidence.noWorse)
    const rise = fresh.bad / fresh.seen - (old.seen === 0 ? 0 : old.bad / old.seen)
    const isAboveBorne = rise > spec.maxErrorIncrease && stakes(evidence.withinBorne) >= 0
    const verdict =
      isAboveBorne && noWorse >= Math.log(1 / falseAlarm)
        ? 'worse'
        : rise > spec.maxErrorIncrease && noWorse > 0
          ? 'suspected'
          : 'fine'
    return {
      verdict,
      reason:
        `errors ${percent(fresh.bad / fresh.seen)} of ${count(fresh.seen, 'request')} ` +
        (old.seen === 0
          ? 'and nothing to compare with'
          : `against ${percent(old.bad / old.seen)} of ${count(old.seen)}`) +
        `; borne is ${points(spec.maxErrorIncrease)} more`,
      figures: { errorOdds: Math.exp(Math.min(noWorse, 100)) },
    }
  },
}

function rateTest({ maxErrorIncrease: borne }: RolloutSpec): RateTest {
  const first = Math.max(2 * borne, 0.005)
  const rises = [first]
  for (let rise = first * 3; rise < 1; rise *= 3) rises.push(rise)
  return { before: { seen: 100, bad: 0.5 }, rises, borne }
}

function countsOf({ requests, errors }: SideFigures): Counts {
  return { seen: requests, bad: errors }
}
