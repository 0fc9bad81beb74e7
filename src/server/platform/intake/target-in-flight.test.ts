import { expect, test } from 'vitest'
import type { RunPoint } from '../../../runtime/run-cost.ts'
import { chooseTargetInFlight } from './target-in-flight.ts'

const curveOf = (...points: [rows: number, ms: number][]): RunPoint[] => points.map(([rows, ms]) => ({ rows, ms }))
const said = <T>(value: T) => ({ value, reason: '' })
const inTick = { plan: said('in-tick' as const), concurrency: said(1), maxBatchRows: said(256) }
const offLoop = (cores: number) => ({
  plan: said('off-loop' as const),
  concurrency: said(cores),
  maxBatchRows: said(16),
})

test('a tiny model in the tick has as many as nobody notices', () => {
  const { value, reason } = chooseTargetInFlight(curveOf([1, 0.01], [8, 0.012], [64, 0.03]), inTick, true)
  expect(value).toBeGreaterThanOrEqual(15)
  expect(value).toBeLessThanOrEqual(20)
  expect(reason).toMatch(
    /^so many are answered within 2\.0 ms, twice a run and 2 ms: one alone takes 0\.1 ms, \d+ together [12]\.\d ms$/,
  )
})

test('a heavy model off the loop has two for each run at once, when rows gain nothing together', () => {
  const heavy = curveOf([1, 30], [2, 60], [4, 120])
  expect(chooseTargetInFlight(heavy, offLoop(2), true).value).toBe(4)
  expect(chooseTargetInFlight(heavy, offLoop(8), true).value).toBe(16)
  expect(chooseTargetInFlight(heavy, offLoop(2), false).value).toBe(4)
})

test('rows that are cheaper together allow for more', () => {
  const steep = curveOf([1, 10], [4, 12], [8, 16], [16, 30])
  const together = chooseTargetInFlight(steep, offLoop(1), true).value
  expect(together).toBeGreaterThanOrEqual(8)
  expect(chooseTargetInFlight(steep, offLoop(1), false).value).toBe(2)
})

test('it is never none, nor without bound', () => {
  expect(chooseTargetInFlight(curveOf([1, 60_000]), inTick, true).value).toBeGreaterThanOrEqual(1)
  expect(chooseTargetInFlight(curveOf([1, 60_000], [16, 60_000]), offLoop(64), true).value).toBe(100)
})

test('where nothing was measured it says so', () => {
  expect(chooseTargetInFlight(undefined, offLoop(3), true)).toEqual({
    value: 6,
    reason: 'nothing was measured: one runs and one waits on each place',
  })
})
