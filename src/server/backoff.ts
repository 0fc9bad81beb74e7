/** A process that died is started again after so long (ms), doubling with each that dies soon after its start. */
const FIRST_MS = 50
const LONGEST_MS = 10_000

/** One that was ready for so long has started well: the next death counts as a first one (ms). */
const HEALTHY_AFTER_MS = 10_000

/** How long to wait before the next start. */
export interface Backoff {
  /** @param readyForMs how long the last process had been ready (ms) */
  next(readyForMs: number): number
}

export function createBackoff(): Backoff {
  let waitMs = FIRST_MS
  return {
    next(readyForMs) {
      if (readyForMs > HEALTHY_AFTER_MS) waitMs = FIRST_MS
      const now = waitMs
      waitMs = Math.min(waitMs * 2, LONGEST_MS)
      return now
    },
  }
}
