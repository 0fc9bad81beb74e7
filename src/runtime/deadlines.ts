/** How finely deadlines are kept, and how often they are looked at (ms). */
const RESOLUTION_MS = 10

export interface Deadlines {
  /** Calls `expire` once the time has come, at most 20 ms late, unless the returned function was called before. */
  watch(deadlineMs: number, expire: () => void): () => void
  /** Stops the timer and forgets all. */
  close(): void
}

/**
 * One coarse timer for all requests that wait, in place of a timer each. It ticks only while something is watched.
 * @param now milliseconds, never going back
 */
export function createDeadlines(now: () => number): Deadlines {
  const slots = new Map<number, Set<() => void>>()
  let timer: NodeJS.Timeout | undefined
  let swept = 0

  function watch(deadlineMs: number, expire: () => void): () => void {
    const slot = Math.max(Math.ceil(deadlineMs / RESOLUTION_MS), swept + 1)
    let waiting = slots.get(slot)
    if (waiting === undefined) slots.set(slot, (waiting = new Set()))
    waiting.add(expire)
    if (timer === undefined) {
      swept = Math.floor(now() / RESOLUTION_MS)
      timer = setInterval(sweep, RESOLUTION_MS)
      timer.unref()
    }
    return () => {
      waiting.delete(expire)
      if (waiting.size === 0 && slots.get(slot) === waiting) slots.delete(slot)
    }
  }

  function sweep(): void {
    const current = Math.floor(now() / RESOLUTION_MS)
    swept = current
    for (const [slot, waiting] of slots) {
      if (slot > current) continue
      slots.delete(slot)
      for (const expire of waiting) expire()
    }
    if (slots.size === 0) close()
  }

  function close(): void {
    clearInterval(timer)
    timer = undefined
    slots.clear()
  }

  return { watch, close }
}
