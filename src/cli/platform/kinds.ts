import type { Paging, States } from '../../api/api-types.ts'
import type {
  Endpoint,
  EndpointRevision,
  Key,
  Model,
  Page,
  Project,
  Rollout,
  Upload,
  VariantSpec,
  Version,
} from '../../api/resources.ts'
import type { Client } from '../../client/client.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { nearestTo } from '../nearest.ts'
import { UsageError } from '../options.ts'
import { formatAge, formatShare, type Column, type Paint } from './terminal.ts'

/** Whom and how to ask. */
export interface Asking {
  readonly client: Client
  readonly project: string
  readonly signal: AbortSignal
}

/** A kind of resource, as the command line lists, shows and deletes it. */
export interface Kind<T = unknown> {
  readonly plural: string
  readonly singular: string
  /** What a name looks like: `<model>/<number>`. */
  readonly nameForm: string
  /** Whether a list can be narrowed to those in some states. */
  readonly hasStates?: true
  /**
   * One page of a list.
   * @param of what the list belongs to, where the name that was given is no whole one: the model of versions
   */
  readonly list: (asking: Asking, of: string | undefined, query: Paging & States) => Promise<Page<T>>
  /** Undefined where a name is no whole one, but what a list belongs to. */
  readonly get: ((asking: Asking, name: string) => Promise<T>) | undefined
  /** @param nowMs for ages, ms since 1970 */
  readonly columns: (paint: Paint, nowMs: number) => readonly Column<T>[]
  /** Deletes it; absent for what is never deleted. @returns what has become of it, in words */
  readonly remove?: (asking: Asking, name: string) => Promise<string>
  /** Ends what is under way; absent for what never is. @returns what has become of it, in words */
  readonly cancel?: (asking: Asking, name: string) => Promise<string>
}

/** Longest that a sentence is in a table; `describe` and `--json` have all of it. */
const SENTENCE = 72

/** A sentence at the end of a line. */
function sentence<T>(title: string, text: (item: T) => string): Column<T> {
  return { title, text, most: SENTENCE, isElastic: true, rank: 1 }
}

const age = <T extends { readonly meta: { readonly createdAtMs: number } }>(nowMs: number): Column<T> => ({
  title: 'age',
  isNumber: true,
  rank: 2,
  text: ({ meta }) => formatAge(nowMs - meta.createdAtMs),
})

const projects: Kind<Project> = {
  plural: 'projects',
  singular: 'project',
  nameForm: '<name>',
  list: ({ client, signal }, _of, { limit, cursor }) =>
    client.call('listProjects', { query: { limit, cursor }, signal }),
  get: ({ client, signal }, project) => client.call('getProject', { params: { project }, signal }),
  columns: (_paint, nowMs) => [
    { title: 'name', text: ({ name }) => name },
    age(nowMs),
    sentence('description', ({ description }) => description),
  ],
  async remove({ client, signal }, project) {
    await client.call('deleteProject', { params: { project }, signal })
    return 'is deleted'
  },
}

const models: Kind<Model> = {
  plural: 'models',
  singular: 'model',
  nameForm: '<name>',
  list: ({ client, project, signal }, _of, { limit, cursor }) =>
    client.call('listModels', { params: { project }, query: { limit, cursor }, signal }),
  get: ({ client, project, signal }, model) => client.call('getModel', { params: { project, model }, signal }),
  columns: (_paint, nowMs) => [
    { title: 'name', text: ({ name }) => name },
    { title: 'last version', isNumber: true, text: ({ lastNumber }) => (lastNumber === 0 ? '-' : String(lastNumber)) },
    { title: 'labels', text: ({ labels }) => labelsOf(labels), most: SENTENCE, isElastic: true },
    age(nowMs),
    sentence('description', ({ description }) => description),
  ],
  async remove({ client, project, signal }, model) {
    await client.call('deleteModel', { params: { project, model }, signal })
    return 'is deleted, with all of its versions'
  },
}

const versions: Kind<Version> = {
  plural: 'versions',
  singular: 'version',
  hasStates: true,
  nameForm: '<model>/<number>',
  async list({ client, project, signal }, of, query) {
    if (of !== undefined) return client.call('listVersions', { params: { project, model: of }, query, signal })
    // every model's; their names are the pages
    const { limit, cursor, state } = query
    const found = await client.call('listModels', { params: { project }, query: { limit: 1, cursor }, signal })
    const pages = await Promise.all(
      found.items.map(({ name }) =>
        client.call('listVersions', { params: { project, model: name }, query: { limit, state }, signal }),
      ),
    )
    return { items: pages.flatMap(({ items }) => items), cursor: found.cursor }
  },
  get: ({ client, project, signal }, name) => {
    const [model, version] = split(name, 'version')
    return client.call('getVersion', { params: { project, model, version }, signal })
  },
  columns: (paint, nowMs) => [
    { title: 'version', text: ({ model, number }) => `${model}/${number}` },
    { title: 'state', text: describeMaking, paint: (text, { state }) => stateIn(state, paint)(text) },
    { title: 'file', text: ({ fileName }) => fileName, most: 40, isElastic: true },
    { title: 'digest', rank: 4, text: ({ bundle }) => bundle?.digest.slice(0, 12) ?? '-' },
    {
      title: 'size',
      isNumber: true,
      rank: 5,
      text: ({ bundle }) => (bundle === undefined ? '-' : formatBytes(bundle.sizeBytes)),
    },
    {
      title: 'memory',
      isNumber: true,
      rank: 3,
      text: ({ bundle }) => (bundle === undefined ? '-' : formatBytes(bundle.memoryBytes)),
    },
    age(nowMs),
  ],
  async remove({ client, project, signal }, name) {
    const [model, version] = split(name, 'version')
    await client.call('deleteVersion', { params: { project, model, version }, signal })
    return 'is deleted'
  },
  async cancel({ client, project, signal }, name) {
    const [model, version] = split(name, 'version')
    await client.call('cancelVersion', { params: { project, model, version }, signal })
    return 'was told to stop'
  },
}

const endpoints: Kind<Endpoint> = {
  plural: 'endpoints',
  singular: 'endpoint',
  hasStates: true,
  nameForm: '<name>',
  list: ({ client, project, signal }, _of, query) =>
    client.call('listEndpoints', { params: { project }, query, signal }),
  get: ({ client, project, signal }, endpoint) => client.call('getEndpoint', { params: { project, endpoint }, signal }),
  columns: (paint, nowMs) => [
    { title: 'name', text: ({ name }) => name },
    { title: 'state', text: ({ state }) => state, paint: (text, { state }) => stateIn(state, paint)(text) },
    { title: 'traffic', text: trafficOf, most: 60, isElastic: true, rank: 4 },
    {
      title: 'replicas',
      isNumber: true,
      text: ({ variants }) =>
        `${sumOf(variants, ({ replicas }) => replicas.ready)}/${sumOf(variants, ({ replicas }) => replicas.desired)}`,
    },
    { title: 'revision', isNumber: true, rank: 3, text: ({ revision }) => String(revision) },
    age(nowMs),
    sentence('reason', ({ reason }) => reason),
  ],
  async remove({ client, project, signal }, endpoint) {
    await client.call('deleteEndpoint', { params: { project, endpoint }, signal })
    return 'is being deleted: it is gone once no runner answers for it'
  },
}

const revisions: Kind<EndpointRevision> = {
  plural: 'revisions',
  singular: 'revision',
  nameForm: '<endpoint>/<number>',
  list({ client, project, signal }, of, { limit, cursor }) {
    if (of === undefined)
      throw new UsageError('revisions are those of an endpoint: name it, as in `get revisions fraud`')
    return client.call('listRevisions', { params: { project, endpoint: of }, query: { limit, cursor }, signal })
  },
  get: ({ client, project, signal }, name) => {
    const [endpoint, revision] = split(name, 'revision')
    return client.call('getRevision', { params: { project, endpoint, revision }, signal })
  },
  columns: (_paint, nowMs) => [
    { title: 'revision', text: ({ endpoint, revision }) => `${endpoint}/${revision}` },
    { title: 'variants', text: ({ spec }) => variantsOf(spec.variants), most: 60, isElastic: true },
    { title: 'by', text: ({ by }) => by, rank: 3 },
    age(nowMs),
    sentence('reason', ({ reason }) => reason),
  ],
}

const rollouts: Kind<Rollout> = {
  plural: 'rollouts',
  singular: 'rollout',
  hasStates: true,
  nameForm: '<id>',
  list: ({ client, project, signal }, _of, query) =>
    client.call('listRollouts', { params: { project }, query, signal }),
  get: ({ client, project, signal }, rollout) => client.call('getRollout', { params: { project, rollout }, signal }),
  columns: (paint, nowMs) => [
    { title: 'rollout', text: ({ name }) => name },
    { title: 'endpoint', text: ({ endpoint }) => endpoint },
    { title: 'revisions', rank: 3, text: ({ fromRevision, toRevision }) => `${fromRevision ?? '-'} to ${toRevision}` },
    { title: 'strategy', rank: 4, text: ({ spec }) => spec.strategy },
    { title: 'state', text: ({ state }) => state, paint: (text, { state }) => stateIn(state, paint)(text) },
    { title: 'share', isNumber: true, rank: 5, text: ({ share }) => formatShare(share) },
    age(nowMs),
    sentence('reason', ({ reason, decisions }) => (reason === '' ? (decisions[0]?.reason ?? '') : reason)),
  ],
  async cancel({ client, project, signal }, rollout) {
    await client.call('cancelRollout', { params: { project, rollout }, signal })
    return 'was told to stop'
  },
}

const keys: Kind<Key> = {
  plural: 'keys',
  singular: 'key',
  nameForm: '<name>',
  list: ({ client, project, signal }, _of, { limit, cursor }) =>
    client.call('listKeys', { params: { project }, query: { limit, cursor }, signal }),
  get: ({ client, project, signal }, key) => client.call('getKey', { params: { project, key }, signal }),
  columns: (paint, nowMs) => [
    { title: 'name', text: ({ name }) => name },
    { title: 'project', rank: 4, text: ({ project }) => project },
    {
      title: 'role',
      text: ({ role, actions }) => (actions === undefined ? role : `${role} (${actions.join(', ')})`),
      most: 40,
      isElastic: true,
    },
    { title: 'endpoints', text: (key) => key.endpoints?.join(', ') ?? 'all', most: 40, isElastic: true, rank: 3 },
    { title: 'begins with', rank: 5, text: ({ hint }) => hint },
    { title: 'state', text: (key) => stateOfKey(key, nowMs), paint: (text) => stateIn(text, paint)(text) },
    age(nowMs),
  ],
  async remove({ client, project, signal }, key) {
    await client.call('revokeKey', { params: { project, key }, signal })
    return 'is revoked for ever'
  },
}

const uploads: Kind<Upload> = {
  plural: 'uploads',
  singular: 'upload',
  hasStates: true,
  nameForm: '<id>',
  list: ({ client, project, signal }, _of, query) => client.call('listUploads', { params: { project }, query, signal }),
  get: ({ client, project, signal }, upload) => client.call('getUpload', { params: { project, upload }, signal }),
  columns: (_paint, nowMs) => [
    { title: 'upload', text: ({ name }) => name },
    { title: 'file', text: ({ fileName }) => fileName, most: 40, isElastic: true },
    { title: 'size', isNumber: true, text: ({ sizeBytes }) => formatBytes(sizeBytes) },
    {
      title: 'parts',
      isNumber: true,
      text: ({ parts, sizeBytes, partBytes }) => `${parts.length}/${Math.max(1, Math.ceil(sizeBytes / partBytes))}`,
    },
    { title: 'state', text: ({ state }) => state },
    age(nowMs),
    { title: 'ends in', isNumber: true, rank: 3, text: ({ expiresAtMs }) => formatAge(expiresAtMs - nowMs) },
  ],
  async remove({ client, project, signal }, upload) {
    await client.call('deleteUpload', { params: { project, upload }, signal })
    return 'is given up'
  },
}

/** Every kind; each is looked at as what its own functions take. */
export const KINDS = [projects, models, versions, endpoints, revisions, rollouts, keys, uploads] as readonly Kind[]

/** @throws {UsageError} for a word that is none of them */
export function kindOf(word: string | undefined, kinds: readonly Kind[] = KINDS): Kind {
  const found = kinds.find(({ plural, singular }) => word === plural || word === singular)
  if (found !== undefined) return found
  const words = kinds.map(({ plural }) => plural)
  const near = word === undefined ? undefined : nearestTo(word, words)
  const asked =
    word === undefined
      ? 'name what is meant'
      : KINDS.some(({ plural, singular }) => word === plural || word === singular)
        ? `this is not for ${word}, but for`
        : `there is nothing called ${quote(word)}`
  throw new UsageError(`${asked}: ${words.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`)
}

/** Whether a name is that of one, or of what a list belongs to. */
export function isWhole({ nameForm }: Kind, name: string): boolean {
  return !nameForm.includes('/') || name.includes('/')
}

function split(name: string, kind: string): [string, number] {
  const [, owner, number] = /^([^/]+)\/(\d{1,9})$/.exec(name) ?? []
  if (owner === undefined || number === undefined)
    throw new UsageError(`${quote(name)} names no ${kind}; it is like fraud/3`)
  return [owner, Number(number)]
}

/** Good, bad or neither, in colours. */
export function stateIn(state: string, { good, bad, warn, dim }: Paint): (text: string) => string {
  if (/^(ready|promoted|complete|valid)$/.test(state)) return good
  if (/^(failed|rolled-back|revoked|ended|failing|error)$/.test(state)) return bad
  if (/^(updating|creating|rolling-back|making|pending|loading|shifting|baking|deleting|warning)$/.test(state))
    return warn
  return /^(idle|paused|cancelled)$/.test(state) ? dim : (text) => text
}

function describeMaking({ state, phase, progress }: Version): string {
  if (state !== 'making' || phase === undefined) return state
  return progress === undefined ? phase : `${phase} ${formatShare(progress)}`
}

/** Shares of what answers now; of what was wished where nothing does yet. */
export function trafficOf({ variants, spec }: Endpoint): string {
  if (variants.length === 0) return variantsOf(spec.variants)
  return variants
    .map(({ name, model, version, share }) => `${name} (${model}/${version}) ${formatShare(share)}`)
    .join(', ')
}

function variantsOf(variants: readonly VariantSpec[]): string {
  return variants
    .map(({ name, model, version, weight, shadow }) => {
      const share =
        shadow === undefined ? (variants.length === 1 ? '' : ` weight ${weight}`) : ` shadow ${formatShare(shadow)}`
      return `${name} (${model}/${version})${share}`
    })
    .join(', ')
}

export function labelsOf(labels: Model['labels']): string {
  return Object.entries(labels)
    .map(([label, number]) => `${label}=${number}`)
    .join(', ')
}

/** What a key is good for now, in a word. */
export function stateOfKey({ revokedAtMs, expiresAtMs, notBeforeMs }: Key, nowMs: number): string {
  if (revokedAtMs !== undefined) return 'revoked'
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return 'ended'
  if (notBeforeMs !== undefined && notBeforeMs > nowMs) return `valid in ${formatAge(notBeforeMs - nowMs)}`
  return expiresAtMs === undefined ? 'valid' : `valid for ${formatAge(expiresAtMs - nowMs)}`
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0)
}
