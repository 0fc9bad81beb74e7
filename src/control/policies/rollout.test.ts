import { describe, expect, test } from 'vitest'
import {
  drill,
  GOOD,
  NOTHING,
  noLatencies,
  rolloutSpec,
  Traffic,
  type Behaviour,
  type Drill,
} from './rollout.fixture.ts'
import { addBaseline, beginJudging, judge, planSteps, sumTraffic, type Look, type SideFigures } from './rollout.ts'

const DRILL = { old: GOOD, new: GOOD, requestsPerLook: 50, looksBefore: 40, mostLooks: 60 }
/** Nothing is advanced: it is looked at to the end. */
const WATCHED = { bakeMs: 1e9, timeoutMs: 1e12 }

/** Shares of runs that were rolled back, and within 200 requests to the new version. */
function shares(runs: number, options: Omit<Drill, 'seed'>) {
  let back = 0
  let soon = 0
  for (let run = 0; run < runs; run++) {
    const { end, exposed } = drill({ ...options, seed: run * 7919 + 13 })
    if (end !== 'roll-back') continue
    back++
    if (exposed <= 200) soon++
  }
  return { back: back / runs, soon: soon / runs }
}

describe('steps', () => {
  test.each([
    ['all-at-once', 0.1, [1]],
    ['blue-green', 0.1, [1]],
    ['canary', 0.1, [0.1, 1]],
    ['canary', 1, [1]],
    ['linear', 0.25, [0.25, 0.5, 0.75, 1]],
    ['linear', 0.3, [0.3, 0.6, 0.9, 1]],
    ['linear', 0.1, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]],
    ['linear', 1, [1]],
  ] as const)('of %s by %s', (strategy, step, expected) => {
    expect(planSteps(rolloutSpec({ strategy, step })).map(({ share }) => share)).toEqual(expected)
  })

  test.each([0, -1, Number.NaN, 1e-9, 0.001])('always grow and end at 1, also by %s', (step) => {
    for (const strategy of ['canary', 'linear'] as const) {
      const steps = planSteps(rolloutSpec({ strategy, step })).map(({ share }) => share)
      expect(steps.at(-1)).toBe(1)
      expect(steps.length).toBeLessThanOrEqual(100)
      expect(steps.every((share, i) => share > (steps[i - 1] ?? 0))).toBe(true)
    }
  })
})

describe('a good version', () => {
  test('is rolled back no more often than is allowed, in 2,000 rollouts looked at 60 times each', () => {
    const { back } = shares(2000, { ...DRILL, spec: rolloutSpec({ ...WATCHED, falseAlarm: 0.01 }) })
    expect(back).toBeLessThanOrEqual(0.01)
  }, 60_000)

  test.each<[string, Partial<Drill>]>([
    ['all at once', { spec: rolloutSpec({ ...WATCHED, strategy: 'all-at-once', falseAlarm: 0.1, minSamples: 1 }) }],
    ['half of the traffic', { spec: rolloutSpec({ ...WATCHED, step: 0.5, falseAlarm: 0.1, minSamples: 1 }) }],
    [
      'frequent errors',
      {
        old: { ...GOOD, errors: 0.2 },
        new: { ...GOOD, errors: 0.2 },
        spec: rolloutSpec({ ...WATCHED, falseAlarm: 0.1, minSamples: 1, maxErrorIncrease: 0 }),
      },
    ],
    [
      'nothing known before',
      { looksBefore: 0, spec: rolloutSpec({ ...WATCHED, step: 0.5, falseAlarm: 0.1, minSamples: 1 }) },
    ],
  ])('is seldom rolled back: %s', (_, changes) => {
    const spec = rolloutSpec(WATCHED)
    expect(shares(150, { ...DRILL, spec, ...changes }).back).toBeLessThanOrEqual(0.1 + 0.07)
  })

  // Requests are not as independent as the figures of a book: now and then a second goes by in which all are slow
  test.each([
    ['both sides together', { both: 0.1, each: 0 }, 0.1],
    ['each side for itself', { both: 0, each: 0.03 }, 0.1],
    ['all of the traffic', { both: 0.05, each: 0 }, 1],
  ])('is not rolled back for seconds in which %s stood still', (_, { both, each }, share) => {
    const spec = rolloutSpec({ ...WATCHED, strategy: share === 1 ? 'all-at-once' : 'canary' })
    const stalled = { ...GOOD, medianMs: 100 }
    let back = 0
    for (let seed = 0; seed < 40; seed++) {
      const traffic = new Traffic(seed * 31 + 7)
      const answer = (requests: number, areAllSlow: boolean) =>
        traffic.figures(requests, areAllSlow || traffic.chance() < each ? stalled : GOOD)
      let state = beginJudging(spec, true)
      for (let i = 0; i < 40; i++) state = addBaseline(state, answer(100, traffic.chance() < both), spec)
      for (let i = 0; i < 60; i++) {
        const isSlow = traffic.chance() < both
        const fresh = traffic.share(100, share)
        const sides = { old: answer(100 - fresh, isSlow), new: answer(fresh, isSlow) }
        const judgement = judge(state, { step: 0, share, elapsedMs: 1000, intervalMs: 1000, ...sides }, spec)
        ;({ state } = judgement)
        if (judgement.decision === 'roll-back') back++
      }
    }
    expect(back).toBeLessThanOrEqual(1)
  })

  test('has its whole share soon, whatever the rate', () => {
    for (const requestsPerLook of [1, 50, 3000]) {
      const spec = rolloutSpec({ strategy: 'canary', step: 0.3, bakeMs: 2000 })
      const { end, looks } = drill({ ...DRILL, spec, requestsPerLook, seed: 1, mostLooks: 60 })
      expect(end).toBe('promote')
      expect(looks).toBeLessThanOrEqual(30)
    }
  })

  test('is promoted, step after step', () => {
    for (const strategy of ['all-at-once', 'canary', 'linear', 'blue-green'] as const) {
      const spec = rolloutSpec({ strategy, step: 0.25, bakeMs: 5000 })
      for (let seed = 0; seed < 20; seed++)
        expect(drill({ ...DRILL, mostLooks: 400, spec, seed }).end, `${strategy}, seed ${seed}`).toBe('promote')
    }
  })
})

describe('a bad version', () => {
  const spec = rolloutSpec(WATCHED)
  const rare: Behaviour = { ...GOOD, errors: 0.001 }

  test.each<[string, Partial<Drill>]>([
    ['errors of 5 %', { old: rare, new: { ...rare, errors: 0.05 } }],
    ['three times the latency', { new: { ...GOOD, medianMs: 15 } }],
    [
      'three times a latency of wide spread',
      { old: { ...GOOD, spread: 1 }, new: { ...GOOD, spread: 1, medianMs: 15 } },
    ],
    [
      'a twentieth part of the traffic',
      { spec: rolloutSpec({ ...WATCHED, step: 0.05 }), mostLooks: 100, new: { ...GOOD, errors: 0.1 } },
    ],
  ])('is found within 200 requests in 95 of 100 runs: %s', (_, changes) => {
    expect(shares(200, { ...DRILL, spec, ...changes }).soon).toBeGreaterThanOrEqual(0.95)
  })

  test.each([300, 3000])('is found within 200 requests also where %s come each second', (requestsPerLook) => {
    for (const bad of [
      { ...rare, errors: 0.05 },
      { ...rare, medianMs: 15 },
    ])
      expect(
        shares(200, { ...DRILL, spec: rolloutSpec({ ...WATCHED, step: 0.3 }), requestsPerLook, old: rare, new: bad })
          .soon,
      ).toBeGreaterThanOrEqual(0.95)
  })

  test('is found also where all of the traffic goes over at once', () => {
    for (const strategy of ['all-at-once', 'blue-green'] as const) {
      const bad = { ...GOOD, medianMs: 15 }
      expect(shares(100, { ...DRILL, spec: rolloutSpec({ ...WATCHED, strategy }), new: bad }).soon).toBeGreaterThan(
        0.95,
      )
    }
  })

  test('is never promoted with the settings that stand there by themselves', () => {
    for (let seed = 0; seed < 60; seed++) {
      const { end } = drill({ ...DRILL, mostLooks: 400, spec: rolloutSpec(), new: { ...GOOD, errors: 0.1 }, seed })
      expect(end, `seed ${seed}`).toBe('roll-back')
    }
  })

  test('is rolled back before the samples are complete where most requests fail', () => {
    const { end, exposed, last } = drill({ ...DRILL, spec, new: { ...GOOD, errors: 1 }, seed: 3 })
    expect(end).toBe('roll-back')
    expect(exposed).toBeLessThan(30)
    expect(last.reason).toMatch(/^most requests fail: 100 % of \d+$/)
  })

  test('that refuses what callers send is rolled back, and that is said', () => {
    for (const step of [0.1, 0.2, 1])
      for (let seed = 0; seed < 20; seed++) {
        const { end, exposed, last } = drill({
          ...DRILL,
          spec: rolloutSpec({ ...WATCHED, step }),
          new: { ...GOOD, errors: 0, rejected: 1 },
          seed,
        })
        expect(end, `seed ${seed}`).toBe('roll-back')
        expect(exposed).toBeLessThan(250)
        expect(last.reason).toMatch(/^callers' inputs are refused more often: 100 % of \d+ requests against 0 % of/)
        expect(last.figures).toMatchObject({ newRejected: exposed, oldRejected: 0 })
      }
  })

  test('is not what callers make of it who always send nonsense', () => {
    const nonsense = { ...GOOD, rejected: 0.6 }
    const { back } = shares(300, { ...DRILL, spec, old: nonsense, new: nonsense })
    expect(back).toBeLessThanOrEqual(0.02)
  })

  test('a slowness and a rise of errors that are borne are not held against it for long', () => {
    const slower = shares(100, { ...DRILL, spec, new: { ...GOOD, medianMs: 6.5 } })
    const worse = shares(100, { ...DRILL, spec, new: { ...GOOD, errors: 0.005 } })
    expect(slower.back).toBeLessThanOrEqual(0.05)
    expect(worse.back).toBeLessThanOrEqual(0.08)
    // However sure it is: 6,000 requests of each
    const half = rolloutSpec({ ...WATCHED, step: 0.5 })
    const surely = shares(30, { ...DRILL, requestsPerLook: 200, spec: half, new: { ...GOOD, errors: 0.006 } })
    expect(surely.back).toBeLessThanOrEqual(0.2)
  })
})

describe('a look', () => {
  const spec = rolloutSpec({ bakeMs: 10_000 })
  const traffic = new Traffic(5)
  const look = (changes: Partial<Look> = {}): Look => ({
    step: 0,
    share: 0.1,
    elapsedMs: 1000,
    intervalMs: 1000,
    old: traffic.figures(900, GOOD),
    new: traffic.figures(100, GOOD),
    ...changes,
  })
  const looks = (times: number, changes: () => Partial<Look>, of = spec, hasOld = true) => {
    let state = beginJudging(of, hasOld)
    for (let i = 0; i < 10; i++) state = addBaseline(state, traffic.figures(100, GOOD), of)
    return Array.from({ length: times }, () => {
      const judgement = judge(state, look(changes()), of)
      ;({ state } = judgement)
      return judgement
    })
  }

  test('lets a step bake for as long as is said, then advances and at the end promotes', () => {
    expect(looks(10, () => ({})).map(({ decision }) => decision)).toEqual([...Array(9).fill('wait'), 'advance'])
    expect(looks(10, () => ({ share: 1 })).at(-1)?.decision).toBe('promote')
  })

  test('a new step bakes anew', () => {
    const [at9] = looks(9, () => ({})).slice(-1)
    if (at9 === undefined) throw new Error('no look')
    expect(judge(at9.state, look({ step: 1, share: 1 }), spec).decision).toBe('wait')
  })

  test('says the figures', () => {
    const bad = () => ({ new: { ...traffic.figures(20, GOOD), errors: 6 } })
    const [last] = looks(10, bad).slice(-1)
    expect(last?.decision).toBe('roll-back')
    expect(last?.reason).toMatch(/^errors 30 % of 200 requests against 0\.\d+ % of [\d,]+; borne is 1 point more$/)
    expect(last?.figures).toMatchObject({ newErrors: expect.any(Number), oldRequests: expect.any(Number) })
    expect(Object.values(last?.figures ?? {}).every(Number.isFinite)).toBe(true)
  })

  const odd = (changes: Partial<Record<keyof SideFigures, unknown>>) => ({ ...NOTHING, ...changes }) as SideFigures
  test.each<[string, Partial<Look>]>([
    ['no word of the new side', { new: undefined }],
    ['no word of the old side', { old: undefined }],
    ['no word at all', { old: undefined, new: undefined }],
    ['NaN requests', { new: odd({ requests: Number.NaN }) }],
    ['NaN errors', { new: odd({ errors: Number.NaN }) }],
    ['endless requests', { new: odd({ requests: Infinity }) }],
    ['fewer than no errors', { new: odd({ requests: 5, errors: -1 }) }],
    ['more errors than requests', { new: odd({ requests: 5, errors: 6 }) }],
    ['NaN latencies', { new: odd({ latency: noLatencies().fill(Number.NaN) }) }],
    ['more that were turned down than came', { new: odd({ requests: 5, rejected: 6 }) }],
    ['latencies in other buckets', { new: odd({ latency: [1, 2, 3] }) }],
    ['NaN requests of the old side', { old: odd({ requests: Number.NaN }) }],
    ['an interval of NaN', { intervalMs: Number.NaN }],
    ['an interval that goes back', { intervalMs: -1000 }],
    ['a time of NaN', { elapsedMs: Number.NaN }],
    ['a bucket that is not there', { new: odd({ latency: [...noLatencies(), 0] }) }],
  ])('decides nothing without figures: %s', (_, changes) => {
    const decisions = looks(200, () => ({ share: 1, ...changes })).map(({ decision }) => decision)
    expect(new Set(decisions)).toEqual(new Set(['wait']))
  })

  test('time without figures does not count as watched', () => {
    let i = 0
    const every = () => (i++ % 2 === 0 ? {} : { new: undefined })
    const decisions = looks(20, every).map(({ decision }) => decision)
    expect(decisions.indexOf('advance')).toBe(18)
  })

  test('losing its state lengthens the bake and promotes nothing', () => {
    for (let i = 0; i < 100; i++)
      expect(judge(beginJudging(spec, true), look({ share: 1 }), spec).decision).toBe('wait')
  })

  test('its state is plain JSON', () => {
    const [last] = looks(10, () => ({})).slice(-1)
    expect(JSON.parse(JSON.stringify(last?.state))).toEqual(last?.state)
    expect(JSON.stringify(last?.state).length).toBeLessThan(8192)
  })

  test('an endpoint that nobody asks is decided at the end of the bake, and says so', () => {
    const last = looks(10, () => ({ old: NOTHING, new: NOTHING, share: 1 })).at(-1)
    expect(last).toMatchObject({
      decision: 'promote',
      reason: 'little traffic, decided by 0 requests in 10 s: no request came',
    })
  })

  test('waits for the samples where they can be expected, and else decides by what there is', () => {
    const some = () => ({ old: traffic.figures(9, GOOD), new: traffic.figures(4, { ...GOOD, errors: 0 }) })
    const decisions = looks(30, some).map(({ decision }) => decision)
    expect(decisions.indexOf('advance')).toBe(24)
    const few = looks(10, () => ({ old: traffic.figures(9, GOOD), new: { ...NOTHING, requests: 1 } })).at(-1)
    expect(few?.decision).toBe('advance')
    expect(few?.reason).toMatch(/^little traffic, decided by 10 requests in 10 s: errors 0 % of 10 requests/)
  })

  test('is watched for longer while a suspicion lasts, not for ever', () => {
    const of = rolloutSpec({ bakeMs: 10_000, minSamples: 1 })
    let i = 0
    const one = () => ({ new: { ...traffic.figures(4, { ...GOOD, errors: 0 }), errors: i++ % 10 === 1 ? 1 : 0 } })
    const few = looks(60, () => ({ ...one(), old: NOTHING }), of)
    const first = few.findIndex(({ decision }) => decision !== 'wait')
    expect(few[10]?.decision).toBe('wait')
    expect(few[10]?.reason).toMatch(/^watched for longer, as it may be worse: errors 2\.\d % of 44 requests against/)
    expect(first).toBeGreaterThan(10)
    expect(first).toBeLessThan(50)
  })

  test('is rolled back once it takes too long', () => {
    const last = looks(1, () => ({ elapsedMs: 3_600_001 })).at(-1)
    expect(last?.decision).toBe('roll-back')
    expect(last?.reason).toMatch(/^it took longer than 60 min, which is the most for the whole; /)
    expect(looks(1, () => ({ elapsedMs: 3_600_001, new: undefined })).at(-1)?.decision).toBe('roll-back')
  })

  test('a first version has nothing to be compared with', () => {
    const of = (fresh: SideFigures) => looks(3, () => ({ share: 1, old: NOTHING, new: fresh }), spec, false)
    expect(of(NOTHING)[0]?.decision).toBe('promote')
    const failing = of({ ...NOTHING, requests: 20, errors: 20 })
    expect(failing[1]?.decision).toBe('roll-back')
  })

  test('one second in which everything stands still decides nothing', () => {
    let i = 0
    const stall = () => ({ new: traffic.figures(200, { ...GOOD, medianMs: i++ === 0 ? 500 : 5 }) })
    expect(looks(10, stall).map(({ decision }) => decision)).not.toContain('roll-back')
  })
})

describe('sums of traffic', () => {
  const one = {
    endpoint: 'fraud',
    variant: 'main',
    digest: 'd',
    intervalMs: 1000,
    inFlight: 1,
    requests: 3,
    errors: 1,
    rejected: 1,
    rows: 3,
    latency: noLatencies().fill(2, 10, 11),
  }

  test('add up', () => {
    const sum = sumTraffic([one, one])
    expect(sum).toMatchObject({ requests: 6, errors: 2, rejected: 2 })
    expect(sum.latency[10]).toBe(4)
    expect(sumTraffic([])).toEqual(NOTHING)
  })

  test('of which one has other buckets are no figures', () => {
    expect(sumTraffic([one, { ...one, latency: [1] }]).requests).toBeNaN()
  })
})
