import type { Kinds, Reader, Store, Stored } from '../store/store.ts'
import type { Change } from './changes.ts'

/** What is wanted, as it stood at one moment. Maps may hold some records more than they must. */
export interface Snapshot {
  /** Differs wherever something in it may. */
  readonly revision: number
  readonly projects: readonly string[]
  readonly models: ReadonlyMap<string, Stored<'model'>>
  /** Sorted by project and name. */
  readonly endpoints: readonly Stored<'endpoint'>[]
  /** Those that serve, and the newest, of each endpoint. */
  readonly revisions: ReadonlyMap<string, Stored<'revision'>>
  /** Those under way. */
  readonly rollouts: ReadonlyMap<string, Stored<'rollout'>>
  /** Those that are on their way, and those that an endpoint uses or waits for. */
  readonly versions: ReadonlyMap<string, Stored<'version'>>
  readonly keys: readonly Stored<'key'>[]
}

/** Reads what is wanted, each time from one consistent view. */
export interface SnapshotReader {
  /** All of it. */
  read(): Promise<Snapshot>
  /**
   * What was read before, with these records as they are now. What belongs to one endpoint is read together.
   * The snapshot from before is spent by that.
   */
  update(changes: readonly Change[]): Promise<Snapshot>
}

/** Names a record across projects. */
export function at(project: string, name: string): string {
  return `${project}/${name}`
}

/** What is read along with an endpoint. */
interface Found {
  readonly revisions: Map<string, Stored<'revision'>>
  readonly rollouts: Map<string, Stored<'rollout'>>
  readonly versions: Map<string, Stored<'version'>>
}

interface State extends Found {
  readonly projects: Map<string, Stored<'project'>>
  readonly models: Map<string, Stored<'model'>>
  readonly endpoints: Map<string, Stored<'endpoint'>>
  readonly keys: Map<string, Stored<'key'>>
}

/** What never changes any more is remembered, by ids that are never used again: ready versions, and revisions whose versions are known. */
export function createSnapshotReader(store: Store): SnapshotReader {
  let lasting: Lasting = { revisions: new Map(), versions: new Map() }
  let state: State | undefined
  let revision = 0

  async function read(): Promise<Snapshot> {
    const kept: Lasting = { revisions: new Map(), versions: new Map() }
    state = await store.read(async (tx) => {
      const found: State = {
        projects: byPlace(await tx.all('project')),
        models: byPlace(await tx.all('model')),
        endpoints: byPlace(await tx.all('endpoint')),
        keys: byPlace(await tx.all('key')),
        versions: byPlace(await tx.all('version', { states: ['pending', 'making'] })),
        revisions: new Map(),
        rollouts: new Map(),
      }
      for (const endpoint of found.endpoints.values()) await readAlong(tx, endpoint, found, found.models, lasting, kept)
      return found
    })
    lasting = kept
    return snapshotOf(state, ++revision)
  }

  async function update(changes: readonly Change[]): Promise<Snapshot> {
    const before = state
    if (before === undefined) return read()
    const fresh: { readonly kind: keyof State; readonly place: string; readonly record: Stored<never> | undefined }[] =
      []
    const found: Found = { revisions: new Map(), rollouts: new Map(), versions: new Map() }
    const affected = affectedBy(changes, before)
    const note = (kind: keyof State, place: string, record: object | undefined) =>
      fresh.push({ kind, place, record: record as Stored<never> | undefined })
    await store.read(async (tx) => {
      const models = new Map(before.models)
      for (const { kind, project, name } of changes) {
        const place = at(project, name)
        if (kind === 'project') note('projects', place, await tx.get('project', project, name))
        else if (kind === 'key') note('keys', place, await tx.get('key', project, name))
        else if (kind === 'model') {
          const model = await tx.get('model', project, name)
          note('models', place, model)
          if (model === undefined) models.delete(place)
          else models.set(place, model)
        } else if (kind === 'version') {
          const version = await tx.get('version', project, name)
          if (version === undefined) note('versions', place, version)
          else found.versions.set(place, version)
        } else if (kind === 'rollout') {
          const rollout = await tx.get('rollout', project, name)
          if (rollout !== undefined)
            affected.set(at(project, rollout.document.endpoint), [project, rollout.document.endpoint])
        }
      }
      for (const [place, [project, name]] of affected) {
        const endpoint = await tx.get('endpoint', project, name)
        note('endpoints', place, endpoint)
        if (endpoint !== undefined) await readAlong(tx, endpoint, found, models, lasting, lasting)
      }
    })
    for (const place of affected.keys()) {
      const rollout = before.endpoints.get(place)?.document.rollout
      const project = before.endpoints.get(place)?.project
      if (rollout !== undefined && project !== undefined) before.rollouts.delete(at(project, rollout))
    }
    for (const { kind, place, record } of fresh) {
      if (record === undefined) before[kind].delete(place)
      else (before[kind] as Map<string, Stored<never>>).set(place, record)
    }
    for (const [place, record] of found.revisions) before.revisions.set(place, record)
    for (const [place, record] of found.rollouts) before.rollouts.set(place, record)
    for (const [place, record] of found.versions) before.versions.set(place, record)
    return snapshotOf(before, ++revision)
  }

  return { read, update }
}

/** What is remembered for good. */
interface Lasting {
  readonly revisions: Map<string, Stored<'revision'>>
  readonly versions: Map<string, Stored<'version'>>
}

/** Reads the revisions, the rollout and the versions that an endpoint names. @param kept where what lasts is noted */
async function readAlong(
  tx: Reader,
  endpoint: Stored<'endpoint'>,
  found: Found,
  models: ReadonlyMap<string, Stored<'model'>>,
  lasting: Lasting,
  kept: Lasting,
): Promise<void> {
  const { project } = endpoint
  const { revision, servedRevision, rollout } = endpoint.document
  if (servedRevision !== undefined) await readRevision(servedRevision)
  await readRevision(revision)
  if (rollout === undefined) return
  const record = await tx.get('rollout', project, rollout)
  if (record === undefined) return
  found.rollouts.set(at(project, rollout), record)
  await readRevision(record.document.toRevision)

  async function readRevision(number: number): Promise<void> {
    const name = `${endpoint.name}/${number}`
    const place = at(project, name)
    if (found.revisions.has(place)) return
    const key = `${endpoint.uid} ${number}`
    const known = lasting.revisions.get(key) ?? (await tx.get('revision', project, name))
    if (known === undefined) return
    found.revisions.set(place, known)
    if (isResolved(known.document)) kept.revisions.set(key, known)
    for (const { model, version } of versionsOf(known.document, models)) await readVersion(model, version)
  }

  async function readVersion(model: string, number: number): Promise<void> {
    const name = `${model}/${number}`
    const place = at(project, name)
    if (found.versions.has(place)) return
    const owner = models.get(at(project, model))
    const key = `${owner?.uid} ${number}`
    const version = lasting.versions.get(key) ?? (await tx.get('version', project, name))
    if (version === undefined) return
    found.versions.set(place, version)
    if (version.document.state === 'ready' && owner !== undefined) kept.versions.set(key, version)
  }
}

/** Endpoints that are read again. */
function affectedBy(changes: readonly Change[], before: State): Map<string, readonly [project: string, name: string]> {
  const affected = new Map<string, readonly [project: string, name: string]>()
  const add = (project: string, name: string) => affected.set(at(project, name), [project, name])
  for (const { kind, project, name } of changes) {
    if (kind === 'endpoint') add(project, name)
    if (kind === 'revision') add(project, name.slice(0, name.lastIndexOf('/')))
    const rollout = kind === 'rollout' ? before.rollouts.get(at(project, name)) : undefined
    if (rollout !== undefined) add(project, rollout.document.endpoint)
  }
  // Those that wait for what a label stands for, or for a version that was not there yet
  if (!changes.some(({ kind }) => kind === 'model' || kind === 'version')) return affected
  for (const { project, name, document } of before.endpoints.values()) {
    const newest = before.revisions.get(at(project, `${name}/${document.revision}`))
    if (newest === undefined || !isResolved(newest.document)) add(project, name)
  }
  return affected
}

function snapshotOf(state: State, revision: number): Snapshot {
  return {
    revision,
    projects: sorted(state.projects).map(({ name }) => name),
    models: state.models,
    endpoints: sorted(state.endpoints),
    revisions: state.revisions,
    rollouts: state.rollouts,
    versions: state.versions,
    keys: sorted(state.keys),
  }
}

function byPlace<R extends { readonly project: string; readonly name: string }>(records: readonly R[]): Map<string, R> {
  return new Map(records.map((record) => [at(record.project, record.name), record]))
}

function sorted<R extends { readonly project: string; readonly name: string }>(records: ReadonlyMap<string, R>): R[] {
  return [...records.values()].sort((a, b) => compare(a.project, b.project) || compare(a.name, b.name))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function isResolved({ spec, resolved }: Kinds['revision']): boolean {
  return spec.variants.every(({ name }) => resolved[name] !== undefined)
}

/** The version that a label of a model stands for; a label may be called as people like, `constructor` too. */
export function labelled(model: Kinds['model'] | undefined, label: string): number | undefined {
  return model !== undefined && Object.hasOwn(model.labels, label) ? model.labels[label] : undefined
}

/** The versions that a revision names, labels as they stand now. */
function versionsOf(
  { project, spec, resolved }: Kinds['revision'],
  models: ReadonlyMap<string, Stored<'model'>>,
): { model: string; version: number }[] {
  return spec.variants.flatMap(({ name, model, version }) => {
    const number =
      resolved[name]?.version ??
      (typeof version === 'number' ? version : labelled(models.get(at(project, model))?.document, version))
    return number === undefined ? [] : [{ model, version: number }]
  })
}
