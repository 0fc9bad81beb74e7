import { summarize, type BenchResult, type Cell } from './results.ts'

const SERVERS = ['fastapi', 'slipway', 'static']
const RATE: Readonly<Record<string, number>> = { fastapi: 1000, slipway: 4250, static: 9000 }

const cells: Cell[] = [1, 8, 64].flatMap((connections) =>
  SERVERS.map((server) => ({
    round: 0,
    server,
    connections,
    requests: 4000,
    requestsPerSecond: RATE[server] ?? NaN,
    p50Ms: 0.25 * connections,
    p99Ms: 2.5 * connections,
    cpuUsPerRequest: 50,
    otherCores: 0.125,
  })),
)

/** A made-up run: Slipway 4.25 times as fast as FastAPI, and less than half as fast as the static answer. */
export const result: BenchResult = {
  measuredOn: '2026-01-02',
  machine: { cores: 2, processor: 'Processor', memoryBytes: 2 ** 34, system: 'System', versions: { Node: '26.0.0' } },
  settings: {
    rounds: 1,
    secondsPerCell: 4,
    warmUpSeconds: 1,
    connections: [1, 8, 64],
    starts: 3,
    seed: 1,
    repeats: 0,
    bodyBytes: 102,
  },
  servers: SERVERS.map((server) => ({
    server,
    answerBytes: 231,
    startMs: [300, 100, 200],
    firstStartMs: server === 'slipway' ? 900 : undefined,
    idleBytes: 2 ** 26,
    loadedBytes: 2 ** 27,
  })),
  summary: summarize(cells, SERVERS),
  cells,
}
