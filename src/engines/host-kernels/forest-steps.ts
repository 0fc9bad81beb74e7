import { GT, GTE, LEQ, LT, type Forest, type Leaves } from './forest.ts'
import { below } from './forest-cuts.ts'
import { FEATURE, NODE_BYTES, SIDES, SIDE_BY_SIDE, stepFunctions } from './forest-steps-code.ts'
import { createMemory, isUnavailable } from './wasm.ts'

/** Sums of a forest's weights, trees walked side by side. */
export interface ForestSteps {
  /**
   * Adds up what all trees say of each row, tree after tree, as `addTrees` of the plain walk does, to the last bit.
   * @param x [rows, width]
   * @param scores [rows, targets], all 0
   * @param scored [rows, targets], all 0; becomes 1 where a leaf had a weight
   */
  addTrees(
    x: Float32Array | Float64Array,
    rows: number,
    width: number,
    scores: Float32Array | Float64Array,
    scored: Uint8Array,
  ): void
}

/** Most memory that a forest is laid out in (bytes): four million nodes. */
const MOST_BYTES = 2 ** 26

/** Rows that pass through a group of trees before the next: they and the group stay in the cache together. */
const BLOCK_ROWS = 64

/** The upper half of the NaN that is a leaf's cut; the lower one is the leaf's number. */
const LEAF = 0x7ff8_0000

/**
 * Lays a forest out for walking many trees at once.
 * @param targets columns of the scores
 * @returns undefined for a forest that this does not cover: branches that ask for equality, too many nodes, or a process
 * that may not have the memory
 */
export function laySteps(forest: Forest, targets: number): ForestSteps | undefined {
  try {
    return write(forest, targets)
  } catch (error) {
    // WebAssembly is never needed: every forest can be walked.
    if (isUnavailable(error)) return undefined
    throw error
  }
}

function write(forest: Forest, targets: number): ForestSteps | undefined {
  const { nodes, thresholds, tracksTrue, roots, leaves } = forest
  const trees = Math.ceil(roots.length / SIDE_BY_SIDE) * SIDE_BY_SIDE
  // A column is a feature with NaN high or low: what NaN is replaced with is settled once, not in each branch.
  const columns = new Map<number, number>()
  const branches = nodes.length / 4
  for (let branch = 0; branch < branches; branch++) {
    const mode = nodes[4 * branch + 3] as number
    const isBelow = mode === LEQ || mode === LT
    if (!isBelow && mode !== GT && mode !== GTE) return undefined
    const column = 2 * (nodes[4 * branch] as number) + ((tracksTrue[branch] === 1) === isBelow ? 1 : 0)
    if (!columns.has(column)) columns.set(column, columns.size)
  }
  const rowBytes = 8 * Math.max(1, columns.size)
  const rootsAt = NODE_BYTES * (2 * branches + trees)
  const xAt = Math.ceil((rootsAt + 4 * trees) / 8) * 8
  const leavesAt = xAt + BLOCK_ROWS * rowBytes
  const endBytes = leavesAt + BLOCK_ROWS * 4 * trees
  if (endBytes > MOST_BYTES) return undefined
  const memory = createMemory(endBytes)
  const words = new Int32Array(memory.buffer)
  const doubles = new Float64Array(memory.buffer)

  let free = 0
  const waiting: number[] = []
  for (let tree = 0; tree < trees; tree++) {
    words[rootsAt / 4 + tree] = free
    // What fills up the last group is one leaf each.
    waiting.push(tree < roots.length ? (roots[tree] as number) : ~0, free)
    free += NODE_BYTES
    while (waiting.length > 0) {
      const place = waiting.pop() as number
      const at = waiting.pop() as number
      const word = place / 4
      words[word + FEATURE / 4] = 0
      words[word + SIDES / 4] = place
      if (at < 0) {
        words[word] = ~at
        words[word + 1] = LEAF
        continue
      }
      const mode = nodes[at + 3] as number
      const threshold = thresholds[at >> 2] as number
      const isBelow = mode === LEQ || mode === LT
      const cut = mode === LEQ || mode === GT ? threshold : below(threshold)
      if (Number.isNaN(cut)) return undefined
      const column = 2 * (nodes[at] as number) + ((tracksTrue[at >> 2] === 1) === isBelow ? 1 : 0)
      doubles[place / 8] = cut
      words[word + FEATURE / 4] = 8 * (columns.get(column) as number)
      words[word + SIDES / 4] = free
      waiting.push(nodes[isBelow ? at + 2 : at + 1] as number, free)
      waiting.push(nodes[isBelow ? at + 1 : at + 2] as number, free + NODE_BYTES)
      free += 2 * NODE_BYTES
    }
  }

  const { walk } = stepFunctions(memory)
  const used = Int32Array.from(columns.keys())
  const x = new Float64Array(memory.buffer, xAt, BLOCK_ROWS * Math.max(1, used.length))
  const reached = new Int32Array(memory.buffer, leavesAt, BLOCK_ROWS * trees)
  const add = adderOf(leaves, roots.length, trees, targets)
  const hasLow = used.some((column) => column % 2 === 1)
  return {
    addTrees(source, rows, width, scores, scored) {
      for (let from = 0; from < rows; from += BLOCK_ROWS) {
        const count = Math.min(BLOCK_ROWS, rows - from)
        for (let row = 0, at = 0, start = from * width; row < count; row++, start += width)
          for (let i = 0; i < used.length; i++) {
            const column = used[i] as number
            const value = source[start + (column >> 1)] as number
            x[at++] = hasLow && value !== value && (column & 1) === 1 ? -Infinity : value
          }
        walk(rootsAt, rootsAt + 4 * trees, xAt, rowBytes, count, leavesAt, 4 * trees)
        add(reached, count, scores, scored, from * targets)
      }
    },
  }
}

/** Adds what the leaves of a block of rows say to its scores, which begin at `from`. */
type Add = (
  reached: Int32Array,
  rows: number,
  scores: Float32Array | Float64Array,
  scored: Uint8Array,
  from: number,
) => void

/**
 * Loops for what leaves mostly say, and one for all.
 * @param trees of the forest
 * @param step how many numbers of leaves a row has
 */
function adderOf({ start, targets: targetOf, weights }: Leaves, trees: number, step: number, targets: number): Add {
  const count = start.length - 1
  const isOne = targets === 1 && start.every((at, leaf) => at === leaf)
  const isFull =
    !isOne && start.every((at, leaf) => at === leaf * targets) && targetOf.every((target, i) => target === i % targets)
  if (isOne)
    return (reached, rows, scores, scored, from) => {
      const isDouble = scores instanceof Float64Array
      for (let row = 0, at = 0; row < rows; row++, at += step) {
        let sum = 0
        if (isDouble) for (let i = at; i < at + trees; i++) sum += weights[reached[i] as number] as number
        else for (let i = at; i < at + trees; i++) sum = Math.fround(sum + (weights[reached[i] as number] as number))
        scores[from + row] = sum
      }
      scored.fill(1, from, from + rows)
    }
  if (isFull && targets === 2 && count > 0)
    return (reached, rows, scores, scored, from) => {
      const isDouble = scores instanceof Float64Array
      for (let row = 0, at = 0; row < rows; row++, at += step) {
        let first = 0
        let second = 0
        for (let i = at; i < at + trees; i++) {
          const leaf = 2 * (reached[i] as number)
          first += weights[leaf] as number
          second += weights[leaf + 1] as number
          if (!isDouble) {
            first = Math.fround(first)
            second = Math.fround(second)
          }
        }
        scores[from + 2 * row] = first
        scores[from + 2 * row + 1] = second
      }
      scored.fill(1, from, from + 2 * rows)
    }
  if (isFull)
    return (reached, rows, scores, scored, from) => {
      for (let row = 0, at = 0, to = from; row < rows; row++, at += step, to += targets)
        for (let i = at; i < at + trees; i++) {
          const leaf = targets * (reached[i] as number)
          for (let j = 0; j < targets; j++) scores[to + j] = (scores[to + j] as number) + (weights[leaf + j] as number)
        }
      scored.fill(1, from, from + targets * rows)
    }
  return (reached, rows, scores, scored, from) => {
    for (let row = 0, at = 0, to = from; row < rows; row++, at += step, to += targets)
      for (let i = at; i < at + trees; i++) {
        const leaf = reached[i] as number
        const end = start[leaf + 1] as number
        for (let j = start[leaf] as number; j < end; j++) {
          const target = to + (targetOf[j] as number)
          scores[target] = (scores[target] as number) + (weights[j] as number)
          scored[target] = 1
        }
      }
  }
}
