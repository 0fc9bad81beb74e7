import { quote } from '../../core/text.ts'
import { damaged } from './refusals.ts'

/**
 * A place in a JSON document, for reading what has to be there.
 * Every getter throws {ServingError} `refused` naming the place when something else is.
 */
export class JsonView {
  readonly #value: unknown
  readonly path: string

  constructor(value: unknown, path: string) {
    this.#value = value
    this.path = path
  }

  /**
   * Reads the text of a document. Python's `Infinity` and `NaN`, which JSON has no word for, are read as texts.
   * @param bytes in UTF-8
   */
  static parse(bytes: Uint8Array, name: string): JsonView {
    let text: string
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      throw damaged(`${name} is no UTF-8`)
    }
    const plain = /\b(?:Infinity|NaN)\b/.test(text)
      ? text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) =>
          token.startsWith('"') ? token : `"${token}"`,
        )
      : text
    try {
      return new JsonView(JSON.parse(plain), name)
    } catch {
      throw damaged(`${name} is no JSON`)
    }
  }

  #wrong(due: string): Error {
    return damaged(`${this.path} is not ${due}`)
  }

  get isNull(): boolean {
    return this.#value === null || this.#value === undefined
  }

  #object(): Record<string, unknown> {
    const value = this.#value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#wrong('an object')
    return value as Record<string, unknown>
  }

  /** A member, which may be missing or null. */
  optional(name: string): JsonView | undefined {
    const object = this.#object()
    if (!Object.hasOwn(object, name)) return undefined
    const value = object[name]
    return value === null ? undefined : new JsonView(value, `${this.path}.${name}`)
  }

  get(name: string): JsonView {
    const found = this.optional(name)
    if (found === undefined) throw damaged(`${this.path} has no ${name}`)
    return found
  }

  entries(): [name: string, value: JsonView][] {
    return Object.entries(this.#object()).map(([name, value]) => [
      name,
      new JsonView(value, `${this.path}.${quote(name, 40)}`),
    ])
  }

  /** The only member that is set, and its name: how a choice between several kinds is written. */
  variant(): [name: string, value: JsonView] {
    const set = this.entries().filter(([, value]) => !value.isNull)
    const [only] = set
    if (only === undefined || set.length > 1) throw this.#wrong('a choice of one')
    return only
  }

  list(): JsonView[] {
    if (!Array.isArray(this.#value)) throw this.#wrong('a list')
    return this.#value.map((value: unknown, i) => new JsonView(value, `${this.path}[${i}]`))
  }

  text(): string {
    if (typeof this.#value !== 'string') throw this.#wrong('a text')
    return this.#value
  }

  boolean(): boolean {
    if (typeof this.#value !== 'boolean') throw this.#wrong('true or false')
    return this.#value
  }

  /** A whole number; beyond 2^53 it is only nearly what the file says. */
  int(): number {
    if (typeof this.#value !== 'number' || !Number.isInteger(this.#value)) throw this.#wrong('a whole number')
    return this.#value
  }

  /** A whole number that is no size of anything negative. */
  size(): number {
    const value = this.int()
    if (value < 0 || !Number.isSafeInteger(value)) throw this.#wrong('a size')
    return value
  }

  /** A number, or the text that stands for one that JSON cannot write. */
  number(): number {
    const value = this.#value
    if (typeof value === 'number') return value
    const named: Record<string, number> = { Infinity: Infinity, '-Infinity': -Infinity, NaN: NaN }
    if (typeof value === 'string' && Object.hasOwn(named, value)) return named[value] ?? NaN
    throw this.#wrong('a number')
  }
}
