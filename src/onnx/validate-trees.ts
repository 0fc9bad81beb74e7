import { quote, quoteList } from '../core/text.ts'
import { overLimit, type OnnxLimits } from './limits.ts'
import type { OnnxNode } from './model.ts'
import { TreeAttributes } from './tree-attributes.ts'

const MODES: ReadonlySet<string> = new Set([
  'BRANCH_LEQ',
  'BRANCH_LT',
  'BRANCH_GTE',
  'BRANCH_GT',
  'BRANCH_EQ',
  'BRANCH_NEQ',
  'LEAF',
])

/** Number of BRANCH_MEMBER among the modes of `TreeEnsemble`. */
const MEMBER_MODE = 6

/** Where a node stands in the ensemble's arrays. */
type Position = number

/** In a list of children, two places for each node: there is none. */
const NO_CHILD = -1

/**
 * Checks the arrays of a tree ensemble, which runtimes follow by index: equal lengths, ids that exist, each node
 * reached once and from one root, no cycle, bounded depth. Other operators pass.
 * @throws {ServingError} `refused`, or `unsupported` when an attribute stands for one of a call
 * @see ai.onnx.ml operators TreeEnsembleClassifier, TreeEnsembleRegressor (1, 3) and TreeEnsemble (5)
 */
export function checkTreeEnsemble(node: OnnxNode, where: () => string, limits: OnnxLimits): void {
  if (node.domain !== 'ai.onnx.ml') return
  if (node.opType === 'TreeEnsemble') checkIndexedTrees(new TreeAttributes(node, where), limits)
  else if (node.opType === 'TreeEnsembleClassifier')
    checkNumberedTrees(new TreeAttributes(node, where), 'class', limits)
  else if (node.opType === 'TreeEnsembleRegressor')
    checkNumberedTrees(new TreeAttributes(node, where), 'target', limits)
}

/** Trees whose nodes are named by a tree id and a node id. */
function checkNumberedTrees(tree: TreeAttributes, kind: 'class' | 'target', limits: OnnxLimits): void {
  const nodeIds = tree.ints('nodes_nodeids')
  const count = nodeIds.length
  if (count === 0) throw tree.refuse('has no nodes')
  const treeIds = tree.ints('nodes_treeids', count)
  const features = tree.ints('nodes_featureids', count)
  const trueIds = tree.ints('nodes_truenodeids', count)
  const falseIds = tree.ints('nodes_falsenodeids', count)
  const modes = tree.strings('nodes_modes', count)
  tree.numbers('nodes_values', count)
  tree.optionalNumbers('nodes_hitrates', count)
  tree.optionalInts('nodes_missing_value_tracks_true', count)

  const find = createFinder(treeIds, nodeIds, tree)
  const children = new Int32Array(2 * count).fill(NO_CHILD)
  for (let i = 0; i < count; i++) {
    const mode = modes[i] ?? ''
    if (!MODES.has(mode)) throw tree.refuse(`has the node mode ${quote(mode)}; ${quoteList(MODES)} are allowed`)
    if (mode === 'LEAF') continue
    checkFeature(features[i] as number, tree)
    children[2 * i] = find(treeIds[i] as number, trueIds[i] as number)
    children[2 * i + 1] = find(treeIds[i] as number, falseIds[i] as number)
  }
  const hasParent = markChildren(children, tree)
  const roots = new Map<number, Position>()
  for (let i = 0; i < count; i++) {
    if (hasParent[i] === 1) continue
    if (roots.has(treeIds[i] as number)) throw tree.refuse(`has two roots in tree ${treeIds[i]}`)
    roots.set(treeIds[i] as number, i)
  }
  checkReach(children, hasParent, Array.from(roots.values()), tree, limits)

  const weightNodes = tree.ints(`${kind}_nodeids`)
  const weightTrees = tree.ints(`${kind}_treeids`, weightNodes.length)
  const ids = tree.ints(`${kind}_ids`, weightNodes.length)
  tree.numbers(`${kind}_weights`, weightNodes.length)
  const outputs = kind === 'class' ? tree.classCount() : tree.int('n_targets', 1)
  checkOutputs(ids, outputs, `${kind}_ids`, tree)
  for (let i = 0; i < weightNodes.length; i++) find(weightTrees[i] as number, weightNodes[i] as number)
  const bases = tree.optionalNumbers('base_values')
  if (bases !== 0 && bases !== outputs && !(kind === 'class' && bases === 1))
    throw tree.refuse(`has ${bases} base values for ${outputs} outputs`)
}

/**
 * Where the nodes of each tree stand, by their ids. Mostly a tree's nodes follow each other and are numbered from 0.
 * @throws {ServingError} `refused` for an id that a tree has twice; from what is returned, for one that it does not have
 */
function createFinder(
  treeIds: Float64Array,
  nodeIds: Float64Array,
  tree: TreeAttributes,
): (treeId: number, nodeId: number) => Position {
  const count = treeIds.length
  /** Of each tree, where its first nodes begin that are numbered from 0 without a gap, and how many they are. */
  const runs = new Map<number, { readonly begin: Position; length: number }>()
  const others = new Map<number, Map<number, Position>>()
  let run: { readonly begin: Position; length: number } | undefined
  for (let i = 0; i < count; i++) {
    const treeId = treeIds[i] as number
    const nodeId = nodeIds[i] as number
    if (i === 0 || treeIds[i - 1] !== treeId) {
      run = runs.has(treeId) ? undefined : { begin: i, length: 0 }
      if (run !== undefined) runs.set(treeId, run)
    }
    if (run !== undefined && nodeId === run.length && i === run.begin + run.length) {
      run.length++
      continue
    }
    const ofTree = others.get(treeId) ?? new Map<number, Position>()
    others.set(treeId, ofTree)
    const first = runs.get(treeId)
    if (ofTree.has(nodeId) || (first !== undefined && nodeId >= 0 && nodeId < first.length))
      throw tree.refuse(`has the node ${nodeId} of tree ${treeId} twice`)
    ofTree.set(nodeId, i)
  }
  let treeAt: number | undefined
  let runAt: { readonly begin: Position; length: number } | undefined
  return (treeId, nodeId) => {
    if (treeId !== treeAt) {
      treeAt = treeId
      runAt = runs.get(treeId)
    }
    if (runAt !== undefined && nodeId >= 0 && nodeId < runAt.length) return runAt.begin + nodeId
    const position = others.get(treeId)?.get(nodeId)
    if (position === undefined) throw tree.refuse(`refers to node ${nodeId} of tree ${treeId}, which it does not have`)
    return position
  }
}

/** Trees whose nodes and leaves are named by their positions in two sets of arrays. */
function checkIndexedTrees(tree: TreeAttributes, limits: OnnxLimits): void {
  const features = tree.ints('nodes_featureids')
  const count = features.length
  const modes = tree.tensor('nodes_modes', count, ['UINT8'])
  tree.tensor('nodes_splits', count, ['FP32', 'FP64', 'FP16'])
  tree.optionalTensor('nodes_hitrates', count, ['FP32', 'FP64', 'FP16'])
  tree.optionalInts('nodes_missing_value_tracks_true', count)
  const sides = (['true', 'false'] as const).map((side) => ({
    side,
    ids: tree.ints(`nodes_${side}nodeids`, count),
    isLeaf: tree.ints(`nodes_${side}leafs`, count),
  }))
  const targets = tree.ints('leaf_targetids')
  tree.tensor('leaf_weights', targets.length, ['FP32', 'FP64', 'FP16'])
  checkOutputs(targets, tree.int('n_targets', 1), 'leaf_targetids', tree)

  const children = new Int32Array(2 * count).fill(NO_CHILD)
  let members = 0
  for (let i = 0; i < count; i++) {
    const mode = Number(modes[i])
    if (mode > MEMBER_MODE) throw tree.refuse(`has the node mode ${mode}; 0 to ${MEMBER_MODE} are allowed`)
    if (mode === MEMBER_MODE) members++
    checkFeature(features[i] as number, tree)
    for (let at = 0; at < sides.length; at++) {
      const { side, ids, isLeaf } = sides[at] as (typeof sides)[number]
      const id = ids[i] as number
      const flag = isLeaf[i] as number
      if (flag !== 0 && flag !== 1) throw tree.refuse(`has ${flag} in nodes_${side}leafs; 0 and 1 are allowed`)
      const most = flag === 1 ? targets.length : count
      if (id < 0 || id >= most)
        throw tree.refuse(`refers from node ${i} to ${flag === 1 ? 'leaf' : 'node'} ${id}; there are ${most}`)
      if (flag === 0) children[2 * i + at] = id
    }
  }
  const roots = Array.from(tree.ints('tree_roots'))
  for (const root of roots)
    if (root < 0 || root >= count) throw tree.refuse(`has the root ${root}; there are ${count} nodes`)
  checkReach(children, markChildren(children, tree), roots, tree, limits)
  const sets = tree.memberSets()
  if (sets !== members) throw tree.refuse(`has ${members} membership nodes and ${sets} sets in membership_values`)
}

/** Which nodes another one branches to. @throws {ServingError} `refused` when two branches meet */
function markChildren(children: Int32Array, tree: TreeAttributes): Uint8Array {
  const hasParent = new Uint8Array(children.length / 2)
  for (let i = 0; i < children.length; i++) {
    const child = children[i] as Position
    if (child === NO_CHILD) continue
    if (hasParent[child] === 1) throw tree.refuse(`reaches ${twoWays(child)}`)
    hasParent[child] = 1
  }
  return hasParent
}

/** Checks that every node is reached once from `roots`, and none lies too deep. */
function checkReach(
  children: Int32Array,
  hasParent: Uint8Array,
  roots: readonly Position[],
  tree: TreeAttributes,
  limits: OnnxLimits,
): void {
  const count = children.length / 2
  const isRoot = new Uint8Array(count)
  for (const root of roots) {
    if (hasParent[root] === 1 || isRoot[root] === 1) throw tree.refuse(`reaches ${twoWays(root)}`)
    isRoot[root] = 1
  }
  let reached = 0
  let level = roots
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limits.treeDepth) throw overLimit('treeDepth', depth, limits.treeDepth)
    reached += level.length
    const below: Position[] = []
    for (const position of level) {
      const one = children[2 * position] as Position
      const other = children[2 * position + 1] as Position
      if (one !== NO_CHILD) below.push(one)
      if (other !== NO_CHILD) below.push(other)
    }
    level = below
  }
  if (reached < count)
    throw tree.refuse(`has ${count - reached} nodes that no root reaches: a cycle, or nodes without a tree`)
}

function twoWays(position: Position): string {
  return `the node at position ${position} by two ways; branches part, they do not meet`
}

function checkFeature(feature: number, tree: TreeAttributes): void {
  if (feature < 0 || feature > 0x7fff_ffff) throw tree.refuse(`has the feature id ${feature}; columns count from 0`)
}

function checkOutputs(ids: ArrayLike<number>, outputs: number, what: string, tree: TreeAttributes): void {
  for (let i = 0; i < ids.length; i++)
    if ((ids[i] as number) < 0 || (ids[i] as number) >= outputs)
      throw tree.refuse(`has ${ids[i]} in ${what}, for ${outputs} outputs`)
}
