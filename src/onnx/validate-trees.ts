import { quote, quoteList } from '../core/text.ts'
import { overLimit, type OnnxLimits } from './limits.ts'
import type { OnnxNode } from './model.ts'
import { TreeAttributes } from './tree-attributes.ts'

const MODES = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ', 'LEAF'] as const

/** Number of BRANCH_MEMBER among the modes of `TreeEnsemble`. */
const MEMBER_MODE = 6

/** Where a node stands in the ensemble's arrays. */
type Position = number

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

  const positions = new Map<number, Map<number, Position>>()
  for (let i = 0; i < count; i++) {
    const ofTree = positions.get(treeIds[i] as number) ?? new Map<number, Position>()
    positions.set(treeIds[i] as number, ofTree)
    if (ofTree.has(nodeIds[i] as number)) throw tree.refuse(`has the node ${nodeIds[i]} of tree ${treeIds[i]} twice`)
    ofTree.set(nodeIds[i] as number, i)
  }
  const find = (treeId: number, nodeId: number): Position => {
    const position = positions.get(treeId)?.get(nodeId)
    if (position === undefined) throw tree.refuse(`refers to node ${nodeId} of tree ${treeId}, which it does not have`)
    return position
  }

  const children: (readonly Position[])[] = []
  for (let i = 0; i < count; i++) {
    const mode = modes[i]
    if (!(MODES as readonly (string | undefined)[]).includes(mode))
      throw tree.refuse(`has the node mode ${quote(mode ?? '')}; ${quoteList(MODES)} are allowed`)
    if (mode === 'LEAF') {
      children.push([])
      continue
    }
    checkFeature(features[i] as number, tree)
    children.push([trueIds, falseIds].map((ids) => find(treeIds[i] as number, ids[i] as number)))
  }
  const hasParent = markChildren(children, tree)
  const roots = new Map<number, Position>()
  for (let i = 0; i < count; i++) {
    if (hasParent[i] === 1) continue
    if (roots.has(treeIds[i] as number)) throw tree.refuse(`has two roots in tree ${treeIds[i]}`)
    roots.set(treeIds[i] as number, i)
  }
  checkReach(children, hasParent, [...roots.values()], tree, limits)

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

  const children: Position[][] = []
  let members = 0
  for (let i = 0; i < count; i++) {
    const mode = Number(modes[i])
    if (mode > MEMBER_MODE) throw tree.refuse(`has the node mode ${mode}; 0 to ${MEMBER_MODE} are allowed`)
    if (mode === MEMBER_MODE) members++
    checkFeature(features[i] as number, tree)
    const of: Position[] = []
    for (const { side, ids, isLeaf } of sides) {
      const id = ids[i] as number
      const flag = isLeaf[i] as number
      if (flag !== 0 && flag !== 1) throw tree.refuse(`has ${flag} in nodes_${side}leafs; 0 and 1 are allowed`)
      const most = flag === 1 ? targets.length : count
      if (id < 0 || id >= most)
        throw tree.refuse(`refers from node ${i} to ${flag === 1 ? 'leaf' : 'node'} ${id}; there are ${most}`)
      if (flag === 0) of.push(id)
    }
    children.push(of)
  }
  const roots = Array.from(tree.ints('tree_roots'))
  for (const root of roots)
    if (root < 0 || root >= count) throw tree.refuse(`has the root ${root}; there are ${count} nodes`)
  checkReach(children, markChildren(children, tree), roots, tree, limits)
  const sets = tree.memberSets()
  if (sets !== members) throw tree.refuse(`has ${members} membership nodes and ${sets} sets in membership_values`)
}

/** Which nodes another one branches to. @throws {ServingError} `refused` when two branches meet */
function markChildren(children: readonly (readonly Position[])[], tree: TreeAttributes): Uint8Array {
  const hasParent = new Uint8Array(children.length)
  for (const of of children)
    for (const child of of) {
      if (hasParent[child] === 1) throw tree.refuse(`reaches ${twoWays(child)}`)
      hasParent[child] = 1
    }
  return hasParent
}

/** Checks that every node is reached once from `roots`, and none lies too deep. */
function checkReach(
  children: readonly (readonly Position[])[],
  hasParent: Uint8Array,
  roots: readonly Position[],
  tree: TreeAttributes,
  limits: OnnxLimits,
): void {
  const isRoot = new Uint8Array(children.length)
  for (const root of roots) {
    if (hasParent[root] === 1 || isRoot[root] === 1) throw tree.refuse(`reaches ${twoWays(root)}`)
    isRoot[root] = 1
  }
  let reached = 0
  let level = roots
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limits.treeDepth) throw overLimit('treeDepth', depth, limits.treeDepth)
    reached += level.length
    level = level.flatMap((position) => children[position] ?? [])
  }
  if (reached < children.length)
    throw tree.refuse(`has ${children.length - reached} nodes that no root reaches: a cycle, or nodes without a tree`)
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
