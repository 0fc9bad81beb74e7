import {
  createFileRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
  type DescMessage,
  type JsonValue,
} from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { fileByName } from './descriptors.ts'
import type { Document } from './messages.ts'
import type { Field, MessageType } from './schema.ts'
import { FILES } from './tables.ts'
import { tagOf, LENGTH, writeVarint } from '../../core/protobuf/wire.ts'

/** Another implementation of protobuf, which knows the messages by the descriptors that are made here. */
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet()))

/** A FileDescriptorSet of all files: field 1, once for each. */
function descriptorSet(): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { name } of [...FILES].reverse()) {
    const file = fileByName(name)?.[0] ?? new Uint8Array(0)
    const head = new Uint8Array(6)
    head[0] = tagOf(1, LENGTH)
    parts.push(head.subarray(0, writeVarint(head, 1, file.length)), file)
  }
  return Buffer.concat(parts)
}

export function descOf(type: MessageType): DescMessage {
  const desc = registry.getMessage(type.name)
  if (desc === undefined) throw new Error(`no ${type.name}`)
  return desc
}

export function encodeByOracle(type: MessageType, document: Document): Uint8Array {
  return toBinary(descOf(type), fromJson(descOf(type), toProtoJson(type, document)))
}

/** The bytes that the oracle writes for what it read in these. */
export function rewrittenByOracle(type: MessageType, bytes: Uint8Array): Uint8Array {
  return toBinary(descOf(type), fromBinary(descOf(type), bytes))
}

export function decodeByOracle(type: MessageType, bytes: Uint8Array): JsonValue {
  return toJson(descOf(type), fromBinary(descOf(type), bytes), {
    useProtoFieldName: true,
    alwaysEmitImplicit: true,
  })
}

/** A document in protobuf's JSON form. @see Protocol Buffers, "ProtoJSON Format" */
export function toProtoJson(type: MessageType, document: Document): JsonValue {
  const json: Record<string, JsonValue> = {}
  for (const field of type.fields) {
    const value = document[field.name]
    if (value === undefined) continue
    if (field.label === 'many') json[field.name] = (value as unknown[]).map((element) => valueJson(field, element))
    else if (field.label === 'map')
      json[field.name] = Object.fromEntries(
        Object.entries(value as Record<string, unknown>).map(([key, each]) => [key, valueJson(field, each)]),
      )
    else json[field.name] = valueJson(field, value)
  }
  return json
}

function valueJson({ type }: Field, value: unknown): JsonValue {
  if (typeof type === 'object') return type.kind === 'enum' ? (value as string) : toProtoJson(type, value as Document)
  if (type === 'bytes') return Buffer.from(value as Uint8Array).toString('base64')
  if (type === 'int64' || type === 'uint64') return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value as JsonValue
}
