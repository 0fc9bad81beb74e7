import { ServingError } from '../../core/errors.ts'
import { formatBytes, quote } from '../../core/text.ts'
import { archiveRefused, EntryNames } from './entry-names.ts'

const BLOCK_BYTES = 512

/** Longest long name or list of attributes (bytes): they stand for one path. */
const MAX_ATTRIBUTES_BYTES = 65_536

/** What a record is, by its type; the others (links, devices, sparse files, parts of several) are refused by name. */
const FILE = new Set(['0', '\0', '7'])
const FOLDER = '5'
const LONG_NAME = 'L'
const ATTRIBUTES = 'x'
const SHARED_ATTRIBUTES = 'g'
const OTHERS: ReadonlyMap<string, string> = new Map([
  ['1', 'a hard link'],
  ['2', 'a symbolic link'],
  ['3', 'a device'],
  ['4', 'a device'],
  ['6', 'a pipe'],
  ['K', 'a link with a long name'],
  ['S', 'a sparse file'],
  ['D', 'a list of files'],
  ['M', 'a part of a file'],
  ['V', 'a label'],
])

/** Attributes that change nothing that is read here. */
const IGNORED = /^(?:mtime|atime|ctime|LIBARCHIVE\..*|SCHILY\..*|uid|gid|uname|gname|comment|charset)$/

/**
 * Reads a tar archive in memory: plain files, and folders, which are left out. Understands ustar, the long names of GNU tar
 * and the paths and sizes of pax.
 * @returns views of the archive, by their paths, in its order; a leading `./` is left out
 * @throws {ServingError} `refused` for damage, for links, devices and sparse files, for repeated or unsafe names, and for
 *   anything behind the end; `too_large` for too many entries
 * @see POSIX.1-2017, pax, "pax Interchange Format"; GNU tar, "Basic Tar Format"
 */
export function readTar(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  const names = new EntryNames('tar archive')
  let at = 0
  let longName: string | undefined
  let attributes: ReadonlyMap<string, string> = new Map()
  for (;;) {
    const header = bytes.subarray(at, at + BLOCK_BYTES)
    if (header.length < BLOCK_BYTES) throw refused('ends without its end mark')
    if (isZero(header)) break
    checkSum(header, at)
    const type = String.fromCharCode(header[156] as number)
    const size = attributes.get('size') ?? undefined
    const sizeBytes = size === undefined || isAbout(type) ? sizeOf(header, at) : numberOf(size, at)
    const from = at + BLOCK_BYTES
    const to = from + sizeBytes
    const next = from + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES
    if (to > bytes.length || next > bytes.length) throw refused(`ends inside the entry at ${at}`)
    const content = bytes.subarray(from, to)
    at = next
    if (type === SHARED_ATTRIBUTES) {
      const shared = attributesOf(content, at)
      for (const name of shared.keys())
        if (!IGNORED.test(name)) throw refused(`sets ${quote(name)} for all entries at once`)
      continue
    }
    if (type === ATTRIBUTES) {
      if (attributes.size > 0) throw refused(`has two lists of attributes for one entry, at ${at}`)
      attributes = attributesOf(content, at)
      continue
    }
    if (type === LONG_NAME) {
      if (longName !== undefined) throw refused(`has two names for one entry, at ${at}`)
      longName = longNameOf(content)
      continue
    }
    const stored = nameOf(header)
    const path = attributes.get('path')
    if (path !== undefined && longName !== undefined) throw refused(`has two names for one entry, at ${at}`)
    const name = (path ?? longName ?? stored).replace(/^(?:\.\/)+/, '')
    longName = undefined
    attributes = new Map()
    if (type === FOLDER) {
      if (sizeBytes > 0) throw refused(`has a folder with bytes, ${quote(name)}`)
      // the top itself
      if (name !== '' && name !== '.') names.add(name.endsWith('/') ? name : `${name}/`)
      continue
    }
    if (!FILE.has(type))
      throw refused(
        `has ${OTHERS.get(type) ?? `an entry of the kind ${quote(type)}`}, ${quote(name)}: plain files only`,
      )
    names.add(name)
    if (name.endsWith('/')) throw refused(`has a file that is called ${quote(name)}, as folders are`)
    files.set(name, content)
  }
  if (longName !== undefined || attributes.size > 0) throw refused('ends with a name for an entry that does not follow')
  // the end is two blocks of zeros, and tape drives fill up with more
  if (!isZero(bytes.subarray(at))) throw refused(`has other bytes behind its end, at ${at}`)
  if (bytes.length - at < 2 * BLOCK_BYTES) throw refused('ends without its end mark')
  return files
}

/** Whether a file is a tar archive: its first header has the mark of ustar, or of GNU tar, and the right sum. */
export function isTar(bytes: Uint8Array): boolean {
  if (bytes.length < BLOCK_BYTES) return false
  const header = bytes.subarray(0, BLOCK_BYTES)
  return (
    Buffer.from(header.subarray(257, 262)).toString('latin1') === 'ustar' && sumOf(header) === octal(header, 148, 8)
  )
}

/** The names of the first entries, as far as they can be read: to see what an archive is, before it is read. */
export function tarNames(bytes: Uint8Array, most: number): readonly string[] {
  const names: string[] = []
  for (let at = 0; names.length < most && isTar(bytes.subarray(at));) {
    const header = bytes.subarray(at, at + BLOCK_BYTES)
    names.push(nameOf(header))
    at += BLOCK_BYTES + Math.ceil((octal(header, 124, 12) ?? 0) / BLOCK_BYTES) * BLOCK_BYTES
  }
  return names
}

function isAbout(type: string): boolean {
  return type === LONG_NAME || type === ATTRIBUTES || type === SHARED_ATTRIBUTES
}

function nameOf(header: Uint8Array): string {
  const name = textOf(header, 0, 100)
  // GNU tar, whose mark is followed by a space, has other things there
  const isPosix = header[262] === 0
  const prefix = isPosix && header[257] !== 0 ? textOf(header, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function longNameOf(content: Uint8Array): string {
  if (content.length > MAX_ATTRIBUTES_BYTES)
    throw refused(`has a name of ${formatBytes(content.length)}, the most is ${formatBytes(MAX_ATTRIBUTES_BYTES)}`)
  return textOf(content, 0, content.length)
}

/** Lines of `LENGTH NAME=VALUE`, the length counting the whole line. */
function attributesOf(content: Uint8Array, at: number): Map<string, string> {
  if (content.length > MAX_ATTRIBUTES_BYTES)
    throw refused(
      `has ${formatBytes(content.length)} of attributes for one entry, the most is ${formatBytes(MAX_ATTRIBUTES_BYTES)}`,
    )
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const found = new Map<string, string>()
  for (let from = 0; from < bytes.length;) {
    const match = /^([1-9]\d{0,5}) ([^=\0]{1,256})=/.exec(bytes.toString('utf8', from, from + 300))
    const length = Number(match?.[1] ?? 0)
    const to = from + length
    const line = bytes.toString('utf8', from, to)
    const [, , name = ''] = match ?? []
    if (match === null || to > bytes.length || !line.endsWith('\n') || line.length < match[0].length + 1)
      throw refused(`has attributes that are none, before ${at}`)
    const value = line.slice(match[0].length, -1)
    if (name !== 'path' && name !== 'size' && !IGNORED.test(name))
      throw refused(`has an entry with the attribute ${quote(name)}, which is not read here`)
    if (found.has(name)) throw refused(`has the attribute ${quote(name)} twice for one entry`)
    found.set(name, value)
    from = to
  }
  return found
}

/** The size of an entry: octal digits or, for large ones, a number behind a mark. */
function sizeOf(header: Uint8Array, at: number): number {
  if (((header[124] as number) & 0x80) === 0) {
    const size = octal(header, 124, 12)
    if (size === undefined) throw refused(`has an entry without a size, at ${at}`)
    return size
  }
  let size = (header[124] as number) & 0x7f
  for (let i = 125; i < 136; i++) size = size * 256 + (header[i] as number)
  if (!Number.isSafeInteger(size)) throw refused(`has an entry of ${size} bytes, at ${at}`)
  return size
}

function numberOf(text: string, at: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw refused(`has an entry of the size ${quote(text)}, at ${at}`)
  return value
}

function checkSum(header: Uint8Array, at: number): void {
  if (sumOf(header) !== octal(header, 148, 8)) throw refused(`fails the checksum of the entry at ${at}`)
}

/** The sum of a header's bytes, with spaces in place of the sum. */
function sumOf(header: Uint8Array): number {
  let sum = 8 * 0x20
  for (let i = 0; i < BLOCK_BYTES; i++) if (i < 148 || i >= 156) sum += header[i] as number
  return sum
}

function octal(header: Uint8Array, from: number, length: number): number | undefined {
  const match = /^ *([0-7]+)[ \0]*$/.exec(Buffer.from(header.subarray(from, from + length)).toString('latin1'))
  return match === null ? undefined : Number.parseInt(match[1] ?? '', 8)
}

/** Text up to its first NUL. What is no UTF-8 is no name, and shows as the sign that stands for that. */
function textOf(bytes: Uint8Array, from: number, length: number): string {
  const field = Buffer.from(bytes.buffer, bytes.byteOffset + from, length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? length : end)
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

function refused(why: string): ServingError {
  return archiveRefused('tar archive', why)
}
