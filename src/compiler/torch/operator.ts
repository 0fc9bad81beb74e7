import type { NumericDatatype } from '../../tensor/datatype.ts'
import { Dim } from './dim.ts'
import { axisOf, type Lowering } from './lowering.ts'
import {
  describeValue,
  isList,
  isTensor,
  TensorValue,
  unsupported,
  type Item,
  type ListValue,
  type Value,
} from './values.ts'

/** One operator of ATen, as the table has it. */
export interface Operator {
  readonly name: string
  /** As ATen names them: `default`, `Tensor`, `dim`, … */
  readonly overloads: readonly string[]
  readonly parameters: readonly Parameter[]
  readonly lower: Lower
  readonly view: ViewKind | undefined
}

export type Lower = (g: Lowering, a: Arguments) => Value

/**
 * Of an operator whose result shares its first argument's memory: how that argument looks after a change through the
 * result; `unknown` where it may or may not be shared, or where the way back is not known; `same` where the result is that
 * argument itself, or a copy.
 */
export type ViewKind =
  | 'unknown'
  | 'same'
  | ((g: Lowering, base: TensorValue, changed: TensorValue, a: Arguments, piece: Piece) => TensorValue)

/** Of an operator that gives several: which of them it is. */
export interface Piece {
  readonly index: number
  readonly all: readonly TensorValue[]
}

interface Parameter {
  readonly name: string
  readonly type: ParameterType
  readonly isOptional: boolean
  readonly isKeyword: boolean
  /** undefined where one has to be given. */
  readonly fallback: Value | undefined
}

/** T tensor, TS tensor or scalar, T[] tensors, I int, I[] ints, F float, F[] floats, S scalar, B bool, D dtype, s text, X anything. */
type ParameterType = 'T' | 'TS' | 'T[]' | 'I' | 'I[]' | 'F' | 'F[]' | 'S' | 'B' | 'D' | 's' | 'X'

/**
 * An operator of the table.
 * @param signature `name.overload|overload(parameter:type=default, *, keyword:type?=None)`; no overload means `default`
 */
export function operator(signature: string, lower: Lower, view?: ViewKind): Operator {
  const parts = /^(\w+)(?:\.([\w|]+))?\((.*)\)$/.exec(signature)
  if (parts === null) throw new Error(`${signature} is no signature; this is a bug`)
  const [, name = '', overloads = 'default', text = ''] = parts
  let isKeyword = false
  const parameters: Parameter[] = []
  for (const part of text.split(/,\s*/)) {
    if (part === '*') isKeyword = true
    else if (part !== '') parameters.push(parseParameter(part, isKeyword))
  }
  return { name, overloads: overloads.split('|'), parameters, lower, view }
}

function parseParameter(text: string, isKeyword: boolean): Parameter {
  const parts = /^(\w+):(TS|[TIF](?:\[\])?|[SBDsX])(\?)?(?:=(.+))?$/.exec(text)
  if (parts === null) throw new Error(`${text} is no parameter; this is a bug`)
  const [, name = '', type, optional, fallback] = parts
  return {
    name,
    type: type as ParameterType,
    isOptional: optional !== undefined,
    isKeyword,
    fallback: fallback === undefined ? undefined : parseFallback(fallback),
  }
}

function parseFallback(text: string): Value {
  if (text === 'None') return null
  if (text === 'True' || text === 'False') return text === 'True'
  if (text === '[]') return { kind: 'list', items: [] }
  if (/^[a-z]/.test(text)) return text
  return /[.e]/.test(text) ? Number(text) : Dim.of(Number(text))
}

/** What a call gives: by place, by name. */
export interface CallArguments {
  readonly positional: readonly Value[]
  readonly named: ReadonlyMap<string, Value>
}

/** The arguments of a call under the operator's names; a reason where they do not fit. */
export function bind(operator: Operator, call: CallArguments): Arguments | string {
  const bound = new Map<string, Value>()
  const places = operator.parameters.filter((parameter) => !parameter.isKeyword)
  if (call.positional.length > places.length)
    return `takes ${places.length} arguments, ${call.positional.length} are given`
  for (const [i, value] of call.positional.entries()) bound.set(places[i]?.name ?? '', value)
  for (const [name, value] of call.named) {
    if (bound.has(name)) return `is given ${name} twice`
    bound.set(name, value)
  }
  for (const parameter of operator.parameters) {
    const given = bound.get(parameter.name)
    if (given === undefined) {
      if (parameter.fallback === undefined) return `needs ${parameter.name}`
      bound.set(parameter.name, parameter.fallback)
    } else if (!accepts(parameter, given)) return `has ${describeValue(given)} as ${parameter.name}`
  }
  for (const name of bound.keys())
    if (!operator.parameters.some((parameter) => parameter.name === name)) return `has the unknown argument ${name}`
  return new Arguments(bound)
}

function accepts({ type, isOptional, fallback }: Parameter, value: Value): boolean {
  if (value === null) return isOptional || type === 'X' || fallback === null
  const isScalar = typeof value === 'number' || typeof value === 'boolean' || value instanceof Dim
  const isInt = value instanceof Dim || (isTensor(value) && value.item instanceof Dim && value.rank === 0)
  switch (type) {
    case 'T':
      return isTensor(value)
    case 'TS':
      return isTensor(value) || isScalar
    case 'T[]':
      return isList(value) && value.items.every((item) => isTensor(item) || item === null)
    case 'I':
      return isInt
    case 'I[]':
      return isInt || (isList(value) && value.items.every((item) => item instanceof Dim || isTensor(item)))
    case 'F':
      return typeof value === 'number' || value instanceof Dim
    case 'F[]':
      return isList(value) && value.items.every((item) => typeof item === 'number' || item instanceof Dim)
    case 'S':
      return isScalar || (isTensor(value) && value.rank === 0 && value.item !== undefined)
    case 'B':
      return typeof value === 'boolean'
    case 'D':
      return value instanceof Dim || (typeof value === 'object' && 'kind' in value && value.kind === 'datatype')
    case 's':
      return typeof value === 'string'
    case 'X':
      return true
  }
}

/** The arguments of one call, by name. */
export class Arguments {
  readonly #values: ReadonlyMap<string, Value>

  constructor(values: ReadonlyMap<string, Value>) {
    this.#values = values
  }

  value(name: string): Value {
    const value = this.#values.get(name)
    if (value === undefined) throw new Error(`no argument ${name} was declared; this is a bug`)
    return value
  }

  /** The same with another value for one of them. */
  with(name: string, value: Value): Arguments {
    return new Arguments(new Map(this.#values).set(name, value))
  }

  get entries(): ReadonlyMap<string, Value> {
    return this.#values
  }

  isNone(name: string): boolean {
    return this.value(name) === null
  }

  tensor(name: string): TensorValue {
    const value = this.value(name)
    if (value instanceof TensorValue) return value
    throw unsupported(`${name} is ${describeValue(value)} where a tensor is due`)
  }

  optionalTensor(name: string): TensorValue | undefined {
    return this.isNone(name) ? undefined : this.tensor(name)
  }

  tensors(name: string): TensorValue[] {
    return this.optionalTensors(name).map((value) => {
      if (value === undefined) throw unsupported(`${name} holds None where a tensor is due`)
      return value
    })
  }

  optionalTensors(name: string): (TensorValue | undefined)[] {
    return this.list(name).items.map((item) => {
      if (item === null) return undefined
      if (item instanceof TensorValue) return item
      throw unsupported(`${name} holds ${describeValue(item)} where a tensor is due`)
    })
  }

  list(name: string): ListValue {
    const value = this.value(name)
    if (isList(value)) return value
    throw unsupported(`${name} is ${describeValue(value)} where a list is due`)
  }

  /** A tensor or a scalar. */
  operand(name: string): TensorValue | Item {
    const value = this.value(name)
    return value instanceof TensorValue ? value : this.scalar(name)
  }

  scalar(name: string): Item {
    const value = this.value(name)
    if (typeof value === 'number' || typeof value === 'boolean' || value instanceof Dim) return value
    if (value instanceof TensorValue && value.item !== undefined) return value.item
    throw unsupported(`${name} is ${describeValue(value)} where a scalar is due`)
  }

  /** A number that is known. */
  number(name: string): number {
    const value = this.scalar(name)
    if (!(value instanceof Dim)) return Number(value)
    if (value.constant === undefined) throw unsupported(`${name} hangs on the size of an input`)
    return value.constant
  }

  optionalNumber(name: string): number | undefined {
    return this.isNone(name) ? undefined : this.number(name)
  }

  dim(name: string): Dim {
    return intOf(this.value(name), name)
  }

  /** A whole number that is known. */
  int(name: string): number {
    return known(this.dim(name), name)
  }

  /** An axis of a tensor of that rank, counted from the front. */
  axis(name: string, rank: number): number {
    return axisOf(this.dim(name), rank)
  }

  /** Axes; none given or none at all means every one. */
  axes(name: string, rank: number): number[] {
    const given = this.isNone(name) ? [] : this.dims(name)
    const axes = given.length === 0 ? Array.from({ length: rank }, (_, i) => i) : given.map((dim) => axisOf(dim, rank))
    if (new Set(axes).size < axes.length) throw unsupported(`${name} names an axis twice`)
    return rank === 0 ? [] : axes
  }

  dims(name: string): Dim[] {
    const value = this.value(name)
    return isList(value) ? value.items.map((item) => intOf(item, name)) : [intOf(value, name)]
  }

  /** Whole numbers that are known; one number stands for `count` of them. */
  ints(name: string, count?: number): number[] {
    const values = this.dims(name).map((dim) => known(dim, name))
    const [first] = values
    if (count === undefined || values.length === count) return values
    if (values.length === 1 && first !== undefined) return Array.from({ length: count }, () => first)
    throw unsupported(`${name} has ${values.length} numbers where ${count} are due`)
  }

  boolean(name: string): boolean {
    const value = this.value(name)
    if (typeof value === 'boolean') return value
    throw unsupported(`${name} is ${describeValue(value)} where a bool is due`)
  }

  text(name: string): string {
    const value = this.value(name)
    if (typeof value === 'string') return value
    throw unsupported(`${name} is ${describeValue(value)} where a text is due`)
  }

  datatype(name: string): NumericDatatype | undefined {
    const value = this.value(name)
    if (value === null) return undefined
    const datatype = datatypeOf(value)
    if (datatype !== undefined) return datatype
    throw unsupported(`${name} is ${describeValue(value)} where a dtype is due`)
  }
}

/** Numbers that code gives to datatypes. @see c10/core/ScalarType.h */
const SCRIPT_DATATYPES: ReadonlyMap<number, NumericDatatype> = new Map([
  [0, 'UINT8'],
  [1, 'INT8'],
  [2, 'INT16'],
  [3, 'INT32'],
  [4, 'INT64'],
  [5, 'FP16'],
  [6, 'FP32'],
  [7, 'FP64'],
  [11, 'BOOL'],
  [15, 'BF16'],
])

/** A datatype, as itself or by its number in code. */
export function datatypeOf(value: Value): NumericDatatype | undefined {
  if (value instanceof Dim) return SCRIPT_DATATYPES.get(value.constant ?? -1)
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'datatype'
    ? value.datatype
    : undefined
}

function intOf(value: Value | undefined, name: string): Dim {
  if (value instanceof Dim) return value
  if (value instanceof TensorValue && value.item instanceof Dim) return value.item
  throw unsupported(`${name} is ${describeValue(value)} where an int is due that does not hang on the data`)
}

function known(dim: Dim, name: string): number {
  if (dim.constant === undefined) throw unsupported(`${name} hangs on the size of an input`)
  return dim.constant
}
