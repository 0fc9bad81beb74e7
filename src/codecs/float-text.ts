/** Powers of ten that a double holds exactly, and their inverses, nearly. */
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))
const INVERSES = Float64Array.from({ length: 10 }, (_, power) => Number(`1e-${power}`))

/** What is printed by this file's own reckoning, not by the engine's: no exponent is needed there. */
const LEAST = 1e-6
const MOST = 1e9
/** Whole numbers up to here are their own shortest text. */
const EXACT_WHOLE = 2 ** 24
/** Digits that tell any two FP32 values apart. */
const DIGITS = 9
/** Far more than the two roundings of a scaled bound can be wrong, in units of the ninth digit. */
const MARGIN = 1e-5
/** Longest text of one value, with its comma. */
const LONGEST = 32
/** Of FP32's binary exponent, and the bits behind its point. */
const BIAS = 127
const FRACTION_BITS = 23

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const COMMA = 0x2c

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)
const scratch = Buffer.alloc(16_384)
/** `00` to `99`. */
const PAIRS = Buffer.from(Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0')).join(''))
/** The power of ten that makes ten digits, or nine, of a value before the point, by biased binary exponent. */
const SCALING_POWERS = Uint8Array.from({ length: 256 }, (_, biased) =>
  Math.min(Math.max(Math.ceil(8 - (biased - BIAS) * Math.log10(2)), 0), 22),
)
/** Half the distance between neighbouring values, by biased binary exponent. */
const HALF_STEPS = Float64Array.from(
  { length: 256 },
  (_, biased) => 2 ** (Math.max(biased, 1) - BIAS - FRACTION_BITS - 1),
)

/**
 * FP32 values as decimal text, joined by commas: each the shortest, and of the shortest the nearest, that reads back as
 * the same FP32 value; `-0` keeps its sign. It reads back by way of a double, too. Four times as fast as the engine's
 * own printing, which prints the digits of a double.
 * @param data no NaN, no infinities
 */
export function printFloats(data: Float32Array): string {
  let text = ''
  let at = 0
  for (let i = 0; i < data.length; i++) {
    if (at > scratch.length - LONGEST) {
      text += scratch.toString('latin1', 0, at)
      at = 0
    }
    if (i > 0) scratch[at++] = COMMA
    at = printFloat(data[i] as number, at)
  }
  return text + scratch.toString('latin1', 0, at)
}

/** One FP32 value as `printFloats` prints it. @param value no NaN, no infinity */
export function floatText(value: number): string {
  return scratch.toString('latin1', 0, printFloat(value, 0))
}

/** @returns the place in `scratch` behind the value's text */
function printFloat(value: number, from: number): number {
  let at = from
  float[0] = value
  const pattern = bits[0] as number
  if (pattern >>> 31 === 1) scratch[at++] = MINUS
  const size = Math.abs(value)
  if (size < EXACT_WHOLE && size === (size | 0)) return printPadded(size, lengthOf(size), at)
  if (size < LEAST || size >= MOST) return at + scratch.write(shortestOf(size), at, 'latin1')
  const exponent = (pattern >>> FRACTION_BITS) & 0xff
  const power = SCALING_POWERS[exponent] as number
  // from 10^8 to 2 * 10^9, and exact up to one rounding, since the power is exact
  const scale = POWERS[power] as number
  const scaled = size * scale
  const half = HALF_STEPS[exponent] as number
  // below a power of two, values lie twice as close
  const isPower = (pattern & 0x7f_ffff) === 0
  const least = (size - (isPower ? half / 2 : half)) * scale + MARGIN
  const most = (size + half) * scale - MARGIN
  let digits = (scaled + 0.5) | 0
  let dropped = 0
  for (let drop = 1; drop <= DIGITS; drop++) {
    const fewer = (scaled * (INVERSES[drop] as number) + 0.5) | 0
    const near = fewer * (POWERS[drop] as number)
    if (near <= least || near >= most) break
    digits = fewer
    dropped = drop
  }
  return printDecimal(digits, power - dropped, at)
}

/** Prints digits / 10^fraction; a negative fraction is zeros behind the digits. */
function printDecimal(digits: number, fraction: number, from: number): number {
  if (fraction <= 0) {
    const end = printPadded(digits, lengthOf(digits), from)
    for (let at = end; at < end - fraction; at++) scratch[at] = ZERO
    return end - fraction
  }
  let whole = 0
  let rest = digits
  if (fraction <= DIGITS) {
    const scale = POWERS[fraction] as number
    whole = (digits / scale) | 0
    rest = digits - whole * scale
  }
  const point = whole < 10 ? from + 1 : printPadded(whole, lengthOf(whole), from)
  if (whole < 10) scratch[from] = ZERO + whole
  scratch[point] = POINT
  return printPadded(rest, fraction, point + 1)
}

/** Prints a whole number below 2^31 in so many digits. */
function printPadded(value: number, length: number, from: number): number {
  const end = from + length
  let rest = value
  let at = end
  while (at > from + 1) {
    const shorter = (rest / 100) | 0
    const pair = (rest - shorter * 100) << 1
    scratch[--at] = PAIRS[pair + 1] as number
    scratch[--at] = PAIRS[pair] as number
    rest = shorter
  }
  if (at > from) scratch[from] = ZERO + (rest % 10)
  return end
}

function lengthOf(value: number): number {
  if (value >= 1e5) return value >= 1e8 ? (value >= 1e9 ? 10 : 9) : value >= 1e7 ? 8 : value >= 1e6 ? 7 : 6
  return value >= 1e3 ? (value >= 1e4 ? 5 : 4) : value >= 1e2 ? 3 : value >= 1e1 ? 2 : 1
}

function shortestOf(value: number): string {
  for (let digits = 1; digits < DIGITS; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (Math.fround(Number(text)) === value) return text
  }
  return String(Number(value.toPrecision(DIGITS)))
}
