import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { sameWay } from './platform/same-way.ts'
import { followChange } from './platform/follow-change.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { beginWatch } from './platform/watch.ts'

const options = {
  to: {
    type: 'number',
    isFlagOnly: true,
    value: 'N',
    min: 1,
    max: 2_147_483_647,
    doc: 'revision to go back to; the one before the current when left out',
  },
  detach: { type: 'boolean', isFlagOnly: true, doc: 'end once the platform has it, without waiting for it to answer' },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** `slipway undo`: an endpoint becomes again what it was, by a new revision that says the same as an old one. */
export const undoCommand: Command<typeof options> = {
  usage: '<endpoint> [--to <revision>]',
  options,
  async run([endpoint, ...more], given, context) {
    if (endpoint === undefined || more.length > 0) throw new UsageError('name one endpoint: `slipway undo fraud`')
    return withPlatform(given, context, async ({ client }) => {
      const { project, to, detach, json } = given
      const { signal, stdout } = context
      const watch = await beginWatch(client, project, signal)
      const body = to === undefined ? undefined : { revision: to }
      const { revision } = await client.call('undoEndpoint', { params: { project, endpoint }, body, signal })
      if (!detach)
        await followChange({ client, project, watch, endpoint, revision, way: sameWay({ ...given, project }) }, context)
      if (json) stdout.write(`${JSON.stringify({ project, endpoint, revision })}\n`)
      else
        stdout.write(
          `endpoint ${endpoint} is at revision ${revision}${to === undefined ? '' : `, as in revision ${to}`}\n`,
        )
      return EXIT.done
    })
  },
}
