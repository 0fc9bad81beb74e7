import type { EndpointPlan } from '../api/api-types.ts'
import type { Client } from '../client/client.ts'
import { ServingError } from '../core/errors.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { UsageError, type Options, type OptionTable } from './options.ts'
import { isMeant } from './platform/ask.ts'
import { changeSpec } from './platform/change-spec.ts'
import { readDocuments, type WantedDocument } from './platform/documents.ts'
import { sameWay, withPlatform } from './platform/find-platform.ts'
import { followChange } from './platform/follow-change.ts'
import { PLATFORM_OPTIONS, PROJECT_OPTION } from './platform/platform-options.ts'
import { paintFor, plain, type Paint } from './platform/terminal.ts'
import { beginWatch } from './platform/watch.ts'

const options = {
  file: {
    type: 'string',
    isFlagOnly: true,
    short: 'f',
    value: 'PATH',
    doc: 'documents in YAML or JSON; - for standard input',
  },
  plan: { type: 'boolean', isFlagOnly: true, doc: 'only show what would change' },
  yes: { type: 'boolean', isFlagOnly: true, doc: 'do not ask' },
  reason: { type: 'string', isFlagOnly: true, value: 'TEXT', doc: 'why, for whoever reads the revisions later' },
  detach: { type: 'boolean', isFlagOnly: true, doc: 'end once the platform has it, without waiting for it to answer' },
  ...PROJECT_OPTION,
  ...PLATFORM_OPTIONS,
} as const satisfies OptionTable

type Given = Options<typeof options>

/** What one document would do, and how to do it. */
interface Planned {
  readonly kind: WantedDocument['kind']
  readonly project: string
  readonly name: string
  readonly effect: EndpointPlan['effect']
  readonly summary: string
  readonly changes: EndpointPlan['changes']
  /** @returns the revision that it made */
  readonly apply: () => Promise<number | undefined>
}

/** `slipway apply`: makes the platform what documents say, once it was shown what that changes. */
export const applyCommand: Command<typeof options> = {
  usage: '-f <file> [--plan | --yes]',
  options,
  async run(positionals, given, context) {
    if (given.file === undefined || positionals.length > 0)
      throw new UsageError('name one file of documents: `slipway apply -f endpoint.yaml`')
    if (given.plan && given.yes) throw new UsageError('say --plan or --yes')
    const documents = await readDocuments(given.file)
    return withPlatform(given, context, async ({ client }) => {
      const { stdout, stderr, signal, env } = context
      const planned = await planAll(client, documents, given, signal)
      const shown = given.json ? stderr : stdout
      const paint = paintFor(shown, env)
      for (const each of planned) shown.write(describePlan(each, paint))
      const open = planned.filter(({ effect }) => effect !== 'none')
      if (given.plan || open.length === 0) {
        if (given.json) tellJson(planned, false, context)
        return EXIT.done
      }
      if (!given.yes && !(await isMeant('apply this?', context)))
        throw new ServingError('cancelled', 'nothing is changed')
      const watches = new Map<string, Awaited<ReturnType<typeof beginWatch>>>()
      const done: { plan: Planned; revision: number | undefined }[] = []
      for (const plan of open) done.push({ plan, revision: await plan.apply() })
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

/** Projects first: endpoints may belong to them. */
async function planAll(
  client: Client,
  documents: readonly WantedDocument[],
  given: Given,
  signal: AbortSignal,
): Promise<Planned[]> {
  const planned: Planned[] = []
  const fresh = new Set<string>()
  const seen = new Set<string>()
  const inOrder = documents.toSorted((a, b) => Number(b.kind === 'Project') - Number(a.kind === 'Project'))
  for (const document of inOrder) {
    const project = document.kind === 'Project' ? document.name : (document.project ?? given.project)
    const id = JSON.stringify([document.kind, project, document.name])
    if (seen.has(id))
      throw new ServingError('invalid_argument', `${document.place} is about ${document.name} once more: say it once`)
    seen.add(id)
    const plan =
      document.kind === 'Project'
        ? await planProject(client, document, signal)
        : await planEndpoint(client, document, { project, isFresh: fresh.has(project), reason: given.reason }, signal)
    if (document.kind === 'Project' && plan.effect === 'create') fresh.add(project)
    planned.push(plan)
  }
  return planned
}

async function planProject(
  client: Client,
  { name, description }: Extract<WantedDocument, { kind: 'Project' }>,
  signal: AbortSignal,
): Promise<Planned> {
  const found = await unlessMissing(client.call('getProject', { params: { project: name }, signal }))
  const common = { kind: 'Project', project: name, name } as const
  if (found === undefined)
    return {
      ...common,
      effect: 'create',
      summary: 'is made',
      changes: [{ path: 'description', to: description }],
      async apply() {
        await client.call('createProject', { body: { name, description }, signal })
        return undefined
      },
    }
  const isSame = found.description === description
  return {
    ...common,
    effect: isSame ? 'none' : 'settings',
    summary: isSame ? 'nothing changes' : '1 change',
    changes: isSame ? [] : [{ path: 'description', from: found.description, to: description }],
    async apply() {
      const params = { project: name }
      await client.call('updateProject', { params, body: { description }, ifMatch: found.meta, signal })
      return undefined
    },
  }
}

async function planEndpoint(
  client: Client,
  { name, spec, place }: Extract<WantedDocument, { kind: 'Endpoint' }>,
  {
    project,
    isFresh,
    reason,
  }: { readonly project: string; readonly isFresh: boolean; readonly reason: string | undefined },
  signal: AbortSignal,
): Promise<Planned> {
  const params = { project, endpoint: name }
  const common = { kind: 'Endpoint', project, name } as const
  const why = reason ?? 'apply'
  const apply = (revision: number) => async () =>
    (await changeSpec(client, { ...params, revision, signal }, () => spec, why)).revision
  // nothing can be asked about a project that is yet to be made
  if (isFresh)
    return { ...common, effect: 'create', summary: 'is made in the new project', changes: [], apply: apply(0) }
  const current = await unlessMissing(client.call('getEndpoint', { params, signal }))
  try {
    const plan = await client.call('planEndpoint', { params, body: { spec }, signal })
    const { effect, summary, changes } = plan
    return { ...common, effect, summary, changes, apply: apply(current?.revision ?? 0) }
  } catch (thrown) {
    const error = ServingError.from(thrown)
    if (error.code !== 'invalid_argument') throw error
    throw new ServingError('invalid_argument', `${place}: ${error.message}`, { cause: error, details: error.details })
  }
}

async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: unknown) => {
    if (error instanceof ServingError && error.code === 'not_found') return undefined
    throw error
  })
}

/** A plan as lines: `+` what comes, `-` what goes, `~` what becomes something else. */
function describePlan({ kind, project, name, summary, changes }: Planned, paint: Paint): string {
  const where = kind === 'Project' ? '' : paint.dim(` (project ${project})`)
  const width = Math.min(40, Math.max(0, ...changes.map(({ path }) => path.length)))
  const lines = changes.map(({ path, from, to }) => {
    const place = plain(path).padEnd(width)
    if (from === undefined) return `  ${paint.good(`+ ${place}  ${shown(to)}`)}\n`
    if (to === undefined) return `  ${paint.bad(`- ${place}  ${shown(from)}`)}\n`
    return `  ${paint.warn(`~ ${place}  ${shown(from)} → ${shown(to)}`)}\n`
  })
  return `${paint.bold(`${kind.toLowerCase()} ${name}`)}${where}: ${plain(summary)}\n${lines.join('')}`
}

function shown(value: unknown): string {
  const text = typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
  return plain(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}

function tellJson(planned: readonly Planned[], isApplied: boolean, { stdout }: CommandContext): void {
  const documents = planned.map(({ kind, project, name, effect, summary, changes }) => ({
    kind,
    project,
    name,
    effect,
    summary,
    changes,
  }))
  stdout.write(`${JSON.stringify({ isApplied, documents }, null, 2)}\n`)
}
