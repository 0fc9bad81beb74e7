import { ServingError } from '../../core/errors.ts'
import type { NumericDatatype } from '../../tensor/datatype.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import { Dim } from './dim.ts'

/**
 * What an operator takes and gives while a model is compiled: whole numbers are `Dim`s, floats are numbers; tensors are
 * values of the graph, everything else is known.
 */
export type Value =
  | null
  | boolean
  | Dim
  | number
  | string
  | TensorValue
  | ListValue
  | DictValue
  | DatatypeValue
  | OtherValue
  | ObjectValue
  | CodeValue

export interface ListValue {
  readonly kind: 'list' | 'tuple'
  readonly items: Value[]
}

export interface DictValue {
  readonly kind: 'dict'
  readonly entries: Map<string | number, Value>
}

/** A `torch.dtype`. */
export interface DatatypeValue {
  readonly kind: 'datatype'
  readonly datatype: NumericDatatype
}

/** A device, layout or memory format, which say nothing about numbers; and what only code deals with. */
export interface OtherValue {
  readonly kind: 'other'
  readonly what: string
}

/** A module, or an object of a class in the model's code. */
export interface ObjectValue {
  readonly kind: 'object'
  readonly className: string
  readonly attributes: Map<string, Value>
}

/** Something that code can call: `torch.relu`, a function of the file, a method of an object. */
export interface CodeValue {
  readonly kind: 'code'
  readonly path: string
  readonly self: Value | undefined
}

/** A scalar that is known. */
export type Item = Dim | number | boolean

/** How a tensor looks at the memory of another one. */
export interface View {
  readonly base: TensorValue
  /** The same view of the base as it is now. */
  readonly remake: (base: TensorValue) => TensorValue
  /** The base after a change through the view; undefined where it cannot be told. */
  readonly writeBack: ((base: TensorValue, changed: TensorValue) => TensorValue) | undefined
  /** How old the base was when the view was made. */
  version: number
}

/**
 * A tensor: a value of the ONNX graph with its datatype and shape. Where the model changes it in place, the same object
 * comes to stand for another value of the graph.
 */
export class TensorValue {
  readonly kind = 'tensor'
  #name: string
  #datatype: NumericDatatype
  #shape: readonly Dim[]
  #item: Item | undefined
  #data: NumericTensor | undefined
  version = 0
  view: View | undefined
  /** Why it may not be used any more: its memory may have been changed through another tensor. */
  stale: string | undefined
  /** Of a scalar tensor: whether it counts as a plain number where datatypes meet. */
  isPlainNumber = false
  /** Inputs and parameters may not be changed in place. */
  owner: 'input' | 'parameter' | undefined

  constructor(
    name: string,
    datatype: NumericDatatype,
    shape: readonly Dim[],
    known: { readonly item?: Item | undefined; readonly data?: NumericTensor | undefined } = {},
  ) {
    this.#name = name
    this.#datatype = datatype
    this.#shape = shape
    this.#item = known.item
    this.#data = known.data
  }

  /** Name of the value in the graph. */
  get name(): string {
    return this.#name
  }
  get datatype(): NumericDatatype {
    return this.#datatype
  }
  get shape(): readonly Dim[] {
    return this.#shape
  }
  get rank(): number {
    return this.#shape.length
  }
  /** Of a scalar: what it holds, where that is known. */
  get item(): Item | undefined {
    return this.#item
  }
  /** What it holds, where it comes from the file. */
  get data(): NumericTensor | undefined {
    return this.#data
  }

  /** Takes another's place in the graph: its memory has been changed. */
  become(other: TensorValue): void {
    this.#name = other.name
    this.#datatype = other.datatype
    this.#shape = other.shape
    this.#item = other.item
    this.#data = other.data
    this.version++
  }

  /** What a checked shape says more than the inferred one. */
  refine(shape: readonly Dim[]): void {
    this.#shape = shape
  }
}

export function list(items: readonly Value[]): ListValue {
  return { kind: 'list', items: [...items] }
}

export function tuple(items: readonly Value[]): ListValue {
  return { kind: 'tuple', items: [...items] }
}

export function isTensor(value: Value | undefined): value is TensorValue {
  return value instanceof TensorValue
}

export function isList(value: Value | undefined): value is ListValue {
  return typeof value === 'object' && value !== null && 'items' in value
}

export function datatypeValue(datatype: NumericDatatype): DatatypeValue {
  return { kind: 'datatype', datatype }
}

/** What a value is, in words. */
export function describeValue(value: Value | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return `the float ${value}`
  if (typeof value === 'string') return 'a text'
  if (value instanceof Dim) return value.constant === undefined ? 'a size of an input' : `the int ${value.constant}`
  if (value instanceof TensorValue) return `a ${value.datatype} tensor of rank ${value.rank}`
  if (value.kind === 'datatype') return `the dtype ${value.datatype}`
  if (value.kind === 'other') return value.what
  if (value.kind === 'object') return `an object of the class ${value.className}`
  if (value.kind === 'code') return `the function ${value.path}`
  return value.kind === 'dict' ? 'a dict' : `a ${value.kind} of ${value.items.length}`
}

export function unsupported(message: string): ServingError {
  return new ServingError('unsupported', message)
}
