import { INTEGER_BOUNDS } from '../../tensor/datatype.ts'
import type { WireReader } from '../../core/protobuf/wire-reader.ts'
import type { WireWriter } from '../../core/protobuf/wire-writer.ts'
import type { EnumType, Field, Scalar } from './schema.ts'
import { FIXED32, FIXED64, LENGTH, upperWord, VARINT } from '../../core/protobuf/wire.ts'

/** A field's value that is no message. */
type Single = Scalar | EnumType

/** The wire type in which a value of a type stands by itself. */
export function wireOf(type: Field['type']): number {
  if (typeof type === 'object') return type.kind === 'enum' ? VARINT : LENGTH
  if (type === 'float') return FIXED32
  if (type === 'double') return FIXED64
  return type === 'string' || type === 'bytes' ? LENGTH : VARINT
}

/** Whether a list's values stand in one piece, without tags between them. */
export function isPackable(type: Field['type']): type is Single {
  return wireOf(type) !== LENGTH
}

/** Takes one value; enums by name, or by number where they have none. */
export function readValue(reader: WireReader, field: string, type: Single): unknown {
  if (typeof type === 'object') {
    const number = reader.int32(field)
    return type.names.get(number) ?? number
  }
  switch (type) {
    case 'bool':
      return reader.bool(field)
    case 'int32':
      return reader.int32(field)
    case 'uint32':
      return reader.uint32(field)
    case 'int64':
      return reader.int64(field)
    case 'uint64':
      return reader.uint64(field)
    case 'float':
      return reader.float(field)
    case 'double':
      return reader.double(field)
    case 'string':
      return reader.text(field)
    case 'bytes':
      return reader.slice(field)
  }
}

/** A map's key as the key of an object. */
export function keyText(key: unknown): string {
  return String(key)
}

/** Whether a value is not its type's default, and so has to be written. @see Protocol Buffers, "Field Presence" */
export function isPresent(type: Field['type'], value: unknown): boolean {
  if (typeof type === 'object')
    return value !== 0 && !(type.kind === 'enum' && typeof value === 'string' && type.numbers.get(value) === 0)
  if (type === 'string') return value !== ''
  if (type === 'bytes') return !(value instanceof Uint8Array && value.length === 0)
  return value !== false && !Object.is(value, 0) && value !== 0n
}

/** @throws {Error} for what the type cannot hold: that is a bug */
export function writeValue(writer: WireWriter, field: string, type: Single, value: unknown): void {
  if (typeof type === 'object') {
    const number = typeof value === 'string' ? type.numbers.get(value) : value
    writer.varint64(...wordsOf(field, 'int32', number))
    return
  }
  switch (type) {
    case 'bool':
      if (typeof value !== 'boolean') throw cannotHold(field, type, value)
      writer.varint(value ? 1 : 0)
      break
    case 'float':
    case 'double':
      if (typeof value !== 'number') throw cannotHold(field, type, value)
      if (type === 'float') writer.float(value)
      else writer.double(value)
      break
    case 'string':
      if (typeof value !== 'string') throw cannotHold(field, type, value)
      writer.text(value)
      break
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw cannotHold(field, type, value)
      writer.bytes(value)
      break
    default:
      writer.varint64(...wordsOf(field, type, value))
  }
}

/** As `writeValue`, for a map's key, which is a text where the map is an object. */
export function writeKey(writer: WireWriter, field: string, type: Scalar, key: unknown): void {
  const isText = typeof key === 'string' && type !== 'string'
  if (isText && type === 'bool') writeValue(writer, field, type, key === 'true')
  else writeValue(writer, field, type, isText ? BigInt(key) : key)
}

type IntegerType = 'int32' | 'uint32' | 'int64' | 'uint64'

/** An integer in two words, sign and all. */
function wordsOf(field: string, type: IntegerType, value: unknown): [number, number] {
  if (typeof value === 'number' && Number.isInteger(value)) {
    const bounds = INTEGER_BOUNDS[type === 'int32' ? 'INT32' : 'UINT32']
    const isShort = type === 'int32' || type === 'uint32'
    if (isShort && bounds !== undefined && (value < bounds[0] || value > bounds[1]))
      throw cannotHold(field, type, value)
    if (!Number.isSafeInteger(value) || (type === 'uint64' && value < 0)) throw cannotHold(field, type, value)
    return [value | 0, upperWord(value)]
  }
  if (typeof value !== 'bigint') throw cannotHold(field, type, value)
  const bits = type === 'int32' || type === 'uint32' ? 32 : 64
  const isSigned = type === 'int32' || type === 'int64'
  if ((isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) !== value)
    throw cannotHold(field, type, value)
  return [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))]
}

function cannotHold(field: string, type: string, value: unknown): Error {
  return new Error(
    `${field} is of ${type} and cannot hold ${typeof value} ${String(value).slice(0, 80)}; this is a bug`,
  )
}
