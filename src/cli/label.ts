import { quote } from '../core/text.ts'
import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'

const options = {
  remove: { type: 'string', isFlagOnly: true, value: 'LABEL', doc: 'take this label away' },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** `slipway label`: names for versions, which move to versions that are ready. */
export const labelCommand: Command<typeof options> = {
  usage: '<model> [<label>=<number>] [--remove <label>]',
  options,
  async run([model, word, ...more], given, context) {
    const [, label, number] = /^([^=]+)=(\d{1,9})$/.exec(word ?? '') ?? []
    if (model === undefined || more.length > 0) throw new UsageError('name one model: `slipway label fraud stable=3`')
    if (word !== undefined && (label === undefined || number === undefined))
      throw new UsageError(`${quote(word)} moves no label; it is like stable=3`)
    if (label !== undefined && given.remove !== undefined) throw new UsageError('move a label or remove one, not both')
    return withPlatform(given, context, async ({ client }) => {
      const { signal, stdout } = context
      const params = { project: given.project, model }
      const changed =
        label !== undefined
          ? await client.call('putLabel', { params: { ...params, label }, body: { version: Number(number) }, signal })
          : given.remove !== undefined
            ? await client.call('deleteLabel', { params: { ...params, label: given.remove }, signal })
            : await client.call('getModel', { params, signal })
      const { labels } = changed
      if (given.json) stdout.write(`${JSON.stringify({ project: given.project, model, labels })}\n`)
      else if (Object.keys(labels).length === 0) stdout.write(`model ${model} has no labels\n`)
      else for (const [name, version] of Object.entries(labels)) stdout.write(`${name}  ${model}/${version}\n`)
      return EXIT.done
    })
  },
}
