import { createHash } from 'node:crypto'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { OnnxAttribute } from '../../onnx/index.ts'
import type { Datatype, NumericArray } from '../../tensor/datatype.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import { bytesOf, tensor, type Tensor } from '../../tensor/tensor.ts'
import { partition, type PartitionedProgram } from './partition.ts'

/** A value of the program under construction. A leading -1 in its shape counts rows; every other size is known, or -1. */
export interface Value {
  readonly id: number
  readonly datatype: Datatype
  readonly shape: readonly number[]
}

export type Attributes = Readonly<Record<string, OnnxAttribute>>

/** What makes values: an ONNX operator or a host kernel. */
export interface ProgramNode {
  readonly kind: 'onnx' | 'kernel'
  /** The ONNX operator, or the host kernel's name. */
  readonly name: string
  readonly domain: string
  readonly inputs: readonly (Value | undefined)[]
  readonly outputs: readonly Value[]
  readonly attributes: Attributes
  /** Of a host kernel: its parameters, as JSON. */
  readonly parameters: unknown
}

export interface OpOptions {
  readonly domain?: string
}

export interface OutputType {
  readonly datatype: Datatype
  readonly shape: readonly number[]
}

/**
 * Builds a program value by value: ONNX operators and host kernels in one graph, which `build` cuts into steps. The same
 * operator on the same values is made once, so that whoever needs a value may simply make it again.
 */
export class ProgramBuilder {
  readonly nodes: ProgramNode[] = []
  readonly constants = new Map<number, Tensor>()
  readonly inputs: (TensorSpec & { readonly value: Value })[] = []
  readonly outputs: {
    readonly name: string
    readonly value: Value
    readonly columns?: readonly string[] | undefined
  }[] = []
  readonly #made = new Map<string, readonly Value[]>()
  readonly #identities = new WeakMap<object, number>()
  readonly #constantIds = new Map<string, Value>()
  #count = 0

  /** Declares an input of the model. */
  input(spec: TensorSpec): Value {
    if (this.inputs.some(({ name }) => name === spec.name))
      throw new ServingError('unsupported', `the model has two inputs that are called ${quote(spec.name)}`)
    const value = this.#value(spec.datatype, spec.shape)
    this.inputs.push({ ...spec, value })
    return value
  }

  /** Of an input of BYTES: empty elements are empty texts, as a vectorizer takes them. Other values stay as they are. */
  refuseMissing(value: Value): void {
    const at = this.inputs.findIndex((input) => input.value === value)
    const spec = this.inputs[at]
    if (spec !== undefined) this.inputs[at] = { ...spec, isNeverMissing: true }
  }

  /** Declares an output of the model. */
  output(name: string, value: Value, columns?: readonly string[]): void {
    this.outputs.push({ name, value, columns })
  }

  /** A constant; the same content gives the same value. The data is not copied, and may not change. */
  constant(datatype: Datatype, shape: readonly number[], data: NumericArray | readonly Uint8Array[]): Value {
    const made = tensor(datatype, shape, data)
    const key = `${datatype}[${shape.join()}]${digestOf(made)}`
    const known = this.#constantIds.get(key)
    if (known !== undefined) return known
    const value = this.#value(datatype, shape)
    this.constants.set(value.id, made)
    this.#constantIds.set(key, value)
    return value
  }

  /** An operator of ONNX (or of `domain`) with the given outputs. `undefined` leaves an optional input out. */
  node(
    name: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly OutputType[],
    attributes: Attributes = {},
    { domain = '' }: OpOptions = {},
  ): readonly Value[] {
    return this.#make({ kind: 'onnx', name, domain, inputs, attributes, parameters: undefined }, outputs)
  }

  /** An operator with one output. */
  op(
    name: string,
    inputs: readonly (Value | undefined)[],
    output: OutputType,
    attributes?: Attributes,
    options?: OpOptions,
  ): Value {
    return this.node(name, inputs, [output], attributes, options)[0] as Value
  }

  /**
   * A host kernel of `engines/named-kernels`.
   * @param parameters of the kernel: plain JSON; numbers that JSON does not have as `jsonNumber` writes them
   */
  kernel(name: string, parameters: object, inputs: readonly Value[], outputs: readonly OutputType[]): readonly Value[] {
    return this.#make({ kind: 'kernel', name, domain: '', inputs, attributes: {}, parameters }, outputs)
  }

  /** Cuts what the outputs need into steps. @param defaults names of the outputs that requests get unasked */
  build(defaults: readonly string[]): PartitionedProgram {
    return partition(this, defaults)
  }

  isConstant(value: Value): boolean {
    return this.constants.has(value.id)
  }

  #make(node: Omit<ProgramNode, 'outputs'>, outputs: readonly OutputType[]): readonly Value[] {
    const key = [
      node.kind,
      node.domain,
      node.name,
      node.inputs.map((value) => value?.id ?? '').join(),
      node.kind === 'kernel' ? JSON.stringify(node.parameters) : this.#attributesKey(node.attributes),
      outputs.map(({ datatype, shape }) => `${datatype}[${shape.join()}]`).join(),
    ].join('|')
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const values = outputs.map(({ datatype, shape }) => this.#value(datatype, shape))
    this.nodes.push({ ...node, outputs: values })
    this.#made.set(key, values)
    return values
  }

  #attributesKey(attributes: Attributes): string {
    return Object.entries(attributes)
      .map(([name, attribute]) => {
        if (attribute.type === 'int' || attribute.type === 'float') return `${name}=${attribute.value}`
        if (attribute.type === 'ints' || attribute.type === 'floats')
          return attribute.value.length <= 16
            ? `${name}=${attribute.value.join()}`
            : `${name}#${this.#identity(attribute)}`
        if (attribute.type === 'string') return `${name}=${Buffer.from(attribute.value).toString('latin1')}`
        return `${name}#${this.#identity(attribute.value as object)}`
      })
      .join()
  }

  #identity(thing: object): number {
    let id = this.#identities.get(thing)
    if (id === undefined) this.#identities.set(thing, (id = ++this.#count))
    return id
  }

  #value(datatype: Datatype, shape: readonly number[]): Value {
    return { id: ++this.#count, datatype, shape }
  }
}

/** A number for a kernel's parameters: itself, or as text where JSON has no number for it. */
export function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

/** Numbers for a kernel's parameters. */
export function jsonNumbers(values: Iterable<number>): (number | string)[] {
  return Array.from(values, jsonNumber)
}

/** Most numbers of one array in a kernel's parameters: some hundred MB of text, which several of them must not exceed. */
const MOST_PACKED = 2 ** 24

/**
 * Many numbers for a kernel's parameters: the base64 of little-endian doubles.
 * @throws {ServingError} `too_large` for more than a program can hold
 */
export function packNumbers(values: ArrayLike<number>): string {
  if (values.length > MOST_PACKED)
    throw new ServingError(
      'too_large',
      `a part of the model keeps ${values.length} numbers to compare rows with; the most is ${MOST_PACKED}: train it on fewer rows, or run it by its own library with --runtime python`,
    )
  const bytes = Buffer.alloc(8 * values.length)
  for (let i = 0; i < values.length; i++) bytes.writeDoubleLE(values[i] as number, 8 * i)
  return bytes.toString('base64')
}

function digestOf({ datatype, data }: Tensor): string {
  const hash = createHash('sha1')
  if (datatype === 'BYTES') for (const text of data) hash.update(`${text.length}:`).update(text)
  else hash.update(bytesOf(data))
  return hash.digest('base64')
}
