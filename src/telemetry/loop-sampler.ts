import { createHistogram, DURATION_BOUNDS, observeMs, type Histogram } from './histogram.ts'

/** How often the event loop is asked (ms). */
const SAMPLE_MS = 250

export interface LoopSampler {
  /** How late the loop was, a sample each 250 ms. */
  readonly delay: Histogram
  stop(): void
}

/**
 * Samples how late the event loop is with a timer of its own. `monitorEventLoopDelay` of `node:perf_hooks` would wake the
 * process a hundred times a second for the same answer.
 * @param onInterval called about every `intervalMs`
 */
export function sampleLoop(now: () => number, intervalMs: number, onInterval: (nowMs: number) => void): LoopSampler {
  const delay = createHistogram(DURATION_BOUNDS)
  let expectedMs = now() + SAMPLE_MS
  let intervalEndMs = now() + intervalMs
  const timer = setInterval(() => {
    const nowMs = now()
    observeMs(delay, nowMs - expectedMs)
    expectedMs = nowMs + SAMPLE_MS
    if (nowMs < intervalEndMs) return
    intervalEndMs = nowMs + intervalMs
    onInterval(nowMs)
  }, SAMPLE_MS)
  timer.unref()
  return { delay, stop: () => clearInterval(timer) }
}
