import type { OpenBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import { isSameList } from '../core/lists.ts'
import { quote, quoteList } from '../core/text.ts'
import type { Engine, LoadOptions } from '../engines/engine.ts'
import { replayGolden, tensorsOf } from '../engines/golden.ts'
import { loadProgram, type LoadedProgram } from '../engines/program.ts'
import { convertInputs } from '../tensor/convert.ts'
import { checkInputs, selectOutputs, type Signature } from '../tensor/signature.ts'
import type { Tensors } from '../tensor/tensor.ts'
import { createBatcher, type Batcher, type BatchingRules, type FinishedRun } from './batcher.ts'
import type { Choices } from './choices.ts'
import { createDeadlines } from './deadlines.ts'
import { calibrate } from './measure.ts'
import { versionName, type DataPlane, type PredictContext, type Prediction, type ServedModel } from './plane.ts'
import type { Profile } from './profile.ts'
import { createRunCost, type RunPoint } from './run-cost.ts'
import { createSwappable, type SwappableProgram } from './swap.ts'

export interface LocalPlaneOptions {
  /** Every engine that there is; a version's choices say in which order they are asked. */
  readonly engines: readonly Engine[]
  /** The model that a request without a name means; when absent, the only one. */
  readonly defaultModel?: string | undefined
  /**
   * How a version is run that is loaded without choices of its own: asked without a profile before it is loaded, and with
   * one once the process has found out in a few milliseconds what it costs.
   */
  readonly choose: (profile: Profile | undefined) => Choices
  /** How long a request may take at most (ms); a caller may only ask for less. */
  readonly timeoutMs: number
  /** Milliseconds, never going back: `performance.now()`. */
  readonly now: () => number
  /** Told after each run of a batch. */
  readonly onRun?: ((run: FinishedRun) => void) | undefined
  /** Told when the optimised graph of a version that was started quickly could not take over; the quick one stays. */
  readonly onSwapFailed?: ((model: ServedModel, error: ServingError) => void) | undefined
}

export interface PlaneLoadOptions {
  /** Another name than the bundle's own. */
  readonly name?: string | undefined
  /** Other names of this version: a number, `stable`. */
  readonly labels?: readonly string[] | undefined
  /** Whether this version answers when none is named. Default true. */
  readonly isDefault?: boolean | undefined
  readonly choices?: Choices | undefined
  /** What was measured of its runs, by rows: admission begins with it. */
  readonly curve?: readonly RunPoint[] | undefined
  /** A program that runs elsewhere, in place of the bundle's own loaded here. It is released with the version. */
  readonly program?: LoadedProgram | undefined
  /** Whether the process that runs `program` tells of its runs itself: told here too, they would count twice. */
  readonly isCountedElsewhere?: boolean | undefined
}

/** What a version is doing at the moment. */
export interface PlaneGauge {
  readonly model: ServedModel
  readonly queuedRows: number
  /** Runs under way. */
  readonly running: number
  /** Requests that are not answered yet. */
  readonly inFlight: number
}

interface Entry {
  model: ServedModel
  readonly program: SwappableProgram
  readonly batcher: Batcher
  readonly outputsOf: (wanted: readonly string[] | undefined) => readonly string[]
  inFlight: number
  isGone: boolean
}

/** A model's versions by digest, and the one that answers when none is named. */
interface Versions {
  readonly entries: Map<string, Entry>
  default: string
}

/** The data plane of one process: models loaded in it, run in it or by programs that reach elsewhere. */
export interface LocalPlane extends DataPlane {
  /**
   * Loads a bundle and replays its golden rows; then it answers under its name, beside the versions that stand there
   * already. A version that is loaded already only gets its labels, and becomes the default when asked to.
   * @throws {ServingError} `refused` when engine or golden rows say no, `unsupported`; nothing has changed then
   */
  load(bundle: OpenBundle, options?: PlaneLoadOptions): Promise<ServedModel>
  /**
   * Takes a version out, or every version of a model, once its requests are answered.
   * @throws {ServingError} `not_found`
   */
  unload(name: string, version?: string): Promise<void>
  gauges(): readonly PlaneGauge[]
  /** Whether the process is meant to take requests; false also while it drains. */
  setReady(isReady: boolean): void
  /** Unloads everything. */
  close(): Promise<void>
}

export function createLocalPlane(options: LocalPlaneOptions): LocalPlane {
  const { engines, now } = options
  const deadlines = createDeadlines(now)
  const models = new Map<string, Versions>()
  let ready = false

  async function load(bundle: OpenBundle, wanted: PlaneLoadOptions = {}): Promise<ServedModel> {
    const { manifest, digest } = bundle
    const name = wanted.name ?? manifest.name
    const { labels = [], isDefault = true } = wanted
    const known = models.get(name)?.entries.get(digest)
    if (known !== undefined) {
      wanted.program?.release()
      return place(known, labels, isDefault)
    }
    let choices = wanted.choices ?? options.choose(undefined)
    let { curve } = wanted
    const example = tensorsOf(manifest.example, 'example')
    const isQuick = wanted.program === undefined && choices.start.value === 'quick'
    const begun = now()
    const first = wanted.program ?? (await loadHere(bundle, choices, { isQuick, isBackground: isQuick }))
    const engine = engines.find(({ name: known }) => known === first.engines[0])
    if (wanted.choices === undefined && wanted.program === undefined && engine !== undefined) {
      const profile = await calibrate(first, bundle, engine, now() - begun, now).catch(() => undefined)
      // what cannot be measured is run carefully: its golden rows were answered as recorded
      choices = options.choose(profile)
      curve = profile?.engines[engine.name]?.curve
    }
    if (!first.canRunOffLoop && choices.plan.value === 'off-loop') choices = inTick(choices)
    const program = createSwappable(first)
    const model: ServedModel = {
      name,
      version: digest,
      signature: manifest.signature,
      example,
      engines: program.engines,
      batching: manifest.batching,
      labels,
      choices,
      state: 'ready',
    }
    const entry: Entry = {
      model,
      program,
      batcher: createBatcher({
        run: (inputs, outputs, where, urgency) => program.run(inputs, outputs, where, urgency),
        rowsAreIndependent: manifest.batching.rowsAreIndependent,
        ...rulesOf(choices),
        deadlines,
        cost: createRunCost(curve),
        now,
        model: () => entry.model,
        onRun: wanted.isCountedElsewhere === true ? undefined : options.onRun,
      }),
      outputsOf: internOutputs(manifest.signature),
      inFlight: 0,
      isGone: false,
    }
    // somebody else may have loaded it meanwhile
    const twin = models.get(name)?.entries.get(digest)
    if (twin !== undefined) {
      program.release()
      return place(twin, labels, isDefault)
    }
    if (isQuick) void optimise(entry, bundle)
    return place(entry, labels, isDefault)
  }

  /** Loads the bundle's program in this process, and has it prove itself on the golden rows. */
  async function loadHere(bundle: OpenBundle, choices: Choices, how: LoadOptions): Promise<LoadedProgram> {
    const { manifest } = bundle
    const ordered = choices.engines.value.flatMap((name) => engines.filter((engine) => engine.name === name))
    const program = await loadProgram(manifest.program, ordered, (path) => fileOf(bundle, path), how)
    try {
      await replayGolden(program, manifest.golden, program.canRunOffLoop ? choices.plan.value : 'in-tick')
    } catch (error) {
      program.release()
      throw error
    }
    return program
  }

  /** Loads the optimised graph beside the quick one, and changes over. */
  async function optimise(entry: Entry, bundle: OpenBundle): Promise<void> {
    try {
      const optimised = await loadHere(bundle, entry.model.choices, { isBackground: true })
      if (entry.isGone) optimised.release()
      else entry.program.replace(optimised)
    } catch (thrown) {
      options.onSwapFailed?.(entry.model, ServingError.from(thrown))
    }
  }

  /** Puts a version in its place, under its labels. */
  function place(entry: Entry, labels: readonly string[], isDefault: boolean): ServedModel {
    const { name, version } = entry.model
    if (!isSameList(entry.model.labels, labels)) entry.model = { ...entry.model, labels }
    const versions = models.get(name)
    if (versions === undefined) models.set(name, { entries: new Map([[version, entry]]), default: version })
    else {
      versions.entries.set(version, entry)
      if (isDefault) versions.default = version
    }
    return entry.model
  }

  async function unload(name: string, version?: string): Promise<void> {
    const versions = versionsOf(name)
    const gone = version === undefined ? [...versions.entries.values()] : [findVersion(versions, name, version)]
    for (const { model } of gone) versions.entries.delete(model.version)
    const [left] = versions.entries.keys()
    if (left === undefined) models.delete(name)
    else if (!versions.entries.has(versions.default)) versions.default = left
    await Promise.all(gone.map(retire))
  }

  /** Waits for the last answer, then frees the engines. */
  async function retire(entry: Entry): Promise<void> {
    entry.isGone = true
    entry.model = { ...entry.model, state: 'unloading' }
    await entry.batcher.idle()
    entry.program.release()
  }

  function versionsOf(name: string): Versions {
    const versions = models.get(name)
    if (versions === undefined)
      throw new ServingError('not_found', `unknown model ${quote(name)}; there ${listModels()}`, {
        details: { model: name },
      })
    return versions
  }

  function listModels(): string {
    return models.size === 0 ? 'are none' : `is ${quoteList([...models.keys()].sort())}`
  }

  function model(name?: string, version?: string): ServedModel {
    const versions = name === undefined ? onlyModel() : versionsOf(name)
    if (version === undefined) return defaultOf(versions).model
    return findVersion(versions, name, version).model
  }

  function onlyModel(): Versions {
    if (options.defaultModel !== undefined) return versionsOf(options.defaultModel)
    const [only, second] = models.values()
    if (only === undefined) throw new ServingError('not_found', 'no model is loaded')
    if (second !== undefined)
      throw new ServingError('invalid_argument', `the request names no model, and there ${listModels()}`)
    return only
  }

  async function predict(model: ServedModel, given: Tensors, context: PredictContext): Promise<Prediction> {
    const entry = models.get(model.name)?.entries.get(model.version)
    if (entry === undefined)
      throw new ServingError(
        'unavailable',
        `version ${quote(versionName(model))} of ${quote(model.name)} was taken out meanwhile: try again`,
      )
    const { signature } = entry.model
    const fitting = convertInputs(given, signature)
    checkInputs(fitting, signature)
    const rows = countRows(fitting, signature)
    const wanted = entry.outputsOf(context.outputs)
    entry.inFlight++
    try {
      const outputs = await entry.batcher.submit({
        inputs: fitting,
        rows,
        wanted,
        deadlineMs: now() + Math.min(context.timeoutMs ?? Infinity, options.timeoutMs),
        priority: context.priority ?? 2,
        call: context.call,
      })
      return { model: entry.model, outputs }
    } finally {
      entry.inFlight--
    }
  }

  function everyEntry(): Entry[] {
    return [...models.values()].flatMap(({ entries }) => [...entries.values()])
  }

  return {
    isReady: () => ready,
    setReady: (isReady) => (ready = isReady),
    models: () =>
      [...models]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, versions]) => {
          const first = defaultOf(versions)
          return [first, ...[...versions.entries.values()].filter((entry) => entry !== first)].map(({ model }) => model)
        }),
    model,
    predict,
    load,
    unload,
    gauges: () =>
      everyEntry().map(({ model, batcher, inFlight }) => ({
        model,
        queuedRows: batcher.queuedRows,
        running: batcher.running,
        inFlight,
      })),
    async close() {
      ready = false
      const all = everyEntry()
      models.clear()
      await Promise.all(all.map(retire))
      deadlines.close()
    },
  }
}

function defaultOf(versions: Versions): Entry {
  const entry = versions.entries.get(versions.default)
  if (entry === undefined) throw new Error('a model has lost its default version; this is a bug')
  return entry
}

/** By digest, by its first 12 digits or more, or by label; a label is only that of one version. */
function findVersion(versions: Versions, name: string | undefined, version: string): Entry {
  const exact = versions.entries.get(version)
  if (exact !== undefined) return exact
  for (const entry of versions.entries.values()) if (entry.model.labels.includes(version)) return entry
  if (version.length >= 12)
    for (const entry of versions.entries.values()) if (entry.model.version.startsWith(version)) return entry
  const has = [...versions.entries.values()].map(({ model }) => [versionName(model), ...model.labels].join(' or '))
  throw new ServingError(
    'not_found',
    `model ${quote(name ?? defaultOf(versions).model.name)} has no version ${quote(version)}; it has ${quoteList(has)}`,
  )
}

/** What is left of a plan that the engine cannot follow: whole lines would run in one tick. */
function inTick(choices: Choices): Choices {
  return {
    ...choices,
    plan: { value: 'in-tick', reason: 'the engine computes in the calling tick only' },
    concurrency: { value: 1, reason: 'runs in the tick follow each other' },
  }
}

function rulesOf(choices: Choices): BatchingRules {
  return {
    place: choices.plan.value,
    concurrency: choices.concurrency.value,
    maxBatchRows: choices.maxBatchRows.value,
    preferredRows: choices.preferredRows.value,
    windowMs: choices.windowMs.value,
    maxQueueRows: choices.maxQueueRows.value,
    maxQueueDelayMs: choices.maxQueueDelayMs.value,
  }
}

function fileOf(bundle: OpenBundle, path: string): Uint8Array {
  const bytes = bundle.files.get(path)
  if (bytes === undefined)
    throw new ServingError('refused', `the bundle's program names ${quote(path)}, which is not in the bundle`)
  return bytes
}

/**
 * How many rows a request brings: the common first dimension of its inputs.
 * @throws {ServingError} `invalid_argument` when inputs disagree
 */
function countRows(inputs: Tensors, signature: Signature): number {
  let rows: number | undefined
  for (const { name, shape } of signature.inputs) {
    if (shape[0] !== -1) continue
    const found = inputs.get(name)?.shape[0] ?? 0
    if (rows !== undefined && rows !== found)
      throw new ServingError('invalid_argument', `input ${quote(name)} has ${found} rows, the inputs before it ${rows}`)
    rows = found
  }
  return rows ?? 1
}

/** One array for each set of outputs, so that what is prepared per set is found by identity. */
function internOutputs(signature: Signature): (wanted: readonly string[] | undefined) => readonly string[] {
  const all = signature.outputs.map((spec) => spec.name)
  const known = new Map<string, readonly string[]>()
  return (wanted) => {
    if (wanted === undefined || wanted.length === 0) return all
    const key = JSON.stringify(wanted)
    let outputs = known.get(key)
    if (outputs === undefined) {
      outputs = [...selectOutputs(wanted, signature)]
      // orderings of many outputs are too many to keep: the rest pay for their preparation each time
      if (known.size < 256) known.set(key, outputs)
    }
    return outputs
  }
}
