/** The real platform, as `slipway up` starts it, in a data folder of its own. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { EndpointSpecInput } from '../../src/api/api-types.ts'
import type { Endpoint } from '../../src/api/resources.ts'
import type { ServingError } from '../../src/core/errors.ts'
import { createClient, type Client } from '../../src/client/index.ts'
import { runCommand, startCommand, type CommandOptions, type EndedCommand, type RunningCommand } from './command.ts'

export interface RunningPlatform extends RunningCommand {
  readonly url: string
  readonly grpcAddress: string
  readonly apiUrl: string
  readonly dataFolder: string
  /** The admin's. */
  readonly key: string
  readonly client: Client
  /** Asks an endpoint by V2. @param headers besides the admin's key, or in its place */
  infer(endpoint: string, body: string, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** `slipway deploy` on this platform. */
  deploy(args: readonly string[]): Promise<EndedCommand>
  /** Puts an endpoint by the API. */
  put(endpoint: string, spec: EndpointSpecInput, project?: string): Promise<Endpoint>
  /** Waits until an endpoint is as a test wants it. */
  reach(endpoint: string, is: (endpoint: Endpoint) => boolean, project?: string): Promise<Endpoint>
}

/** Longest that a test waits for an endpoint (ms). */
const REACH_MS = 60_000

const folders = new Set<string>()

/** A data folder for a platform; it goes with `removePlatforms`. */
export async function makeDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-up-'))
  folders.add(folder)
  return join(folder, 'data')
}

/** Takes away the data folders, once the commands have ended. */
export async function removePlatforms(): Promise<void> {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
  folders.clear()
}

/** @param args besides ports and data folder */
export async function startPlatform(
  args: readonly string[] = [],
  { dataFolder, ...options }: CommandOptions & { readonly dataFolder?: string } = {},
): Promise<RunningPlatform> {
  const folder = dataFolder ?? (await makeDataFolder())
  const command = startCommand(['up', '--port', '0', '--api-port', '0', '--data', folder, '--json', ...args], options)
  const [line = '{}'] = await command.until(/^\{"url".*$/m)
  const at = JSON.parse(line) as { url: string; grpcAddress: string; apiUrl: string }
  const { adminKey } = JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8')) as { adminKey: string }
  const client = createClient({ url: at.apiUrl, key: adminKey })
  return {
    ...command,
    ...at,
    dataFolder: folder,
    key: adminKey,
    client,
    infer: (endpoint, body, headers = { authorization: `Bearer ${adminKey}` }) =>
      fetch(`${at.url}/v2/models/${endpoint}/infer`, { method: 'POST', body, headers }),
    deploy: (more) => runCommand(['deploy', ...more, '--data', folder]),
    put: (endpoint, spec, project = 'default') =>
      client.call('putEndpoint', { params: { project, endpoint }, body: { spec } }),
    async reach(endpoint, is, project = 'default') {
      const begun = performance.now()
      for (;;) {
        const found = await client
          .call('getEndpoint', { params: { project, endpoint } })
          .catch((error: ServingError) => (error.code === 'not_found' ? undefined : Promise.reject(error)))
        if (found !== undefined && is(found)) return found
        if (performance.now() - begun > REACH_MS)
          throw new Error(
            `the endpoint did not become what was waited for: ${JSON.stringify(found)}\n${command.stderr()}`,
          )
        await setTimeout(50)
      }
    },
  }
}

/** Ends a platform by SIGTERM. */
export async function stopPlatform(platform: RunningPlatform): Promise<EndedCommand> {
  platform.child.kill('SIGTERM')
  return platform.ended
}
