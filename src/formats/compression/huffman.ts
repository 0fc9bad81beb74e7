import type { BitReader } from './bit-reader.ts'

/** Longest code of a symbol (bits). */
export const MAX_CODE_LENGTH = 20

/** Codes up to here are found by one look. */
const TABLE_BITS = 10

/** A canonical prefix code: shorter codes before longer ones, of one length in the order of their symbols. */
export interface Code {
  /** For each start of `TABLE_BITS` bits: the symbol above, the length of its code in the lowest five bits; 0 for longer codes. */
  readonly table: Uint16Array
  /** For each length: one more than the largest code; what to subtract for the place in `symbols`. */
  readonly limits: Int32Array
  readonly offsets: Int32Array
  readonly symbols: Uint16Array
  readonly longest: number
}

/** The code with these lengths, each from 1 up; undefined where they have no room. */
export function buildCode(lengths: Uint8Array): Code | undefined {
  const counts = new Int32Array(MAX_CODE_LENGTH + 2)
  for (const length of lengths) counts[length] = (counts[length] as number) + 1
  const limits = new Int32Array(MAX_CODE_LENGTH + 1)
  const offsets = new Int32Array(MAX_CODE_LENGTH + 1)
  const symbols = new Uint16Array(lengths.length)
  const table = new Uint16Array(1 << TABLE_BITS)
  let next = 0
  let place = 0
  let longest = 0
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    const count = counts[length] as number
    next <<= 1
    offsets[length] = next - place
    if (count > 0) {
      longest = length
      for (let symbol = 0; symbol < lengths.length; symbol++) {
        if (lengths[symbol] !== length) continue
        symbols[place++] = symbol
        if (next >= 1 << length) return undefined
        if (length <= TABLE_BITS) {
          const spare = TABLE_BITS - length
          table.fill((symbol << 5) | length, next << spare, (next + 1) << spare)
        }
        next++
      }
    }
    limits[length] = next
  }
  return { table, limits, offsets, symbols, longest }
}

/** The next symbol; -1 for bits that no symbol has. */
export function decodeSymbol({ table, limits, offsets, symbols, longest }: Code, bits: BitReader): number {
  const window = bits.peek(MAX_CODE_LENGTH)
  const found = table[window >>> (MAX_CODE_LENGTH - TABLE_BITS)] as number
  if (found !== 0) {
    bits.skip(found & 31)
    return found >>> 5
  }
  for (let length = TABLE_BITS + 1; length <= longest; length++) {
    const code = window >>> (MAX_CODE_LENGTH - length)
    if (code >= (limits[length] as number)) continue
    bits.skip(length)
    return symbols[code - (offsets[length] as number)] ?? -1
  }
  return -1
}
