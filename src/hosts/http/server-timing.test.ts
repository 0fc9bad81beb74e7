import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ServedModel, Timing } from '../../runtime/plane.ts'
import { formatServerTiming } from './server-timing.ts'

const TIMING: Timing = {
  model: {} as ServedModel,
  rows: 2,
  queueMs: 0.12,
  arrivedAtMs: 0,
  waitedFor: 'tick',
  runMs: 0.0304,
  batchRows: 8,
}

describe('Server-Timing', () => {
  test('says where the time went', () => {
    expect(formatServerTiming(TIMING, 0.4)).toBe(
      'queue;dur=0.12;desc="tick", model;dur=0.03, batch;desc="8 rows", total;dur=0.4',
    )
  })

  test('counts one row as a row', () => {
    expect(formatServerTiming({ ...TIMING, rows: 1, batchRows: 1 }, 0.4)).toContain('batch;desc="1 row", ')
  })

  test('of a request that was not run says how long it waited', () => {
    expect(formatServerTiming({ ...TIMING, waitedFor: 'run', queueMs: 1500, runMs: 0, batchRows: 0 }, 1500.5)).toBe(
      'queue;dur=1500;desc="run", total;dur=1500.5',
    )
  })

  test('rounds to microseconds, and is never less than nothing', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (ms) => {
        const [, text] = /total;dur=(\d+(?:\.\d{1,3})?)$/.exec(formatServerTiming(TIMING, ms)) ?? []
        expect(Math.abs(Number(text) - ms)).toBeLessThanOrEqual(0.000501)
      }),
    )
    for (const odd of [-1, -0, Number.NaN]) expect(formatServerTiming(TIMING, odd)).toMatch(/total;dur=0$/)
  })
})
