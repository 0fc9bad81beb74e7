/**
 * What a bundle runs: steps in order, each reading and writing named values. The model's inputs are the first values;
 * an output of the signature is the value of the same name. A step whose values nobody asked for is not run.
 */
export interface Program {
  readonly steps: readonly Step[]
}

export type Step = OnnxStep | KernelStep | PythonStep

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

/** Whether a program has a part in Python. */
export function needsPython({ steps }: Program): boolean {
  return steps.some(({ kind }) => kind === 'python')
}
