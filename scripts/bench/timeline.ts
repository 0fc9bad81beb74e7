import type { Progress } from '../../src/cli/progress.ts'

/** A progress bar that knows how long everything should take, and says how long is left. */
export interface Timeline {
  /** The work begins that the last call ended: `text` says what, `seconds` how long it should take. */
  begin(seconds: number, text: string): void
  /** Takes work off the plan that will not be done (s). */
  skip(seconds: number): void
}

/** From this share on, the time that has passed tells more about the rest than the plan. */
const SURE = 0.05

/**
 * @param totalSeconds what all work should take
 * @param now milliseconds of a clock that only goes forward
 */
export function createTimeline(progress: Progress, totalSeconds: number, now: () => number): Timeline {
  /** Of the first work: what comes before it, such as installing packages, is in no plan. */
  let startedAt: number | undefined
  let total = totalSeconds
  let done = 0
  let current = 0
  return {
    begin(seconds, text) {
      startedAt ??= now()
      done += current
      current = seconds
      const fraction = Math.min(1, done / total)
      progress.update(fraction, `${text}; ${remaining(total, done, (now() - startedAt) / 1000)}`)
    },
    skip(seconds) {
      total -= seconds
    },
  }
}

/** @param passed seconds since the begin */
export function remaining(total: number, done: number, passed: number): string {
  const pace = done / total < SURE ? 1 : passed / done
  const seconds = Math.max(0, total - done) * pace
  return seconds < 90 ? `about ${Math.ceil(seconds / 10) * 10} s left` : `about ${Math.ceil(seconds / 60)} min left`
}
