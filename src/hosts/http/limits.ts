/** Largest head of a request: its line and headers (bytes). */
export const MAX_HEAD_BYTES = 16 * 1024

/** Most headers of a request. */
export const MAX_HEADERS = 100

/** How often connections are looked over for those that are too slow or too long idle (ms). */
export const SWEEP_INTERVAL_MS = 1000
