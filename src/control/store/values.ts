import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'

const MAX_NAME_UNITS = 1024

/**
 * What stands in a column that is looked up by: any text that both databases keep as it is.
 * @throws {ServingError} `invalid_argument` for text with NUL or half a surrogate pair, or of more than 1,024 units
 */
export function checkText(text: string, what: string): string {
  if (text.length > MAX_NAME_UNITS)
    throw new ServingError(
      'invalid_argument',
      `the ${what} has ${text.length} characters, the most is ${MAX_NAME_UNITS}`,
    )
  if (text.includes('\0') || !text.isWellFormed())
    throw new ServingError('invalid_argument', `the ${what} ${quote(text)} holds what is no text: take it out`)
  return text
}

/** @throws {ServingError} `invalid_argument` unless it is a whole number from `least` to `most` */
export function checkWhole(value: number, what: string, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`
  throw new ServingError('invalid_argument', `the ${what} is ${String(value)}; it must be a whole number ${range}`)
}

/** The first text, in the order of code points, behind all that begin with a prefix; undefined where there is none. */
export function behindPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0)
  while (points.length > 0) {
    const last = points.pop() ?? 0
    if (last >= 0x10ffff) continue
    return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1)
  }
  return undefined
}

/** JSON of a document that is read back as it was: a number that JSON does not have is not let through as `null`. */
export function toJson(value: object): string {
  const text = JSON.stringify(value)
  // the walk is dear, and only a `null` can hide such a number
  if (text.includes('null')) checkFinite(value)
  return text
}

function checkFinite(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error(`a record holds ${value}, which JSON cannot; this is a bug`)
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) checkFinite(each)
}
