import type { Kinds, Store, Stored } from '../store/store.ts'

/** What is wanted, as it stood at one moment. */
export interface Snapshot {
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

/** Names a record across projects. */
export function at(project: string, name: string): string {
  return `${project}/${name}`
}

/**
 * Reads what is wanted, all of it from one consistent view. What never changes any more is remembered, by ids that are
 * never used again: ready versions, and revisions whose versions are known.
 */
export function createSnapshotReader(store: Store): () => Promise<Snapshot> {
  let revisionsBefore = new Map<string, Stored<'revision'>>()
  let versionsBefore = new Map<string, Stored<'version'>>()

  return () =>
    store.read(async (tx) => {
      const [projects, models, endpoints, keys, making] = [
        await tx.all('project'),
        await tx.all('model'),
        await tx.all('endpoint'),
        await tx.all('key'),
        await tx.all('version', { states: ['pending', 'making'] }),
      ]
      const modelOf = new Map(models.map((model) => [at(model.project, model.name), model]))
      const versions = new Map(making.map((version) => [at(version.project, version.name), version]))
      const revisions = new Map<string, Stored<'revision'>>()
      const rollouts = new Map<string, Stored<'rollout'>>()
      const keptRevisions = new Map<string, Stored<'revision'>>()
      const keptVersions = new Map<string, Stored<'version'>>()

      const readVersion = async (project: string, model: string, number: number) => {
        const name = `${model}/${number}`
        const place = at(project, name)
        if (versions.has(place)) return
        const kept = `${modelOf.get(at(project, model))?.uid} ${number}`
        const version = versionsBefore.get(kept) ?? (await tx.get('version', project, name))
        if (version === undefined) return
        versions.set(place, version)
        if (version.document.state === 'ready' && modelOf.has(at(project, model))) keptVersions.set(kept, version)
      }
      const readRevision = async (endpoint: Stored<'endpoint'>, number: number) => {
        const name = `${endpoint.name}/${number}`
        const place = at(endpoint.project, name)
        if (revisions.has(place)) return
        const kept = `${endpoint.uid} ${number}`
        const revision = revisionsBefore.get(kept) ?? (await tx.get('revision', endpoint.project, name))
        if (revision === undefined) return
        revisions.set(place, revision)
        if (isResolved(revision.document)) keptRevisions.set(kept, revision)
        for (const { project, model, version } of versionsOf(revision.document, modelOf))
          await readVersion(project, model, version)
      }

      for (const endpoint of endpoints) {
        const { revision, servedRevision, rollout } = endpoint.document
        if (servedRevision !== undefined) await readRevision(endpoint, servedRevision)
        await readRevision(endpoint, revision)
        if (rollout !== undefined) {
          const record = await tx.get('rollout', endpoint.project, rollout)
          if (record === undefined) continue
          rollouts.set(at(endpoint.project, rollout), record)
          await readRevision(endpoint, record.document.toRevision)
        }
      }
      revisionsBefore = keptRevisions
      versionsBefore = keptVersions
      const names = projects.map((project) => project.name)
      return { projects: names, models: modelOf, endpoints, revisions, rollouts, versions, keys }
    })
}

function isResolved({ spec, resolved }: Kinds['revision']): boolean {
  return spec.variants.every(({ name }) => resolved[name] !== undefined)
}

/** The versions that a revision names, labels as they stand now. */
function versionsOf(
  { project, spec, resolved }: Kinds['revision'],
  models: ReadonlyMap<string, Stored<'model'>>,
): { project: string; model: string; version: number }[] {
  return spec.variants.flatMap(({ name, model, version }) => {
    const number =
      resolved[name]?.version ??
      (typeof version === 'number' ? version : models.get(at(project, model))?.document.labels[version])
    return number === undefined ? [] : [{ project, model, version: number }]
  })
}
