import { createRequire } from 'node:module'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { OnnxStep, Step } from '../bundle/program.ts'
import type { Datatype } from '../tensor/datatype.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import type { Engine, LoadedStep, ReadBundleFile } from './engine.ts'

/** A tensor as the native binding takes and gives it. */
interface NativeTensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: unknown
  readonly location?: 'cpu'
}

interface NativeSession {
  loadModel(buffer: ArrayBufferLike, byteOffset: number, byteLength: number, options: Record<string, unknown>): void
  run(
    feeds: Record<string, NativeTensor>,
    fetches: Record<string, null>,
    options: Record<string, unknown>,
  ): Record<string, NativeTensor>
  dispose(): void
}

interface NativeBinding {
  readonly binding: { readonly InferenceSession: new () => NativeSession }
  initOrt(): void
}

/** The binding's names of datatypes. BF16 has none: it can neither be fed nor fetched. */
const NATIVE_TYPE: Readonly<Partial<Record<Datatype, string>>> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
}

const DATATYPE_OF = new Map(Object.entries(NATIVE_TYPE).map(([datatype, native]) => [native, datatype as Datatype]))

/** Keeps a leading byte order mark: it is a character of the element. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

let native: NativeBinding | undefined

/**
 * The binding under onnxruntime-node's public face. Its `run` is the same call without the public face's promise and
 * `setImmediate`, which cost a quarter of a small model's time; the package's version is pinned because of it.
 */
function loadNative(): NativeBinding {
  if (native !== undefined) return native
  // From 1.29 on it reports graphs, with all text that a model carries, to its makers unless this is set before it loads.
  // oxlint-disable-next-line node/no-process-env
  process.env['ORT_DISABLE_TELEMETRY'] = '1'
  const require = createRequire(import.meta.url)
  const loaded = require('onnxruntime-node/dist/binding.js') as NativeBinding
  loaded.initOrt()
  native = loaded
  return native
}

/** ONNX Runtime on the CPU, one thread a session: the engine that runs everything. */
export const onnxruntime: Engine = {
  name: 'onnxruntime',
  prepare: () => void loadNative(),
  refusal: (step) =>
    step.kind === 'onnx' ? undefined : `it runs ONNX graphs, not steps of kind ${quote(String(step.kind))}`,
  load: async (step: Step, read: ReadBundleFile) => loadSession(step, read(step.file)),
}

function loadSession(step: OnnxStep, graph: Uint8Array): LoadedStep {
  const session = new (loadNative().binding.InferenceSession)()
  try {
    session.loadModel(graph.buffer, graph.byteOffset, graph.byteLength, {
      graphOptimizationLevel: step.optimization === 'off' ? 'disabled' : step.optimization,
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // what goes wrong is thrown, and told by us: the runtime's own lines on stderr are no log
      logSeverityLevel: 4,
    })
  } catch (error) {
    throw new ServingError('refused', `ONNX Runtime turned the graph ${quote(step.file)} down: ${firstLine(error)}`, {
      cause: error,
    })
  }
  const fetchesOf = createFetchesCache()
  return {
    run: (inputs, wanted) => runSession(session, inputs, wanted, fetchesOf(wanted)),
    release: () => session.dispose(),
  }
}

/**
 * The same request asks for the same outputs again and again: one object each, made once. Without a prototype, where
 * the binding would find outputs called `constructor` or `__proto__` and take them for tensors to write to.
 */
function createFetchesCache(): (wanted: readonly string[]) => Record<string, null> {
  const seen = new WeakMap<readonly string[], Record<string, null>>()
  return (wanted) => {
    let fetches = seen.get(wanted)
    if (fetches === undefined) {
      fetches = Object.create(null) as Record<string, null>
      for (const name of wanted) fetches[name] = null
      seen.set(wanted, fetches)
    }
    return fetches
  }
}

function runSession(
  session: NativeSession,
  inputs: Tensors,
  wanted: readonly string[],
  fetches: Record<string, null>,
): Tensors {
  const feeds: Record<string, NativeTensor> = Object.create(null)
  for (const [name, value] of inputs) feeds[name] = toNative(name, value)
  let results: Record<string, NativeTensor>
  try {
    results = session.run(feeds, fetches, {})
  } catch (error) {
    throw new ServingError('internal', `the model failed on these inputs: ${firstLine(error)}`, {
      cause: error,
      details: { reason: 'model_failed' },
    })
  }
  const outputs = new Map<string, Tensor>()
  // not in the order of an object's keys, which has names like `12` first
  for (const name of wanted) outputs.set(name, fromNative(name, results[name]))
  return outputs
}

function toNative(name: string, value: Tensor): NativeTensor {
  const type = NATIVE_TYPE[value.datatype]
  if (type === undefined)
    throw new ServingError('unsupported', `input ${quote(name)}: ONNX Runtime's binding takes no ${value.datatype}`)
  const data = value.datatype === 'BYTES' ? value.data.map((element, i) => toText(name, element, i)) : value.data
  return { type, dims: value.shape, data, location: 'cpu' }
}

/** The binding cuts text at its first NUL, so such text is refused rather than changed. */
function toText(name: string, element: Uint8Array, index: number): string {
  if (element.includes(0))
    throw new ServingError(
      'unsupported',
      `input ${quote(name)}: element ${index} holds a NUL byte, which ONNX Runtime's binding cannot take`,
    )
  try {
    return utf8.decode(element)
  } catch (error) {
    throw new ServingError('invalid_argument', `input ${quote(name)}: element ${index} is no UTF-8 text`, {
      cause: error,
    })
  }
}

function fromNative(name: string, value: NativeTensor | undefined): Tensor {
  const datatype = value === undefined ? undefined : DATATYPE_OF.get(value.type)
  if (value === undefined || datatype === undefined)
    throw new ServingError('unsupported', `output ${quote(name)} is no tensor of a datatype that can be served`)
  if (datatype === 'BYTES') {
    const data = (value.data as string[]).map((text) => Buffer.from(text, 'utf8'))
    return { datatype, shape: value.dims, data }
  }
  const data = datatype === 'FP16' ? asBits(value.data as ArrayBufferView) : value.data
  return { datatype, shape: value.dims, data } as Tensor
}

/** Half floats as their bits, whichever array the binding chose for them. */
function asBits(data: ArrayBufferView): Uint16Array {
  return new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
}

/** What an error of the native library says, without its source files, its functions and our paths. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const line = text.split('\n', 1)[0] ?? ''
  const plain = line
    .replace(/\/[^\s:]*\/([^\s/:]+)/g, '$1')
    .replace(/\S+\.(?:h|cc|cpp):\d+\s+/g, '')
    .replace(/(?:[\w<>, ]+ )?\w*(?:::[\w~<>]+)+\([^)]*\)(?: const)?(?: \[[^\]]*\])?\s*/g, '')
  return quote(plain, 300)
}
