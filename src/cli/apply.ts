import { ServingError } from '../core/errors.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { UsageError, type OptionTable } from './options.ts'
import { isMeant } from './platform/ask.ts'
import { readDocuments } from './platform/documents.ts'
import { withPlatform } from './platform/find-platform.ts'
import { sameWay } from './platform/same-way.ts'
import { followChange } from './platform/follow-change.ts'
import { planDocuments } from './platform/plan-documents.ts'
import type { Planned } from './platform/planned.ts'
import { tellLogTail } from './platform/tell-log-tail.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { paintFor, plain, type Paint } from './platform/terminal.ts'
import { beginWatch } from './platform/watch.ts'

const options = {
  file: {
    type: 'string',
    isFlagOnly: true,
    short: 'f',
    value: 'PATH',
    doc: 'documents in YAML or JSON: a file, a folder of them, or - for standard input',
  },
  plan: { type: 'boolean', isFlagOnly: true, doc: 'only show what would change' },
  exitCode: { type: 'boolean', isFlagOnly: true, doc: 'with --plan: end with 4 where something would change' },
  yes: { type: 'boolean', isFlagOnly: true, doc: 'do not ask' },
  reason: { type: 'string', isFlagOnly: true, value: 'TEXT', doc: 'why, for whoever reads the revisions later' },
  detach: { type: 'boolean', isFlagOnly: true, doc: 'end once the platform has it, without waiting for it to answer' },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

/** `slipway apply`: makes the platform what documents say, once it was shown what that changes. */
export const applyCommand: Command<typeof options> = {
  usage: '-f <file|folder|-> [<file>…] [--plan [--exit-code] | --yes]',
  options,
  async run(files, given, context) {
    if (given.file === undefined)
      throw new UsageError('name a file or a folder of documents: `slipway apply -f endpoint.yaml`')
    if (given.plan && given.yes) throw new UsageError('say --plan or --yes')
    if (given.exitCode && !given.plan) throw new UsageError('--exit-code is for --plan: say both')
    const documents = await readDocuments([given.file, ...files], context.stdin)
    return withPlatform(given, context, async ({ client }) => {
      const { stdout, stderr, signal, env } = context
      const planned = await planDocuments(client, documents, given, context)
      const shown = given.json ? stderr : stdout
      const paint = paintFor(shown, env)
      for (const each of planned) shown.write(describePlan(each, paint))
      const open = planned.filter(({ effect }) => effect !== 'none')
      if (given.plan || open.length === 0) {
        if (given.json) tellJson(planned, false, context)
        return given.exitCode && open.length > 0 ? EXIT.differs : EXIT.done
      }
      if (!given.yes && !(await isMeant('apply this?', context)))
        throw new ServingError('cancelled', 'nothing is changed')
      const watches = new Map<string, Awaited<ReturnType<typeof beginWatch>>>()
      const done: { plan: Planned; revision: number | undefined }[] = []
      for (const plan of open)
        done.push({
          plan,
          revision: await plan.apply(given.detach).catch((error: unknown) => {
            throw failedError(error, plan, done.length, context)
          }),
        })
      if (!given.detach)
        for (const { plan, revision } of done) {
          if (revision === undefined) continue
          const { project, name: endpoint } = plan
          const watch = watches.get(project) ?? (await beginWatch(client, project, signal))
          watches.set(project, watch)
          await followChange(
            { client, project, watch, endpoint, revision, way: sameWay({ ...given, project }) },
            context,
          )
        }
      if (given.json) tellJson(planned, true, context)
      return EXIT.done
    })
  },
}

/** A failure with the document that it is of; what was done before it stays done. */
function failedError(
  thrown: unknown,
  { kind, name }: Planned,
  doneCount: number,
  context: CommandContext,
): ServingError {
  const error = ServingError.from(thrown)
  if (context.signal.aborted)
    return new ServingError(
      'cancelled',
      'interrupted: what was begun goes on, and the same command does what is left of it',
      { cause: error },
    )
  tellLogTail(error, context)
  const before = doneCount === 0 ? '' : `; the ${doneCount} before it ${doneCount === 1 ? 'is' : 'are'} done`
  return new ServingError(error.code, `${kind.toLowerCase()} ${name}: ${error.message}${before}`, {
    cause: error.cause,
    details: error.details,
  })
}

/** A plan as lines: `+` what comes, `-` what goes, `~` what becomes something else. */
function describePlan({ kind, project, name, summary, changes, warnings = [] }: Planned, paint: Paint): string {
  const where = kind === 'Project' ? '' : paint.dim(` (project ${project})`)
  const width = Math.min(40, Math.max(0, ...changes.map(({ path }) => path.length)))
  const lines = changes.map(({ path, from, to }) => {
    const place = plain(path).padEnd(width)
    if (from === undefined) return `  ${paint.good(`+ ${place}  ${shown(to)}`)}\n`
    if (to === undefined) return `  ${paint.bad(`- ${place}  ${shown(from)}`)}\n`
    return `  ${paint.warn(`~ ${place}  ${shown(from)} → ${shown(to)}`)}\n`
  })
  const warned = warnings.map((warning) => `  ${paint.warn('warning:')} ${plain(warning)}\n`)
  return `${paint.bold(`${kind.toLowerCase()} ${name}`)}${where}: ${plain(summary)}\n${lines.join('')}${warned.join('')}`
}

function shown(value: unknown): string {
  const text = typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
  return plain(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}

function tellJson(planned: readonly Planned[], isApplied: boolean, { stdout }: CommandContext): void {
  const documents = planned.map(({ kind, project, name, effect, summary, changes, warnings = [] }) => ({
    kind,
    project,
    name,
    effect,
    summary,
    changes,
    warnings,
  }))
  stdout.write(`${JSON.stringify({ isApplied, documents }, null, 2)}\n`)
}
