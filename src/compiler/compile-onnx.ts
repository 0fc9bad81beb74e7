import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { BundleFormat } from '../bundle/manifest.ts'
import type { OnnxStep, Program } from '../bundle/program.ts'
import {
  everyNode,
  everyTensor,
  signatureValues,
  writeOnnx,
  type OnnxModel,
  type OnnxType,
  type OnnxValue,
} from '../onnx/index.ts'
import { isDatatype, type Datatype } from '../tensor/datatype.ts'
import type { TensorSpec } from '../tensor/signature.ts'
import type { Tensors } from '../tensor/tensor.ts'
import { unwrapZipMaps } from './unwrap-zipmap.ts'

/** An input or output as far as the file tells: a model need not say an output's shape. */
export interface FoundSpec extends Omit<TensorSpec, 'shape'> {
  readonly shape: readonly number[] | undefined
}

/** What the compiler makes of a file, before the model has run for the first time. */
export interface CompiledModel {
  readonly format: BundleFormat
  readonly producer: string
  readonly program: Program
  readonly inputs: readonly (FoundSpec & { readonly shape: readonly number[] })[]
  readonly outputs: readonly FoundSpec[]
  /** What a request gets that names no outputs; all of them when absent. */
  readonly defaultOutputs?: readonly string[]
  /** Whether it takes a request's body as it came, as the signature has it. */
  readonly isRaw?: true
  /** Rows that the model has answered already. */
  readonly example?: Tensors
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Text that the file brings along for us: column names, example rows. */
  readonly metadata: ReadonlyMap<string, string>
  /** Integer kernels of different processors differ in more than the last digit. */
  readonly isQuantized: boolean
  /** What may be meant so, and looks like a mistake: a sentence for each. */
  readonly warnings?: readonly string[]
}

/** Path of the graph inside the bundle. */
const GRAPH_FILE = 'model.onnx'

/**
 * A program of one step for a validated ONNX model.
 * @throws {ServingError} `unsupported` for inputs or outputs that are no tensors of a servable datatype
 */
export function compileOnnx(source: OnnxModel): CompiledModel {
  const { model, labels } = unwrapZipMaps(source)
  const values = signatureValues(model)
  const inputs = values.inputs.map((value) => {
    const spec = specOf(value, 'input', model.metadata)
    if (spec.shape === undefined)
      throw new ServingError('unsupported', `input ${quote(value.name)} has no shape: export the model with one`)
    return { ...spec, shape: spec.shape }
  })
  const outputs = values.outputs.map((value) => {
    const columns = labels.get(value.name)
    return { ...specOf(value, 'output', model.metadata), ...(columns === undefined ? {} : { columns }) }
  })
  if (inputs.length === 0) throw new ServingError('unsupported', 'the model has no inputs: there is nothing to ask it')
  if (outputs.length === 0) throw new ServingError('unsupported', 'the model has no outputs')
  const step: OnnxStep = {
    kind: 'onnx',
    file: GRAPH_FILE,
    inputs: Object.fromEntries(inputs.map(({ name }) => [name, name])),
    outputs: Object.fromEntries(outputs.map(({ name }) => [name, name])),
    optimization: usesDoubles(model, [...inputs, ...outputs]) ? 'basic' : 'all',
  }
  return {
    format: 'onnx',
    producer: [model.producerName, model.producerVersion]
      .filter((part) => part !== '')
      .join(' ')
      .slice(0, 1000),
    program: { steps: [step] },
    inputs,
    outputs,
    files: new Map([[GRAPH_FILE, writeOnnx(model)]]),
    metadata: model.metadata,
    isQuantized: isQuantized(model),
  }
}

function specOf(value: OnnxValue, what: 'input' | 'output', metadata: ReadonlyMap<string, string>): FoundSpec {
  const { name } = value
  const type = what === 'output' ? stacked(value.type) : value.type
  if (type?.kind !== 'tensor') {
    const found = type === undefined ? 'of no stated type' : `a ${type.kind}`
    throw new ServingError('unsupported', `${what} ${quote(name)} is ${found}; only tensors can be served`, {
      details: { name },
    })
  }
  const datatype: Datatype | undefined =
    type.datatype !== undefined && isDatatype(type.datatype) ? type.datatype : undefined
  if (datatype === undefined)
    throw new ServingError(
      'unsupported',
      `${what} ${quote(name)} has the element type ${type.datatype ?? 'none'}, which cannot be served`,
    )
  const shape = type.shape?.map((size) => (typeof size === 'number' ? size : -1))
  const columns = columnsOf(name, shape, metadata)
  return { name, datatype, shape, ...(columns === undefined ? {} : { columns }) }
}

/**
 * An output that is a sequence, as the tensor that engines give for it: equal tensors stacked along a new first axis, maps
 * of the same keys as rows of their values.
 */
function stacked(type: OnnxType | undefined): OnnxType | undefined {
  if (type?.kind !== 'sequence') return type
  const { element } = type
  if (element.kind === 'tensor') return { ...element, shape: element.shape && [undefined, ...element.shape] }
  const isRow = element.kind === 'map' && element.value.kind === 'tensor'
  return isRow ? { kind: 'tensor', datatype: 'FP32', shape: [undefined, undefined] } : type
}

/** Names of columns, where the file brings them: metadata `slipway.columns.<input>`, a JSON list of text. */
function columnsOf(
  name: string,
  shape: readonly number[] | undefined,
  metadata: ReadonlyMap<string, string>,
): string[] | undefined {
  const key = `slipway.columns.${name}`
  const text = metadata.get(key)
  if (text === undefined) return undefined
  const columns: unknown = parseMetadata(key, text)
  const width = shape?.at(-1)
  if (!Array.isArray(columns) || !columns.every((column) => typeof column === 'string'))
    throw new ServingError('refused', `the model's metadata ${quote(key)} is no JSON list of names`)
  if (new Set(columns).size !== columns.length || columns.length !== width)
    throw new ServingError(
      'refused',
      `the model's metadata ${quote(key)} has ${columns.length} names (${quoteList(columns, 3)}), the input has ${width} columns`,
    )
  return columns
}

/** @throws {ServingError} `refused` when a piece of the model's metadata that is meant for us is no JSON */
export function parseMetadata(key: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ServingError('refused', `the model's metadata ${quote(key)} is no JSON`, { cause: error })
  }
}

function usesDoubles(model: OnnxModel, specs: readonly FoundSpec[]): boolean {
  if (specs.some((spec) => spec.datatype === 'FP64')) return true
  for (const tensor of everyTensor(model)) if (tensor.datatype === 'FP64') return true
  return false
}

function isQuantized(model: OnnxModel): boolean {
  for (const { node } of everyNode(model.graph.nodes))
    if (/Integer|Quantize|QLinear|^Q[A-Z]/.test(node.opType)) return true
  return false
}
