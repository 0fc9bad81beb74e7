/** CRC-64 of ECMA-182, the lowest bit first, as xz has it: four tables, so that four bytes are taken at a time. */
const LOW: readonly Uint32Array[] = Array.from({ length: 4 }, () => new Uint32Array(256))
const HIGH: readonly Uint32Array[] = Array.from({ length: 4 }, () => new Uint32Array(256))

const POLYNOMIAL_LOW = 0xd787_0f42
const POLYNOMIAL_HIGH = 0xc96c_5795

const [low0, low1, low2, low3] = LOW as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
const [high0, high1, high2, high3] = HIGH as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]

for (let byte = 0; byte < 256; byte++) {
  let low = byte
  let high = 0
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) === 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (!isOdd) continue
    low ^= POLYNOMIAL_LOW
    high ^= POLYNOMIAL_HIGH
  }
  low0[byte] = low
  high0[byte] = high
}
for (let table = 1; table < 4; table++)
  for (let byte = 0; byte < 256; byte++) {
    const low = LOW[table - 1]?.[byte] as number
    const high = HIGH[table - 1]?.[byte] as number
    const last = low & 0xff
    ;(LOW[table] as Uint32Array)[byte] = ((low >>> 8) | (high << 24)) ^ (low0[last] as number)
    ;(HIGH[table] as Uint32Array)[byte] = (high >>> 8) ^ (high0[last] as number)
  }

/** The check of some bytes, as xz writes it. */
export function crc64(bytes: Uint8Array): bigint {
  let low = -1
  let high = -1
  const { length } = bytes
  let at = 0
  for (; at + 4 <= length; at += 4) {
    const a = (low ^ (bytes[at] as number)) & 0xff
    const b = ((low >>> 8) ^ (bytes[at + 1] as number)) & 0xff
    const c = ((low >>> 16) ^ (bytes[at + 2] as number)) & 0xff
    const d = (low >>> 24) ^ (bytes[at + 3] as number)
    low = high ^ (low3[a] as number) ^ (low2[b] as number) ^ (low1[c] as number) ^ (low0[d] as number)
    high = (high3[a] as number) ^ (high2[b] as number) ^ (high1[c] as number) ^ (high0[d] as number)
  }
  for (; at < length; at++) {
    const last = (low ^ (bytes[at] as number)) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ (low0[last] as number)
    high = (high >>> 8) ^ (high0[last] as number)
  }
  return (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)
}
