import type { Datatype } from '../tensor/datatype.ts'
import type { NumericArray } from '../tensor/datatype.ts'

/**
 * An ONNX model as plain data: what ModelProto holds, decoded and typed, nothing executed.
 * Maps, not objects, hold everything that a file names.
 * @see ONNX IR specification, onnx.proto3
 */
export interface OnnxModel {
  readonly irVersion: number
  readonly producerName: string
  readonly producerVersion: string
  readonly domain: string
  readonly modelVersion: bigint
  readonly docString: string
  /** Operator set version by domain; the default domain is `''` (a file's `ai.onnx` means the same). */
  readonly opsets: ReadonlyMap<string, number>
  readonly graph: OnnxGraph
  /** Model-local functions, in the file's order. */
  readonly functions: readonly OnnxFunction[]
  /** `metadata_props`: free text by key. */
  readonly metadata: ReadonlyMap<string, string>
}

export interface OnnxGraph {
  readonly name: string
  readonly docString: string
  /** In the file's order, which the format demands to be topological. */
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly valueInfos: readonly OnnxValue[]
  readonly initializers: ReadonlyMap<string, OnnxTensor>
}

export interface OnnxNode {
  readonly name: string
  /** `''` for the default domain, `ai.onnx.ml` for classical models. */
  readonly domain: string
  readonly opType: string
  /** Names of values; `''` where an optional input is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, OnnxAttribute>
}

export interface OnnxFunction {
  readonly name: string
  readonly domain: string
  readonly docString: string
  readonly opsets: ReadonlyMap<string, number>
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Names of attributes that a call must give. */
  readonly attributes: readonly string[]
  /** Attributes that a call may give, with their defaults. */
  readonly attributeDefaults: ReadonlyMap<string, OnnxAttribute>
  readonly nodes: readonly OnnxNode[]
}

/** Strings are bytes: ONNX promises no encoding for them. */
export type OnnxAttribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: Uint8Array }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'graph'; readonly value: OnnxGraph }
  | { readonly type: 'floats'; readonly value: Float32Array }
  | { readonly type: 'ints'; readonly value: BigInt64Array }
  | { readonly type: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly type: 'tensors'; readonly value: readonly OnnxTensor[] }
  | { readonly type: 'graphs'; readonly value: readonly OnnxGraph[] }
  | { readonly type: 'type'; readonly value: OnnxType }
  /** Inside a function: the value of the call's attribute of that name. `of` is the declared AttributeType number. */
  | { readonly type: 'reference'; readonly value: string; readonly of: number }

/**
 * A constant. `data` is numbers (a view into the file where aligned) or byte strings, and `[]`-like until external data
 * has been attached: then `external` says where it lies.
 */
export interface OnnxTensor {
  readonly name: string
  readonly datatype: OnnxElementType
  readonly shape: readonly number[]
  readonly data: NumericArray | readonly Uint8Array[]
  readonly external?: OnnxExternalData
}

/** Where a tensor's bytes lie beside the model file. `location` is as the file gives it, and not yet trusted. */
export interface OnnxExternalData {
  readonly location: string
  readonly offset: number
  /** Bytes; undefined means up to the end of the file. */
  readonly length: number | undefined
}

/**
 * Element types that a tensor may have: the Open Inference Protocol's datatypes and those that ONNX has beyond them,
 * which are carried as raw bytes (Uint8Array), never computed with here.
 */
export type OnnxElementType =
  | Datatype
  | 'COMPLEX64'
  | 'COMPLEX128'
  | 'FP8E4M3FN'
  | 'FP8E4M3FNUZ'
  | 'FP8E5M2'
  | 'FP8E5M2FNUZ'
  | 'UINT4'
  | 'INT4'
  | 'FP4E2M1'

/** A dimension: a size, a symbol that must mean the same size wherever it stands, or unknown. */
export type OnnxDimension = number | string | undefined

export type OnnxType =
  | {
      readonly kind: 'tensor'
      readonly datatype: OnnxElementType | undefined
      /** undefined when even the rank is unknown. */
      readonly shape: readonly OnnxDimension[] | undefined
    }
  | { readonly kind: 'sequence'; readonly element: OnnxType }
  | { readonly kind: 'map'; readonly key: Datatype; readonly value: OnnxType }
  | { readonly kind: 'optional'; readonly element: OnnxType }

export interface OnnxValue {
  readonly name: string
  readonly type: OnnxType | undefined
  readonly docString: string
}
