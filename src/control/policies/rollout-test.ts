import type { RolloutSpec } from '../../api/resources.ts'

/** What one side of a rollout answered in an interval: sums over runners and variants. */
export interface SideFigures {
  readonly requests: number
  readonly errors: number
  /** Of these requests, turned down for what was in them. */
  readonly rejected: number
  /** Counts by bucket of `LATENCY_BOUNDS_MS`, one more for above. */
  readonly latency: readonly number[]
}

/** What a test says after a look. */
export interface TestVerdict {
  /**
   * `worse` is said with a chance of at most `falseAlarm` if the new side is as good as the old one, over all looks
   * together.
   */
  readonly verdict: 'fine' | 'suspected' | 'worse'
  /** In words, with the figures; empty where there is nothing to say. */
  readonly reason: string
  readonly figures: Readonly<Record<string, number>>
}

/**
 * One way in which new variants can be worse than the old ones: more errors, slower. Each keeps a state of plain JSON.
 * Another (outputs that are distributed differently) is one more in the list of `judge`.
 */
export interface RolloutTest<State> {
  readonly name: string
  /** Its part of the chance of a false alarm; all parts together make 1. */
  readonly part: number
  begin(): State
  /** Takes in what the old side answered while the new one got nothing. */
  learn(state: State, old: SideFigures, spec: RolloutSpec): State
  /** Takes in what both answered in the same time. */
  observe(state: State, old: SideFigures, fresh: SideFigures, spec: RolloutSpec): State
  /** @param falseAlarm its part of it */
  conclude(state: State, spec: RolloutSpec, falseAlarm: number): TestVerdict
}
