import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { OnnxAttribute, OnnxElementType, OnnxNode, OnnxTensor } from './model.ts'

const decoder = new TextDecoder('latin1')

/** Texts whose meaning is kept while an attribute is read: node modes are seven. */
const MAX_KNOWN_TEXTS = 64

/** The attributes of one tree ensemble, each fetched with the type and length that the operator demands. */
export class TreeAttributes {
  readonly #node: OnnxNode
  readonly #where: () => string

  constructor(node: OnnxNode, where: () => string) {
    this.#node = node
    this.#where = where
  }

  refuse(message: string): ServingError {
    return new ServingError('refused', `${this.#where()} ${message}`)
  }

  int(name: string, fallback: number): number {
    const value = this.#get(name, 'int')?.value
    return value === undefined ? fallback : Number(value)
  }

  /** Whole numbers, refused beyond what a number holds exactly; `length` where others fix it. */
  ints(name: string, length?: number): Float64Array {
    const wide = this.#get(name, 'ints')?.value ?? new BigInt64Array(0)
    this.#checkLength(name, wide.length, length)
    // by halves: a BigInt for each would be most of the work
    const low = new Uint32Array(wide.buffer, wide.byteOffset, 2 * wide.length)
    const high = new Int32Array(wide.buffer, wide.byteOffset, 2 * wide.length)
    const values = new Float64Array(wide.length)
    for (let i = 0; i < wide.length; i++) {
      const value = (high[2 * i + 1] as number) * 2 ** 32 + (low[2 * i] as number)
      if (!Number.isSafeInteger(value)) throw this.refuse(`has a value beyond 2^53 in ${name}`)
      values[i] = value
    }
    return values
  }

  optionalInts(name: string, length: number): void {
    if ((this.#get(name, 'ints')?.value.length ?? 0) > 0) this.ints(name, length)
  }

  strings(name: string, length: number): string[] {
    const known = new Map<Uint8Array, string>() // the reader gives like ones as the same view
    const values = (this.#get(name, 'strings')?.value ?? []).map((bytes) => {
      const text = known.get(bytes) ?? decoder.decode(bytes)
      if (known.size < MAX_KNOWN_TEXTS) known.set(bytes, text)
      return text
    })
    this.#checkLength(name, values.length, length)
    return values
  }

  /** Numbers given as a list or, under `<name>_as_tensor`, as a tensor: one of the two. */
  numbers(name: string, length: number): void {
    this.#checkLength(name, this.optionalNumbers(name), length)
  }

  /** The same, where they may be left out; returns how many there are. */
  optionalNumbers(name: string, length?: number): number {
    const list = this.#get(name, 'floats')?.value.length ?? 0
    const tensor = this.#vector(`${name}_as_tensor`, ['FP32', 'FP64'])?.data.length ?? 0
    if (list > 0 && tensor > 0) throw this.refuse(`has both ${name} and ${name}_as_tensor`)
    const found = list + tensor
    if (found > 0) this.#checkLength(name, found, length)
    return found
  }

  tensor(name: string, length: number, datatypes: readonly OnnxElementType[]): ArrayLike<number | bigint> {
    const tensor = this.#vector(name, datatypes)
    if (tensor === undefined) throw this.refuse(`lacks the attribute ${name}`)
    this.#checkLength(name, tensor.data.length, length)
    return tensor.data as ArrayLike<number | bigint>
  }

  optionalTensor(name: string, length: number, datatypes: readonly OnnxElementType[]): void {
    if (this.#node.attributes.has(name)) this.tensor(name, length, datatypes)
  }

  /** Classes that a classifier tells apart: its labels, as integers or as strings. */
  classCount(): number {
    const integers = this.#get('classlabels_int64s', 'ints')?.value.length ?? 0
    const strings = this.#get('classlabels_strings', 'strings')?.value.length ?? 0
    if (integers > 0 === strings > 0) throw this.refuse('should have labels as integers or as strings, one of the two')
    return integers + strings
  }

  /** How many sets `membership_values` holds: they are parted, and may be ended, by NaN. */
  memberSets(): number {
    const tensor = this.#vector('membership_values', ['FP32', 'FP64', 'FP16'])
    if (tensor === undefined || tensor.data.length === 0) return 0
    const isEnd = (value: unknown) =>
      tensor.datatype === 'FP16' ? (Number(value) & 0x7fff) > 0x7c00 : Number.isNaN(value)
    let sets = 0
    for (const value of tensor.data) if (isEnd(value)) sets++
    return isEnd(tensor.data.at(-1)) ? sets : sets + 1
  }

  #vector(name: string, datatypes: readonly OnnxElementType[]): OnnxTensor | undefined {
    const tensor = this.#get(name, 'tensor')?.value
    if (tensor === undefined) return undefined
    if (!datatypes.includes(tensor.datatype) || tensor.shape.length !== 1)
      throw this.refuse(
        `has in ${name} a ${tensor.datatype} tensor of shape [${tensor.shape.join(',')}]; a vector of ${datatypes.join(' or ')} is due`,
      )
    return tensor
  }

  #get<T extends OnnxAttribute['type']>(name: string, type: T): Extract<OnnxAttribute, { type: T }> | undefined {
    const attribute = this.#node.attributes.get(name)
    if (attribute === undefined) return undefined
    if (attribute.type === 'reference')
      throw new ServingError(
        'unsupported',
        `${this.#where()} takes ${name} from a function's call, where trees cannot be checked; inline the function`,
      )
    if (attribute.type !== type) throw this.refuse(`has ${quote(name)} of type ${attribute.type}; ${type} is due`)
    return attribute as Extract<OnnxAttribute, { type: T }>
  }

  #checkLength(name: string, found: number, length: number | undefined): void {
    if (length !== undefined && found !== length) throw this.refuse(`has ${found} values in ${name}, ${length} are due`)
  }
}
