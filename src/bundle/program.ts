import type { Datatype } from '../tensor/datatype.ts'
import type { TensorSpec } from '../tensor/signature.ts'

/**
 * What a bundle runs: steps in order, each reading and writing named values. The model's inputs are the first values;
 * an output of the signature is the value of the same name. A step whose values nobody asked for is not run.
 */
export interface Program {
  readonly steps: readonly Step[]
}

export type Step = CompiledStep | PythonStep | TypeScriptStep

/** A step that engines compute in their own process. */
export type CompiledStep = OnnxStep | KernelStep

export interface OnnxStep {
  readonly kind: 'onnx'
  /** Path of the graph inside the bundle; its weights are inside it, whatever file they came from. */
  readonly file: string
  /** The value that feeds each input of the graph. */
  readonly inputs: Readonly<Record<string, string>>
  /** The value that each output of the graph becomes. */
  readonly outputs: Readonly<Record<string, string>>
  /** How far an engine may rewrite the graph. Compiled float64 models need `basic`: beyond it, fusions round to float32. */
  readonly optimization: 'off' | 'basic' | 'all'
}

/** Work that ONNX has no operators for, or none that are exact: text, categories, what iterates. */
export interface KernelStep {
  readonly kind: 'kernel'
  /** The host kernel's name, as `engines/host-kernels/named` lists them. */
  readonly kernel: string
  /** Path of the kernel's parameters inside the bundle, a JSON document that the kernel checks. */
  readonly file: string
  /** The value that feeds each input of the kernel. */
  readonly inputs: Readonly<Record<string, string>>
  /** The value that each output of the kernel becomes. */
  readonly outputs: Readonly<Record<string, string>>
}

/** Code in Python, or a model that Python alone can load; run in processes of its own, where the operator allows it. */
export interface PythonStep {
  readonly kind: 'python'
  /** Path of what says how the code is run inside the bundle, a JSON document that the engine checks. */
  readonly file: string
  /** The value that feeds each input of the code. */
  readonly inputs: Readonly<Record<string, string>>
  /** The value that each output of the code becomes. */
  readonly outputs: Readonly<Record<string, string>>
}

/** Code in TypeScript around a compiled model; run in processes of its own, in which it reaches nothing else. */
export interface TypeScriptStep {
  readonly kind: 'typescript'
  /** Path of what says which files the code is, a JSON document that the engine checks. */
  readonly file: string
  /** The value that feeds each input of the code. */
  readonly inputs: Readonly<Record<string, string>>
  /** The value that each output of the code becomes. */
  readonly outputs: Readonly<Record<string, string>>
  /** The datatype of each output, which is checked at every run. */
  readonly datatypes: Readonly<Record<string, Datatype>>
  /** The model that the code calls; absent where it needs none. */
  readonly model?: ModelOfCode
}

/** A compiled model that code calls, in the process of that code. */
export interface ModelOfCode {
  readonly inputs: readonly TensorSpec[]
  /** Names of all that it gives, and of what it gives when none are named. */
  readonly outputs: readonly string[]
  readonly defaultOutputs?: readonly string[]
  readonly program: { readonly steps: readonly CompiledStep[] }
}

/** The part of a program that is code of users, which runs in processes of its own; undefined where there is none. */
export function codeIn({ steps }: Program): 'python' | 'typescript' | undefined {
  for (const { kind } of steps) if (kind === 'python' || kind === 'typescript') return kind
  return undefined
}

/** Whether a program has a part in Python. */
export function needsPython({ steps }: Program): boolean {
  return steps.some(({ kind }) => kind === 'python')
}
