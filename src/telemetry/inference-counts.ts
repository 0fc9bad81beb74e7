import type { Timing } from '../runtime/plane.ts'

/**
 * What clients of V2 are told of a version: sums over its requests and runs. Plain data, which is copied, sent and added
 * up as it is.
 */
export interface InferenceCounts {
  /** In the order of `SUM`, then the count and the time (ms) of runs of each size. */
  readonly sums: Float64Array<ArrayBuffer>
  /** When a request was answered last (ms since the epoch); 0 for never. */
  readonly lastMs: number
}

/** Where each sum stands. Times in ms; those of parts are of requests that succeeded. */
export const SUM = {
  success: 0,
  successMs: 1,
  fail: 2,
  failMs: 3,
  queueMs: 4,
  inputMs: 5,
  inferMs: 6,
  outputMs: 7,
  rows: 8,
} as const

const SIZES_AT = Object.keys(SUM).length

/** Up to here each size of a run is counted by itself; above, together with all from half of the next power of two. */
const EXACT_ROWS = 64
const EXACT_BITS = 6
/** No batch has more rows (bits). */
const MAX_BITS = 24
const SIZES = EXACT_ROWS + MAX_BITS - EXACT_BITS

export function createInferenceSums(): InferenceCounts['sums'] {
  return new Float64Array(SIZES_AT + 2 * SIZES)
}

/** @param receivedAtMs when the request was whole, on the clock of `timing` */
export function countSuccess(
  sums: InferenceCounts['sums'],
  timing: Timing,
  receivedAtMs: number,
  totalMs: number,
): void {
  const { queueMs, runMs, arrivedAtMs } = timing
  const inputMs = Math.max(0, Math.min(arrivedAtMs - receivedAtMs, totalMs))
  add(sums, SUM.success, 1)
  add(sums, SUM.successMs, totalMs)
  add(sums, SUM.queueMs, queueMs)
  add(sums, SUM.inputMs, inputMs)
  add(sums, SUM.inferMs, runMs)
  add(sums, SUM.outputMs, totalMs - inputMs - queueMs - runMs)
  add(sums, SUM.rows, timing.rows)
}

export function countFailure(sums: InferenceCounts['sums'], totalMs: number): void {
  add(sums, SUM.fail, 1)
  add(sums, SUM.failMs, totalMs)
}

/** A run that succeeded. */
export function countRun(sums: InferenceCounts['sums'], rows: number, runMs: number): void {
  const at = SIZES_AT + 2 * sizeIndex(rows)
  add(sums, at, 1)
  add(sums, at + 1, runMs)
}

/** Runs that succeeded, by size: rows, how many, and their time (ms). */
export function runsBySize(sums: InferenceCounts['sums']): { rows: number; count: number; ms: number }[] {
  const runs: { rows: number; count: number; ms: number }[] = []
  for (let index = 0; index < SIZES; index++) {
    const at = SIZES_AT + 2 * index
    const count = sums[at] ?? 0
    if (count > 0) runs.push({ rows: sizeAt(index), count, ms: sums[at + 1] ?? 0 })
  }
  return runs
}

function sizeIndex(rows: number): number {
  if (rows <= EXACT_ROWS) return Math.max(0, rows - 1)
  const bits = 32 - Math.clz32(rows - 1) // of the power of two that is no smaller
  return EXACT_ROWS + Math.min(bits, MAX_BITS) - EXACT_BITS - 1
}

function sizeAt(index: number): number {
  return index < EXACT_ROWS ? index + 1 : 2 ** (index - EXACT_ROWS + EXACT_BITS + 1)
}

/** A clock that goes wrong must not spoil the sums for good. */
function add(sums: InferenceCounts['sums'], at: number, value: number): void {
  if (value > 0) sums[at] = (sums[at] as number) + value
}
