import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'

/** Numbers of a list that holds nothing else, in the type that the file has them in. */
export type NumberList = Float64Array | Float32Array | Int32Array | Int16Array | Int8Array | Uint8Array

/** What JSON and UBJSON files hold. Objects are maps, so that no key means anything. */
export type FileValue = null | boolean | number | string | NumberList | readonly FileValue[] | FileObject

export type FileObject = ReadonlyMap<string, FileValue>

/** Lists and objects inside one another. */
export const MAX_DEPTH = 64

export function isNumberList(value: FileValue | undefined): value is NumberList {
  return ArrayBuffer.isView(value)
}

export function isObject(value: FileValue | undefined): value is FileObject {
  return value instanceof Map
}

/** An object of a booster's file, asked by name and kind. */
export class FileView {
  readonly where: string
  readonly #object: FileObject

  constructor(value: FileValue | undefined, where: string) {
    if (!isObject(value)) throw damaged(`${where} is no object`)
    this.#object = value
    this.where = where
  }

  has(name: string): boolean {
    return this.#object.has(name)
  }

  raw(name: string): FileValue | undefined {
    return this.#object.get(name)
  }

  keys(): Iterable<string> {
    return this.#object.keys()
  }

  object(name: string): FileView {
    return new FileView(this.raw(name), `${this.where}.${name}`)
  }

  text(name: string): string {
    const value = this.raw(name)
    if (typeof value !== 'string') throw this.wrong(name, 'text')
    return value
  }

  /** A whole number from 0 up, which the libraries write as text too. */
  count(name: string, missing?: number): number {
    const value = this.raw(name)
    if (value === undefined && missing !== undefined) return missing
    const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 0x7fff_ffff)
      throw this.wrong(name, 'a whole number from 0 up')
    return number
  }

  list(name: string): readonly FileValue[] {
    const value = this.raw(name)
    if (Array.isArray(value)) return value as readonly FileValue[]
    if (isNumberList(value)) return Array.from(value)
    throw this.wrong(name, 'a list')
  }

  texts(name: string): readonly string[] {
    const list = this.list(name)
    if (!list.every((value) => typeof value === 'string')) throw this.wrong(name, 'a list of texts')
    return list
  }

  numbers(name: string, length?: number): NumberList {
    const value = this.raw(name)
    const numbers = Array.isArray(value) && value.length === 0 ? new Float64Array() : value
    if (!isNumberList(numbers)) throw this.wrong(name, 'a list of numbers')
    if (length !== undefined && numbers.length !== length)
      throw this.wrong(name, `a list of ${length} numbers; it has ${numbers.length}`)
    return numbers
  }

  /** Whole numbers of 32 bits. */
  integers(name: string, length?: number): Int32Array {
    const numbers = this.numbers(name, length)
    if (numbers instanceof Int32Array) return numbers
    const result = new Int32Array(numbers.length)
    for (let i = 0; i < result.length; i++) {
      const value = numbers[i] as number
      if ((value | 0) !== value) throw this.wrong(name, 'a list of whole numbers of 32 bits')
      result[i] = value
    }
    return result
  }

  wrong(name: string, expected: string): ServingError {
    return damaged(`${this.where}.${name} is not ${expected}`)
  }
}

/** The error for a file that no booster has written. @param offset the byte, where one is known */
export function damaged(reason: string, offset?: number): ServingError {
  const at = offset === undefined ? '' : ` (byte ${offset})`
  return new ServingError('refused', `the model's file is damaged: ${reason}${at}; save it once more`, {
    details: offset === undefined ? {} : { offset },
  })
}

/** @throws {ServingError} `refused` for a key that the object has already */
export function setOnce(object: Map<string, FileValue>, key: string, value: FileValue, offset: number): void {
  if (object.has(key)) throw damaged(`the key ${quote(key)} stands twice in an object`, offset)
  object.set(key, value)
}
