import { damaged, isObject, MAX_DEPTH, setOnce, type FileObject, type FileValue } from './tree-file.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null|-?NaN|nan|-?Infinity|-?inf/y
const PLAIN_TEXT = /[^"\\\p{Cc}]*/uy

const WORDS: ReadonlyMap<string, FileValue> = new Map<string, FileValue>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', Number.NaN],
  ['-NaN', Number.NaN],
  ['nan', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['inf', Infinity],
  ['-inf', -Infinity],
])

/**
 * Reads JSON as XGBoost writes it, NaN and Infinity among the numbers: one object. Lists of numbers come as Float64Array.
 * @throws {ServingError} `refused`
 */
export function readBoosterJson(bytes: Uint8Array): FileObject {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw damaged('it is no UTF-8')
  }
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.end()
  if (!isObject(value)) throw damaged('it is no object', 0)
  return value
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  end(): void {
    this.#space()
    if (this.#at !== this.#text.length) throw damaged('something follows its end', this.#at)
  }

  value(depth: number): FileValue {
    if (depth > MAX_DEPTH) throw damaged(`it is over ${MAX_DEPTH} lists and objects deep`, this.#at)
    this.#space()
    const next = this.#text.charCodeAt(this.#at)
    if (next === 0x7b) return this.#object(depth)
    if (next === 0x5b) return this.#list(depth)
    if (next === 0x22) return this.#string()
    const number = this.#match(NUMBER)
    if (number !== undefined) return Number(number)
    const word = this.#match(WORD)
    if (word === undefined) throw damaged('a value is expected', this.#at)
    return WORDS.get(word) as FileValue
  }

  #object(depth: number): FileObject {
    const object = new Map<string, FileValue>()
    this.#at++
    if (this.#skip(0x7d)) return object
    for (;;) {
      this.#space()
      const from = this.#at
      const key = this.#string()
      if (!this.#skip(0x3a)) throw damaged('a colon is expected', this.#at)
      setOnce(object, key, this.value(depth + 1), from)
      if (this.#skip(0x7d)) return object
      if (!this.#skip(0x2c)) throw damaged('a comma is expected', this.#at)
    }
  }

  #list(depth: number): FileValue {
    const list: FileValue[] = []
    this.#at++
    if (this.#skip(0x5d)) return list
    for (;;) {
      list.push(this.value(depth + 1))
      if (this.#skip(0x5d)) break
      if (!this.#skip(0x2c)) throw damaged('a comma is expected', this.#at)
    }
    return list.every((value) => typeof value === 'number') ? Float64Array.from(list) : list
  }

  #string(): string {
    const from = this.#at
    if (this.#text.charCodeAt(from) !== 0x22) throw damaged('text is expected', from)
    this.#at++
    const plain = this.#match(PLAIN_TEXT) ?? ''
    if (this.#text.charCodeAt(this.#at) === 0x22) {
      this.#at++
      return plain
    }
    // escapes are rare: JSON.parse knows them
    let end = this.#at
    while (end < this.#text.length && this.#text.charCodeAt(end) !== 0x22)
      end += this.#text.charCodeAt(end) === 0x5c ? 2 : 1
    this.#at = end + 1
    try {
      return JSON.parse(this.#text.slice(from, end + 1)) as string
    } catch {
      throw damaged('a text is none', from)
    }
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #skip(code: number): boolean {
    this.#space()
    if (this.#text.charCodeAt(this.#at) !== code) return false
    this.#at++
    return true
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found === undefined) return undefined
    this.#at += found.length
    return found
  }
}
