import type { NumericDatatype } from '../../tensor/datatype.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import type { ScriptClass, ScriptFunction } from './script-tree.ts'

/** What a PyTorch file holds that can be run without Python: a graph, or code in TorchScript. */
export type TorchProgram = ExportedProgram | ScriptProgram

/** A program that `torch.export` wrote. */
export interface ExportedProgram {
  readonly kind: 'exported'
  readonly torchVersion: string
  readonly graph: ExportedGraph
  /** What fills the graph's inputs, in their order. */
  readonly inputs: readonly ExportedInput[]
  readonly outputs: readonly ExportedOutput[]
  /** Bounds of each symbol; undefined where there is none. */
  readonly ranges: ReadonlyMap<string, { readonly min: number | undefined; readonly max: number | undefined }>
  /** How the outputs lie in lists and dicts: the names of the leaves, in order; undefined where the file does not tell. */
  readonly outputNames: readonly string[] | undefined
}

export type ExportedInput =
  | {
      readonly kind: 'tensor'
      readonly name: string
      readonly tensor: NumericTensor
      readonly owner: 'parameter' | 'constant'
    }
  | { readonly kind: 'user'; readonly argument: GraphArgument }
  | { readonly kind: 'token'; readonly name: string }

export interface ExportedOutput {
  readonly argument: GraphArgument
  /** What becomes of it: an answer, or a change of something that the model keeps. */
  readonly role: 'user' | 'mutation' | 'other'
  readonly target: string
}

export interface ExportedGraph {
  readonly inputs: readonly GraphArgument[]
  readonly outputs: readonly GraphArgument[]
  readonly nodes: readonly GraphNode[]
  readonly tensors: ReadonlyMap<string, TensorMeta>
  /** Expressions of named sizes. */
  readonly sizes: ReadonlyMap<string, GraphSize>
}

export interface GraphNode {
  /** `torch.ops.aten.linear.default`, `_operator.mul`, … */
  readonly target: string
  /** Under the names of the operator's parameters; `''` where the file gives a place only. */
  readonly inputs: readonly { readonly name: string; readonly argument: GraphArgument; readonly isKeyword: boolean }[]
  readonly outputs: readonly GraphArgument[]
}

export type GraphArgument =
  | { readonly kind: 'none' }
  | { readonly kind: 'tensor'; readonly name: string }
  | { readonly kind: 'tensors'; readonly names: readonly (string | undefined)[] }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  /** A size, a flag or a number that nodes compute. */
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly GraphArgument[] }
  | { readonly kind: 'dtype'; readonly datatype: NumericDatatype }
  | { readonly kind: 'graph'; readonly name: string; readonly graph: ExportedGraph }
  /** What says nothing about numbers (a device, a layout), and what is not read. */
  | { readonly kind: 'other'; readonly what: string }

export interface TensorMeta {
  /** undefined for datatypes that no engine here knows. */
  readonly datatype: NumericDatatype | undefined
  readonly shape: readonly GraphSize[]
}

/** A size: a number or an expression of symbols, as the file spells it. */
export type GraphSize = number | string

/** A program in TorchScript. */
export interface ScriptProgram {
  readonly kind: 'script'
  readonly root: ScriptObject
  /** By their whole names: `__torch__.Net`. */
  readonly classes: ReadonlyMap<string, ScriptClass>
  readonly functions: ReadonlyMap<string, ScriptFunction>
  readonly constants: readonly ScriptValue[]
  /** The inputs that the model was traced with, where the file keeps them; undefined for one that is no tensor. */
  readonly tracedInputs: readonly (TracedInput | undefined)[] | undefined
}

export interface TracedInput {
  readonly datatype: NumericDatatype
  readonly shape: readonly number[]
}

/** A value of a module's attribute. Whole numbers are bigint. */
export type ScriptValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | ScriptTensor
  | ScriptObject
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly ScriptValue[] }
  | { readonly kind: 'dict'; readonly entries: ReadonlyMap<string | number, ScriptValue> }
  | { readonly kind: 'opaque'; readonly what: string }

export interface ScriptTensor {
  readonly kind: 'tensor'
  readonly tensor: NumericTensor
}

export interface ScriptObject {
  readonly kind: 'object'
  readonly className: string
  readonly attributes: ReadonlyMap<string, ScriptValue>
}
