import { request } from 'node:http'
import { join } from 'node:path'
import { ServingError } from '../../src/core/errors.ts'
import { load, writeScript } from './load.ts'
import { FOLDER } from './paths.ts'
import { cpuSeconds, machineCpuSeconds, ownCpuSeconds, treeOf } from './proc.ts'
import type { Exchange } from './question.ts'
import type { Cell } from './results.ts'
import type { Turn } from './schedule.ts'
import type { RunningServer } from './servers.ts'

/** How long each server is loaded before it is measured (s). */
export const WARM_UP_SECONDS = 1

/** Where wrk finds a server, and the script that asks it. */
export interface Target {
  readonly port: number
  readonly path: string
  readonly script: string
}

/** @throws when the server was given no request of so many rows */
export function exchangeOf({ name, plan }: RunningServer, rows: number): Exchange {
  const exchange = plan.exchanges.get(rows)
  if (exchange === undefined) throw new Error(`${name} has no request of ${rows} rows; this is a bug`)
  return exchange
}

/** Writes wrk's script for a server. */
export function targetOf(server: RunningServer, rows: number): Target {
  const exchange = exchangeOf(server, rows)
  const script = join(FOLDER, 'wrk', `${server.name}-${rows}.lua`)
  writeScript(script, exchange)
  return { port: server.port, path: exchange.path, script }
}

/**
 * One turn of one server: warmed up, loaded, its processor time read before and after.
 * @throws {ServingError} `internal` when a request failed
 */
export async function measure(
  server: RunningServer,
  turn: Turn,
  options: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<Cell> {
  const { seconds, signal } = options
  const target = targetOf(server, turn.rows)
  await load(target, turn.connections, WARM_UP_SECONDS, signal)
  const scraper = scrape(server)
  const tree = treeOf(server.pid)
  const before = readClocks(tree)
  const { requests, seconds: lasted, p50Ms, p99Ms } = await load(target, turn.connections, seconds, signal)
  const after = readClocks(tree)
  scraper.stop()
  const used = after.server - before.server
  const ownUsed = after.own - before.own
  return {
    ...turn,
    requests,
    requestsPerSecond: requests / lasted,
    p50Ms,
    p99Ms,
    cpuUsPerRequest: (used / requests) * 1e6,
    loadCores: ownUsed / lasted,
    otherCores: Math.max(0, (after.machine - before.machine - used - ownUsed) / lasted),
  }
}

/** Processor time so far (seconds): the server's, our own with wrk's, the whole machine's. */
function readClocks(tree: readonly number[]): { server: number; own: number; machine: number } {
  return { server: cpuSeconds(tree), own: ownCpuSeconds(), machine: machineCpuSeconds() }
}

/** Reads a server's metrics each second, as its monitor would. A failure of that is one of the measurement. */
function scrape({ name, port, plan }: RunningServer): { stop(): void } {
  const { scrape: wanted } = plan
  if (wanted === undefined) return { stop: () => {} }
  let failure: string | undefined
  const read = () => {
    const asked = request({ host: '127.0.0.1', port, agent: false, ...wanted }, (response) => {
      if (response.statusCode !== 200) failure = `status ${response.statusCode}`
      response.resume()
    })
    asked.on('error', (error) => (failure = error.message))
    asked.end()
  }
  read()
  const timer = setInterval(read, 1000)
  const stop = () => {
    clearInterval(timer)
    if (failure !== undefined) throw new ServingError('internal', `${name}: ${wanted.path} answers ${failure}`)
  }
  return { stop }
}
