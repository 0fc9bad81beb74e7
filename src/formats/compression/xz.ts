import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { crc64 } from './crc64.ts'
import { LzmaDecoder, lzmaProperties } from './lzma-decoder.ts'
import type { Output } from './output.ts'
import { damaged, notRead } from './problems.ts'

const HEADER_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
const HEADER_BYTES = 12
const FOOTER_BYTES = 12
const LZMA2 = 0x21
const OTHER_FILTERS: ReadonlyMap<number, string> = new Map([
  [0x03, 'a delta filter'],
  [0x04, 'a filter for x86 programs'],
  [0x05, 'a filter for PowerPC programs'],
  [0x06, 'a filter for IA-64 programs'],
  [0x07, 'a filter for ARM programs'],
  [0x08, 'a filter for ARM programs'],
  [0x09, 'a filter for SPARC programs'],
  [0x0a, 'a filter for ARM programs'],
  [0x0b, 'a filter for RISC-V programs'],
])

/** Checks of blocks by their number: bytes of each, and what makes it. */
const CHECKS = new Map<number, (bytes: Uint8Array) => Uint8Array>([
  [0, () => new Uint8Array()],
  [1, (bytes) => littleEndian(BigInt(crc32(bytes)), 4)],
  [4, (bytes) => littleEndian(crc64(bytes), 8)],
  [10, (bytes) => createHash('sha256').update(bytes).digest()],
])

/** What the index has to repeat of a block (bytes). */
interface Block {
  readonly unpaddedBytes: number
  readonly sizeBytes: number
}

/**
 * Unpacks xz: one stream or more, with padding between them, each block by its check, each stream by its index.
 * @throws {ServingError} `refused`; `too_large`; `unsupported` for filters other than LZMA2 and for checks without a name
 * @see "The .xz File Format", version 1.2
 */
export function decompressXz(bytes: Uint8Array, output: Output): void {
  const decoder = new LzmaDecoder('xz', bytes, output)
  let at = 0
  do {
    at = readStream(bytes, at, decoder, output)
    const begun = at
    while (at < bytes.length && bytes[at] === 0) at++
    if ((at - begun) % 4 !== 0) throw damaged('xz', `is followed by other bytes, at ${begun}`)
  } while (at < bytes.length)
}

function readStream(bytes: Uint8Array, from: number, decoder: LzmaDecoder, output: Output): number {
  const header = slice(bytes, from, HEADER_BYTES)
  if (!HEADER_MAGIC.every((byte, i) => header[i] === byte))
    throw damaged('xz', from === 0 ? 'has no xz header' : `is followed by other bytes, at ${from}`)
  const flags = header.subarray(6, 8)
  verifyCrc(flags, header.subarray(8), 'header')
  const checkId = flags[1] as number
  const check = flags[0] === 0 ? CHECKS.get(checkId) : undefined
  if (check === undefined) throw notRead('xz', `a check of the kind ${checkId}`)
  const blocks: Block[] = []
  let at = from + HEADER_BYTES
  while (byteAt(bytes, at) !== 0) {
    const block = readBlock(bytes, at, check, decoder, output)
    blocks.push(block)
    at += Math.ceil(block.unpaddedBytes / 4) * 4
  }
  const end = readIndex(bytes, at, blocks)
  const footer = slice(bytes, end, FOOTER_BYTES)
  verifyCrc(footer.subarray(4, 10), footer.subarray(0, 4), 'footer')
  const indexBytes = (viewOf(footer).getUint32(4, true) + 1) * 4
  const isWhole = footer[10] === 0x59 && footer[11] === 0x5a && footer[8] === flags[0] && footer[9] === flags[1]
  if (!isWhole || indexBytes !== end - at) throw damaged('xz', 'has a footer that does not fit its header')
  return end + FOOTER_BYTES
}

function readBlock(
  bytes: Uint8Array,
  from: number,
  check: (bytes: Uint8Array) => Uint8Array,
  decoder: LzmaDecoder,
  output: Output,
): Block {
  const headerBytes = (byteAt(bytes, from) + 1) * 4
  const header = slice(bytes, from, headerBytes)
  verifyCrc(header.subarray(0, -4), header.subarray(-4), 'block header')
  const { windowBytes, packedBytes, sizeBytes } = readBlockHeader(header)
  const begun = output.length
  const dataFrom = from + headerBytes
  const dataTo = packedBytes === undefined ? bytes.length : dataFrom + packedBytes
  if (dataTo > bytes.length) throw damaged('xz', 'ends too early')
  const end = readLzma2(bytes, dataFrom, dataTo, windowBytes, decoder, output)
  const produced = output.bytes.subarray(begun, output.length)
  if ((packedBytes ?? end - dataFrom) !== end - dataFrom || (sizeBytes ?? produced.length) !== produced.length)
    throw damaged('xz', 'has a block of another size than its header says')
  const padding = -(end - from) & 3
  if (slice(bytes, end, padding).some((byte) => byte !== 0)) throw damaged('xz', 'has a block that is padded with data')
  const expected = check(produced)
  const found = slice(bytes, end + padding, expected.length)
  if (!isSame(expected, found)) throw damaged('xz', 'fails the checksum of a block')
  return { unpaddedBytes: end - from + expected.length, sizeBytes: produced.length }
}

function readBlockHeader(header: Uint8Array): {
  readonly windowBytes: number
  readonly packedBytes: number | undefined
  readonly sizeBytes: number | undefined
} {
  const fields = header.subarray(0, -4)
  const flags = byteAt(fields, 1)
  if ((flags & 0x3c) !== 0) throw notRead('xz', 'a block with flags of a later version')
  const place = { at: 2 }
  const packedBytes = (flags & 0x40) === 0 ? undefined : readNumber(fields, place)
  const sizeBytes = (flags & 0x80) === 0 ? undefined : readNumber(fields, place)
  const filter = readNumber(fields, place)
  if ((flags & 3) !== 0 || filter !== LZMA2)
    throw notRead('xz', OTHER_FILTERS.get(filter) ?? `a filter of the kind ${filter}`)
  const propertyBytes = readNumber(fields, place)
  const dictionary = byteAt(fields, place.at)
  if (propertyBytes !== 1 || dictionary > 40) throw damaged('xz', 'has a block with a window that is none')
  if (fields.subarray(place.at + 1).some((byte) => byte !== 0)) throw notRead('xz', 'a block header of a later version')
  const windowBytes = dictionary === 40 ? 0xffff_ffff : (2 | (dictionary & 1)) * 2 ** ((dictionary >> 1) + 11)
  return { windowBytes, packedBytes, sizeBytes }
}

/** LZMA2: chunks of LZMA, or of bytes as they are. @returns where it ends */
function readLzma2(
  bytes: Uint8Array,
  from: number,
  to: number,
  windowBytes: number,
  decoder: LzmaDecoder,
  output: Output,
): number {
  let at = from
  let hasWindow = false
  let hasProperties = false
  for (;;) {
    if (at >= to) throw damaged('xz', 'ends too early')
    const control = bytes[at] as number
    if (control === 0) return at + 1
    // a number of 2 bytes, and one more with properties for LZMA
    const headerBytes = control < 0x80 ? 3 : control < 0xc0 ? 5 : 6
    if (at + headerBytes > to) throw damaged('xz', 'ends too early')
    if (control === 1 || control >= 0xe0) {
      decoder.beginWindow(windowBytes)
      hasWindow = true
      hasProperties = false
    } else if (!hasWindow) throw damaged('xz', 'has a chunk that needs an earlier one')
    const size = shortAt(bytes, at + 1) + 1
    const dataFrom = at + headerBytes
    if (control < 0x80) {
      if (control > 2) throw damaged('xz', `has a chunk of the unknown kind ${control}`)
      at = dataFrom + size
      if (at > to) throw damaged('xz', 'ends too early')
      output.append(bytes.subarray(dataFrom, at))
      continue
    }
    if (control >= 0xc0) {
      const properties = lzmaProperties(bytes[at + 5] as number)
      if (properties === undefined) throw damaged('xz', 'has a chunk with properties that are none')
      decoder.configure(properties)
      hasProperties = true
    } else if (!hasProperties) throw damaged('xz', 'has a chunk that needs an earlier one')
    else if (control >= 0xa0) decoder.reset()
    at = dataFrom + shortAt(bytes, at + 3) + 1
    if (at > to) throw damaged('xz', 'ends too early')
    if (decoder.decode(dataFrom, at, (control & 0x1f) * 65_536 + size, false) !== at)
      throw damaged('xz', 'has a chunk that does not end where it should')
  }
}

function shortAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

/** The index repeats the sizes of all blocks. @returns where it ends */
function readIndex(bytes: Uint8Array, from: number, blocks: readonly Block[]): number {
  const place = { at: from + 1 }
  let isSame = readNumber(bytes, place) === blocks.length
  for (let i = 0; isSame && i < blocks.length; i++)
    isSame = readNumber(bytes, place) === blocks[i]?.unpaddedBytes && readNumber(bytes, place) === blocks[i]?.sizeBytes
  if (!isSame) throw damaged('xz', 'has an index that does not fit its blocks')
  while ((place.at - from) % 4 !== 0)
    if (byteAt(bytes, place.at++) !== 0) throw damaged('xz', 'has an index that is padded with data')
  verifyCrc(bytes.subarray(from, place.at), slice(bytes, place.at, 4), 'index')
  return place.at + 4
}

/** A number of seven bits a byte, the lowest first; xz allows 63 bits, and no file has more than 53. */
function readNumber(bytes: Uint8Array, place: { at: number }): number {
  let value = 0
  for (let i = 0; i < 9; i++) {
    const byte = byteAt(bytes, place.at++)
    if (i > 0 && byte === 0) break
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) break
      return value
    }
  }
  throw damaged('xz', 'has a number that is none')
}

function verifyCrc(bytes: Uint8Array, stored: Uint8Array, what: string): void {
  if (crc32(bytes) !== viewOf(stored).getUint32(0, true)) throw damaged('xz', `fails the checksum of its ${what}`)
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw damaged('xz', 'ends too early')
  return byte
}

function slice(bytes: Uint8Array, from: number, count: number): Uint8Array {
  if (from + count > bytes.length) throw damaged('xz', 'ends too early')
  return bytes.subarray(from, from + count)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function littleEndian(value: bigint, count: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes.subarray(0, count)
}
