import { describe, expect, test } from 'vitest'
import { choose, type ChooseOptions } from './choose.ts'
import type { EngineProfile, Profile } from './profile.ts'
import type { RunPoint } from './run-cost.ts'

function curveOf(...points: [rows: number, ms: number][]): RunPoint[] {
  return points.map(([rows, ms]) => ({ rows, ms }))
}

function engineOf(curve: readonly RunPoint[], more: Partial<EngineProfile> = {}): EngineProfile {
  return { version: '1', loadMs: 5, memoryMiB: 1, canRunOffLoop: true, curve, ...more }
}

function profileOf(engines: Record<string, EngineProfile>): Profile {
  return { profileVersion: 2, bundle: 'b', machine: 'm', engines }
}

function chosen(options: Partial<ChooseOptions>) {
  return choose({ engines: ['onnxruntime', 'host-kernels'], cores: 2, timeoutMs: 60_000, ...options })
}

const TINY = curveOf([1, 0.003], [8, 0.004], [64, 0.01], [256, 0.03])
const ENCODER = curveOf([1, 6], [2, 11], [4, 19], [8, 34], [16, 68], [32, 136])

describe('a small model', () => {
  test('runs in the tick, in large batches, and never waits', () => {
    const choices = chosen({ profile: profileOf({ onnxruntime: engineOf(TINY) }) })
    expect(choices.plan).toEqual({
      value: 'in-tick',
      reason: 'a row takes 3 us: less than handing it to another thread',
    })
    expect(choices.concurrency.value).toBe(1)
    expect(choices.maxBatchRows).toEqual({ value: 256, reason: '256 rows take 30 us' })
    expect(choices.windowMs.value).toBe(0)
    expect(choices.start.value).toBe('optimized')
  })

  test('has batches in the tick that leave the loop its turn', () => {
    const choices = chosen({ profile: profileOf({ onnxruntime: engineOf(curveOf([1, 0.2], [8, 0.9], [32, 3.6])) }) })
    expect(choices.maxBatchRows).toEqual({
      value: 16,
      reason: '16 rows take 1.8 ms, twice as many would take over 2 ms',
    })
  })
})

describe('a heavy model', () => {
  const profile = profileOf({ onnxruntime: engineOf(ENCODER, { loadMs: 200, quickLoadMs: 20 }) })

  test('runs off the loop on every core, in batches of bounded time', () => {
    const choices = chosen({ profile })
    expect(choices.plan).toEqual({
      value: 'off-loop',
      reason: 'a row takes 6.0 ms: every other request would wait for it',
    })
    expect(choices.concurrency).toEqual({ value: 2, reason: 'one run on each of 2 cores' })
    expect(choices.maxBatchRows.value).toBe(16)
    expect(choices.windowMs).toEqual({
      value: 0,
      reason: 'an idle engine never waits: together a row costs 71 % of what it costs alone',
    })
  })

  test('answers on the graph as it is while the optimised one is made', () => {
    expect(chosen({ profile }).start).toEqual({
      value: 'quick',
      reason: 'it loads in 200 ms optimised, in 20 ms as it is',
    })
  })

  test('stays in the tick on an engine that knows no other place', () => {
    const tied = profileOf({ onnxruntime: engineOf(ENCODER, { canRunOffLoop: false }) })
    expect(chosen({ profile: tied }).plan).toEqual({
      value: 'in-tick',
      reason: 'the engine computes in the calling tick only',
    })
  })

  test('whose rows get much cheaper together is waited for, a quarter of a run at most', () => {
    const steep = profileOf({ onnxruntime: engineOf(curveOf([1, 8], [8, 12], [16, 20])) })
    expect(chosen({ profile: steep }).windowMs).toEqual({
      value: 2,
      reason: 'in 16 rows a row costs 16 % of what it costs alone',
    })
  })

  test('has sizes that it likes', () => {
    const jagged = profileOf({ onnxruntime: engineOf(curveOf([1, 6], [4, 12], [8, 40], [16, 80])) })
    expect(chosen({ profile: jagged }).preferredRows.value).toEqual([4])
  })
})

describe('the engine', () => {
  test('is the one that was measured faster', () => {
    const native = engineOf(TINY)
    const slow = engineOf(
      TINY.map(({ rows, ms }) => ({ rows, ms: ms * rows })),
      { canRunOffLoop: false },
    )
    const quick = engineOf(
      TINY.map(({ rows, ms }) => ({ rows, ms: ms / 2 })),
      { canRunOffLoop: false },
    )
    expect(chosen({ profile: profileOf({ onnxruntime: native, 'host-kernels': slow }) }).engines.value[0]).toBe(
      'onnxruntime',
    )
    expect(chosen({ profile: profileOf({ onnxruntime: native, 'host-kernels': quick }) }).engines.value[0]).toBe(
      'host-kernels',
    )
  })

  test('is that without a native library where both are about as fast', () => {
    const native = engineOf(curveOf([1, 0.011], [8, 0.013], [64, 0.018], [256, 0.04]))
    const kernels = (last: number) => engineOf(curveOf([1, 0.007], [8, 0.008], [64, 0.021], [256, last]))
    const first = (last: number) =>
      chosen({ profile: profileOf({ onnxruntime: native, 'host-kernels': kernels(last) }) }).engines
    expect(first(0.13)).toEqual({
      value: ['host-kernels', 'onnxruntime'],
      reason: '81 % of the time of onnxruntime up to 64 rows, and no native library to load',
    })
    // but not where large batches suffer
    expect(first(0.15).value[0]).toBe('onnxruntime')
  })

  test('is the only one that runs all of it', () => {
    expect(chosen({ profile: profileOf({ 'host-kernels': engineOf(TINY) }) }).engines.value[0]).toBe('host-kernels')
  })
})

test('without a profile everything is careful, and says so', () => {
  const choices = chosen({})
  expect(choices.plan).toEqual({ value: 'in-tick', reason: 'nothing was measured' })
  expect(choices.engines.value).toEqual(['onnxruntime', 'host-kernels'])
})

test('the operator has the last word on everything', () => {
  const overrides = {
    engines: ['host-kernels'],
    plan: 'off-loop',
    concurrency: 7,
    maxBatchRows: 3,
    windowMs: 4,
    maxQueueRows: 5,
    maxQueueDelayMs: 6,
    start: 'quick',
  } as const
  const choices = chosen({ profile: profileOf({ onnxruntime: engineOf(TINY) }), overrides })
  for (const [name, value] of Object.entries(overrides))
    expect(choices[name as keyof typeof overrides]).toEqual({ value, reason: 'set by the operator' })
})
