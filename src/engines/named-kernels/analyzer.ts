import { isAscii, isUtf8 } from 'node:buffer'
import { ServingError } from '../../core/errors.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { SPACE } from './characters.ts'
import { COMBINING_MARKS } from './combining-marks.ts'
import type { Parameters } from './kernel.ts'
import { readTokenizer, type Tokenizer } from './token-machine.ts'

/** Cuts a text into the terms that are counted, and hands on each. */
export type Analyzer = (text: string, take: (term: string) => void) => void

/** Longest n-grams that models may ask for. */
const MAX_NGRAM = 1_000
/** Most characters of all terms of one text: n-grams hold each character many times. */
const MAX_CHARACTERS = 2 ** 28

/**
 * Reads how texts are cut: `{ lowercase, accents: "keep" | "unicode" | "ascii", analyzer: "word" | "char" | "char_wb",
 * ngrams: [least, most] }`, and for words `pattern` (see `readTokenizer`) and `stopWords`.
 * @see scikit-learn, `CountVectorizer.build_analyzer`
 */
export function readAnalyzer(parameters: Parameters): Analyzer {
  const isLowercase = parameters.flag('lowercase')
  const accents = parameters.oneOf('accents', ['keep', 'unicode', 'ascii'])
  const [least = 0, most = 0, ...others] = parameters.ints('ngrams', 1, MAX_NGRAM)
  if (others.length > 0 || least < 1 || most < least) throw parameters.refuse('ngrams', 'the least and the most')
  const kind = parameters.oneOf('analyzer', ['word', 'char', 'char_wb'])
  const cut =
    kind === 'char'
      ? characters(least, most)
      : kind === 'char_wb'
        ? charactersOfWords(least, most)
        : words(readTokenizer(parameters.object('pattern')), new Set(parameters.texts('stopWords')), least, most)
  const strip = accents === 'unicode' ? withoutMarks : accents === 'ascii' ? onlyAscii : undefined
  if (strip === undefined) return isLowercase ? (text, take) => cut(text.toLowerCase(), take) : cut
  return isLowercase ? (text, take) => cut(strip(text.toLowerCase()), take) : (text, take) => cut(strip(text), take)
}

/**
 * The texts of a tensor [rows] or [rows, 1], decoded.
 * @throws {ServingError} `invalid_argument` for one that is no UTF-8
 */
export function decodeText(texts: Tensor | undefined, row: number): string {
  const bytes = texts?.data[row]
  if (!(bytes instanceof Uint8Array)) throw new ServingError('refused', 'the program feeds a text kernel no text')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isAscii(bytes)) return buffer.toString('latin1')
  if (isUtf8(bytes)) return buffer.toString('utf8')
  throw new ServingError('invalid_argument', `row ${row + 1}: the text is no UTF-8; send its text in UTF-8`)
}

/** @throws {ServingError} `too_large` for a text with too many n-grams */
function checkNgrams(length: number, least: number, most: number): void {
  const longest = Math.min(most, length)
  let characters = 0
  for (let n = least; n <= longest; n++) characters += n * (length - n + 1)
  if (characters > MAX_CHARACTERS)
    throw new ServingError(
      'too_large',
      `a text of ${length} characters or words has too many n-grams of ${least} to ${most}; send a shorter text`,
    )
}

function words(tokenize: Tokenizer, stopWords: ReadonlySet<string>, least: number, most: number): Analyzer {
  if (most === 1)
    return stopWords.size === 0
      ? tokenize
      : (text, take) =>
          tokenize(text, (token) => {
            if (!stopWords.has(token)) take(token)
          })
  return (text, take) => {
    const tokens: string[] = []
    tokenize(text, (token) => {
      if (!stopWords.has(token)) tokens.push(token)
    })
    checkNgrams(tokens.length, least, most)
    for (let from = 0; from < tokens.length; from++) {
      let term = tokens[from] as string
      if (least === 1) take(term)
      const last = Math.min(most, tokens.length - from)
      for (let n = 2; n <= last; n++) {
        term += ` ${tokens[from + n - 1] as string}`
        if (n >= least) take(term)
      }
    }
  }
}

// oxlint-disable-next-line no-control-regex -- Python's white space has control characters in it
const SPACES = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]{2,}/g

/** `\s\s+` becomes one space; a single white character stays what it is. */
function narrowed(text: string): string {
  return text.replace(SPACES, ' ')
}

function characters(least: number, most: number): Analyzer {
  return (text, take) => {
    const narrow = narrowed(text)
    const starts = startsOf(narrow)
    const length = starts === undefined ? narrow.length : starts.length - 1
    checkNgrams(length, least, most)
    for (let n = least; n <= Math.min(most, length); n++)
      for (let from = 0; from <= length - n; from++) take(piece(narrow, starts, from, from + n))
  }
}

function charactersOfWords(least: number, most: number): Analyzer {
  return (text, take) => {
    const { length } = text
    for (let at = 0; at < length;) {
      if (SPACE.has(text.charCodeAt(at))) {
        at++
        continue
      }
      const from = at
      while (at < length && !SPACE.has(text.charCodeAt(at))) at++
      const word = ` ${text.slice(from, at)} `
      const starts = startsOf(word)
      const size = starts === undefined ? word.length : starts.length - 1
      checkNgrams(size, least, most)
      for (let n = least; n <= most; n++) {
        if (n >= size) {
          // a word shorter than that counts once
          take(word)
          break
        }
        for (let offset = 0; offset <= size - n; offset++) take(piece(word, starts, offset, offset + n))
      }
    }
  }
}

/** Where each character of a text begins, and its end; undefined where each is one unit. */
function startsOf(text: string): Int32Array | undefined {
  if (!/[\ud800-\udbff]/.test(text)) return undefined
  const starts = new Int32Array(text.length + 1)
  let count = 0
  for (let at = 0; at < text.length; at += (text.codePointAt(at) as number) > 0xffff ? 2 : 1) starts[count++] = at
  starts[count] = text.length
  return starts.subarray(0, count + 1)
}

function piece(text: string, starts: Int32Array | undefined, from: number, to: number): string {
  return starts === undefined ? text.slice(from, to) : text.slice(starts[from], starts[to])
}

let marks: RegExp | undefined

/** @see scikit-learn, `strip_accents_unicode` */
function withoutMarks(text: string): string {
  if (isAsciiText(text)) return text
  return text.normalize('NFKD').replace((marks ??= combiningMarks()), '')
}

/** @see scikit-learn, `strip_accents_ascii` */
function onlyAscii(text: string): string {
  // oxlint-disable-next-line no-control-regex -- ASCII has them
  return isAsciiText(text) ? text : text.normalize('NFKD').replace(/[^\0-\x7f]/gu, '')
}

function isAsciiText(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

function combiningMarks(): RegExp {
  const escaped = COMBINING_MARKS.map((code) => `\\u{${code.toString(16)}}`)
  let set = ''
  for (let i = 0; i < escaped.length; i += 2) set += `${escaped[i] ?? ''}-${escaped[i + 1] ?? ''}`
  return new RegExp(`[${set}]`, 'gu')
}
