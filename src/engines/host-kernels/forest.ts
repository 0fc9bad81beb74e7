/** How a branch compares its feature with its threshold, numbered as TreeEnsemble does. */
export const MODES = [
  'BRANCH_LEQ',
  'BRANCH_LT',
  'BRANCH_GTE',
  'BRANCH_GT',
  'BRANCH_EQ',
  'BRANCH_NEQ',
  'BRANCH_MEMBER',
] as const

export const LEQ = 0
export const LT = 1
export const GTE = 2
export const GT = 3
const EQ = 4
const NEQ = 5
export const MEMBER = 6

/** Branches of trees as their file tells them, by number. A child is a branch's number, or `~leaf`. */
export interface Branches {
  readonly feature: Int32Array
  readonly threshold: Float64Array
  /** Index into `MODES`. */
  readonly mode: Uint8Array
  /** 1 where NaN goes the true way. */
  readonly tracksTrue: Uint8Array
  /** What each BRANCH_MEMBER looks for. */
  readonly members: ReadonlyMap<number, ReadonlySet<number>>
  readonly whenTrue: Int32Array
  readonly whenFalse: Int32Array
}

/** What the leaves say: leaf i has the weights from `start[i]` up to `start[i + 1]`. */
export interface Leaves {
  readonly start: Int32Array
  readonly targets: Int32Array
  /** FP32 weights are kept as the same numbers in float64. */
  readonly weights: Float64Array
}

/** Trees in typed arrays, ready to be walked. */
export interface Forest {
  readonly leaves: Leaves
  /** Where each tree begins: an offset into `nodes`, or `~leaf`. */
  readonly roots: Int32Array
  /** Four numbers a branch: feature, where true leads, where false leads (an offset, or `~leaf`), mode. */
  readonly nodes: Int32Array
  /** Threshold of the branch at offset 4 i. */
  readonly thresholds: Float64Array
  readonly tracksTrue: Uint8Array
  readonly members: ReadonlyMap<number, ReadonlySet<number>>
  /** The largest feature that a branch looks at; -1 when there is no branch. */
  readonly lastFeature: number
  readonly walk: Walk
}

/** Follows a tree from an offset for the row that begins at `row`; the leaf it ends in. */
type Walk = (forest: Forest, root: number, x: Float64Array, row: number) => number

/**
 * Lays trees out in the order in which they are walked, true branches first.
 * @param roots a branch's number, or `~leaf`, for each tree
 * @param check looks at a branch before anything of it is read; throws where it is none
 * @param repeated the error for a branch that is reached twice, from one tree or from two
 */
export function growForest(
  roots: ArrayLike<number>,
  branches: Branches,
  leaves: Leaves,
  repeated: (number: number) => Error,
  check?: (number: number) => void,
): Forest {
  const { feature, threshold, mode, tracksTrue, whenTrue, whenFalse } = branches
  const places = new Int32Array(feature.length).fill(-1)
  const order = new Int32Array(feature.length)
  let count = 0
  const waiting: number[] = []
  for (let tree = 0; tree < roots.length; tree++) {
    waiting.push(roots[tree] as number)
    for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
      if (number < 0) continue
      check?.(number)
      if (places[number] !== -1) throw repeated(number)
      places[number] = count
      order[count++] = number
      waiting.push(whenFalse[number] as number, whenTrue[number] as number)
    }
  }
  const offsetOf = (number: number): number => (number < 0 ? number : 4 * (places[number] as number))
  const nodes = new Int32Array(count * 4)
  const thresholds = new Float64Array(count)
  const tracks = new Uint8Array(count)
  const members = new Map<number, ReadonlySet<number>>()
  const firstMode = count === 0 ? -1 : (mode[order[0] as number] as number)
  let isOneMode = true
  let isTracking = false
  let lastFeature = -1
  for (let i = 0, at = 0; i < count; i++) {
    const number = order[i] as number
    const own = mode[number] as number
    nodes[at++] = feature[number] as number
    nodes[at++] = offsetOf(whenTrue[number] as number)
    nodes[at++] = offsetOf(whenFalse[number] as number)
    nodes[at++] = own
    thresholds[i] = threshold[number] as number
    tracks[i] = tracksTrue[number] as number
    if (own === MEMBER) members.set(i, branches.members.get(number) ?? new Set())
    if (own !== firstMode) isOneMode = false
    if (tracks[i] === 1) isTracking = true
    if ((feature[number] as number) > lastFeature) lastFeature = feature[number] as number
  }
  return {
    leaves,
    roots: Int32Array.from(roots, offsetOf),
    nodes,
    thresholds,
    tracksTrue: tracks,
    members,
    lastFeature,
    walk:
      isOneMode && firstMode === LEQ
        ? isTracking
          ? walkLeqTracked
          : walkLeq
        : isOneMode && firstMode === LT && !isTracking
          ? walkLt
          : walkAny,
  }
}

const walkLeq: Walk = ({ nodes, thresholds }, root, x, row) => {
  let at = root
  while (at >= 0)
    at = nodes[
      (x[row + (nodes[at] as number)] as number) <= (thresholds[at >> 2] as number) ? at + 1 : at + 2
    ] as number
  return ~at
}

/** What LightGBM writes: each branch says where NaN goes. */
const walkLeqTracked: Walk = ({ nodes, thresholds, tracksTrue }, root, x, row) => {
  let at = root
  while (at >= 0) {
    const value = x[row + (nodes[at] as number)] as number
    const isTrue = value <= (thresholds[at >> 2] as number) || (value !== value && tracksTrue[at >> 2] === 1)
    at = nodes[isTrue ? at + 1 : at + 2] as number
  }
  return ~at
}

const walkLt: Walk = ({ nodes, thresholds }, root, x, row) => {
  let at = root
  while (at >= 0)
    at = nodes[(x[row + (nodes[at] as number)] as number) < (thresholds[at >> 2] as number) ? at + 1 : at + 2] as number
  return ~at
}

const walkAny: Walk = ({ nodes, thresholds, tracksTrue, members }, root, x, row) => {
  let at = root
  while (at >= 0) {
    const value = x[row + (nodes[at] as number)] as number
    const branch = at >> 2
    const isTrue =
      compare(nodes[at + 3] as number, value, thresholds[branch] as number) ??
      (members.get(branch) as ReadonlySet<number>).has(value)
    // A NaN may be "not equal" in its own right; being tracked can only add to that.
    at = nodes[isTrue || (tracksTrue[branch] === 1 && Number.isNaN(value)) ? at + 1 : at + 2] as number
  }
  return ~at
}

/** Whether a branch is true; undefined for BRANCH_MEMBER, which has no threshold. */
function compare(mode: number, value: number, threshold: number): boolean | undefined {
  switch (mode) {
    case LEQ:
      return value <= threshold
    case LT:
      return value < threshold
    case GTE:
      return value >= threshold
    case GT:
      return value > threshold
    case EQ:
      return value === threshold
    case NEQ:
      return value !== threshold
    default:
      return undefined
  }
}

/** How the trees' answers become one. */
export type Aggregate = 'AVERAGE' | 'SUM' | 'MIN' | 'MAX'

/** In the order that TreeEnsemble numbers them in. */
export const AGGREGATES: readonly Aggregate[] = ['AVERAGE', 'SUM', 'MIN', 'MAX']

/** Rows that pass through one tree before the next is fetched: they and the tree stay in the cache together. */
const BLOCK_ROWS = 128

/**
 * What all trees together say of each row, tree after tree; no base values, no mean.
 * @param x [rows, width] as float64
 * @param scores [rows, targets], all 0; its array rounds each sum, as arithmetic in the operator's datatype would
 * @param scored [rows, targets], all 0; becomes 1 where a leaf had a weight
 */
export function addTrees(
  forest: Forest,
  aggregate: Aggregate,
  x: Float64Array,
  rows: number,
  width: number,
  targets: number,
  scores: Float32Array | Float64Array,
  scored: Uint8Array,
): void {
  const { walk, roots, leaves } = forest
  const isSum = aggregate === 'SUM' || aggregate === 'AVERAGE'
  for (let block = 0; block < rows; block += BLOCK_ROWS) {
    const end = Math.min(rows, block + BLOCK_ROWS)
    for (let tree = 0; tree < roots.length; tree++) {
      const root = roots[tree] as number
      for (let row = block; row < end; row++) {
        const leaf = walk(forest, root, x, row * width)
        const last = leaves.start[leaf + 1] as number
        for (let i = leaves.start[leaf] as number; i < last; i++) {
          const at = row * targets + (leaves.targets[i] as number)
          const weight = leaves.weights[i] as number
          const score = scores[at] as number
          if (isSum) scores[at] = score + weight
          else if (scored[at] === 0 || (aggregate === 'MIN' ? weight < score : weight > score)) scores[at] = weight
          scored[at] = 1
        }
      }
    }
  }
}
