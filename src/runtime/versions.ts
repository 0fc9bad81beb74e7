import { ServingError } from '../core/errors.ts'
import { isSameList } from '../core/lists.ts'
import { quote, quoteList } from '../core/text.ts'
import { versionName, type ServedModel } from './plane.ts'

/** Whatever stands for one version of a model. */
export interface VersionEntry {
  model: ServedModel
}

/** A model's versions by digest, and the one that answers when none is named. */
interface Versions<Entry> {
  readonly entries: Map<string, Entry>
  default: string
}

/** Every version of every model that a process answers for, and which of them a request means. */
export interface VersionTable<Entry extends VersionEntry> {
  /** Of this name and digest. */
  get(name: string, digest: string): Entry | undefined
  /** Puts a version in its place, under its labels. */
  place(entry: Entry, labels: readonly string[], isDefault: boolean): ServedModel
  /**
   * @param name absent for the default model: the only one, or the one that the operator named
   * @param version a digest, its first 12 digits or more, or a label; absent for the model's default version
   * @throws {ServingError} `not_found`; `invalid_argument` when a model has to be named
   */
  find(name?: string, version?: string): Entry
  /**
   * Takes a version out, or every version of a model.
   * @throws {ServingError} `not_found`
   */
  remove(name: string, version?: string): Entry[]
  /** Sorted by name, a model's default version first. */
  sorted(): Entry[]
  all(): Entry[]
  clear(): void
}

/**
 * @param defaultModel the model that a request without a name means; when absent, the only one
 * @param isUnloaded whether a model that is not there is known and may come back
 */
export function createVersionTable<Entry extends VersionEntry>(
  defaultModel: string | undefined,
  isUnloaded: (name: string) => boolean = () => false,
): VersionTable<Entry> {
  const models = new Map<string, Versions<Entry>>()

  function versionsOf(name: string): Versions<Entry> {
    const versions = models.get(name)
    if (versions === undefined && isUnloaded(name))
      throw new ServingError(
        'unavailable',
        `model ${quote(name)} is unloaded: whoever operates the server can load it`,
        {
          details: { model: name },
        },
      )
    if (versions === undefined)
      // clients know Triton's words for it
      throw new ServingError('not_found', `Request for unknown model: ${quote(name)}; there ${listModels()}`, {
        details: { model: name },
      })
    return versions
  }

  function listModels(): string {
    return models.size === 0 ? 'are none' : `is ${quoteList([...models.keys()].sort())}`
  }

  function onlyModel(): Versions<Entry> {
    if (defaultModel !== undefined) return versionsOf(defaultModel)
    const [only, second] = models.values()
    if (only === undefined) throw new ServingError('not_found', 'no model is loaded')
    if (second !== undefined)
      throw new ServingError('invalid_argument', `the request names no model, and there ${listModels()}`)
    return only
  }

  return {
    get: (name, digest) => models.get(name)?.entries.get(digest),

    place(entry, labels, isDefault) {
      const { name, version } = entry.model
      if (!isSameList(entry.model.labels, labels)) entry.model = { ...entry.model, labels }
      const versions = models.get(name)
      if (versions === undefined) models.set(name, { entries: new Map([[version, entry]]), default: version })
      else {
        versions.entries.set(version, entry)
        if (isDefault) versions.default = version
      }
      return entry.model
    },

    find(name, version) {
      const versions = name === undefined ? onlyModel() : versionsOf(name)
      return version === undefined ? defaultOf(versions) : findVersion(versions, version)
    },

    remove(name, version) {
      const versions = versionsOf(name)
      const gone = version === undefined ? [...versions.entries.values()] : [findVersion(versions, version)]
      for (const { model } of gone) versions.entries.delete(model.version)
      const [left] = versions.entries.keys()
      if (left === undefined) models.delete(name)
      else if (!versions.entries.has(versions.default)) versions.default = left
      return gone
    },

    sorted: () =>
      [...models]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, versions]) => {
          const first = defaultOf(versions)
          return [first, ...[...versions.entries.values()].filter((entry) => entry !== first)]
        }),

    all: () => [...models.values()].flatMap(({ entries }) => [...entries.values()]),
    clear: () => models.clear(),
  }
}

function defaultOf<Entry>(versions: Versions<Entry>): Entry {
  const entry = versions.entries.get(versions.default)
  if (entry === undefined) throw new Error('a model has lost its default version; this is a bug')
  return entry
}

/** By digest, by its first 12 digits or more, or by label; a label is only that of one version. */
function findVersion<Entry extends VersionEntry>(versions: Versions<Entry>, version: string): Entry {
  const exact = versions.entries.get(version)
  if (exact !== undefined) return exact
  for (const entry of versions.entries.values()) if (entry.model.labels.includes(version)) return entry
  if (version.length >= 12)
    for (const entry of versions.entries.values()) if (entry.model.version.startsWith(version)) return entry
  const has = [...versions.entries.values()].map(({ model }) => [versionName(model), ...model.labels].join(' or '))
  throw new ServingError(
    'not_found',
    `model ${quote(defaultOf(versions).model.name)} has no version ${quote(version)}; it has ${quoteList(has)}`,
  )
}
