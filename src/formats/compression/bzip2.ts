import { BitReader } from './bit-reader.ts'
import { buildCode, decodeSymbol, MAX_CODE_LENGTH, type Code } from './huffman.ts'
import type { Output } from './output.ts'
import { damaged, notRead } from './problems.ts'

const MAX_GROUPS = 6
/** Symbols that one selector stands for. */
const GROUP_SYMBOLS = 50
/** Selectors that a block of 900,000 bytes can need; writers may add a few that mean nothing. */
const MAX_SELECTORS = 18_002

const BLOCK_MARK = [0x314159, 0x265359] as const
const END_MARK = [0x177245, 0x385090] as const

/**
 * Unpacks bzip2: one stream or more, each block and stream checked by its CRC.
 * @throws {ServingError} `refused`; `too_large`; `unsupported` for the randomised blocks of 1996
 */
export function decompressBzip2(bytes: Uint8Array, output: Output): void {
  const block = new Block()
  let at = 0
  do at = readStream(bytes, at, block, output)
  while (at < bytes.length)
}

/** @returns where the stream ends */
function readStream(bytes: Uint8Array, from: number, block: Block, output: Output): number {
  const level = (bytes[from + 3] ?? 0) - 0x30
  if (bytes[from] !== 0x42 || bytes[from + 1] !== 0x5a || bytes[from + 2] !== 0x68 || level < 1 || level > 9)
    throw damaged('bzip2', from === 0 ? 'has no bzip2 header' : `is followed by other bytes, at ${from}`)
  const bits = new BitReader(bytes, from + 4)
  block.maxLength = level * 100_000
  let combined = 0
  for (;;) {
    const mark = [bits.read(24), bits.read(24)]
    const expected = bits.readWord()
    if (bits.isPastEnd) throw damaged('bzip2', 'ends too early')
    if (mark[0] === END_MARK[0] && mark[1] === END_MARK[1]) {
      if (expected !== combined >>> 0) throw damaged('bzip2', 'fails its checksum')
      return bits.nextByte
    }
    if (mark[0] !== BLOCK_MARK[0] || mark[1] !== BLOCK_MARK[1])
      throw damaged('bzip2', `has no block where one should begin, near byte ${bits.nextByte}`)
    const begun = output.length
    readBlock(bits, block, output)
    const crc = crcOf(output.bytes, begun, output.length)
    if (crc !== expected) throw damaged('bzip2', `fails the checksum of a block, near byte ${bits.nextByte}`)
    combined = ((combined << 1) | (combined >>> 31)) ^ crc
  }
}

/** What a block holds before it is unwound: one byte in each link, the last column of the sorted block. */
class Block {
  /** Grows with what there is, as no header says how long a block is. */
  links = new Uint32Array(65_536)
  length = 0
  maxLength = 0
  readonly counts = new Uint32Array(256)

  begin(): void {
    this.length = 0
    this.counts.fill(0)
  }

  push(byte: number, count: number): void {
    const length = this.length + count
    if (length > this.maxLength) throw damaged('bzip2', 'has a block that is too long')
    if (length > this.links.length) {
      const links = new Uint32Array(Math.min(this.maxLength, Math.max(length, this.links.length * 2)))
      links.set(this.links)
      this.links = links
    }
    if (count === 1) this.links[this.length] = byte
    else this.links.fill(byte, this.length, length)
    this.counts[byte] = (this.counts[byte] as number) + count
    this.length = length
  }
}

function readBlock(bits: BitReader, block: Block, output: Output): void {
  if (bits.read(1) === 1) throw notRead('bzip2', 'a randomised block')
  const origin = bits.read(24)
  const symbols = readSymbols(bits)
  const { codes, selectors } = readCodes(bits, symbols.length + 2)
  block.begin()
  readMoves(bits, symbols, codes, selectors, block)
  if (origin >= block.length) throw damaged('bzip2', 'has a block that begins outside itself')
  sortLinks(block)
  unwind(block, origin, output)
}

/** The bytes that occur in the block, from small to large: the list at whose front the most recent stands. */
function readSymbols(bits: BitReader): Uint8Array {
  const ranges = bits.read(16)
  const symbols: number[] = []
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >> range)) === 0) continue
    const used = bits.read(16)
    for (let i = 0; i < 16; i++) if ((used & (0x8000 >> i)) !== 0) symbols.push(range * 16 + i)
  }
  if (symbols.length === 0) throw damaged('bzip2', 'has a block without symbols')
  return Uint8Array.from(symbols)
}

function readCodes(bits: BitReader, alphabet: number): { codes: Code[]; selectors: Uint8Array } {
  const groups = bits.read(3)
  const count = bits.read(15)
  if (groups < 2 || groups > MAX_GROUPS || count === 0) throw damaged('bzip2', 'has a block with no codes')
  const recent = Array.from({ length: groups }, (_, i) => i)
  const selectors = new Uint8Array(Math.min(count, MAX_SELECTORS))
  for (let i = 0; i < count; i++) {
    let place = 0
    while (bits.read(1) === 1) if (++place >= groups) throw damaged('bzip2', 'names a code that it has not')
    const [group = 0] = recent.splice(place, 1)
    recent.unshift(group)
    if (i < selectors.length) selectors[i] = group
  }
  const codes: Code[] = []
  const lengths = new Uint8Array(alphabet)
  for (let group = 0; group < groups; group++) {
    let length = bits.read(5)
    for (let symbol = 0; symbol < alphabet; symbol++) {
      for (;;) {
        if (length < 1 || length > MAX_CODE_LENGTH) throw damaged('bzip2', `has a code of ${length} bits`)
        if (bits.read(1) === 0) break
        length += bits.read(1) === 0 ? 1 : -1
      }
      lengths[symbol] = length
    }
    const code = buildCode(lengths)
    if (code === undefined) throw damaged('bzip2', 'has a code that is none')
    codes.push(code)
  }
  return { codes, selectors }
}

/** Undoes run lengths and moves to the front. */
function readMoves(
  bits: BitReader,
  symbols: Uint8Array,
  codes: readonly Code[],
  selectors: Uint8Array,
  block: Block,
): void {
  const end = symbols.length + 1
  let run = 0
  let step = 1
  for (let group = 0; ; group++) {
    const code = codes[selectors[group] ?? -1]
    if (code === undefined || bits.isPastEnd) throw damaged('bzip2', 'has a block that ends too early')
    for (let i = 0; i < GROUP_SYMBOLS; i++) {
      const symbol = decodeSymbol(code, bits)
      if (symbol < 2) {
        // the digits of a run's length, in a system of 1 and 2
        if (symbol < 0) throw damaged('bzip2', 'has bits that stand for nothing')
        run += step << symbol
        step *= 2
        if (run > block.maxLength) throw damaged('bzip2', 'has a block that is too long')
        continue
      }
      if (run > 0) {
        block.push(symbols[0] as number, run)
        run = 0
        step = 1
      }
      if (symbol === end) return
      const byte = symbols[symbol - 1] as number
      for (let i = symbol - 1; i > 0; i--) symbols[i] = symbols[i - 1] as number
      symbols[0] = byte
      block.push(byte, 1)
    }
  }
}

/** Puts into each link, above its byte, the place of the byte that follows. */
function sortLinks({ links, length, counts }: Block): void {
  const places = new Uint32Array(256)
  for (let byte = 1; byte < 256; byte++) places[byte] = (places[byte - 1] as number) + (counts[byte - 1] as number)
  for (let i = 0; i < length; i++) {
    const byte = (links[i] as number) & 0xff
    const place = places[byte] as number
    places[byte] = place + 1
    links[place] = (links[place] as number) | (i << 8)
  }
}

/** Follows the links; four equal bytes are followed by how many more there are. */
function unwind({ links, length }: Block, origin: number, output: Output): void {
  let link = links[(links[origin] as number) >>> 8] as number
  let last = -1
  let equal = 0
  for (let left = length; left > 0; left--) {
    const byte = link & 0xff
    link = links[link >>> 8] as number
    if (equal === 4) {
      output.fill(last, byte)
      equal = 0
      last = -1
      continue
    }
    equal = byte === last ? equal + 1 : 1
    last = byte
    if (output.length === output.bytes.length) output.reserve(1)
    output.bytes[output.length++] = byte
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1
  return crc >>> 0
})

/** bzip2's CRC-32: the usual polynomial, the highest bit first. */
function crcOf(bytes: Uint8Array, from: number, to: number): number {
  let crc = -1
  for (let i = from; i < to; i++) crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ (bytes[i] as number)] as number)
  return ~crc >>> 0
}
