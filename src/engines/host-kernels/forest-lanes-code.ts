import { again, code, compile, f32, f64, i32, instantiate, local, loop, v128, when } from './wasm.ts'
import type { Code, FloatWords, WasmFunction, WasmMemory, WasmModule } from './wasm.ts'

/** Rows of a block: two vectors of sixteen bytes. */
export const BLOCK_ROWS = 32
/** Most leaves of a tree: one byte tells them apart. */
export const MAX_LEAVES = 256
/** Most thresholds of a feature: a row's place among them is a byte too. */
export const MAX_CUTS = 255
/** Most planes, so that the place of one fits into sixteen bits. */
export const MAX_PLANES = 2047

/**
 * Memory begins with one vector of leaf numbers for each leaf, from `BRANCHES` downwards, all lanes the same; from there
 * upwards one for each branch of the tree at hand; then the planes, and one plane that nobody reads.
 */
export const BRANCHES = MAX_LEAVES * BLOCK_ROWS
export const PLANES = BRANCHES + MAX_LEAVES * BLOCK_ROWS
export const SPARE_PLANE = PLANES + MAX_PLANES * BLOCK_ROWS
export const TABLES = SPARE_PLANE + BLOCK_ROWS

/** Bytes of one feature's cuts in `rank`: offset of the feature in a row, cuts, half of them, low plane, high plane. */
export const CUTS_BYTES = 20
/** Bytes of a branch: its plane, the place of its threshold, where true and where false lead. */
export const BRANCH_BYTES = 8
/** Bytes before the units of a tree (how many branches, how many units), and of each unit (its scores, its weights). */
export const TREE_BYTES = 8
export const UNIT_BYTES = 8

/** Places are kept less 128: processors compare bytes with signs in one instruction, without in three. */
export const BIAS = 0x80

/** Searches that go on side by side. */
const SEARCHES = 4

/**
 * rank(cuts, cutsEnd, x, rowBytes, rows): for each feature and row, how many thresholds are below the value; NaN is the
 * least in the low plane and the most in the high one. The steps of the search are the same for every value, so that
 * nothing is guessed wrong. Rows are taken four at a time: up to three beyond the last are read and ranked for nothing.
 */
function rank(): WasmFunction {
  const [cuts, cutsEnd, x, rowBytes, rows, row, at, half, first] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
  const searches = Array.from({ length: SEARCHES }, (_search, i) => ({ i, found: 9 + i, value: 9 + SEARCHES + i }))
  const load = searches.map(({ found, value }) =>
    code(
      code(local.get(at), f64.load(), local.set(value)),
      code(local.get(first), local.set(found)),
      code(local.get(at), local.get(rowBytes), i32.add, local.set(at)),
    ),
  )
  // A search goes on behind the threshold in the middle where that is less: half is added to where it begins, or nothing.
  const step = searches.map(({ found, value }) =>
    code(
      code(local.get(found), local.get(half), i32.const(0)),
      code(local.get(found), local.get(half), i32.add, f64.load(), local.get(value), f64.lt),
      code(i32.sub, i32.and, i32.add, local.set(found)),
    ),
  )
  const place = (found: number): Code => code(local.get(found), local.get(first), i32.sub, i32.const(3), i32.shrU)
  const isNan = (value: number): Code => code(local.get(value), local.get(value), f64.ne)
  const store = searches.map(({ i, found, value }) =>
    code(
      code(local.get(cuts), i32.load(12), local.get(row), i32.add),
      code(place(found), local.tee(found), i32.const(BIAS), i32.xor, i32.store8(i)),
      code(local.get(cuts), i32.load(16), local.get(row), i32.add),
      code(local.get(found), i32.const(0), isNan(value), i32.sub, i32.or, i32.const(BIAS), i32.xor, i32.store8(i)),
    ),
  )
  const body = loop(
    code(i32.const(0), local.set(row)),
    code(local.get(x), local.get(cuts), i32.load(0), i32.add, local.set(at)),
    // The threshold before the middle is looked at: one place is taken off here, once.
    code(local.get(cuts), i32.load(4), i32.const(8), i32.sub, local.set(first)),
    loop(
      ...load,
      code(local.get(cuts), i32.load(8), local.set(half)),
      loop(
        ...step,
        code(local.get(half), i32.const(1), i32.shrU, local.tee(half), i32.const(7), i32.and, i32.eqz, again),
      ),
      ...store,
      code(local.get(row), i32.const(SEARCHES), i32.add, local.tee(row), local.get(rows), i32.ltU, again),
    ),
    code(local.get(cuts), i32.const(CUTS_BYTES), i32.add, local.tee(cuts), local.get(cutsEnd), i32.ltU, again),
  )
  return {
    name: 'rank',
    parameters: 5,
    locals: ['i32', 'i32', 'i32', 'i32', ...searches.map(() => 'i32' as const), ...searches.map(() => 'f64' as const)],
    body,
  }
}

/**
 * add(trees, treesEnd, branches): follows each tree from its leaves to its root, all rows of a block at once. Each branch
 * takes over the leaf of its true or its false side; what the root has is where the row ends. Then every unit of the tree
 * adds its weights, row by row, in the datatype's own arithmetic.
 */
function add(name: string, vectors: 1 | 2, float: FloatWords): WasmFunction {
  const [tree, treesEnd, branch, branchEnd, slot, place, whenTrue, whenFalse, plane, units] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
  ]
  const choose = (vector: number): Code =>
    code(
      local.get(slot),
      code(local.get(whenFalse), v128.load(16 * vector)),
      code(local.get(whenTrue), v128.load(16 * vector)),
      code(local.get(plane), v128.load(16 * vector), local.get(place), v128.i8GreaterSigned),
      v128.bitselect,
      v128.store(16 * vector),
    )
  const branches = loop(
    code(local.get(branch), v128.load8Splat(2), local.set(place)),
    code(local.get(branch), i32.load16(0), i32.const(5), i32.shl, i32.const(PLANES), i32.add, local.set(plane)),
    code(local.get(branch), i32.load16(4), local.set(whenTrue)),
    code(local.get(branch), i32.load16(6), local.set(whenFalse)),
    ...Array.from({ length: vectors }, (_vector, i) => choose(i)),
    code(local.get(slot), i32.const(BLOCK_ROWS), i32.add, local.set(slot)),
    code(local.get(branch), i32.const(BRANCH_BYTES), i32.add, local.tee(branch), local.get(branchEnd), i32.ltU, again),
  )
  // A unit's scores and weights are kept where the branches had their sides.
  const [scores, weights] = [whenTrue, whenFalse]
  const addRow = (row: number): Code =>
    code(
      local.get(scores),
      code(local.get(scores), float.load(float.sizeBytes * row)),
      code(local.get(slot), i32.load8(row), i32.const(Math.log2(float.sizeBytes)), i32.shl),
      code(local.get(weights), i32.add, float.load()),
      float.add,
      float.store(float.sizeBytes * row),
    )
  const addUnits = loop(
    code(local.get(tree), i32.load(0), local.set(scores)),
    code(local.get(tree), i32.load(4), local.set(weights)),
    ...Array.from({ length: 16 * vectors }, (_row, i) => addRow(i)),
    code(local.get(tree), i32.const(UNIT_BYTES), i32.add, local.set(tree)),
    code(local.get(units), i32.const(1), i32.sub, local.tee(units), again),
  )
  const body = loop(
    code(local.get(tree), i32.load(0), i32.const(3), i32.shl, local.get(branch), i32.add, local.set(branchEnd)),
    code(local.get(tree), i32.load(4), local.set(units)),
    code(local.get(tree), i32.const(TREE_BYTES), i32.add, local.set(tree)),
    code(i32.const(BRANCHES), local.set(slot)),
    code(local.get(branch), local.get(branchEnd), i32.ltU, when(branches)),
    // The root is the last branch; of a tree that is one leaf, that leaf, which lies before the first branch.
    code(local.get(slot), i32.const(BLOCK_ROWS), i32.sub, local.set(slot)),
    addUnits,
    code(local.get(tree), local.get(treesEnd), i32.ltU, again),
  )
  return { name, parameters: 3, locals: ['i32', 'i32', 'v128', 'i32', 'i32', 'i32', 'i32'], body }
}

/** Adds what trees say of a block: where their units are told, where that ends, and where their branches are told. */
type AddTrees = (trees: number, treesEnd: number, branches: number) => void

/** What the module exports. */
export interface LaneFunctions {
  readonly rank: (cuts: number, cutsEnd: number, x: number, rowBytes: number, rows: number) => void
  readonly add16FP32: AddTrees
  readonly add32FP32: AddTrees
  readonly add16FP64: AddTrees
  readonly add32FP64: AddTrees
}

let compiled: WasmModule | undefined

/**
 * The module's functions over a memory.
 * @throws {WebAssembly.CompileError} on a processor without vectors
 */
export function laneFunctions(memory: WasmMemory): LaneFunctions {
  compiled ??= compile([
    rank(),
    add('add16FP32', 1, f32),
    add('add32FP32', 2, f32),
    add('add16FP64', 1, f64),
    add('add32FP64', 2, f64),
  ])
  return instantiate(compiled, memory) as LaneFunctions
}
