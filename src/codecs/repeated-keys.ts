import { ServingError } from '../core/errors.ts'
import { JsonScanner } from './json-scanner.ts'
import { MAX_DEPTH, tooDeep } from './wide-objects.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/**
 * Refuses a text in which an object has a key twice: the parser has kept the last of them, and another reader may have
 * looked at the first. Each member has a colon, so that counting tells; the text is read a second time only where the
 * count is wrong.
 * @param value of the text, by `JSON.parse`
 * @param what names the text in an error: `the body`, `line 3`
 * @param colons of the text, with or without those in its strings
 * @throws {ServingError} `invalid_argument` naming the key; for objects more than 64 deep
 * @see RFC 7493 (I-JSON), section 2.3
 */
export function refuseRepeatedKeys(value: unknown, text: string, what: string, colons = countColons(text)): void {
  if (colons === 0) return
  // every colon of the text bounds the count, so that the walk mostly ends where the last member is seen
  const members = countMembers(value, colons, 1, what)
  if (members === colons || members === colonsOutsideStrings(text)) return
  try {
    const scanner = new WideScanner(Buffer.from(text))
    scanner.skip()
  } catch (error) {
    if (!(error instanceof ServingError)) throw error
    throw new ServingError('invalid_argument', `${what}: ${error.message.replace(/, the second time .*$/s, '')}`, {
      cause: error,
    })
  }
  throw new Error('fewer members than colons and no key twice; this is a bug')
}

/** Wide objects have been refused by who parsed the text, and knows how wide they may be. */
class WideScanner extends JsonScanner {
  override get mostOtherKeys(): number {
    return Infinity
  }
}

function countColons(text: string): number {
  let colons = 0
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) colons++
  return colons
}

/** Members of all objects in a value; stops at `most`. */
function countMembers(value: unknown, most: number, depth: number, what: string): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth > MAX_DEPTH) throw tooDeep(what)
  if (Array.isArray(value)) {
    let count = 0
    for (const entry of value as readonly unknown[]) {
      if (typeof entry !== 'object') continue
      count += countMembers(entry, most - count, depth + 1, what)
      if (count >= most) break
    }
    return count
  }
  const keys = Object.keys(value)
  let count = keys.length
  for (const key of keys) {
    if (count >= most) break
    const member = (value as Readonly<Record<string, unknown>>)[key]
    if (typeof member === 'object') count += countMembers(member, most - count, depth + 1, what)
  }
  return count
}

function colonsOutsideStrings(text: string): number {
  let colons = 0
  let isInside = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (isInside) {
      if (unit === BACKSLASH) at++
      else if (unit === QUOTE) isInside = false
    } else if (unit === QUOTE) isInside = true
    else if (unit === COLON) colons++
  }
  return colons
}
