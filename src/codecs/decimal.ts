/**
 * Numbers as text, by one strict grammar everywhere: an optional sign, ASCII digits with an optional point, an optional
 * exponent. No hexadecimal, no separators, no full-width digits, no words.
 * @see JSON's numbers (RFC 8259, section 6), widened by `+1`, `.5`, `5.` and leading zeros, which CSV writers print
 */

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

/** Digits up to which a mantissa is exact in a double, and powers of ten that are exact too: one rounding, the right one. */
const EXACT_DIGITS = 15
const EXACT_POWER = 22

/**
 * The double nearest to the decimal in `bytes[from, to)`; NaN when it is none. May be infinite where the text overflows.
 * Short numbers are put together from their digits, without a string in between.
 */
export function parseDecimal(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  let byte = bytes[at] as number
  const isNegative = byte === 0x2d
  if (isNegative || byte === 0x2b) at++
  let mantissa = 0
  let digits = 0
  let fraction = 0
  for (; at < to; at++) {
    byte = (bytes[at] as number) - 0x30
    if (byte < 0 || byte > 9) break
    mantissa = mantissa * 10 + byte
    digits++
  }
  if (at < to && bytes[at] === 0x2e) {
    for (at++; at < to; at++) {
      byte = (bytes[at] as number) - 0x30
      if (byte < 0 || byte > 9) break
      mantissa = mantissa * 10 + byte
      digits++
      fraction++
    }
  }
  if (digits === 0) return Number.NaN
  let power = -fraction
  if (at < to && ((bytes[at] as number) | 0x20) === 0x65) {
    at++
    const isDown = bytes[at] === 0x2d
    if (isDown || bytes[at] === 0x2b) at++
    let exponent = 0
    const first = at
    for (; at < to; at++) {
      byte = (bytes[at] as number) - 0x30
      if (byte < 0 || byte > 9) break
      if (exponent < 100_000) exponent = exponent * 10 + byte
    }
    if (at === first) return Number.NaN
    power += isDown ? -exponent : exponent
  }
  if (at < to) return Number.NaN
  if (digits > EXACT_DIGITS || power > EXACT_POWER || power < -EXACT_POWER) return Number(textOf(bytes, from, to))
  const size = power < 0 ? mantissa / (POWERS_OF_TEN[-power] as number) : mantissa * (POWERS_OF_TEN[power] as number)
  return isNegative ? -size : size
}

/** More digits than any 64-bit integer has: what is longer is out of range, whatever it is. */
const MOST_DIGITS = 20

/**
 * The whole number that a decimal stands for, exactly (`12`, `12.0`, `1.2e1`).
 * @param text a decimal that `parseDecimal` takes
 * @returns undefined when it has a fraction, or more than 20 digits
 */
export function parseWhole(text: string): bigint | undefined {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text)
  if (parts === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts
  const digits = whole + fraction
  let first = 0
  while (digits.charCodeAt(first) === 0x30) first++
  if (first === digits.length) return 0n
  let last = digits.length
  while (digits.charCodeAt(last - 1) === 0x30) last--
  const zeros = digits.length - last + Number(exponent) - fraction.length
  if (zeros < 0 || last - first + zeros > MOST_DIGITS) return undefined
  const size = BigInt(digits.slice(first, last)) * 10n ** BigInt(zeros)
  return sign === '-' ? -size : size
}

/** ASCII bytes as a string. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
}
