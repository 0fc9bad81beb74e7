import { caseName, isGrpc, type Case } from './cases.ts'
import { median } from './schedule.ts'

/** One measurement: a server in one case, in one round. */
export interface Cell extends Case {
  readonly round: number
  readonly server: string
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Processor time of the server's processes for each request (microseconds). */
  readonly cpuUsPerRequest: number
  /** Cores that making the load took: near 1 the server could have done more. */
  readonly loadCores: number
  /** Cores that neither the server nor the load took meanwhile: others' work on the machine. */
  readonly otherCores: number
}

/** A server with one model, alone on the machine. */
export interface StartFacts {
  readonly server: string
  readonly model: string
  /** Each start, from the process to the first right answer (ms). */
  readonly startMs: readonly number[]
  /** The very first start, where that has work to do which later ones find done (ms). */
  readonly firstStartMs: number | undefined
  /** Memory after a second of load (bytes), and as Linux divides it. */
  readonly memoryBytes: number
  readonly proportionalBytes: number
}

/** A server after all the load on a model. */
export interface LoadedFacts {
  readonly server: string
  readonly model: string
  readonly memoryBytes: number
  readonly proportionalBytes: number
}

/** Memory of Slipway with one tiny model, and with many. */
export interface Density {
  readonly extraModels: number
  readonly oneBytes: number
  readonly manyBytes: number
}

/** One `slipway deploy` of a model file on a platform that runs. */
export interface DeployFacts {
  /** From the start of the command to the first right answer (ms). */
  readonly totalMs: number
  /** What it goes through, in this order, and how long each takes (ms). */
  readonly parts: readonly { readonly name: string; readonly ms: number }[]
}

/** Many endpoints on one platform, none of which anybody calls. */
export interface IdleFacts {
  readonly endpoints: number
  /** Memory of all processes before there was any of them (bytes). */
  readonly emptyBytes: number
  /** The same with all of them, and as Linux divides it. */
  readonly memoryBytes: number
  readonly proportionalBytes: number
  /** Until the platform had taken all of them down, and until all of them answered (ms). */
  readonly putMs: number
  readonly allMs: number
  /** From a request to an endpoint without a replica to its right answer (ms). */
  readonly wakeMs: readonly number[]
}

/** What the platform costs beside `slipway serve`. */
export interface PlatformFacts {
  /** `npm start` with everything installed, to the answer of the demo (ms). */
  readonly startMs: readonly number[]
  readonly deploys: readonly DeployFacts[]
  readonly idle: IdleFacts | undefined
  /** Of endpoints on a platform that has few, as `IdleFacts.wakeMs`. */
  readonly wakeMs: readonly number[]
  /** `slipway serve` and an endpoint of the same model, in turn. */
  readonly cells: readonly Cell[]
}

/** What could not be measured. */
export interface Failure {
  readonly server: string
  /** Model or cell. */
  readonly what: string
  readonly reason: string
}

export interface Machine {
  readonly cores: number
  readonly processor: string
  readonly memoryBytes: number
  readonly system: string
  /** Versions of what took part, by name. */
  readonly versions: Readonly<Record<string, string>>
}

export interface Settings {
  readonly rounds: number
  readonly secondsPerCell: number
  readonly warmUpSeconds: number
  readonly starts: number
  readonly seed: number
  readonly repeats: number
  /** What the full Slipway has that the default one lacks. */
  readonly full: readonly string[]
}

/** A whole run, as `--json` prints it. */
export interface BenchResult {
  readonly measuredOn: string
  readonly machine: Machine
  readonly settings: Settings
  /** Names and how people call them, in the order of the tables. */
  readonly servers: readonly { readonly name: string; readonly label: string }[]
  readonly starts: readonly StartFacts[]
  readonly loaded: readonly LoadedFacts[]
  readonly density: Density | undefined
  /** Absent where the platform was left out. */
  readonly platform?: PlatformFacts | undefined
  readonly summary: readonly Line[]
  readonly cells: readonly Cell[]
  readonly failures: readonly Failure[]
}

/** A middle value with the lowest and the highest round. */
export interface Ratio {
  readonly middle: number
  readonly low: number
  readonly high: number
}

/** A server in one case, all rounds together: medians. */
export interface Line extends Case {
  readonly server: string
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUsPerRequest: number
  readonly loadCores: number
  /** Requests per second against FastAPI's, grpcio's and the static answer's of the same round. */
  readonly timesFastapi: Ratio
  readonly timesGrpcio: Ratio
  readonly shareOfStatic: Ratio
}

/**
 * Medians over the rounds. Ratios are taken inside each round first, where both sides met the same machine.
 * @param servers in the order in which they are to be told, inside the order of `cases`
 */
export function summarize(cells: readonly Cell[], cases: readonly Case[], servers: readonly string[]): Line[] {
  return cases.flatMap((each) =>
    servers.flatMap((server) => {
      const own = cells.filter((cell) => cell.server === server && caseName(cell) === caseName(each))
      if (own.length === 0) return []
      return {
        ...each,
        server,
        requestsPerSecond: median(own.map((cell) => cell.requestsPerSecond)),
        p50Ms: median(own.map((cell) => cell.p50Ms)),
        p99Ms: median(own.map((cell) => cell.p99Ms)),
        cpuUsPerRequest: median(own.map((cell) => cell.cpuUsPerRequest)),
        loadCores: median(own.map((cell) => cell.loadCores)),
        timesFastapi: ratio(cells, each, server, 'fastapi', byRate),
        timesGrpcio: ratio(cells, each, server, 'grpcio', byRate),
        shareOfStatic: ratio(cells, each, server, isGrpc(each) ? 'static-grpc' : 'static', byRate),
      }
    }),
  )
}

export const byRate = (cell: Cell): number => cell.requestsPerSecond

/** One server's number against another's in the same rounds of a case; not numbers where one of them has none. */
export function ratio(
  cells: readonly Cell[],
  which: Case,
  server: string,
  other: string,
  numberOf: (cell: Cell) => number,
): Ratio {
  const wanted = caseName(which)
  const ratios: number[] = []
  for (const cell of cells) {
    if (cell.server !== server || caseName(cell) !== wanted) continue
    const against = cells.find(
      (each) => each.server === other && each.round === cell.round && caseName(each) === wanted,
    )
    if (against !== undefined) ratios.push(numberOf(cell) / numberOf(against))
  }
  return { middle: median(ratios), low: least(ratios), high: most(ratios) }
}

function least(values: readonly number[]): number {
  return values.length === 0 ? NaN : Math.min(...values)
}

function most(values: readonly number[]): number {
  return values.length === 0 ? NaN : Math.max(...values)
}
