import { expect, test } from 'vitest'
import { summarize, type Cell } from './results.ts'

const cell = (round: number, server: string, requestsPerSecond: number): Cell => ({
  round,
  server,
  connections: 8,
  requests: requestsPerSecond * 2,
  requestsPerSecond,
  p50Ms: round,
  p99Ms: 10 * round,
  cpuUsPerRequest: 100 + round,
  otherCores: 0,
})

test('ratios are taken inside a round, so that a slow machine slows both sides', () => {
  const rounds = [
    [100, 400, 800],
    [10, 50, 80],
    [100, 600, 1000],
  ]
  const cells = rounds.flatMap(([fastapi = 0, slipway = 0, fixed = 0], i) => [
    cell(i + 1, 'fastapi', fastapi),
    cell(i + 1, 'slipway', slipway),
    cell(i + 1, 'static', fixed),
  ])
  const [fastapi, slipway] = summarize(cells, ['fastapi', 'slipway', 'static'])
  expect(slipway).toMatchObject({ timesFastapi: 5, timesFastapiLow: 4, timesFastapiHigh: 6, requestsPerSecond: 400 })
  expect(slipway).toMatchObject({ shareOfStatic: 0.6, p50Ms: 2, p99Ms: 20, cpuUsPerRequest: 102 })
  expect(fastapi).toMatchObject({ timesFastapi: 1, timesFastapiLow: 1, timesFastapiHigh: 1 })
})

test('lines come by connections first, then in the order of the servers', () => {
  const cells = [64, 1, 8].flatMap((connections) =>
    ['static', 'slipway', 'fastapi'].map((server) => ({ ...cell(0, server, 1), connections })),
  )
  const order = summarize(cells, ['fastapi', 'slipway', 'static']).map((line) => `${line.connections} ${line.server}`)
  expect(order.slice(0, 4)).toEqual(['1 fastapi', '1 slipway', '1 static', '8 fastapi'])
  expect(order.at(-1)).toBe('64 static')
})
