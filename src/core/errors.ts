/**
 * What can go wrong, in words that belong to no transport.
 * A protocol translates each code with a `Record<ErrorCode, …>`, so a new code does not compile until every protocol
 * answers it; the command line's exit codes are such a table too.
 */
export const ERROR_CODES = [
  /** The request is malformed or does not fit the model's signature: the caller must change it. */
  'invalid_argument',
  /** The request, or a file, is larger than a stated limit. */
  'too_large',
  /** Well-formed, but of a kind we do not speak: media type, operator, datatype, feature. */
  'unsupported',
  /** A model file or bundle was read and turned down: damaged, hostile, or not what it claims to be. */
  'refused',
  /** No valid credential came with the request. */
  'unauthenticated',
  /** The credential is valid but does not allow this. */
  'permission_denied',
  /** The named model, version, file or route does not exist. */
  'not_found',
  /** The thing exists already, or was changed meanwhile. */
  'conflict',
  /** A queue, quota or rate is full: the same request may succeed later. */
  'overloaded',
  /** The model or server is not ready to answer: starting, draining, restarting. */
  'unavailable',
  /** The deadline passed before there was an answer. */
  'deadline_exceeded',
  /** The caller went away. */
  'cancelled',
  /** Ours: a defect, or a model that failed while it ran. */
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export interface ServingErrorOptions {
  readonly cause?: unknown
  /** Facts for a program to read: names, limits, positions. No secrets, no internal paths or handles. */
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * The one error class. Its message is written for the caller and goes over the wire: lower case, what was found, what
 * was allowed, and what to do.
 */
export class ServingError extends Error {
  override readonly name = 'ServingError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: ServingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }

  /**
   * Anything that was thrown, as a `ServingError`. The text of an unknown error may hold paths or handles, so it stays
   * in `cause`, for the log, and the message says only that something failed.
   */
  static from(error: unknown): ServingError {
    if (error instanceof ServingError) return error
    return new ServingError('internal', 'the server failed to answer; its log says why', { cause: error })
  }

  /** The document that commands print with `--json`. */
  toJSON(): { error: { code: ErrorCode; message: string; details: Readonly<Record<string, unknown>> } } {
    return { error: { code: this.code, message: this.message, details: this.details } }
  }
}
