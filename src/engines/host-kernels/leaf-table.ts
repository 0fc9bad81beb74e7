import type { OnnxGraph, OnnxNode } from '../../onnx/model.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Forest } from './forest.ts'

/**
 * The nodes of a forest whose leaves say vectors: trees give the number of their leaf each, and a table what it says.
 * TreeEnsemble, Cast, Transpose, Gather, ReduceSum, each of them read by the next alone.
 */
export interface TableNodes {
  readonly trees: OnnxNode
  /** The FP64 table, [leaves, width]: a name in the graph. */
  readonly table: string
  /** Behind the trees, in order. */
  readonly followers: readonly OnnxNode[]
}

const INT32 = 6n

/**
 * Finds forests that a table says the sums of.
 * @param nodes in the order of the graph
 * @param outputs names of values that are asked for
 */
export function findTables(
  graph: OnnxGraph,
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
): ReadonlyMap<OnnxNode, TableNodes> {
  const found = new Map<OnnxNode, TableNodes>()
  const forests = nodes.filter(({ domain, opType }) => domain === 'ai.onnx.ml' && opType === 'TreeEnsemble')
  if (forests.length === 0) return found
  const readers = new Map<string, OnnxNode | undefined>(outputs.map((name) => [name, undefined]))
  for (const node of nodes) for (const name of node.inputs) readers.set(name, readers.has(name) ? undefined : node)

  const reader = (node: OnnxNode, opType: string): OnnxNode | undefined => {
    const next = node.outputs.length === 1 ? readers.get(node.outputs[0] as string) : undefined
    return next?.domain === '' && next.opType === opType ? next : undefined
  }
  for (const trees of forests) {
    const cast = reader(trees, 'Cast')
    const transpose = cast && reader(cast, 'Transpose')
    const gather = transpose && reader(transpose, 'Gather')
    const sum = gather && reader(gather, 'ReduceSum')
    if (sum === undefined) continue
    const table = gather?.inputs[0] ?? ''
    const axes = graph.initializers.get(sum.inputs[1] ?? '')
    const isPattern =
      hasOnly(cast, 'to') &&
      intOf(cast, 'to', 0n) === INT32 &&
      hasOnly(transpose, 'perm') &&
      intsOf(transpose, 'perm') === '1,0' &&
      hasOnly(gather, 'axis') &&
      intOf(gather, 'axis', 0n) === 0n &&
      gather?.inputs[1] === transpose?.outputs[0] &&
      graph.initializers.get(table)?.datatype === 'FP64' &&
      graph.initializers.get(table)?.shape.length === 2 &&
      hasOnly(sum, 'keepdims') &&
      intOf(sum, 'keepdims', 1n) === 0n &&
      sum.inputs.length === 2 &&
      axes?.datatype === 'INT64' &&
      axes.data.length === 1 &&
      axes.data[0] === 0n
    if (isPattern) found.set(trees, { trees, table, followers: [cast, transpose, gather, sum] as readonly OnnxNode[] })
  }
  return found
}

function hasOnly(node: OnnxNode | undefined, name: string): boolean {
  return node !== undefined && [...node.attributes.keys()].every((key) => key === name)
}

function intOf(node: OnnxNode | undefined, name: string, missing: bigint): bigint | undefined {
  const found = node?.attributes.get(name)
  return found === undefined ? missing : found.type === 'int' ? found.value : undefined
}

function intsOf(node: OnnxNode | undefined, name: string): string {
  const found = node?.attributes.get(name)
  return found?.type === 'ints' ? found.value.join(',') : ''
}

/**
 * A forest of trees that give the numbers of their leaves, each in a column of its own, as one whose leaves say what stands
 * in a table.
 * @param table FP64 [leaves, width]
 * @returns undefined where a leaf's number is none of the table's, or a tree does not have its column for itself
 */
export function withTable(forest: Forest, targets: number, table: Tensor): Forest | undefined {
  const [count, width] = table.shape as readonly [number, number]
  const { roots, nodes, leaves } = forest
  const total = leaves.start.length - 1
  if (roots.length !== targets || width === 0 || total * width > 2 ** 28) return undefined
  const waiting: number[] = []
  for (let tree = 0; tree < roots.length; tree++) {
    waiting.push(roots[tree] as number)
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (at >= 0) waiting.push(nodes[at + 2] as number, nodes[at + 1] as number)
      else if (leaves.targets[~at] !== tree) return undefined
    }
  }
  const said = table.data as Float64Array
  const weights = new Float64Array(total * width)
  for (let leaf = 0; leaf < total; leaf++) {
    const number = leaves.weights[leaf] as number
    if (!(Number.isInteger(number) && number >= 0 && number < count)) return undefined
    for (let i = 0; i < width; i++) weights[leaf * width + i] = said[number * width + i] as number
  }
  const indices = new Int32Array(total * width)
  for (let at = 0, i = 0; at < indices.length; at++) {
    indices[at] = i
    if (++i === width) i = 0
  }
  return {
    ...forest,
    leaves: {
      start: new Int32Array(total + 1).map((_start, leaf) => leaf * width),
      targets: indices,
      weights,
    },
  }
}
