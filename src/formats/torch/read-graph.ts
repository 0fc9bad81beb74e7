import { quote } from '../../core/text.ts'
import type { NumericDatatype } from '../../tensor/datatype.ts'
import type { JsonView } from './json-view.ts'
import type { ExportedGraph, GraphArgument, GraphNode, GraphSize, TensorMeta } from './program.ts'
import { damaged } from './refusals.ts'

/** Numbers that exported programs give to datatypes. @see torch._export.serde.schema.ScalarType */
const DATATYPES: ReadonlyMap<number, NumericDatatype> = new Map([
  [1, 'UINT8'],
  [2, 'INT8'],
  [3, 'INT16'],
  [4, 'INT32'],
  [5, 'INT64'],
  [6, 'FP16'],
  [7, 'FP32'],
  [8, 'FP64'],
  [12, 'BOOL'],
  [13, 'BF16'],
  [28, 'UINT16'],
])

/** Graphs inside graphs, and lists inside lists. */
const MAX_DEPTH = 16
const MAX_NODES = 200_000

/** The datatype of a number in the file; undefined for those that are not read. */
export function exportedDatatype(number: number): NumericDatatype | undefined {
  return DATATYPES.get(number)
}

/** @throws {ServingError} `refused` for what the format does not allow */
export function readGraph(view: JsonView, depth = 0): ExportedGraph {
  if (depth > MAX_DEPTH) throw damaged(`${view.path}: graphs inside graphs, over ${MAX_DEPTH} deep`)
  const nodes = view.get('nodes').list()
  if (nodes.length > MAX_NODES) throw damaged(`${view.path} has over ${MAX_NODES} nodes`)
  const inputs = readArguments(view.get('inputs'), depth)
  const read = nodes.map((node) => readNode(node, depth))
  refuseTwice(view.path, [inputs, ...read.map((node) => node.outputs)])
  const sizes = new Map<string, GraphSize>()
  for (const [name, value] of view.optional('sym_int_values')?.entries() ?? []) sizes.set(name, readSize(value))
  return {
    inputs,
    outputs: readArguments(view.get('outputs'), depth),
    nodes: read,
    tensors: new Map(
      view
        .get('tensor_values')
        .entries()
        .map(([name, value]) => [name, readMeta(value)]),
    ),
    sizes,
  }
}

function readNode(view: JsonView, depth: number): GraphNode {
  return {
    target: view.get('target').text(),
    inputs: view
      .get('inputs')
      .list()
      .map((input) => ({
        name: input.optional('name')?.text() ?? '',
        argument: readArgument(input.get('arg'), depth),
        // 1 stands for a place, 2 for a name; older files do not tell
        isKeyword: (input.optional('kind')?.int() ?? 2) !== 1,
      })),
    outputs: readArguments(view.get('outputs'), depth),
  }
}

function readArguments(view: JsonView, depth: number): GraphArgument[] {
  return view.list().map((argument) => readArgument(argument, depth))
}

/** A name that is given twice would mean one thing to us and another to torch. */
function refuseTwice(path: string, given: readonly (readonly GraphArgument[])[]): void {
  const names = new Set<string>()
  for (const name of given.flat().flatMap(namesIn)) {
    if (names.has(name)) throw damaged(`${path} gives the name ${quote(name, 80)} twice`)
    names.add(name)
  }
}

function namesIn(argument: GraphArgument): readonly string[] {
  if (argument.kind === 'tensor' || argument.kind === 'symbol') return [argument.name]
  return argument.kind === 'tensors' ? argument.names.filter((name) => name !== undefined) : []
}

export function readMeta(view: JsonView): TensorMeta {
  return { datatype: exportedDatatype(view.get('dtype').int()), shape: view.get('sizes').list().map(readSize) }
}

/** A number, or the text of an expression. */
function readSize(view: JsonView): GraphSize {
  const [kind, value] = view.variant()
  if (kind === 'as_int') return value.int()
  if (kind === 'as_expr') return value.get('expr_str').text()
  throw damaged(`${view.path} is no size`)
}

/** An argument of a node, of the graph or of its signature: one of many kinds. */
export function readArgument(view: JsonView, depth = 0): GraphArgument {
  if (depth > MAX_DEPTH) throw damaged(`${view.path}: arguments inside arguments, over ${MAX_DEPTH} deep`)
  const [kind, value] = argumentKind(view)
  const list = (read: (item: JsonView) => GraphArgument): GraphArgument => ({
    kind: 'list',
    items: value.list().map(read),
  })
  switch (kind) {
    case 'as_none':
      return { kind: 'none' }
    case 'as_tensor':
      return { kind: 'tensor', name: value.get('name').text() }
    case 'as_tensors':
      return { kind: 'tensors', names: value.list().map((item) => item.get('name').text()) }
    case 'as_optional_tensor':
      return optionalTensor(value)
    case 'as_optional_tensors':
      return { kind: 'tensors', names: value.list().map((item) => nameOf(optionalTensor(item))) }
    case 'as_int':
      return { kind: 'int', value: value.int() }
    case 'as_ints':
      return list((item) => ({ kind: 'int', value: item.int() }))
    case 'as_int_lists':
    case 'as_nested_ints':
      return list((items) => ({
        kind: 'list',
        items: items.list().map((item) => ({ kind: 'int', value: item.int() })),
      }))
    case 'as_float':
      return { kind: 'float', value: value.number() }
    case 'as_floats':
      return list((item) => ({ kind: 'float', value: item.number() }))
    case 'as_bool':
      return { kind: 'bool', value: value.boolean() }
    case 'as_bools':
      return list((item) => ({ kind: 'bool', value: item.boolean() }))
    case 'as_string':
      return { kind: 'string', value: value.text() }
    case 'as_strings':
      return list((item) => ({ kind: 'string', value: item.text() }))
    case 'as_sym_int':
    case 'as_sym_float':
    case 'as_sym_bool':
      return symbol(value)
    case 'as_sym_ints':
    case 'as_sym_floats':
    case 'as_sym_bools':
      return list(symbol)
    case 'as_scalar_type': {
      const datatype = exportedDatatype(value.int())
      return datatype === undefined
        ? { kind: 'other', what: `a dtype of the number ${value.int()}` }
        : { kind: 'dtype', datatype }
    }
    case 'as_graph':
      return { kind: 'graph', name: value.get('name').text(), graph: readGraph(value.get('graph'), depth + 1) }
    default:
      return { kind: 'other', what: `an argument of the kind ${quote(kind.replace(/^as_/, ''), 40)}` }
  }
}

/** Which kind is set; of `as_none` the value says whether, and may be false. */
function argumentKind(view: JsonView): [string, JsonView] {
  const set = view.entries().filter(([kind, value]) => !value.isNull || kind === 'as_none')
  const [only] = set
  if (only === undefined || set.length > 1) throw damaged(`${view.path} is not one argument`)
  return only
}

function optionalTensor(view: JsonView): GraphArgument {
  const [kind, value] = argumentKind(view)
  return kind === 'as_tensor' ? { kind: 'tensor', name: value.get('name').text() } : { kind: 'none' }
}

function nameOf(argument: GraphArgument): string | undefined {
  return argument.kind === 'tensor' ? argument.name : undefined
}

/** A name of something computed, or a plain value. */
function symbol(view: JsonView): GraphArgument {
  const [kind, value] = view.variant()
  if (kind === 'as_name') return { kind: 'symbol', name: value.text() }
  if (kind === 'as_int') return { kind: 'int', value: value.int() }
  if (kind === 'as_float') return { kind: 'float', value: value.number() }
  if (kind === 'as_bool') return { kind: 'bool', value: value.boolean() }
  throw damaged(`${view.path} is no size`)
}
