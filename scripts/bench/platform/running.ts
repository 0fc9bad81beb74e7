import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, type Client } from '../../../src/client/index.ts'
import { ServingError } from '../../../src/core/errors.ts'
import { ensureCredentials } from '../../../src/server/platform/data-folder.ts'
import { ROOT, FOLDER } from '../paths.ts'
import type { Exchange } from '../question.ts'
import { startServer, type RunningServer, type ServerPlan } from '../servers.ts'

export const PROJECT = 'default'

/** A platform that was started for a measurement, in a data folder of its own. */
export interface RunningPlatform extends RunningServer {
  readonly dataFolder: string
  /** The admin's. */
  readonly key: string
  readonly client: Client
}

/** How a platform is started; it is up when the endpoint of `first` answers rightly. */
export interface PlatformPlan {
  /** Names its data folder and its log. */
  readonly name: string
  readonly command: string
  /** What comes before the options of `slipway up`. */
  readonly start: readonly string[]
  /** Further options of `slipway up`, and the model file that is deployed at the start. */
  readonly extra: readonly string[]
  /** @param headers with the admin's key */
  readonly first: (headers: Readonly<Record<string, string>>) => Exchange
}

/**
 * Starts a platform on a machine that knows nothing yet: no data folder, no keys, no models.
 * @throws {ServingError} as `startServer`
 */
export async function startPlatform(plan: PlatformPlan, signal: AbortSignal): Promise<RunningPlatform> {
  const dataFolder = join(FOLDER, 'platform', plan.name)
  rmSync(dataFolder, { recursive: true, force: true })
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  const { credentials } = await ensureCredentials(dataFolder)
  const headers = { authorization: `Bearer ${credentials.adminKey}` }
  const server = await startServer(serverPlan(plan, dataFolder, headers), signal)
  try {
    const { apiUrl } = JSON.parse(readFileSync(join(dataFolder, 'run/server.json'), 'utf8')) as { apiUrl: string }
    const client = createClient({ url: apiUrl, key: credentials.adminKey })
    const stop = async () => {
      await server.stop()
      rmSync(dataFolder, { recursive: true, force: true })
    }
    return { ...server, dataFolder, key: credentials.adminKey, client, stop }
  } catch (error) {
    await server.stop()
    throw error
  }
}

function serverPlan(
  { name, command, start, extra, first }: PlatformPlan,
  dataFolder: string,
  headers: Readonly<Record<string, string>>,
): ServerPlan {
  return {
    name,
    command,
    cwd: ROOT,
    args: (port) => [...start, '--port', `${port}`, '--data', dataFolder, ...extra],
    env: (_port, [grpcPort, apiPort]) => ({ SLIPWAY_GRPC_PORT: `${grpcPort}`, SLIPWAY_API_PORT: `${apiPort}` }),
    exchanges: new Map([[1, first(headers)]]),
    logFile: join(FOLDER, 'logs', `${name}.log`),
  }
}

/** Waits until something is so. @throws {ServingError} `deadline_exceeded` */
export async function until(
  what: string,
  longestMs: number,
  signal: AbortSignal,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const begun = performance.now()
  while (!(await isSo())) {
    if (performance.now() - begun > longestMs)
      throw new ServingError('deadline_exceeded', `${what} was not so within ${Math.round(longestMs / 1000)} s`)
    await sleep(200, undefined, { signal })
  }
}
