import { EXIT, type Command } from './command.ts'
import { followEvents } from '../client/follow-events.ts'
import { UsageError, type OptionTable } from './options.ts'
import { eventLine } from './platform/describe.ts'
import { withPlatform } from './platform/find-platform.ts'
import { lastEvents } from './platform/last-events.ts'
import { FOLLOW_OPTION, limitOption, PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { tellLines } from './platform/tell-lines.ts'
import { paintFor } from './platform/terminal.ts'

const options = {
  ...FOLLOW_OPTION,
  kind: {
    type: 'choice',
    isFlagOnly: true,
    values: ['project', 'model', 'version', 'upload', 'endpoint', 'rollout', 'key', 'runner'],
    doc: 'only those of resources of this kind',
  },
  of: { type: 'string', isFlagOnly: true, value: 'NAME', doc: 'only those of the resource of this name' },
  limit: limitOption(50, 'most lines to begin with'),
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** `slipway events`: what the platform did, the last of it below. */
export const eventsCommand: Command<typeof options> = {
  usage: '[-f] [--kind endpoint] [--of <name>]; with --json and -f a document on each line',
  options,
  async run(positionals, given, context) {
    if (positionals.length > 0) throw new UsageError('events takes no words: a name goes behind --of')
    const { project, kind, of: name, limit } = given
    const { stdout, env, signal } = context
    const paint = paintFor(stdout, env)
    return withPlatform(given, context, async ({ client }) => {
      const last = await lastEvents(client, { project, kind, name, limit, signal })
      await tellLines(
        {
          last,
          next: (after) => followEvents(client, { project, after, kind, name, signal }),
          show: (event) => eventLine(event, paint),
        },
        given,
        context,
      )
      return EXIT.done
    })
  },
}
