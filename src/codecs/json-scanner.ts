import { isUtf8 } from 'node:buffer'
import type { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { nearestDouble } from './decimal.ts'
import { refusalAt, syntaxRefusal, utf8Refusal } from './json-scanner-refusal.ts'

export const QUOTE = 0x22
export const COMMA = 0x2c
export const MINUS = 0x2d
export const ZERO = 0x30
export const OPEN_LIST = 0x5b
export const CLOSE_LIST = 0x5d
export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d
const PLUS = 0x2b
const POINT = 0x2e
const COLON = 0x3a
const BACKSLASH = 0x5c
const LETTER_E = 0x65
/** What `false`, `null` and `true` begin with. */
export const LETTER_F = 0x66
export const LETTER_N = 0x6e
export const LETTER_T = 0x74
const LETTER_U = 0x75
/** What may follow a backslash, besides `u`. */
const ESCAPES: readonly number[] = Array.from('"\\/bfnrt', (letter) => letter.charCodeAt(0))

/** What `member` answers for a key that is not among those asked for, and at the object's end. */
export const OTHER = -1
export const END = -2

/** Most lists and objects inside one another. */
const MAX_DEPTH = 64

/** Most keys of an object that are not among those asked for: each is kept, to know it again. */
export const MAX_OTHER_KEYS = 10_000

/** Keys of an object that have been read. */
export interface SeenKeys {
  /** A bit for each of the keys asked for. */
  known: number
  others: Set<string> | undefined
  isFirst: boolean
}

export function noKeys(): SeenKeys {
  return { known: 0, others: undefined, isFirst: true }
}

/**
 * Reads JSON from the bytes of a body, piece by piece, and checks the grammar of all that it passes. Strict where the
 * grammar leaves open what is meant: a key stands once in an object, and text has no half surrogate pairs.
 * @see RFC 8259, the grammar; RFC 7493 (I-JSON), sections 2.1 and 2.3, the rest
 */
export class JsonScanner {
  /** The body, ending in a brace, or else in a NUL behind it: what reads digits or spaces stops without counting. */
  readonly bytes: Buffer
  /** Length of the body alone. */
  readonly length: number
  /** Where the next piece begins. */
  at: number
  /** Of the string that was taken last: whether it has escapes, is ASCII, and has no half surrogate pair. */
  isEscaped = false
  isAscii = true
  isWhole = true
  /** The key for which `member` answered `OTHER` last. */
  otherKey = ''
  #depth = 0
  #isUtf8 = false

  /** A byte order mark at the beginning is passed over. */
  constructor(body: Uint8Array) {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    this.length = bytes.length
    this.bytes = endsInBrace(bytes) ? bytes : Buffer.concat([bytes, Buffer.of(0)])
    this.at = bytes.length > 2 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  }

  /** Most keys of an object that are not among those asked for; no field, which each request would pay for. */
  get mostOtherKeys(): number {
    return MAX_OTHER_KEYS
  }

  /** The first byte of the next piece, behind any space; it is not taken. */
  next(): number {
    const { bytes } = this
    let at = this.at
    let byte = bytes[at] as number
    while (byte <= 0x20 && isSpace(byte)) byte = bytes[++at] as number
    this.at = at
    return byte
  }

  /** Nothing but space is left. */
  end(): void {
    for (; this.at < this.length; this.at++) if (!isSpace(this.bytes[this.at] as number)) throw this.unexpected()
  }

  /** Takes an opening bracket or brace, which `next` has seen. */
  open(): void {
    if (++this.#depth > MAX_DEPTH)
      throw refusalAt(this.at, `lists and objects are more than ${MAX_DEPTH} deep at byte ${this.at} of the body`)
    this.at++
  }

  /** Takes a closing bracket or brace, which `next` has seen. */
  close(): void {
    this.#depth--
    this.at++
  }

  /** Takes the closing bracket of a list without elements, if it comes next. */
  isEmptyList(): boolean {
    if (this.next() !== CLOSE_LIST) return false
    this.close()
    return true
  }

  /** Takes the comma or the closing bracket behind an element of a list: whether another element comes. */
  hasMore(): boolean {
    const byte = this.next()
    if (byte === COMMA) {
      this.at++
      return true
    }
    if (byte !== CLOSE_LIST) throw this.unexpected()
    this.close()
    return false
  }

  /**
   * Takes an object's next key and colon, or its closing brace.
   * @returns the key's place among `keys` (31 at most), `OTHER`, or `END`
   * @throws {ServingError} for a key that the object has twice, and for too many that are not among `keys`
   */
  member(keys: readonly string[], seen: SeenKeys): number {
    let byte = this.next()
    if (byte === CLOSE_OBJECT) {
      this.close()
      return END
    }
    if (!seen.isFirst) {
      if (byte !== COMMA) throw this.unexpected()
      this.at++
      byte = this.next()
    }
    seen.isFirst = false
    const from = this.at
    this.skipString()
    const key = keyAmong(this, keys, from)
    if (key === OTHER) noteOther(this, seen, from)
    else {
      const bit = 1 << key
      if ((seen.known & bit) !== 0) throw twice(keys[key] as string, from)
      seen.known |= bit
    }
    if (this.next() !== COLON) throw this.unexpected()
    this.at++
    return key
  }

  /** Takes a number, which may be infinite where its digits say more than a double can. */
  number(): number {
    const from = this.at
    this.skipNumber()
    return nearestDouble(this.bytes, from, this.at)
  }

  skipNumber(): void {
    const { bytes } = this
    let at = bytes[this.at] === MINUS ? this.at + 1 : this.at
    // digits behind a zero are no part of the number
    at = bytes[at] === ZERO ? at + 1 : afterDigits(this, at)
    if (bytes[at] === POINT) at = afterDigits(this, at + 1)
    if (((bytes[at] as number) | 0x20) === LETTER_E) {
      const sign = bytes[at + 1]
      at = afterDigits(this, sign === MINUS || sign === PLUS ? at + 2 : at + 1)
    }
    this.at = at
  }

  /** Takes a string, as text. */
  string(): string {
    const from = this.at
    this.skipString()
    return wholeText(this, from)
  }

  /** Takes a string that other bodies are likely to hold too. */
  name(): string {
    const from = this.at
    this.skipString()
    const length = this.at - from - 2
    if (this.isEscaped || !this.isAscii || length > KEPT_LENGTH) return wholeText(this, from)
    const { bytes } = this
    const place = (length + 7 * (bytes[from + 1] as number) + 31 * (bytes[this.at - 2] as number)) % KEPT_NAMES
    const kept = keptNames[place] as string
    if (kept.length === length && standsAt(bytes, from + 1, kept)) return kept
    return (keptNames[place] = this.textFrom(from))
  }

  /** Takes a string and makes no text of it; `next` was called before. */
  skipString(): void {
    const { bytes } = this
    const end = bytes.length
    let at = this.at
    if (bytes[at] !== QUOTE) throw this.unexpected()
    at++
    let all = 0
    this.isEscaped = false
    this.isWhole = true
    for (;;) {
      const byte = at < end ? (bytes[at] as number) : 0
      if (byte === QUOTE) break
      if (byte < 0x20) throw this.unexpected(at)
      all |= byte
      at = byte === BACKSLASH ? afterEscape(this, at) : at + 1
    }
    this.isAscii = all < 0x80
    if (!this.isAscii && !this.#isUtf8) {
      this.#isUtf8 = isUtf8(bytes)
      if (!this.#isUtf8) throw utf8Refusal()
    }
    this.at = at + 1
  }

  /** The text of the string that began at `from` and was taken last, half surrogate pairs and all. */
  textFrom(from: number): string {
    if (this.isEscaped) return JSON.parse(this.bytes.toString('utf8', from, this.at)) as string
    return this.bytes.toString(this.isAscii ? 'latin1' : 'utf8', from + 1, this.at - 1)
  }

  /** Takes `true`, `false` or `null`. */
  word(word: string): void {
    for (let i = 0; i < word.length; i++)
      if (this.bytes[this.at + i] !== word.charCodeAt(i)) throw this.unexpected(this.at + i)
    this.at += word.length
  }

  /** Takes any value, and leaves it. */
  skip(): void {
    const byte = this.next()
    if (byte === QUOTE) {
      const from = this.at
      this.skipString()
      if (!this.isWhole) throw halfPair(from)
    } else if (byte === OPEN_LIST) {
      this.open()
      if (this.isEmptyList()) return
      do this.skip()
      while (this.hasMore())
    } else if (byte === OPEN_OBJECT) {
      this.open()
      const seen = noKeys()
      while (this.member(NO_KEYS, seen) !== END) this.skip()
    } else {
      const word = WORDS.get(byte)
      if (word === undefined) this.skipNumber()
      else this.word(word)
    }
  }

  /** The grammar has something else here. */
  unexpected(at: number = this.at): ServingError {
    return syntaxRefusal(this.bytes, this.length, at)
  }
}

const NO_KEYS: readonly string[] = []
const WORDS: ReadonlyMap<number, string> = new Map(['true', 'false', 'null'].map((word) => [word.charCodeAt(0), word]))

/** Short names of callers' tensors, kept as strings with their hashes: so many, of so many bytes at most. */
const KEPT_NAMES = 64
const KEPT_LENGTH = 48
const keptNames: string[] = Array.from({ length: KEPT_NAMES }, () => '')

/** Whether a number begins with this byte. */
export function startsNumber(byte: number): boolean {
  return (byte ^ ZERO) <= 9 || byte === MINUS
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function endsInBrace(bytes: Buffer): boolean {
  let last = bytes.length - 1
  while (last >= 0 && (bytes[last] as number) <= 0x20) last--
  return last >= 0 && bytes[last] === CLOSE_OBJECT
}

/** Whether ASCII text stands at a place. */
function standsAt(bytes: Buffer, from: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false
  return true
}

/** The place among `keys` of the string that began at `from` and was taken last. */
function keyAmong(scanner: JsonScanner, keys: readonly string[], from: number): number {
  if (scanner.isEscaped) return keys.indexOf(wholeText(scanner, from))
  const length = scanner.at - from - 2
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    if (key.length === length && standsAt(scanner.bytes, from + 1, key)) return i
  }
  return OTHER
}

function noteOther(scanner: JsonScanner, seen: SeenKeys, from: number): void {
  const key = wholeText(scanner, from)
  const others = (seen.others ??= new Set())
  if (others.has(key)) throw twice(key, from)
  if (others.size === scanner.mostOtherKeys) throw tooManyKeys(others.size, from)
  others.add(key)
  scanner.otherKey = key
}

function twice(key: string, from: number): ServingError {
  return refusalAt(
    from,
    `the key ${quote(key)} stands twice in one object, the second time at byte ${from} of the body`,
  )
}

function tooManyKeys(most: number, from: number): ServingError {
  return refusalAt(
    from,
    `an object has over ${most} keys that mean nothing here, up to byte ${from} of the body; leave them out`,
  )
}

function wholeText(scanner: JsonScanner, from: number): string {
  if (!scanner.isWhole) throw halfPair(from)
  return scanner.textFrom(from)
}

function halfPair(from: number): ServingError {
  return refusalAt(from, `the text at byte ${from} of the body holds half a surrogate pair`)
}

/** The first byte behind the escape at a backslash. */
function afterEscape(scanner: JsonScanner, at: number): number {
  const { bytes } = scanner
  scanner.isEscaped = true
  const letter = at + 1 < bytes.length ? (bytes[at + 1] as number) : 0
  if (letter !== LETTER_U) {
    if (!ESCAPES.includes(letter)) throw scanner.unexpected(at + 1)
    return at + 2
  }
  const unit = hexadecimal(scanner, at + 2)
  if (unit < 0xd800 || unit > 0xdfff) return at + 6
  const isHigh = unit < 0xdc00
  if (isHigh && at + 7 < bytes.length && bytes[at + 6] === BACKSLASH && bytes[at + 7] === LETTER_U) {
    const low = hexadecimal(scanner, at + 8)
    if (low >= 0xdc00 && low <= 0xdfff) return at + 12
  }
  scanner.isWhole = false
  return at + 6
}

function hexadecimal(scanner: JsonScanner, from: number): number {
  let value = 0
  for (let at = from; at < from + 4; at++) {
    const byte = at < scanner.bytes.length ? (scanner.bytes[at] as number) : 0
    const letter = byte | 0x20
    if ((byte ^ ZERO) <= 9) value = value * 16 + (byte ^ ZERO)
    else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57
    else throw scanner.unexpected(at)
  }
  return value
}

/** The first byte behind the digits, of which there is one at least. */
function afterDigits(scanner: JsonScanner, from: number): number {
  const { bytes } = scanner
  let at = from
  while (((bytes[at] as number) ^ ZERO) <= 9) at++
  if (at === from) throw scanner.unexpected(at)
  return at
}
