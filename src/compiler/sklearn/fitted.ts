import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import { describe } from '../../formats/python/describe.ts'
import { numbersIn, type Numbers } from '../../formats/python/numbers.ts'
import { isKind } from '../../formats/python/refs.ts'

export type { Numbers } from '../../formats/python/numbers.ts'
import type { NdArray, PyObject, PyValue } from '../../formats/python/values.ts'
import type { InputForm } from './contract.ts'
import { labelsOf, type Labels } from './labels.ts'

/** Most columns of a model: more is no model, and would be room for no one to fill. */
const MOST_FEATURES = 1 << 24

/** Hyper-parameters that change how an estimator is trained, or how it prints and runs, and never what it answers. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'n_jobs',
  'verbose',
  'random_state',
  'warm_start',
  'copy',
  'copy_X',
  'max_iter',
  'tol',
  'memory',
  'class_weight',
  'cache_size',
  'transform_input',
])

/**
 * A fitted object of a Python library: its hyper-parameters and what fitting has learned, by name. Every hyper-parameter
 * must be read or ignored by name; `finish` refuses those that nobody knows.
 */
export class Fitted {
  /** Class name. */
  readonly title: string
  /** Where it stands in the file, for messages: `Pipeline, step "clf" (LogisticRegression)`. */
  readonly where: string
  /** Top package: `sklearn`. */
  readonly package: string
  /** Of scikit-learn, [major, minor], which estimators of imbalanced-learn say inside; undefined where nothing does. */
  readonly version: readonly [number, number] | undefined
  readonly object: PyObject
  readonly #attributes: ReadonlyMap<string, PyValue>
  readonly #read = new Set<string>()

  constructor(object: PyObject, where: string) {
    this.object = object
    this.title = object.class.name
    this.package = object.class.module.split('.')[0] ?? ''
    this.where = where
    this.#attributes = object.attributes
    const version = versionIn(object)
    const [, major, minor] = version === undefined ? [] : (/^(\d+)\.(\d+)/.exec(version) ?? [])
    this.version = major === undefined ? undefined : [Number(major), Number(minor)]
  }

  /** Whether this was written by a scikit-learn of at least this version (true where it does not say). */
  isSince(major: number, minor: number): boolean {
    if (this.version === undefined) return true
    return this.version[0] > major || (this.version[0] === major && this.version[1] >= minor)
  }

  /** The error for what this Slipway does not cover. */
  unsupported(reason: string): ServingError {
    return new ServingError('unsupported', `${this.where}: ${reason}`)
  }

  /** The error for state that no library writes. */
  damaged(reason: string): ServingError {
    return new ServingError(
      'refused',
      `${this.where}: ${reason}; the file is damaged or was not written by ${this.package}`,
    )
  }

  names(): IterableIterator<string> {
    return this.#attributes.keys()
  }

  /** Whether it is there, and not None. */
  has(name: string): boolean {
    const value = this.raw(name)
    return value !== undefined && value !== null
  }

  /** undefined where there is none. Reading counts as understanding. */
  raw(name: string): PyValue | undefined {
    this.#read.add(name)
    return plain(this.#attributes.get(name))
  }

  /** @throws {ServingError} `refused` where there is none */
  value(name: string): PyValue {
    const value = this.raw(name)
    if (value === undefined) throw this.damaged(`it has no ${quote(name)}, as a fitted ${this.title} has`)
    return value
  }

  /** Hyper-parameters that never change an answer here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name)
  }

  flag(name: string, missing?: boolean): boolean {
    const value = this.#orMissing(name, missing)
    if (typeof value === 'boolean') return value
    if (value === 0n || value === 1n) return value === 1n
    throw this.#wrong(name, 'True or False')
  }

  int(name: string, missing?: number): number {
    const value = this.#orMissing(name, missing === undefined ? undefined : BigInt(missing))
    const number = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : Number.NaN
    if (!Number.isSafeInteger(number)) throw this.#wrong(name, 'a whole number')
    return number
  }

  /** A float, or an int that a float can hold. */
  number(name: string, missing?: number): number {
    const value = this.#orMissing(name, missing)
    if (typeof value === 'number') return value
    if (typeof value === 'boolean') return value ? 1 : 0
    if (typeof value === 'bigint' && BigInt(Number(value)) === value) return Number(value)
    throw this.#wrong(name, 'a number')
  }

  /** undefined for None, and where there is none. */
  optionalNumber(name: string): number | undefined {
    return this.has(name) ? this.number(name) : undefined
  }

  text(name: string, missing?: string): string {
    const value = this.#orMissing(name, missing)
    if (typeof value !== 'string') throw this.#wrong(name, 'text')
    return value
  }

  /**
   * Text that must be one of these.
   * @throws {ServingError} `unsupported` for another
   */
  choice<const T extends string>(name: string, allowed: readonly T[], missing?: T): T {
    const value = this.#orMissing(name, missing)
    if (typeof value === 'string' && (allowed as readonly string[]).includes(value)) return value as T
    throw this.unsupported(
      `${quote(name)} is ${typeof value === 'string' ? quote(value) : describe(value)}; covered are ${quoteList(allowed)}`,
    )
  }

  /** A list, tuple, or array of objects. */
  list(name: string): readonly PyValue[] {
    const items = itemsIn(this.value(name))
    if (items === undefined) throw this.#wrong(name, 'a list')
    return items
  }

  texts(name: string): readonly string[] {
    const items = this.list(name)
    if (!items.every((item) => typeof item === 'string')) throw this.#wrong(name, 'a list of text')
    return items
  }

  array(name: string): NdArray {
    const value = this.value(name)
    if (!isKind(value, 'ndarray')) throw this.#wrong(name, 'an array')
    return value
  }

  /** Numbers of an array (or of a list of numbers, or of one number), exactly. @param rank that it must have */
  numbers(name: string, rank?: number): Numbers {
    const found = numbersOf(this.value(name), () => this.#wrong(name, 'an array of numbers'))
    if (rank !== undefined && found.shape.length !== rank)
      throw this.#wrong(name, `an array of ${rank} dimensions; it has ${found.shape.length}`)
    return found
  }

  /** Numbers of one dimension. @param length that it must have */
  vector(name: string, length?: number): Float64Array {
    const { data } = this.numbers(name, 1)
    if (length !== undefined && data.length !== length) throw this.#wrong(name, `${length} numbers long`)
    return data
  }

  ints(name: string): number[] {
    const { data } = this.numbers(name)
    if (!data.every((value) => Number.isSafeInteger(value))) throw this.#wrong(name, 'an array of whole numbers')
    return Array.from(data)
  }

  /** Class labels, in their own type. */
  labels(name: string): Labels {
    const value = this.value(name)
    const where = `${this.where}, ${quote(name)}`
    const items = itemsIn(value)
    if (items !== undefined) return labelsOf(items, where)
    return labelsOf(this.array(name), where)
  }

  /**
   * An object that this one holds, to be read in its turn.
   * @param role what it is here, for messages
   * @param problem what is wrong where it is no object
   * @throws {ServingError} `refused`
   */
  inside(value: PyValue | undefined, role: string, problem: string): Fitted {
    if (!isKind(value, 'object')) throw this.damaged(problem)
    return new Fitted(value, `${this.where}, ${role}`)
  }

  /** What the estimator takes when it stands alone, as fitting has noted it. */
  input(): InputForm | undefined {
    const names = this.raw('feature_names_in_')
    if (names !== undefined && names !== null) {
      const texts = this.texts('feature_names_in_')
      // what holds a LightGBM model fitted on an array has the names that LightGBM gives columns without any
      if (texts.every((name, i) => name === `Column_${i}`)) return { kind: 'array', width: texts.length }
      return { kind: 'frame', names: texts }
    }
    if (!this.has('n_features_in_')) return undefined
    const width = this.int('n_features_in_')
    if (width < 0 || width > MOST_FEATURES) throw this.#wrong('n_features_in_', `a number from 0 to ${MOST_FEATURES}`)
    return { kind: 'array', width }
  }

  /** How many columns it was fitted on. */
  width(): number {
    const input = this.input()
    if (input?.kind === 'array') return input.width
    if (input?.kind === 'frame') return input.names.length
    throw this.damaged('it does not say how many features it was fitted on')
  }

  /** @throws {ServingError} `unsupported` naming hyper-parameters that nobody has read */
  finish(): void {
    const unknown = [...this.#attributes.keys()].filter(
      (name) => !name.startsWith('_') && !name.endsWith('_') && !this.#read.has(name) && !WITHOUT_EFFECT.has(name),
    )
    if (unknown.length > 0)
      throw this.unsupported(
        `it has ${quoteList(unknown, 5)}, which this Slipway does not know: what it does is not guessed`,
      )
  }

  #orMissing(name: string, missing: PyValue | undefined): PyValue {
    const value = this.raw(name)
    if (value !== undefined) return value
    if (missing !== undefined) return missing
    return this.value(name)
  }

  #wrong(name: string, expected: string): ServingError {
    return this.damaged(`${quote(name)} is ${describe(this.raw(name))}, and should be ${expected}`)
  }
}

/** What imbalanced-learn has made of scikit-learn's classes notes no version: the first estimator inside does. */
function versionIn({ attributes, class: { module } }: PyObject): string | undefined {
  const own = attributes.get('_sklearn_version')
  if (typeof own === 'string') return own
  if (!module.startsWith('imblearn.')) return undefined
  const [first] = itemsIn(attributes.get('estimators_')) ?? []
  if (!isKind(first, 'object')) return undefined
  const inside = first.attributes.get('_sklearn_version')
  if (typeof inside === 'string') return inside
  // a pipeline of a sampler and an estimator
  const estimator = itemsIn(itemsIn(first.attributes.get('steps'))?.at(-1))?.at(-1)
  const last = isKind(estimator, 'object') ? estimator.attributes.get('_sklearn_version') : undefined
  return typeof last === 'string' ? last : undefined
}

/** A numpy scalar, or an array of no dimensions, as what it holds. */
export function plain(value: PyValue | undefined): PyValue | undefined {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (value.kind === 'scalar') return value.value
  if (value.kind === 'ndarray' && value.shape.length === 0) {
    if (value.holds === 'objects' || value.holds === 'text' || value.holds === 'bytes') return value.data[0]
    if (value.holds !== 'numbers') return value
    const item = value.data[0]
    if (value.dtype.code === 'b') return item === 1
    if (value.dtype.code === 'i' || value.dtype.code === 'u') return BigInt(item ?? 0)
    return value.dtype.code === 'f' && value.dtype.itemSize > 2 ? Number(item) : value
  }
  return value
}

/** Items of a list, a tuple, or an array of objects or text of one dimension; undefined for anything else. */
export function itemsIn(value: PyValue | undefined): readonly PyValue[] | undefined {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined
  if (value.kind === 'list' || value.kind === 'tuple') return value.items.map((item) => plain(item) ?? null)
  if (value.kind === 'ndarray' && value.shape.length === 1 && (value.holds === 'objects' || value.holds === 'text'))
    return value.data.map((item) => plain(item) ?? null)
  return undefined
}

/** Numbers of an array, a list (of lists) of numbers, or one number; @param wrong makes the error for all else */
export function numbersOf(value: PyValue | undefined, wrong: () => Error): Numbers {
  const numbers = numbersIn(plain(value), 'the file')
  if (numbers === undefined) throw wrong()
  return numbers
}
