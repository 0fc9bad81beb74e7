import { quote } from '../core/text.ts'

/** What is wrong with a document, at one place. */
export interface SpecProblem {
  /** `spec.variants[0].weight`. */
  readonly path: string
  /** What was found and what is allowed: `is -1: it takes a number from 0 to 1,000,000`. */
  readonly message: string
}

/** More than that is wrong with the whole document, and is not listed. */
const MOST_PROBLEMS = 20

/** Names of fields that are told apart from ours in messages are cut to this. */
const MOST_NAME = 60

/**
 * Reads a document that somebody wrote, and lists what is wrong with it in place of ending at the first. Each
 * function gives the value, or the default where there is none or it is wrong.
 */
export class SpecReader {
  readonly problems: SpecProblem[] = []
  /** Paths of what should be objects and is not: of their fields nothing is said. */
  readonly #noObjects: string[] = []

  wrong(path: string, message: string): void {
    if (this.#noObjects.some((parent) => path.startsWith(`${parent}.`))) return
    if (this.problems.length < MOST_PROBLEMS) this.problems.push({ path, message })
  }

  /** An object of no other fields than these; an empty one where it is none. */
  object(path: string, value: unknown, fields: readonly string[]): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.wrong(path, `is ${nameOf(value)}: it takes an object of ${fields.join(', ')}`)
      this.#noObjects.push(path)
      return {}
    }
    const known = new Set(fields)
    for (const name of Object.keys(value))
      if (!known.has(name)) this.wrong(`${path}.${shown(name)}`, `is no field: there are ${fields.join(', ')}`)
    return Object.fromEntries(Object.entries(value).filter(([name]) => known.has(name)))
  }

  number(path: string, value: unknown, fallback: number, { from, to, isWhole, isAbove }: Range): number {
    if (value === undefined) return fallback
    const isFine =
      typeof value === 'number' &&
      Number.isFinite(value) &&
      (isAbove === true ? value > from : value >= from) &&
      value <= to &&
      (isWhole !== true || Number.isInteger(value))
    // -0 would be shown as 0 and compared as another
    if (isFine) return value + 0
    const kind = isWhole === true ? 'a whole number' : 'a number'
    const range =
      isAbove === true ? `above ${from.toLocaleString('en-US')} and at most` : `from ${from.toLocaleString('en-US')} to`
    this.wrong(path, `is ${nameOf(value)}: it takes ${kind} ${range} ${to.toLocaleString('en-US')}`)
    return fallback
  }

  boolean(path: string, value: unknown, fallback: boolean): boolean {
    if (value === undefined) return fallback
    if (typeof value === 'boolean') return value
    this.wrong(path, `is ${nameOf(value)}: it takes true or false`)
    return fallback
  }

  text(path: string, value: unknown, fallback: string, most: number): string {
    if (value === undefined) return fallback
    if (typeof value !== 'string') this.wrong(path, `is ${nameOf(value)}: it takes text`)
    else if (value.length > most)
      this.wrong(path, `has ${value.length} characters: it takes ${most.toLocaleString('en-US')} at most`)
    else return value
    return fallback
  }

  /** Text of a grammar. @param rule the grammar in words */
  name(path: string, value: unknown, grammar: RegExp, rule: string, fallback?: string): string {
    if (value === undefined && fallback !== undefined) return fallback
    if (typeof value === 'string' && grammar.test(value)) return value
    this.wrong(path, value === undefined ? `is missing: it takes ${rule}` : `is ${nameOf(value)}: it takes ${rule}`)
    return fallback ?? ''
  }

  word<const W extends string>(path: string, value: unknown, words: readonly W[], fallback: W): W {
    if (value === undefined) return fallback
    const found = words.find((word) => word === value)
    if (found === undefined) this.wrong(path, `is ${nameOf(value)}: it takes ${words.join(', ')}`)
    return found ?? fallback
  }
}

export interface Range {
  readonly from: number
  readonly to: number
  readonly isWhole?: boolean
  /** `from` itself is too little. */
  readonly isAbove?: boolean
}

/** A value as messages name it. */
export function nameOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (typeof value === 'string') return quote(value, MOST_NAME)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  return Array.isArray(value) ? 'a list' : 'an object'
}

function shown(name: string): string {
  const quoted = quote(name, MOST_NAME)
  return /^\w+$/.test(name) && quoted === `"${name}"` ? name : quoted
}
