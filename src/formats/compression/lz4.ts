import type { Output } from './output.ts'
import { damaged, notRead } from './problems.ts'
import { xxh32 } from './xxh32.ts'

const MAGIC = 0x184d_2204
const MIN_MATCH = 4

interface FrameHeader {
  readonly hasLinkedBlocks: boolean
  readonly hasBlockChecks: boolean
  readonly hasContentCheck: boolean
  readonly contentBytes: number | undefined
  readonly maxBlockBytes: number
  /** Where the first block begins. */
  readonly end: number
}

/**
 * Unpacks LZ4 frames: one or more, each with the checks that it has.
 * @throws {ServingError} `refused`; `too_large`; `unsupported` for dictionaries, and for the form of 2011 by its header
 * @see "LZ4 Frame Format Description", version 1.6; "LZ4 Block Format Description"
 */
export function decompressLz4(bytes: Uint8Array, output: Output): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  do at = readFrame(bytes, view, at, output)
  while (at < bytes.length)
}

function readFrame(bytes: Uint8Array, view: DataView, from: number, output: Output): number {
  const { hasLinkedBlocks, hasBlockChecks, hasContentCheck, contentBytes, maxBlockBytes, end } = readHeader(
    bytes,
    view,
    from,
  )
  const begun = output.length
  let at = end
  for (;;) {
    const word = wordAt(view, at)
    at += 4
    if (word === 0) break
    const size = word & 0x7fff_ffff
    if (size > maxBlockBytes) throw damaged('lz4', `has a block of ${size} bytes, and the most is ${maxBlockBytes}`)
    if (at + size > bytes.length) throw damaged('lz4', 'ends too early')
    const block = bytes.subarray(at, at + size)
    const blockBegun = output.length
    if (word > 0x7fff_ffff) output.append(block)
    else readBlock(block, hasLinkedBlocks ? begun : blockBegun, blockBegun + maxBlockBytes, output)
    at += size
    if (!hasBlockChecks) continue
    if (wordAt(view, at) !== xxh32(block)) throw damaged('lz4', `fails the checksum of a block, at ${at}`)
    at += 4
  }
  if (contentBytes !== undefined && contentBytes !== output.length - begun)
    throw damaged('lz4', `holds ${output.length - begun} bytes, and its header says ${contentBytes}`)
  if (!hasContentCheck) return at
  if (wordAt(view, at) !== xxh32(output.bytes.subarray(begun, output.length)))
    throw damaged('lz4', 'fails its checksum')
  return at + 4
}

function readHeader(bytes: Uint8Array, view: DataView, from: number): FrameHeader {
  if (wordAt(view, from) !== MAGIC)
    throw damaged('lz4', from === 0 ? 'has no LZ4 header' : `is followed by other bytes, at ${from}`)
  if (from + 7 > bytes.length) throw damaged('lz4', 'ends too early')
  const flags = view.getUint8(from + 4)
  const block = view.getUint8(from + 5)
  const blockSize = (block >> 4) & 7
  if (flags >> 6 !== 1 || (flags & 2) !== 0 || (block & 0x8f) !== 0 || blockSize < 4)
    throw damaged('lz4', 'has a header of no known version')
  if ((flags & 1) !== 0) throw notRead('lz4', 'a dictionary')
  let at = from + 6
  let contentBytes: number | undefined
  if ((flags & 8) !== 0) {
    contentBytes = wordAt(view, at) + wordAt(view, at + 4) * 2 ** 32
    at += 8
  }
  if (at >= bytes.length) throw damaged('lz4', 'ends too early')
  if (((xxh32(bytes.subarray(from + 4, at)) >>> 8) & 0xff) !== bytes[at])
    throw damaged('lz4', 'fails the checksum of its header')
  return {
    hasLinkedBlocks: (flags & 0x20) === 0,
    hasBlockChecks: (flags & 0x10) !== 0,
    hasContentCheck: (flags & 4) !== 0,
    contentBytes,
    maxBlockBytes: 2 ** (8 + 2 * blockSize),
    end: at + 1,
  }
}

/**
 * One block: runs of literals, each followed by a match but for the last.
 * @param floor of the output: matches reach back to there at most
 * @param ceiling of the output: where the block ends at the latest
 */
function readBlock(block: Uint8Array, floor: number, ceiling: number, output: Output): void {
  const place = { at: 0 }
  while (place.at < block.length) {
    const token = block[place.at++] as number
    const literals = readLength(block, place, token >> 4)
    const from = place.at
    place.at += literals
    if (place.at > block.length) throw damaged('lz4', 'has a block that ends too early')
    checkRoom(output, literals, ceiling)
    if (literals > 0) output.append(block.subarray(from, place.at))
    if (place.at === block.length && (token & 15) === 0) return
    const low = byteAt(block, place)
    const distance = low | (byteAt(block, place) << 8)
    if (distance === 0 || distance > output.length - floor) throw damaged('lz4', 'copies from before its beginning')
    const count = readLength(block, place, token & 15) + MIN_MATCH
    checkRoom(output, count, ceiling)
    output.repeat(distance, count)
  }
  throw damaged('lz4', 'has a block that ends in a match')
}

/** A length of four bits; the bytes that follow one of 15 are added, up to the first that is not 255. */
function readLength(block: Uint8Array, place: { at: number }, short: number): number {
  if (short < 15) return short
  let length = short
  for (;;) {
    const byte = byteAt(block, place)
    length += byte
    if (byte !== 255) return length
  }
}

function byteAt(block: Uint8Array, place: { at: number }): number {
  const byte = block[place.at++]
  if (byte === undefined) throw damaged('lz4', 'has a block that ends too early')
  return byte
}

function checkRoom(output: Output, count: number, ceiling: number): void {
  if (output.length + count > ceiling) throw damaged('lz4', 'has a block that unpacks to more than it may')
}

function wordAt(view: DataView, at: number): number {
  if (at + 4 > view.byteLength) throw damaged('lz4', 'ends too early')
  return view.getUint32(at, true)
}
