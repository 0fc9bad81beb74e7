import type { PyDict, PyGlobal, PyObject, PySet, PyValue } from './values.ts'

type Entry = readonly [key: PyValue, value: PyValue]

const NO_VALUES: PyValue[] = []
const NO_ENTRIES: Entry[] = []
const NO_NAMES: Map<string, PyValue> = new Map()

/** A dict that is being filled. */
export class Dict implements PyDict {
  readonly kind = 'dict'
  readonly entries: Entry[] = []
  byName: Map<string, PyValue> = NO_NAMES
  /** Where the entry of a key stands; made when the first key comes that needs it. */
  #places: Map<unknown, number> | undefined

  set(key: PyValue, value: PyValue): void {
    const name = textOf(key)
    if (name !== undefined) {
      if (this.byName === NO_NAMES) this.byName = new Map()
      const before = this.byName.size
      this.byName.set(name, value)
      // most dicts have texts for keys, each once
      if (this.byName.size > before && this.#places === undefined) {
        this.entries.push([key, value])
        return
      }
    }
    const same = keyOf(key)
    if (same === undefined) {
      this.entries.push([key, value])
      return
    }
    this.#places ??= placesOf(this.entries)
    const place = this.#places.get(same)
    if (place === undefined) {
      this.#places.set(same, this.entries.length)
      this.entries.push([key, value])
    } else this.entries[place] = [(this.entries[place] as Entry)[0], value]
  }
}

function placesOf(entries: readonly Entry[]): Map<unknown, number> {
  const places = new Map<unknown, number>()
  entries.forEach(([key], i) => {
    const same = keyOf(key)
    if (same !== undefined && !places.has(same)) places.set(same, i)
  })
  return places
}

/** A set that is being filled. */
export class SetValue implements PySet {
  readonly kind = 'set'
  readonly items: PyValue[] = []
  readonly isFrozen: boolean
  readonly #known = new Set<unknown>()

  constructor(isFrozen: boolean) {
    this.isFrozen = isFrozen
  }

  add(item: PyValue): void {
    const same = keyOf(item)
    if (same !== undefined) {
      if (this.#known.has(same)) return
      this.#known.add(same)
    }
    this.items.push(item)
  }
}

/** An object that is being filled. Its containers are shared empty ones until something comes into them. */
export class InertObject implements PyObject {
  readonly kind = 'object'
  readonly class: PyGlobal
  readonly made: 'instance' | 'call'
  readonly args: readonly PyValue[]
  readonly keywords: PyDict | undefined
  attributes: Map<string, PyValue> = NO_NAMES
  state: PyValue | undefined = undefined
  items: PyValue[] = NO_VALUES
  entries: Entry[] = NO_ENTRIES

  constructor(of: PyGlobal, made: 'instance' | 'call', args: readonly PyValue[], keywords?: PyDict) {
    this.class = of
    this.made = made
    this.args = args
    this.keywords = keywords
  }

  setAttribute(name: string, value: PyValue): void {
    if (this.attributes === NO_NAMES) this.attributes = new Map()
    this.attributes.set(name, value)
  }

  append(item: PyValue): void {
    if (this.items === NO_VALUES) this.items = []
    this.items.push(item)
  }

  setItem(key: PyValue, value: PyValue): void {
    if (this.entries === NO_ENTRIES) this.entries = []
    this.entries.push([key, value])
  }
}

/** The text that a value is: a `str`, or numpy's `str_`. */
export function textOf(value: PyValue): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'scalar')
    return typeof value.value === 'string' ? value.value : undefined
  return undefined
}

/** How deep and how many values of a tuple are compared; beyond, a tuple equals itself alone. */
const MAX_KEY_DEPTH = 4
const MAX_KEY_VALUES = 64
/** Largest piece of text or bytes in a tuple, and of bytes alone, that is compared. */
const MAX_KEY_BYTES = 1024
/** Largest whole number that is compared: nobody has such keys, and they take long. */
const MOST_KEY = 2n ** 256n

/**
 * Something that is the same for keys that Python holds for equal (1, 1.0 and True are), or undefined for a key that
 * equals no other (NaN). Texts stand for themselves; all else begins with a NUL, numbers in text because V8 spreads those
 * by a secret and numbers not.
 */
function keyOf(key: PyValue): unknown {
  const text = textOf(key)
  if (text !== undefined) return text.startsWith('\0') ? `\0s${text}` : text
  const left = { values: MAX_KEY_VALUES }
  if (typeof key === 'number' && Number.isNaN(key)) return undefined
  if (typeof key === 'bigint' && (key > MOST_KEY || key < -MOST_KEY)) return undefined
  const known = keyText(key, MAX_KEY_DEPTH, left)
  return known === undefined ? key : `\0${known}`
}

function keyText(key: PyValue, depth: number, left: { values: number }): string | undefined {
  if (left.values-- <= 0) return undefined
  if (key === null) return 'n'
  if (typeof key === 'boolean') return key ? 'i1' : 'i0'
  if (typeof key === 'bigint') return key > MOST_KEY || key < -MOST_KEY ? undefined : `i${key.toString(16)}`
  if (typeof key === 'number') return Number.isInteger(key) ? `i${BigInt(key).toString(16)}` : `f${key}`
  if (typeof key === 'string') return key.length > MAX_KEY_BYTES ? undefined : `s${key.length}:${key}`
  if (key instanceof Uint8Array)
    return key.length > MAX_KEY_BYTES ? undefined : `b${key.length}:${Buffer.from(key).toString('hex')}`
  if (key.kind === 'scalar') return keyText(key.value, depth, left)
  if (key.kind === 'global') return `g${key.module} ${key.name} `
  if (key.kind !== 'tuple' || depth === 0) return undefined
  const parts: string[] = []
  for (const item of key.items) {
    const part = keyText(item, depth - 1, left)
    if (part === undefined) return undefined
    parts.push(part)
  }
  return `t${parts.length}(${parts.join('')})`
}

/** Makes a value that others refer to already into another. */
export function become(value: object, other: object): void {
  Object.assign(value, other)
}
