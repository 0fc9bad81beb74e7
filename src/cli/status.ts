import type { PrincipalInfo, ServerInfo } from '../api/api-types.ts'
import type { Client } from '../client/client.ts'
import { ServingError } from '../core/errors.ts'
import { formatBytes } from '../core/text.ts'
import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { PLATFORM_OPTIONS } from './platform/platform-options.ts'
import { facts, paintFor, table, type Paint } from './platform/terminal.ts'

const options = PLATFORM_OPTIONS satisfies OptionTable

/** `slipway status`: which platform the other commands reach, with whose key, and what runs there. */
export const statusCommand: Command<typeof options> = {
  usage: '[--url <address>]',
  options,
  async run(positionals, given, context) {
    if (positionals.length > 0) throw new UsageError('status takes no words')
    return withPlatform(given, context, async ({ client }) => {
      const { stdout, env, signal } = context
      const principal = await client.call('getPrincipal', { signal })
      const server = await serverOf(client, signal)
      if (given.json)
        stdout.write(`${JSON.stringify({ api: client.url, principal, server: server ?? null }, null, 2)}\n`)
      else stdout.write(describe(client.url, principal, server, paintFor(stdout, env)))
      return EXIT.done
    })
  },
}

/** Undefined for a key that may not ask. */
async function serverOf(client: Client, signal: AbortSignal): Promise<ServerInfo | undefined> {
  return client.call('getServer', { signal }).catch((error: unknown) => {
    if (error instanceof ServingError && error.code === 'permission_denied') return undefined
    throw error
  })
}

function describe(api: string, principal: PrincipalInfo, server: ServerInfo | undefined, paint: Paint): string {
  const { name, project, role, actions, endpoints } = principal
  const told = facts(
    [
      ['api', api],
      ['version', server?.version],
      ['endpoints answer at', server?.url],
      ['and by gRPC at', server?.grpcAddress],
      ['state in', server?.database],
      ['models in', server === undefined ? undefined : server.storage === 'local' ? 'the data folder' : 'S3'],
      ['key', `${name}: ${role} of ${project === '*' ? 'the whole platform' : `project ${project}`}`],
      ['for the endpoints', endpoints?.join(', ')],
      ['it may', actions.join(', ')],
    ],
    paint,
  )
  if (server === undefined) return told
  if (server.runners.length === 0) return `${told}\nno runners: a project has them once it has an endpoint\n`
  const runners = table(
    [
      { title: 'runner', text: ({ runner }) => runner },
      { title: 'project', text: ({ project }) => project },
      {
        title: 'state',
        text: ({ isConnected }) => (isConnected ? 'connected' : 'away'),
        paint: (text, { isConnected }) => (isConnected ? paint.good(text) : paint.bad(text)),
      },
      { title: 'routes', isNumber: true, rank: 1, text: ({ revision }) => String(revision) },
      { title: 'models loaded', isNumber: true, text: ({ replicas }) => String(replicas) },
      { title: 'memory', isNumber: true, text: ({ memoryBytes }) => formatBytes(memoryBytes) },
    ],
    server.runners,
    paint,
  )
  return `${told}\n${runners}`
}
