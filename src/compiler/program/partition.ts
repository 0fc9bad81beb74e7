import type { OnnxStep, Program, Step } from '../../bundle/program.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { GraphBuilder, writeOnnx, type OnnxDimension } from '../../onnx/index.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { ProgramBuilder, ProgramNode, Value } from './builder.ts'

/** A program with its files, ready for a bundle. */
export interface PartitionedProgram {
  readonly program: Program
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Nodes of all its graphs, for people. */
  readonly nodes: number
}

/** Operators whose work grows with the model: an output that alone needs one gets a graph of its own. */
const HEAVY: ReadonlySet<string> = new Set([
  'MatMul',
  'Gemm',
  'TreeEnsemble',
  'TopK',
  'Conv',
  'Einsum',
  'ReduceSum',
  'ReduceMean',
  'ReduceMin',
  'ReduceMax',
])

/** Nodes that run together: those of one level that the same outputs need. */
interface Group {
  readonly level: number
  /** The outputs that need it, as a key, and how many they are. */
  readonly needed: string
  readonly breadth: number
  readonly nodes: ProgramNode[]
}

/**
 * Cuts a program's nodes into steps. Host kernels stand between graphs. What only outputs need that requests must ask for
 * stands in graphs of its own where it is worth one, so that a request pays for what it gets.
 * @throws {ServingError} `unsupported` for an output that is called like an input
 */
export function partition(builder: ProgramBuilder, defaults: readonly string[]): PartitionedProgram {
  const makers = new Map<number, ProgramNode>()
  for (const node of builder.nodes) for (const output of node.outputs) makers.set(output.id, node)
  const needs = whoNeeds(builder, makers, defaults)
  const groups = groupNodes(builder.nodes, needs, makers)
  const names = nameValues(builder, makers)
  return write(builder, groups, names)
}

/** For each node, the outputs that hang on it; default ones count as one. */
function whoNeeds(
  builder: ProgramBuilder,
  makers: ReadonlyMap<number, ProgramNode>,
  defaults: readonly string[],
): Map<ProgramNode, Set<string>> {
  const needs = new Map<ProgramNode, Set<string>>()
  for (const { name, value } of builder.outputs) {
    const who = defaults.includes(name) ? '' : name
    const open = [value]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const node = makers.get(next.id)
      if (node === undefined) continue
      const known = needs.get(node) ?? new Set()
      if (known.has(who)) continue
      needs.set(node, known.add(who))
      for (const input of node.inputs) if (input !== undefined) open.push(input)
    }
  }
  return needs
}

/** Groups in an order in which they can run. Nodes that nobody needs are left out. */
function groupNodes(
  nodes: readonly ProgramNode[],
  needs: ReadonlyMap<ProgramNode, ReadonlySet<string>>,
  makers: ReadonlyMap<number, ProgramNode>,
): readonly Group[] {
  const before = (node: ProgramNode) =>
    node.inputs.flatMap((input) => {
      const maker = input === undefined ? undefined : makers.get(input.id)
      return maker === undefined ? [] : [maker]
    })
  const levels = new Map<ProgramNode, number>()
  const placed = new Map<ProgramNode, Group>()
  const groups: Group[] = []
  const graphs = new Map<string, Group>()
  for (const node of nodes) {
    const who = needs.get(node)
    if (who === undefined) continue
    const level = Math.max(
      0,
      ...before(node).map(
        (maker) => (levels.get(maker) ?? 0) + (maker.kind === 'kernel' || node.kind === 'kernel' ? 1 : 0),
      ),
    )
    levels.set(node, level)
  }
  delay(nodes, needs, levels, makers)
  for (const node of nodes) {
    const who = needs.get(node)
    const level = levels.get(node)
    if (who === undefined || level === undefined) continue
    const needed = who.has('') ? '' : [...who].sort().join('\n')
    if (node.kind === 'kernel') {
      const group = { level, needed, breadth: who.size, nodes: [node] }
      groups.push(group)
      placed.set(node, group)
      continue
    }
    const key = `${level}\n${needed}`
    let group = graphs.get(key)
    if (group === undefined) {
      group = { level, needed, breadth: who.has('') ? Infinity : who.size, nodes: [] }
      graphs.set(key, group)
      groups.push(group)
    }
    group.nodes.push(node)
    placed.set(node, group)
  }
  return orderGroups(mergeLight(groups, placed, before))
}

/** Moves operators to the latest level at which they are in time: fewer graphs, and fewer values between them. */
function delay(
  nodes: readonly ProgramNode[],
  needs: ReadonlyMap<ProgramNode, unknown>,
  levels: Map<ProgramNode, number>,
  makers: ReadonlyMap<number, ProgramNode>,
): void {
  const latest = new Map<ProgramNode, number>()
  for (const node of nodes.toReversed()) {
    if (!needs.has(node)) continue
    if (node.kind === 'onnx') levels.set(node, latest.get(node) ?? levels.get(node) ?? 0)
    const level = (levels.get(node) ?? 0) - (node.kind === 'kernel' ? 1 : 0)
    for (const input of node.inputs) {
      const maker = input === undefined ? undefined : makers.get(input.id)
      if (maker?.kind === 'onnx') latest.set(maker, Math.min(latest.get(maker) ?? Infinity, level))
    }
  }
}

/** A group with nothing heavy in it joins the one graph of its level that it reads, if it reads no other. */
function mergeLight(
  groups: readonly Group[],
  placed: Map<ProgramNode, Group>,
  before: (node: ProgramNode) => readonly ProgramNode[],
): readonly Group[] {
  const gone = new Set<Group>()
  const byBreadth = [...groups].sort((a, b) => b.breadth - a.breadth)
  for (const group of byBreadth) {
    if (group.nodes[0]?.kind === 'kernel' || group.needed === '') continue
    if (group.nodes.some(({ name, domain }) => HEAVY.has(name) || (domain !== '' && name === 'TreeEnsemble'))) continue
    const read = new Set(
      group.nodes
        .flatMap(before)
        .map((node) => placed.get(node))
        .filter((other): other is Group => other !== undefined && other !== group && other.level === group.level),
    )
    const [target] = read
    if (read.size !== 1 || target === undefined || target.nodes[0]?.kind === 'kernel') continue
    target.nodes.push(...group.nodes)
    for (const node of group.nodes) placed.set(node, target)
    gone.add(group)
  }
  return groups.filter((group) => !gone.has(group))
}

function orderGroups(groups: readonly Group[]): readonly Group[] {
  const isKernel = (group: Group) => (group.nodes[0]?.kind === 'kernel' ? 0 : 1)
  return [...groups].sort((a, b) => a.level - b.level || isKernel(a) - isKernel(b) || b.breadth - a.breadth)
}

/** Names of values between steps, and in the graphs: outputs and inputs have their own. */
function nameValues(builder: ProgramBuilder, makers: ReadonlyMap<number, ProgramNode>): Map<number, string> {
  const names = new Map<number, string>()
  const taken = new Set<string>()
  for (const { name, value } of builder.inputs) {
    names.set(value.id, name)
    taken.add(name)
  }
  for (const { name, value } of builder.outputs) {
    if (taken.has(name))
      throw new ServingError(
        'unsupported',
        `the model has an input and an output that are both called ${quote(name)}; fit it on data whose column has another name`,
      )
    taken.add(name)
    if (!names.has(value.id) && makers.has(value.id)) names.set(value.id, name)
  }
  let count = 0
  const fresh = () => {
    for (;;) {
      const name = `v${++count}`
      if (taken.has(name)) continue
      taken.add(name)
      return name
    }
  }
  for (const node of builder.nodes)
    for (const output of node.outputs) if (!names.has(output.id)) names.set(output.id, fresh())
  for (const id of builder.constants.keys()) if (!names.has(id)) names.set(id, fresh())
  return names
}

function write(
  builder: ProgramBuilder,
  groups: readonly Group[],
  names: ReadonlyMap<number, string>,
): PartitionedProgram {
  const nameOf = (value: Value) => names.get(value.id) ?? ''
  const readers = readersOf(groups)
  const copies = builder.outputs.filter(({ name, value }) => nameOf(value) !== name)
  const files = new Map<string, Uint8Array>()
  const steps: Step[] = []
  const graphs = groups.filter((group) => group.nodes[0]?.kind === 'onnx').length + (copies.length > 0 ? 1 : 0)
  let graph = 0
  let kernel = 0
  for (const group of groups) {
    const [first] = group.nodes
    if (first?.kind === 'kernel') {
      const file = `kernels/${++kernel}-${first.name}.json`
      files.set(file, Buffer.from(JSON.stringify(first.parameters)))
      steps.push({
        kind: 'kernel',
        kernel: first.name,
        file,
        inputs: Object.fromEntries(
          first.inputs.map((value, i) => [`in${i}`, value === undefined ? '' : nameOf(value)]),
        ),
        outputs: Object.fromEntries(first.outputs.map((value, i) => [`out${i}`, nameOf(value)])),
      })
      continue
    }
    const given = group.nodes.flatMap(({ outputs }) => outputs)
    const isGiven = new Set(given.map(({ id }) => id))
    const isOutput = new Set(builder.outputs.map(({ value }) => value.id))
    const wanted = given.filter(
      ({ id }) => isOutput.has(id) || (readers.get(id) ?? []).some((reader) => reader !== group),
    )
    const reads = unique(
      group.nodes.flatMap(({ inputs }) => inputs).filter((value): value is Value => value !== undefined),
    ).filter(({ id }) => !isGiven.has(id) && !builder.constants.has(id))
    const file = graphs === 1 ? 'model.onnx' : `model-${++graph}.onnx`
    steps.push(writeGraph(builder, file, group.nodes, reads, wanted, nameOf, files))
  }
  if (copies.length > 0)
    steps.push(writeCopies(builder, graphs === 1 ? 'model.onnx' : `model-${++graph}.onnx`, copies, nameOf, files))
  if (steps.length === 0) throw new ServingError('unsupported', 'the model computes nothing')
  return { program: { steps }, files, nodes: builder.nodes.length }
}

/** Outputs that are inputs, constants or other outputs themselves. */
function writeCopies(
  builder: ProgramBuilder,
  file: string,
  copies: ProgramBuilder['outputs'],
  nameOf: (value: Value) => string,
  files: Map<string, Uint8Array>,
): OnnxStep {
  const graph = new GraphBuilder({ name: 'slipway' })
  const inputs: Record<string, string> = {}
  const outputs: Record<string, string> = {}
  for (const { name, value } of copies) {
    const source = nameOf(value)
    const constant = builder.constants.get(value.id)
    if (constant !== undefined) graph.initializer(constant, source)
    else if (inputs[source] === undefined) {
      graph.input(source, value.datatype, dimensions(value))
      inputs[source] = source
    }
    graph.op('Identity', [source], {}, { outputs: [name] })
    graph.output(name, value.datatype, dimensions(value))
    outputs[name] = name
  }
  files.set(file, writeOnnx(graph.build()))
  return { kind: 'onnx', file, inputs, outputs, optimization: 'basic' }
}

function writeGraph(
  builder: ProgramBuilder,
  file: string,
  nodes: readonly ProgramNode[],
  reads: readonly Value[],
  wanted: readonly Value[],
  nameOf: (value: Value) => string,
  files: Map<string, Uint8Array>,
): OnnxStep {
  const graph = new GraphBuilder({ name: 'slipway' })
  for (const value of reads) graph.input(nameOf(value), value.datatype, dimensions(value))
  const constants = unique(
    nodes.flatMap(({ inputs }) => inputs).filter((value): value is Value => value !== undefined),
  ).filter(({ id }) => builder.constants.has(id))
  for (const value of constants) graph.initializer(builder.constants.get(value.id) as Tensor, nameOf(value))
  for (const node of nodes)
    graph.node(
      node.name,
      node.inputs.map((value) => (value === undefined ? '' : nameOf(value))),
      node.attributes,
      { domain: node.domain, outputs: node.outputs.map(nameOf) },
    )
  for (const value of wanted) graph.output(nameOf(value), value.datatype, dimensions(value))
  files.set(file, writeOnnx(graph.build()))
  return {
    kind: 'onnx',
    file,
    inputs: Object.fromEntries(reads.map((value) => [nameOf(value), nameOf(value)])),
    outputs: Object.fromEntries(wanted.map((value) => [nameOf(value), nameOf(value)])),
    optimization: 'basic',
  }
}

function dimensions({ shape }: Value): OnnxDimension[] {
  return shape.map((size, axis) => (size >= 0 ? size : axis === 0 ? 'rows' : undefined))
}

function readersOf(groups: readonly Group[]): Map<number, Group[]> {
  const readers = new Map<number, Group[]>()
  for (const group of groups)
    for (const node of group.nodes)
      for (const input of node.inputs) {
        if (input === undefined) continue
        const known = readers.get(input.id)
        if (known === undefined) readers.set(input.id, [group])
        else if (!known.includes(group)) known.push(group)
      }
  return readers
}

function unique(values: readonly Value[]): Value[] {
  const seen = new Set<number>()
  return values.filter(({ id }) => !seen.has(id) && seen.add(id))
}
