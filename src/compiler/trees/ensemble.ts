import { int, type OnnxAttribute } from '../../onnx/index.ts'
import type { Attributes, Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { isLeaf, type Tree } from './tree.ts'

/** A tree that has passed `checkTree`, with what its leaves say. */
export interface Grown {
  readonly tree: Tree
  /** The column of the scores that its leaves add to. */
  readonly target: number
  /** What each leaf adds, by node. */
  readonly leaves: ArrayLike<number>
}

export interface EnsembleOptions {
  /** Columns of the scores. */
  readonly targets: number
  /** A test is true where the feature is at most the threshold, or less than it. */
  readonly test: 'at-most' | 'less'
  /** Of the rows, the thresholds and the scores: sums are rounded to it tree by tree. */
  readonly datatype: 'FP32' | 'FP64'
}

const BRANCH_LEQ = 0
const BRANCH_LT = 1
const BRANCH_MEMBER = 6

/**
 * Trees as one operator, which adds up tree after tree what the leaves say.
 * @returns makes the scores, [rows, targets], of rows of the options' datatype; called again, the same operator
 */
export function ensemble(ops: Ops, trees: readonly Grown[], options: EnsembleOptions): (rows: Value) => Value {
  const attributes = layOut(trees, options)
  const { datatype, targets } = options
  return (rows) =>
    ops.op('TreeEnsemble', [rows], { datatype, shape: [-1, targets] }, attributes, { domain: 'ai.onnx.ml' })
}

/** @see ai.onnx.ml, TreeEnsemble (5): branches and leaves in lists of their own, each named by its position */
function layOut(trees: readonly Grown[], { targets, test, datatype }: EnsembleOptions): Attributes {
  // A tree of n nodes has at most (n - 1) / 2 branches. One that is a leaf is told as a branch to two leaves that say the
  // same: ONNX Runtime 1.30 sums trees wrongly where a root is a leaf and a later tree tests categories.
  const branches = trees.reduce((sum, { tree }) => sum + (tree.whenTrue.length >> 1) + 1, 0)
  const most = branches + trees.length
  const modes = new Uint8Array(branches)
  const splits = datatype === 'FP32' ? new Float32Array(branches) : new Float64Array(branches)
  const features = new Integers(branches)
  const trueIds = new Integers(branches)
  const falseIds = new Integers(branches)
  const isTrueLeaf = new Integers(branches)
  const isFalseLeaf = new Integers(branches)
  const tracksTrue = new Integers(branches)
  const weights = datatype === 'FP32' ? new Float32Array(most) : new Float64Array(most)
  const leafTargets = new Integers(most)
  const roots = new Integers(trees.length)
  const members: number[][] = []
  const plain = test === 'less' ? BRANCH_LT : BRANCH_LEQ
  let isTracking = false
  let branch = 0
  let leaf = 0
  for (const [i, { tree, target, leaves }] of trees.entries()) {
    roots.set(i, branch)
    if (isLeaf(tree, 0)) {
      modes[branch] = plain
      for (const [ids, flags] of [
        [trueIds, isTrueLeaf],
        [falseIds, isFalseLeaf],
      ] as const) {
        ids.set(branch, leaf)
        flags.set(branch, 1)
        weights[leaf] = leaves[0] as number
        leafTargets.set(leaf++, target)
      }
      branch++
      continue
    }
    // pre-order, so that a walk that holds goes straight on; what waits is a false side with the branch it hangs on
    const waiting: number[] = []
    let node = 0
    for (;;) {
      const at = branch++
      const categories = tree.members?.get(node)
      modes[at] = categories === undefined ? plain : BRANCH_MEMBER
      if (categories !== undefined) members.push(membersOf(tree, node, categories))
      else splits[at] = tree.threshold[node] as number
      features.set(at, tree.feature[node] as number)
      if (tree.missingTrue?.[node] === 1) {
        tracksTrue.set(at, 1)
        isTracking = true
      }
      const whenFalse = tree.whenFalse[node] as number
      const whenTrue = tree.whenTrue[node] as number
      if (isLeaf(tree, whenFalse)) {
        isFalseLeaf.set(at, 1)
        falseIds.set(at, leaf)
        weights[leaf] = leaves[whenFalse] as number
        leafTargets.set(leaf++, target)
      } else waiting.push(whenFalse, at)
      if (!isLeaf(tree, whenTrue)) {
        trueIds.set(at, branch)
        node = whenTrue
        continue
      }
      isTrueLeaf.set(at, 1)
      trueIds.set(at, leaf)
      weights[leaf] = leaves[whenTrue] as number
      leafTargets.set(leaf++, target)
      const parent = waiting.pop()
      if (parent === undefined) break
      node = waiting.pop() as number
      falseIds.set(parent, branch)
    }
  }
  const vector = (data: Uint8Array | Float32Array | Float64Array, type: 'UINT8' | 'FP32' | 'FP64'): OnnxAttribute => ({
    type: 'tensor',
    value: { name: '', datatype: type, shape: [data.length], data },
  })
  return {
    n_targets: int(targets),
    aggregate_function: int(1),
    post_transform: int(0),
    tree_roots: roots.attribute(trees.length),
    nodes_modes: vector(modes.slice(0, branch), 'UINT8'),
    nodes_featureids: features.attribute(branch),
    nodes_splits: vector(splits.slice(0, branch), datatype),
    nodes_truenodeids: trueIds.attribute(branch),
    nodes_trueleafs: isTrueLeaf.attribute(branch),
    nodes_falsenodeids: falseIds.attribute(branch),
    nodes_falseleafs: isFalseLeaf.attribute(branch),
    leaf_targetids: leafTargets.attribute(leaf),
    leaf_weights: vector(weights.slice(0, leaf), datatype),
    ...(isTracking && { nodes_missing_value_tracks_true: tracksTrue.attribute(branch) }),
    ...(members.length > 0 && {
      membership_values: vector(joinMembers(members, datatype), datatype),
    }),
  }
}

/** More than any category is, and exact in FP32; engines take members for integers of 32 bits. */
const NO_CATEGORY = 2 ** 30

/**
 * The members of a test's set. ONNX Runtime 1.30 makes one test of two that follow each other on one feature and lead to like
 * leaves, and forgets that missing values go different ways; it leaves sets alone that hold a large number.
 */
function membersOf(tree: Tree, node: number, categories: ArrayLike<number>): number[] {
  const next = tree.whenFalse[node] as number
  const isAlike = tree.members?.has(next) === true && tree.feature[next] === tree.feature[node]
  const differs = (tree.missingTrue?.[next] ?? 0) !== (tree.missingTrue?.[node] ?? 0)
  return isAlike && differs ? [...Array.from(categories), NO_CATEGORY] : Array.from(categories)
}

/** Sets of members one after the other, each ended by NaN. */
function joinMembers(sets: readonly (readonly number[])[], datatype: 'FP32' | 'FP64'): Float32Array | Float64Array {
  const numbers = sets.flatMap((set) => [...set, Number.NaN])
  return datatype === 'FP32' ? Float32Array.from(numbers) : Float64Array.from(numbers)
}

/** A list of small whole numbers as ONNX keeps them, written by halves: a BigInt for each would be most of the work. */
class Integers {
  readonly #wide: BigInt64Array
  readonly #halves: Int32Array

  constructor(length: number) {
    this.#wide = new BigInt64Array(length)
    this.#halves = new Int32Array(this.#wide.buffer)
  }

  set(at: number, value: number): void {
    this.#halves[2 * at] = value
  }

  attribute(length: number): OnnxAttribute {
    return { type: 'ints', value: this.#wide.length === length ? this.#wide : this.#wide.slice(0, length) }
  }
}
