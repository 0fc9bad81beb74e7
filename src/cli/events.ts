import { EXIT, type Command } from './command.ts'
import { followEvents } from '../client/follow-events.ts'
import { UsageError, type OptionTable } from './options.ts'
import { eventLine } from './platform/describe.ts'
import { withPlatform } from './platform/find-platform.ts'
import { lastEvents } from './platform/last-events.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { paintFor } from './platform/terminal.ts'

const options = {
  follow: { type: 'boolean', isFlagOnly: true, short: 'f', doc: 'go on with what comes, until it is interrupted' },
  kind: {
    type: 'choice',
    isFlagOnly: true,
    values: ['project', 'model', 'version', 'upload', 'endpoint', 'rollout', 'key', 'runner'],
    doc: 'only those of resources of this kind',
  },
  of: { type: 'string', isFlagOnly: true, value: 'NAME', doc: 'only those of the resource of this name' },
  limit: {
    type: 'number',
    isFlagOnly: true,
    value: 'N',
    default: 50,
    min: 1,
    max: 1_000_000,
    doc: 'most lines to begin with',
  },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** `slipway events`: what the platform did, the last of it below. */
export const eventsCommand: Command<typeof options> = {
  usage: '[-f] [--kind endpoint] [--of <name>]; with --json and -f a document on each line',
  options,
  async run(positionals, given, context) {
    if (positionals.length > 0) throw new UsageError('events takes no words: a name goes behind --of')
    const { project, kind, of: name, limit, json, follow } = given
    const { stdout, env, signal } = context
    const paint = paintFor(stdout, env)
    return withPlatform(given, context, async ({ client }) => {
      const { items, after } = await lastEvents(client, { project, kind, name, limit, signal })
      if (json && !follow) stdout.write(`${JSON.stringify({ items }, null, 2)}\n`)
      const tell = (event: (typeof items)[number]) =>
        stdout.write(json ? `${JSON.stringify(event)}\n` : eventLine(event, paint))
      if (!json || follow) for (const event of items) tell(event)
      if (!follow) return EXIT.done
      try {
        for await (const event of followEvents(client, { project, after, kind, name, signal })) tell(event)
      } catch (error) {
        if (!signal.aborted) throw error
      }
      return EXIT.done
    })
  },
}
