/**
 * What inference code in TypeScript imports from 'slipway'. Copy this file beside `predict.ts` and your editor knows the
 * types; where the code runs, the module is there without it.
 */
declare module 'slipway' {
  /** The array of each datatype. BOOL is 0 or 1; FP16 and BF16 are widened to FP32; texts are strings. */
  interface Arrays {
    BOOL: Uint8Array
    UINT8: Uint8Array
    UINT16: Uint16Array
    UINT32: Uint32Array
    UINT64: BigUint64Array
    INT8: Int8Array
    INT16: Int16Array
    INT32: Int32Array
    INT64: BigInt64Array
    FP16: Float32Array
    BF16: Float32Array
    FP32: Float32Array
    FP64: Float64Array
    /** An element that is no UTF-8 is its bytes. */
    BYTES: (string | Uint8Array)[]
  }

  export type Datatype = keyof Arrays

  type TensorOf<D extends Datatype> = {
    readonly datatype: D
    /** The first dimension counts rows. */
    readonly shape: readonly number[]
    /** Elements, row after row. */
    readonly data: Arrays[D]
  }

  /** A tensor as code is given it. */
  export type Tensor = { [D in Datatype]: TensorOf<D> }[Datatype]

  /** A tensor as code may give it: also with plain lists, and without a shape where it is one list. */
  export type GivenTensor =
    | Tensor
    | {
        readonly datatype: Datatype
        readonly shape?: readonly number[]
        readonly data: ArrayLike<number | bigint | boolean | string | Uint8Array>
      }

  /** Tensors by name. */
  export type Tensors = Readonly<Record<string, Tensor>>
  export type GivenTensors = Readonly<Record<string, GivenTensor>>

  /** An input or output: -1 for a dimension that may vary. */
  export interface Spec {
    readonly name: string
    readonly datatype: Datatype
    readonly shape: readonly number[]
  }

  /** What code takes and gives, where that is not what its model takes and gives: `export const signature`. */
  export interface Signature {
    readonly inputs?: readonly Spec[]
    readonly outputs?: readonly Spec[]
  }

  /** The compiled model. */
  export interface Model {
    /** Runs it. @param outputs the ones that are wanted; its usual ones when absent */
    (inputs: GivenTensors, outputs?: readonly string[]): Promise<Tensors>
    readonly inputs: readonly Spec[]
    /** Names of all that it gives. */
    readonly outputs: readonly string[]
  }

  export interface Context<State = unknown> {
    /** What `load` gave. */
    readonly state: State
    readonly model: Model
    /** Paths of the files beside the code. */
    readonly files: readonly string[]
    /** The content of one of them. */
    readBytes(path: string): Uint8Array
    readText(path: string): string
    /** Names of the outputs that the request asks for. */
    readonly wanted: readonly string[]
  }

  /** Says that the caller must send something else; any other error is one of the code. */
  export class InvalidInput extends Error {}

  /** A tensor of numbers or texts. @param shape one dimension of all elements when absent */
  export function tensor(datatype: Datatype, data: GivenTensor['data'], shape?: readonly number[]): GivenTensor

  /** The elements as texts. @throws {InvalidInput} where they are none */
  export function texts(tensor: Tensor | undefined): string[]

  /** The elements as numbers. @throws {InvalidInput} where they are none, or too large */
  export function numbers(tensor: Tensor | undefined): Float64Array
}
