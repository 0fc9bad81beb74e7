import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { OpenBundle } from '../bundle/open.ts'
import type { Engine } from '../engines/engine.ts'
import { replayGolden, tensorsOf } from '../engines/golden.ts'
import { loadProgram, type LoadedProgram } from '../engines/program.ts'
import { convertInputs } from '../tensor/convert.ts'
import { checkInputs, selectOutputs, type Signature } from '../tensor/signature.ts'
import type { Tensors } from '../tensor/tensor.ts'
import { createBatcher, type Batcher } from './batcher.ts'
import { createDeadlines } from './deadlines.ts'
import { versionName, type DataPlane, type PredictContext, type Prediction, type ServedModel } from './plane.ts'

export interface LocalPlaneOptions {
  /** In order of preference; a step runs on the first that can. */
  readonly engines: readonly Engine[]
  /** The model that a request without a name means; when absent, the only one. */
  readonly defaultModel?: string | undefined
  /** Most rows that run together. */
  readonly maxBatchRows: number
  /** Most rows that wait for one model. */
  readonly maxQueueRows: number
  /** How long a request may take at most (ms); a caller may only ask for less. */
  readonly timeoutMs: number
  /** Milliseconds, never going back: `performance.now()`. */
  readonly now: () => number
}

interface Entry {
  model: ServedModel
  readonly program: LoadedProgram
  readonly batcher: Batcher
  readonly outputsOf: (wanted: readonly string[] | undefined) => readonly string[]
  inFlight: number
  whenEmpty: (() => void) | undefined
}

/** The data plane of one process: models loaded in it, run in it. */
export interface LocalPlane extends DataPlane {
  /**
   * Loads a bundle and replays its golden rows; then it answers under its name. Another version under that name goes on
   * answering until then, and is unloaded afterwards; it stays when loading fails.
   * @param name another name than the bundle's own
   */
  load(bundle: OpenBundle, name?: string): Promise<ServedModel>
  /** Takes a model out once its requests are answered. @throws {ServingError} `not_found` */
  unload(name: string): Promise<void>
  /** Whether the process is meant to take requests; false also while it drains. */
  setReady(isReady: boolean): void
  /** Unloads everything. */
  close(): Promise<void>
}

export function createLocalPlane(options: LocalPlaneOptions): LocalPlane {
  const { engines, now } = options
  const deadlines = createDeadlines(now)
  const entries = new Map<string, Entry>()
  let ready = false

  async function load(bundle: OpenBundle, name = bundle.manifest.name): Promise<ServedModel> {
    const { manifest, digest } = bundle
    const example = tensorsOf(manifest.example, 'example')
    const program = await loadProgram(manifest.program, engines, (path) => fileOf(bundle, path))
    try {
      await replayGolden(program, manifest.golden)
    } catch (error) {
      program.release()
      throw error
    }
    const model: ServedModel = {
      name,
      version: digest,
      signature: manifest.signature,
      example,
      engines: program.engines,
      batching: manifest.batching,
      state: 'ready',
    }
    const batcher = createBatcher({
      run: (inputs, wanted) => program.run(inputs, wanted),
      rowsAreIndependent: manifest.batching.rowsAreIndependent,
      maxBatchRows: options.maxBatchRows,
      maxQueueRows: options.maxQueueRows,
      deadlines,
      now,
    })
    const outputsOf = internOutputs(manifest.signature)
    const old = entries.get(name)
    entries.set(name, { model, program, batcher, outputsOf, inFlight: 0, whenEmpty: undefined })
    if (old !== undefined) await retire(old)
    return model
  }

  async function unload(name: string): Promise<void> {
    const entry = entryOf(name)
    entries.delete(name)
    await retire(entry)
  }

  /** Waits for the last answer, then frees the engines. */
  async function retire(entry: Entry): Promise<void> {
    entry.model = { ...entry.model, state: 'unloading' }
    if (entry.inFlight > 0) await new Promise<void>((resolve) => (entry.whenEmpty = resolve))
    await entry.batcher.idle()
    entry.program.release()
  }

  function entryOf(name: string): Entry {
    const entry = entries.get(name)
    if (entry === undefined)
      throw new ServingError('not_found', `unknown model ${quote(name)}; there ${listModels()}`, {
        details: { model: name },
      })
    return entry
  }

  function listModels(): string {
    return entries.size === 0 ? 'are none' : `is ${quoteList([...entries.keys()].sort())}`
  }

  function model(name?: string, version?: string): ServedModel {
    const found = name === undefined ? defaultEntry().model : entryOf(name).model
    if (version === undefined || found.version === version) return found
    if (version.length >= 12 && found.version.startsWith(version)) return found
    throw new ServingError(
      'not_found',
      `model ${quote(found.name)} has no version ${quote(version)}; it has ${quote(found.version)}`,
    )
  }

  function defaultEntry(): Entry {
    if (options.defaultModel !== undefined) return entryOf(options.defaultModel)
    const [only, second] = entries.values()
    if (only === undefined) throw new ServingError('not_found', 'no model is loaded')
    if (second !== undefined)
      throw new ServingError('invalid_argument', `the request names no model, and there ${listModels()}`)
    return only
  }

  async function predict(model: ServedModel, given: Tensors, context: PredictContext): Promise<Prediction> {
    const entry = entries.get(model.name)
    if (entry?.model.version !== model.version)
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
        cancellation: context.cancellation,
      })
      return { model: entry.model, outputs }
    } finally {
      entry.inFlight--
      if (entry.inFlight === 0) entry.whenEmpty?.()
    }
  }

  return {
    isReady: () => ready,
    setReady: (isReady) => (ready = isReady),
    models: () => [...entries.values()].map((entry) => entry.model).sort((a, b) => (a.name < b.name ? -1 : 1)),
    model,
    predict,
    load,
    unload,
    async close() {
      ready = false
      const all = [...entries.values()]
      entries.clear()
      await Promise.all(all.map(retire))
      deadlines.close()
    },
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
