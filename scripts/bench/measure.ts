import { load } from './load.ts'
import { cpuSeconds, machineCpuSeconds, ownCpuSeconds, treeOf } from './proc.ts'
import type { Cell } from './results.ts'
import type { Turn } from './schedule.ts'
import type { RunningServer } from './servers.ts'

export interface MeasureOptions {
  readonly warmUpSeconds: number
  readonly seconds: number
  /** Path of wrk's script. */
  readonly script: string
  readonly signal: AbortSignal
}

/**
 * One turn of one server: warmed up, loaded, its processor time read before and after.
 * @throws {ServingError} `internal` when a request failed
 */
export async function measure(server: RunningServer, turn: Turn, options: MeasureOptions): Promise<Cell> {
  const { warmUpSeconds, seconds, script, signal } = options
  await load(server.port, turn.connections, warmUpSeconds, script, signal)
  const tree = treeOf(server.pid)
  const before = readClocks(tree)
  const { requests, seconds: lasted, p50Ms, p99Ms } = await load(server.port, turn.connections, seconds, script, signal)
  const after = readClocks(tree)
  const used = after.server - before.server
  const others = after.machine - before.machine - used - (after.own - before.own)
  return {
    ...turn,
    requests,
    requestsPerSecond: requests / lasted,
    p50Ms,
    p99Ms,
    cpuUsPerRequest: (used / requests) * 1e6,
    otherCores: Math.max(0, others / lasted),
  }
}

/** Processor time so far (seconds): the server's, our own with wrk's, the whole machine's. */
function readClocks(tree: readonly number[]): { server: number; own: number; machine: number } {
  return { server: cpuSeconds(tree), own: ownCpuSeconds(), machine: machineCpuSeconds() }
}
