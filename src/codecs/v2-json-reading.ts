import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Datatype } from '../tensor/datatype.ts'
import type { Shape } from '../tensor/shape.ts'
import { OPEN_LIST, OPEN_OBJECT, QUOTE, startsNumber, type JsonScanner } from './json-scanner.ts'

/** Datatypes whose elements JSON can hold. */
export type JsonDatatype = Exclude<Datatype, 'FP16' | 'BF16'>

/** One input, while its data is read. */
export interface Reading {
  readonly scanner: JsonScanner
  readonly name: string
  readonly datatype: JsonDatatype
  readonly shape: Shape
  readonly target: FloatTarget | IntegerTarget | Uint8Array[]
}

export type FloatTarget = Float32Array | Float64Array
/** One place for an element, or two words, the lower one first, for a 64-bit integer. */
export type IntegerTarget = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array

export function bad(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}

export function refuse(reading: Reading, why: string): ServingError {
  return bad(`input ${quote(reading.name)}: ${why}`)
}

export function refuseElement({ scanner, name }: Reading, index: number, at: number, why: string): ServingError {
  scanner.at = at
  return new ServingError(
    'invalid_argument',
    `input ${quote(name)}: element ${index} is ${showValue(scanner)}; ${why}`,
    { details: { input: name, element: index } },
  )
}

/** Takes a value of a wrong kind: what is no JSON at all is told so first. */
export function refuseValue(scanner: JsonScanner, message: string): ServingError {
  scanner.skip()
  return bad(message)
}

/** Takes a value, and tells it for a message: lists and objects, which may be deep or long, by their kind only. */
export function showValue(scanner: JsonScanner): string {
  const byte = scanner.next()
  const from = scanner.at
  if (byte === OPEN_LIST) return 'a list'
  if (byte === OPEN_OBJECT) return 'an object'
  if (byte === QUOTE) {
    scanner.skipString()
    return quote(scanner.textFrom(from))
  }
  if (!startsNumber(byte)) {
    scanner.skip()
    return scanner.bytes.toString('latin1', from, scanner.at)
  }
  const value = scanner.number()
  const text = scanner.bytes.toString('latin1', from, Math.min(scanner.at, from + 42))
  return /^-?\d{1,40}$/.test(text) ? text : String(value)
}
