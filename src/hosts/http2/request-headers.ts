import type { RequestHeaders } from './session.ts'

/** What a request has at least. @see RFC 9113, "Request Pseudo-Header Fields" */
const DEMANDED = [':method', ':scheme', ':path'] as const

const PSEUDO: ReadonlySet<string> = new Set([...DEMANDED, ':authority'])

/** Of HTTP/1.1's connections. @see RFC 9113, "Connection-Specific Header Fields" */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** @see RFC 9110, "Tokens"; in lower case */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

/** No NUL and no line end. @see RFC 9113, "Field Validity" */
// oxlint-disable-next-line no-control-regex -- these are what is looked for
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/

/** What is known of a request by its headers. */
export interface RequestHead {
  readonly headers: RequestHeaders
  /** What it says how long its body is (bytes). */
  readonly contentLength: number | undefined
}

/**
 * The headers of a request as they may be.
 * @param fields names and values in turn
 * @returns `undefined` for a malformed request
 * @see RFC 9113, "HTTP Message Framing", "Malformed Messages"
 */
export function readRequestHead(fields: readonly string[]): RequestHead | undefined {
  const headers = Object.create(null) as Record<string, string | undefined>
  let isPseudo = true
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    const value = fields[i + 1] as string
    const before = headers[name]
    if (name.startsWith(':')) {
      if (!isPseudo || before !== undefined || !PSEUDO.has(name)) return undefined
    } else {
      isPseudo = false
      if (!NAME.test(name) || FORBIDDEN.has(name) || (name === 'te' && value !== 'trailers')) return undefined
    }
    if (BAD_VALUE.test(value)) return undefined
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? ';' : ','} ${value}`
  }
  for (const name of DEMANDED) if (!headers[name]) return undefined
  const length = headers['content-length']
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined
  return { headers, contentLength: length === undefined ? undefined : Number(length) }
}

/** Whether fields may follow a body. */
export function areTrailers(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    if (!NAME.test(name) || FORBIDDEN.has(name) || BAD_VALUE.test(fields[i + 1] as string)) return false
  }
  return true
}
