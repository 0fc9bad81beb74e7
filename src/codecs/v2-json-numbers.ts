import { INTEGER_BOUNDS, isBigInt, type Datatype } from '../tensor/datatype.ts'
import { EXACT_DIGITS, EXACT_POWER, HALF_DIGITS, nearestOfPair, POWERS_OF_TEN } from './decimal.ts'
import { CLOSE_LIST, COMMA, LETTER_N, MINUS, startsNumber, ZERO } from './json-scanner.ts'
import { refuseElement, type FloatTarget, type IntegerTarget, type Reading } from './v2-json-reading.ts'

const LETTER_T = 0x74
const LETTER_F = 0x66
const LETTER_E = 0x65
const POINT = 0x2e
const SPACE = 0x20
/** What a point, a comma and a closing bracket are where a digit's value is taken: not 0 to 9. */
const POINT_DIGIT = POINT ^ ZERO
const COMMA_DIGIT = COMMA ^ ZERO
const CLOSE_DIGIT = CLOSE_LIST ^ ZERO
/** Beyond this, digits in two halves are more than a double counts exactly. */
const EXACT_SCALE = 10 ** (EXACT_DIGITS - HALF_DIGITS)
/** Any whole number of nine digits is less. */
const MOST_PLAIN = 10 ** HALF_DIGITS

/**
 * Reads the elements of a list up to its closing bracket, as `readList` does. Numbers as nearly all are written are
 * reckoned here, in one loop without a call; the scanner takes the others.
 */
export function readFloats(reading: Reading, target: FloatTarget, from: number, to: number): number {
  const { scanner } = reading
  const { bytes } = scanner
  let at = scanner.at
  for (let i = from; ; i++) {
    scanner.at = at
    const isNegative = bytes[at] === MINUS
    if (isNegative) at++
    // nine digits fit in an Int32, and nine more in another
    let end = at + HALF_DIGITS
    const lead = (bytes[at] as number) ^ ZERO
    let digit = (bytes[++at] as number) ^ ZERO
    let first = lead
    let isPlain = lead <= 9 && (lead !== 0 || digit > 9)
    for (; digit <= 9 && at < end; digit = (bytes[++at] as number) ^ ZERO) first = (first * 10 + digit) | 0
    let second = 0
    let scale = 1
    let power = 0
    if (digit === POINT_DIGIT) {
      const point = at++
      if (first === 0) {
        while (bytes[at] === ZERO) at++
        end = at + HALF_DIGITS
      } else end++
      digit = (bytes[at] as number) ^ ZERO
      for (; digit <= 9 && at < end; digit = (bytes[++at] as number) ^ ZERO) first = (first * 10 + digit) | 0
      if (digit <= 9) {
        end = at + HALF_DIGITS
        for (; digit <= 9 && at < end; digit = (bytes[++at] as number) ^ ZERO) second = (second * 10 + digit) | 0
        scale = POWERS_OF_TEN[at + HALF_DIGITS - end] as number
      }
      power = at - point - 1
      if (power === 0 || power > EXACT_POWER) isPlain = false
    }
    const isLast = digit === CLOSE_DIGIT
    if (isPlain && (isLast || digit === COMMA_DIGIT) && i < to) {
      let size = first * scale + second
      if (scale > EXACT_SCALE) size = nearestOfPair(first * scale, second, -power)
      else if (power > 0) size /= POWERS_OF_TEN[power] as number
      if (size === size) {
        target[i] = isNegative ? -size : size
        if (!isLast) {
          // one space behind the comma, as Python writes it
          at += bytes[at + 1] === SPACE ? 2 : 1
          continue
        }
        scanner.at = at
        scanner.close()
        return i + 1 - from
      }
    }
    readFloat(reading, target, i, to)
    if (!scanner.hasMore()) return i + 1 - from
    at = scanner.at
  }
}

function readFloat(reading: Reading, target: FloatTarget, i: number, to: number): void {
  const { scanner } = reading
  const byte = scanner.next()
  const at = scanner.at
  if (i >= to) scanner.skip()
  else if (byte === LETTER_N) {
    scanner.word('null')
    target[i] = Number.NaN
  } else if (!startsNumber(byte))
    throw refuseElement(reading, i, at, `${reading.datatype} takes numbers, and null for a missing one`)
  else {
    target[i] = scanner.number()
    // 1e400 is infinite, and FP32 holds nothing above 3.4e38
    if (!Number.isFinite(target[i])) throw refuseElement(reading, i, at, `it is too large for ${reading.datatype}`)
  }
}

/** As `readFloats`, for the integers and BOOL. */
export function readIntegers(reading: Reading, target: IntegerTarget, from: number, to: number): number {
  const { scanner, datatype } = reading
  const { bytes } = scanner
  const isLong = isBigInt(datatype)
  const least = isLong ? (datatype === 'INT64' ? -MOST_PLAIN : 0) : leastOf(datatype)
  const most = isLong ? MOST_PLAIN : mostOf(datatype)
  let at = scanner.at
  for (let i = from; ; i++) {
    scanner.at = at
    const isNegative = bytes[at] === MINUS
    if (isNegative) at++
    const end = at + HALF_DIGITS
    const lead = (bytes[at] as number) ^ ZERO
    let digit = (bytes[++at] as number) ^ ZERO
    const isLed = lead <= 9 && (lead !== 0 || digit > 9)
    let value = lead
    for (; digit <= 9 && at < end; digit = (bytes[++at] as number) ^ ZERO) value = (value * 10 + digit) | 0
    if (isNegative) value = (0 - value) | 0
    const isLast = digit === CLOSE_DIGIT
    if (isLed && (isLast || digit === COMMA_DIGIT) && i < to && value >= least && value <= most) {
      if (isLong) {
        target[2 * i] = value
        target[2 * i + 1] = value >> 31
      } else target[i] = value
      if (!isLast) {
        at += bytes[at + 1] === SPACE ? 2 : 1
        continue
      }
      scanner.at = at
      scanner.close()
      return i + 1 - from
    }
    readInteger(reading, target, i, to)
    if (!scanner.hasMore()) return i + 1 - from
    at = scanner.at
  }
}

function readInteger(reading: Reading, target: IntegerTarget, i: number, to: number): void {
  const { scanner, datatype } = reading
  const byte = scanner.next()
  const at = scanner.at
  if (i >= to) scanner.skip()
  else if (datatype === 'BOOL' && (byte === LETTER_T || byte === LETTER_F)) {
    scanner.word(byte === LETTER_T ? 'true' : 'false')
    target[i] = byte === LETTER_T ? 1 : 0
  } else if (byte === LETTER_N)
    throw refuseElement(reading, i, at, `${takes(datatype)}; FP64 has room for a missing one`)
  else if (!startsNumber(byte)) throw refuseElement(reading, i, at, takes(datatype))
  else if (isBigInt(datatype)) {
    if (readLongInteger(reading, target, i)) return
    throw refuseElement(reading, i, at, takes(datatype))
  } else {
    const value = scanner.number()
    if (!Number.isInteger(value) || value < leastOf(datatype) || value > mostOf(datatype))
      throw refuseElement(reading, i, at, takes(datatype))
    target[i] = value
  }
}

/** Digits that a double counts exactly, and digits of the largest 64-bit integer. */
const HEAD_DIGITS = 15
const MOST_DIGITS = 20
const WORD = 2 ** 32

/**
 * Reads one 64-bit integer into its two words, exactly: whole numbers of plain digits, and what a double holds exactly
 * in any form (`4.0`, `1e3`).
 * @returns false when it is no such number, or out of range
 */
function readLongInteger({ scanner, datatype }: Reading, target: IntegerTarget, i: number): boolean {
  const { bytes } = scanner
  let at = scanner.at
  let isNegative = bytes[at] === MINUS
  if (isNegative) at++
  const first = at
  let digit = (bytes[at] as number) ^ ZERO
  let head = 0
  for (; digit <= 9 && at - first < HEAD_DIGITS; digit = (bytes[++at] as number) ^ ZERO) head = head * 10 + digit
  let tail = 0
  let scale = 1
  for (; digit <= 9 && at - first < MOST_DIGITS; digit = (bytes[++at] as number) ^ ZERO) {
    tail = tail * 10 + digit
    scale *= 10
  }
  const byte = bytes[at] as number
  const isPlain =
    digit > 9 &&
    byte !== POINT &&
    (byte | 0x20) !== LETTER_E &&
    at > first &&
    (bytes[first] !== ZERO || at === first + 1)
  if (isPlain) scanner.at = at
  else {
    const value = scanner.number()
    if (!Number.isSafeInteger(value)) return false
    isNegative = value < 0
    head = Math.abs(value)
    tail = 0
    scale = 1
  }
  // head has 53 bits and scale 17: each product is exact in a double
  const upper = Math.floor(head / WORD)
  const lower = (head - upper * WORD) * scale + tail
  const carry = Math.floor(lower / WORD)
  let low = lower - carry * WORD
  let high = upper * scale + carry
  if (isNegative) {
    if (high > 2 ** 31 || (high === 2 ** 31 && low > 0)) return false
    if (datatype === 'UINT64' && (high > 0 || low > 0)) return false
    high = -high - (low > 0 ? 1 : 0)
    low = -low
  } else if (high >= (datatype === 'INT64' ? 2 ** 31 : WORD)) return false
  target[2 * i] = low
  target[2 * i + 1] = high
  return true
}

function leastOf(datatype: Datatype): number {
  return INTEGER_BOUNDS[datatype]?.[0] ?? 0
}

function mostOf(datatype: Datatype): number {
  return INTEGER_BOUNDS[datatype]?.[1] ?? 1
}

/** What the elements of an integer datatype, or of BOOL, may be. */
function takes(datatype: Datatype): string {
  if (datatype === 'BOOL') return 'BOOL takes true and false'
  const [least, most] =
    datatype === 'INT64'
      ? [-(2n ** 63n), 2n ** 63n - 1n]
      : datatype === 'UINT64'
        ? [0n, 2n ** 64n - 1n]
        : [leastOf(datatype), mostOf(datatype)]
  return `${datatype} takes whole numbers from ${least} to ${most}`
}
