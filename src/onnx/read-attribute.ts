import { quote } from '../core/text.ts'
import { viewAs } from '../tensor/tensor.ts'
import { ElementBuffer } from './element-buffer.ts'
import { ATTRIBUTE_TYPE_NUMBERS, UNSUPPORTED_ATTRIBUTE_TYPES } from './element-types.ts'
import { overLimit } from './limits.ts'
import type { OnnxAttribute, OnnxGraph, OnnxTensor } from './model.ts'
import type { OnnxReader } from './onnx-reader.ts'
import { draftGraph, type ReadContext } from './read-context.ts'
import { readTensor } from './read-tensor.ts'
import { onlyOne, readType } from './read-type.ts'

type ValueType = Exclude<OnnxAttribute['type'], 'reference'>

/** Which value field each attribute type uses. @see onnx.proto3, AttributeProto */
const VALUE_FIELDS: ReadonlyMap<number, ValueType> = new Map([
  [2, 'float'],
  [3, 'int'],
  [4, 'string'],
  [5, 'tensor'],
  [6, 'graph'],
  [7, 'floats'],
  [8, 'ints'],
  [9, 'strings'],
  [10, 'tensors'],
  [11, 'graphs'],
  [14, 'type'],
])

const TYPES = new Map(Object.entries(ATTRIBUTE_TYPE_NUMBERS).map(([name, number]) => [number, name as ValueType]))

/**
 * Reads an AttributeProto. A graph in it joins `context.waiting` and is filled later; `depth` is that of the graph
 * around it. A value that is left out is the type's zero, as protobuf has it. Doc strings are dropped.
 * @throws {ServingError} `refused` when the value is not of the declared type; `unsupported` for sparse tensors and
 *   lists of types
 */
export function readAttribute(reader: OnnxReader, depth: number, context: ReadContext): [string, OnnxAttribute] {
  const { limits } = context.budget
  const start = reader.at
  context.budget.spend('attributes', 1, start)
  let name = ''
  let reference = ''
  let typeNumber = 0
  const given = new Set<ValueType>()
  const found: Collected = { strings: [], distinct: [], tensors: [], graphs: [] }

  while (reader.next()) {
    const type = VALUE_FIELDS.get(reader.field)
    if (type !== undefined) {
      given.add(type)
      collect(found, type, reader, depth, context)
    } else if (reader.field === 1) name = reader.text('AttributeProto.name', limits.nameBytes)
    else if (reader.field === 20) typeNumber = reader.int32('AttributeProto.type')
    else if (reader.field === 21) reference = reader.text('AttributeProto.ref_attr_name', limits.nameBytes)
    else if (reader.field === 15) throw reader.unsupported('an attribute that lists types')
    else if (reader.field === 22 || reader.field === 23) throw reader.unsupported('an attribute with a sparse tensor')
    else reader.skip()
  }

  const where = `attribute ${quote(name)}`
  if (name === '') throw reader.refuse('an attribute has no name', start)
  const unsupported = UNSUPPORTED_ATTRIBUTE_TYPES.get(typeNumber)
  if (unsupported !== undefined) throw reader.unsupported(`${where} is of type ${unsupported}`, start)
  const declared = TYPES.get(typeNumber)
  if (declared === undefined) throw reader.refuse(`${where} has the type number ${typeNumber}`, start)
  if (reference !== '') {
    if (given.size > 0) throw reader.refuse(`${where} has a value and refers to ${quote(reference)} too`, start)
    return [name, { type: 'reference', value: reference, of: typeNumber }]
  }
  for (const type of given)
    if (type !== declared) throw reader.refuse(`${where} is declared ${declared}, but holds ${type}`, start)
  const attribute = attributeOf(declared, found, context)
  if (attribute === undefined) throw reader.refuse(`${where} is declared ${declared}, but holds none`, start)
  return [name, attribute]
}

/** Values found in one AttributeProto, whatever its type turns out to be. */
interface Collected {
  float?: number
  int?: bigint
  string?: Uint8Array
  tensor?: OnnxTensor
  graph?: OnnxGraph
  type?: OnnxReader
  floats?: ElementBuffer
  ints?: ElementBuffer
  readonly strings: Uint8Array[]
  /** The first of them that differ. */
  readonly distinct: Uint8Array[]
  readonly tensors: OnnxTensor[]
  readonly graphs: OnnxGraph[]
}

/** Takes the reader's current field, a value of `type`. */
function collect(found: Collected, type: ValueType, reader: OnnxReader, depth: number, context: ReadContext): void {
  const { budget } = context
  if (type === 'float') found.float = reader.float32('AttributeProto.f')
  else if (type === 'int') found.int = reader.int64('AttributeProto.i')
  else if (type === 'string') found.string = reader.bytes('AttributeProto.s')
  else if (type === 'tensor') {
    if (found.tensor !== undefined) throw reader.refuse('AttributeProto.t is given twice')
    found.tensor = readTensor(reader.message('AttributeProto.t'), context)
  } else if (type === 'graph') {
    if (found.graph !== undefined) throw reader.refuse('AttributeProto.g is given twice')
    found.graph = awaitGraph(reader.message('AttributeProto.g'), depth + 1, context)
  } else if (type === 'type') found.type = onlyOne(found.type, reader, 'AttributeProto.tp')
  else if (type === 'floats') {
    found.floats ??= new ElementBuffer(4, budget)
    found.floats.addFixed(reader, 'AttributeProto.floats')
  } else if (type === 'ints') {
    found.ints ??= new ElementBuffer(8, budget)
    found.ints.addVarints(reader, 'AttributeProto.ints')
  } else if (type === 'strings') {
    budget.spend('strings', 1, reader.at)
    found.strings.push(sameAsBefore(found.distinct, reader.bytes('AttributeProto.strings')))
  } else if (type === 'tensors') found.tensors.push(readTensor(reader.message('AttributeProto.tensors'), context))
  else found.graphs.push(awaitGraph(reader.message('AttributeProto.graphs'), depth + 1, context))
}

/** Strings with which others of the same attribute are compared: the kinds of a tree's nodes are seven. */
const MAX_DISTINCT = 8

/** The same view for the same bytes, where few are told apart: a tree ensemble names the kind of each node. */
function sameAsBefore(distinct: Uint8Array[], bytes: Uint8Array): Uint8Array {
  for (const before of distinct) if (hasSameBytes(before, bytes)) return before
  if (distinct.length < MAX_DISTINCT) distinct.push(bytes)
  return bytes
}

function hasSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The attribute of the declared type; undefined where it needs a message and there is none. */
function attributeOf(type: ValueType, found: Collected, context: ReadContext): OnnxAttribute | undefined {
  const empty = new Uint8Array(0)
  if (type === 'float') return { type, value: found.float ?? 0 }
  if (type === 'int') return { type, value: found.int ?? 0n }
  if (type === 'string') return { type, value: found.string ?? empty }
  if (type === 'floats') return { type, value: viewAs('FP32', found.floats?.finish() ?? empty) }
  if (type === 'ints') return { type, value: viewAs('INT64', found.ints?.finish() ?? empty) }
  if (type === 'strings') return { type, value: found.strings }
  if (type === 'tensors') return { type, value: found.tensors }
  if (type === 'graphs') return { type, value: found.graphs }
  if (type === 'tensor') return found.tensor && { type, value: found.tensor }
  if (type === 'graph') return found.graph && { type, value: found.graph }
  const value = found.type && readType(found.type, context)
  return value && { type, value }
}

/** A draft for a graph that will be read later. @throws {ServingError} `refused` when it lies too deep */
export function awaitGraph(reader: OnnxReader, depth: number, context: ReadContext): OnnxGraph {
  const { graphDepth } = context.budget.limits
  if (depth > graphDepth) throw overLimit('graphDepth', depth, graphDepth, reader.at)
  context.budget.spend('nodes', 1, reader.at)
  const graph = draftGraph()
  context.waiting.push({ graph, reader, depth })
  return graph
}
