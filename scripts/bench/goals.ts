import { caseName, type Case } from './cases.ts'
import { byRate, ratio, type BenchResult, type Cell, type Ratio } from './results.ts'
import { median } from './schedule.ts'

/** What Slipway is to reach. Measured on Slipway as it is run in earnest, where it was measured. */
export interface Goal {
  /** Under which `notes.json` says what limits it. */
  readonly id: string
  /** In which table it stands: that of the platform, or else that of the servers. */
  readonly part?: 'platform'
  readonly what: string
  /** How the figure is to be, and how it is written. */
  readonly target: { readonly is: 'at least' | 'at most'; readonly value: number; readonly unit: Unit }
  /** The figure; undefined when the run did not measure it. */
  readonly measure: (result: BenchResult, server: string) => Ratio | undefined
}

export type Unit = 'times' | 'percent' | 'MB' | 'KiB' | 'MiB' | 'ms' | 's'

export interface GoalLine {
  readonly goal: Goal
  readonly measured: Ratio | undefined
  /** The same of Slipway at its defaults. */
  readonly byDefault: Ratio | undefined
  readonly isReached: boolean | undefined
}

const TINY_1 = { model: 'tiny', rows: 1, connections: 1 } as const
const TINY_64 = { model: 'tiny', rows: 1, connections: 64 } as const
const TINY_32_ROWS = { model: 'tiny', rows: 32, connections: 8 } as const
const TINY_64_STREAMS = { model: 'tiny', rows: 1, connections: 8, streams: 8 } as const
const TREES_64 = { model: 'trees', rows: 1, connections: 64 } as const
const TREES_32_ROWS = { model: 'trees', rows: 32, connections: 8 } as const
const ENCODER_8 = { model: 'encoder', rows: 1, connections: 8 } as const
const IMAGE_1 = { model: 'image', rows: 1, connections: 1 } as const
const IMAGE_4 = { model: 'image', rows: 1, connections: 4 } as const

const atLeast = (value: number, unit: Unit) => ({ is: 'at least', value, unit }) as const
const atMost = (value: number, unit: Unit) => ({ is: 'at most', value, unit }) as const

/** Requests per second against another server's, in the same rounds. */
const rate =
  (which: Case, other: string): Goal['measure'] =>
  ({ cells }, server) =>
    known(ratio(cells, which, server, other, byRate))

const OF_SERVERS: readonly Goal[] = [
  ...(
    [
      ['fastapi', 'FastAPI', 15],
      ['mlserver', 'MLServer', 25],
      ['bentoml', 'BentoML', 60],
      ['mlflow', 'MLflow serve', 60],
      ['ray-serve', 'Ray Serve', 150],
    ] as const
  ).map(([other, name, times]) => ({
    id: `tiny-64-${other}`,
    what: `tiny, 1 row, 64 connections: requests per second against ${name}`,
    target: atLeast(times, 'times'),
    measure: rate(TINY_64, other),
  })),
  {
    id: 'tiny-64-tail',
    what: 'the same: p99 against p50',
    target: atMost(3, 'times'),
    measure: ({ cells }, server) => known(spread(own(cells, TINY_64, server).map((cell) => cell.p99Ms / cell.p50Ms))),
  },
  {
    id: 'tiny-64-static',
    what: 'the same: share of a static reply by node:http',
    target: atLeast(0.75, 'percent'),
    measure: rate(TINY_64, 'static'),
  },
  {
    id: 'tiny-1-p50',
    what: "tiny, 1 row, 1 connection: p50 against FastAPI's",
    target: atMost(1 / 3, 'percent'),
    measure: ({ cells }, server) => known(ratio(cells, TINY_1, server, 'fastapi', (cell) => cell.p50Ms)),
  },
  ...(
    [
      ['grpcio', 'grpcio aio', 8],
      ['mlserver', "MLServer's gRPC", 10],
    ] as const
  ).map(([other, name, times]) => ({
    id: `grpc-64-${other}`,
    what: `gRPC, tiny, 1 row, 64 streams: requests per second against ${name}`,
    target: atLeast(times, 'times'),
    measure: rate(TINY_64_STREAMS, other),
  })),
  {
    id: 'trees-64',
    what: '200 trees, 1 row, 64 connections: requests per second against FastAPI',
    target: atLeast(12, 'times'),
    measure: rate(TREES_64, 'fastapi'),
  },
  {
    id: 'trees-32-rows',
    what: '200 trees, 32 rows, 8 connections: requests per second against FastAPI',
    target: atLeast(10, 'times'),
    measure: rate(TREES_32_ROWS, 'fastapi'),
  },
  {
    id: 'tiny-32-rows',
    what: 'tiny, 32 rows, 8 connections: requests per second against FastAPI',
    target: atLeast(10, 'times'),
    measure: rate(TINY_32_ROWS, 'fastapi'),
  },
  {
    id: 'encoder',
    what: 'a 6 ms encoder, 8 connections: requests per second against FastAPI with 2 workers',
    target: atLeast(1.5, 'times'),
    measure: rate(ENCODER_8, 'fastapi-2w'),
  },
  {
    id: 'encoder-memory',
    what: 'the same: memory against FastAPI with 2 workers',
    target: atMost(0.6, 'percent'),
    measure: ({ loaded }, server) => {
      const bytes = (name: string) =>
        loaded.find((facts) => facts.server === name && facts.model === 'encoder')?.memoryBytes ?? NaN
      return known(single(bytes(server) / bytes('fastapi-2w')))
    },
  },
  {
    id: 'image-1',
    what: '1.3 MB of JSON, 1 connection: requests per second against FastAPI',
    target: atLeast(5, 'times'),
    measure: rate(IMAGE_1, 'fastapi'),
  },
  {
    id: 'image-4',
    what: '1.3 MB of JSON, 4 connections: requests per second against FastAPI',
    target: atLeast(5, 'times'),
    measure: rate(IMAGE_4, 'fastapi'),
  },
  ...(['tiny', 'trees'] as const).map((model) => ({
    id: `start-${model}`,
    what: `${model === 'tiny' ? 'tiny' : '200 trees'}: process start to first right answer, against FastAPI's`,
    target: atMost(1 / 3, 'percent'),
    measure: ({ starts }: BenchResult, server: string) => {
      const ms = (name: string) => starts.find((facts) => facts.server === name && facts.model === model)?.startMs ?? []
      const against = median(ms('fastapi'))
      return known(spread(ms(server).map((each) => each / against)))
    },
  })),
  {
    id: 'memory',
    what: 'memory of a server with one tiny model',
    target: atMost(120e6, 'MB'),
    measure: ({ starts }, server) =>
      known(single(starts.find((facts) => facts.server === server && facts.model === 'tiny')?.memoryBytes ?? NaN)),
  },
  {
    id: 'memory-per-model',
    what: 'memory of each further tiny model',
    target: atMost(100 * 1024, 'KiB'),
    measure: ({ density }) => density && known(single((density.manyBytes - density.oneBytes) / density.extraModels)),
  },
]

const OF_PLATFORM: readonly Omit<Goal, 'part'>[] = [
  {
    id: 'platform-start',
    what: 'npm start with everything installed, to the answer of the demo',
    target: atMost(15_000, 's'),
    measure: ({ platform }) => platform && known(spread(platform.startMs)),
  },
  {
    id: 'platform-deploy',
    what: 'slipway deploy of a pipeline (.joblib), to the first answer',
    target: atMost(2000, 's'),
    measure: ({ platform }) => platform && known(spread(platform.deploys.map(({ totalMs }) => totalMs))),
  },
  {
    id: 'platform-wake',
    what: 'a small model woken from zero, at the client',
    target: atMost(50, 'ms'),
    measure: ({ platform }) => platform && known(spread(platform.wakeMs)),
  },
  {
    id: 'platform-idle-memory',
    what: '1,000 endpoints deployed and idle: memory of all processes',
    target: atMost(2 ** 30, 'MiB'),
    measure: ({ platform }) => platform?.idle && known(single(platform.idle.memoryBytes)),
  },
  {
    id: 'platform-idle-wake',
    what: 'one of these woken, at the client',
    target: atMost(50, 'ms'),
    measure: ({ platform }) => platform?.idle && known(spread(platform.idle.wakeMs)),
  },
  ...[64, 8].map((connections) => ({
    id: `platform-load-${connections}`,
    what: `an endpoint behind keys, routing, metrics and capture, ${connections} connections: requests per second against slipway serve`,
    target: atLeast(0.85, 'percent'),
    measure: ({ platform }: BenchResult) =>
      platform &&
      known(ratio(platform.cells, { model: 'tiny', rows: 1, connections }, 'slipway-platform', 'slipway', byRate)),
  })),
]

export const GOALS: readonly Goal[] = [
  ...OF_SERVERS,
  ...OF_PLATFORM.map((goal): Goal => ({ ...goal, part: 'platform' })),
]

/** What a run says of each goal. */
export function judge(result: BenchResult): GoalLine[] {
  return GOALS.map((goal) => {
    const byDefault = goal.measure(result, 'slipway')
    const measured = goal.measure(result, 'slipway-full') ?? byDefault
    return { goal, measured, byDefault, isReached: measured && isReached(goal, measured.middle) }
  })
}

function isReached({ target }: Goal, value: number): boolean {
  return target.is === 'at least' ? value >= target.value : value <= target.value
}

export function formatFigure(value: number, unit: Unit): string {
  if (unit === 'percent') return `${Math.round(value * 100)} %`
  if (unit === 'MB') return `${(value / 1e6).toFixed(0)} MB`
  if (unit === 'MiB') return `${Math.round(value / 2 ** 20)} MiB`
  if (unit === 'ms') return `${value.toFixed(value < 100 ? 1 : 0)} ms`
  if (unit === 's') return `${(value / 1000).toFixed(1)} s`
  if (unit === 'KiB') return `${(value / 1024).toFixed(0)} KiB`
  return `${value < 100 ? value.toFixed(1) : value.toFixed(0)} ×`
}

export function formatTarget({ is, value, unit }: Goal['target']): string {
  return `${is === 'at least' ? '≥' : '≤'} ${formatFigure(value, unit).replace('.0 ', ' ')}`
}

function own(cells: readonly Cell[], which: Case, server: string): Cell[] {
  return cells.filter((cell) => cell.server === server && caseName(cell) === caseName(which))
}

function spread(values: readonly number[]): Ratio {
  return { middle: median(values), low: Math.min(...values), high: Math.max(...values) }
}

function single(value: number): Ratio {
  return { middle: value, low: value, high: value }
}

function known(found: Ratio): Ratio | undefined {
  return Number.isNaN(found.middle) ? undefined : found
}
