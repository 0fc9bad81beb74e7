import { ERROR_CODES, ServingError, type ErrorCode } from '../core/errors.ts'
import { TransportError, type Transport, type WireAnswer } from './transport.ts'

/** Time and chance, so that a test can bring its own. */
export interface Pace {
  /** ms, never going back. */
  readonly now: () => number
  /** 0 to 1, without 1. */
  readonly random: () => number
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

export interface Asked {
  readonly method: string
  /** With its query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined
  /** Longest that one try may take (ms). */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

export interface SenderOptions {
  readonly transport: Transport
  /** How long a request is tried again before it fails (ms). */
  readonly retryForMs: number
  readonly pace: Pace
  /** Told of each request's first failure that is tried again, unless nobody has answered yet: then it fails soon. */
  readonly onRetry?: ((error: ServingError, retryForMs: number) => void) | undefined
}

/** First pause between tries (ms); it doubles up to the longest. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/** How long a platform that has never answered is given: it is more likely not there than restarting (ms). */
const UNHEARD_MS = 500

/**
 * Sends requests, which must bear being sent twice (reads, and changes with an idempotency key), and again where that can help: the platform's control process may be restarting, which callers wait
 * out. A connection that nobody took, and an answer 503 that says it is passing, are tried again within the budget.
 * @throws {ServingError} of the send: what the platform answered, or `unavailable` when nobody did
 */
export function createSender({
  transport,
  retryForMs,
  pace,
  onRetry,
}: SenderOptions): (asked: Asked) => Promise<WireAnswer> {
  let hasAnswered = false

  return async ({ timeoutMs, signal, ...call }) => {
    const startedMs = pace.now()
    let isTold = false
    const tell = (error: ServingError): void => {
      if (!isTold) onRetry?.(error, retryForMs)
      isTold = true
    }
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
      signal?.throwIfAborted()
      const tried = await attempt({ ...call, timeoutMs, signal })
      if (!(tried instanceof ServingError)) {
        hasAnswered = true
        const error = errorIn(tried)
        if (error === undefined) return tried
        if (!mayPassIn(tried, error)) throw error
        const waitMs = retryAfterMs(tried, error) ?? jittered(pauseMs)
        if (pace.now() - startedMs + waitMs > retryForMs) throw error
        tell(error)
        await pace.sleep(waitMs, signal)
        continue
      }
      const { details } = tried
      if (details.isPassing !== true) throw plain(tried)
      const budgetMs = details.isRefused === true && !hasAnswered ? Math.min(retryForMs, UNHEARD_MS) : retryForMs
      const waitMs = jittered(pauseMs)
      if (pace.now() - startedMs + waitMs > budgetMs) throw plain(tried)
      if (hasAnswered || details.isRefused !== true) tell(plain(tried))
      await pace.sleep(waitMs, signal)
    }
  }

  async function attempt(call: Asked): Promise<WireAnswer | ServingError> {
    const { timeoutMs, signal, ...wire } = call
    const late = AbortSignal.timeout(timeoutMs)
    try {
      return await transport({ ...wire, signal: signal === undefined ? late : AbortSignal.any([signal, late]) })
    } catch (error) {
      if (signal?.aborted === true) throw ServingError.from(signal.reason)
      return unreached(wire.url, error, late.aborted ? timeoutMs : undefined)
    }
  }

  /** Between half of it and all of it, so that callers do not come back together. */
  function jittered(ms: number): number {
    return ms / 2 + (ms / 2) * pace.random()
  }
}

/** Why nobody answered, in words for whoever asked. */
function unreached(url: string, error: unknown, timeoutMs: number | undefined): ServingError {
  const { origin } = new URL(url)
  if (timeoutMs !== undefined)
    return new ServingError(
      'deadline_exceeded',
      `the platform at ${origin} has not answered within ${timeoutMs / 1000} s`,
      {
        cause: error,
        details: { isPassing: true, isRefused: false },
      },
    )
  if (!(error instanceof TransportError)) throw error
  const { isRefused, isPassing, message } = error
  const details = { isPassing, isRefused }
  const text = isRefused
    ? `no platform answers at ${origin} (${message}): start one with \`slipway up\`, or name another with --url`
    : /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(message)
      ? `the certificate of ${origin} is not trusted (${message}): name its CA with --ca-file, as \`slipway ca export\` gives it out on the platform's machine`
      : /^(ERR_SSL_|EPROTO)/.test(message)
        ? `${origin} does not speak TLS (${message}): try http:// in its URL`
        : `the connection to ${origin} broke (${message})`
  return new ServingError('unavailable', text, { cause: error, details })
}

/** Without what was for the sender alone. */
function plain({ code, message, cause }: ServingError): ServingError {
  return new ServingError(code, message, { cause, details: { reason: 'connection' } })
}

const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  409: 'conflict',
  412: 'conflict',
  413: 'too_large',
  415: 'unsupported',
  429: 'overloaded',
  503: 'unavailable',
  504: 'deadline_exceeded',
  507: 'unavailable',
}

/** The failure that an answer tells of; what is not of the platform's form is told by its status. */
export function errorIn({ status, text }: WireAnswer): ServingError | undefined {
  if (status >= 200 && status < 300) return undefined
  const { code, message, details } = bodyOf(text)
  const known = ERROR_CODES.find((each) => each === code)
  if (known !== undefined && typeof message === 'string')
    return new ServingError(known, message, { details: isObject(details) ? details : {} })
  return new ServingError(
    STATUS_CODES[status] ?? 'internal',
    `the answer has status ${status} and is not the platform's: does something else listen there?`,
    { details: { status } },
  )
}

function bodyOf(text: string): { code?: unknown; message?: unknown; details?: unknown } {
  try {
    const document: unknown = JSON.parse(text)
    return isObject(document) && isObject(document.error) ? document.error : {}
  } catch {
    return {}
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A full disk stays full; the rest of 503 is a matter of time, and so is 429 where it says of how much. */
function mayPassIn({ status }: WireAnswer, { details }: ServingError): boolean {
  return (
    (status === 503 && details.reason !== 'disk_full') || (status === 429 && typeof details.retryAfterMs === 'number')
  )
}

function retryAfterMs({ header }: WireAnswer, { details }: ServingError): number | undefined {
  if (typeof details.retryAfterMs === 'number' && details.retryAfterMs >= 0) return details.retryAfterMs
  const seconds = Number(header('retry-after') ?? Number.NaN)
  return seconds >= 0 ? seconds * 1000 : undefined
}
