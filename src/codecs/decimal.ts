/**
 * Numbers as text, by one strict grammar everywhere: an optional sign, ASCII digits with an optional point, an optional
 * exponent. No hexadecimal, no separators, no full-width digits, no words.
 * @see JSON's numbers (RFC 8259, section 6), widened by `+1`, `.5`, `5.` and leading zeros, which CSV writers print
 */

export const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

/** Digits up to which a mantissa is exact in a double, and powers of ten that are exact too: one rounding, the right one. */
export const EXACT_DIGITS = 15
export const EXACT_POWER = 22

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
  if (digits > EXACT_DIGITS || power > EXACT_POWER || power < -EXACT_POWER) return nearestDouble(bytes, from, to)
  const size = power < 0 ? mantissa / (POWERS_OF_TEN[-power] as number) : mantissa * (POWERS_OF_TEN[power] as number)
  return isNegative ? -size : size
}

/** Digits that fit in an Int32, and digits of two such: a pair of doubles adds up to those exactly. */
export const HALF_DIGITS = 9
const PAIR_DIGITS = 18
/** Splits a double in two halves whose products are exact. @see T. J. Dekker, A floating-point technique (1971) */
const HALVES = 2 ** 27 + 1
/** Widens what rounding has cut off, by far more than it can be wrong itself. */
const WIDER = 1 + 2 ** -30

/**
 * The double nearest to a decimal whose grammar somebody has checked. Numbers of up to 18 digits, which is how doubles
 * are printed, are reckoned in pairs of doubles, faster than `Number` reads a string; where the pair lies too near to
 * the middle of two doubles to tell, and for all the rest, that is what answers.
 */
export function nearestDouble(bytes: Uint8Array, from: number, to: number): number {
  let at = from
  const isNegative = bytes[at] === 0x2d
  if (isNegative || bytes[at] === 0x2b) at++
  let point = -1
  for (; at < to; at++) {
    if (bytes[at] === 0x2e) point = at
    else if (bytes[at] !== 0x30) break
  }
  let first = 0
  let second = 0
  let scale = 1
  let digits = 0
  for (; at < to; at++) {
    const digit = (bytes[at] as number) ^ 0x30
    if (digit > 9) {
      if (bytes[at] !== 0x2e) break
      point = at
    } else if (digits < HALF_DIGITS) {
      first = (first * 10 + digit) | 0
      digits++
    } else if (digits < PAIR_DIGITS) {
      second = (second * 10 + digit) | 0
      scale *= 10
      digits++
    } else return Number(textOf(bytes, from, to))
  }
  let power = point < 0 ? 0 : point + 1 - at
  if (at < to) power += exponentOf(bytes, at + 1, to)
  const size = nearestOfPair(first * scale, second, power)
  if (Number.isNaN(size)) return Number(textOf(bytes, from, to))
  return isNegative ? -size : size
}

function exponentOf(bytes: Uint8Array, from: number, to: number): number {
  const isDown = bytes[from] === 0x2d
  let exponent = 0
  for (let at = isDown || bytes[from] === 0x2b ? from + 1 : from; at < to; at++)
    if (exponent < 1e9) exponent = exponent * 10 + ((bytes[at] as number) ^ 0x30)
  return isDown ? -exponent : exponent
}

/**
 * The double nearest to (upper + second) * 10^power.
 * @param upper up to 9 digits times up to 10^9, which is exact: 30 bits, and 5^9 has 21
 * @param second less than the power of ten in `upper`
 * @returns NaN when it cannot tell
 */
export function nearestOfPair(upper: number, second: number, power: number): number {
  if (power > EXACT_POWER || power < -EXACT_POWER) return Number.NaN
  const high = upper + second
  const low = second - (high - upper)
  const ten = POWERS_OF_TEN[Math.abs(power)] as number
  const tenHigh = highHalf(ten)
  const tenLow = ten - tenHigh
  let near: number
  let correction: number
  if (power < 0) {
    near = high / ten
    const nearHigh = highHalf(near)
    const nearLow = near - nearHigh
    const back = near * ten
    const backLow = nearHigh * tenHigh - back + nearHigh * tenLow + nearLow * tenHigh + nearLow * tenLow
    correction = (high - back - backLow + low) / ten
  } else {
    near = high * ten
    const highHigh = highHalf(high)
    const highLow = high - highHigh
    correction = highHigh * tenHigh - near + highHigh * tenLow + highLow * tenHigh + highLow * tenLow + low * ten
  }
  const size = near + correction
  const cut = correction - (size - near)
  return size + cut * WIDER === size ? size : Number.NaN
}

function highHalf(value: number): number {
  const wide = value * HALVES
  return wide - (wide - value)
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
  const all = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return all.toString('latin1', from, to)
}
