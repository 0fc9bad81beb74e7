import { requestIdOf } from './answer-text.ts'
import { MAX_HEAD_BYTES, MAX_HEADERS } from './limits.ts'

/** What stands before the body of a request that was understood without doubt. Never changed: many requests share one. */
export interface Head {
  /** All of it, a character a byte. */
  readonly text: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly contentLength: number
  /** The line that sends the caller's own name of the request back; empty without one. */
  readonly requestIdLine: string
}

/** Heads are remembered when they are at most this long, and this many of them, so that little is kept in memory. */
export const MAX_REMEMBERED_CHARACTERS = 2048
const MAX_REMEMBERED = 256

export type HeadReader = (chunk: Buffer, last: Head | undefined) => Head | undefined

/**
 * Recognises heads that can be read in one way only. The reader takes the first bytes of a request and, for speed, the head
 * that came before on the same connection; it gives nothing for every head that is not whole, not plain, or wrong: those are
 * for a full parser, which reads all that this one reads, in the same way.
 * @param maxBodyBytes heads of larger bodies are left to the full parser, which refuses them
 */
export function createHeadReader(maxBodyBytes: number): HeadReader {
  /** The head of a kept connection is the same text again and again. */
  const remembered = new Map<string, Head>()

  return function readHead(chunk, last) {
    if (
      last !== undefined &&
      chunk.length >= last.text.length &&
      chunk.toString('latin1', 0, last.text.length) === last.text
    )
      return last
    const end = chunk.indexOf('\r\n\r\n')
    if (end === -1 || end + 4 > MAX_HEAD_BYTES) return undefined
    const text = chunk.toString('latin1', 0, end + 4)
    const known = remembered.get(text)
    if (known !== undefined) return known
    const head = parseHead(text)
    if (head === undefined || head.contentLength > maxBodyBytes) return undefined
    if (isWorthRemembering(head)) {
      // what was here longest may be gone for good; those that still come are parsed once more
      if (remembered.size >= MAX_REMEMBERED) remembered.clear()
      remembered.set(text, head)
    }
    return head
  }
}

/** Whether the same text may come again. */
function isWorthRemembering({ text, headers }: Head): boolean {
  return (
    text.length <= MAX_REMEMBERED_CHARACTERS &&
    headers['x-request-id'] === undefined &&
    headers.traceparent === undefined &&
    headers['x-amzn-trace-id'] === undefined
  )
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]"
const PATH = "[!$%&'()*+,./:;=@[\\]~\\w-]"

/** A request line in origin-form and header lines, of characters that mean one thing to every reader. */
const PLAIN_HEAD = new RegExp(
  `^(GET|POST) (/${PATH}*)(?:\\?((?:${PATH}|\\?)*))? HTTP/1\\.1\\r\\n((?:${TOKEN}+:[\\t\\x20-\\x7e]*\\r\\n)+)\\r\\n$`,
)

/** A value as it came after the colon. */
const PLAIN_LENGTH = /^[\t ]*\d{1,10}$/

/** Headers that change how a request is framed or answered. */
const LEFT_TO_THE_PARSER = new Set(['expect', 'proxy-connection', 'transfer-encoding', 'upgrade'])

/** @param text a head with its empty line; undefined unless it is plain, whole and right */
export function parseHead(text: string): Head | undefined {
  const [, method, path = '', query = '', lines = ''] = PLAIN_HEAD.exec(text) ?? []
  if (method !== 'GET' && method !== 'POST') return undefined
  const headers: Record<string, string> = Object.create(null)
  let count = 0
  let contentLength = 0
  for (let start = 0; start < lines.length;) {
    const colon = lines.indexOf(':', start)
    const end = lines.indexOf('\r\n', colon)
    const name = lines.slice(start, colon).toLowerCase()
    const value = lines.slice(colon + 1, end)
    if (++count > MAX_HEADERS || name in headers || LEFT_TO_THE_PARSER.has(name)) return undefined
    headers[name] = value.trim()
    if (name === 'content-length') {
      if (method === 'GET' || !PLAIN_LENGTH.test(value)) return undefined
      contentLength = Number(value)
    }
    start = end + 2
  }
  if (headers.host === undefined) return undefined
  if (headers.connection !== undefined && headers.connection.toLowerCase() !== 'keep-alive') return undefined
  const id = requestIdOf(headers)
  const requestIdLine = id === undefined ? '' : `x-request-id: ${id}\r\n`
  return { text, method, path, query, headers: Object.freeze(headers), contentLength, requestIdLine }
}
