import { ServingError } from '../core/errors.ts'
import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { isMeant } from './platform/ask.ts'
import { withPlatform } from './platform/find-platform.ts'
import { KINDS, kindOf } from './platform/kinds.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'

const options = {
  yes: { type: 'boolean', isFlagOnly: true, doc: 'do not ask' },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** `slipway delete`: takes a resource away, once a person has said that it is meant. */
export const deleteCommand: Command<typeof options> = {
  usage: 'project|model|version|endpoint|key|upload <name> [--yes]; a version is named as fraud/3',
  options,
  async run([word, name, ...more], given, context) {
    const kind = kindOf(word)
    const { remove } = kind
    if (remove === undefined) {
      const words = KINDS.filter((each) => each.remove !== undefined).map(({ singular }) => singular)
      throw new UsageError(`a ${kind.singular} is never deleted; what can be: ${words.join(', ')}`)
    }
    if (name === undefined || more.length > 0) throw new UsageError(`name one ${kind.singular}: ${kind.nameForm}`)
    const where = kind.singular === 'project' ? '' : ` of project ${given.project}`
    if (!given.yes && !(await isMeant(`delete ${kind.singular} ${name}${where}?`, context)))
      throw new ServingError('cancelled', 'nothing is deleted')
    return withPlatform(given, context, async ({ client }) => {
      const outcome = await remove({ client, project: given.project, signal: context.signal }, name)
      const { project } = given
      if (given.json)
        context.stdout.write(`${JSON.stringify({ kind: kind.singular, project, name, isDeleted: true })}\n`)
      else context.stdout.write(`${kind.singular} ${name} ${outcome}\n`)
      return EXIT.done
    })
  },
}
