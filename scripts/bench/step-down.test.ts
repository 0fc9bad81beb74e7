import { expect, test } from 'vitest'
import { dueTimes } from './open-loop.ts'
import { judgeStepDown } from './step-down.ts'

const STEPS = [
  { ratePerSecond: 100, seconds: 1 },
  { ratePerSecond: 1000, seconds: 1 },
  { ratePerSecond: 100, seconds: 2 },
]
const due = dueTimes(STEPS)

/** @param isGood of a request that is due then (s) */
const judge = (isGood: (at: number) => boolean) =>
  judgeStepDown(
    STEPS,
    Uint8Array.from(due, (ms) => Number(isGood(ms / 1000))),
  )

test('steps follow each other without a pause', () => {
  expect(due).toHaveLength(1300)
  expect([due[99], due[100], due[101], due[1100], due.at(-1)]).toEqual([990, 1000, 1001, 2000, 3990])
})

test.each([
  ['at once', 2, 0],
  ['after 0.7 s', 2.7, 0.7],
  ['never', 9, Infinity],
])('goodput comes back %s', (_when, from, seconds) => {
  const { usualShare, recoverySeconds } = judge((at) => at < 1 || at >= from)
  expect(usualShare).toBe(1)
  expect(recoverySeconds).toBeCloseTo(seconds, 5)
})

test('what the usual load had before is what it is measured by', () => {
  const everyOther = (at: number) => Math.round(at * 100) % 2 === 0
  expect(judge(everyOther)).toMatchObject({ usualShare: 0.5, recoverySeconds: 0 })
})
