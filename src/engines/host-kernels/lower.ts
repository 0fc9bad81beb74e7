import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { OnnxModel, OnnxNode, OnnxValue } from '../../onnx/model.ts'
import { MAX_RANK } from '../../tensor/shape.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { tensorOf } from './constant.ts'
import { KernelNode, isKernelDatatype, type Kernel, type Run, type Value, type ValueType } from './kernel.ts'
import { DOMAINS } from './kernels.ts'
import { findTables, type TableNodes } from './leaf-table.ts'
import { treeTable } from './trees.ts'

/** Largest constant that is computed once, at load, instead of in each run. */
const MAX_FOLDED_ELEMENTS = 2 ** 20

/** A node of the graph, ready to run: values are known by number, not by name. */
export interface Operation {
  readonly run: Run
  /** Where each input lies; 0, which nothing lies at, for one left out. */
  readonly inputs: readonly number[]
  /** Where each output goes; 0 for one that nobody reads. */
  readonly outputs: readonly number[]
}

export interface LoweredInput extends ValueType {
  readonly name: string
  readonly slot: number
}

/** A graph as a flat list of kernels, in the order in which they run. */
export interface LoweredGraph {
  readonly inputs: readonly LoweredInput[]
  readonly operations: readonly Operation[]
  /** Where the value of each output lies at the end. */
  readonly outputs: ReadonlyMap<string, number>
  /** Every slot at the start of a run: constants in their places, undefined elsewhere. */
  readonly slots: readonly (Tensor | undefined)[]
}

/**
 * Lowers the part of a validated graph that some of its outputs need.
 * What hangs on constants alone is computed here, once.
 * @param inputs names of the graph's inputs that a run will give
 * @param outputs names of the graph's outputs that a run may ask for
 * @throws {ServingError} `refused` naming the first node, value or feature that the kernels do not cover
 */
export function lowerGraph(model: OnnxModel, inputs: Iterable<string>, outputs: readonly string[]): LoweredGraph {
  return new Lowering(model, new Set(inputs)).lower(outputs)
}

class Lowering {
  readonly #model: OnnxModel
  readonly #given: ReadonlySet<string>
  readonly #values = new Map<string, { slot: number; value: Value }>()
  readonly #slots: (Tensor | undefined)[] = [undefined]
  readonly #inputs: LoweredInput[] = []
  readonly #operations: Operation[] = []

  constructor(model: OnnxModel, given: ReadonlySet<string>) {
    this.#model = model
    this.#given = given
  }

  lower(outputs: readonly string[]): LoweredGraph {
    const { graph } = this.#model
    const nodes = neededNodes(graph.nodes, outputs)
    this.#declareInputs(new Set([...outputs, ...nodes.flatMap((node) => node.inputs)]))
    const tables = findTables(graph, nodes, outputs)
    const done = new Set<OnnxNode>()
    for (const node of nodes) {
      if (done.has(node)) continue
      const table = tables.get(node)
      if (table !== undefined && this.#lowerTable(table)) for (const follower of table.followers) done.add(follower)
      else this.#lowerNode(node)
    }
    const slots = new Map<string, number>()
    for (const name of outputs) {
      const declared = graph.outputs.find((output) => output.name === name)
      if (declared === undefined) throw refused(`the graph has no output ${quote(name)}`)
      const { slot, value } = this.#valueOf(name)
      checkDeclared(declared, value)
      slots.set(name, slot)
    }
    return { inputs: this.#inputs, operations: this.#operations, outputs: slots, slots: this.#slots }
  }

  #declareInputs(needed: ReadonlySet<string>): void {
    const { graph } = this.#model
    for (const input of graph.inputs) {
      if (!needed.has(input.name)) continue
      if (graph.initializers.has(input.name)) {
        if (this.#given.has(input.name))
          throw refused(`input ${quote(input.name)} has a default in the graph, which the kernels take as a constant`)
        continue
      }
      if (!this.#given.has(input.name)) throw refused(`nothing feeds input ${quote(input.name)} of the graph`)
      const type = declaredType(input)
      this.#inputs.push({ name: input.name, slot: this.#place(input.name, type), ...type })
    }
  }

  #lowerNode(node: OnnxNode): void {
    const { kernel, opset } = this.#kernelOf(node)
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.#valueOf(name)))
    // Inputs left out at the end are as good as not there.
    while (inputs.length > 0 && inputs.at(-1) === undefined) inputs.pop()
    const view = new KernelNode(
      node,
      opset,
      inputs.map((input) => input?.value),
    )
    const prepared = kernel(view)
    view.finish()
    const { outputs: types, run } = prepared
    if (node.outputs.length > types.length)
      throw view.refuse(`has ${node.outputs.length} outputs; ${types.length} are covered`)

    if (inputs.every((input) => input?.value.constant !== undefined) && types.every(isSmall)) {
      const results = fold(
        run,
        inputs.map((input) => input?.value.constant as Tensor),
      )
      for (const [i, name] of node.outputs.entries()) if (name !== '') this.#placeConstant(name, results[i] as Tensor)
      return
    }
    this.#operations.push({
      run,
      inputs: inputs.map((input) => input?.slot ?? 0),
      outputs: node.outputs.map((name, i) => (name === '' ? 0 : this.#place(name, types[i] as ValueType))),
    })
  }

  /** Several nodes as one, where they are what they look like; else false, and nothing is done. */
  #lowerTable({ trees, table, followers }: TableNodes): boolean {
    const { opset } = this.#kernelOf(trees)
    const { opset: plain } = this.#kernelOf(followers[0] as OnnxNode)
    const inputs = trees.inputs.map((name) => this.#valueOf(name))
    const constant = this.#valueOf(table).value.constant
    if (plain < 13 || inputs.length !== 1 || constant === undefined) return false
    const view = new KernelNode(
      trees,
      opset,
      inputs.map(({ value }) => value),
    )
    const prepared = treeTable(view, constant)
    if (prepared === undefined) return false
    view.finish()
    const name = followers.at(-1)?.outputs[0] as string
    this.#operations.push({
      run: prepared.run,
      inputs: inputs.map(({ slot }) => slot),
      outputs: [this.#place(name, prepared.outputs[0] as ValueType)],
    })
    return true
  }

  #kernelOf(node: OnnxNode): { kernel: Kernel; opset: number } {
    const where = `node ${quote(node.name)} (${node.domain === '' ? '' : `${node.domain} `}${node.opType})`
    const domain = DOMAINS.get(node.domain)
    const kernel = domain?.kernels.get(node.opType)
    if (domain === undefined || kernel === undefined) throw refused(`${where} has an operator that no kernel covers`)
    const opset = this.#model.opsets.get(node.domain)
    if (opset === undefined || opset < domain.oldest || opset > domain.newest)
      throw refused(`${where} is of operator set ${opset}; ${domain.oldest} to ${domain.newest} are covered`)
    return { kernel, opset }
  }

  #valueOf(name: string): { slot: number; value: Value } {
    const found = this.#values.get(name)
    if (found !== undefined) return found
    const initializer = this.#model.graph.initializers.get(name)
    if (initializer === undefined) throw refused(`the value ${quote(name)} is made by nothing in the graph`)
    return this.#placeConstant(
      name,
      tensorOf(initializer, (reason) => refused(`constant ${quote(name)} ${reason}`)),
    )
  }

  #place(name: string, value: ValueType): number {
    if (value.shape.length > MAX_RANK)
      throw refused(`the value ${quote(name)} has ${value.shape.length} dimensions; the most is ${MAX_RANK}`)
    const slot = this.#slots.push(undefined) - 1
    this.#values.set(name, { slot, value })
    return slot
  }

  #placeConstant(name: string, constant: Tensor): { slot: number; value: Value } {
    const slot = this.#slots.push(constant) - 1
    const value: Value = { datatype: constant.datatype as Value['datatype'], shape: constant.shape, constant }
    const placed = { slot, value }
    this.#values.set(name, placed)
    return placed
  }
}

/** The nodes that some outputs hang on, in their order. */
function neededNodes(nodes: readonly OnnxNode[], outputs: readonly string[]): readonly OnnxNode[] {
  const wanted = new Set(outputs)
  const needed: OnnxNode[] = []
  // The format puts nodes in topological order, and validation has held the file to it.
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => name !== '' && wanted.has(name))) continue
    needed.push(node)
    for (const name of node.inputs) wanted.add(name)
  }
  return needed.toReversed()
}

function declaredType({ name, type }: OnnxValue): ValueType {
  if (type?.kind !== 'tensor') throw refused(`input ${quote(name)} is no tensor`)
  if (!isKernelDatatype(type.datatype))
    throw refused(`input ${quote(name)} has the datatype ${type.datatype}, which no kernel takes`)
  if (type.shape === undefined) throw refused(`input ${quote(name)} declares no shape`)
  const shape = type.shape.map((size) => (typeof size === 'number' ? size : -1))
  return { datatype: type.datatype, shape }
}

/** A graph whose declaration and nodes disagree is somebody else's to judge. */
function checkDeclared({ name, type }: OnnxValue, value: Value): void {
  if (type === undefined) return
  if (type.kind !== 'tensor') throw refused(`output ${quote(name)} is declared as a ${type.kind}`)
  if (type.datatype !== undefined && type.datatype !== value.datatype)
    throw refused(`output ${quote(name)} is declared as ${type.datatype}, its node makes ${value.datatype}`)
  if (type.shape === undefined) return
  const { shape } = value
  const fits =
    type.shape.length === shape.length &&
    type.shape.every((size, i) => typeof size !== 'number' || shape[i] === -1 || shape[i] === size)
  if (!fits)
    throw refused(`output ${quote(name)} is declared as [${type.shape.join(',')}], its node makes [${shape.join(',')}]`)
}

/** @throws {ServingError} `refused` when a node cannot be computed on its constants: no run of the graph could be either */
function fold(run: Run, constants: readonly Tensor[]): readonly Tensor[] {
  try {
    return run(constants)
  } catch (error) {
    if (error instanceof ServingError) throw refused(error.message)
    throw error
  }
}

function isSmall({ shape }: ValueType): boolean {
  return !shape.includes(-1) && shape.reduce((count, size) => count * size, 1) <= MAX_FOLDED_ELEMENTS
}

function refused(message: string): ServingError {
  return new ServingError('refused', message)
}

/** The operations that some outputs hang on, in order. */
export function neededOperations(graph: LoweredGraph, outputs: readonly string[]): readonly Operation[] {
  const wanted = new Set(outputs.map((name) => graph.outputs.get(name)))
  wanted.delete(0)
  const needed: Operation[] = []
  for (const operation of graph.operations.toReversed()) {
    if (!operation.outputs.some((slot) => slot !== 0 && wanted.has(slot))) continue
    needed.push(operation)
    for (const slot of operation.inputs) wanted.add(slot)
  }
  return needed.toReversed()
}
