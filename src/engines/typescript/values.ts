import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import {
  ARRAY_OF,
  INTEGER_BOUNDS,
  isBigInt,
  isDatatype,
  type NumericArray,
  type NumericDatatype,
} from '../../tensor/datatype.ts'
import { isHalf, narrowToHalves, widenHalves } from '../../tensor/half.ts'
import { elementCount } from '../../tensor/shape.ts'
import { allocate, type Tensor, type Tensors } from '../../tensor/tensor.ts'
import { readable } from './failures.ts'

/** A tensor as code in TypeScript has it. @see slipway.d.ts */
export interface CodeTensor {
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: ArrayLike<unknown>
}

export type CodeTensors = Record<string, CodeTensor>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Tensors as code has them: texts as strings, half floats widened, all else as it lies. */
export function toCode(tensors: Tensors): CodeTensors {
  return Object.fromEntries(
    [...tensors].map(([name, { datatype, shape, data }]) => {
      if (datatype === 'BYTES') return [name, { datatype, shape, data: data.map(textOf) }]
      return [name, { datatype, shape, data: isHalf(datatype) ? widenHalves(datatype, data as Uint16Array) : data }]
    }),
  )
}

function textOf(bytes: Uint8Array): string | Uint8Array {
  try {
    return utf8.decode(bytes)
  } catch {
    return bytes
  }
}

/**
 * Tensors that code gave, checked.
 * @param given whatever it gave
 * @param what it is called in a refusal: `postprocess gave`
 * @throws {ServingError} `internal` naming what does not fit
 */
export function fromCode(given: unknown, what: string): Map<string, Tensor> {
  try {
    return tensorsFrom(given, what)
  } catch (error) {
    const thrown = readable(error)
    if (thrown instanceof ServingError) throw thrown
    // it has members that fail when they are read
    throw new ServingError('internal', `${what} what cannot be read: ${wordsOf(thrown)}`, {
      cause: thrown,
      details: { reason: 'code_failed' },
    })
  }
}

function wordsOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message.slice(0, 300) : typeof thrown
  } catch {
    return 'an error that cannot be read either'
  }
}

function tensorsFrom(given: unknown, what: string): Map<string, Tensor> {
  if (typeof given !== 'object' || given === null || Array.isArray(given) || ArrayBuffer.isView(given))
    throw wrong(`${what} ${kindOf(given)}; an object of tensors by name is taken`)
  const entries = given instanceof Map ? [...given] : Object.entries(given)
  return new Map(entries.map(([name, value]) => [String(name), tensorFrom(value, `${what} ${quote(String(name))}`)]))
}

function tensorFrom(value: unknown, what: string): Tensor {
  const { datatype, shape, data } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (typeof value !== 'object' || !isList(data))
    throw wrong(`${what} as ${kindOf(value)}; { datatype, shape, data } is taken`)
  if (!isDatatype(datatype)) throw wrong(`${what} with the datatype ${shown(datatype)}, which there is not`)
  const sizes = shape === undefined ? [data.length] : shape
  const isShape = Array.isArray(sizes) && sizes.every((size) => Number.isSafeInteger(size) && size >= 0)
  if (!isShape || sizes.length > 8) throw wrong(`${what} with the shape ${shown(shape)}, which is none`)
  const count = elementCount(sizes as number[])
  if (count !== data.length)
    throw wrong(`${what} with ${data.length} elements; its shape [${sizes.join(',')}] holds ${count}`)
  const own = sizes as number[]
  if (datatype === 'BYTES')
    return { datatype, shape: own, data: Array.from(data, (each, i) => bytesFrom(each, what, i)) }
  return { datatype, shape: own, data: numbersFrom(datatype, data, what) as NumericArray } as Tensor
}

function bytesFrom(value: unknown, what: string, element: number): Uint8Array {
  if (typeof value === 'string') {
    if (value.isWellFormed()) return Buffer.from(value)
    throw wrong(`${what} with half a character as element ${element}, which no text in UTF-8 can have`)
  }
  if (value instanceof Uint8Array) return value
  throw wrong(`${what} with ${kindOf(value)} as element ${element}; BYTES takes strings`)
}

function numbersFrom(datatype: NumericDatatype, data: ArrayLike<unknown>, what: string) {
  const ready = isHalf(datatype) ? undefined : ARRAY_OF[datatype]
  if (ready !== undefined && Object.getPrototypeOf(data) === ready.prototype && datatype !== 'BOOL') return data
  if (isHalf(datatype)) {
    return narrowToHalves(
      datatype,
      Float64Array.from(data, (value, i) => numberFrom(value, what, i)),
    )
  }
  const out = allocate(datatype, data.length)
  const bounds = datatype === 'BOOL' ? ([0, 1] as const) : INTEGER_BOUNDS[datatype]
  for (let i = 0; i < data.length; i++) {
    const value = data[i]
    if (isBigInt(datatype)) (out as BigInt64Array)[i] = bigintFrom(datatype, value, what, i)
    else {
      const number = numberFrom(value, what, i)
      if (bounds !== undefined && !(Number.isInteger(number) && number >= bounds[0] && number <= bounds[1]))
        throw wrong(`${what} with ${String(value)} as element ${i}, which no ${datatype} can be`)
      ;(out as Float64Array)[i] = number
    }
  }
  return out
}

function numberFrom(value: unknown, what: string, element: number): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'bigint' && BigInt(Number(value)) === value) return Number(value)
  throw wrong(`${what} with ${kindOf(value)} as element ${element}; numbers are taken`)
}

function bigintFrom(datatype: 'INT64' | 'UINT64', value: unknown, what: string, element: number): bigint {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) {
    const whole = BigInt(value)
    if ((datatype === 'INT64' ? BigInt.asIntN(64, whole) : BigInt.asUintN(64, whole)) === whole) return whole
  }
  throw wrong(`${what} with ${shown(value)} as element ${element}, which no ${datatype} can be`)
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function shown(value: unknown): string {
  const kind = typeof value
  if (Array.isArray(value) && value.length <= 8 && value.every((each) => typeof each === 'number'))
    return `[${value.join(',')}]`
  if (kind === 'bigint' || kind === 'number') return String(value)
  try {
    return quote(kind === 'string' ? (value as string) : (JSON.stringify(value) ?? 'undefined'))
  } catch {
    return kindOf(value)
  }
}

function wrong(message: string): ServingError {
  return new ServingError('internal', message, { details: { reason: 'code_failed' } })
}
