import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { WireReader } from '../../core/protobuf/wire-reader.ts'
import { FIXED64, LENGTH, tagOf, VARINT } from '../../core/protobuf/wire.ts'

/** One of the parameters of a request or a tensor; its value is undefined where none of the choices was set. */
export interface Parameter {
  readonly key: string
  readonly value: boolean | number | bigint | string | undefined
}

const ENTRY_FIELDS = [undefined, 'the key of parameters', 'parameters']
const KEY = tagOf(1, LENGTH)
const VALUE = tagOf(2, LENGTH)

const VALUE_FIELDS = [undefined, 'bool_param', 'int64_param', 'string_param', 'double_param', 'uint64_param']
const BOOL = tagOf(1, VARINT)
const INT64 = tagOf(2, VARINT)
const STRING = tagOf(3, LENGTH)
const DOUBLE = tagOf(4, FIXED64)
const UINT64 = tagOf(5, VARINT)

/** Takes an entry of a map of parameters, whose tag was taken. @see Triton's "Parameters Extension" */
export function readParameter(reader: WireReader): Parameter {
  let key = ''
  let value: Parameter['value']
  const outer = reader.enter('parameters')
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === KEY) key = reader.name('the key of parameters')
    else if (tag === VALUE) value = readChoice(reader, value)
    else reader.pass(tag, ENTRY_FIELDS)
  }
  reader.leave(outer)
  return { key, value }
}

/** @param before the value so far: what comes twice is one message, of which the last choice counts */
function readChoice(reader: WireReader, before: Parameter['value']): Parameter['value'] {
  let value = before
  const outer = reader.enter('parameters')
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag())
    switch (tag) {
      case BOOL:
        value = reader.bool('bool_param')
        break
      case INT64:
        value = reader.int64('int64_param')
        break
      case STRING:
        value = reader.text('string_param')
        break
      case DOUBLE:
        value = reader.double('double_param')
        break
      case UINT64:
        value = reader.uint64('uint64_param')
        break
      default:
        reader.pass(tag, VALUE_FIELDS)
    }
  reader.leave(outer)
  return value
}

/** A parameter as a number, where it is one or a text of digits; NaN where it is neither. */
export function numberOf({ value }: Parameter): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
}

/**
 * A parameter as a whole number from 0 up.
 * @param what it counts, for the message
 */
export function wholeOf(parameter: Parameter, what: string): number {
  const value = numberOf(parameter)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new ServingError(
    'invalid_argument',
    `the parameter ${quote(parameter.key)} must be a whole number${what}, as int64_param, uint64_param or digits in string_param`,
  )
}
