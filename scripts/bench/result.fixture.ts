import { CASES, isGrpc, type Case } from './cases.ts'
import { PEERS, takesPart } from './peers.ts'
import { PLATFORM, PLATFORM_CASES } from './platform/platform-cases.ts'
import { summarize, type BenchResult, type Cell, type PlatformFacts } from './results.ts'

const SERVERS = [...PEERS.map(({ name }) => name), 'slipway', 'slipway-full', 'static', 'static-grpc']
const ofCase = (which: Case) => [
  ...PEERS.filter((peer) => takesPart(peer, [which])).map(({ name }) => name),
  'slipway',
  'slipway-full',
  isGrpc(which) ? 'static-grpc' : 'static',
]
/** Requests per second; those that are not named have 500. */
const RATE: Readonly<Record<string, number>> = {
  fastapi: 1000,
  grpcio: 2500,
  slipway: 20_000,
  'slipway-full': 16_000,
  static: 20_000,
  'static-grpc': 25_000,
}

const cells: Cell[] = CASES.flatMap((each) =>
  ofCase(each).map((server) => ({
    ...each,
    round: 0,
    server,
    requests: 4000,
    requestsPerSecond: RATE[server] ?? 500,
    p50Ms: (server.startsWith('slipway') ? 0.05 : 0.25) * each.connections,
    p99Ms: 2.5 * each.connections,
    cpuUsPerRequest: 50,
    loadCores: server === 'static' ? 0.95 : 0.5,
    otherCores: 0.125,
  })),
)

const starts = ['tiny', 'trees'].flatMap((model) =>
  SERVERS.map((server) => ({
    server,
    model,
    startMs: server.startsWith('slipway') ? [300, 100, 200] : [600, 900, 660],
    firstStartMs: server === 'slipway' ? 900 : undefined,
    memoryBytes: 2 ** 26,
    proportionalBytes: 2 ** 25,
  })),
)

/** On the platform everything takes its goal's time or half of it, and nine tenths of the speed are left. */
const platform: PlatformFacts = {
  startMs: [4000, 6000],
  deploys: [{ totalMs: 1500, parts: [{ name: 'loaded', ms: 50 }] }],
  idle: {
    endpoints: 1000,
    emptyBytes: 2 ** 27,
    memoryBytes: 2 ** 29,
    proportionalBytes: 2 ** 28,
    putMs: 10_000,
    allMs: 20_000,
    wakeMs: [20, 25, 60],
  },
  wakeMs: [10, 80, 70],
  cells: PLATFORM_CASES.flatMap((each) =>
    ['slipway', PLATFORM].map((server) => ({
      ...each,
      round: 0,
      server,
      requests: 4000,
      requestsPerSecond: server === PLATFORM ? 18_000 : 20_000,
      p50Ms: 1,
      p99Ms: 2,
      cpuUsPerRequest: 50,
      loadCores: 0.5,
      otherCores: 0.125,
    })),
  ),
}

/** A made-up run: Slipway with keys is 16 times as fast as FastAPI, 6.4 times as grpcio, and has four fifths of the static answer's speed. */
export const result: BenchResult = {
  measuredOn: '2026-01-02',
  machine: { cores: 2, processor: 'Processor', memoryBytes: 2 ** 34, system: 'System', versions: { Node: '26.0.0' } },
  settings: {
    rounds: 1,
    secondsPerCell: 4,
    warmUpSeconds: 1,
    starts: 3,
    seed: 1,
    repeats: 0,
    full: ['an API key for each request'],
  },
  servers: SERVERS.map((name) => ({ name, label: name })),
  starts,
  loaded: SERVERS.map((server) => ({
    server,
    model: 'encoder',
    memoryBytes: server.startsWith('slipway') ? 2 ** 28 : 2 ** 29,
    proportionalBytes: 2 ** 27,
  })),
  density: { extraModels: 100, oneBytes: 2 ** 26, manyBytes: 2 ** 26 + 100 * 150 * 1024 },
  platform,
  summary: summarize(cells, CASES, SERVERS),
  cells,
  failures: [
    { server: 'litserve', what: 'image/1@4', reason: 'of 3 requests some failed:\ntimeout 1 | more' },
    { server: PLATFORM, what: 'npm start', reason: 'it did not come up' },
  ],
}
