/** Largest headers of a request: names, values, and 32 bytes for each. @see RFC 9113, SETTINGS_MAX_HEADER_LIST_SIZE */
export const MAX_HEADERS_BYTES = 16 * 1024

/** Most headers of a request, the four of HTTP/2 among them. */
export const MAX_HEADERS = 100

/** Headers as they come, beyond which nothing is read of them: a connection that sends more ends. */
export const MAX_BLOCK_BYTES = 128 * 1024
export const MAX_BLOCK_FRAMES = 32

/** What a client may send of one request before we have taken any of it (bytes). */
export const STREAM_WINDOW_BYTES = 1024 * 1024

/** The same for all requests of a connection. */
export const CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024

/** Answers of one connection that may wait for their client before new requests on it are refused (bytes). */
export const MAX_WAITING_BYTES = 256_000_000

/** Frames of data that we make are no longer than this, so that answers take turns (bytes). */
export const MAX_SENT_FRAME_BYTES = 64 * 1024

/**
 * Requests that a client may reset: so many at once, then so many in a second. Callers whose deadlines pass reset calls in
 * earnest; a flood of them is work without end. @see CVE-2023-44487
 */
export const RESET_BURST = 2000
export const RESETS_PER_SECOND = 200

/** Frames that cost a client nothing and lead to nothing: so many at once, then so many in a second. */
export const IDLE_FRAME_BURST = 2000
export const IDLE_FRAMES_PER_SECOND = 200

/** Idle frames that come with each request, and with each frame of an answer: pings, and windows that are opened again. */
export const IDLE_FRAMES_PER_REQUEST = 16
export const IDLE_FRAMES_PER_SENT_FRAME = 4

/** What a request over the limit counts, in idle frames: before the client has heard of the limit, and after. */
export const UNKNOWING_REQUEST_COST = 1
export const EXCESS_REQUEST_COST = 20

/** Streams that we have ended before their clients had said all: of so many it is remembered. */
export const MAX_CUT_SHORT = 1000
