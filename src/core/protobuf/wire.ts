/** How a value stands on the wire: the lower three bits of a tag. @see Protocol Buffers, "Encoding" */
export const VARINT = 0
export const FIXED64 = 1
export const LENGTH = 2
export const START_GROUP = 3
export const END_GROUP = 4
export const FIXED32 = 5

const WIRE_NAMES = ['a varint', 'eight bytes', 'bytes with a length', 'a group', 'the end of a group', 'four bytes']

/** A wire type in words, for messages. */
export function wireName(wire: number): string {
  return WIRE_NAMES[wire] ?? `the unknown wire type ${wire}`
}

/** The tag of a field: its number, and how its value stands there. */
export function tagOf(field: number, wire: number): number {
  return ((field << 3) | wire) >>> 0
}

/** The upper 32 bits of a whole number as 64, sign and all; the lower ones are `value | 0`. */
export function upperWord(value: number): number {
  return Math.floor(value / 2 ** 32) | 0
}

/** Bytes of an unsigned number below 2^32 as a varint. */
export function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5
}

/** Bytes of a 64-bit number, in two words of any sign, as a varint. */
export function varint64Size(low: number, high: number): number {
  if (high === 0) return varintSize(low >>> 0)
  const upper = high >>> 0
  if (upper < 1 << 3) return 5
  return upper < 1 << 10 ? 6 : upper < 1 << 17 ? 7 : upper < 1 << 24 ? 8 : upper < 2 ** 31 ? 9 : 10
}

/**
 * Writes an unsigned number below 2^32 as a varint.
 * @returns the place behind it
 */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value
  let to = at
  for (; rest > 0x7f; rest >>>= 7) target[to++] = (rest & 0x7f) | 0x80
  target[to] = rest
  return to + 1
}

/** As `writeVarint`, for a 64-bit number in two words of any sign. */
export function writeVarint64(target: Uint8Array, at: number, low: number, high: number): number {
  if (high === 0) return writeVarint(target, at, low >>> 0)
  let to = at
  let lower = low >>> 0
  for (let i = 0; i < 4; i++, lower >>>= 7) target[to++] = (lower & 0x7f) | 0x80
  const upper = high >>> 0
  const middle = lower | ((upper & 7) << 4)
  const rest = upper >>> 3
  if (rest === 0) {
    target[to] = middle
    return to + 1
  }
  target[to] = middle | 0x80
  return writeVarint(target, to + 1, rest)
}
