import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_SCALING } from '../../api/resources.ts'
import { Dice } from '../../core/dice.fixture.ts'
import {
  beginScaling,
  scalerSpec,
  stepScaling,
  type ScalerSpec,
  type ScalerState,
  type ScalingObservation,
} from './scaling.ts'

const spec = (changes: Partial<ScalerSpec> = {}): ScalerSpec => ({
  ...DEFAULT_SCALING,
  maxReplicas: 10,
  targetInFlight: 4,
  ...changes,
})

type Seen = Partial<Omit<ScalingObservation, 'nowMs'>>

/** A scaler that is looked at once a second. */
class Scaled {
  state: ScalerState
  nowMs: number
  reason = ''
  readonly #spec: ScalerSpec
  constructor(desired: number, of: ScalerSpec, nowMs = 1000) {
    this.nowMs = nowMs
    this.state = beginScaling(desired, nowMs)
    this.#spec = of
  }

  /** What is desired after each of so many seconds. */
  run(seconds: number, see: (second: number) => Seen): number[] {
    return Array.from({ length: seconds }, (_, second) => {
      this.nowMs += 1000
      const { desired, reason, state } = stepScaling(
        this.state,
        { nowMs: this.nowMs, inFlight: 0, requests: 0, ready: this.state.desired, ...see(second) },
        this.#spec,
      )
      this.state = state
      this.reason = reason
      return desired
    })
  }
}

const load = (inFlight: number) => () => ({ inFlight, requests: inFlight })

describe('the settings', () => {
  test.each([
    [{ minReplicas: 0 }, 2, { minReplicas: 0, maxReplicas: 2, targetInFlight: 3 }],
    [{ minReplicas: 5, maxReplicas: 9 }, 2, { minReplicas: 2, maxReplicas: 2 }],
    [{ maxReplicas: 1 }, 4, { maxReplicas: 1 }],
    [{ targetInFlight: 7 }, 4, { targetInFlight: 7 }],
    [{ minReplicas: 1 }, 0, { minReplicas: 1, maxReplicas: 1 }],
    [{}, Number.NaN, { maxReplicas: 1 }],
  ])('%j on %s runners', (scaling, runners, expected) => {
    expect(scalerSpec({ ...DEFAULT_SCALING, ...scaling }, 3, runners)).toMatchObject(expected)
  })

  test.each([0, -1, Number.NaN, Infinity])('a target of %s is one of 1', (target) => {
    expect(scalerSpec(DEFAULT_SCALING, target, 2).targetInFlight).toBe(1)
  })
})

describe('under load', () => {
  test.each([
    [1, 3, 1],
    [1, 7, 2],
    [1, 30, 8],
    [1, 39.9, 10],
    [1, 4000, 10],
    [8, 6, 2],
    [10, 17, 5],
    [3, 0.5, 1],
  ])('%s replicas with %s under way become %s', (before, inFlight, expected) => {
    const scaled = new Scaled(before, spec())
    expect(scaled.run(200, load(inFlight)).at(-1)).toBe(expected)
  })

  test('a burst is answered within the panic window, and the reason says so', () => {
    const scaled = new Scaled(1, spec())
    scaled.run(60, load(1))
    const after = scaled.run(6, load(40))
    expect(after.findIndex((desired) => desired >= 2)).toBeLessThan(3)
    expect(after.at(-1)).toBe(10)
    expect(scaled.reason).toMatch(/under way at 4 for each$/)
  })

  test('none goes until a minute after a burst', () => {
    const scaled = new Scaled(1, spec({ downscaleDelayMs: 0 }))
    scaled.run(60, load(1))
    scaled.run(6, load(24))
    const after = scaled.run(120, load(1))
    expect(after.slice(0, 50).every((desired) => desired === 6)).toBe(true)
    expect(after.at(-1)).toBe(1)
  })

  test('a slow rise is no burst: it is followed by the stable window', () => {
    const scaled = new Scaled(2, spec())
    scaled.run(120, load(7))
    const after = scaled.run(60, load(11))
    expect(after[0]).toBe(2)
    expect(after.at(-1)).toBe(3)
  })

  test('one replica a little over its target does not panic', () => {
    const scaled = new Scaled(1, spec())
    expect(scaled.run(30, load(4.2)).at(-1)).toBe(2)
    expect(scaled.state.panickedAtMs).toBeUndefined()
  })

  test('more come only when they have been wanted for the delay', () => {
    const scaled = new Scaled(1, spec({ upscaleDelayMs: 20_000 }))
    const after = scaled.run(30, load(8))
    expect(after.slice(0, 20)).toEqual(Array(20).fill(1))
    expect(after[20]).toBe(2)
    const spikes = new Scaled(1, spec({ upscaleDelayMs: 20_000 }))
    expect(new Set(spikes.run(300, (i) => ({ inFlight: i % 100 === 0 ? 12 : 1, requests: 1 })))).toEqual(new Set([1]))
  })

  test('fewer come only when they have been wanted for the delay: the most that were wanted in it', () => {
    const scaled = new Scaled(5, spec({ downscaleDelayMs: 40_000 }))
    scaled.run(60, load(19))
    const after = scaled.run(150, load(1))
    const first = after.findIndex((desired) => desired < 5)
    expect(first).toBeGreaterThanOrEqual(40)
    expect(after[first]).toBeGreaterThan(1)
    expect(after.at(-1)).toBe(1)
  })

  test('a restart of control lets none go before the load is known', () => {
    const scaled = new Scaled(8, spec({ downscaleDelayMs: 0 }))
    expect(scaled.run(29, load(1))).toEqual(Array(29).fill(8))
    expect(scaled.run(40, load(1)).at(-1)).toBe(1)
  })

  test('noise does not make it go to and fro', () => {
    for (const mean of [2.1, 5, 7.8, 8.2, 11.9, 12.1]) {
      const dice = new Dice(mean * 10)
      const scaled = new Scaled(Math.ceil(mean / 4), spec())
      scaled.run(180, () => load(mean * (0.5 + dice.roll(1000) / 1000))())
      const after = scaled.run(1800, () => load(mean * (0.5 + dice.roll(1000) / 1000))())
      const changes = after.filter((desired, i) => i > 0 && desired !== after[i - 1]).length
      expect(changes, `a mean of ${mean}`).toBeLessThanOrEqual(2)
    }
  })
})

describe('to zero and back', () => {
  test('the last one goes after the idle time, and not before', () => {
    const scaled = new Scaled(1, spec({ idleTimeoutMs: 100_000 }))
    scaled.run(10, load(1))
    const after = scaled.run(120, load(0))
    expect(after.indexOf(0)).toBe(99)
    expect(after.slice(0, 99)).toEqual(Array(99).fill(1))
    expect(scaled.reason).toBe('stays at 0: nothing asks for it')
  })

  test('short requests that are never seen under way keep it', () => {
    const scaled = new Scaled(1, spec({ idleTimeoutMs: 10_000 }))
    expect(scaled.run(300, (i) => ({ inFlight: 0, requests: i % 9 === 0 ? 1 : 0 }))).not.toContain(0)
  })

  test('several go to one by load before the last one goes by idleness', () => {
    const scaled = new Scaled(6, spec({ idleTimeoutMs: 1000 * 3600 }))
    expect(scaled.run(3000, load(0)).at(-1)).toBe(1)
  })

  test('a variant with a least number never goes below it', () => {
    const scaled = new Scaled(3, spec({ minReplicas: 2, idleTimeoutMs: 1000 }))
    expect(new Set(scaled.run(600, load(0)))).toEqual(new Set([3, 2]))
  })

  test.each<[string, Seen]>([
    ['held', { inFlight: 3, requests: 0, ready: 0 }],
    ['answered already', { inFlight: 0, requests: 1, ready: 1 }],
  ])('a request that is %s wakes it at once', (_, seen) => {
    const scaled = new Scaled(0, spec())
    scaled.run(5, load(0))
    expect(scaled.run(1, () => seen)).toEqual([1])
    expect(scaled.reason).toBe('0 to 1: a request came')
  })

  test('what a runner holds though nobody asks is adopted after a while, and let go when it is idle', () => {
    const scaled = new Scaled(0, spec({ idleTimeoutMs: 60_000 }))
    const after = scaled.run(100, () => ({ ready: 1 }))
    expect(after.indexOf(1)).toBe(10)
    expect(after.indexOf(0, 10)).toBe(70)
  })

  test('a replica that is slow to go is not taken for one that was woken', () => {
    const scaled = new Scaled(1, spec({ idleTimeoutMs: 5000 }))
    const after = scaled.run(60, (i) => ({ ready: i < 12 ? 1 : 0 }))
    expect(after.slice(5)).not.toContain(1)
  })
})

describe('what is not known', () => {
  test.each<[string, Seen]>([
    ['absent', { inFlight: undefined, requests: undefined, ready: undefined }],
    ['NaN under way', { inFlight: Number.NaN, requests: 0 }],
    ['NaN requests', { inFlight: 0, requests: Number.NaN }],
    ['endless', { inFlight: Infinity, requests: 0 }],
    ['less than nothing', { inFlight: -1, requests: 0 }],
  ])('keeps the size for as long as it lasts: %s', (_, seen) => {
    const scaled = new Scaled(3, spec({ idleTimeoutMs: 1000, downscaleDelayMs: 0 }))
    expect(new Set(scaled.run(7200, () => seen))).toEqual(new Set([3]))
    expect(scaled.reason).toBe('stays at 3: it is not known how much is under way')
    const asleep = new Scaled(0, spec())
    expect(new Set(asleep.run(100, () => seen))).toEqual(new Set([0]))
  })

  test('idleness is counted anew after it', () => {
    const scaled = new Scaled(1, spec({ idleTimeoutMs: 60_000 }))
    const after = scaled.run(200, (i) => (i === 50 ? { inFlight: undefined } : {}))
    expect(after.indexOf(0)).toBe(50 + 60)
  })

  test('the bounds hold all the same', () => {
    const { state } = new Scaled(9, spec())
    const unknown = { nowMs: 2000, inFlight: undefined, requests: undefined, ready: undefined }
    expect(stepScaling(state, unknown, spec({ maxReplicas: 4 })).desired).toBe(4)
    expect(stepScaling({ ...state, desired: 0 }, unknown, spec({ minReplicas: 2 })).desired).toBe(2)
  })

  test('a clock that goes back or says nothing changes nothing', () => {
    const scaled = new Scaled(1, spec({ idleTimeoutMs: 10_000 }), 1e9)
    scaled.run(9, load(0))
    for (const nowMs of [0, 1e9, Number.NaN, -Infinity]) {
      const step = stepScaling(
        scaled.state,
        { nowMs, inFlight: 0, requests: 0, ready: 1 },
        spec({ idleTimeoutMs: 10_000 }),
      )
      expect(step.desired).toBe(1)
      expect(step.state.lookedAtMs).toBe(scaled.state.lookedAtMs)
    }
  })
})

describe('always', () => {
  const figure = fc.oneof(
    { weight: 6, arbitrary: fc.double({ min: 0, max: 200, noNaN: true }) },
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, undefined, -1, Infinity) },
  )
  const observation = fc.record({
    afterMs: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 1e8 })),
    inFlight: figure,
    requests: figure,
    ready: figure,
  })
  const settings = fc
    .record({
      minReplicas: fc.integer({ min: 0, max: 4 }),
      more: fc.integer({ min: 0, max: 8 }),
      targetInFlight: fc.double({ min: 0.01, max: 50, noNaN: true }),
      idleTimeoutMs: fc.integer({ min: 0, max: 20_000 }),
      upscaleDelayMs: fc.integer({ min: 0, max: 5000 }),
      downscaleDelayMs: fc.integer({ min: 0, max: 5000 }),
    })
    .map(({ more, ...rest }) => ({ ...rest, maxReplicas: Math.max(1, rest.minReplicas + more) }))

  test('it stays within its bounds, above 0 while anything is under way or unknown, and JSON', () => {
    fc.assert(
      fc.property(
        settings,
        fc.integer({ min: 0, max: 20 }),
        fc.array(observation, { maxLength: 60 }),
        (of, first, seen) => {
          let state = beginScaling(first, 0)
          let nowMs = 0
          for (const { afterMs, ...rest } of seen) {
            nowMs += afterMs
            const before = state.desired
            const step = stepScaling(state, { nowMs, ...rest }, of)
            expect(step.desired).toBeGreaterThanOrEqual(of.minReplicas)
            expect(step.desired).toBeLessThanOrEqual(of.maxReplicas)
            expect(Number.isInteger(step.desired)).toBe(true)
            const { inFlight } = rest
            if (
              inFlight !== undefined &&
              Number.isFinite(inFlight) &&
              inFlight > 0 &&
              Number.isFinite(rest.requests) &&
              (rest.requests ?? -1) >= 0
            )
              expect(step.desired).toBeGreaterThan(0)
            const isKnown = [inFlight, rest.requests].every(
              (one) => one !== undefined && Number.isFinite(one) && one >= 0,
            )
            if (!isKnown && before > 0) expect(step.desired).toBeGreaterThan(0)
            expect(step.reason).not.toMatch(/NaN|undefined|Infinity/)
            state = step.state
            expect(state.desired).toBe(step.desired)
            expect(state.samples.length).toBeLessThanOrEqual(61)
          }
          expect(JSON.parse(JSON.stringify(state))).toEqual(JSON.parse(JSON.stringify({ ...state })))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('a constant load ends at what it needs, whatever was before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.double({ min: 0.2, max: 9.5, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 30 }),
        (first, replicas, before) => {
          // Just below a whole number of replicas it may keep one more: that is what stops it from going to and fro
          fc.pre(Math.ceil(replicas / 0.9) === Math.ceil(replicas))
          const scaled = new Scaled(first, spec())
          scaled.run(before.length, (i) => load(before[i] ?? 0)())
          expect(scaled.run(240, load(replicas * 4)).at(-1)).toBe(Math.ceil(replicas))
        },
      ),
      { numRuns: 100 },
    )
  })
})
