/** The types that stand in a field by themselves. @see Protocol Buffers, "Scalar Value Types" */
export type Scalar = 'bool' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'float' | 'double' | 'string' | 'bytes'

export interface EnumType {
  readonly kind: 'enum'
  /** With its package, as are all names of types here. */
  readonly name: string
  readonly numbers: ReadonlyMap<string, number>
  readonly names: ReadonlyMap<number, string>
}

export interface MessageType {
  readonly kind: 'message'
  readonly name: string
  /** In the order in which they are written. */
  readonly fields: readonly Field[]
  readonly byNumber: ReadonlyMap<number, Field>
}

export interface Field {
  readonly number: number
  readonly name: string
  readonly type: Scalar | EnumType | MessageType
  readonly label: 'one' | 'many' | 'map'
  /** The type of a map's keys; what `type` says are its values then. */
  readonly key?: Scalar
  /** The choice of which it is one: at most one of its fields stands in a message. */
  readonly oneof?: string
  /** Whether it is written even as its type's default, as fields of a choice are. */
  readonly isExplicit?: boolean
}

/** One procedure of a service. */
export interface Method {
  readonly name: string
  readonly input: MessageType
  readonly output: MessageType
  readonly isClientStreaming: boolean
  readonly isServerStreaming: boolean
}

export interface Service {
  readonly name: string
  readonly methods: readonly Method[]
}

/** What one `.proto` file says. */
export interface ProtoFile {
  readonly name: string
  readonly package: string
  readonly dependencies: readonly ProtoFile[]
  /** Nested ones stand behind that in whose name theirs begins. */
  readonly types: readonly (MessageType | EnumType)[]
  readonly services: readonly Service[]
}

export function message(name: string, ...fields: readonly Field[]): MessageType {
  return { kind: 'message', name, fields, byNumber: new Map(fields.map((field) => [field.number, field])) }
}

export function enumeration(name: string, numbers: Readonly<Record<string, number>>): EnumType {
  const entries = Object.entries(numbers)
  return {
    kind: 'enum',
    name,
    numbers: new Map(entries),
    names: new Map(entries.map(([value, number]) => [number, value])),
  }
}

export function one(number: number, name: string, type: Field['type']): Field {
  return { number, name, type, label: 'one' }
}

/** A field that is written whenever it is there, as its type's default too. */
export function explicit(number: number, name: string, type: Field['type']): Field {
  return { number, name, type, label: 'one', isExplicit: true }
}

export function many(number: number, name: string, type: Field['type']): Field {
  return { number, name, type, label: 'many' }
}

export function map(number: number, name: string, key: Scalar, type: Field['type']): Field {
  return { number, name, type, label: 'map', key }
}

/** Fields of which one message has at most one. */
export function choice(oneof: string, ...fields: readonly Field[]): Field[] {
  return fields.map((field) => ({ ...field, oneof, isExplicit: true }))
}

export function unary(name: string, input: MessageType, output: MessageType): Method {
  return { name, input, output, isClientStreaming: false, isServerStreaming: false }
}
