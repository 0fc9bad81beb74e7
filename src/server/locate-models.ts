import { basename, dirname, join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { MODEL_NAME } from '../core/names.ts'
import { quote } from '../core/text.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import { openOrCompile, type HowToCompile, type LocatedBundle } from './compile.ts'
import { checkModels, keeping, type Models } from './desired-state.ts'
import { findModels, MODEL_FILE, type FoundModel } from './repository.ts'
import type { DesiredModel } from './settings.ts'

export interface LocateOptions {
  /** Folder for bundles and all else that Slipway keeps. */
  readonly dataFolder: string
  /** Name of the model, when there is one only. */
  readonly name: string | undefined
  readonly how?: HowToCompile | undefined
  /** How code in Python is run; it is refused when absent. */
  readonly python?: PythonSettings | undefined
  /** How code in TypeScript is run; it is refused when absent. */
  readonly typescript?: TypeScriptSettings | undefined
  readonly signal: AbortSignal
  readonly onProgress?: (path: string, text: string) => void
  readonly onWarning?: (path: string, text: string) => void
  /** The only model that is looked for: what is served under other names is passed over. All when absent. */
  readonly only?: string | undefined
  /** How a bundle is to be run. */
  readonly plan: (bundle: LocatedBundle) => Pick<DesiredModel, 'choices' | 'curve'>
}

/** What is to be served, as it was found. */
export interface Located {
  readonly models: Models
  readonly bundles: readonly LocatedBundle[]
  /** What could not be had, with its path; its models are in `models` as they were served before, if they were. */
  readonly failures: readonly ServingError[]
  /** Names of the models that stay as they were, each with what could not be had of it. */
  readonly kept: ReadonlyMap<string, ServingError>
  /** Names of the models that are not served because they could not be had, each with the reason. */
  readonly missing: ReadonlyMap<string, ServingError>
}

/** What could not be had. */
interface Failed {
  readonly error: ServingError
  /** The only model it is about, as far as that is known. */
  readonly name: string | undefined
  /** Whether it is a path that was to be served, or all that lies there. */
  readonly isNamed: boolean
  /** Whether a model that is served came from there. */
  readonly isOf: (model: DesiredModel) => boolean
}

/**
 * Finds everything that paths stand for, and compiles what is new. A model of which one version cannot be had stays what it
 * was, with all its versions, or is not served.
 * @param served what is served now: whatever fails to be read stays as it is there. Absent at the start, when a path that was
 * named itself may not fail
 * @throws {ServingError} at the start, the failure of a path, or the first where nothing is left; `invalid_argument` when two
 * models have one name
 */
export async function locateModels(
  paths: readonly string[],
  options: LocateOptions,
  served?: Models,
): Promise<Located> {
  const failures: Failed[] = []
  const bundles: LocatedBundle[] = []
  /** Where the models of a name come from: the place, and which of the paths led there. */
  const origins = new Map<string, { readonly origin: string; readonly at: number }>()
  const models: DesiredModel[] = []

  /** @param about what is tried */
  async function attempt(path: string, about: Omit<Failed, 'error'>, work: () => Promise<void>) {
    try {
      await work()
    } catch (thrown) {
      options.signal.throwIfAborted()
      const error = naming(path, thrown)
      if (served === undefined && (about.isNamed || error.details.reason === 'names')) throw error
      failures.push({ error, ...about })
    }
  }

  async function locate(found: FoundModel, root: string, weights: Set<string>, at: number): Promise<void> {
    const { path } = found
    const bundle = await openOrCompile(path, {
      dataFolder: options.dataFolder,
      name: options.name ?? found.name,
      how: options.how,
      python: options.python,
      typescript: options.typescript,
      signal: options.signal,
      onProgress: (text) => options.onProgress?.(path, text),
    })
    for (const warning of bundle.warnings) options.onWarning?.(path, warning)
    for (const file of bundle.beside) weights.add(join(dirname(path), file))
    const name = options.name ?? found.name ?? bundle.manifest.name
    const { labels, isDefault, origin } = found
    const other = origins.get(name)
    if (other !== undefined && (other.origin !== origin || other.at !== at))
      throw new ServingError(
        'invalid_argument',
        `two models are called ${quote(name)} (${quote(other.origin)} and ${quote(origin)}): give one of them another name`,
        { details: { reason: 'names' } },
      )
    origins.set(name, { origin, at })
    bundles.push(bundle)
    const { folder, digest, isOurs } = bundle
    const source = { path, root }
    merge(models, { folder, digest, isOurs, name, labels, isDefault, source, ...options.plan(bundle) })
  }

  /** Whether a model is known to be another than the one that is looked for. */
  function isOther({ path, name }: FoundModel): boolean {
    const { only } = options
    if (only === undefined || options.name !== undefined) return false
    const known = name ?? served?.find(({ source }) => source?.path === path)?.name
    return known !== undefined && known !== only
  }

  /** What a model is called, as far as one knows without reading it. */
  function nameOf({ path, name }: FoundModel): string | undefined {
    const stem = basename(path).replace(MODEL_FILE, '')
    return options.name ?? name ?? (MODEL_NAME.test(stem) ? stem : undefined)
  }

  for (const [at, root] of paths.entries())
    await attempt(root, { name: undefined, isNamed: true, isOf: (model) => model.source?.root === root }, async () => {
      const found = await findModels(root, options.python !== undefined)
      const broken = found.failures.filter(({ name }) => options.only === undefined || options.only === name)
      const origin = new Set([...found.models.map((model) => model.origin), ...found.failures.map(({ path }) => path)])
      if (options.name !== undefined && (paths.length > 1 || origin.size > 1))
        throw new ServingError(
          'invalid_argument',
          `--name names one model, and there are ${Math.max(origin.size, paths.length)}`,
          { details: { reason: 'names' } },
        )
      for (const { path, name: own, error } of broken) {
        const name = options.name ?? own
        const isOf = (model: DesiredModel) => model.name === name
        await attempt(path, { name, isNamed: false, isOf }, () => Promise.reject(ServingError.from(error)))
      }
      const weights = new Set<string>()
      for (const model of found.models) {
        if (isOther(model)) continue
        await attempt(
          model.path,
          {
            name: nameOf(model),
            isNamed: model.origin === root,
            isOf: (other) =>
              other.source?.path === model.path || (model.name !== undefined && other.name === model.name),
          },
          () => locate(model, root, weights, at),
        )
      }
      // where a model could not be read, nobody knows which weights are its own
      if (failures.length > 0 || options.only !== undefined) return
      for (const other of found.others)
        if (!weights.has(other)) options.onWarning?.(other, 'not served: neither a model nor the weights of one')
    })
  const kept = new Map<string, ServingError>()
  for (const model of served ?? []) {
    const failure = failures.find(({ isOf }) => isOf(model))
    if (failure !== undefined && !kept.has(model.name)) kept.set(model.name, failure.error)
  }
  const whole = models.filter((model) => !failures.some(({ isOf }) => isOf(model)))
  const next = keeping(served ?? [], whole, new Set(kept.keys()))
  checkModels(next)
  const errors = failures.map(({ error }) => error)
  if (served === undefined && next.length === 0 && errors[0] !== undefined) throw errors[0]
  const missing = new Map<string, ServingError>()
  for (const { name, error } of failures)
    if (name !== undefined && !next.some((model) => model.name === name) && !missing.has(name)) missing.set(name, error)
  return { models: next, bundles, failures: errors, kept, missing }
}

/** Two numbers of one content are one version with two labels. */
function merge(models: DesiredModel[], model: DesiredModel): void {
  const at = models.findIndex(({ name, digest }) => name === model.name && digest === model.digest)
  const twin = models[at]
  if (twin === undefined) return void models.push(model)
  models[at] = { ...twin, labels: [...twin.labels, ...model.labels], isDefault: twin.isDefault || model.isDefault }
}

/** Of several models, a failure says which one it is about. */
function naming(path: string, thrown: unknown): ServingError {
  const error = ServingError.from(thrown)
  const { code, message, details, cause } = error
  if (message.includes(path)) return error
  return new ServingError(code, `${path}: ${message}`, { details, cause })
}
