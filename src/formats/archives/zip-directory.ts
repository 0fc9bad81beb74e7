import { archiveRefused, EntryNames, MAX_ENTRIES } from './entry-names.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'

/** An entry as the directory at the archive's end and the header in front of its bytes agree on it. */
export interface ZipRecord {
  readonly name: string
  readonly method: 'stored' | 'deflated'
  readonly crc: number
  /** Bytes in the archive, and when unpacked. */
  readonly packedBytes: number
  readonly sizeBytes: number
  /** Where its bytes begin. */
  readonly offset: number
}

const LOCAL = 0x0403_4b50
const CENTRAL = 0x0201_4b50
const END = 0x0605_4b50
const END_64 = 0x0606_4b50
const LOCATOR_64 = 0x0706_4b50
const DESCRIPTOR = 0x0807_4b50

const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const END_BYTES = 22
const END_64_BYTES = 56
const LOCATOR_64_BYTES = 20

/** Stands for a size or an offset that is too large for its field, and lies in the extra field. */
const ELSEWHERE = 0xffff_ffff
const ELSEWHERE_SHORT = 0xffff
const EXTRA_64 = 1

const ENCRYPTED = 1 | 0x40 | 0x2000
const HAS_DESCRIPTOR = 8
/** Hints of deflate, the descriptor behind the bytes, names in UTF-8. */
const KNOWN_FLAGS = 2 | 4 | HAS_DESCRIPTOR | 0x800

const METHODS: ReadonlyMap<number, ZipRecord['method']> = new Map([
  [0, 'stored'],
  [8, 'deflated'],
])
const OTHER_METHODS: ReadonlyMap<number, string> = new Map([
  [9, 'Deflate64'],
  [12, 'bzip2'],
  [14, 'LZMA'],
  [93, 'Zstandard'],
  [95, 'xz'],
  [99, 'encryption'],
])

interface Directory {
  readonly entries: number
  readonly offset: number
  readonly sizeBytes: number
}

/** What the directory says of an entry, before its header was looked at. */
interface CentralEntry {
  readonly record: Omit<ZipRecord, 'offset'>
  readonly flags: number
  readonly nameBytes: Uint8Array
  readonly headerOffset: number
}

/**
 * The entries of a zip archive, folders left out. Every byte of the archive has to belong to one thing: entries from the
 * first byte on, one behind the other, then the directory, then its end. What two readers could read in two ways is refused.
 * @throws {ServingError} `refused`, `unsupported`, `too_large`
 * @see PKWARE, "APPNOTE.TXT: .ZIP File Format Specification"
 */
export function readZipDirectory(bytes: Uint8Array): ZipRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const directory = findDirectory(view)
  if (directory.entries > MAX_ENTRIES)
    throw new ServingError(
      'too_large',
      `the zip archive has ${directory.entries} entries, the most is ${MAX_ENTRIES}`,
      {
        details: { reason: 'archive' },
      },
    )
  const found: CentralEntry[] = []
  const names = new EntryNames('zip archive')
  let at = directory.offset
  const end = directory.offset + directory.sizeBytes
  for (let i = 0; i < directory.entries; i++) {
    const { entry, next } = readCentral(bytes, view, at, end)
    names.add(entry.record.name)
    found.push(entry)
    at = next
  }
  if (at !== end) throw refused('has a directory of another length than its end says')
  found.sort((a, b) => a.headerOffset - b.headerOffset)
  const records: ZipRecord[] = []
  let expected = 0
  for (const [i, entry] of found.entries()) {
    if (entry.headerOffset !== expected)
      throw refused(
        `has ${entry.headerOffset < expected ? 'overlapping entries' : 'bytes that belong to no entry'} before ${quote(entry.record.name)}`,
      )
    const offset = readLocal(bytes, view, entry, directory.offset)
    const dataEnd = offset + entry.record.packedBytes
    expected = found[i + 1]?.headerOffset ?? directory.offset
    checkBehind(view, entry, dataEnd, expected)
    if (!entry.record.name.endsWith('/')) records.push({ ...entry.record, offset })
    else if (entry.record.sizeBytes > 0) throw refused(`has a folder with bytes, ${quote(entry.record.name)}`)
  }
  if (expected !== directory.offset) throw refused('has bytes in front of its directory that belong to no entry')
  return records
}

function findDirectory(view: DataView): Directory {
  const end = findEnd(view)
  const entries = view.getUint16(end + 10, true)
  const sizeBytes = view.getUint32(end + 12, true)
  const offset = view.getUint32(end + 16, true)
  if (view.getUint32(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== entries)
    throw refused('is one part of several')
  const locator = end - LOCATOR_64_BYTES
  if (locator < 0 || view.getUint32(locator, true) !== LOCATOR_64) {
    if (offset + sizeBytes !== end) throw refused('has a directory that does not end where it should')
    return { entries, offset, sizeBytes }
  }
  const end64 = readSize(view, locator + 8)
  if (end64 + END_64_BYTES !== locator || view.getUint32(end64, true) !== END_64)
    throw refused('has an end that is not where it says')
  const directory = {
    entries: readSize(view, end64 + 32),
    sizeBytes: readSize(view, end64 + 40),
    offset: readSize(view, end64 + 48),
  }
  const isWhole =
    readSize(view, end64 + 4) === END_64_BYTES - 12 &&
    readSize(view, end64 + 24) === directory.entries &&
    view.getUint32(end64 + 16, true) === 0 &&
    view.getUint32(end64 + 20, true) === 0 &&
    view.getUint32(locator + 4, true) === 0 &&
    view.getUint32(locator + 16, true) <= 1
  const agrees =
    (entries === ELSEWHERE_SHORT || entries === directory.entries) &&
    (sizeBytes === ELSEWHERE || sizeBytes === directory.sizeBytes) &&
    (offset === ELSEWHERE || offset === directory.offset)
  if (!isWhole || !agrees || directory.offset + directory.sizeBytes !== end64)
    throw refused('has two ends that disagree')
  return directory
}

/** The last record of the archive: nothing but its own comment may follow it. */
function findEnd(view: DataView): number {
  const last = view.byteLength - END_BYTES
  for (let at = last; at >= Math.max(0, last - 0xffff); at--)
    if (view.getUint32(at, true) === END && view.getUint16(at + 20, true) === last - at) return at
  throw refused('has no end, or other bytes behind it')
}

function readCentral(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): { readonly entry: CentralEntry; readonly next: number } {
  if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL)
    throw refused('has a directory with an entry that is none')
  const nameFrom = at + CENTRAL_BYTES
  const extraFrom = nameFrom + view.getUint16(at + 28, true)
  const commentFrom = extraFrom + view.getUint16(at + 30, true)
  const next = commentFrom + view.getUint16(at + 32, true)
  if (next > end) throw refused('has a directory with an entry that is none')
  const nameBytes = bytes.subarray(nameFrom, extraFrom)
  const name = nameOf(nameBytes)
  const flags = view.getUint16(at + 8, true)
  if ((flags & ENCRYPTED) !== 0) throw refused(`has an encrypted entry, ${quote(name)}`)
  if ((flags & ~KNOWN_FLAGS) !== 0) throw unsupported(`has the flags 0x${flags.toString(16)} at ${quote(name)}`)
  const methodId = view.getUint16(at + 10, true)
  const method = METHODS.get(methodId)
  if (method === undefined)
    throw unsupported(`has ${quote(name)} packed by ${OTHER_METHODS.get(methodId) ?? `method ${methodId}`}`)
  checkKind(view, at, name)
  const sizes = sizesOf(view, at, extraFrom, commentFrom, name)
  if (method === 'stored' && sizes.packedBytes !== sizes.sizeBytes)
    throw refused(`gives two sizes for ${quote(name)}, which is not packed`)
  const { headerOffset, ...rest } = sizes
  const record = { name, method, crc: view.getUint32(at + 16, true), ...rest }
  return { entry: { record, flags, nameBytes, headerOffset }, next }
}

/** Files and folders only: on Unix the upper half of the attributes is the mode. */
function checkKind(view: DataView, at: number, name: string): void {
  const isUnix = view.getUint8(at + 5) === 3
  const kind = isUnix ? view.getUint32(at + 38, true) >>> 28 : 0
  const isFolder = name.endsWith('/')
  if (kind !== 0 && kind !== (isFolder ? 4 : 8))
    throw refused(`has an entry that is no plain file, ${quote(name)}${kind === 10 ? ' (a link)' : ''}`)
  if (view.getUint16(at + 34, true) !== 0) throw refused('is one part of several')
}

/** Sizes and offset of an entry of the directory: those that do not fit lie in its extra field, in this order. */
function sizesOf(
  view: DataView,
  at: number,
  extraFrom: number,
  extraTo: number,
  name: string,
): { readonly sizeBytes: number; readonly packedBytes: number; readonly headerOffset: number } {
  const extra = findExtra(view, extraFrom, extraTo, name)
  const place = { at: extra?.from ?? 0 }
  function take(short: number): number {
    if (short !== ELSEWHERE) return short
    if (extra === undefined || place.at + 8 > extra.to) throw refused(`lacks the sizes of ${quote(name)}`)
    place.at += 8
    return readSize(view, place.at - 8)
  }
  const sizeBytes = take(view.getUint32(at + 24, true))
  const packedBytes = take(view.getUint32(at + 20, true))
  const headerOffset = take(view.getUint32(at + 42, true))
  return { sizeBytes, packedBytes, headerOffset }
}

/** The field of large sizes among the extra ones. */
function findExtra(
  view: DataView,
  from: number,
  to: number,
  name: string,
): { readonly from: number; readonly to: number } | undefined {
  let found: { from: number; to: number } | undefined
  for (let at = from; at + 4 <= to;) {
    const dataFrom = at + 4
    const dataTo = dataFrom + view.getUint16(at + 2, true)
    if (dataTo > to) throw refused(`has an extra field that is cut short, at ${quote(name)}`)
    if (view.getUint16(at, true) === EXTRA_64) {
      if (found !== undefined) throw refused(`gives the sizes of ${quote(name)} twice`)
      found = { from: dataFrom, to: dataTo }
    }
    at = dataTo
  }
  return found
}

/**
 * Compares the header in front of an entry's bytes with the directory.
 * @returns where the bytes begin
 */
function readLocal(bytes: Uint8Array, view: DataView, entry: CentralEntry, end: number): number {
  const { record, flags, nameBytes, headerOffset } = entry
  const name = quote(record.name)
  if (headerOffset + LOCAL_BYTES > end || view.getUint32(headerOffset, true) !== LOCAL)
    throw refused(`has no header where the entry ${name} should begin`)
  const nameFrom = headerOffset + LOCAL_BYTES
  const extraFrom = nameFrom + view.getUint16(headerOffset + 26, true)
  const offset = extraFrom + view.getUint16(headerOffset + 28, true)
  if (offset + record.packedBytes > end) throw refused(`has an entry that does not end before its directory, ${name}`)
  const isSameName = Buffer.compare(bytes.subarray(nameFrom, extraFrom), nameBytes) === 0
  const hasDescriptor = (flags & HAS_DESCRIPTOR) !== 0
  const extra = findExtra(view, extraFrom, offset, record.name)
  const packed = view.getUint32(headerOffset + 18, true)
  const size = view.getUint32(headerOffset + 22, true)
  const isIn64 = extra !== undefined && extra.to - extra.from >= 16 && packed === ELSEWHERE && size === ELSEWHERE
  const fields = [
    view.getUint32(headerOffset + 14, true),
    isIn64 ? readSize(view, extra.from + 8) : packed,
    isIn64 ? readSize(view, extra.from) : size,
  ]
  const isSame = [record.crc, record.packedBytes, record.sizeBytes].every(
    // with a descriptor behind the bytes, the fields may be empty
    (field, i) => fields[i] === field || (hasDescriptor && fields[i] === 0),
  )
  const methodId = view.getUint16(headerOffset + 8, true)
  if (
    !isSameName ||
    !isSame ||
    view.getUint16(headerOffset + 6, true) !== flags ||
    METHODS.get(methodId) !== record.method
  )
    throw refused(`says one thing of ${name} in its directory and another in front of it`)
  return offset
}

/** Behind an entry's bytes there is nothing, or the descriptor that repeats its check and sizes. */
function checkBehind(view: DataView, { record, flags }: CentralEntry, at: number, end: number): void {
  const name = quote(record.name)
  if ((flags & HAS_DESCRIPTOR) === 0) {
    if (at !== end)
      throw refused(`has ${at > end ? 'overlapping entries' : 'bytes that belong to no entry'} behind ${name}`)
    return
  }
  const length = end - at
  const hasMark = length === 16 || length === 24
  const isLong = length === 20 || length === 24
  if (!hasMark && !isLong && length !== 12) throw refused(`has no descriptor behind ${name}, or more than one`)
  const from = hasMark ? at + 4 : at
  const isSame =
    (!hasMark || view.getUint32(at, true) === DESCRIPTOR) &&
    view.getUint32(from, true) === record.crc &&
    (isLong ? readSize(view, from + 4) : view.getUint32(from + 4, true)) === record.packedBytes &&
    (isLong ? readSize(view, from + 12) : view.getUint32(from + 8, true)) === record.sizeBytes
  if (!isSame) throw refused(`says one thing of ${name} in its directory and another behind it`)
}

/** A size or an offset of 64 bits; a larger one than numbers hold is no file's. */
function readSize(view: DataView, at: number): number {
  if (at < 0 || at + 8 > view.byteLength) throw refused('ends too early')
  const size = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
  if (!Number.isSafeInteger(size)) throw refused(`has a size of ${size} bytes`)
  return size
}

/** Names are UTF-8, whether they say so or not. */
function nameOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}

function refused(why: string): ServingError {
  return archiveRefused('zip archive', why)
}

function unsupported(why: string): ServingError {
  return new ServingError('unsupported', `the zip archive ${why}; pack it again, stored or deflated`, {
    details: { reason: 'archive' },
  })
}
