import { expect, test } from 'vitest'
import type { Case } from './cases.ts'
import { ratio, summarize, type Cell } from './results.ts'

const CASE: Case = { model: 'tiny', rows: 1, connections: 8 }

const cell = (round: number, server: string, requestsPerSecond: number, which: Case = CASE): Cell => ({
  ...which,
  round,
  server,
  requests: requestsPerSecond * 2,
  requestsPerSecond,
  p50Ms: round,
  p99Ms: 10 * round,
  cpuUsPerRequest: 100 + round,
  loadCores: 0.5,
  otherCores: 0,
})

const ROUNDS = [
  [100, 400, 800],
  [10, 50, 80],
  [100, 600, 1000],
]
const cells = ROUNDS.flatMap(([fastapi = 0, slipway = 0, fixed = 0], i) => [
  cell(i + 1, 'fastapi', fastapi),
  cell(i + 1, 'slipway', slipway),
  cell(i + 1, 'static', fixed),
])

test('ratios are taken inside a round, so that a slow machine slows both sides', () => {
  const [fastapi, slipway] = summarize(cells, [CASE], ['fastapi', 'slipway', 'static'])
  expect(slipway).toMatchObject({ timesFastapi: { middle: 5, low: 4, high: 6 }, requestsPerSecond: 400 })
  expect(slipway).toMatchObject({ shareOfStatic: { middle: 0.6 }, p50Ms: 2, p99Ms: 20, cpuUsPerRequest: 102 })
  expect(fastapi?.timesFastapi).toEqual({ middle: 1, low: 1, high: 1 })
})

test('a round in which one side failed has no ratio', () => {
  const lacking = cells.filter(({ round, server }) => !(round === 1 && server === 'fastapi'))
  expect(ratio(lacking, CASE, 'slipway', 'fastapi', (each) => each.requestsPerSecond)).toEqual({
    middle: 5.5,
    low: 5,
    high: 6,
  })
  expect(ratio(cells, CASE, 'slipway', 'mlflow', (each) => each.requestsPerSecond).middle).toBeNaN()
})

test('by gRPC the others are told against grpcio, and against the static answer by gRPC', () => {
  const byGrpc: Case = { ...CASE, streams: 8 }
  const mixed = [
    ...cells,
    cell(1, 'grpcio', 200, byGrpc),
    cell(1, 'slipway', 1000, byGrpc),
    cell(1, 'static-grpc', 1250, byGrpc),
  ]
  const slipway = summarize(mixed, [byGrpc], ['grpcio', 'slipway', 'static-grpc'])[1]
  expect(slipway).toMatchObject({ ...byGrpc, timesGrpcio: { middle: 5 }, shareOfStatic: { middle: 0.8 } })
  expect(slipway?.timesFastapi.middle).toBeNaN()
})

test('cases are kept apart, in their order, and servers without a measurement are left out', () => {
  const other: Case = { ...CASE, rows: 32 }
  const mixed = [cell(0, 'static', 1, other), cell(0, 'fastapi', 1, other), cell(0, 'fastapi', 2)]
  const order = summarize(mixed, [CASE, other], ['fastapi', 'slipway', 'static'])
  expect(order.map(({ rows, server, requestsPerSecond }) => [rows, server, requestsPerSecond])).toEqual([
    [1, 'fastapi', 2],
    [32, 'fastapi', 1],
    [32, 'static', 1],
  ])
})
