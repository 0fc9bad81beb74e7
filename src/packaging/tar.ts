import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { readPieces } from './file-pieces.ts'

/**
 * One thing in a layer. `path` is relative to the image's root, with `/` between plain segments; `mode` holds the
 * permission bits alone. Owner, group and time are the same for all: 0, 0 and 1970.
 */
export type TarEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'bytes'; readonly path: string; readonly mode: number; readonly bytes: Uint8Array }
  /** A symbolic link; its mode means nothing. */
  | { readonly kind: 'link'; readonly path: string; readonly mode: number; readonly target: string }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly mode: number
      /** Where the file lies on this machine, with the size that it must still have when it is read (bytes). */
      readonly from: string
      readonly sizeBytes: number
      /** The digest that its bytes must have, in hexadecimal digits; undefined takes any. */
      readonly sha256?: string
    }

/** Modes that layers use: only root may write, everybody may read, so an image runs under any user id. */
export const MODE = { directory: 0o755, file: 0o644, program: 0o755, link: 0o777 } as const

/**
 * Entries in the order in which they are written: by path, each after the directories that hold it, which are added
 * where they are missing.
 * @throws {ServingError} `invalid_argument` for a path that is not plain or is given twice
 */
export function arrange(entries: Iterable<TarEntry>): TarEntry[] {
  const byPath = new Map<string, TarEntry>()
  for (const entry of entries) {
    checkPath(entry.path)
    if (byPath.has(entry.path))
      throw new ServingError('invalid_argument', `${quote(entry.path)} is twice in one layer; each path stands once`)
    byPath.set(entry.path, entry)
  }
  for (const path of byPath.keys()) addParents(byPath, path)
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function addParents(byPath: Map<string, TarEntry>, path: string): void {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const parent = path.slice(0, slash)
    const found = byPath.get(parent)
    if (found === undefined) byPath.set(parent, { kind: 'directory', path: parent, mode: MODE.directory })
    else if (found.kind !== 'directory')
      throw new ServingError('invalid_argument', `${quote(parent)} is a file and cannot hold ${quote(path)}`)
  }
}

function checkPath(path: string): void {
  const isPlain = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  if (!isPlain || /[\0\\]/.test(path))
    throw new ServingError(
      'invalid_argument',
      `${quote(path)} cannot stand in a layer; a path there is relative, of plain segments with "/" between them`,
    )
}

/**
 * The bytes of a tar archive: the same entries give the same bytes. Files are streamed.
 * @param entries as `arrange` gives them
 * @throws {ServingError} `conflict` when a file is not what it was when it was listed
 * @see POSIX.1-2017, pax: "ustar Interchange Format" and "pax Extended Header"
 */
export async function* tar(entries: Iterable<TarEntry>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    signal.throwIfAborted()
    const sizeBytes = sizeOf(entry)
    yield head(entry, sizeBytes)
    if (entry.kind === 'bytes') yield entry.bytes
    else if (entry.kind === 'file') yield* readPieces(entry, signal)
    yield padding(sizeBytes)
  }
  yield new Uint8Array(2 * BLOCK) // the end of an archive
}

const BLOCK = 512
/** A name of more bytes, or a size of more than eleven octal digits, goes into a pax header. */
const MAX_NAME_BYTES = 100
const MAX_SIZE = 8 ** 11 - 1

/** Bytes of an entry's content. */
export function sizeOf(entry: TarEntry): number {
  if (entry.kind === 'file') return entry.sizeBytes
  return entry.kind === 'bytes' ? entry.bytes.byteLength : 0
}

function padding(sizeBytes: number): Uint8Array {
  return new Uint8Array((BLOCK - (sizeBytes % BLOCK)) % BLOCK)
}

function head(entry: TarEntry, sizeBytes: number): Uint8Array {
  const name = Buffer.from(entry.kind === 'directory' ? `${entry.path}/` : entry.path)
  const type = entry.kind === 'directory' ? '5' : entry.kind === 'link' ? '2' : '0'
  const target = Buffer.from(entry.kind === 'link' ? entry.target : '')
  const isLong = (field: Buffer) => field.byteLength > MAX_NAME_BYTES || field.some((byte) => byte > 0x7e)
  const records: Buffer[] = []
  if (isLong(name)) records.push(paxRecord('path', name.toString()))
  if (isLong(target)) records.push(paxRecord('linkpath', target.toString()))
  if (sizeBytes > MAX_SIZE) records.push(paxRecord('size', String(sizeBytes)))
  const plain = header(
    name.subarray(0, MAX_NAME_BYTES),
    entry.mode,
    sizeBytes > MAX_SIZE ? 0 : sizeBytes,
    type,
    target.subarray(0, MAX_NAME_BYTES),
  )
  if (records.length === 0) return plain
  const body = Buffer.concat(records)
  const pax = header(Buffer.from('pax'), MODE.file, body.byteLength, 'x')
  return Buffer.concat([pax, body, padding(body.byteLength), plain])
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest
  while (rest + String(length).length !== length) length = rest + String(length).length
  return Buffer.from(`${length} ${key}=${value}\n`)
}

function header(name: Uint8Array, mode: number, sizeBytes: number, type: string, target = new Uint8Array()): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.set(name, 0)
  writeOctal(block, mode, 100, 8)
  writeOctal(block, 0, 108, 8) // owner
  writeOctal(block, 0, 116, 8) // group
  writeOctal(block, sizeBytes, 124, 12)
  writeOctal(block, 0, 136, 12) // time of change
  block.write(type, 156)
  block.set(target, 157)
  block.write('ustar\x0000', 257)
  writeOctal(block, 0, 329, 8) // device, major and minor
  writeOctal(block, 0, 337, 8)
  block.fill(' ', 148, 156) // the checksum counts its own field as spaces
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

function writeOctal(block: Buffer, value: number, offset: number, width: number): void {
  block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset)
}
