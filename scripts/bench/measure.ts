import { request } from 'node:http'
import { ServingError } from '../../src/core/errors.ts'
import { isGrpc } from './cases.ts'
import { createLoader } from './loaders.ts'
import { watchCount } from './own-count.ts'
import { cpuSeconds, machineCpuSeconds, ownCpuSeconds, treeOf } from './proc.ts'
import type { Cell } from './results.ts'
import type { Turn } from './schedule.ts'
import type { RunningServer } from './servers.ts'

/** How long each server is loaded before it is measured (s). */
export const WARM_UP_SECONDS = 1

/**
 * One turn of one server: asked once, warmed up, loaded, its processor time read before and after, asked again.
 * @throws {ServingError} `internal` when a request failed or an answer was wrong
 */
export async function measure(
  server: RunningServer,
  turn: Turn,
  options: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<Cell> {
  const { seconds, signal } = options
  const loader = await createLoader(server, turn, signal)
  await loader.load(WARM_UP_SECONDS)
  const compareCount = isGrpc(turn) ? await watchCount(server, signal) : undefined
  const scraper = scrape(server)
  const tree = treeOf(server.pid)
  const before = readClocks(tree)
  const load = await loader.load(seconds)
  const after = readClocks(tree)
  scraper.stop()
  await compareCount?.(load)
  await loader.check()
  const { requests, seconds: lasted, p50Ms, p99Ms } = load
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

/** Processor time so far (seconds): the server's, our own with the load maker's, the whole machine's. */
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
