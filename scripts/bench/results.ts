import { median } from './schedule.ts'

/** One measurement: a server under some connections, in one round. */
export interface Cell {
  readonly round: number
  readonly server: string
  readonly connections: number
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Processor time of the server's processes for each request (microseconds). */
  readonly cpuUsPerRequest: number
  /** Cores that neither the server nor the load took meanwhile: others' work on the machine. */
  readonly otherCores: number
}

/** What was measured once for each server. */
export interface ServerFacts {
  readonly server: string
  readonly answerBytes: number
  /** Each start, from the process to the first right answer (ms). */
  readonly startMs: readonly number[]
  /** The very first start, where that has work to do which later ones find done (ms). */
  readonly firstStartMs: number | undefined
  /** Memory after a second of load, and after all load (bytes). */
  readonly idleBytes: number
  readonly loadedBytes: number
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
  readonly connections: readonly number[]
  readonly starts: number
  readonly seed: number
  readonly repeats: number
  readonly bodyBytes: number
}

/** A whole run, as `--json` prints it. */
export interface BenchResult {
  readonly measuredOn: string
  readonly machine: Machine
  readonly settings: Settings
  readonly servers: readonly ServerFacts[]
  readonly summary: readonly Line[]
  readonly cells: readonly Cell[]
}

/** A server under some connections, all rounds together: medians. */
export interface Line {
  readonly server: string
  readonly connections: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUsPerRequest: number
  /** Requests per second against FastAPI's and the static answer's of the same round; lowest and highest round too. */
  readonly timesFastapi: number
  readonly timesFastapiLow: number
  readonly timesFastapiHigh: number
  readonly shareOfStatic: number
}

/**
 * Medians over the rounds. Ratios are taken inside each round first, where both sides met the same machine.
 * @param servers in the order in which they are to be told
 */
export function summarize(cells: readonly Cell[], servers: readonly string[]): Line[] {
  const lines: Line[] = []
  const connections = [...new Set(cells.map((cell) => cell.connections))].sort((a, b) => a - b)
  for (const count of connections) {
    for (const server of servers) {
      const own = cells.filter((cell) => cell.server === server && cell.connections === count)
      const ratios = ratiosTo('fastapi', own, cells)
      lines.push({
        server,
        connections: count,
        requestsPerSecond: median(own.map((cell) => cell.requestsPerSecond)),
        p50Ms: median(own.map((cell) => cell.p50Ms)),
        p99Ms: median(own.map((cell) => cell.p99Ms)),
        cpuUsPerRequest: median(own.map((cell) => cell.cpuUsPerRequest)),
        timesFastapi: median(ratios),
        timesFastapiLow: Math.min(...ratios),
        timesFastapiHigh: Math.max(...ratios),
        shareOfStatic: median(ratiosTo('static', own, cells)),
      })
    }
  }
  return lines
}

function ratiosTo(server: string, own: readonly Cell[], all: readonly Cell[]): number[] {
  return own.map((cell) => {
    const other = all.find(
      (each) => each.server === server && each.round === cell.round && each.connections === cell.connections,
    )
    return cell.requestsPerSecond / (other?.requestsPerSecond ?? NaN)
  })
}
