/** How often connections and calls are looked over for those that are too slow or too long idle (ms). */
export const SWEEP_INTERVAL_MS = 1000

/** Messages of one stream that are answered at the same time. */
export const MAX_UNDER_WAY = 64
