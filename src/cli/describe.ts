import type { Endpoint, Rollout, Version } from '../api/resources.ts'
import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { describeEndpoint, describeOther, describeRollout, describeVersion } from './platform/describe.ts'
import { withPlatform } from './platform/find-platform.ts'
import { isWhole, kindOf, type Asking } from './platform/kinds.ts'
import { lastEvents } from './platform/last-events.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { paintFor } from './platform/terminal.ts'

const options = { ...PROJECT_OPTION, ...PLATFORM_OPTIONS } as const satisfies OptionTable

/** Events that are shown with an endpoint. */
const EVENTS = 8

/** `slipway describe`: all that is known of one resource, for people. */
export const describeCommand: Command<typeof options> = {
  usage:
    'project|model|version|endpoint|revision|rollout|key|upload <name>; a version or a revision is named as fraud/3',
  options,
  async run([word, name, ...more], given, context) {
    const kind = kindOf(word)
    if (name === undefined || more.length > 0 || kind.get === undefined || !isWhole(kind, name))
      throw new UsageError(`name one ${kind.singular}: ${kind.nameForm}`)
    const { get, singular } = kind
    return withPlatform(given, context, async ({ client }) => {
      const { stdout, env, signal } = context
      const { project } = given
      const asking: Asking = { client, project, signal }
      const item = await get(asking, name)
      const paint = paintFor(stdout, env)
      if (given.json) stdout.write(`${JSON.stringify(item, null, 2)}\n`)
      else if (singular === 'endpoint') {
        const events = await lastEvents(client, { project, kind: 'endpoint', name, limit: EVENTS, signal })
        // one of the same name may have been there before it
        const own = events.items.filter(({ atMs }) => atMs >= (item as Endpoint).meta.createdAtMs)
        stdout.write(describeEndpoint(item as Endpoint, own, paint))
      } else if (singular === 'version') stdout.write(describeVersion(item as Version, paint))
      else if (singular === 'rollout') stdout.write(describeRollout(item as Rollout, paint))
      else stdout.write(describeOther(singular, item, Date.now(), paint))
      return EXIT.done
    })
  },
}
