import { again, code, compile, f64, i32, instantiate, local, loop } from './wasm.ts'
import type { Code, WasmFunction, WasmMemory, WasmModule } from './wasm.ts'

/** Trees that are walked side by side: while one waits for memory, the others go on. */
export const SIDE_BY_SIDE = 8

/**
 * Bytes of a node: its cut (FP64), where its feature lies in a row, where its high side lies; the low side lies behind
 * that. A leaf's cut is a NaN that holds the leaf's number, and its high side is itself.
 */
export const NODE_BYTES = 16
export const FEATURE = 8
export const SIDES = 12

/**
 * walk(roots, rootsEnd, x, rowBytes, rows, leaves, leavesBytes): for each row and tree, the number of the leaf that the row
 * ends in. Where a step leads is computed, not guessed, so that nothing is guessed wrong; trees that have arrived stay
 * where they are while the others of their group go on.
 */
function walk(): WasmFunction {
  const [roots, rootsEnd, x, rowBytes, rows, leaves, leavesBytes, row, xAt, leavesAt, moved, before] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
  ]
  const trees = Array.from({ length: SIDE_BY_SIDE }, (_tree, i) => ({ i, at: 12 + i }))
  const step = (at: number): Code =>
    code(
      code(local.get(at), i32.load(SIDES)),
      code(local.get(at), i32.load(FEATURE), local.get(xAt), i32.add, f64.load()),
      code(local.get(at), f64.load(), f64.le),
      code(i32.const(Math.log2(NODE_BYTES)), i32.shl, i32.add, local.set(at)),
    )
  // Every other step tells whether it led anywhere.
  const stepAndTell = (at: number): Code =>
    code(
      code(local.get(at), local.set(before)),
      step(at),
      code(local.get(at), local.get(before), i32.xor, local.get(moved), i32.or, local.set(moved)),
    )
  const body = loop(
    code(local.get(rows), local.set(row)),
    code(local.get(x), local.set(xAt)),
    code(local.get(leaves), local.set(leavesAt)),
    loop(
      ...trees.map(({ i, at }) => code(local.get(roots), i32.load(4 * i), local.set(at))),
      loop(
        code(i32.const(0), local.set(moved)),
        ...trees.map(({ at }) => step(at)),
        ...trees.map(({ at }) => stepAndTell(at)),
        code(local.get(moved), again),
      ),
      ...trees.map(({ i, at }) => code(local.get(leavesAt), local.get(at), i32.load(), i32.store(4 * i))),
      code(local.get(xAt), local.get(rowBytes), i32.add, local.set(xAt)),
      code(local.get(leavesAt), local.get(leavesBytes), i32.add, local.set(leavesAt)),
      code(local.get(row), i32.const(1), i32.sub, local.tee(row), again),
    ),
    code(local.get(leaves), i32.const(4 * SIDE_BY_SIDE), i32.add, local.set(leaves)),
    code(local.get(roots), i32.const(4 * SIDE_BY_SIDE), i32.add, local.tee(roots), local.get(rootsEnd), i32.ltU, again),
  )
  return {
    name: 'walk',
    parameters: 7,
    locals: ['i32', 'i32', 'i32', 'i32', 'i32', ...trees.map(() => 'i32' as const)],
    body,
  }
}

/** What the module exports. */
export interface StepFunctions {
  readonly walk: (
    roots: number,
    rootsEnd: number,
    x: number,
    rowBytes: number,
    rows: number,
    leaves: number,
    leavesBytes: number,
  ) => void
}

let compiled: WasmModule | undefined

/** The module's functions over a memory. */
export function stepFunctions(memory: WasmMemory): StepFunctions {
  compiled ??= compile([walk()])
  return instantiate(compiled, memory) as StepFunctions
}
