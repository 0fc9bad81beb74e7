import { mergeCounts } from './merge.ts'
import type { MetricsSnapshot } from './snapshot.ts'

/**
 * The last word of every process, those that have ended included. Sums over processes may only grow: were the counts of
 * a process to vanish with it, or for as long as it is too busy to tell them, a scraper would take the sum for a counter
 * that began anew, and see a burst that never was.
 */
export interface Ledger {
  /** Takes what a process tells. Another life under the same name: the one before has ended. */
  put(snapshot: MetricsSnapshot): void
  /** The process has ended and none takes its name. */
  end(process: string): void
  /** For `renderMetrics`: every process as it was last heard, and what ended ones had counted. */
  all(): MetricsSnapshot[]
}

export function createLedger(): Ledger {
  const living = new Map<string, MetricsSnapshot>()
  let ended: MetricsSnapshot | undefined

  function end(process: string): void {
    const last = living.get(process)
    if (last === undefined) return
    living.delete(process)
    ended = mergeCounts(ended === undefined ? [last] : [ended, last])
  }

  return {
    put(snapshot) {
      const before = living.get(snapshot.process)
      if (before !== undefined && before.life !== snapshot.life) end(snapshot.process)
      living.set(snapshot.process, snapshot)
    },
    end,
    all: () => [...living.values(), ...(ended === undefined ? [] : [ended])],
  }
}
