import type { Forest } from './forest.ts'
import { cutForest, planeOf, type Chunk, type CutTree } from './forest-cuts.ts'
import * as place from './forest-lanes-code.ts'
import { createMemory, isUnavailable, type WasmMemory } from './wasm.ts'

const { BLOCK_ROWS, BRANCHES, MAX_LEAVES, PLANES, TABLES } = place

/** Sums of a forest's weights, many rows at a time. */
export interface ForestLanes {
  /**
   * Adds up what all trees say of each row, tree after tree, as `addTrees` does, to the last bit.
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

/**
 * Lays a forest out for vectors of bytes. A value is compared once with all thresholds of its feature; its place among
 * them is a byte, and each branch then compares sixteen rows with one instruction.
 * @param targets columns of the scores
 * @param isDouble whether scores are FP64, else FP32
 * @returns undefined for a forest that this does not cover: large trees, branches that ask for equality, leaves with
 * differing targets, or a processor without vectors
 */
export function layLanes(forest: Forest, targets: number, isDouble: boolean): ForestLanes | undefined {
  const chunks = cutForest(forest)
  if (chunks === undefined) return undefined
  try {
    return write(forest, chunks, targets, isDouble)
  } catch (error) {
    // Neither vectors nor memory for them are needed: every forest can be walked.
    if (isUnavailable(error)) return undefined
    throw error
  }
}

/** Most memory that a forest is laid out in (bytes): far more than any whose tables stay in a processor's cache. */
const MOST_BYTES = 2 ** 26

/** Parts of memory, one after the other. */
class Room {
  endBytes = TABLES

  /** @returns where the part begins, a multiple of 16 */
  take(sizeBytes: number): number {
    const at = this.endBytes
    this.endBytes = at + Math.ceil(sizeBytes / 16) * 16
    return at
  }
}

/** Where the tables of a chunk lie. */
interface Placed {
  readonly cuts: number
  readonly cutsEnd: number
  readonly trees: number
  readonly treesEnd: number
  readonly branches: number
}

/** @returns undefined for a forest that would take too much memory */
function write(forest: Forest, chunks: readonly Chunk[], targets: number, isDouble: boolean): ForestLanes | undefined {
  const { leaves } = forest
  const features = [...new Set(chunks.flatMap(({ cuts }) => [...cuts.keys()]))]
  const columnOf = new Map(features.map((feature, column) => [feature, column]))
  const floatBytes = isDouble ? 8 : 4
  const sorted = chunks.map(({ cuts }) =>
    [...cuts].map(([feature, values]) => ({ feature, values: Float64Array.from(values).sort() })),
  )
  const unitsOf = ({ leaves: members }: CutTree): number => {
    const first = members[0] as number
    return (leaves.start[first + 1] as number) - (leaves.start[first] as number)
  }
  const room = new Room()
  const scoresAt = room.take(targets * BLOCK_ROWS * floatBytes)
  const placed = chunks.map(({ trees }, i) => {
    const features = sorted[i] as { feature: number; values: Float64Array }[]
    const cuts = room.take(features.length * place.CUTS_BYTES)
    const values = features.map((each) => room.take(8 * 2 ** Math.ceil(Math.log2(each.values.length + 1))))
    const treesBytes = trees.reduce((sum, tree) => sum + place.TREE_BYTES + unitsOf(tree) * place.UNIT_BYTES, 0)
    const treesAt = room.take(treesBytes)
    const branches = room.take(trees.reduce((sum, tree) => sum + tree.branches.length * place.BRANCH_BYTES, 0))
    const weights = room.take(trees.reduce((sum, tree) => sum + unitsOf(tree) * tree.leaves.length * floatBytes, 0))
    return {
      cuts,
      cutsEnd: cuts + features.length * place.CUTS_BYTES,
      values,
      trees: treesAt,
      treesEnd: treesAt + treesBytes,
      branches,
      weights,
    }
  })
  const xAt = room.take(BLOCK_ROWS * features.length * 8)
  if (room.endBytes > MOST_BYTES) return undefined
  const memory = createMemory(room.endBytes)
  const bytes = new Uint8Array(memory.buffer)
  const halves = new Uint16Array(memory.buffer)
  const words = new Uint32Array(memory.buffer)
  const doubles = new Float64Array(memory.buffer)
  const weightsView = isDouble ? doubles : new Float32Array(memory.buffer)
  for (let leaf = 0; leaf < MAX_LEAVES; leaf++)
    bytes.fill(leaf, BRANCHES - (leaf + 1) * BLOCK_ROWS, BRANCHES - leaf * BLOCK_ROWS)

  for (const [i, { trees, planes }] of chunks.entries()) {
    const at = placed[i] as (typeof placed)[number]
    const places = new Map<number, Map<number, number>>()
    for (const [j, { feature, values }] of (sorted[i] as (typeof sorted)[number]).entries()) {
      places.set(feature, new Map(Array.from(values, (cut, index) => [cut, index])))
      const from = at.values[j] as number
      const size = 2 ** Math.ceil(Math.log2(values.length + 1))
      doubles.fill(Infinity, from / 8, from / 8 + size)
      doubles.set(values, from / 8)
      const planeAt = (isHigh: 0 | 1): number => {
        const plane = planes.get(2 * feature + isHigh)
        return plane === undefined ? place.SPARE_PLANE : PLANES + plane * BLOCK_ROWS
      }
      words.set(
        [8 * (columnOf.get(feature) as number), from, 4 * size, planeAt(0), planeAt(1)],
        (at.cuts + j * place.CUTS_BYTES) / 4,
      )
    }
    let word = at.trees / 4
    let branchAt = at.branches
    let weight = at.weights / floatBytes
    for (const tree of trees) {
      const units = unitsOf(tree)
      words.set([tree.branches.length, units], word)
      word += 2
      const first = leaves.start[tree.leaves[0] as number] as number
      for (let unit = 0; unit < units; unit++) {
        const target = leaves.targets[first + unit] as number
        words.set([scoresAt + target * BLOCK_ROWS * floatBytes, weight * floatBytes], word)
        word += 2
        for (const leaf of tree.leaves)
          weightsView[weight++] = leaves.weights[(leaves.start[leaf] as number) + unit] as number
      }
      for (const branch of tree.branches) {
        const cutAt = places.get(branch.feature)?.get(branch.cut) as number
        halves[branchAt >> 1] = planes.get(planeOf(branch)) as number
        bytes[branchAt + 2] = cutAt ^ place.BIAS
        halves[(branchAt >> 1) + 2] = branch.whenLow
        halves[(branchAt >> 1) + 3] = branch.whenHigh
        branchAt += place.BRANCH_BYTES
      }
    }
  }
  return runner(forest, memory, placed, { targets, isDouble, scoresAt, xAt, features: Int32Array.from(features) })
}

interface Frame {
  readonly targets: number
  readonly isDouble: boolean
  readonly scoresAt: number
  readonly xAt: number
  /** The features that branches look at, in the order of a block's columns. */
  readonly features: Int32Array
}

function runner(forest: Forest, memory: WasmMemory, chunks: readonly Placed[], frame: Frame): ForestLanes {
  const { targets, isDouble, scoresAt, xAt, features } = frame
  const functions = place.laneFunctions(memory)
  const addFew = isDouble ? functions.add16FP64 : functions.add16FP32
  const addMany = isDouble ? functions.add32FP64 : functions.add32FP32
  const used = features.length
  const block = new Float64Array(memory.buffer, xAt, BLOCK_ROWS * used)
  const sums = isDouble
    ? new Float64Array(memory.buffer, scoresAt, targets * BLOCK_ROWS)
    : new Float32Array(memory.buffer, scoresAt, targets * BLOCK_ROWS)
  const given = [...new Set(forest.leaves.targets)]
  return {
    addTrees(x, rows, width, scores, scored) {
      for (let from = 0; from < rows; from += BLOCK_ROWS) {
        const count = Math.min(BLOCK_ROWS, rows - from)
        for (let row = 0, at = 0; row < count; row++)
          for (let i = 0, start = (from + row) * width; i < used; i++)
            block[at++] = x[start + (features[i] as number)] as number
        sums.fill(0)
        for (const chunk of chunks) {
          if (chunk.cuts < chunk.cutsEnd) functions.rank(chunk.cuts, chunk.cutsEnd, xAt, 8 * used, count)
          if (count <= 16) addFew(chunk.trees, chunk.treesEnd, chunk.branches)
          else addMany(chunk.trees, chunk.treesEnd, chunk.branches)
        }
        for (const target of given)
          for (let row = 0, at = from * targets + target; row < count; row++, at += targets) {
            scores[at] = sums[target * BLOCK_ROWS + row] as number
            scored[at] = 1
          }
      }
    },
  }
}
