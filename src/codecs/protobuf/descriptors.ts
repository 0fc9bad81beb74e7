import { encodeMessage, type Document } from './messages.ts'
import { explicit, many, message, one, type Field, type MessageType, type ProtoFile, type Scalar } from './schema.ts'
import { FILES, SERVICES } from './tables.ts'

/** How descriptors number the types of fields. @see Protocol Buffers' `descriptor.proto` */
const TYPE_NUMBERS: Readonly<Record<Scalar | 'message' | 'enum', number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  bool: 8,
  string: 9,
  message: 11,
  bytes: 12,
  uint32: 13,
  enum: 14,
}
const OPTIONAL = 1
const REPEATED = 3

const EnumValueDescriptor = message(
  'google.protobuf.EnumValueDescriptorProto',
  one(1, 'name', 'string'),
  explicit(2, 'number', 'int32'),
)
const EnumDescriptor = message(
  'google.protobuf.EnumDescriptorProto',
  one(1, 'name', 'string'),
  many(2, 'value', EnumValueDescriptor),
)
const FieldDescriptor = message(
  'google.protobuf.FieldDescriptorProto',
  one(1, 'name', 'string'),
  one(3, 'number', 'int32'),
  one(4, 'label', 'int32'),
  one(5, 'type', 'int32'),
  one(6, 'type_name', 'string'),
  explicit(9, 'oneof_index', 'int32'),
  one(10, 'json_name', 'string'),
)
const OneofDescriptor = message('google.protobuf.OneofDescriptorProto', one(1, 'name', 'string'))
const MessageOptions = message('google.protobuf.MessageOptions', one(7, 'map_entry', 'bool'))

const leafFields: readonly Field[] = [
  one(1, 'name', 'string'),
  many(2, 'field', FieldDescriptor),
  many(4, 'enum_type', EnumDescriptor),
  one(7, 'options', MessageOptions),
  many(8, 'oneof_decl', OneofDescriptor),
]
/** A message within so many others: none here is deeper than the entries of a map in a nested message. */
const DescriptorOfNested = message(
  'google.protobuf.DescriptorProto',
  ...leafFields,
  many(3, 'nested_type', message('google.protobuf.DescriptorProto', ...leafFields)),
)
const Descriptor = message('google.protobuf.DescriptorProto', ...leafFields, many(3, 'nested_type', DescriptorOfNested))
const MethodDescriptor = message(
  'google.protobuf.MethodDescriptorProto',
  one(1, 'name', 'string'),
  one(2, 'input_type', 'string'),
  one(3, 'output_type', 'string'),
  one(5, 'client_streaming', 'bool'),
  one(6, 'server_streaming', 'bool'),
)
const ServiceDescriptor = message(
  'google.protobuf.ServiceDescriptorProto',
  one(1, 'name', 'string'),
  many(2, 'method', MethodDescriptor),
)
const FileDescriptor = message(
  'google.protobuf.FileDescriptorProto',
  one(1, 'name', 'string'),
  one(2, 'package', 'string'),
  many(3, 'dependency', 'string'),
  many(4, 'message_type', Descriptor),
  many(5, 'enum_type', EnumDescriptor),
  many(6, 'service', ServiceDescriptor),
  one(12, 'syntax', 'string'),
)

/** Every file with what it says, in bytes; made when somebody asks first. */
let described: ReadonlyMap<ProtoFile, Uint8Array> | undefined
/** The file in which each service, procedure, message and enum stands. */
const fileOfSymbol = new Map<string, ProtoFile>()
for (const file of FILES) {
  for (const { name } of file.types) fileOfSymbol.set(name, file)
  for (const service of file.services) {
    fileOfSymbol.set(service.name, file)
    for (const { name } of service.methods) fileOfSymbol.set(`${service.name}.${name}`, file)
  }
}

/** Names of the services that may be asked for, as server reflection lists them. */
export const SERVICE_NAMES: readonly string[] = SERVICES.map(({ name }) => name)

/**
 * FileDescriptorProtos of the file that holds a symbol, and of those it depends on.
 * @param symbol a service, procedure, message or enum with its package
 * @returns undefined where no file has it
 */
export function fileContaining(symbol: string): readonly Uint8Array[] | undefined {
  const file = fileOfSymbol.get(symbol)
  return file === undefined ? undefined : withDependencies(file)
}

/** As `fileContaining`, by the file's own name. */
export function fileByName(name: string): readonly Uint8Array[] | undefined {
  const file = FILES.find((file) => file.name === name)
  return file === undefined ? undefined : withDependencies(file)
}

function withDependencies(file: ProtoFile): readonly Uint8Array[] {
  described ??= new Map(FILES.map((known) => [known, encodeMessage(FileDescriptor, describeFile(known))]))
  const own = described.get(file)
  if (own === undefined) throw new Error(`${file.name} is not among the files; this is a bug`)
  return [own, ...file.dependencies.flatMap(withDependencies)]
}

function describeFile(file: ProtoFile): Document {
  return {
    name: file.name,
    package: file.package,
    dependency: file.dependencies.map(({ name }) => name),
    ...describeTypes(file, file.package, 'message_type'),
    service: file.services.map(({ name, methods }) => ({
      name: lastPart(name),
      method: methods.map(({ name, input, output, isClientStreaming, isServerStreaming }) => ({
        name,
        input_type: `.${input.name}`,
        output_type: `.${output.name}`,
        client_streaming: isClientStreaming,
        server_streaming: isServerStreaming,
      })),
    })),
    syntax: 'proto3',
  }
}

/** The messages and enums that stand in a package or a message. */
function describeTypes(file: ProtoFile, within: string, messages: 'message_type' | 'nested_type'): Document {
  const inside = file.types.filter(({ name }) => name.slice(0, name.lastIndexOf('.')) === within)
  return {
    [messages]: inside.filter((type) => type.kind === 'message').map((type) => describeMessage(file, type)),
    enum_type: inside
      .filter((type) => type.kind === 'enum')
      .map(({ name, numbers }) => ({
        name: lastPart(name),
        value: [...numbers].map(([name, number]) => ({ name, number })),
      })),
  }
}

function describeMessage(file: ProtoFile, type: MessageType): Document {
  const choices = [...new Set(type.fields.flatMap(({ oneof }) => oneof ?? []))]
  const nested = describeTypes(file, type.name, 'nested_type')
  const entries = type.fields.filter(({ label }) => label === 'map').map(describeEntry)
  return {
    name: lastPart(type.name),
    field: type.fields.map((field) => describeField(type, field, choices)),
    ...nested,
    nested_type: [...(nested['nested_type'] as Document[]), ...entries],
    oneof_decl: choices.map((name) => ({ name })),
  }
}

/** The message that an entry of a map is. */
function describeEntry({ name, key = 'string', type }: Field): Document {
  return {
    name: entryName(name),
    field: [
      { name: 'key', number: 1, label: OPTIONAL, json_name: 'key', ...describeType(key) },
      { name: 'value', number: 2, label: OPTIONAL, json_name: 'value', ...describeType(type) },
    ],
    options: { map_entry: true },
  }
}

function describeField(within: MessageType, field: Field, choices: readonly string[]): Document {
  const { name, number, label, type, oneof } = field
  return {
    name,
    number,
    label: label === 'one' ? OPTIONAL : REPEATED,
    json_name: camel(name),
    ...(label === 'map'
      ? { type: TYPE_NUMBERS.message, type_name: `.${within.name}.${entryName(name)}` }
      : describeType(type)),
    ...(oneof === undefined ? {} : { oneof_index: choices.indexOf(oneof) }),
  }
}

function describeType(type: Field['type']): Document {
  if (typeof type === 'string') return { type: TYPE_NUMBERS[type] }
  return { type: TYPE_NUMBERS[type.kind], type_name: `.${type.name}` }
}

/** `int64_param` as `int64Param`. */
function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** `raw_handles` as `RawHandlesEntry`. */
function entryName(name: string): string {
  return `${camel(`_${name}`)}Entry`
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
