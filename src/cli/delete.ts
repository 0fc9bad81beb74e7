import type { Client } from '../client/client.ts'
import { ServingError } from '../core/errors.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { UsageError, type Options, type OptionTable } from './options.ts'
import { isMeant } from './platform/ask.ts'
import { DOCUMENT_KINDS, readDocuments } from './platform/documents.ts'
import { withPlatform } from './platform/find-platform.ts'
import { KINDS, kindOf, type Asking } from './platform/kinds.ts'
import { unlessMissing } from './platform/planned.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { beginWatch } from './platform/watch.ts'

const options = {
  file: {
    type: 'string',
    isFlagOnly: true,
    short: 'f',
    value: 'PATH',
    doc: 'delete what documents name, as `slipway apply -f` takes them: endpoints first, then models, then projects',
  },
  yes: { type: 'boolean', isFlagOnly: true, doc: 'do not ask' },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

type Given = Options<typeof options>

/** `slipway delete`: takes a resource away, once a person has said that it is meant. */
export const deleteCommand: Command<typeof options> = {
  usage:
    'project|model|version|endpoint|key|upload <name> [--yes] | -f <file|folder> [--yes]; a version is named as fraud/3',
  options,
  async run(words, given, context) {
    if (given.file !== undefined) return deleteDocuments([given.file, ...words], given, context)
    const [word, name, ...more] = words
    const kind = kindOf(
      word,
      KINDS.filter((each) => each.remove !== undefined),
    )
    const { remove } = kind
    if (remove === undefined || name === undefined || more.length > 0)
      throw new UsageError(`name one ${kind.singular}: ${kind.nameForm}`)
    const where = kind.singular === 'project' ? '' : ` of project ${given.project}`
    await mustBeMeant(`delete ${kind.singular} ${name}${where}?`, given, context)
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

/** Deletes what documents are about, where it is there; the platform refuses what something else still needs. */
async function deleteDocuments(paths: readonly string[], given: Given, context: CommandContext): Promise<number> {
  const documents = (await readDocuments(paths, context.stdin)).toSorted(
    (a, b) => DOCUMENT_KINDS.indexOf(b.kind) - DOCUMENT_KINDS.indexOf(a.kind),
  )
  const named = documents.map((document) => ({
    kind: kindOf(document.kind.toLowerCase()),
    project: document.kind === 'Project' ? document.name : (document.project ?? given.project),
    name: document.name,
  }))
  const list = named.map(({ kind, name }) => `${kind.singular} ${name}`).join(', ')
  await mustBeMeant(`delete ${list}?`, given, context)
  return withPlatform(given, context, async ({ client }) => {
    const { stdout, signal } = context
    const deleted: object[] = []
    for (const { kind, project, name } of named) {
      const asking = { client, project, signal }
      const isThere = (await unlessMissing(kind.get?.(asking, name) ?? Promise.resolve(undefined))) !== undefined
      if (isThere) await kind.remove?.(asking, name)
      if (isThere && kind.singular === 'endpoint') await untilGone(asking, name)
      deleted.push({ kind: kind.singular, project, name, isDeleted: isThere })
      if (!given.json) stdout.write(`${kind.singular} ${name} ${isThere ? 'is deleted' : 'is not there'}\n`)
    }
    if (given.json) stdout.write(`${JSON.stringify({ items: deleted }, null, 2)}\n`)
    return EXIT.done
  })
}

/** Its model can be deleted only then. */
async function untilGone({ client, project, signal }: Asking, endpoint: string): Promise<void> {
  const watch = await beginWatch(client, project, signal)
  while ((await unlessMissing(endpointOf(client, project, endpoint, signal))) !== undefined) await watch.next()
}

function endpointOf(client: Client, project: string, endpoint: string, signal: AbortSignal) {
  return client.call('getEndpoint', { params: { project, endpoint }, signal })
}

async function mustBeMeant(question: string, { yes }: Given, context: CommandContext): Promise<void> {
  if (!yes && !(await isMeant(question, context))) throw new ServingError('cancelled', 'nothing is deleted')
}
