import type { OnnxTensor } from '../../onnx/model.ts'
import { MEMBER, MODES, growForest, type Branches, type Forest, type Leaves } from './forest.ts'
import type { KernelDatatype, KernelNode } from './kernel.ts'

/**
 * Reads the trees of TreeEnsembleRegressor and TreeEnsembleClassifier (operator sets 1 to 5): nodes with ids of their own
 * within each tree, leaves among them, and a separate list of weights by leaf.
 * @param prefix of the attributes about weights: `target` or `class`
 * @param targets how many targets or classes there are
 * @throws {ServingError} `refused`
 */
export function readNamedTrees(
  node: KernelNode,
  prefix: 'target' | 'class',
  targets: number,
  datatype: KernelDatatype,
): Forest {
  node.ignore('nodes_hitrates', 'nodes_hitrates_as_tensor')
  const modes = node.texts('nodes_modes') ?? []
  const count = modes.length
  const list = (name: string): number[] => ofLength(node, name, node.ints(name) ?? [], count)
  const treeIds = list('nodes_treeids')
  const nodeIds = list('nodes_nodeids')
  const features = list('nodes_featureids')
  const whenTrue = list('nodes_truenodeids')
  const whenFalse = list('nodes_falsenodeids')
  const thresholds = ofLength(node, 'nodes_values', floatsOf(node, 'nodes_values', datatype), count)
  const tracks = node.ints('nodes_missing_value_tracks_true') ?? []
  if (tracks.length > 0) ofLength(node, 'nodes_missing_value_tracks_true', tracks, count)

  // A tree is a run of nodes with one tree id, its first node the root.
  const roots: number[] = []
  const trees = new Map<number, Map<number, number>>()
  let last: number | undefined
  for (let i = 0; i < count; i++) {
    const treeId = treeIds[i] as number
    if (treeId !== last) {
      if (trees.has(treeId)) throw node.refuse(`has the nodes of tree ${treeId} in two places`)
      trees.set(treeId, new Map())
      roots.push(i)
      last = treeId
    }
    const tree = trees.get(treeId) as Map<number, number>
    const nodeId = nodeIds[i] as number
    if (tree.has(nodeId)) throw node.refuse(`has node ${nodeId} twice in tree ${treeId}`)
    tree.set(nodeId, i)
  }
  const isLeaf = modes.map((mode) => mode === 'LEAF')
  const leafNumbers = new Int32Array(count)
  let leafCount = 0
  for (let i = 0; i < count; i++) if (isLeaf[i] === true) leafNumbers[i] = leafCount++
  const numberOf = (index: number): number => (isLeaf[index] === true ? ~(leafNumbers[index] as number) : index)

  const leaves = readWeights(node, prefix, targets, datatype, leafCount, (treeId, nodeId) => {
    const index = trees.get(treeId)?.get(nodeId)
    if (index === undefined) throw node.refuse(`has a weight for node ${nodeId} of tree ${treeId}, which is not there`)
    // Some converters write weights for branches too; they mean nothing.
    return isLeaf[index] === true ? leafNumbers[index] : undefined
  })
  const branches: Branches = {
    feature: Int32Array.from(features),
    threshold: doublesOf(thresholds),
    mode: new Uint8Array(count),
    tracksTrue: new Uint8Array(count),
    members: new Map(),
    whenTrue: new Int32Array(count),
    whenFalse: new Int32Array(count),
  }
  const readBranch = (index: number): void => {
    const mode = (MODES as readonly string[]).indexOf(modes[index] as string)
    if (mode === -1 || mode === MEMBER) throw node.refuse(`has a node of mode ${modes[index]}`)
    const child = (id: number): number => {
      const found = trees.get(treeIds[index] as number)?.get(id)
      if (found === undefined) throw node.refuse(`leads to node ${id} of tree ${treeIds[index]}, which is not there`)
      return numberOf(found)
    }
    checkFeature(node, features[index] as number)
    branches.mode[index] = mode
    branches.tracksTrue[index] = tracks[index] === 1 ? 1 : 0
    branches.whenTrue[index] = child(whenTrue[index] as number)
    branches.whenFalse[index] = child(whenFalse[index] as number)
  }
  const forest = growForest(
    roots.map(numberOf),
    branches,
    leaves,
    (index) => node.refuse(`reaches node ${nodeIds[index]} of tree ${treeIds[index]} twice`),
    readBranch,
  )
  for (let leaf = 0; leaf < leafCount; leaf++)
    if (leaves.start[leaf] === leaves.start[leaf + 1]) throw node.refuse('has a leaf without a weight')
  return forest
}

function readWeights(
  node: KernelNode,
  prefix: 'target' | 'class',
  targets: number,
  datatype: KernelDatatype,
  leafCount: number,
  leafOf: (treeId: number, nodeId: number) => number | undefined,
): Leaves {
  const ids = node.ints(`${prefix}_ids`) ?? []
  const nodeIds = ofLength(node, `${prefix}_nodeids`, node.ints(`${prefix}_nodeids`) ?? [], ids.length)
  const treeIds = ofLength(node, `${prefix}_treeids`, node.ints(`${prefix}_treeids`) ?? [], ids.length)
  const values = ofLength(node, `${prefix}_weights`, floatsOf(node, `${prefix}_weights`, datatype), ids.length)
  const places = ids.map((id, i) => {
    if (!(id >= 0 && id < targets)) throw node.refuse(`has a weight for target ${id} of ${targets}`)
    return leafOf(treeIds[i] as number, nodeIds[i] as number)
  })
  const start = new Int32Array(leafCount + 1)
  for (const leaf of places) if (leaf !== undefined) start[leaf + 1] = (start[leaf + 1] as number) + 1
  for (let i = 0; i < leafCount; i++) start[i + 1] = (start[i + 1] as number) + (start[i] as number)
  const next = start.slice()
  const leaves: Leaves = {
    start,
    targets: new Int32Array(start[leafCount] as number),
    weights: new Float64Array(start[leafCount] as number),
  }
  for (const [i, leaf] of places.entries()) {
    if (leaf === undefined) continue
    const at = next[leaf] as number
    next[leaf] = at + 1
    leaves.targets[at] = ids[i] as number
    leaves.weights[at] = values[i] as number
  }
  return leaves
}

/**
 * Reads the trees of TreeEnsemble (operator set 5): branches and leaves in lists of their own, one weight a leaf.
 * @throws {ServingError} `refused`
 */
export function readIndexedTrees(node: KernelNode, targets: number, datatype: KernelDatatype): Forest {
  node.ignore('nodes_hitrates')
  const modes = new Uint8Array(tensorNumbers(node, 'nodes_modes', 'UINT8') ?? [])
  const count = modes.length
  const list = (name: string): Int32Array => ofLength(node, name, node.int32s(name) ?? new Int32Array(0), count)
  const features = list('nodes_featureids')
  const whenTrue = list('nodes_truenodeids')
  const whenFalse = list('nodes_falsenodeids')
  const isTrueLeaf = list('nodes_trueleafs')
  const isFalseLeaf = list('nodes_falseleafs')
  const thresholds = ofLength(node, 'nodes_splits', tensorNumbers(node, 'nodes_splits', datatype) ?? [], count)
  const tracks = node.int32s('nodes_missing_value_tracks_true') ?? new Int32Array(0)
  if (tracks.length > 0) ofLength(node, 'nodes_missing_value_tracks_true', tracks, count)
  const targetIds = node.int32s('leaf_targetids') ?? new Int32Array(0)
  const weights = ofLength(node, 'leaf_weights', tensorNumbers(node, 'leaf_weights', datatype) ?? [], targetIds.length)
  for (const id of targetIds)
    if (!(id >= 0 && id < targets)) throw node.refuse(`has a leaf for target ${id} of ${targets}`)
  const leaves: Leaves = {
    start: new Int32Array(targetIds.length + 1).map((_start, leaf) => leaf),
    targets: targetIds,
    weights: doublesOf(weights),
  }
  const branches: Branches = {
    feature: features,
    threshold: doublesOf(thresholds),
    mode: modes,
    tracksTrue: new Uint8Array(count).map((_tracks, i) => (tracks[i] === 1 ? 1 : 0)),
    members: readMembers(node, modes, tensorNumbers(node, 'membership_values', datatype) ?? []),
    whenTrue: new Int32Array(count),
    whenFalse: new Int32Array(count),
  }
  const child = (index: number, isLeaf: number): number => {
    if (!(index >= 0 && index < (isLeaf === 0 ? count : targetIds.length)))
      throw node.refuse(`leads to ${isLeaf === 0 ? 'branch' : 'leaf'} ${index}, which is not there`)
    return isLeaf === 0 ? index : ~index
  }
  const readBranch = (index: number): void => {
    const mode = modes[index] as number
    if (mode >= MODES.length) throw node.refuse(`has a branch of mode ${mode}`)
    checkFeature(node, features[index] as number)
    branches.whenTrue[index] = child(whenTrue[index] as number, isTrueLeaf[index] as number)
    branches.whenFalse[index] = child(whenFalse[index] as number, isFalseLeaf[index] as number)
  }
  const roots = (node.int32s('tree_roots') ?? new Int32Array(0)).map((root) => {
    child(root, 0)
    readBranch(root)
    // A tree that is one leaf is told as a branch that leads to it either way.
    const whenTrue = branches.whenTrue[root] as number
    return whenTrue < 0 && whenTrue === branches.whenFalse[root] ? whenTrue : root
  })
  return growForest(roots, branches, leaves, (index) => node.refuse(`reaches branch ${index} twice`), readBranch)
}

/** Members of each BRANCH_MEMBER, in the order of the branches, parted by NaN. */
function readMembers(
  node: KernelNode,
  modes: ArrayLike<number>,
  values: ArrayLike<number>,
): ReadonlyMap<number, ReadonlySet<number>> {
  const sets = new Map<number, ReadonlySet<number>>()
  let at = 0
  for (let i = 0; i < modes.length; i++) {
    if (MODES[modes[i] as number] !== 'BRANCH_MEMBER') continue
    const members = new Set<number>()
    for (; at < values.length && !Number.isNaN(values[at]); at++) members.add(values[at] as number)
    at++
    if (members.size === 0) throw node.refuse('has a membership branch without members')
    sets.set(i, members)
  }
  if (at < values.length) throw node.refuse('has more sets of members than membership branches')
  return sets
}

/** A list of floats that may be given in FP64 by a tensor instead, where the input is FP64 too. */
export function floatsOf(node: KernelNode, name: string, datatype: KernelDatatype): ArrayLike<number> {
  const floats = node.floats(name)
  const doubles = tensorNumbers(node, `${name}_as_tensor`, 'FP64')
  if (doubles === undefined || doubles.length === 0) return floats ?? []
  if (floats !== undefined && floats.length > 0) throw node.refuse(`has ${name} twice`)
  if (datatype !== 'FP64') throw node.refuse(`has ${name} in FP64 for an input of ${datatype}`)
  return doubles
}

function tensorNumbers(
  node: KernelNode,
  name: string,
  datatype: OnnxTensor['datatype'],
): ArrayLike<number> | undefined {
  const tensor = node.tensor(name)
  if (tensor === undefined) return undefined
  if (tensor.datatype !== datatype) throw node.refuse(`has ${name} as ${tensor.datatype}; ${datatype} is covered`)
  return tensor.data as unknown as ArrayLike<number>
}

function ofLength<A extends ArrayLike<number>>(node: KernelNode, name: string, list: A, length: number): A {
  if (list.length !== length) throw node.refuse(`has ${list.length} elements in ${name}; it should have ${length}`)
  return list
}

function checkFeature(node: KernelNode, feature: number): void {
  if (!(feature >= 0 && feature <= 0x7fff_ffff)) throw node.refuse(`looks at feature ${feature}`)
}

/** A copy in FP64, at the speed of memory. */
function doublesOf(values: ArrayLike<number>): Float64Array {
  const doubles = new Float64Array(values.length)
  doubles.set(values)
  return doubles
}
