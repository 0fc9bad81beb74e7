import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { BytesTensor } from '../../tensor/tensor.ts'
import { SPACE } from './characters.ts'
import type { NamedKernel } from './kernel.ts'

/**
 * Text as Python's `float` reads it; empty text is a missing value, NaN.
 *
 * Input: BYTES [rows] or [rows, m]. Output: FP64 [rows, m]. Parameters: `columns`, the m names, for messages.
 */
export const numbersFromText: NamedKernel = {
  takes: ['BYTES'],
  prepare(parameters) {
    const names = parameters.texts('columns')
    const width = names.length
    return {
      run([texts]) {
        const { data, shape } = texts as BytesTensor
        const rows = shape[0] ?? 0
        if (data.length !== rows * width)
          throw new ServingError(
            'refused',
            `the program feeds ${data.length} texts for ${rows} rows of ${width} columns`,
          )
        const numbers = new Float64Array(data.length)
        for (let i = 0; i < data.length; i++) {
          const bytes = data[i] as Uint8Array
          const number = bytes.length === 0 ? Number.NaN : pythonFloat(textOf(bytes))
          if (number === undefined)
            throw new ServingError(
              'invalid_argument',
              `row ${Math.floor(i / width) + 1}, column ${quote(names[i % width] ?? '')}: ${quote(textOf(bytes), 60)} is no number, and the model needs one there`,
            )
          numbers[i] = number
        }
        return [{ datatype: 'FP64', shape: [rows, width], data: numbers }]
      },
    }
  },
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

const FLOAT = /^([+-]?)(?:(inf(?:inity)?)|(nan)|((?:\d+(?:_\d+)*)?(?:\.(?:\d+(?:_\d+)*)?)?(?:e[+-]?\d+(?:_\d+)*)?))$/i

/**
 * A number as Python's `float(text)` has it; undefined for what it refuses.
 * @see Python, "float" (the grammar of `floatvalue`); digits of other scripts count as theirs
 */
export function pythonFloat(text: string): number | undefined {
  const plain = /[^\p{ASCII}]/u.test(text) ? text.replace(/\p{Nd}/gu, asciiDigit) : text
  const match = FLOAT.exec(trimmed(plain))
  if (match === null) return undefined
  const [, sign, infinity, nan, digits = ''] = match
  if (nan !== undefined) return Number.NaN
  if (infinity !== undefined) return sign === '-' ? -Infinity : Infinity
  const number = digits.replaceAll('_', '')
  if (!/^(?:\d|\.\d)/.test(number)) return undefined
  return Number(`${sign}${number}`)
}

/** Without Python's white space at its ends; a pattern would try all ways to share out the spaces between the two. */
function trimmed(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && SPACE.has(text.charCodeAt(from))) from++
  while (to > from && SPACE.has(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

/** Decimal digits stand in tens of consecutive code points, from a zero on. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) as number
  let zero = code
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--
  // where two tens touch, the zero is where the count from the first one says
  let first = zero
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--
  return String((code - first) % 10)
}
