import { readFile, stat } from 'node:fs/promises'
import { ServingError } from '../core/errors.ts'
import { formatBytes, KEY_PREFIX, quote } from '../core/text.ts'
import { formatExpiry, isKeyName, parseExpiry, SCOPES, type ApiKey, type Scope } from './api-key.ts'

/** Largest key file (bytes): some ten thousand keys. */
const MAX_BYTES = 1024 * 1024

/** A key, also where it was cut or something stands behind it. */
const WHOLE_KEY = new RegExp(`${KEY_PREFIX}[\\w-]{32}`)

/** A file of keys as it was read. */
export interface KeyFile {
  readonly path: string
  readonly keys: readonly ApiKey[]
  /** Tells whether the file has changed since. */
  readonly stamp: string
  /** What an operator should know although it is no failure. */
  readonly warnings: readonly string[]
}

/**
 * The keys of a key file: one to a line, `<name> <scopes> sha256:<64 hex> [expires=<date>]`, `#` begins a comment.
 * @param path for the messages; no message holds what stands in the file, for that may be a key
 * @throws {ServingError} `invalid_argument` that names the line
 */
export function parseKeyFile(text: string, path: string): ApiKey[] {
  const keys: ApiKey[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const problem = (what: string): ServingError =>
      new ServingError('invalid_argument', `line ${index + 1} of ${quote(path, 200)} ${what}`, {
        details: { line: index + 1 },
      })
    if (WHOLE_KEY.test(line))
      throw problem(
        'holds a key itself, where its hash belongs: take it out, and since it has lain open make another by `slipway key new`',
      )
    const words = wordsOf(line)
    if (words.length === 0) continue
    const key = parseWords(words, problem)
    if (keys.some(({ name }) => name === key.name)) throw problem('has the name of a key above it: one name, one key')
    if (keys.some(({ sha256 }) => sha256 === key.sha256)) throw problem('has the hash of a key above it')
    keys.push(key)
  }
  return keys
}

/** The words of a line, without its comment. */
export function wordsOf(line: string): string[] {
  return line
    .replace(/#[^]*$/, '')
    .split(/[ \t\r]+/)
    .filter(Boolean)
}

function parseWords(words: readonly string[], problem: (what: string) => ServingError): ApiKey {
  const [name = '', scopes = '', digest = '', expires, ...more] = words
  if (digest === '' || more.length > 0)
    throw problem('is no key: a line is `<name> <scopes> sha256:<64 hex> [expires=<date>]`')
  if (!isKeyName(name))
    throw problem('has a name that cannot be one: it takes 1 to 63 letters, digits, "_", "." and "-"')
  const sha256 = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1]
  if (sha256 === undefined)
    throw problem('has no hash as its third word: it takes sha256: and 64 hexadecimal digits in lower case')
  const common = { name, scopes: parseScopes(scopes, problem), sha256 }
  if (expires === undefined) return common
  const expiresAtMs = expires.startsWith('expires=') ? parseExpiry(expires.slice('expires='.length)) : undefined
  if (expiresAtMs === undefined)
    throw problem('has a fourth word that is no date: it takes expires=2027-01-31 or expires=2027-01-31T12:00:00Z')
  return { ...common, expiresAtMs }
}

function parseScopes(text: string, problem: (what: string) => ServingError): Scope[] {
  const scopes = text.split(',')
  if (!scopes.every(isScope) || new Set(scopes).size < scopes.length)
    throw problem(`has other scopes than there are: it takes ${SCOPES.join(', or ')}, or both with a comma`)
  return scopes
}

/** Whether a word names a scope. */
export function isScope(word: string): word is Scope {
  return (SCOPES as readonly string[]).includes(word)
}

/** A key as a line of a key file, without the line's end. */
export function formatKeyLine({ name, scopes, sha256, expiresAtMs }: ApiKey): string {
  const expires = expiresAtMs === undefined ? '' : ` expires=${formatExpiry(expiresAtMs)}`
  return `${name} ${scopes.join(',')} sha256:${sha256}${expires}`
}

/**
 * Reads a key file. Links are followed: secrets are mounted behind them.
 * @throws {ServingError} `not_found`, `permission_denied`, `refused` for what is no file or may be written by anybody,
 * `too_large`, `invalid_argument` for a line that is no key
 */
export async function readKeyFile(path: string): Promise<KeyFile> {
  try {
    const stats = await stat(path, { bigint: true })
    if (!stats.isFile())
      throw new ServingError('refused', `${quote(path, 200)} is no file of keys: it is no plain file`)
    if (stats.size > MAX_BYTES)
      throw new ServingError(
        'too_large',
        `${quote(path, 200)} has ${formatBytes(Number(stats.size))}, the most of a file of keys is ${formatBytes(MAX_BYTES)}`,
      )
    const warnings = process.platform === 'win32' ? [] : warningsOf(path, Number(stats.mode))
    const text = new TextDecoder('utf-8').decode(await readFile(path))
    const keys = parseKeyFile(text, path)
    if (keys.length === 0) warnings.push(`${quote(path, 200)} holds no key: every request that needs one is refused`)
    return { path, keys, stamp: stampOf(stats), warnings }
  } catch (error) {
    throw fileError(error, path)
  }
}

/** Hashes may be seen, which is not good; that anybody may add a key is not bearable. */
function warningsOf(path: string, mode: number): string[] {
  if ((mode & 0o002) !== 0)
    throw new ServingError('refused', `anybody on this machine may write to ${quote(path, 200)}: say chmod o-w first`)
  if ((mode & 0o004) === 0) return []
  return [`anybody on this machine may read the hashes in ${quote(path, 200)}: better say chmod o-r`]
}

/** What changes when a file or its mode does: its place on the disk, its size, its times. */
export function stampOf({
  ino,
  size,
  mtimeNs,
  ctimeNs,
}: {
  ino: bigint
  size: bigint
  mtimeNs: bigint
  ctimeNs: bigint
}): string {
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`
}

/** What the file system said of a key file, in our words. */
export function fileError(error: unknown, path: string): unknown {
  if (error instanceof ServingError) return error
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ServingError('not_found', `there is no file of keys at ${quote(path, 200)}`)
  if (code === 'EACCES' || code === 'EPERM')
    return new ServingError('permission_denied', `this user may not read or write ${quote(path, 200)}`)
  return error
}
