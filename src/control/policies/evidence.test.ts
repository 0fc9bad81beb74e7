import { describe, expect, test } from 'vitest'
import { beginEvidence, compare, learnOld, stakeOnBroken, stakes, type Counts, type RateTest } from './evidence.ts'
import { Traffic } from './rollout.fixture.ts'

const TEST: RateTest = { before: { seen: 50, bad: 0.1 }, rises: [0.02, 0.06, 0.18, 0.54], borne: 0.01 }

interface Run {
  readonly old: number
  readonly fresh: number
  /** Requests of both sides in each look, in turn. */
  readonly sizes: readonly (readonly [old: number, fresh: number])[]
  readonly looks: number
  readonly lotsBefore: number
}

/** Share of runs in which the stake is ever as high as 1/p, looked at after each lot. */
function everAbove(p: number, of: 'noWorse' | 'withinBorne', runs: number, options: Run): number {
  let above = 0
  for (let run = 0; run < runs; run++) {
    const traffic = new Traffic(run * 7919 + 1)
    const draw = (seen: number, rate: number): Counts => ({ seen, bad: traffic.share(seen, rate) })
    let evidence = beginEvidence(TEST)
    for (let i = 0; i < options.lotsBefore; i++) evidence = learnOld(evidence, draw(20, options.old))
    for (let look = 0; look < options.looks; look++) {
      const [olds = 0, news = 0] = options.sizes[look % options.sizes.length] ?? []
      evidence = compare(evidence, draw(olds, options.old), draw(news, options.fresh), TEST)
      if (stakes(evidence[of]) >= Math.log(1 / p)) {
        above++
        break
      }
    }
  }
  return above / runs
}

describe('evidence that a rate has risen', () => {
  const even = { sizes: [[10, 10] as const], looks: 100, lotsBefore: 5 }

  // The bound holds for every rate; what is seen of 1,000 runs may be above it by chance: 0.2 + 3 standard deviations
  test.each<[string, Run]>([
    ['equal and rare', { ...even, old: 0.005, fresh: 0.005 }],
    ['equal and frequent', { ...even, old: 0.3, fresh: 0.3 }],
    ['lower than before', { ...even, old: 0.05, fresh: 0.03 }],
    ['equal, a tenth of the traffic', { old: 0.1, fresh: 0.1, sizes: [[18, 2]], looks: 100, lotsBefore: 0 }],
    [
      'equal, in lots of changing size',
      {
        old: 0.1,
        fresh: 0.1,
        sizes: [
          [30, 1],
          [0, 9],
          [1, 30],
          [7, 0],
        ],
        looks: 80,
        lotsBefore: 9,
      },
    ],
    ['equal, compared with what was before', { old: 0.1, fresh: 0.1, sizes: [[0, 20]], looks: 20, lotsBefore: 40 }],
  ])('is seldom wrong however often one looks: %s', (_, run) => {
    expect(everAbove(0.2, 'noWorse', 1000, run)).toBeLessThan(0.2 + 0.038)
  })

  test.each([
    [0.005, 0.015],
    [0.1, 0.11],
    [0.05, 0.05],
  ])('is seldom wrong about what is borne, from %s to %s', (old, fresh) => {
    expect(everAbove(0.2, 'withinBorne', 600, { ...even, old, fresh })).toBeLessThan(0.2 + 0.049)
  })

  test.each<[string, Run]>([
    ['five in a hundred in place of two in a thousand', { ...even, old: 0.002, fresh: 0.05 }],
    ['a third in place of a tenth', { ...even, old: 0.1, fresh: 0.33 }],
    [
      'a third in place of a tenth that was before',
      { old: 0.1, fresh: 0.33, sizes: [[0, 20]], looks: 50, lotsBefore: 60 },
    ],
  ])('is found: %s', (_, run) => {
    expect(everAbove(0.01, 'noWorse', 100, run)).toBeGreaterThan(0.95)
  })

  test('one lot decides nothing, however bad it is', () => {
    const learnt = learnOld(beginEvidence(TEST), { seen: 1000, bad: 1 })
    const once = compare(learnt, { seen: 1000, bad: 1 }, { seen: 1000, bad: 1000 }, TEST)
    expect(stakes(once.noWorse)).toBeLessThan(Math.log(1 / 0.01))
    const twice = compare(once, { seen: 1000, bad: 1 }, { seen: 1000, bad: 1000 }, TEST)
    expect(stakes(twice.noWorse)).toBeGreaterThan(Math.log(1 / 0.01))
  })

  test('nothing is won where there is nothing to compare with', () => {
    const none = compare(beginEvidence(TEST), { seen: 0, bad: 0 }, { seen: 100, bad: 100 }, TEST)
    expect(stakes(none.noWorse)).toBe(0)
  })

  test('what is kept stays bounded', () => {
    let evidence = beginEvidence(TEST)
    for (let i = 0; i < 1000; i++) evidence = learnOld(evidence, { seen: 10, bad: 1 })
    expect(evidence.kept.length).toBe(60)
    expect(evidence.learnt.seen + 600).toBe(10_000 + TEST.before.seen)
  })

  test('half of them bad is not broken, all of them soon are', () => {
    expect(stakeOnBroken({ seen: 1000, bad: 500 })).toBeLessThan(0)
    expect(stakeOnBroken({ seen: 15, bad: 15 })).toBeGreaterThan(Math.log(2000))
  })
})
