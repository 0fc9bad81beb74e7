import { isIP } from 'node:net'
import { ServingError } from '../../../core/errors.ts'
import { quote } from '../../../core/text.ts'
import { isMetadataAddress, isPublicAddress } from './addresses.ts'
import { checkFileName } from './file-name.ts'

/** Ports that anybody's URL may name. */
const USUAL_PORTS: ReadonlySet<number> = new Set([80, 443])

/** Longest URL: signed ones are long (characters). */
const MAX_URL_LENGTH = 4096

/** Names that mean this machine, or its own network, wherever they are asked for. */
const LOCAL_NAME = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa)$/

/** A host that the operator lets models be fetched from, though it lies in a private network. */
export interface AllowedHost {
  readonly host: string
  /** The usual ones when absent. */
  readonly port?: number | undefined
}

export interface FetchRules {
  /** Hosts that the operator has named. */
  readonly allowed?: readonly AllowedHost[] | undefined
  /** Ports that any host may be asked at. */
  readonly ports?: ReadonlySet<number> | undefined
}

/** Where a request goes, by a URL that was found harmless as far as its text tells. */
export interface FetchTarget {
  readonly url: URL
  /** Without brackets and without a dot at its end. */
  readonly host: string
  readonly port: number
  /** Whether the operator has named it. */
  readonly isAllowed: boolean
}

/** @throws {ServingError} `invalid_argument` for what is neither `host` nor `host:port` */
export function parseAllowedHosts(entries: readonly string[]): readonly AllowedHost[] {
  return entries.map((entry) => {
    const [, host, port] = /^(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(entry.trim()) ?? []
    const url = host === undefined ? null : URL.parse(`http://${host}/`)
    const isPort = port === undefined || (Number(port) >= 1 && Number(port) <= 65_535)
    if (url === null || !isPort)
      throw new ServingError(
        'invalid_argument',
        `${quote(entry)} is no host to fetch models from: say host or host:port, as in models.example:9000`,
      )
    return { host: bareHost(url), ...(port !== undefined && { port: Number(port) }) }
  })
}

/**
 * Checks the text of a URL that a user gave, or that a server redirects to; nothing is asked of the network.
 * @throws {ServingError} `invalid_argument` (details.reason `url`)
 */
export function parseFetchTarget(text: string, { allowed = [], ports = USUAL_PORTS }: FetchRules = {}): FetchTarget {
  if (text.length > MAX_URL_LENGTH) throw badUrl(`a URL has ${text.length} characters, the most is ${MAX_URL_LENGTH}`)
  // readers of URLs disagree on all of these, or drop them silently
  if (/[^\u0021-\u007e]|\\/.test(text))
    throw badUrl(
      'a URL has no spaces, control characters, backslashes or letters beyond ASCII: write them as %20 and the like',
    )
  const [, authority] = /^https?:\/\/([^/?#]+)/i.exec(text) ?? []
  const url = authority === undefined ? null : URL.parse(text)
  if (authority === undefined || url === null)
    throw badUrl('a model is fetched from a URL that begins with https:// or http:// and a host')
  if (authority.includes('@'))
    throw badUrl('a URL with a user or password in it is not taken: use one that is signed, or upload the file')
  if (url.hash !== '' || text.includes('#'))
    throw badUrl('a URL with a part after # is not taken: that part is never sent')
  const host = bareHost(url)
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  const isAllowed = allowed.some(
    (each) => each.host === host && (each.port ?? port) === port && (each.port !== undefined || ports.has(port)),
  )
  if (isAllowed) return { url, host, port, isAllowed }
  if (host.includes('xn--')) throw badUrl(`${quote(host)} is a name in punycode, which is not taken`)
  if (!ports.has(port))
    throw badUrl(
      `models are fetched from port ${[...ports].join(' or ')}, and this URL has port ${port}; ${byOperator(`${host}:${port}`)}`,
    )
  if (isIP(host) === 0 && LOCAL_NAME.test(host)) throw notPublic(host)
  return { url, host, port, isAllowed }
}

/**
 * Where a server redirects to, checked as the first URL was.
 * @throws {ServingError} `invalid_argument`; `refused` (details.reason `redirect`) from https to http
 */
export function redirectedTarget(from: FetchTarget, location: string, rules: FetchRules): FetchTarget {
  const next = /^[\u0021-\u007e]+$/.test(location) ? URL.parse(location, from.url) : null
  if (next === null) throw badRedirect(`${quote(from.host)} redirects to what is no URL`)
  next.hash = ''
  if (from.url.protocol === 'https:' && next.protocol === 'http:')
    throw badRedirect(`${quote(from.host)} redirects from https to http`)
  return parseFetchTarget(next.href, rules)
}

/**
 * Checks where a host's name leads: every address of it, because any of them may be taken.
 * @throws {ServingError} `invalid_argument` (details.reason `address`)
 */
export function checkAddresses({ host, isAllowed }: FetchTarget, addresses: readonly string[]): void {
  const isFit = (address: string) => (isAllowed ? !isMetadataAddress(address) : isPublicAddress(address))
  if (!addresses.every(isFit)) throw notPublic(host, isAllowed)
}

/** The name of the file that a URL leads to, as far as the URL tells. */
export function fileNameOfUrl(text: string): string {
  const last = URL.parse(text)?.pathname.split('/').at(-1) ?? ''
  try {
    return checkFileName(decodeURIComponent(last))
  } catch {
    return 'model'
  }
}

/** A URL as it may stand in logs, events and lists: what signs it, and whatever else follows `?`, left out. */
export function shownUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null) return 'no URL'
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

function notPublic(host: string, isAllowed = false): ServingError {
  const way = isAllowed ? 'it leads to addresses that hold credentials of machines' : byOperator(host)
  return new ServingError(
    'invalid_argument',
    `${quote(host)} is not in the public network, so nothing is fetched from it: ${way}`,
    { details: { reason: 'address', host } },
  )
}

function byOperator(what: string): string {
  return `the operator can allow it by --allow-fetch-from ${what}`
}

function badRedirect(message: string): ServingError {
  return new ServingError('refused', message, { details: { reason: 'redirect' } })
}

function badUrl(message: string): ServingError {
  return new ServingError('invalid_argument', message, { details: { reason: 'url' } })
}
