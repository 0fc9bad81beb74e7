import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import type { Tensor } from '../../tensor/tensor.ts'

/**
 * A host kernel that programs name: work that ONNX has no operators for, or none that are exact.
 * Its parameters come out of a bundle, so nothing in them is trusted: `prepare` checks all that `run` relies on.
 */
export interface NamedKernel {
  /** Datatypes of the inputs by position; or of any number of inputs, each of which has one of these. */
  readonly takes: readonly Datatype[] | { readonly each: readonly Datatype[] }
  /** Of a kernel whose inputs have one column only: [rows] or [rows, 1]. */
  readonly columns?: 1
  /**
   * Makes the kernel ready for a step.
   * @param parameters as parsed from JSON
   * @throws {ServingError} `refused` for parameters that are not this kernel's, naming the place
   */
  prepare(parameters: Parameters): PreparedKernel
}

export interface PreparedKernel {
  /**
   * Computes outputs from inputs, both by position. Inputs are never changed. They are what the kernel takes, of one or two
   * dimensions, with the same number of rows; so are the outputs.
   * @throws {ServingError} `invalid_argument` for an input that no model of the kind could take
   */
  run(inputs: readonly Tensor[]): readonly Tensor[]
}

/** A JSON object whose members are asked for by name and kind; what is missing or otherwise is refused. */
export class Parameters {
  readonly #members: ReadonlyMap<string, unknown>
  readonly #where: string

  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new ServingError('refused', `${where} is no JSON object`)
    this.#members = new Map(Object.entries(value))
    this.#where = where
  }

  refuse(name: string, expected: string): ServingError {
    return new ServingError('refused', `${this.#where}: ${quote(name)} is not ${expected}`)
  }

  has(name: string): boolean {
    const value = this.#members.get(name)
    return value !== undefined && value !== null
  }

  raw(name: string): unknown {
    return this.#members.get(name)
  }

  text(name: string): string {
    const value = this.raw(name)
    if (typeof value !== 'string') throw this.refuse(name, 'text')
    return value
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.raw(name)
    if (typeof value !== 'string' || !(allowed as readonly string[]).includes(value))
      throw this.refuse(name, `one of ${allowed.join(', ')}`)
    return value as T
  }

  flag(name: string): boolean {
    const value = this.raw(name)
    if (typeof value !== 'boolean') throw this.refuse(name, 'true or false')
    return value
  }

  /** A number; `"NaN"`, `"Infinity"` and `"-Infinity"` as text, which JSON has no numbers for. */
  number(name: string): number {
    const value = numberIn(this.raw(name))
    if (value === undefined) throw this.refuse(name, 'a number')
    return value
  }

  /** A whole number from `least` to `most`. */
  int(name: string, least = 0, most = 2 ** 31 - 1): number {
    const value = this.raw(name)
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
      throw this.refuse(name, `a whole number from ${least} to ${most}`)
    return value as number
  }

  list(name: string): readonly unknown[] {
    const value = this.raw(name)
    if (!Array.isArray(value)) throw this.refuse(name, 'a list')
    return value as readonly unknown[]
  }

  numbers(name: string, length?: number): Float64Array {
    return this.#numbersIn(name, this.list(name), length)
  }

  /** A list of lists of numbers. @param length of each */
  numberLists(name: string, length: number): readonly Float64Array[] {
    return this.list(name).map((each) => {
      if (!Array.isArray(each)) throw this.refuse(name, `lists of ${length} numbers`)
      return this.#numbersIn(name, each, length)
    })
  }

  #numbersIn(name: string, list: readonly unknown[], length: number | undefined): Float64Array {
    if (length !== undefined && list.length !== length) throw this.refuse(name, `a list of ${length} numbers`)
    return Float64Array.from(list, (each) => {
      const value = numberIn(each)
      if (value === undefined) throw this.refuse(name, 'a list of numbers')
      return value
    })
  }

  /** Numbers as `packNumbers` writes them: the base64 of little-endian doubles. @param length how many there must be */
  packed(name: string, length?: number): Float64Array<ArrayBuffer> {
    const bytes = Buffer.from(this.text(name), 'base64')
    if (bytes.length % 8 !== 0 || (length !== undefined && bytes.length !== 8 * length))
      throw this.refuse(name, length === undefined ? 'packed numbers' : `${length} packed numbers`)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const numbers = new Float64Array(bytes.length / 8)
    for (let i = 0; i < numbers.length; i++) numbers[i] = view.getFloat64(8 * i, true)
    return numbers
  }

  /** Packed whole numbers from `least` to `most`. */
  packedInts(name: string, least = 0, most = 2 ** 31 - 1): Int32Array {
    return Int32Array.from(this.packed(name), (value) => {
      if (!Number.isInteger(value) || value < least || value > most)
        throw this.refuse(name, `packed whole numbers from ${least} to ${most}`)
      return value
    })
  }

  ints(name: string, least = 0, most = 2 ** 31 - 1): Int32Array {
    return Int32Array.from(this.list(name), (value) => {
      if (!Number.isInteger(value) || (value as number) < least || (value as number) > most)
        throw this.refuse(name, `a list of whole numbers from ${least} to ${most}`)
      return value as number
    })
  }

  texts(name: string): readonly string[] {
    const list = this.list(name)
    if (!list.every((value) => typeof value === 'string')) throw this.refuse(name, 'a list of text')
    return list
  }

  objects(name: string): readonly Parameters[] {
    return this.list(name).map((value, i) => new Parameters(value, `${this.#where}, ${quote(name)} ${i + 1}`))
  }

  object(name: string): Parameters {
    return new Parameters(this.raw(name), `${this.#where}, ${quote(name)}`)
  }
}

/** A number as `jsonNumber` writes it. */
function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (value === 'NaN') return Number.NaN
  if (value === 'Infinity') return Infinity
  return value === '-Infinity' ? -Infinity : undefined
}
