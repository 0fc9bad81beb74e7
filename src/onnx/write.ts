import { ServingError } from '../core/errors.ts'
import { bytesOf } from '../tensor/tensor.ts'
import { DEFAULT_LIMITS, overLimit } from './limits.ts'
import type { OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxType, OnnxValue } from './model.ts'
import { attributeTypeNumber, elementTypeNumber } from './element-types.ts'
import { MessageWriter } from './message-writer.ts'
import { graphsOf } from './walk.ts'

/**
 * Writes a model as an ONNX file: one model, one sequence of bytes. Fields stand in the order of their numbers, maps
 * whose order means nothing (attributes, operator sets, metadata) in the order of their keys' UTF-16 units; numbers
 * are little-endian raw data; packed fields are packed. What `readOnnx` reads from it equals the model.
 * Graphs inside graphs are written from the inside out, without recursion, and large tensors are copied once.
 * @throws {ServingError} `too_large` above protobuf's 2 GiB; `invalid_argument` for what the format cannot spell
 */
export function writeOnnx(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const graphs = writeGraphs([model.graph], model.functions)
  const out = new MessageWriter()
  out.integer(1, model.irVersion)
  writeText(out, 2, model.producerName)
  writeText(out, 3, model.producerVersion)
  writeText(out, 4, model.domain)
  if (model.modelVersion !== 0n) out.int64(5, model.modelVersion)
  writeText(out, 6, model.docString)
  out.message(7, written(graphs, model.graph))
  writeOpsets(out, 8, model.opsets)
  writeEntries(out, 14, model.metadata)
  for (const each of model.functions) out.message(25, writeFunction(each, graphs))
  return out.finish()
}

type WrittenGraphs = Map<OnnxGraph, MessageWriter | 'being written'>

/** Writes every graph of a model after those inside it. */
function writeGraphs(roots: readonly OnnxGraph[], functions: readonly OnnxFunction[]): WrittenGraphs {
  const done: WrittenGraphs = new Map()
  const stack = [...roots]
  for (const each of functions) for (const graph of graphsOf(each.nodes)) stack.push(graph)
  for (let graph = stack.at(-1); graph !== undefined; graph = stack.at(-1)) {
    const state = done.get(graph)
    if (state === undefined) {
      done.set(graph, 'being written')
      for (const inner of graphsOf(graph.nodes)) {
        if (done.get(inner) === 'being written')
          throw new ServingError('invalid_argument', 'a graph holds itself; build each graph anew')
        stack.push(inner)
      }
      if (stack.length > DEFAULT_LIMITS.nodes) throw overLimit('nodes', stack.length, DEFAULT_LIMITS.nodes)
    } else {
      stack.pop()
      if (state === 'being written') done.set(graph, writeGraph(graph, done))
    }
  }
  return done
}

function written(graphs: WrittenGraphs, graph: OnnxGraph): MessageWriter {
  const message = graphs.get(graph)
  if (message === undefined || message === 'being written')
    throw new Error('a graph was not written before the one around it; this is a bug')
  return message
}

function writeGraph(graph: OnnxGraph, graphs: WrittenGraphs): MessageWriter {
  const out = new MessageWriter()
  for (const node of graph.nodes) out.message(1, writeNode(node, graphs))
  writeText(out, 2, graph.name)
  for (const tensor of graph.initializers.values()) out.message(5, writeTensor(tensor))
  writeText(out, 10, graph.docString)
  for (const value of graph.inputs) out.message(11, writeValue(value))
  for (const value of graph.outputs) out.message(12, writeValue(value))
  for (const value of graph.valueInfos) out.message(13, writeValue(value))
  return out
}

function writeNode(node: OnnxNode, graphs: WrittenGraphs): MessageWriter {
  const out = new MessageWriter()
  for (const name of node.inputs) out.text(1, name)
  for (const name of node.outputs) out.text(2, name)
  writeText(out, 3, node.name)
  writeText(out, 4, node.opType)
  for (const [name, attribute] of byKey(node.attributes)) out.message(5, writeAttribute(name, attribute, graphs))
  writeText(out, 7, node.domain)
  return out
}

function writeFunction(each: OnnxFunction, graphs: WrittenGraphs): MessageWriter {
  const out = new MessageWriter()
  writeText(out, 1, each.name)
  for (const name of each.inputs) out.text(4, name)
  for (const name of each.outputs) out.text(5, name)
  for (const name of each.attributes) out.text(6, name)
  for (const node of each.nodes) out.message(7, writeNode(node, graphs))
  writeText(out, 8, each.docString)
  writeOpsets(out, 9, each.opsets)
  writeText(out, 10, each.domain)
  for (const [name, attribute] of byKey(each.attributeDefaults))
    out.message(11, writeAttribute(name, attribute, graphs))
  return out
}

type Attribute = OnnxNode['attributes'] extends ReadonlyMap<string, infer A> ? A : never

function writeAttribute(name: string, attribute: Attribute, graphs: WrittenGraphs): MessageWriter {
  const out = new MessageWriter()
  out.text(1, name)
  if (attribute.type === 'float') out.float32(2, attribute.value)
  else if (attribute.type === 'int') out.int64(3, attribute.value)
  else if (attribute.type === 'string') out.bytes(4, attribute.value)
  else if (attribute.type === 'tensor') out.message(5, writeTensor(attribute.value))
  else if (attribute.type === 'graph') out.message(6, written(graphs, attribute.value))
  else if (attribute.type === 'floats') {
    if (attribute.value.length > 0) out.bytes(7, bytesOf(attribute.value))
  } else if (attribute.type === 'ints') {
    if (attribute.value.length > 0) out.packedInt64(8, attribute.value)
  } else if (attribute.type === 'strings') for (const value of attribute.value) out.bytes(9, value)
  else if (attribute.type === 'tensors') for (const value of attribute.value) out.message(10, writeTensor(value))
  else if (attribute.type === 'graphs') for (const value of attribute.value) out.message(11, written(graphs, value))
  else if (attribute.type === 'type') out.message(14, writeType(attribute.value))
  out.integer(20, attributeTypeNumber(attribute))
  if (attribute.type === 'reference') out.text(21, attribute.value)
  return out
}

function writeTensor(tensor: OnnxTensor): MessageWriter {
  const out = new MessageWriter()
  const { data, external } = tensor
  if (tensor.shape.length > 0) out.packedInt64(1, tensor.shape)
  out.integer(2, elementTypeNumber(tensor.datatype))
  if (isStrings(data)) for (const value of data) out.bytes(6, value)
  writeText(out, 8, tensor.name)
  if (external !== undefined) {
    const entries = new Map([['location', external.location]])
    if (external.length !== undefined) entries.set('length', String(external.length))
    if (external.offset !== 0) entries.set('offset', String(external.offset))
    writeEntries(out, 13, entries)
    out.integer(14, 1)
  } else if (!isStrings(data)) out.bytes(9, bytesOf(data))
  return out
}

function isStrings(data: OnnxTensor['data']): data is readonly Uint8Array[] {
  return Array.isArray(data)
}

function writeValue(value: OnnxValue): MessageWriter {
  const out = new MessageWriter()
  writeText(out, 1, value.name)
  if (value.type !== undefined) out.message(2, writeType(value.type))
  writeText(out, 3, value.docString)
  return out
}

/** Writes a chain of types from its innermost outwards. */
function writeType(type: OnnxType): MessageWriter {
  const around: Exclude<OnnxType, { kind: 'tensor' }>[] = []
  let innermost = type
  while (innermost.kind !== 'tensor') {
    around.push(innermost)
    if (around.length > DEFAULT_LIMITS.typeDepth) throw overLimit('typeDepth', around.length, DEFAULT_LIMITS.typeDepth)
    innermost = innermost.kind === 'map' ? innermost.value : innermost.element
  }
  let out = new MessageWriter()
  out.message(1, writeTensorType(innermost))
  for (const outer of around.reverse()) {
    const body = new MessageWriter()
    if (outer.kind === 'map') body.integer(1, elementTypeNumber(outer.key))
    body.message(outer.kind === 'map' ? 2 : 1, out)
    out = new MessageWriter()
    out.message(outer.kind === 'sequence' ? 4 : outer.kind === 'map' ? 5 : 9, body)
  }
  return out
}

function writeTensorType(type: Extract<OnnxType, { kind: 'tensor' }>): MessageWriter {
  const out = new MessageWriter()
  if (type.datatype !== undefined) out.integer(1, elementTypeNumber(type.datatype))
  if (type.shape === undefined) return out
  const shape = new MessageWriter()
  for (const size of type.shape) {
    const dimension = new MessageWriter()
    if (typeof size === 'number') dimension.integer(1, size)
    else if (size !== undefined) dimension.text(2, size)
    shape.message(1, dimension)
  }
  out.message(2, shape)
  return out
}

function writeOpsets(out: MessageWriter, field: number, opsets: ReadonlyMap<string, number>): void {
  for (const [domain, version] of byKey(opsets)) {
    const opset = new MessageWriter()
    opset.text(1, domain)
    opset.integer(2, version)
    out.message(field, opset)
  }
}

function writeEntries(out: MessageWriter, field: number, entries: ReadonlyMap<string, string>): void {
  for (const [key, value] of byKey(entries)) {
    const entry = new MessageWriter()
    entry.text(1, key)
    entry.text(2, value)
    out.message(field, entry)
  }
}

/** Writes text unless it is empty: an absent field says the same. */
function writeText(out: MessageWriter, field: number, text: string): void {
  if (text !== '') out.text(field, text)
}

/** Entries in the order of their keys' UTF-16 units, which no locale changes. */
function byKey<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}
