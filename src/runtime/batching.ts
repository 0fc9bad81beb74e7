import type { Place } from '../engines/program.ts'
import type { Tensors } from '../tensor/tensor.ts'
import type { Call, Priority, ServedModel } from './plane.ts'

/** How many rows run together, and when. */
export interface BatchingRules {
  /** In the tick, runs follow each other; off the loop, several may be under way. */
  readonly place: Place
  /** Most runs under way at once. */
  readonly concurrency: number
  /** Most rows that run together; one request with more runs alone. */
  readonly maxBatchRows: number
  /** Sizes that the model runs best at: a longer line is cut to the largest of them that it fills. */
  readonly preferredRows: readonly number[]
  /** How long an idle engine waits for more rows when they come quickly enough (ms); 0 for never. */
  readonly windowMs: number
  /** Most rows that wait, a request of none counted as one; a request that finds nobody waiting is always taken. */
  readonly maxQueueRows: number
  /** Longest that a request may be expected to wait before it is refused at the door (ms). */
  readonly maxQueueDelayMs: number
}

/** What is asked of a batcher. */
export interface Submission {
  readonly inputs: Tensors
  readonly rows: number
  /** Interned: two requests for the same outputs bring the same array. */
  readonly wanted: readonly string[]
  readonly deadlineMs: number
  readonly priority: Priority
  readonly call: Call | undefined
}

/** A run that has ended. */
export interface FinishedRun {
  readonly model: ServedModel
  readonly rows: number
  readonly requests: number
  readonly runMs: number
  readonly failed: boolean
}
