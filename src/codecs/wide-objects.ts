import { ServingError } from '../core/errors.ts'

/** Most lists and objects inside one another, where keys are counted. */
export const MAX_DEPTH = 64

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Fewest characters of a member: `"":0` and a comma or brace. */
const MEMBER_LENGTH = 5

/**
 * Refuses a text in which an object has more than `most` keys, before it is parsed: the parser takes a microsecond for
 * each.
 * @param text whatever was sent: what is no JSON passes, and the parser refuses it
 * @param what names the text in an error: `the body`, `line 3`
 * @returns members of all objects, where the text is JSON; undefined where they are few, and nobody had to look
 * @throws {ServingError} `invalid_argument`; for objects more than 64 deep, too
 */
export function refuseWideObjects(text: string, most: number, what: string): number | undefined {
  if (text.length < most * MEMBER_LENGTH || !hasColons(text, most)) return undefined
  let all = 0
  /** Members of the objects that are open, but of the innermost. */
  const outer: number[] = []
  let members = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) at = endOfString(text, at + 1)
    else if (unit === COLON) {
      all++
      if (++members > most) throw tooMany(most, what)
    } else if (unit === OPEN_OBJECT) {
      outer.push(members)
      if (outer.length > MAX_DEPTH) throw tooDeep(what)
      members = 0
    } else if (unit === CLOSE_OBJECT) members = outer.pop() ?? 0
  }
  return all
}

/** Whether there are more than so many colons in a text, in its strings too. */
function hasColons(text: string, most: number): boolean {
  let count = 0
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) if (++count > most) return true
  return false
}

/** Where the quote stands that ends a string; the text's length where none does. */
function endOfString(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    const unit = text.charCodeAt(at)
    if (unit === QUOTE) return at
    at += unit === BACKSLASH ? 2 : 1
  }
  return at
}

function tooMany(most: number, what: string): ServingError {
  return new ServingError(
    'invalid_argument',
    `${what} has an object with over ${most} keys, more than the model knows; send the columns that it takes`,
  )
}

export function tooDeep(what: string): ServingError {
  return new ServingError('invalid_argument', `${what} has lists and objects more than ${MAX_DEPTH} deep`)
}
