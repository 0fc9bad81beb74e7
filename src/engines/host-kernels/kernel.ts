import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { OnnxAttribute, OnnxElementType, OnnxNode, OnnxTensor } from '../../onnx/model.ts'
import type { Shape } from '../../tensor/shape.ts'
import type { Tensor } from '../../tensor/tensor.ts'

/** Datatypes that the kernels compute with. BYTES is only moved about, never computed. */
export const KERNEL_DATATYPES = ['FP32', 'FP64', 'INT64', 'INT32', 'BOOL', 'BYTES'] as const

export type KernelDatatype = (typeof KERNEL_DATATYPES)[number]

export function isKernelDatatype(datatype: OnnxElementType | undefined): datatype is KernelDatatype {
  return (KERNEL_DATATYPES as readonly unknown[]).includes(datatype)
}

/** What is known of a value before any run: its rank always; sizes that vary are -1. */
export interface ValueType {
  readonly datatype: KernelDatatype
  readonly shape: Shape
}

/** A value of the graph; `constant` when it is the same in every run. */
export interface Value extends ValueType {
  readonly constant?: Tensor
}

/** Computes a node's outputs from its inputs, by position. Inputs are never changed; outputs may share their memory. */
export type Run = (inputs: readonly Tensor[]) => readonly Tensor[]

/** A node made ready: nothing of it is looked up again while it runs. */
export interface Prepared {
  readonly outputs: readonly ValueType[]
  readonly run: Run
}

/**
 * Makes a node of one operator ready.
 * @throws {ServingError} `refused` where the kernel does not cover what the node asks for
 */
export type Kernel = (node: KernelNode) => Prepared

/** The text attributes of operators are ASCII, so a byte is a character; others are their own business. */
function asciiOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** Ends of slices are often the largest INT64: exactness beyond 2^53 never matters. */
function numbersOf(values: BigInt64Array): number[] {
  const numbers: number[] = []
  for (const value of values) numbers.push(Number(value))
  return numbers
}

/** A node as its kernel sees it: inputs resolved, attributes read by name and type, errors that say where. */
export class KernelNode {
  readonly where: string
  /** Version of the operator set that the node is written in. */
  readonly opset: number
  readonly inputs: readonly (Value | undefined)[]
  readonly #node: OnnxNode
  readonly #read = new Set<string>()

  /** @param inputs undefined where an optional input is left out */
  constructor(node: OnnxNode, opset: number, inputs: readonly (Value | undefined)[]) {
    this.#node = node
    this.opset = opset
    this.inputs = inputs
    const name = node.name === '' ? (node.outputs.find((output) => output !== '') ?? '') : node.name
    this.where = `node ${quote(name)} (${node.domain === '' ? '' : `${node.domain} `}${quote(node.opType).slice(1, -1)})`
  }

  /** The error for what the kernel does not cover; the graph goes to another engine then. */
  refuse(reason: string): ServingError {
    return new ServingError('refused', `${this.where} ${reason}`)
  }

  /** The error for inputs that the node cannot be computed on. */
  failure(reason: string): ServingError {
    return new ServingError('internal', `${this.where} failed: ${reason}`)
  }

  /** How many inputs are there, counting those left out in the middle. */
  get arity(): number {
    return this.inputs.length
  }

  /**
   * An input that must be there, of one of these datatypes.
   * @throws {ServingError} `refused`
   */
  input(index: number, datatypes: readonly KernelDatatype[]): Value {
    const value = this.inputs[index]
    if (value === undefined) throw this.refuse(`has no input ${index}`)
    if (!datatypes.includes(value.datatype))
      throw this.refuse(`has ${value.datatype} as input ${index}; ${datatypes.join(', ')} are covered`)
    return value
  }

  /** An optional input that must be constant where it is there. */
  constant(index: number, datatypes: readonly KernelDatatype[]): Tensor | undefined {
    if (this.inputs[index] === undefined) return undefined
    const value = this.input(index, datatypes)
    if (value.constant === undefined)
      throw this.refuse(`has an input ${index} that is computed; only a constant is covered`)
    return value.constant
  }

  /** The whole numbers of an optional constant INT64 input. */
  constantInts(index: number): number[] | undefined {
    const found = this.constant(index, ['INT64'])
    if (found === undefined) return undefined
    if (found.shape.length > 1)
      throw this.refuse(`has an input ${index} of rank ${found.shape.length}, it should be a list`)
    return numbersOf(found.data as BigInt64Array)
  }

  /** @throws {ServingError} `refused` unless the node has as many inputs as this */
  expectInputs(least: number, most = least): void {
    if (this.arity < least || this.arity > most)
      throw this.refuse(`has ${this.arity} inputs; ${least === most ? least : `${least} to ${most}`} are allowed`)
  }

  /** @throws {ServingError} `refused` before the operator set that brought the operator or the form of it */
  expectOpset(least: number): void {
    if (this.opset < least) throw this.refuse(`is not an operator of operator set ${this.opset}; it came with ${least}`)
  }

  has(name: string): boolean {
    return this.#node.attributes.has(name)
  }

  /** Marks attributes as known although nothing depends on them. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name)
  }

  float(name: string, missing: number): number {
    return this.#attribute(name, 'float')?.value ?? missing
  }

  int(name: string, missing: number): number {
    const value = this.#attribute(name, 'int')?.value
    return value === undefined ? missing : Number(value)
  }

  bigint(name: string, missing: bigint): bigint {
    return this.#attribute(name, 'int')?.value ?? missing
  }

  /** An attribute that is 0 or 1. */
  flag(name: string, missing: boolean): boolean {
    const value = this.int(name, missing ? 1 : 0)
    if (value !== 0 && value !== 1) throw this.refuse(`has ${quote(name)} ${value}; 0 and 1 are covered`)
    return value === 1
  }

  text(name: string, missing: string): string {
    const value = this.#attribute(name, 'string')?.value
    return value === undefined ? missing : asciiOf(value)
  }

  floats(name: string): Float32Array | undefined {
    return this.#attribute(name, 'floats')?.value
  }

  ints(name: string): number[] | undefined {
    const value = this.#attribute(name, 'ints')?.value
    return value === undefined ? undefined : numbersOf(value)
  }

  /** The same in an array of 32 bits, for lists of a million. @throws {ServingError} `refused` for a larger number */
  int32s(name: string): Int32Array | undefined {
    const wide = this.#attribute(name, 'ints')?.value
    if (wide === undefined) return undefined
    // Halves are read, as a BigInt for each number would be most of the work.
    const halves = new Int32Array(wide.buffer, wide.byteOffset, 2 * wide.length)
    const numbers = new Int32Array(wide.length)
    for (let i = 0; i < numbers.length; i++) {
      const low = halves[2 * i] as number
      if (halves[2 * i + 1] !== low >> 31) throw this.refuse(`has ${wide[i]} in ${name}; 32 bits are covered`)
      numbers[i] = low
    }
    return numbers
  }

  bigints(name: string): BigInt64Array | undefined {
    return this.#attribute(name, 'ints')?.value
  }

  bytesList(name: string): readonly Uint8Array[] | undefined {
    return this.#attribute(name, 'strings')?.value
  }

  texts(name: string): string[] | undefined {
    return this.bytesList(name)?.map(asciiOf)
  }

  tensor(name: string): OnnxTensor | undefined {
    return this.#attribute(name, 'tensor')?.value
  }

  /** @throws {ServingError} `refused` when the node has an attribute that nobody asked for */
  finish(): void {
    for (const name of this.#node.attributes.keys())
      if (!this.#read.has(name)) throw this.refuse(`has the attribute ${quote(name)}, which is not covered`)
  }

  #attribute<T extends OnnxAttribute['type']>(name: string, type: T): Extract<OnnxAttribute, { type: T }> | undefined {
    this.#read.add(name)
    const found = this.#node.attributes.get(name)
    if (found === undefined) return undefined
    if (found.type !== type)
      throw this.refuse(`has the attribute ${quote(name)} as ${found.type}; it should be ${type}`)
    return found as Extract<OnnxAttribute, { type: T }>
  }
}

/**
 * Turns an axis that may count from the end into one that counts from the start.
 * @throws {ServingError} `refused` when it is none of the tensor's axes
 */
export function axisOf(node: KernelNode, axis: number, rank: number): number {
  if (axis < -rank || axis >= rank) throw node.refuse(`has axis ${axis}; the tensor has ${rank} dimensions`)
  return axis < 0 ? axis + rank : axis
}
