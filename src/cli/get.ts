import { EXIT, type Command } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { withPlatform } from './platform/find-platform.ts'
import { isWhole, kindOf, type Asking, type Kind } from './platform/kinds.ts'
import { documentOf } from './platform/documents.ts'
import { limitOption, PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { paintFor, table } from './platform/terminal.ts'

const options = {
  state: { type: 'list', isFlagOnly: true, value: 'STATES', doc: 'only those in one of these states' },
  limit: limitOption(500, 'most lines of a list'),
  all: { type: 'boolean', isFlagOnly: true, doc: 'every line of a list, however many' },
  yaml: {
    type: 'boolean',
    isFlagOnly: true,
    doc: 'print YAML; of projects and endpoints, as `slipway apply` takes it',
  },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** Most items that one request is answered with. */
const PAGE = 500

/** `slipway get`: what the platform holds, as a table, JSON or YAML. */
export const getCommand: Command<typeof options> = {
  usage:
    'projects|models|versions|endpoints|revisions|rollouts|keys|uploads [<name>] [--state ready] [--json | --yaml]; versions and revisions of fraud by its name, one of them by fraud/3',
  options,
  async run([word, name, ...more], given, context) {
    const kind = kindOf(word)
    if (more.length > 0) throw new UsageError(`name one ${kind.singular}: ${kind.nameForm}`)
    if (given.state.length > 0 && kind.hasStates !== true)
      throw new UsageError(`--state is for what has one, and ${kind.plural} have none`)
    if (given.json && given.yaml) throw new UsageError('say --json or --yaml')
    const { stdout, signal, env } = context
    return withPlatform(given, context, async ({ client }) => {
      const asking: Asking = { client, project: given.project, signal }
      const single = name !== undefined && kind.get !== undefined && isWhole(kind, name)
      const { items, isCut }: Listed = single
        ? { items: [await kind.get(asking, name)], isCut: false }
        : await listed(kind, asking, name, given.state.join(',') || undefined, given.all ? Infinity : given.limit)
      if (given.json) stdout.write(`${JSON.stringify(single ? items[0] : { items }, null, 2)}\n`)
      else if (given.yaml) {
        const { stringify } = await import('yaml')
        stdout.write(items.map((item) => stringify(documentOf(kind.singular, item))).join('---\n'))
      } else if (items.length === 0) context.stderr.write(`there are no ${kind.plural}\n`)
      else {
        const paint = paintFor(stdout, env)
        stdout.write(table(kind.columns(paint, Date.now()), items, paint))
      }
      if (isCut) context.stderr.write(`these are the first ${items.length} ${kind.plural}; --all shows every one\n`)
      return EXIT.done
    })
  },
}

interface Listed {
  readonly items: readonly unknown[]
  /** Whether there are more of them. */
  readonly isCut: boolean
}

async function listed(
  kind: Kind,
  asking: Asking,
  of: string | undefined,
  state: string | undefined,
  most: number,
): Promise<Listed> {
  const items: unknown[] = []
  let cursor: string | undefined
  let isCut = false
  do {
    const limit = Math.min(PAGE, most - items.length)
    const page = await kind.list(asking, of, { limit, cursor, state })
    items.push(...page.items.slice(0, limit))
    cursor = page.cursor
    isCut = cursor !== undefined || page.items.length > limit
  } while (cursor !== undefined && items.length < most)
  return { items, isCut }
}
