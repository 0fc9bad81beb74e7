import { createHash } from 'node:crypto'
import { lookup as systemLookup } from 'node:dns/promises'
import { rename, rm } from 'node:fs/promises'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { join } from 'node:path'
import { ServingError } from '../../../core/errors.ts'
import { formatBytes, quote } from '../../../core/text.ts'
import { syncFolder } from '../../../storage/local.ts'
import { temporaryBeside } from '../../../storage/temporaries.ts'
import { VERSION } from '../../version.ts'
import { inWords, refuseWithoutRoom } from '../../../storage/disk.ts'
import {
  checkAddresses,
  parseAllowedHosts,
  parseFetchTarget,
  redirectedTarget,
  type FetchTarget,
} from './fetch-target.ts'
import { checkFileName } from './file-name.ts'
import { writeAll, writingTo } from '../../../storage/new-files.ts'
import { parseSha256 } from './upload-layout.ts'

export interface Address {
  readonly address: string
  readonly family: number
}

/** All addresses of a host. */
export type Lookup = (host: string) => Promise<readonly Address[]>

export interface FetchLimits {
  /** Largest file (bytes). */
  readonly maxBytes: number
  /** Longest that it may take in all (ms). */
  readonly timeoutMs: number
  /** Longest without a byte, also before the first (ms). */
  readonly idleMs: number
  /** Least that must come (bytes a second, over `idleMs`). */
  readonly minBytesPerSecond: number
  /** Redirects that are followed. */
  readonly maxRedirects: number
}

export const DEFAULT_FETCH_LIMITS: FetchLimits = {
  maxBytes: 4 * 2 ** 30,
  timeoutMs: 3_600_000,
  idleMs: 30_000,
  minBytesPerSecond: 1024,
  maxRedirects: 3,
}

export interface FetchOptions {
  /** Where the file comes to lie; it is there. */
  readonly folder: string
  readonly fileName: string
  /** Of the file, where the caller knows it. */
  readonly sha256?: string | undefined
  readonly limits?: Partial<FetchLimits> | undefined
  readonly signal: AbortSignal
  /** Told of the share that is here, 0 to 1, where the server said how much there is. */
  readonly onProgress?: ((fraction: number) => void) | undefined
  /** That of the system when absent. */
  readonly lookup?: Lookup | undefined
  /** Hosts in private networks that the operator has named: `host` or `host:port`. */
  readonly allowFrom?: readonly string[] | undefined
  /** Ports that any host may be asked at; 80 and 443 when absent. */
  readonly ports?: ReadonlySet<number> | undefined
}

export interface FetchedModel {
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
  readonly warnings: readonly string[]
}

/**
 * Fetches a model file from the public network, and from nowhere else: each name is resolved once, all of its addresses
 * are checked, and the connection goes to one of these; each redirect is checked as the first URL was. No credentials are
 * sent, nothing is unpacked, and what is refused leaves no file. Messages name hosts; what signs a URL is never said.
 * @throws {ServingError} `invalid_argument` (details.reason `url`, `address`) for where nothing is fetched from; `not_found`,
 *   `permission_denied`, `unavailable` for what the server says; `too_large`; `refused` (details.reason `sha256`, `cut_short`,
 *   `encoding`, `page`, `redirect`); `deadline_exceeded` when it is too slow; `cancelled`
 */
export async function fetchModel(text: string, options: FetchOptions): Promise<FetchedModel> {
  const limits = { ...DEFAULT_FETCH_LIMITS, ...options.limits }
  const rules = { allowed: parseAllowedHosts(options.allowFrom ?? []), ports: options.ports }
  const expected = options.sha256 === undefined ? undefined : parseSha256(options.sha256)
  const path = join(options.folder, checkFileName(options.fileName))
  const first = parseFetchTarget(text, rules)
  const clock = startClock(first.host, limits, options.signal)
  const temporary = temporaryBeside(path)
  try {
    let target = first
    for (let redirects = 0; ; redirects++) {
      const response = await ask(target, options.lookup ?? lookupAll, clock)
      const location = redirectOf(response)
      if (location === undefined) {
        const found = await download(target, response, temporary, { ...options, limits, clock })
        if (expected !== undefined && expected !== found.sha256)
          throw refusal(`the file from ${quote(target.host)} has the digest ${found.sha256}, not ${expected}`, 'sha256')
        await rename(temporary, path)
        await syncFolder(options.folder)
        const isOpen = target.url.protocol === 'http:' && expected === undefined
        const warning = `it came from ${target.host} by plain http, without a sha256 to check it by: whoever was between may have changed it`
        return { path, ...found, warnings: isOpen ? [warning] : [] }
      }
      response.destroy()
      if (redirects >= limits.maxRedirects)
        throw refusal(`${quote(first.host)} redirects more than ${limits.maxRedirects} times`, 'redirect')
      target = redirectedTarget(target, location, rules)
    }
  } catch (error) {
    await rm(temporary, { force: true })
    throw clock.reason() ?? inWords(error)
  } finally {
    clock.stop()
  }
}

const lookupAll: Lookup = (host) => systemLookup(host, { all: true })

/** Ends what takes too long. */
interface Clock {
  readonly signal: AbortSignal
  /** So many bytes have come; 0 for another sign of life. */
  came(bytes: number): void
  /** Why it was ended, if it was. */
  reason(): ServingError | undefined
  stop(): void
}

function startClock(host: string, limits: FetchLimits, outer: AbortSignal): Clock {
  const ended = new AbortController()
  let reason: ServingError | undefined
  let inWindow = 0
  let windows = 0
  const end = (error: ServingError) => {
    reason ??= error
    ended.abort(error)
  }
  const tooSlow = (how: string) =>
    end(new ServingError('deadline_exceeded', `${quote(host)} is too slow: ${how}`, { details: { reason: 'slow' } }))
  const cancel = () => end(new ServingError('cancelled', 'interrupted'))
  const total = setTimeout(() => tooSlow(`the file took over ${limits.timeoutMs / 1000} s`), limits.timeoutMs)
  const idle = setTimeout(() => tooSlow(`nothing came for ${limits.idleMs / 1000} s`), limits.idleMs)
  const rate = setInterval(() => {
    const least = (limits.minBytesPerSecond * limits.idleMs) / 1000
    if (windows++ > 0 && inWindow < least) tooSlow(`less than ${limits.minBytesPerSecond} bytes came in a second`)
    inWindow = 0
  }, limits.idleMs)
  if (outer.aborted) cancel()
  outer.addEventListener('abort', cancel, { once: true })
  return {
    signal: ended.signal,
    came: (bytes) => {
      inWindow += bytes
      idle.refresh()
    },
    reason: () => reason,
    stop: () => {
      clearTimeout(total)
      clearTimeout(idle)
      clearInterval(rate)
      outer.removeEventListener('abort', cancel)
    },
  }
}

/** Asks for a file, of an address that was found fit. */
async function ask(target: FetchTarget, lookup: Lookup, clock: Clock): Promise<IncomingMessage> {
  const { url, host, port } = target
  clock.signal.throwIfAborted()
  const addresses = await unlessAborted(addressesOf(host, lookup), clock.signal)
  checkAddresses(
    target,
    addresses.map(({ address }) => address),
  )
  // the name is not asked for again: it may lead elsewhere by now
  const checked: LookupFunction = (_host, options, callback) => {
    const [one] = addresses
    if (options.all === true) callback(null, [...addresses])
    else callback(null, one?.address ?? '', one?.family)
  }
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const asked = request({
      hostname: host,
      port,
      path: `${url.pathname}${url.search}`,
      headers: {
        host: url.host,
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': `slipway/${VERSION}`,
      },
      agent: false,
      lookup: checked,
      signal: clock.signal,
    })
    asked.on('response', resolve)
    asked.on('error', (error) => reject(noAnswer(host, error)))
    asked.end()
  })
}

/** What is waited for, or the end of waiting: the system's resolver hears no signal. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
    work.catch(() => {})
  }
}

async function addressesOf(host: string, lookup: Lookup): Promise<readonly Address[]> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  try {
    const found = await lookup(host)
    if (found.length > 0) return found
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOTFOUND' && code !== 'ENODATA') throw noAnswer(host, cause as Error)
  }
  throw new ServingError('not_found', `there is no host ${quote(host)}: see whether its name is right`, {
    details: { reason: 'host', host },
  })
}

function noAnswer(host: string, cause: NodeJS.ErrnoException): ServingError {
  const { code = 'unknown' } = cause
  if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|^ERR_TLS/.test(code))
    return refusal(`${quote(host)} shows a certificate that does not hold (${code})`, 'certificate', cause)
  return new ServingError('unavailable', `${quote(host)} does not answer (${code}): try again later`, {
    cause,
    details: { reason: 'host', host },
  })
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage): string | undefined {
  return [301, 302, 303, 307, 308].includes(statusCode) ? (headers.location ?? '') : undefined
}

interface Download {
  readonly folder: string
  readonly limits: FetchLimits
  readonly clock: Clock
  readonly onProgress?: ((fraction: number) => void) | undefined
}

async function download(
  { host }: FetchTarget,
  response: IncomingMessage,
  temporary: string,
  { folder, limits, clock, onProgress }: Download,
): Promise<{ readonly sizeBytes: number; readonly sha256: string }> {
  try {
    checkAnswer(host, response)
    const announced = announcedBytes(response)
    const tooLarge = (found: string) =>
      new ServingError(
        'too_large',
        `the file from ${quote(host)} has ${found}, the most is ${formatBytes(limits.maxBytes)}`,
        { details: { maxBytes: limits.maxBytes } },
      )
    if (announced !== undefined && announced > limits.maxBytes) throw tooLarge(formatBytes(announced))
    if (announced !== undefined) await refuseWithoutRoom(folder, announced)
    const hash = createHash('sha256')
    let sizeBytes = 0
    await writingTo(temporary, async (file) => {
      for await (const chunk of response) {
        const bytes = chunk as Buffer
        sizeBytes += bytes.byteLength
        if (sizeBytes > limits.maxBytes) throw tooLarge(`over ${formatBytes(limits.maxBytes)}`)
        clock.came(bytes.byteLength)
        hash.update(bytes)
        await writeAll(file, bytes)
        if (announced !== undefined) onProgress?.(sizeBytes / announced)
      }
    })
    if (sizeBytes === 0) throw refusal(`${quote(host)} answered with an empty file`, 'empty')
    return { sizeBytes, sha256: hash.digest('hex') }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code?.startsWith('HPE_'))
      throw refusal(`the file from ${quote(host)} broke off before its end (${code}): try again`, 'cut_short', error)
    throw error
  } finally {
    response.destroy()
  }
}

/** @throws {ServingError} for every answer but a file as it is */
function checkAnswer(host: string, { statusCode = 0, headers }: IncomingMessage): void {
  const said = `${quote(host)} answered with status ${statusCode}`
  const details = { details: { reason: 'status', status: statusCode } }
  if (statusCode === 404 || statusCode === 410)
    throw new ServingError('not_found', `${said}: see whether the URL is right`, details)
  if (statusCode === 401 || statusCode === 403)
    throw new ServingError(
      'permission_denied',
      `${said}: use a URL that is signed and has not expired, or upload the file`,
      details,
    )
  if (statusCode === 429 || statusCode >= 500)
    throw new ServingError('unavailable', `${said}: try again later`, details)
  if (statusCode !== 200) throw new ServingError('refused', `${said}; a file comes with 200`, details)
  const coding = headers['content-encoding'] ?? 'identity'
  if (coding.toLowerCase() !== 'identity')
    throw refusal(`${quote(host)} sent the file encoded as ${quote(coding)}, which was not asked for`, 'encoding')
  if (/^text\/html\b/i.test(headers['content-type'] ?? ''))
    throw refusal(
      `${quote(host)} answered with a page for people, not with a file: use the link of the download itself`,
      'page',
    )
}

function announcedBytes({ headers }: IncomingMessage): number | undefined {
  const text = headers['content-length']
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function refusal(message: string, reason: string, cause?: unknown): ServingError {
  return new ServingError('refused', message, { cause, details: { reason } })
}
