/** A decision, and why it fell so: for people. */
export interface Choice<T> {
  readonly value: T
  readonly reason: string
}

/** How a version is run. Each comes from its profile, unless the operator said otherwise. */
export interface Choices {
  /** Engines in order of preference. */
  readonly engines: Choice<readonly string[]>
  /** In the event loop's tick, or off the loop. */
  readonly plan: Choice<'in-tick' | 'off-loop'>
  /** Runs that may be under way at once; 1 in the tick. */
  readonly concurrency: Choice<number>
  /** Most rows that run together. */
  readonly maxBatchRows: Choice<number>
  /** Sizes that runs are cut to, ascending; empty when any is as good. */
  readonly preferredRows: Choice<readonly number[]>
  /** How long an idle engine waits for more rows (ms); 0 unless rows get cheaper together. */
  readonly windowMs: Choice<number>
  /** Most rows that wait. */
  readonly maxQueueRows: Choice<number>
  /** Longest that a request may be expected to wait in the queue before it is refused at the door (ms). */
  readonly maxQueueDelayMs: Choice<number>
  /** `quick` answers on the graph as it is first, and changes to the optimised one when that is ready. */
  readonly start: Choice<'optimized' | 'quick'>
}
