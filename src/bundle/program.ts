/**
 * What a bundle runs: steps in order, each reading and writing named values. The model's inputs are the first values;
 * an output of the signature is the value of the same name. A step whose values nobody asked for is not run.
 */
export interface Program {
  readonly steps: readonly Step[]
}

/** Every step is an ONNX graph today; named host kernels (text, categories) will stand beside it. */
export type Step = OnnxStep

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
