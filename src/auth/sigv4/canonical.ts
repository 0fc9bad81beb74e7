import { createHmac, hash } from 'node:crypto'
import { ALGORITHM, TERMINATOR, type Claim } from './claim.ts'

/** What AWS Signature Version 4 signs. @see AWS, "Create a signed AWS API request" */
export interface Signable {
  readonly method: string
  /** As it came, percent-encoded. */
  readonly path: string
  readonly query: string
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** SHA-256 of the body in hexadecimal, or a word that stands for it. */
  readonly payload: string
}

/** Where in the world, for what, and on which day a signing key is good. */
export type Scope = Pick<Claim, 'date' | 'region' | 'service'>

/** Services whose paths are signed as they are; all others' are normalised and encoded once more. */
const PLAIN_PATH_SERVICES: ReadonlySet<string> = new Set(['s3'])

/** Hexadecimal HMAC of a request under a signing key. @param time as `X-Amz-Date` has it */
export function signatureOf(
  request: Signable,
  claim: Scope & Pick<Claim, 'form' | 'signedHeaders' | 'time'>,
  key: Buffer,
  separator?: string,
): string {
  const scope = `${claim.date}/${claim.region}/${claim.service}/${TERMINATOR}`
  const digest = hash('sha256', canonicalRequest(request, claim, separator), 'hex')
  return createHmac('sha256', key).update(`${ALGORITHM}\n${claim.time}\n${scope}\n${digest}`).digest('hex')
}

/** The key that requests of one scope are signed by. */
export function signingKey(secret: string, { date, region, service }: Scope): Buffer {
  let key: Buffer | string = `AWS4${secret}`
  for (const word of [date, region, service, TERMINATOR]) key = createHmac('sha256', key).update(word).digest()
  return Buffer.from(key)
}

/**
 * A request in the one form that both sides write it in.
 * @param separator between the values of a header that came more than once, in place of the `, ` that hosts join them by
 */
export function canonicalRequest(
  { method, path, query, headers, payload }: Signable,
  { form, service, signedHeaders }: Pick<Claim, 'form' | 'service' | 'signedHeaders'>,
  separator = ', ',
): string {
  const lines = signedHeaders.map((name) => `${name}:${canonicalValue(headers[name] ?? '', separator)}`)
  const names = signedHeaders.join(';')
  const parts = [method, canonicalPath(path, service), canonicalQuery(query, form), ...lines, '', names, payload]
  return parts.join('\n')
}

/** Outer spaces go, runs of spaces become one. */
function canonicalValue(value: string, separator: string): string {
  const trimmed = value.replace(/\s+/g, ' ').trim()
  return separator === ', ' ? trimmed : trimmed.replaceAll(', ', separator)
}

export function canonicalPath(path: string, service: string): string {
  if (PLAIN_PATH_SERVICES.has(service)) return path === '' ? '/' : path
  const kept: string[] = []
  const segments = path.split('/')
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const last = segments.at(-1)
  const isOpen = kept.length > 0 && (last === '' || last === '.' || last === '..')
  return `/${encodeRaw(kept.join('/'))}${isOpen ? '/' : ''}`
}

/** Each pair encoded in one way, sorted by name, then by value; a signature does not sign itself. */
export function canonicalQuery(query: string, form: Claim['form']): string {
  const pairs: [string, string][] = []
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const at = pair.indexOf('=')
    const name = recode(at < 0 ? pair : pair.slice(0, at))
    if (form === 'query' && name === 'X-Amz-Signature') continue
    pairs.push([name, at < 0 ? '' : recode(pair.slice(at + 1))])
  }
  pairs.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
  return pairs.map((pair) => pair.join('=')).join('&')
}

/** Everything but unreserved characters and `/` encoded, also what is a percent-encoding already. */
function encodeRaw(text: string): string {
  return encodeURI(text.toWellFormed()).replace(/[!#$&'()*+,:;=?@]/g, encodeUnit)
}

/** One encoding for one text: unreserved characters stand for themselves, all others as `%XX` in capitals, a plus being a space. */
function recode(text: string): string {
  return text.replace(/%[0-9A-Fa-f]{2}|[%+]|[^\w.~%+-]+/g, (part) => {
    if (part === '+') return '%20'
    if (!part.startsWith('%') || part.length === 1) return encodeRaw(part).replaceAll('/', '%2F')
    const unit = String.fromCharCode(Number.parseInt(part.slice(1), 16))
    return /^[\w.~-]$/.test(unit) ? unit : part.toUpperCase()
  })
}

function encodeUnit(unit: string): string {
  return `%${unit.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}
