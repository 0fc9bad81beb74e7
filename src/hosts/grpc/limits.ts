/** Largest metadata of a call: names, values, and 32 bytes for each pair. @see RFC 9113, SETTINGS_MAX_HEADER_LIST_SIZE */
export const MAX_METADATA_BYTES = 16 * 1024

/** Most pairs of metadata in a call, the four of HTTP/2 among them. */
export const MAX_METADATA_PAIRS = 100

/** What a client may send of one call before we have taken any of it (bytes). */
export const STREAM_WINDOW_BYTES = 1024 * 1024

/** The same for all calls of a connection. */
export const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024

/** Memory that one connection may use before new calls on it are refused (MB of 1,000,000 bytes). */
export const CONNECTION_MEMORY_MB = 256

/**
 * Calls that a client may reset: so many at once, then so many in a second. Callers whose deadlines pass reset calls in
 * earnest; a flood of them is work without end. @see CVE-2023-44487
 */
export const RESET_BURST = 2000
export const RESETS_PER_SECOND = 200

/** Frames that break the rules, and calls over the limit, before a connection is closed. */
export const MAX_INVALID_FRAMES = 100
export const MAX_REJECTED_CALLS = 100

/** How often connections and calls are looked over for those that are too slow or too long idle (ms). */
export const SWEEP_INTERVAL_MS = 1000

/** Messages of one stream that are answered at the same time. */
export const MAX_UNDER_WAY = 64
