import { relative } from 'node:path'
import type { Model, Version } from '../../api/resources.ts'
import type { Client } from '../../client/client.ts'
import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import type { CommandContext } from '../command.ts'
import { createProgress } from '../progress.ts'
import type { WantedModel, WantedVersion } from './documents.ts'
import { followVersion } from './follow-deployment.ts'
import { bringSource, nameSource, sha256Of, type Named } from './model-source.ts'
import { unlessMissing, type Planned } from './planned.ts'
import { formatDuration, paintFor, plain } from './terminal.ts'
import { beginWatch } from './watch.ts'

/** A version that shall be there: the one that is, or what one has to be made of. */
interface Sought {
  readonly wanted: WantedVersion
  readonly named: Named
  readonly number: number
  readonly isNew: boolean
}

/** What a plan for a model would do to what its versions are called. */
export interface Moving {
  /** What labels that are new or move will stand for. */
  readonly labels: ReadonlyMap<string, number>
  /** Numbers that are given out. */
  readonly numbers: ReadonlySet<number>
}

/**
 * What would make a model what its document says. Versions are never changed: one that is made of the same file in the same way
 * is there already; others, and labels that the document does not name, stay as they are.
 * @param isFresh whether its project is yet to be made
 * @throws {ServingError} `invalid_argument` for a label on a version that is not there or will never be ready
 */
export async function planModel(
  client: Client,
  wanted: WantedModel,
  { project, isFresh }: { readonly project: string; readonly isFresh: boolean },
  context: CommandContext,
): Promise<{ readonly plan: Planned; readonly moving: Moving }> {
  const { signal } = context
  const { name, description, place } = wanted
  const params = { project, model: name }
  const found = isFresh ? undefined : await unlessMissing(client.call('getModel', { params, signal }))
  const versions = found === undefined ? [] : await versionsOf(client, params, signal)
  const labelsBefore = found?.labels ?? {}
  const sought: Sought[] = []
  let next = (found?.lastNumber ?? 0) + 1
  for (const each of wanted.versions) {
    const named = await nameSource(each.from)
    const sha256 = named.type === 'url' ? each.sha256 : await sha256Of(named, signal)
    const alike = versions.filter((version) => isMadeOf(version, named, sha256, each))
    // of several, the one that has a label of these stays; else it is the newest
    const same = alike.find(({ number }) => each.labels.some((label) => labelsBefore[label] === number)) ?? alike[0]
    sought.push({ wanted: each, named, number: same?.number ?? next, isNew: same === undefined })
    if (same === undefined) next++
  }
  const labels = new Map([
    ...Object.entries(wanted.labels),
    ...sought.flatMap((each) => each.wanted.labels.map((label) => [label, each.number] as const)),
  ])
  for (const [label, number] of Object.entries(wanted.labels)) checkLabelled(versions, label, number, place)
  const moved = new Map([...labels].filter(([label, number]) => labelsBefore[label] !== number))
  const made = sought.filter(({ isNew }) => isNew)
  const changes: Planned['changes'] = [
    ...(found?.description === description || (found === undefined && description === '')
      ? []
      : [{ path: 'description', from: found?.description, to: description }]),
    ...made.map(({ number, wanted: { from } }) => ({ path: `versions.${number}`, to: shownSource(from) })),
    ...[...moved].map(([label, number]) => ({ path: `labels.${label}`, from: labelsBefore[label], to: number })),
  ]
  const isSame = found !== undefined && changes.length === 0
  const plan: Planned = {
    kind: 'Model',
    project,
    name,
    effect: found === undefined ? 'create' : isSame ? 'none' : 'settings',
    summary: found === undefined ? 'is made' : isSame ? 'nothing changes' : countOf(changes.length),
    changes,
    async apply(isDetached) {
      if (found === undefined)
        await client.call('createModel', { params: { project }, body: { name, description }, signal })
      else if (found.description !== description)
        await client.call('updateModel', { params, body: { description }, ifMatch: found.meta, signal })
      const numbers = new Map<Sought, number>()
      for (const each of sought) {
        const number = each.isNew ? await makeVersion(client, params, each, context) : each.number
        numbers.set(each, number)
        // a label moves only to what is ready
        if (each.wanted.labels.length > 0 || (each.isNew && !isDetached)) await follow(client, params, number, context)
      }
      const labelled = [
        ...Object.entries(wanted.labels),
        ...sought.flatMap((each) =>
          each.wanted.labels.map((label) => [label, numbers.get(each) ?? each.number] as const),
        ),
      ]
      for (const [label, number] of labelled)
        if (moved.has(label)) await moveLabel(client, params, { label, number, from: labelsBefore[label] }, signal)
      return undefined
    },
  }
  return { plan, moving: { labels: moved, numbers: new Set(made.map(({ number }) => number)) } }
}

/** As somebody in this folder would name it. */
function shownSource(from: string): string {
  return /^https?:/i.test(from) ? from : relative('', from)
}

type OfModel = Readonly<Record<'project' | 'model', string>>

async function versionsOf(client: Client, params: OfModel, signal: AbortSignal): Promise<readonly Version[]> {
  const found: Version[] = []
  let cursor: string | undefined
  do {
    const page = await client.call('listVersions', { params, query: { limit: 1000, cursor }, signal })
    found.push(...page.items)
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

/** Whether a version is, or is becoming, what would be made of this. */
export function isMadeOf(
  version: Version,
  named: Named,
  sha256: string | undefined,
  wanted: Pick<WantedVersion, 'allowUntested' | 'runtime' | 'steps'>,
): boolean {
  const { state, source, sourceSha256, how } = version
  if (state === 'failed' || state === 'cancelled' || version.isCancelled) return false
  const isHow =
    how.allowUntested === wanted.allowUntested &&
    how.runtime === wanted.runtime &&
    JSON.stringify(how.steps ?? []) === JSON.stringify(wanted.steps ?? [])
  if (!isHow) return false
  if (named.type !== 'url') return sourceSha256 !== undefined && sourceSha256 === sha256
  // the platform keeps the query of an address to itself
  const isAddress = source.type === 'url' && source.url.replace(/\?…$/, '') === named.url.replace(/[?#].*$/s, '')
  return sha256 === undefined ? isAddress : sourceSha256 === sha256
}

function checkLabelled(versions: readonly Version[], label: string, number: number, place: string): void {
  const version = versions.find((each) => each.number === number)
  if (version?.state === 'ready') return
  const why = version === undefined ? 'is not there' : `is ${version.state}`
  throw new ServingError(
    'invalid_argument',
    `${place} has the label ${quote(label)} on version ${number}, which ${why}: a label stands on a version that is ready`,
  )
}

async function makeVersion(
  client: Client,
  params: OfModel,
  { wanted, named }: Sought,
  context: CommandContext,
): Promise<number> {
  const { signal, stderr } = context
  const progress = createProgress(params.model, stderr, () => performance.now())
  const source = await bringSource(client, named, {
    project: params.project,
    signal,
    onProgress: (done, total) => progress.update(done / Math.max(1, total), `uploading ${formatBytes(total)}`),
  })
  const { sha256, description, allowUntested, steps, runtime } = wanted
  const { number } = await client.call('createVersion', {
    params,
    body: {
      source: source.type === 'url' ? { ...source, sha256 } : source,
      fileName: named.fileName,
      description,
      how: { allowUntested, steps, runtime },
    },
    signal,
  })
  return number
}

async function follow(client: Client, params: OfModel, number: number, context: CommandContext): Promise<void> {
  const { signal, stderr, env } = context
  const begun = performance.now()
  const name = `${params.model}/${number}`
  const progress = createProgress(name, stderr, () => performance.now())
  const watch = await beginWatch(client, params.project, signal)
  let shown = ''
  await followVersion(
    {
      client,
      project: params.project,
      watch,
      signal,
      onPhase: (phase, share, text) => {
        if (phase === shown) progress.update(share, plain(text))
        else progress.phase(plain(text), share)
        shown = phase
      },
    },
    params.model,
    number,
  )
  if (shown !== '')
    progress.finish(`${paintFor(stderr, env).good('ready')} after ${formatDuration(performance.now() - begun)}`)
}

/** @throws {ServingError} `conflict` when somebody else moved it since the plan was made */
async function moveLabel(
  client: Client,
  params: OfModel,
  { label, number, from }: { readonly label: string; readonly number: number; readonly from: number | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { labels, meta }: Model = await client.call('getModel', { params, signal })
  if (labels[label] === number) return
  if (labels[label] !== from)
    throw new ServingError(
      'conflict',
      `the label ${label} of model ${params.model} was moved by somebody else meanwhile, to version ${labels[label] ?? 'none'}: look at it, then try again`,
    )
  await client.call('putLabel', { params: { ...params, label }, body: { version: number }, ifMatch: meta, signal })
}

export function countOf(changes: number): string {
  return `${changes} change${changes === 1 ? '' : 's'}`
}
