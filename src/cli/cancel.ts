import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { KINDS, kindOf } from './platform/kinds.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'

const options = { ...PROJECT_OPTION, ...PLATFORM_OPTIONS } as const satisfies OptionTable

/** `slipway cancel`: ends what is under way, and leaves what there was before. */
export const cancelCommand: Command<typeof options> = {
  usage: 'version|rollout <name>; a version is named as fraud/3',
  options,
  async run([word, name, ...more], given, context) {
    const kind = kindOf(
      word,
      KINDS.filter(({ cancel }) => cancel !== undefined),
    )
    const { cancel, singular } = kind
    if (cancel === undefined || name === undefined || more.length > 0)
      throw new UsageError(`name one ${singular}: ${kind.nameForm}`)
    return withPlatform(given, context, async ({ client }) => {
      const { project, json } = given
      const outcome = await cancel({ client, project, signal: context.signal }, name)
      if (json) context.stdout.write(`${JSON.stringify({ kind: singular, project, name, isCancelled: true })}\n`)
      else context.stdout.write(`${singular} ${name} ${outcome}\n`)
      return EXIT.done
    })
  },
}
