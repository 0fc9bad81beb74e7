import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { ensemble, type EnsembleOptions, type Grown } from './ensemble.ts'
import { isLeaf, type Tree } from './tree.ts'

/** A tree whose leaves each say several numbers. */
export interface VectorTree {
  readonly tree: Tree
  /** [nodes, width]. */
  readonly vectors: Float64Array
}

/** What the leaves of a forest say, as vectors. Each tree is walked once, whatever the width. */
export interface LeafVectors {
  /** Of the rows: the number of the leaf in the table, for each tree. INT32 [rows, trees]. */
  readonly leaves: (rows: Value) => Value
  /** FP64 [rows, width]: what all trees say, added in their order. */
  readonly sum: (rows: Value) => Value
  /** Number of leaves: rows of the table. */
  readonly count: number
}

/**
 * Forests whose leaves say vectors: an operator gives the number of each tree's leaf, a table what it says.
 * @param trees checked, in the order in which the library adds them up
 * @param options of the rows and the tests: FP64 and "at most" unless they say otherwise; the vectors stay FP64
 */
export function leafVectors(
  ops: Ops,
  trees: readonly VectorTree[],
  width: number,
  options: Pick<EnsembleOptions, 'test' | 'datatype'> = { test: 'at-most', datatype: 'FP64' },
): LeafVectors {
  let count = 0
  for (const { tree } of trees) for (let node = 0; node < tree.whenTrue.length; node++) if (isLeaf(tree, node)) count++
  const table = new Float64Array(count * width)
  let leaf = 0
  const grown = trees.map(({ tree, vectors }, target): Grown => {
    const leaves = new Float64Array(tree.whenTrue.length)
    for (let node = 0; node < leaves.length; node++) {
      if (!isLeaf(tree, node)) continue
      for (let i = 0; i < width; i++) table[leaf * width + i] = vectors[node * width + i] as number
      leaves[node] = leaf++
    }
    return { tree, target, leaves }
  })
  const numbers = ensemble(ops, grown, { ...options, targets: trees.length })
  const leaves = (rows: Value) => ops.cast(numbers(rows), 'INT32')
  let values: Value | undefined
  const sum = (rows: Value): Value => {
    values ??= ops.numbers(table, [count, width])
    if (trees.length === 1) return ops.gather(values, ops.squeeze(leaves(rows), 1))
    // tree by tree along the first axis: engines add along it one after the other, as the libraries do
    return ops.sum(ops.gather(values, ops.transpose(leaves(rows), [1, 0])), 0)
  }
  return { count, leaves, sum }
}
