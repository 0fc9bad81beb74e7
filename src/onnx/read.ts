import { quote } from '../core/text.ts'
import { Budget, limitsWith, overLimit, type OnnxLimits } from './limits.ts'
import type { OnnxAttribute, OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from './model.ts'
import { OnnxReader } from './onnx-reader.ts'
import { awaitGraph, readAttribute } from './read-attribute.ts'
import { addOnce, normalDomain, readEntry, type DraftGraph, type ReadContext } from './read-context.ts'
import { readTensor } from './read-tensor.ts'
import { readValue } from './read-type.ts'

/**
 * Reads an ONNX file as data. Structure and tensors are checked here; whether the graph makes sense is
 * `validateOnnx`'s business. Numbers may be views into `bytes`: do not change them afterwards.
 *
 * Kept: all that is computed, and the doc strings of model, graph, function and value. Dropped, because nothing
 * computed depends on it: doc strings and metadata of nodes and tensors, metadata of graphs, functions and values,
 * quantization annotations, denotations, and the value types that functions declare. Refused by name: training
 * information, sparse tensors, sharding over devices, overloaded functions, segmented tensors, opaque types.
 * A field of one value that stands twice counts with its last value, as protobuf demands; a message that stands twice
 * (two graphs, two types) is refused, since readers differ in what they make of it.
 * @param limits those to replace of the defaults
 * @throws {ServingError} `refused` for damage, contradictions and anything over a limit, with `details.offset` the byte
 *   where it was found; `unsupported` for what is named above; `too_large` for the file as a whole
 * @see onnx.proto3
 */
export function readOnnx(bytes: Uint8Array, limits?: Partial<OnnxLimits>): OnnxModel {
  const budget = new Budget(limitsWith(limits))
  if (bytes.byteLength > budget.limits.fileBytes)
    throw overLimit('fileBytes', bytes.byteLength, budget.limits.fileBytes)
  const context: ReadContext = { budget, waiting: [] }
  const model = readModel(new OnnxReader(bytes), context)
  for (let next = context.waiting.pop(); next !== undefined; next = context.waiting.pop())
    fillGraph(next.graph, next.reader, next.depth, context)
  return model
}

function readModel(reader: OnnxReader, context: ReadContext): OnnxModel {
  const { nameBytes, textBytes } = context.budget.limits
  let irVersion = 0
  let producerName = ''
  let producerVersion = ''
  let domain = ''
  let modelVersion = 0n
  let docString = ''
  let graph: OnnxGraph | undefined
  const opsets = new Map<string, number>()
  const functions: OnnxFunction[] = []
  const metadata = new Map<string, string>()

  while (reader.next())
    if (reader.field === 1) irVersion = reader.safeInteger('ModelProto.ir_version')
    else if (reader.field === 2) producerName = reader.text('ModelProto.producer_name', nameBytes)
    else if (reader.field === 3) producerVersion = reader.text('ModelProto.producer_version', nameBytes)
    else if (reader.field === 4) domain = reader.text('ModelProto.domain', nameBytes)
    else if (reader.field === 5) modelVersion = reader.int64('ModelProto.model_version')
    else if (reader.field === 6) docString = reader.text('ModelProto.doc_string', textBytes, 'textBytes')
    else if (reader.field === 7) {
      if (graph !== undefined) throw reader.refuse('the model has two graphs')
      graph = awaitGraph(reader.message('ModelProto.graph'), 0, context)
    } else if (reader.field === 8) readOpset(reader, opsets, context)
    else if (reader.field === 14) readEntry(metadata, reader, 'ModelProto.metadata_props', context)
    else if (reader.field === 20)
      throw reader.unsupported('the model holds training information; export it for inference')
    else if (reader.field === 25) functions.push(readFunction(reader.message('ModelProto.functions'), context))
    else if (reader.field === 26)
      throw reader.unsupported('the model is spread over several devices; export it for one')
    else reader.skip()

  if (graph === undefined) throw reader.refuse('there is no graph', 0)
  return {
    irVersion,
    producerName,
    producerVersion,
    domain,
    modelVersion,
    docString,
    opsets,
    graph,
    functions,
    metadata,
  }
}

function fillGraph(graph: DraftGraph, reader: OnnxReader, depth: number, context: ReadContext): void {
  const { nameBytes, textBytes } = context.budget.limits
  while (reader.next())
    if (reader.field === 1) graph.nodes.push(readNode(reader.message('GraphProto.node'), depth, context))
    else if (reader.field === 2) graph.name = reader.text('GraphProto.name', nameBytes)
    else if (reader.field === 5) addInitializer(graph, reader, context)
    else if (reader.field === 10) graph.docString = reader.text('GraphProto.doc_string', textBytes, 'textBytes')
    else if (reader.field === 11) graph.inputs.push(readValue(reader.message('GraphProto.input'), context))
    else if (reader.field === 12) graph.outputs.push(readValue(reader.message('GraphProto.output'), context))
    else if (reader.field === 13) graph.valueInfos.push(readValue(reader.message('GraphProto.value_info'), context))
    else if (reader.field === 15)
      throw reader.unsupported('a graph has a sparse initializer; store it as a plain tensor')
    else reader.skip()
}

function addInitializer(graph: DraftGraph, reader: OnnxReader, context: ReadContext): void {
  const tensor: OnnxTensor = readTensor(reader.message('GraphProto.initializer'), context)
  if (tensor.name === '') throw reader.refuse('an initializer has no name')
  addOnce(graph.initializers, tensor.name, tensor, 'initializer', reader)
}

function readNode(reader: OnnxReader, depth: number, context: ReadContext): OnnxNode {
  const { budget } = context
  const { nameBytes, attributesPerNode } = budget.limits
  budget.spend('nodes', 1, reader.at)
  let name = ''
  let domain = ''
  let opType = ''
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes = new Map<string, OnnxAttribute>()
  while (reader.next())
    if (reader.field === 1 || reader.field === 2) {
      budget.spend('values', 1, reader.at)
      if (reader.field === 1) inputs.push(reader.text('NodeProto.input', nameBytes))
      else outputs.push(reader.text('NodeProto.output', nameBytes))
    } else if (reader.field === 3) name = reader.text('NodeProto.name', nameBytes)
    else if (reader.field === 4) opType = reader.text('NodeProto.op_type', nameBytes)
    else if (reader.field === 5) {
      const [key, value] = readAttribute(reader.message('NodeProto.attribute'), depth, context)
      addOnce(attributes, key, value, 'attribute', reader)
      if (attributes.size > attributesPerNode)
        throw overLimit('attributesPerNode', attributes.size, attributesPerNode, reader.at)
    } else if (reader.field === 7) domain = normalDomain(reader.text('NodeProto.domain', nameBytes))
    else if (reader.field === 8) refuseOverload(reader, 'NodeProto.overload', nameBytes)
    else if (reader.field === 10) throw reader.unsupported('a node is spread over several devices; export it for one')
    else reader.skip()
  return { name, domain, opType, inputs, outputs, attributes }
}

function readFunction(reader: OnnxReader, context: ReadContext): OnnxFunction {
  const { budget } = context
  const { nameBytes, textBytes, attributesPerNode } = budget.limits
  const start = reader.at
  budget.spend('functions', 1, start)
  let name = ''
  let domain = ''
  let docString = ''
  const opsets = new Map<string, number>()
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes: string[] = []
  const attributeDefaults = new Map<string, OnnxAttribute>()
  const nodes: OnnxNode[] = []
  while (reader.next()) {
    if (reader.field === 1) name = reader.text('FunctionProto.name', nameBytes)
    else if (reader.field === 4 || reader.field === 5) {
      budget.spend('values', 1, reader.at)
      if (reader.field === 4) inputs.push(reader.text('FunctionProto.input', nameBytes))
      else outputs.push(reader.text('FunctionProto.output', nameBytes))
    } else if (reader.field === 6) attributes.push(reader.text('FunctionProto.attribute', nameBytes))
    else if (reader.field === 7) nodes.push(readNode(reader.message('FunctionProto.node'), 0, context))
    else if (reader.field === 8) docString = reader.text('FunctionProto.doc_string', textBytes, 'textBytes')
    else if (reader.field === 9) readOpset(reader, opsets, context)
    else if (reader.field === 10) domain = normalDomain(reader.text('FunctionProto.domain', nameBytes))
    else if (reader.field === 11) {
      const [key, value] = readAttribute(reader.message('FunctionProto.attribute_proto'), 0, context)
      if (value.type === 'graph' || value.type === 'graphs')
        throw reader.unsupported(`a function whose attribute ${quote(key)} has a graph as its default`)
      addOnce(attributeDefaults, key, value, 'attribute', reader)
    } else if (reader.field === 13) refuseOverload(reader, 'FunctionProto.overload', nameBytes)
    else reader.skip()
    if (attributes.length + attributeDefaults.size > attributesPerNode)
      throw overLimit('attributesPerNode', attributes.length + attributeDefaults.size, attributesPerNode, reader.at)
  }
  if (name === '') throw reader.refuse('a function has no name', start)
  return { name, domain, docString, opsets, inputs, outputs, attributes, attributeDefaults, nodes }
}

function refuseOverload(reader: OnnxReader, what: string, nameBytes: number): void {
  const overload = reader.text(what, nameBytes)
  if (overload !== '') throw reader.unsupported(`the function overload ${quote(overload)}; give it a name of its own`)
}

function readOpset(reader: OnnxReader, opsets: Map<string, number>, context: ReadContext): void {
  const { nameBytes, entries } = context.budget.limits
  context.budget.spend('values', 1, reader.at)
  const opset = reader.message('OperatorSetIdProto')
  let domain = ''
  let version = 0
  while (opset.next())
    if (opset.field === 1) domain = normalDomain(opset.text('OperatorSetIdProto.domain', nameBytes))
    else if (opset.field === 2) version = opset.safeInteger('OperatorSetIdProto.version')
    else opset.skip()
  if (opsets.size >= entries) throw overLimit('entries', opsets.size + 1, entries, reader.at)
  // some exporters import a domain twice, at the same version
  if (opsets.get(domain) !== version) addOnce(opsets, domain, version, 'operator set', reader)
}
