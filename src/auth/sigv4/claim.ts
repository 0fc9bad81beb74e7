import { quote } from '../../core/text.ts'
import type { Asked } from '../key-check.ts'
import { refusal } from './refusal.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'

/** Last word of a scope. */
export const TERMINATOR = 'aws4_request'

/** Longest life of a presigned URL (s): 7 days. @see AWS, "Authenticating Requests: Using Query Parameters" */
const MAX_EXPIRES_S = 604_800

/** Longest header that is looked into. */
const MAX_HEADER_LENGTH = 8192

const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/** What a request says of its signature, before any of it is believed. */
export interface Claim {
  readonly form: 'header' | 'query'
  readonly accessKeyId: string
  /** Of the scope: `20150830`. */
  readonly date: string
  readonly region: string
  readonly service: string
  /** Names in lower case, sorted. */
  readonly signedHeaders: readonly string[]
  /** 64 hexadecimal digits. */
  readonly signature: string
  /** When it was signed: as it was written, and in ms since 1970. */
  readonly time: string
  readonly atMs: number
  /** Of a presigned URL: how long it is good for (ms). */
  readonly expiresMs?: number | undefined
}

/** Whether a request claims to be signed, by whatever version of whatever algorithm of AWS. */
export function isSigned(authorization: string | undefined, query: string): boolean {
  if (authorization !== undefined && authorization.startsWith('AWS')) return true
  return query !== '' && query.includes('X-Amz-') && /(?:^|&)X-Amz-(?:Signature|Algorithm|Credential)=/.test(query)
}

/**
 * Reads the claim of a request that `isSigned`.
 * @throws {ServingError} `unauthenticated`, reason `IncompleteSignature` or `InvalidClientTokenId`
 */
export function parseClaim(asked: Asked): Claim {
  const authorization = asked.headers['authorization']
  const inQuery = isSigned(undefined, asked.query)
  if (inQuery && authorization !== undefined) throw incomplete('it stands in the header and in the query: send one')
  if (asked.headers['x-api-key'] !== undefined) throw incomplete('an API key stands beside it: send one of them')
  return inQuery ? parseQuery(asked.query) : parseHeader(authorization ?? '', asked.headers)
}

function parseHeader(authorization: string, headers: Asked['headers']): Claim {
  if (headers['x-amz-security-token'] !== undefined) throw temporary()
  if (authorization.length > MAX_HEADER_LENGTH)
    throw incomplete(`the header is longer than ${MAX_HEADER_LENGTH} characters`)
  const [, algorithm, rest = ''] = /^(\S+) +(.*)$/.exec(authorization) ?? []
  requireAlgorithm(algorithm)
  const parts = new Map<string, string>()
  for (const part of rest.split(',')) {
    const [, name = '', value = ''] = /^\s*(\w+)=(\S*)\s*$/.exec(part) ?? []
    if (!['Credential', 'SignedHeaders', 'Signature'].includes(name) || parts.has(name))
      throw incomplete('the header takes Credential=, SignedHeaders= and Signature=, each once, with commas')
    parts.set(name, value)
  }
  const time = headers['x-amz-date'] ?? isoDate(headers['date'])
  return {
    form: 'header',
    ...parseCredential(parts.get('Credential')),
    signedHeaders: parseSignedHeaders(parts.get('SignedHeaders')),
    signature: parseSignature(parts.get('Signature')),
    ...parseTime(time),
  }
}

function parseQuery(query: string): Claim {
  const parts = new Map<string, string>()
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=')
    const name = decode(at < 0 ? pair : pair.slice(0, at))
    if (!/^x-amz-/i.test(name)) continue
    if (parts.has(name.toLowerCase())) throw incomplete(`${quote(name, 40)} stands twice in the query`)
    parts.set(name.toLowerCase(), at < 0 ? '' : decode(pair.slice(at + 1)))
  }
  if (parts.has('x-amz-security-token')) throw temporary()
  requireAlgorithm(parts.get('x-amz-algorithm'))
  const expires = parts.get('x-amz-expires') ?? ''
  const expiresS = /^\d{1,6}$/.test(expires) ? Number(expires) : 0
  if (expiresS < 1 || expiresS > MAX_EXPIRES_S)
    throw incomplete(`X-Amz-Expires takes 1 to ${MAX_EXPIRES_S} seconds, 7 days`)
  return {
    form: 'query',
    ...parseCredential(parts.get('x-amz-credential')),
    signedHeaders: parseSignedHeaders(parts.get('x-amz-signedheaders')),
    signature: parseSignature(parts.get('x-amz-signature')),
    ...parseTime(parts.get('x-amz-date')),
    expiresMs: expiresS * 1000,
  }
}

function requireAlgorithm(algorithm: string | undefined): void {
  if (algorithm !== ALGORITHM) throw incomplete(`the algorithm must be ${ALGORITHM}`)
}

function parseCredential(text: string | undefined): Pick<Claim, 'accessKeyId' | 'date' | 'region' | 'service'> {
  const [accessKeyId = '', date = '', region = '', service = '', terminator, ...more] = (text ?? '').split('/')
  const isWhole =
    /^\w{1,128}$/.test(accessKeyId) && /^\d{8}$/.test(date) && terminator === TERMINATOR && more.length === 0
  if (!isWhole || !/^[\w-]{1,64}$/.test(region) || !/^[\w-]{1,64}$/.test(service))
    throw incomplete(`the credential must be ACCESS_KEY_ID/YYYYMMDD/REGION/SERVICE/${TERMINATOR}`)
  return { accessKeyId, date, region, service }
}

function parseSignedHeaders(text: string | undefined): string[] {
  const names = (text ?? '').split(';')
  const isInOrder = names.every((name, i) => HEADER_NAME.test(name) && (i === 0 || (names[i - 1] ?? '') < name))
  if (!isInOrder) throw incomplete('the signed headers must be names in lower case, sorted, each once, with semicolons')
  return names
}

function parseSignature(text: string | undefined): string {
  if (text === undefined || !/^[0-9a-f]{64}$/.test(text))
    throw incomplete('the signature must be 64 hexadecimal digits in lower case')
  return text
}

function parseTime(text: string | undefined): Pick<Claim, 'time' | 'atMs'> {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '')
  if (found !== null) {
    const [year, month, day, hour, minute, second] = found.slice(1)
    const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`
    const atMs = Date.parse(`${iso}Z`)
    // a moment that the calendar does not have would become another one
    if (!Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(iso)) return { time: found[0], atMs }
  }
  throw incomplete('X-Amz-Date must say when it was made, as 20270131T120000Z')
}

/** A `Date` header as `X-Amz-Date` would have it: older signers send that one alone. */
function isoDate(date: string | undefined): string | undefined {
  if (date === undefined) return undefined
  if (/^\d{8}T/.test(date)) return date
  const atMs = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(date) ? Date.parse(date) : Number.NaN
  return Number.isNaN(atMs) ? undefined : new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw incomplete('the query has broken percent-encoding')
  }
}

function incomplete(what: string): Error {
  return refusal('IncompleteSignature', `the request's signature is not whole: ${what}`)
}

function temporary(): Error {
  return refusal(
    'InvalidClientTokenId',
    'temporary credentials (a session token) are not given out here: sign with the access key pair of a key, without a token',
  )
}
