/** How often something died and when it may be started again. Plain JSON. */
export interface CrashLoop {
  /** Deaths that are not forgiven. */
  readonly deaths: number
  /** When it may be started (ms, on the clock that never goes back). */
  readonly startsAtMs: number
  /** Since when it serves, while it does. */
  readonly servesSinceMs?: number | undefined
}

/** Wait after the first death; it doubles with each more. */
export const FIRST_DELAY_MS = 1000
export const MOST_DELAY_MS = 300_000

/** Whoever served for so long starts with a clean slate. */
export const FORGIVEN_AFTER_MS = 600_000

/** Nothing has died. */
export function beginCrashLoop(nowMs: number): CrashLoop {
  return { deaths: 0, startsAtMs: nowMs }
}

/**
 * It died, or could not be started.
 * @param chance 0 to 1: takes up to a fifth off the wait, so that what died together does not start together
 */
export function afterDeath(loop: CrashLoop, nowMs: number, chance = 0): CrashLoop {
  const deaths = (isForgiven(loop, nowMs) ? 0 : loop.deaths) + 1
  // The exponent stays small: 2 ** 1024 is no number
  const delayMs = Math.min(MOST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(deaths - 1, 30))
  return { deaths, startsAtMs: nowMs + delayMs * (1 - 0.2 * Math.min(1, Math.max(0, chance))) }
}

/** It serves. */
export function afterStart(loop: CrashLoop, nowMs: number): CrashLoop {
  return { ...loop, servesSinceMs: loop.servesSinceMs ?? nowMs }
}

export function mayStart({ startsAtMs }: CrashLoop, nowMs: number): boolean {
  return nowMs >= startsAtMs
}

/** Whether it served for so long that earlier deaths do not count. */
export function isForgiven({ servesSinceMs }: CrashLoop, nowMs: number): boolean {
  return servesSinceMs !== undefined && nowMs - servesSinceMs >= FORGIVEN_AFTER_MS
}
