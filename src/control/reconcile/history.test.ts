import { expect, test } from 'vitest'
import { LATENCY_BOUNDS_MS } from '../../api/runner-status.ts'
import { createHistory } from './history.ts'

function traffic(requests: number, errors = 0) {
  const latency = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, () => 0)
  latency[3] = requests - errors
  return { endpoint: 'e', variant: 'v', digest: 'd', intervalMs: 1000, inFlight: 1, requests, errors, rows: 1, latency }
}

test('words of the same second are one lot, whichever runner or variant they are of', () => {
  let nowMs = 10_000
  const history = createHistory(() => nowMs)
  history.add('a', traffic(10, 1))
  history.add('a', traffic(5))
  history.add('b', traffic(3))
  nowMs += 1000
  history.add('b', traffic(7))
  const lots = history.figures(['a', 'b'])
  expect(lots.map(({ requests, errors, latency }) => [requests, errors, latency[3]])).toEqual([
    [18, 1, 17],
    [7, 0, 7],
  ])
  expect(history.figures(['c'])).toEqual([])
})

test('a minute is kept at most, and nothing that is older than two', () => {
  let nowMs = 0
  const history = createHistory(() => nowMs)
  for (let i = 0; i < 100; i++, nowMs += 1000) history.add('a', traffic(i + 1))
  expect(history.figures(['a']).map(({ requests }) => requests)).toEqual(Array.from({ length: 60 }, (_, i) => i + 41))
  nowMs += 100_000
  expect(history.figures(['a'])).toHaveLength(20)
})

test('of many variants those with traffic last are kept', () => {
  const history = createHistory(() => 0)
  history.add('first', traffic(1))
  for (let i = 0; i < 499; i++) history.add(`v${i}`, traffic(1))
  history.add('first', traffic(1))
  history.add('another', traffic(1))
  expect(
    [history.figures(['v0']), history.figures(['first']), history.figures(['v1'])].map((lots) => lots.length),
  ).toEqual([0, 1, 1])
})
