/** One request as it goes to the platform. */
export interface WireCall {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer> | undefined
  readonly signal?: AbortSignal | undefined
}

/** What came back, read whole. */
export interface WireAnswer {
  readonly status: number
  /** @param name in small letters */
  readonly header: (name: string) => string | undefined
  readonly text: string
}

/**
 * Carries requests to the platform: by `fetch` where nothing else is given, by node:http on the command line.
 * @throws {TransportError} when no answer came; the signal's reason when that aborted
 */
export type Transport = (call: WireCall) => Promise<WireAnswer>

/** No answer came: nobody can say whether the request was acted upon, unless `isRefused`. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  /** Whether nobody took the connection, so that nothing happened. */
  readonly isRefused: boolean
  /** Whether another try may fare better; a certificate that is not trusted stays so. */
  readonly isPassing: boolean

  constructor(message: string, { cause, isRefused = false, isPassing = true }: TransportErrorOptions) {
    super(message, { cause })
    this.isRefused = isRefused
    this.isPassing = isPassing
  }
}

export interface TransportErrorOptions {
  readonly cause?: unknown
  readonly isRefused?: boolean
  readonly isPassing?: boolean
}

/** Over `fetch`, for browsers and whoever has no wishes about certificates. */
export function createFetchTransport(fetch: typeof globalThis.fetch = globalThis.fetch): Transport {
  return async ({ url, signal, body, ...call }) => {
    try {
      const answer = await fetch(url, { ...call, body: body ?? null, signal: signal ?? null, redirect: 'error' })
      const text = await answer.text()
      return { status: answer.status, text, header: (name) => answer.headers.get(name) ?? undefined }
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      throw transportErrorOf(error)
    }
  }
}

/** System errors of a connection that nobody took. */
const REFUSED = new Set(['ECONNREFUSED', 'ENOENT', 'EHOSTUNREACH', 'ENETUNREACH'])

/** What a failed connection means. */
export function transportErrorOf(error: unknown): TransportError {
  const found = codeIn(error)
  const isCertificate = /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/.test(found)
  const isName = found === 'ENOTFOUND' || found === 'EAI_AGAIN'
  const message = found === '' && error instanceof Error ? error.message : found
  return new TransportError(message, {
    cause: error,
    isRefused: REFUSED.has(found) || isName,
    isPassing: !isCertificate && found !== 'ENOTFOUND',
  })
}

/** `fetch` hides the system's code in its cause. */
function codeIn(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException
    if (typeof code === 'string') return code
    if (each instanceof AggregateError && each.errors.length > 0) return codeIn(each.errors[0])
  }
  return ''
}
