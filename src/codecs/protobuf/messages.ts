import { ServingError } from '../../core/errors.ts'
import { WireReader } from '../../core/protobuf/wire-reader.ts'
import { WireWriter } from '../../core/protobuf/wire-writer.ts'
import { malformedMessage } from './malformed.ts'
import type { Field, MessageType } from './schema.ts'
import { isPackable, isPresent, keyText, readValue, wireOf, writeKey, writeValue } from './values.ts'
import { LENGTH, tagOf } from '../../core/protobuf/wire.ts'

/**
 * A message as a plain object under the names of its `.proto` file: lists as arrays, maps as objects without a prototype
 * (a Map is taken too), enums by name, 64-bit integers as numbers where that is exact and bigints else. Fields of a
 * choice, and messages, are absent where they are not set.
 */
export type Document = Readonly<Record<string, unknown>>

/** Most entries of all the lists and maps of one message: each takes a hundred times the memory of its bytes. */
const MAX_ENTRIES = 100_000

/** What is being read, and how many entries it may still have. */
interface Reading {
  readonly reader: WireReader
  left: number
}

/**
 * Reads a message; fields that its type does not have are passed over.
 * @throws {ServingError} `invalid_argument` naming the field and the byte where the bytes are no such message;
 *   `too_large` for over 100,000 entries
 * @see Protocol Buffers, "Encoding"
 */
export function decodeMessage(type: MessageType, bytes: Uint8Array): Record<string, unknown> {
  const document = emptyDocument(type)
  readMessage({ reader: new WireReader(bytes, malformedMessage(type.name)), left: MAX_ENTRIES }, type, document)
  return document
}

/** A message of which nothing is set. */
function emptyDocument({ fields }: MessageType): Record<string, unknown> {
  const document: Record<string, unknown> = {}
  for (const field of fields) {
    if (field.label === 'many') document[field.name] = []
    else if (field.label === 'map') document[field.name] = Object.create(null) as object
    else if (field.oneof === undefined && !isMessage(field)) document[field.name] = defaultOf(field.type)
  }
  return document
}

function isMessage({ type }: Field): boolean {
  return typeof type === 'object' && type.kind === 'message'
}

function defaultOf(type: Field['type']): unknown {
  if (typeof type === 'object') return type.kind === 'enum' ? (type.names.get(0) ?? 0) : emptyDocument(type)
  if (type === 'string') return ''
  if (type === 'bytes') return new Uint8Array(0)
  return type === 'bool' ? false : 0
}

function readMessage(reading: Reading, type: MessageType, document: Record<string, unknown>): void {
  const { reader } = reading
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const field = type.byNumber.get(tag >>> 3)
    if (field === undefined) reader.skip(tag)
    else if (field.label === 'map') readEntry(reading, field, tag, document[field.name] as Record<string, unknown>)
    else if (field.label === 'many') readMany(reading, field, tag, document[field.name] as unknown[])
    else {
      const before = document[field.name]
      if (field.oneof !== undefined && before === undefined)
        for (const other of type.fields) if (other.oneof === field.oneof) delete document[other.name]
      document[field.name] = readOne(reading, field, tag, before)
    }
  }
}

/** @param before what stood in the field: a message's fields are added to it, all else replaces it */
function readOne(reading: Reading, { name, type }: Field, tag: number, before?: unknown): unknown {
  const { reader } = reading
  if ((tag & 7) !== wireOf(type)) throw reader.wrongWire(name, tag)
  if (typeof type === 'string' || type.kind === 'enum') return readValue(reader, name, type)
  const document = (before ?? emptyDocument(type)) as Record<string, unknown>
  const outer = reader.enter(name)
  readMessage(reading, type, document)
  reader.leave(outer)
  return document
}

function readMany(reading: Reading, field: Field, tag: number, list: unknown[]): void {
  const { name, type } = field
  const { reader } = reading
  if ((tag & 7) === LENGTH && isPackable(type)) {
    const outer = reader.enter(name)
    while (reader.at < reader.end) {
      count(reading, name)
      list.push(readValue(reader, name, type))
    }
    reader.leave(outer)
  } else {
    count(reading, name)
    list.push(readOne(reading, field, tag))
  }
}

function readEntry(reading: Reading, field: Field, tag: number, map: Record<string, unknown>): void {
  const { name, type, key = 'string' } = field
  const { reader } = reading
  if ((tag & 7) !== LENGTH) throw reader.wrongWire(name, tag)
  count(reading, name)
  let entryKey = keyText(defaultOf(key))
  let value = defaultOf(type)
  const outer = reader.enter(name)
  for (let entryTag = reader.tag(); entryTag !== 0; entryTag = reader.tag()) {
    if (entryTag >>> 3 === 1) {
      if ((entryTag & 7) !== wireOf(key)) throw reader.wrongWire(`the key of ${name}`, entryTag)
      entryKey = keyText(readValue(reader, `the key of ${name}`, key))
    } else if (entryTag >>> 3 === 2) value = readOne(reading, field, entryTag, value)
    else reader.skip(entryTag)
  }
  reader.leave(outer)
  map[entryKey] = value
}

function count(reading: Reading, name: string): void {
  if (reading.left-- > 0) return
  throw new ServingError(
    'too_large',
    `the message has over ${MAX_ENTRIES} entries in its lists and maps, the last in ${name}; send fewer`,
  )
}

/**
 * Writes a message. Members of the document that its type does not have are left out.
 * @throws {Error} for a value that its field cannot hold: documents are made here, so that is a bug
 */
export function encodeMessage(type: MessageType, document: Document): Uint8Array {
  const writer = new WireWriter()
  writeMessage(writer, type, document)
  return writer.finish()
}

function writeMessage(writer: WireWriter, type: MessageType, document: Document): void {
  for (const field of type.fields) {
    const value = document[field.name]
    if (value === undefined || value === null) continue
    if (field.label === 'many') writeMany(writer, field, value)
    else if (field.label === 'map') writeMap(writer, field, value)
    else {
      if (field.oneof !== undefined) refuseSecond(type, field, document)
      if (field.isExplicit === true || isMessage(field) || isPresent(field.type, value)) writeOne(writer, field, value)
    }
  }
}

function refuseSecond({ name, fields }: MessageType, first: Field, document: Document): void {
  for (const { name: other, oneof } of fields) {
    if (oneof !== first.oneof || other === first.name) continue
    if (document[other] !== undefined && document[other] !== null)
      throw new Error(`${name} has both ${first.name} and ${other}, of which it may have one; this is a bug`)
  }
}

function writeOne(writer: WireWriter, { number, name, type }: Field, value: unknown): void {
  writer.varint(tagOf(number, wireOf(type)))
  if (typeof type === 'string' || type.kind === 'enum') {
    writeValue(writer, name, type, value)
    return
  }
  if (typeof value !== 'object' || value === null) throw new Error(`${name} is no ${type.name}; this is a bug`)
  const at = writer.open()
  writeMessage(writer, type, value as Document)
  writer.close(at)
}

function writeMany(writer: WireWriter, field: Field, value: unknown): void {
  const { number, name, type } = field
  if (!Array.isArray(value)) throw new Error(`${name} is no list; this is a bug`)
  if (value.length === 0) return
  if (!isPackable(type)) {
    for (const element of value) writeOne(writer, field, element)
    return
  }
  writer.varint(tagOf(number, LENGTH))
  const at = writer.open()
  for (const element of value) writeValue(writer, name, type, element)
  writer.close(at)
}

function writeMap(writer: WireWriter, field: Field, map: unknown): void {
  const { number, name, type, key = 'string' } = field
  if (typeof map !== 'object' || map === null) throw new Error(`${name} is no map; this is a bug`)
  const valueField: Field = { number: 2, name, type, label: 'one' }
  for (const [entryKey, value] of map instanceof Map ? (map as Map<unknown, unknown>) : Object.entries(map)) {
    writer.varint(tagOf(number, LENGTH))
    const at = writer.open()
    writer.varint(tagOf(1, wireOf(key)))
    writeKey(writer, name, key, entryKey)
    writeOne(writer, valueField, value)
    writer.close(at)
  }
}
