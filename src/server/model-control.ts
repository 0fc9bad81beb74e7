import { ServingError, type ErrorCode } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { IndexEntry } from '../runtime/operations.ts'
import { versionNumber } from '../runtime/plane.ts'
import { keeping, type Models } from './desired-state.ts'
import type { Located } from './locate-models.ts'
import type { Rollout } from './rollout.ts'

type Found = Pick<Located, 'models' | 'kept' | 'missing'>

export interface ModelControlOptions {
  readonly rollout: Pick<Rollout, 'current' | 'change'>
  /**
   * Finds models again where the server was told to.
   * @param served what is served, or was: it stays what it was where it cannot be read
   * @param only of which name; all when absent
   */
  readonly locate: (served: Models, only?: string) => Promise<Located>
  /** Told of the models that are known and not served. */
  readonly onUnloaded: (names: readonly string[]) => void
  /** Does a piece of work when no other goes on, and nothing else meanwhile. */
  readonly perform: <T>(work: () => Promise<T>) => Promise<T>
}

/**
 * Loads and unloads single models of what the server was told to serve. A model that was unloaded stays that, whatever
 * else is loaded, until it is loaded again or the server is started anew.
 */
export interface ModelControl {
  /** Every model as it is served, and those that are not at present as they were found last. */
  readonly known: Models
  /**
   * Every model that was found is taken note of, and why others stay what they were.
   * @returns those that are to be served: without the unloaded
   */
  wanted(located: Found): Models
  /** Serves what was found. @returns why models stay what they were, by name */
  renew(located: Found): Promise<ReadonlyMap<string, ServingError>>
  index(): IndexEntry[]
  /** @throws {ServingError} as `Operations.load` */
  load(name: string): Promise<void>
  /** @throws {ServingError} as `Operations.unload` */
  unload(name: string): Promise<void>
}

export function createModelControl({ rollout, locate, onUnloaded, perform }: ModelControlOptions): ModelControl {
  const unloaded = new Set<string>()
  /** As they were found last, those that are unloaded too. */
  let found: Models = []
  /** Why a model is not what it should be, by name. */
  const reasons = new Map<string, string>()
  /** Names of models that could not be read and are not known otherwise; each has a reason. */
  const missing = new Set<string>()
  const changing = new Map<string, 'LOADING' | 'UNLOADING'>()

  async function change(name: string, state: 'LOADING' | 'UNLOADING', work: () => Promise<void>): Promise<void> {
    await perform(async () => {
      changing.set(name, state)
      try {
        await work()
        reasons.delete(name)
      } finally {
        changing.delete(name)
      }
    })
  }

  function known(): Models {
    return keeping(rollout.current, found, new Set(rollout.current.map(({ name }) => name)))
  }

  async function loadNow(name: string): Promise<void> {
    const located = await locate(known(), name)
    const wanted = located.models.filter((model) => model.name === name)
    const unread = located.kept.get(name) ?? located.missing.get(name)
    if (unread !== undefined) throw failed('load', name, unread)
    if (wanted.length === 0) {
      const near = located.failures.find((failure) => isAbout(name, failure))
      if (near !== undefined) throw failed('load', name, near)
      throw new ServingError(
        'not_found',
        `failed to load ${quote(name)}: there is no such model where models are served from`,
      )
    }
    const failures = await rollout.change([...others(rollout.current, name), ...wanted])
    const failure = failures.get(name)
    if (failure !== undefined) throw failed('load', name, failure)
    found = [...others(found, name), ...wanted]
    setUnloaded(name, false)
  }

  async function unloadNow(name: string): Promise<void> {
    const isServed = rollout.current.some((model) => model.name === name)
    if (!isServed && !unloaded.has(name))
      throw new ServingError('not_found', `failed to unload ${quote(name)}: there is no such model`)
    if (!isServed) return
    setUnloaded(name, true) // first: whoever has let go of it says that it is unloaded, not unknown
    try {
      const failures = await rollout.change(others(rollout.current, name))
      const failure = failures.get(name)
      if (failure !== undefined) throw failed('unload', name, failure)
    } catch (error) {
      setUnloaded(name, false)
      throw error
    }
  }

  function setUnloaded(name: string, isUnloaded: boolean): void {
    if (isUnloaded) unloaded.add(name)
    else unloaded.delete(name)
    onUnloaded([...unloaded])
  }

  function wanted(located: Found): Models {
    const { models, kept } = located
    found = models
    reasons.clear() // of what was found now, only this is known
    missing.clear()
    for (const name of located.missing.keys()) missing.add(name)
    for (const [name, error] of [...kept, ...located.missing]) reasons.set(name, failed('load', name, error).message)
    return models.filter(({ name }) => !unloaded.has(name))
  }

  return {
    get known() {
      return known()
    },
    wanted,
    async renew(located) {
      const failures = await rollout.change(wanted(located))
      for (const [name, error] of failures) reasons.set(name, failed('load', name, error).message)
      return failures
    },
    index() {
      const served = new Set(rollout.current.map(({ name }) => name))
      const entries = known().map(({ name, digest, labels }): IndexEntry => {
        const reason = reasons.get(name) ?? ''
        const version = versionNumber({ version: digest, labels })
        if (served.has(name)) {
          const state = changing.get(name) === 'UNLOADING' ? 'UNLOADING' : 'READY'
          return { name, version, state, reason }
        }
        const state = changing.get(name) ?? 'UNAVAILABLE'
        return { name, version, state, reason: reason === '' ? 'unloaded' : reason }
      })
      const listed = new Set(entries.map(({ name }) => name))
      for (const name of new Set([...changing.keys(), ...missing]))
        if (!listed.has(name)) {
          const state = changing.get(name) ?? 'UNAVAILABLE'
          entries.push({ name, version: '', state, reason: reasons.get(name) ?? '' })
        }
      return entries.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    },
    async load(name) {
      try {
        await change(name, 'LOADING', () => loadNow(name))
      } catch (error) {
        if (missing.has(name) || known().some((model) => model.name === name))
          reasons.set(name, ServingError.from(error).message)
        throw error
      }
    },
    unload: (name) => change(name, 'UNLOADING', () => unloadNow(name)),
  }
}

function others(models: Models, name: string): Models {
  return models.filter((model) => model.name !== name)
}

/** Whether a failure is that of a file or folder which is called so. */
function isAbout(name: string, { message }: ServingError): boolean {
  return message.split(/[\s"':/]/).some((part) => part === name || part.startsWith(`${name}.`))
}

/** What is wrong with the model is the caller's to mend; what is wrong with the server is not. */
function failed(what: 'load' | 'unload', name: string, error: ServingError): ServingError {
  const code: ErrorCode = OURS.has(error.code) ? error.code : 'invalid_argument'
  return new ServingError(code, `failed to ${what} ${quote(name)}: ${withoutFolders(error.message)}`, {
    details: error.details,
    cause: error,
  })
}

/** Where the server keeps its models is not its callers' business: of absolute paths only the last part is told. */
function withoutFolders(message: string): string {
  return message.replaceAll(/(?<=^|[\s"'(])\/[^\n":]*\//g, '')
}

const OURS = new Set<ErrorCode>(['unavailable', 'internal', 'cancelled', 'overloaded', 'deadline_exceeded'])
