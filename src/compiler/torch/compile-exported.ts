import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type {
  ExportedGraph,
  ExportedProgram,
  GraphArgument,
  GraphNode,
  GraphSize,
  TensorMeta,
} from '../../formats/torch/program.ts'
import { callOverload, refreshAll } from './call.ts'
import { Dim, type Atom } from './dim.ts'
import { shapeText, type Lowering } from './lowering.ts'
import type { CallArguments } from './operator.ts'
import { nameOutputs, type NamedOutputs } from './outputs.ts'
import { applySymbols } from './scalars.ts'
import { sizeOf } from './size-expression.ts'
import { datatypeValue, isList, list, TensorValue, unsupported, type Value } from './values.ts'

type Environment = Map<string, Value>

/**
 * Builds the ONNX graph of an exported program.
 * @returns what the graph gives, under the names that the outputs shall have
 * @throws {ServingError} `unsupported` naming the operator or the feature; `refused` where shapes contradict the file's
 */
export function compileExported(g: Lowering, program: ExportedProgram): NamedOutputs {
  for (const { role, target } of program.outputs) {
    if (role === 'mutation')
      throw unsupported(
        `the model changes ${quote(target)} each time it runs, which a served model cannot; call model.eval() before exporting`,
      )
    if (role === 'other') throw unsupported(`the exported program gives a ${quote(target)}, which is not compiled`)
  }
  const symbols = new Symbols(g, program)
  const values: Environment = new Map()
  // inputs first: they keep their names
  for (const input of program.inputs) if (input.kind === 'user') declare(g, program, input.argument, symbols, values)
  for (const [i, input] of program.inputs.entries()) {
    if (input.kind !== 'tensor') continue
    const place = program.graph.inputs[i]
    if (place?.kind !== 'tensor') throw damaged(`its graph takes ${quote(input.name)} as no tensor`)
    const value = g.constant(input.tensor)
    value.owner = input.owner === 'parameter' ? 'parameter' : undefined
    values.set(place.name, value)
  }
  run(g, program.graph, values, symbols, 0)
  const given = program.graph.outputs.map((argument) => valueOf(argument, values, symbols))
  for (const value of given) refreshAll(g, value)
  return nameOutputs(given, program.outputNames)
}

function damaged(what: string): ServingError {
  return new ServingError('refused', `the exported program contradicts itself: ${what}; export the model again`)
}

/** An input of the user's: a tensor of the graph; plain values were made part of it when it was exported. */
function declare(
  g: Lowering,
  program: ExportedProgram,
  argument: GraphArgument,
  symbols: Symbols,
  values: Environment,
): void {
  if (argument.kind !== 'tensor') {
    if (argument.kind === 'symbol') throw unsupported(`the input ${quote(argument.name)} is a number, not a tensor`)
    return
  }
  const meta = program.graph.tensors.get(argument.name)
  if (meta === undefined) throw damaged(`nothing tells the shape of the input ${quote(argument.name)}`)
  if (meta.datatype === undefined || meta.datatype === 'BF16')
    throw unsupported(
      `the input ${quote(argument.name)} has a datatype that is not served; export the model in float32`,
    )
  const shape = meta.shape.map((size, axis) => symbols.declare(argument.name, size, axis))
  const dimensions = shape.map((dim) => dim.constant ?? dim.key.slice(0, 200))
  const name = g.builder.input(argument.name, meta.datatype, dimensions)
  const value = new TensorValue(name, meta.datatype, shape)
  value.owner = 'input'
  values.set(argument.name, value)
}

function run(g: Lowering, graph: ExportedGraph, values: Environment, symbols: Symbols, depth: number): void {
  for (const node of graph.nodes) {
    const result = runNode(g, node, values, symbols, depth)
    bindOutputs(g, graph, node, result, values, symbols)
  }
}

function runNode(g: Lowering, node: GraphNode, values: Environment, symbols: Symbols, depth: number): Value {
  const { target } = node
  const call = (): CallArguments => argumentsOf(node, values, symbols)
  if (target.startsWith('torch.ops.aten.')) {
    const name = target.slice('torch.ops.aten.'.length)
    if (/^sym_(size|numel|stride|storage_offset)\b/.test(name) || name === 'size.int' || name === 'numel.default')
      return sizeNode(name, call())
    return callOverload(g, name, call())
  }
  if (target.startsWith('torch.ops.higher_order.')) return higherOrder(g, node, values, symbols, depth)
  const plain = /^(?:_operator|math|torch|torch\.sym_\w+|torch\.utils\._sympy\.functions)\.(\w+)$/.exec(target)
  if (plain !== null) {
    const { positional, named } = call()
    return applySymbols(plain[1] ?? '', [...positional, ...named.values()])
  }
  throw unsupported(`the operator ${quote(target)} is not compiled`)
}

function sizeNode(name: string, { positional, named }: CallArguments): Value {
  const [self, dim] = [...positional, ...named.values()]
  if (!(self instanceof TensorValue)) throw damaged(`${name} of no tensor`)
  if (name.includes('numel')) return self.shape.reduce((product, size) => product.times(size), Dim.of(1))
  if (!(dim instanceof Dim) || dim.constant === undefined) throw unsupported(`${name} of every axis`)
  const size = self.shape.at(dim.constant)
  if (size === undefined || name.includes('stride')) throw unsupported(`${name} is not compiled`)
  return size
}

/** Operators over graphs: only those that change nothing are gone through. */
function higherOrder(g: Lowering, node: GraphNode, values: Environment, symbols: Symbols, depth: number): Value {
  const name = node.target.slice('torch.ops.higher_order.'.length)
  const given = node.inputs.map(({ argument }) => argument)
  const at = given.findIndex((argument) => argument.kind === 'graph')
  const inner = given[at]
  if (name !== 'wrap_with_set_grad_enabled' || inner?.kind !== 'graph' || depth > 8)
    throw unsupported(`the operator ${quote(name)}, which runs graphs of its own, is not compiled`)
  const local: Environment = new Map(values)
  for (const [i, input] of inner.graph.inputs.entries()) {
    const argument = given[at + 1 + i]
    if (argument === undefined || !('name' in input)) throw damaged(`${name} gives its graph too few inputs`)
    local.set(input.name, valueOf(argument, values, symbols))
  }
  run(g, inner.graph, local, symbols, depth + 1)
  return list(inner.graph.outputs.map((argument) => valueOf(argument, local, symbols)))
}

function argumentsOf(node: GraphNode, values: Environment, symbols: Symbols): CallArguments {
  const positional: Value[] = []
  const named = new Map<string, Value>()
  for (const { name, argument, isKeyword } of node.inputs) {
    const value = valueOf(argument, values, symbols)
    if (name === '' && !isKeyword) positional.push(value)
    else named.set(name, value)
  }
  return { positional, named }
}

function valueOf(argument: GraphArgument, values: Environment, symbols: Symbols): Value {
  const named = (name: string): Value => {
    const value = values.get(name)
    if (value === undefined) throw damaged(`${quote(name)} is used before it is made`)
    return value
  }
  switch (argument.kind) {
    case 'none':
      return null
    case 'tensor':
      return named(argument.name)
    case 'tensors':
      return list(argument.names.map((name) => (name === undefined ? null : named(name))))
    case 'int':
      return Dim.of(argument.value)
    case 'float':
    case 'bool':
    case 'string':
      return argument.value
    case 'symbol':
      return values.get(argument.name) ?? symbols.named(argument.name) ?? named(argument.name)
    case 'list':
      return list(argument.items.map((item) => valueOf(item, values, symbols)))
    case 'dtype':
      return datatypeValue(argument.datatype)
    case 'graph':
      return { kind: 'other', what: 'a graph' }
    case 'other':
      return { kind: 'other', what: argument.what }
  }
}

/** Gives what a node made the names that the file has for it, and holds it against the shapes in the file. */
function bindOutputs(
  g: Lowering,
  graph: ExportedGraph,
  node: GraphNode,
  result: Value,
  values: Environment,
  symbols: Symbols,
): void {
  const outputs = node.outputs.flatMap((output) =>
    output.kind === 'tensors'
      ? output.names.map((name): GraphArgument => (name === undefined ? { kind: 'none' } : { kind: 'tensor', name }))
      : [output],
  )
  const results = outputs.length === 1 && !isList(result) ? [result] : isList(result) ? result.items : [result]
  const isListOfOne =
    outputs.length === 1 && isList(result) && node.outputs[0]?.kind !== 'tensors' && outputs[0]?.kind === 'list'
  if (isListOfOne) return
  if (results.length < outputs.filter((output) => output.kind !== 'none').length)
    throw damaged(`${quote(node.target)} gives ${results.length} results where ${outputs.length} are named`)
  for (const [i, output] of outputs.entries()) {
    if (output.kind !== 'tensor' && output.kind !== 'symbol') continue
    const value = results[i] ?? null
    if (output.kind === 'tensor' && value instanceof TensorValue) {
      const meta = graph.tensors.get(output.name)
      if (meta !== undefined) hold(g, output.name, node.target, value, meta, symbols)
    }
    values.set(output.name, value)
  }
}

/**
 * Holds what was inferred against what the file says of a tensor. They may not contradict each other; where the file knows
 * more, that is taken: torch has checked it.
 */
function hold(g: Lowering, name: string, target: string, value: TensorValue, meta: TensorMeta, symbols: Symbols): void {
  const contradiction = (what: string) =>
    damaged(
      `${quote(name)}, made by ${quote(target)}, ${what} of ${meta.datatype ?? 'another datatype'} [${meta.shape.join(',').slice(0, 200)}], here it comes to ${value.datatype} ${shapeText(value.shape)}`,
    )
  // torch before 2.10 writes down whole numbers for a true division of such, and computes floats
  const isDivision = /^torch\.ops\.aten\.(true_)?div/.test(target) && value.datatype === 'FP32'
  if (meta.datatype !== undefined && meta.datatype !== value.datatype && !isDivision)
    throw contradiction('is said to be')
  // and it has axes of size 1 too many in what its recurrent layers give
  if (meta.shape.length !== value.rank && isAlikeButForOnes(meta.shape, value, symbols)) return
  if (meta.shape.length !== value.rank) throw contradiction('is said to be')
  const shape = value.shape.map((inferred, axis) => {
    const said = meta.shape[axis]
    const known = said === undefined ? undefined : symbols.size(said)
    if (known === undefined) return inferred
    if (inferred.constant !== undefined && known.constant !== undefined && inferred.constant !== known.constant)
      throw contradiction('is said to be')
    return inferred.constant === undefined ? known : inferred
  })
  value.refine(shape)
}

function isAlikeButForOnes(said: readonly GraphSize[], value: TensorValue, symbols: Symbols): boolean {
  const left = said.flatMap((size) => (size === 1 ? [] : [symbols.size(size)?.key ?? '?']))
  const right = value.shape.flatMap((dim) => (dim.is(1) ? [] : [dim.key]))
  return left.join() === right.join()
}

/** What the symbols of an exported program stand for: sizes of its inputs. */
class Symbols {
  readonly #g: Lowering
  readonly #program: ExportedProgram
  readonly #dims = new Map<string, Dim>()

  constructor(g: Lowering, program: ExportedProgram) {
    this.#g = g
    this.#program = program
  }

  /** A size of an input: a number, a symbol that stands for it from here on, or an expression of symbols. */
  declare(input: string, size: GraphSize, axis: number): Dim {
    if (typeof size === 'number') return Dim.of(size)
    const known = this.size(size)
    if (known !== undefined) return known
    // a symbol, or a multiple of one: the one thing in it that is not known yet
    const unknown = new Set<string>()
    const trial = sizeOf(size, (name) => this.#dims.get(name) ?? this.#trial(name, unknown))
    const [symbol] = unknown
    const [term] = trial?.terms ?? []
    const factor = trial?.terms.length === 1 && term?.atoms.length === 1 ? term.coefficient : undefined
    if (symbol === undefined || unknown.size > 1 || factor === undefined || factor < 1)
      return Dim.atom({
        key: `${input}[${axis}]`,
        min: 0,
        max: Infinity,
        source: { kind: 'input', input, axis, divisor: 1 },
      })
    const dim = Dim.atom(this.#atom(symbol, input, axis, factor))
    this.#dims.set(symbol, dim)
    return dim.times(factor)
  }

  #trial(name: string, unknown: Set<string>): Dim {
    unknown.add(name)
    return Dim.atom({ key: name, min: 1, max: Infinity, source: { kind: 'input', input: '', axis: 0, divisor: 1 } })
  }

  #atom(symbol: string, input: string, axis: number, divisor: number): Atom {
    const range = this.#program.ranges.get(symbol)
    const max = range?.max === undefined || range.max >= 2 ** 52 ? Infinity : range.max
    const min = Math.max(1, range?.min ?? 1)
    const bounds = [
      min > 2 ? `at least ${min * divisor}` : '',
      max < Infinity ? `at most ${max * divisor}` : '',
    ].filter((text) => text !== '')
    if (bounds.length > 0)
      this.#g.warnings.add(
        `the model was exported for a size of ${quote(input)}, axis ${axis}, of ${bounds.join(' and ')}`,
      )
    return { key: symbol, min, max, source: { kind: 'input', input, axis, divisor } }
  }

  /** A size as the file spells it, where all its symbols are known. */
  size(size: GraphSize): Dim | undefined {
    return typeof size === 'number' ? Dim.of(size) : sizeOf(size, (name) => this.#dims.get(name))
  }

  /** A size that a node of the graph computes, by the expression that the file has for it. */
  named(name: string): Dim | undefined {
    const size = this.#program.graph.sizes.get(name)
    return size === undefined ? undefined : this.size(size)
  }
}
