import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'

/** A file in a zip archive. */
export interface ZipFile {
  readonly name: string
  readonly isDeflated: boolean
  readonly crc: number
  readonly packedBytes: number
  readonly sizeBytes: number
  /** Permission bits, where the archive tells them; else 0. */
  readonly mode: number
  /** Where its header begins in the archive. */
  readonly headerOffset: number
}

const END = { mark: 0x0605_4b50, bytes: 22 }
const LOCATOR_64 = { mark: 0x0706_4b50, bytes: 20 }
const END_64 = { mark: 0x0606_4b50, bytes: 56 }
const CENTRAL = { mark: 0x0201_4b50, bytes: 46 }
const LOCAL = { mark: 0x0403_4b50, bytes: 30 }
const ELSEWHERE = 0xffff_ffff
const MAX_DIRECTORY_BYTES = 256 << 20

/** What is wrong with an archive, as the end of a sentence. */
export class DamagedZip extends Error {}

/**
 * The files of a zip archive, by its directory. Unlike the reader of model files it keeps nothing of the archive in
 * memory, as wheels may have gigabytes.
 * @throws {DamagedZip}
 * @see PKWARE, "APPNOTE.TXT: .ZIP File Format Specification"
 */
export async function readZipDirectory(path: string): Promise<ZipFile[]> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const { offset, sizeBytes, count } = await findDirectory(file, size)
    if (sizeBytes > MAX_DIRECTORY_BYTES || offset + sizeBytes > size) throw new DamagedZip('has no directory')
    const directory = await readAt(file, offset, sizeBytes)
    const files: ZipFile[] = []
    let at = 0
    for (let i = 0; i < count; i++) {
      const { entry, next } = readEntry(directory, at)
      at = next
      if (!entry.name.endsWith('/')) files.push(entry)
    }
    if (at !== sizeBytes) throw new DamagedZip('has a directory of another length than it says')
    return files
  } finally {
    await file.close()
  }
}

async function findDirectory(file: FileHandle, size: number) {
  const tailBytes = Math.min(size, END.bytes + 0xffff)
  const tail = await readAt(file, size - tailBytes, tailBytes)
  let at = tailBytes - END.bytes
  while (at >= 0 && (tail.readUInt32LE(at) !== END.mark || at + END.bytes + tail.readUInt16LE(at + 20) !== tailBytes))
    at--
  if (at < 0) throw new DamagedZip('has no end: it is no zip archive, or was cut off')
  const short = {
    count: tail.readUInt16LE(at + 10),
    sizeBytes: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  }
  const locator = at - LOCATOR_64.bytes
  if (locator < 0 || tail.readUInt32LE(locator) !== LOCATOR_64.mark) return short
  const end = await readAt(file, readSize(tail, locator + 8), END_64.bytes)
  if (end.readUInt32LE(0) !== END_64.mark) throw new DamagedZip('has an end that is not where it says')
  return { count: readSize(end, 32), sizeBytes: readSize(end, 40), offset: readSize(end, 48) }
}

function readEntry(directory: Buffer, at: number): { entry: ZipFile; next: number } {
  if (at + CENTRAL.bytes > directory.length || directory.readUInt32LE(at) !== CENTRAL.mark)
    throw new DamagedZip('has a damaged directory')
  const flags = directory.readUInt16LE(at + 8)
  const method = directory.readUInt16LE(at + 10)
  const nameEnd = at + CENTRAL.bytes + directory.readUInt16LE(at + 28)
  const extraEnd = nameEnd + directory.readUInt16LE(at + 30)
  const next = extraEnd + directory.readUInt16LE(at + 32)
  if (next > directory.length) throw new DamagedZip('has a damaged directory')
  const name = directory.toString('utf8', at + CENTRAL.bytes, nameEnd)
  if ((flags & 1) !== 0 || (method !== 0 && method !== 8))
    throw new DamagedZip(`has ${JSON.stringify(name)} packed in another way than deflate`)
  const sizes = [directory.readUInt32LE(at + 24), directory.readUInt32LE(at + 20), directory.readUInt32LE(at + 42)]
  // what is too large for its field stands in the extra field, in this order
  let from = nameEnd
  while (from + 4 <= extraEnd && directory.readUInt16LE(from) !== 1) from += 4 + directory.readUInt16LE(from + 2)
  from += 4
  const [sizeBytes = 0, packedBytes = 0, headerOffset = 0] = sizes.map((size) => {
    if (size !== ELSEWHERE) return size
    from += 8
    if (from > extraEnd) throw new DamagedZip(`has no size for ${JSON.stringify(name)}`)
    return readSize(directory, from - 8)
  })
  const mode = (directory.readUInt32LE(at + 38) >>> 16) & 0o777
  const entry = { name, isDeflated: method === 8, crc: directory.readUInt32LE(at + 16) }
  return { entry: { ...entry, packedBytes, sizeBytes, mode, headerOffset }, next }
}

/**
 * The bytes of a file, in pieces.
 * @throws {DamagedZip} when they are not what the directory says
 */
export async function* readZipFile(path: string, entry: ZipFile): AsyncGenerator<Uint8Array> {
  const { name, packedBytes, sizeBytes, crc } = entry
  const bad = (what: string) => new DamagedZip(`has ${JSON.stringify(name)} damaged: ${what}`)
  const start = await findBytes(path, entry, bad)
  if (sizeBytes === 0) return
  const packed = createReadStream(path, { start, end: start + packedBytes - 1 })
  let given = 0
  let sum = 0
  const unpacker = entry.isDeflated ? createInflateRaw() : undefined
  const fed = unpacker && pipeline(packed, unpacker)
  fed?.catch(() => {}) // what fails there destroys the unpacker, so the loop below throws it
  try {
    for await (const piece of unpacker ?? packed) {
      const bytes = piece as Uint8Array
      given += bytes.byteLength
      if (given > sizeBytes) throw bad('it is longer than it says')
      sum = crc32(bytes, sum)
      yield bytes
    }
    await fed
  } catch (error) {
    throw error instanceof DamagedZip ? error : bad('it does not unpack')
  } finally {
    packed.destroy()
    unpacker?.destroy()
  }
  if (given !== sizeBytes || sum !== crc) throw bad('it fails its checksum')
}

async function findBytes(path: string, { headerOffset }: ZipFile, bad: (what: string) => Error): Promise<number> {
  const file = await open(path)
  try {
    const header = await readAt(file, headerOffset, LOCAL.bytes)
    if (header.readUInt32LE(0) !== LOCAL.mark) throw bad('it has no header')
    return headerOffset + LOCAL.bytes + header.readUInt16LE(26) + header.readUInt16LE(28)
  } finally {
    await file.close()
  }
}

async function readAt(file: FileHandle, offset: number, sizeBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(sizeBytes)
  const { bytesRead } = await file.read(buffer, 0, sizeBytes, offset)
  if (bytesRead < sizeBytes) throw new DamagedZip('ends too early')
  return buffer
}

function readSize(bytes: Buffer, at: number): number {
  const size = Number(bytes.readBigUInt64LE(at))
  if (!Number.isSafeInteger(size)) throw new DamagedZip(`has a size of ${size} bytes`)
  return size
}
