import { ServingError } from '../../core/errors.ts'

/**
 * A decision tree as plain arrays, whatever library it is of: one place a node, the root first. A node tests one feature
 * and hands the row on; where `whenTrue` is negative it is a leaf.
 */
export interface Tree {
  readonly whenTrue: Int32Array
  /** Of a leaf, it says nothing. */
  readonly whenFalse: Int32Array
  readonly feature: Int32Array
  /** What the feature is compared with; of a leaf and of a test of categories, it says nothing. */
  readonly threshold: Float64Array
  /** 1 where a missing value (NaN) goes the true way; nowhere when absent. */
  readonly missingTrue?: Uint8Array | undefined
  /** Categories that go the true way, by node; a node that is here compares nothing. */
  readonly members?: ReadonlyMap<number, ArrayLike<number>> | undefined
}

export function isLeaf({ whenTrue }: Tree, node: number): boolean {
  return (whenTrue[node] as number) < 0
}

/**
 * Checks that the root reaches its nodes by one way each, and that every test is of a feature that there is. Nodes that
 * nothing reaches are left alone: libraries leave those that they have pruned.
 * @param features how many columns the rows have
 * @param where names the tree, for messages
 * @throws {ServingError} `refused`
 */
export function checkTree(tree: Tree, features: number, where: string): void {
  const { whenTrue, whenFalse, feature, threshold, missingTrue } = tree
  const size = whenTrue.length
  const damaged = (reason: string) =>
    new ServingError('refused', `${where} ${reason}; the file is damaged or was not written by the library it names`)
  if (size === 0) throw damaged('has no nodes')
  if ([whenFalse, feature, threshold, missingTrue ?? whenTrue].some(({ length }) => length !== size))
    throw damaged('has arrays of different lengths')
  const seen = new Uint8Array(size)
  const waiting = new Int32Array(size + 1)
  let open = 1 // the root is waiting
  while (open > 0) {
    const node = waiting[--open] as number
    if (seen[node] === 1) throw damaged(`reaches node ${node} twice`)
    seen[node] = 1
    if (isLeaf(tree, node)) continue
    const tested = feature[node] as number
    if (tested < 0 || tested >= features)
      throw damaged(`tests feature ${tested} at node ${node}, of rows of ${features} features`)
    for (const child of [whenFalse[node] as number, whenTrue[node] as number]) {
      // each node is entered once, so that the root plus one a node is all that can wait
      if (child <= 0 || child >= size || open >= size)
        throw damaged(`leads from node ${node} to node ${child}, of ${size} nodes`)
      waiting[open++] = child
    }
  }
}

const floats = new Float32Array(1)
const floatBits = new Int32Array(floats.buffer)
const doubles = new Float64Array(1)
const doubleBits = new BigInt64Array(doubles.buffer)

/**
 * The threshold that float64 numbers must be compared with where a library first rounds them to FP32: for all x,
 * `x <= thresholdOfFloats(t)` is `Math.fround(x) <= t`.
 */
export function thresholdOfFloats(threshold: number): number {
  if (Number.isNaN(threshold) || threshold === Infinity) return threshold
  let low = Math.fround(threshold) // the largest FP32 that is not above
  if (low > threshold) low = nextFloat(low, -1)
  const high = nextFloat(low, 1)
  const middle = high === Infinity ? 2 ** 128 - 2 ** 103 : low === -Infinity ? 2 ** 103 - 2 ** 128 : (low + high) / 2
  return Math.fround(middle) <= low ? middle : previousDouble(middle)
}

function nextFloat(value: number, direction: 1 | -1): number {
  if (value === direction * Infinity) return value
  if (value === 0) return direction * 2 ** -149
  floats[0] = value
  floatBits[0] = (floatBits[0] as number) + (value > 0 ? direction : -direction)
  return floats[0]
}

/** The largest float64 below a finite number. */
export function previousDouble(value: number): number {
  if (value === 0) return -Number.MIN_VALUE
  doubles[0] = value
  doubleBits[0] = (doubleBits[0] as bigint) + (value > 0 ? -1n : 1n)
  return doubles[0]
}

/**
 * Takes out nodes that hand every row to one child.
 * @param leaves what leaves say, by node
 * @param only the child, by node; the tree is changed in place
 */
export function followOnly(tree: Tree, leaves: Float64Array, only: ReadonlyMap<number, number>): void {
  if (only.size === 0) return
  const { whenTrue, whenFalse, feature, threshold, missingTrue, members } = tree
  const end = (node: number): number => {
    let at = node
    for (let next = only.get(at); next !== undefined; next = only.get(at)) at = next
    return at
  }
  const size = whenTrue.length
  for (let node = 0; node < size; node++) {
    if (isLeaf(tree, node)) continue
    whenTrue[node] = end(whenTrue[node] as number)
    whenFalse[node] = end(whenFalse[node] as number)
  }
  const root = end(0)
  if (root === 0) return
  // the first that chooses becomes the root; where it stood, nothing leads any more
  for (const list of [whenTrue, whenFalse, feature, threshold, leaves, missingTrue])
    if (list !== undefined) list[0] = list[root] as number
  const own = members?.get(root)
  if (own !== undefined) (members as Map<number, ArrayLike<number>>).set(0, own)
}
