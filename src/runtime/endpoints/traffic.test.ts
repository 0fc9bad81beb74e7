import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LATENCY_BOUNDS_MS } from '../../api/runner-status.ts'
import { bucketOf, Traffic } from './traffic.ts'

describe('buckets of latencies', () => {
  test('a latency is in the first bucket whose bound is not below it', () => {
    const slow = (ms: number) => {
      const at = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound)
      return at === -1 ? LATENCY_BOUNDS_MS.length : at
    }
    fc.assert(fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (ms) => bucketOf(ms) === slow(ms)))
    for (const bound of LATENCY_BOUNDS_MS) {
      expect(bucketOf(bound)).toBe(slow(bound))
      expect(bucketOf(bound * (1 + 1e-12))).toBe(slow(bound * (1 + 1e-12)))
    }
    expect([bucketOf(0), bucketOf(-1), bucketOf(Infinity)]).toEqual([0, 0, LATENCY_BOUNDS_MS.length])
  })
})

describe('sums', () => {
  test('requests under way are told as their mean over the interval', () => {
    const traffic = new Traffic(0)
    traffic.enter(0)
    traffic.enter(50)
    traffic.answered(75, 75, 2)
    expect(traffic.report(100, false)).toMatchObject({ intervalMs: 100, inFlight: 1.25, requests: 1, rows: 2 })
    expect(traffic.report(200, false)).toMatchObject({ intervalMs: 100, inFlight: 1, requests: 0 })
    traffic.failed(200, 'unavailable')
    expect(traffic.report(300, false)).toMatchObject({ inFlight: 0, requests: 1, errors: 1, rows: 0 })
    expect(traffic.report(400, false)).toBeUndefined()
  })

  test('what is turned down for its content is counted by itself', () => {
    const traffic = new Traffic(0)
    for (const code of ['invalid_argument', 'unsupported', 'too_large', 'overloaded', 'internal'] as const) {
      traffic.enter(1)
      traffic.failed(2, code)
    }
    expect(traffic.report(10, false)).toMatchObject({ requests: 5, errors: 1, rejected: 3 })
    traffic.enter(11)
    expect(traffic.report(20, false)).toMatchObject({ requests: 0, rejected: 0 })
  })

  test('faults of callers and overload are no errors', () => {
    const traffic = new Traffic(0)
    for (const code of ['invalid_argument', 'overloaded', 'cancelled', 'internal', 'deadline_exceeded'] as const) {
      traffic.enter(1)
      traffic.failed(2, code)
    }
    expect(traffic.report(10, false)).toMatchObject({ requests: 5, errors: 2 })
  })

  test('reports add up to what there was', () => {
    const step = fc.record({ ms: fc.double({ min: 0.01, max: 1000, noNaN: true }), report: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
        const traffic = new Traffic(0)
        const sums = { requests: 0, rows: 0, area: 0, counted: 0 }
        let time = 0
        const add = () => {
          const report = traffic.report(time, true)
          sums.requests += report?.requests ?? 0
          sums.rows += report?.rows ?? 0
          sums.area += (report?.inFlight ?? 0) * (report?.intervalMs ?? 0)
          sums.counted += report?.latency.reduce((sum, count) => sum + count, 0) ?? 0
        }
        let area = 0
        for (const { ms, report } of steps) {
          traffic.enter(time)
          time += ms
          area += ms
          traffic.answered(time, ms, 3)
          if (report) add()
        }
        add()
        expect(sums).toMatchObject({ requests: steps.length, rows: 3 * steps.length, counted: steps.length })
        expect(sums.area).toBeCloseTo(area, 3)
      }),
    )
  })
})
