import type { RolloutSpec } from '../../api/resources.ts'
import { add, beginEvidence, compare, learnOld, stakes, type Counts, type Evidence, type RateTest } from './evidence.ts'
import type { RolloutTest, SideFigures, TestVerdict } from './rollout-test.ts'
import { count, percent, points } from './words.ts'

/** Plain JSON. */
export interface ErrorTestState {
  readonly evidence?: Evidence | undefined
  readonly old: Counts
  readonly fresh: Counts
}

/**
 * More of something bad than before. Two things must come together: it is next to certain that the new side has it more
 * often at all (the chance of a false alarm is about this), and what was seen speaks rather for a rise above what is
 * borne than below it. So a version that has it as often as the old one is rolled back with a chance of `falseAlarm`,
 * and a small rise is borne however sure it is.
 */
function testOfShares({ name, part, badOf, tell }: SharesOptions): RolloutTest<ErrorTestState> {
  const countsOf = (side: SideFigures): Counts => ({ seen: side.requests, bad: badOf(side) })
  return {
    name,
    part,
    begin: () => ({ old: { seen: 0, bad: 0 }, fresh: { seen: 0, bad: 0 } }),
    learn: (state, old, spec) => ({
      ...state,
      old: add(state.old, countsOf(old)),
      evidence: learnOld(state.evidence ?? beginEvidence(rateTest(spec)), countsOf(old)),
    }),
    observe: (state, old, fresh, spec) => ({
      old: add(state.old, countsOf(old)),
      fresh: add(state.fresh, countsOf(fresh)),
      evidence: compare(
        state.evidence ?? beginEvidence(rateTest(spec)),
        countsOf(old),
        countsOf(fresh),
        rateTest(spec),
      ),
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
      const shares =
        `${percent(fresh.bad / fresh.seen)} of ${count(fresh.seen, 'request')} ` +
        (old.seen === 0
          ? 'and nothing to compare with'
          : `against ${percent(old.bad / old.seen)} of ${count(old.seen)}`) +
        `; borne is ${points(spec.maxErrorIncrease)} more`
      return { verdict, ...tell({ shares, rise, odds: Math.exp(Math.min(noWorse, 100)), old, fresh }) }
    },
  }
}

interface SharesOptions {
  readonly name: string
  readonly part: number
  readonly badOf: (side: SideFigures) => number
  readonly tell: (found: {
    /** `3 % of 100 requests against 1 % of 900; borne is 1 point more` */
    readonly shares: string
    readonly rise: number
    readonly odds: number
    readonly old: Counts
    readonly fresh: Counts
  }) => Pick<TestVerdict, 'reason' | 'figures'>
}

/** More requests that fail by the version's or our fault. */
export const errorTest: RolloutTest<ErrorTestState> = testOfShares({
  name: 'errors',
  part: 0.55,
  badOf: ({ errors }) => errors,
  tell: ({ shares, odds }) => ({ reason: `errors ${shares}`, figures: { errorOdds: odds } }),
})

/**
 * More requests that are turned down for what is in them. Who gets which version is chance, so callers that send nonsense
 * send it to both sides; where one of them refuses more of it, that one takes other inputs.
 */
export const rejectionTest: RolloutTest<ErrorTestState> = testOfShares({
  name: 'rejections',
  part: 0.15,
  badOf: ({ rejected }) => rejected,
  tell: ({ shares, rise, odds, old, fresh }) =>
    fresh.bad === 0
      ? { reason: '', figures: {} }
      : {
          reason: `callers' inputs are refused${rise > 0 ? ' more often' : ''}: ${shares}`,
          figures: { newRejected: fresh.bad, oldRejected: old.bad, rejectionOdds: odds },
        },
})

function rateTest({ maxErrorIncrease: borne }: RolloutSpec): RateTest {
  const first = Math.max(2 * borne, 0.005)
  const rises = [first]
  for (let rise = first * 3; rise < 1; rise *= 3) rises.push(rise)
  return { before: { seen: 100, bad: 0.5 }, rises, borne }
}
