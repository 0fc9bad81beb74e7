/** How many requests may be run a second time: a share of those that come, so that retries never make an overload. */
export interface RetryBudget {
  /** A request has been answered. */
  earn(): void
  /** @returns whether one may be tried again, which is then counted */
  take(): boolean
}

/** A retry for so many requests. */
const SHARE = 0.1
/** Most that can be saved up. */
const MOST = 10

export function createRetryBudget(): RetryBudget {
  let saved = MOST
  return {
    earn() {
      if (saved < MOST) saved += SHARE
    },
    take() {
      if (saved < 1) return false
      saved--
      return true
    },
  }
}
