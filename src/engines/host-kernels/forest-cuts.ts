import { GT, GTE, LEQ, LT, type Forest } from './forest.ts'
import { BLOCK_ROWS, BRANCHES, MAX_CUTS, MAX_LEAVES, MAX_PLANES } from './forest-lanes-code.ts'

/** A branch as a byte's comparison: true where the value's place among its feature's cuts is at most that of `cut`. */
export interface CutBranch {
  readonly feature: number
  /** The largest value that goes the low way. */
  readonly cut: number
  readonly whenLow: number
  readonly whenHigh: number
  readonly isNanHigh: boolean
}

/** One tree: branches from the leaves to the root, sides as slots in memory. */
export interface CutTree {
  readonly branches: readonly CutBranch[]
  /** Leaves of the forest by their number in the tree. */
  readonly leaves: readonly number[]
}

/** Trees that share cuts: for each feature, at most as many as a byte can number. */
export interface Chunk {
  readonly trees: CutTree[]
  /** Ascending once the chunk is whole. */
  readonly cuts: Map<number, Set<number>>
  readonly planes: Map<number, number>
}

/**
 * Tells a forest by comparisons of bytes: a value's place among the thresholds of its feature, with that of the branch.
 * @returns its trees in order, in parts; undefined where bytes cannot tell all of them
 */
export function cutForest(forest: Forest): readonly Chunk[] | undefined {
  const chunks: Chunk[] = []
  for (const root of forest.roots) {
    const tree = cutTree(forest, root)
    if (tree === undefined || !isUniform(forest, tree.leaves)) return undefined
    const last = chunks.at(-1)
    if (last !== undefined && addTo(last, tree)) continue
    const chunk: Chunk = { trees: [], cuts: new Map(), planes: new Map() }
    if (!addTo(chunk, tree)) return undefined
    chunks.push(chunk)
  }
  return chunks
}

/** @returns undefined for a tree that bytes cannot tell */
function cutTree(forest: Forest, root: number): CutTree | undefined {
  const { nodes, thresholds, tracksTrue } = forest
  const offsets: number[] = []
  const leaves: number[] = []
  const numberOf = new Map<number, number>()
  const waiting = [root]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at < 0) {
      numberOf.set(at, BRANCHES - (leaves.length + 1) * BLOCK_ROWS)
      leaves.push(~at)
    } else {
      offsets.push(at)
      waiting.push(nodes[at + 2] as number, nodes[at + 1] as number)
    }
    if (leaves.length > MAX_LEAVES || offsets.length >= MAX_LEAVES) return undefined
  }
  offsets.reverse()
  for (const [i, at] of offsets.entries()) numberOf.set(at, BRANCHES + i * BLOCK_ROWS)
  const branches: CutBranch[] = []
  for (const at of offsets) {
    const mode = nodes[at + 3] as number
    const threshold = thresholds[at >> 2] as number
    const isBelow = mode === LEQ || mode === LT
    if (!isBelow && mode !== GT && mode !== GTE) return undefined
    const cut = mode === LEQ || mode === GT ? threshold : below(threshold)
    if (Number.isNaN(cut)) return undefined
    const whenTrue = numberOf.get(nodes[at + 1] as number) as number
    const whenFalse = numberOf.get(nodes[at + 2] as number) as number
    branches.push({
      feature: nodes[at] as number,
      cut,
      whenLow: isBelow ? whenTrue : whenFalse,
      whenHigh: isBelow ? whenFalse : whenTrue,
      isNanHigh: (tracksTrue[at >> 2] === 1) !== isBelow,
    })
  }
  return { branches, leaves }
}

const doubles = new Float64Array(1)
const bits = new BigInt64Array(doubles.buffer)

/** The largest float64 below a number; NaN where there is none. */
export function below(value: number): number {
  if (value === -Infinity) return Number.NaN
  if (value === 0) return -Number.MIN_VALUE
  doubles[0] = value
  bits[0] = (bits[0] as bigint) + (value > 0 ? -1n : 1n)
  return doubles[0]
}

/** Whether all leaves have weights for the same targets, in the same order. */
function isUniform({ leaves }: Forest, members: readonly number[]): boolean {
  const first = leaves.start[members[0] as number] as number
  const count = (leaves.start[(members[0] as number) + 1] as number) - first
  return (
    count > 0 &&
    members.every((leaf) => {
      const from = leaves.start[leaf] as number
      if ((leaves.start[leaf + 1] as number) - from !== count) return false
      for (let i = 0; i < count; i++) if (leaves.targets[from + i] !== leaves.targets[first + i]) return false
      return true
    })
  )
}

/** A plane is a feature's places, with NaN as the least of them or as the most. */
export function planeOf({ feature, isNanHigh }: CutBranch): number {
  return 2 * feature + (isNanHigh ? 1 : 0)
}

/** Adds a tree to a chunk; false, and nothing done, where the chunk would have more cuts or planes than it may. */
function addTo({ trees, cuts, planes }: Chunk, tree: CutTree): boolean {
  const fresh = new Map<number, Set<number>>()
  const freshPlanes = new Set<number>()
  for (const branch of tree.branches) {
    const { feature, cut } = branch
    if (cuts.get(feature)?.has(cut) !== true) {
      const own = fresh.get(feature)
      if (own === undefined) fresh.set(feature, new Set([cut]))
      else own.add(cut)
    }
    if (!planes.has(planeOf(branch))) freshPlanes.add(planeOf(branch))
  }
  for (const [feature, added] of fresh) if ((cuts.get(feature)?.size ?? 0) + added.size > MAX_CUTS) return false
  if (planes.size + freshPlanes.size > MAX_PLANES) return false
  for (const [feature, added] of fresh) {
    const all = cuts.get(feature)
    if (all === undefined) cuts.set(feature, added)
    else for (const cut of added) all.add(cut)
  }
  for (const plane of freshPlanes) planes.set(plane, planes.size)
  trees.push(tree)
  return true
}
