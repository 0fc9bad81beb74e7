/** How many were seen, and how many of them were of the bad kind. */
export interface Counts {
  readonly seen: number
  readonly bad: number
}

/** What speaks against the claim that the new side is bad no more often than the old one. Plain JSON. */
export interface Evidence {
  /** Of the old side: what its rate is estimated by. */
  readonly learnt: Counts
  /** Of the old side, from when the new one got nothing: set against the new side once the old one gets nothing. */
  readonly kept: readonly Counts[]
  /**
   * Logarithms of what was won by betting on each rise of `rises`: against "no worse", and against "worse by no more
   * than is borne".
   */
  readonly noWorse: readonly number[]
  readonly withinBorne: readonly number[]
}

const NONE: Counts = { seen: 0, bad: 0 }

export interface RateTest {
  /** What is thought of the old rate before anything was seen. */
  readonly before: Counts
  /** Rises that are bet on, growing: of a rate of 0.02 a rise of 0.1 makes 0.12. */
  readonly rises: readonly number[]
  /** Rise that is borne. */
  readonly borne: number
}

/** Old figures that are kept for later; older ones become part of the estimate. */
const MOST_KEPT = 60

/** How many old requests are brought up for each new one where the old side gets none now. */
const KEPT_PER_NEW = 4

/**
 * Most that one lot can win (a logarithm). Failures and slow answers come in bursts: a second in which everything
 * stood still must not decide alone. To be content with less only makes false alarms rarer.
 */
const MOST_WON = Math.log(20)

/** Rates that are bet on keep off 0 and 1. */
const LEAST_RATE = 1e-6
const MOST_RATE = 0.98

export function beginEvidence({ before, rises }: RateTest): Evidence {
  const nothing = rises.map(() => 0)
  return { learnt: before, kept: [], noWorse: nothing, withinBorne: nothing }
}

/**
 * Takes in what the old side did while the new one got nothing. Every other lot is estimated by, the others are kept
 * to be compared.
 */
export function learnOld(evidence: Evidence, old: Counts): Evidence {
  if (old.seen === 0) return evidence
  const { learnt, kept } = evidence
  if (learnt.seen <= kept.reduce((sum, lot) => sum + lot.seen, 0)) return { ...evidence, learnt: add(learnt, old) }
  if (kept.length < MOST_KEPT) return { ...evidence, kept: [...kept, old] }
  const [first = old, ...others] = kept
  return { ...evidence, learnt: add(learnt, first), kept: [...others, old] }
}

/**
 * Takes in what both sides did in the same time.
 *
 * The test is a bet that may be looked at as often as one likes. For each rise that is bet on, the stake is
 * multiplied by the likelihood of what was seen under (a, b), the old rate as estimated from what was seen before and
 * that with the rise, over its likelihood under (a0, b0): of the pairs of rates that the claim allows, the closest by
 * relative entropy, weighted by the sizes of both sides. If the claim holds, the stake does not grow on average,
 * whatever the rates (p, q) are: of n requests with a share w on the old side the mean factor is
 * (1 + x)^(n w) (1 + y)^(n (1 - w)) <= (1 + w x + (1 - w) y)^n <= 1 for x = (a - a0)(p - a0) / (a0 (1 - a0)) and y
 * likewise; the last because (a0, b0) is closest. So by Ville's inequality the stake ever exceeds 1/c with a chance of
 * c at most, over all looks. Rates and sizes that are bet on are fixed before the outcomes are known: that is why what
 * is estimated by is never compared.
 * @see Turner, Ly, Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for optional
 * stopping" (2024)
 */
export function compare(evidence: Evidence, old: Counts, fresh: Counts, { rises, borne }: RateTest): Evidence {
  if (fresh.seen === 0) return learnOld(evidence, old)
  let { kept } = evidence
  let against = old
  // Where the old side gets nothing now, so that something is left for the next looks
  const most = old.seen > 0 ? 0 : Math.ceil(kept.length / 3)
  for (let i = 0; i < most && against.seen < KEPT_PER_NEW * fresh.seen; i++) {
    against = add(against, kept[0] ?? NONE)
    kept = kept.slice(1)
  }
  if (against.seen === 0) return evidence
  const rate = clip(evidence.learnt.bad / evidence.learnt.seen)
  const won = (bears: number) => (stake: number, i: number) => {
    const risen = clip(rate + (rises[i] ?? 0))
    const [a, b] = closest(against.seen, fresh.seen, rate, risen, bears)
    return stake + Math.min(MOST_WON, gain(against, rate, a) + gain(fresh, risen, b))
  }
  return {
    learnt: add(evidence.learnt, against),
    kept,
    noWorse: evidence.noWorse.map(won(0)),
    withinBorne: evidence.withinBorne.map(won(borne)),
  }
}

/** Logarithm of the mean of the stakes; each rise had half as much at stake as the one before. */
export function stakes(logs: readonly number[]): number {
  const highest = Math.max(...logs)
  let sum = 0
  let weights = 0
  for (const [i, log] of logs.entries()) {
    sum += 2 ** -i * Math.exp(log - highest)
    weights += 2 ** -i
  }
  return highest + Math.log(sum / weights)
}

/**
 * Logarithm of what is won by betting against "at most half of them are bad", of which nothing else need be known.
 * From totals: the order in which they came does not matter.
 */
export function stakeOnBroken({ seen, bad }: Counts): number {
  return stakes([0.95, 0.75].map((rate) => gain({ seen, bad }, rate, 0.5)))
}

export function add(a: Counts, b: Counts): Counts {
  return { seen: a.seen + b.seen, bad: a.bad + b.bad }
}

/** Log likelihood ratio of what was seen, of one rate over another. */
function gain({ seen, bad }: Counts, rate: number, over: number): number {
  return bad * Math.log(rate / over) + (seen - bad) * Math.log((1 - rate) / (1 - over))
}

/** The pair (p, q) with q <= p + borne that is hardest to tell from (rate, risen), by so many of each. */
function closest(
  olds: number,
  news: number,
  rate: number,
  risen: number,
  borne: number,
): readonly [old: number, fresh: number] {
  if (risen - rate <= borne) return [rate, risen]
  if (borne === 0) {
    const both = (olds * rate + news * risen) / (olds + news)
    return [both, both]
  }
  // The relative entropy is convex in p, and its slope changes sign between the two ends
  let low = rate
  let high = risen - borne
  for (let i = 0; i < 50; i++) {
    const p = (low + high) / 2
    const q = p + borne
    const slope = (olds * (p - rate)) / (p * (1 - p)) + (news * (q - risen)) / (q * (1 - q))
    if (slope > 0) high = p
    else low = p
  }
  return [low, low + borne]
}

function clip(rate: number): number {
  return Math.min(MOST_RATE, Math.max(LEAST_RATE, rate))
}
