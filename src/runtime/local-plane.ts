import type { OpenBundle } from '../bundle/open.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Engine } from '../engines/engine.ts'
import type { OnOutput, PrintedBy } from '../engines/processes/events.ts'
import { tensorsOf } from '../engines/golden.ts'
import type { LoadedProgram } from '../engines/program.ts'
import type { Tensors } from '../tensor/tensor.ts'
import { createBatcher, type Batcher } from './batcher.ts'
import type { FinishedRun } from './batching.ts'
import type { Choices } from './choices.ts'
import { createDeadlines } from './deadlines.ts'
import { createFitter } from './fit-request.ts'
import { inProcesses } from './in-processes.ts'
import { inTick, loadHere, rulesOf } from './load-here.ts'
import { calibrate } from './measure.ts'
import { versionName, type DataPlane, type PredictContext, type Prediction, type ServedModel } from './plane.ts'
import type { Profile } from './profile.ts'
import { createQueueMemory } from './queue-memory.ts'
import { createRunCost, type RunPoint } from './run-cost.ts'
import { createSwappable, type SwappableProgram } from './swap.ts'
import { createVersionTable } from './versions.ts'

export interface LocalPlaneOptions {
  /** Every engine that there is; a version's choices say in which order they are asked. */
  readonly engines: readonly Engine[]
  /** The model that a request without a name means; when absent, the only one. */
  readonly defaultModel?: string | undefined
  /** Whether a model that is not there is known and may come back: who asks for it is told so. */
  readonly isUnloaded?: ((name: string) => boolean) | undefined
  /**
   * How a version is run that is loaded without choices of its own: asked without a profile before it is loaded, and with
   * one once the process has found out in a few milliseconds what it costs.
   */
  readonly choose: (profile: Profile | undefined) => Choices
  /** How long a request may take at most (ms); a caller may only ask for less. */
  readonly timeoutMs: number
  /** Milliseconds, never going back: `performance.now()`. */
  readonly now: () => number
  /** Told what the code of a version prints, also while it is loaded; the engines tell it whom they like when absent. */
  readonly onOutput?: ((of: PrintedOf, text: string, from: PrintedBy) => void) | undefined
  /** Told after each run of a batch. */
  readonly onRun?: ((run: FinishedRun) => void) | undefined
  /**
   * Told when the optimised graph of a version that was started quickly has taken over, or with the error why it could
   * not; the quick one stays then.
   */
  readonly onSwapped?: ((model: ServedModel, error?: ServingError) => void) | undefined
}

/** What runs of a version are called where a process says what it is at. @param digest the version's */
export function runLabel(name: string, digest: string): string {
  return `${digest} ${name}`
}

/** Whose code printed something. Plain data. */
export interface PrintedOf {
  readonly name: string
  /** The version's digest. */
  readonly version: string
  /** The file with the code. */
  readonly file: string
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
  readonly fit: ReturnType<typeof createFitter>
  /** Whether its runs compute in this process. */
  readonly isHere: boolean
  inFlight: number
  isGone: boolean
}

/**
 * Inputs that wait, of all models together, take no more memory than this (bytes): many bodies of the largest size, and an
 * eighth of what a small machine has. Rows of usual models meet the bound on rows or on waiting long before.
 */
const MAX_QUEUE_BYTES = 256 * 2 ** 20

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
  /** How long the longest run that computes in this process has taken so far (ms); 0 when none is under way. */
  longestRunMs(): number
  /** Whether the process is meant to take requests; false also while it drains. */
  setReady(isReady: boolean): void
  /** Unloads everything. */
  close(): Promise<void>
}

export function createLocalPlane(options: LocalPlaneOptions): LocalPlane {
  const { engines, now } = options
  const deadlines = createDeadlines(now)
  const memory = createQueueMemory(MAX_QUEUE_BYTES)
  const table = createVersionTable<Entry>(options.defaultModel, options.isUnloaded)
  let ready = false

  async function load(bundle: OpenBundle, wanted: PlaneLoadOptions = {}): Promise<ServedModel> {
    const { manifest, digest } = bundle
    const name = wanted.name ?? manifest.name
    const { labels = [], isDefault = true } = wanted
    const known = table.get(name, digest)
    if (known !== undefined) {
      wanted.program?.release()
      return table.place(known, labels, isDefault)
    }
    let choices = wanted.choices ?? options.choose(undefined)
    let { curve } = wanted
    const example = tensorsOf(manifest.example, 'example')
    const isQuick = wanted.program === undefined && choices.start.value === 'quick'
    const begun = now()
    const onOutput = outputOf(name, digest)
    const how = { isQuick, isBackground: isQuick, onOutput, label: runLabel(name, digest) }
    const first = wanted.program ?? (await loadHere(bundle, engines, choices, how))
    const engine = engines.find(({ name: known }) => known === first.engines[0])
    if (wanted.choices === undefined && wanted.program === undefined && engine !== undefined) {
      const profile = await calibrate(first, bundle, engine, now() - begun, now).catch(() => undefined)
      // what cannot be measured is run carefully: its golden rows were answered as recorded
      choices = options.choose(profile)
      curve = profile?.engines[engine.name]?.curve
    }
    const { processes } = first
    if (processes !== undefined) choices = inProcesses(choices, processes)
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
        memory,
        cost: createRunCost(curve),
        now,
        model: () => entry.model,
        onRun: wanted.isCountedElsewhere === true ? undefined : options.onRun,
      }),
      fit: createFitter(manifest.signature),
      // processes of its own end runs that take too long themselves
      isHere: wanted.program === undefined && processes === undefined,
      inFlight: 0,
      isGone: false,
    }
    // somebody else may have loaded it meanwhile
    const twin = table.get(name, digest)
    if (twin !== undefined) {
      program.release()
      return table.place(twin, labels, isDefault)
    }
    if (isQuick) void optimise(entry, bundle)
    return table.place(entry, labels, isDefault)
  }

  function outputOf(name: string, version: string): OnOutput | undefined {
    return options.onOutput && ((file, text, from) => options.onOutput?.({ name, version, file }, text, from))
  }

  /** Loads the optimised graph beside the quick one, and changes over. */
  async function optimise(entry: Entry, bundle: OpenBundle): Promise<void> {
    try {
      const optimised = await loadHere(bundle, engines, entry.model.choices, {
        isBackground: true,
        onOutput: outputOf(entry.model.name, entry.model.version),
        label: runLabel(entry.model.name, entry.model.version),
      })
      if (entry.isGone) return optimised.release()
      entry.program.replace(optimised)
      options.onSwapped?.(entry.model)
    } catch (thrown) {
      options.onSwapped?.(entry.model, ServingError.from(thrown))
    }
  }

  async function unload(name: string, version?: string): Promise<void> {
    await Promise.all(table.remove(name, version).map(retire))
  }

  /** Waits for the last answer, then frees the engines. */
  async function retire(entry: Entry): Promise<void> {
    entry.isGone = true
    entry.model = { ...entry.model, state: 'unloading' }
    await entry.batcher.idle()
    entry.program.release()
  }

  async function predict(model: ServedModel, given: Tensors, context: PredictContext): Promise<Prediction> {
    const entry = table.get(model.name, model.version)
    if (entry === undefined)
      throw new ServingError(
        'unavailable',
        `version ${quote(versionName(model))} of ${quote(model.name)} was taken out meanwhile: try again`,
      )
    if (context.call !== undefined) context.call.model = entry.model
    const { inputs, rows, wanted } = entry.fit(given, context.outputs)
    const answer = entry.batcher.submit({
      inputs,
      rows,
      wanted,
      deadlineMs: now() + Math.min(context.timeoutMs ?? Infinity, options.timeoutMs),
      priority: context.priority ?? 2,
      call: context.call,
    })
    entry.inFlight++ // not those that are refused at the door
    try {
      return { model: entry.model, outputs: await answer }
    } finally {
      entry.inFlight--
    }
  }

  return {
    isReady: () => ready,
    setReady: (isReady) => (ready = isReady),
    models: () => table.sorted().map((entry) => entry.model),
    model: (name, version) => table.find(name, version).model,
    predict,
    load,
    unload,
    gauges: () =>
      table.all().map(({ model, batcher, inFlight }) => ({
        model,
        queuedRows: batcher.queuedRows,
        running: batcher.running,
        inFlight,
      })),
    longestRunMs: () => Math.max(0, ...table.all().map(({ batcher, isHere }) => (isHere ? batcher.longestRunMs() : 0))),
    async close() {
      ready = false
      const all = table.all()
      table.clear()
      await Promise.all(all.map(retire))
      deadlines.close()
    },
  }
}
