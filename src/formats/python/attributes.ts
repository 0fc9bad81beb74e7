import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { describe } from './describe.ts'
import { elementsOf, numberOf, numbersOf, plain, wrong, type Numbers, type NumbersOptions } from './numbers.ts'
import { canonicalName, isKind, itemsOf, qualifiedName, wholeOf } from './refs.ts'
import type { PyDict, PyObject, PySet, PyValue, SparseMatrix } from './values.ts'

/**
 * Typed access to the attributes of an object out of a file. Every getter throws `refused`, naming the path of what is
 * missing or of another kind; the `optional…` ones give undefined for what is missing or None. numpy's scalars count as
 * what they hold.
 */
export class Attributes {
  readonly object: PyObject
  /** Where the object lies, for messages: `pipeline.steps[1]`. */
  readonly path: string

  constructor(object: PyObject, path: string) {
    this.object = object
    this.path = path
  }

  /** @throws {ServingError} `refused` where a value is no object */
  static of(value: PyValue | undefined, path: string): Attributes {
    if (!isKind(value, 'object')) throw wrong(value, path, 'an object')
    return new Attributes(value, path)
  }

  /** The class's own name: `SVC`. */
  get className(): string {
    return this.object.class.name
  }

  /** The class with its module, in its newest spelling: `sklearn.svm._classes.SVC`. */
  get class(): string {
    return canonicalName(this.object.class)
  }

  names(): string[] {
    return [...this.object.attributes.keys()]
  }

  has(name: string): boolean {
    return this.object.attributes.has(name)
  }

  /** The attribute, numpy's scalars as what they hold; undefined where it is missing. */
  get(name: string): PyValue | undefined {
    const value = this.object.attributes.get(name)
    return value === undefined ? undefined : plain(value)
  }

  /** Whether the attribute is None or missing. */
  isNone(name: string): boolean {
    return (this.get(name) ?? null) === null
  }

  value(name: string): PyValue {
    const value = this.get(name)
    if (value === undefined)
      throw new ServingError(
        'refused',
        `${this.where(name)} is missing; ${describe(this.object)} is not fitted, or of a version that is not known here`,
        { details: { path: this.where(name) } },
      )
    return value
  }

  /** The path of an attribute. */
  where(name: string): string {
    return `${this.path}.${/^\w{1,80}$/.test(name) ? name : quote(name)}`
  }

  /** A whole number within 2^53. */
  int(name: string): number {
    const value = wholeOf(this.value(name))
    if (value === undefined) throw wrong(this.get(name), this.where(name), 'an int')
    return value
  }

  /** A float; an int is no float. */
  float(name: string): number {
    const value = this.value(name)
    if (typeof value !== 'number') throw wrong(value, this.where(name), 'a float')
    return value
  }

  /** An int or a float. */
  number(name: string): number {
    const value = this.value(name)
    const number = typeof value === 'boolean' ? undefined : numberOf(value, this.where(name))
    if (number === undefined) throw wrong(value, this.where(name), 'a number')
    return number
  }

  bool(name: string): boolean {
    const value = this.value(name)
    if (typeof value !== 'boolean') throw wrong(value, this.where(name), 'True or False')
    return value
  }

  text(name: string): string {
    const value = this.value(name)
    if (typeof value !== 'string') throw wrong(value, this.where(name), 'a text')
    return value
  }

  /** One of some texts. @throws {ServingError} `unsupported` for another text */
  choice<const T extends string>(name: string, known: readonly T[]): T {
    const text = this.text(name)
    const choice = known.find((one) => one === text)
    if (choice === undefined)
      throw new ServingError('unsupported', `${this.where(name)} is ${quote(text)}; known are ${known.join(', ')}`, {
        details: { path: this.where(name) },
      })
    return choice
  }

  /** Numbers as they are in an array of bools, ints or floats, a sparse matrix, or a list. */
  numbers(name: string, options?: NumbersOptions): Numbers {
    const value = this.value(name)
    return numbersOf(value, this.where(name), options)
  }

  /** The elements of an array of any plain type, of a list or a tuple, flat. */
  elements(name: string): readonly PyValue[] {
    const elements = elementsOf(this.value(name))
    if (elements === undefined) throw wrong(this.get(name), this.where(name), 'an array or a list')
    return elements
  }

  /** An array or list of texts. */
  texts(name: string): string[] {
    return this.elements(name).map((value, i) => {
      if (typeof value !== 'string') throw wrong(value, `${this.where(name)}[${i}]`, 'a text')
      return value
    })
  }

  /** A list or tuple. */
  list(name: string): readonly PyValue[] {
    const items = itemsOf(this.value(name))
    if (items === undefined) throw wrong(this.get(name), this.where(name), 'a list')
    return items
  }

  /** Objects in a list, a tuple or an array of objects, with their paths. */
  objects(name: string): Attributes[] {
    return this.elements(name).map((value, i) => Attributes.of(value, `${this.where(name)}[${i}]`))
  }

  dict(name: string): PyDict {
    const value = this.value(name)
    if (!isKind(value, 'dict')) throw wrong(value, this.where(name), 'a dict')
    return value
  }

  set(name: string): PySet {
    const value = this.value(name)
    if (!isKind(value, 'set')) throw wrong(value, this.where(name), 'a set')
    return value
  }

  sparse(name: string): SparseMatrix {
    const value = this.value(name)
    if (!isKind(value, 'sparse')) throw wrong(value, this.where(name), 'a sparse matrix')
    return value
  }

  bytes(name: string): Uint8Array {
    const value = this.value(name)
    if (!(value instanceof Uint8Array)) throw wrong(value, this.where(name), 'bytes')
    return value
  }

  /** An object with its own attributes. */
  inner(name: string): Attributes {
    return Attributes.of(this.value(name), this.where(name))
  }

  optionalInt(name: string): number | undefined {
    return this.isNone(name) ? undefined : this.int(name)
  }

  optionalNumber(name: string): number | undefined {
    return this.isNone(name) ? undefined : this.number(name)
  }

  optionalBool(name: string): boolean | undefined {
    return this.isNone(name) ? undefined : this.bool(name)
  }

  optionalText(name: string): string | undefined {
    return this.isNone(name) ? undefined : this.text(name)
  }

  optionalNumbers(name: string, options?: NumbersOptions): Numbers | undefined {
    return this.isNone(name) ? undefined : this.numbers(name, options)
  }

  optionalElements(name: string): readonly PyValue[] | undefined {
    return this.isNone(name) ? undefined : this.elements(name)
  }

  optionalInner(name: string): Attributes | undefined {
    return this.isNone(name) ? undefined : this.inner(name)
  }

  /** An error that says that the value of an attribute is not covered here. */
  unsupported(name: string, why = 'is not supported'): ServingError {
    return new ServingError('unsupported', `${this.where(name)}: ${describe(this.get(name))} ${why}`, {
      details: { path: this.where(name), class: qualifiedName(this.object.class) },
    })
  }
}
