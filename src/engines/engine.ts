import type { Step } from '../bundle/program.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import type { OnOutput } from './processes/events.ts'

/** Reads a file of the bundle that is being loaded; its digest has been checked. */
export type ReadBundleFile = (path: string) => Uint8Array

export interface LoadOptions {
  /** Leave the graph as it is, whatever the step says: loads in a fraction of the time, and runs slower. */
  readonly isQuick?: boolean
  /** Do the work of loading off the event loop, where the engine can. */
  readonly isBackground?: boolean
  /** Told what code prints, from now on, in place of whom the engine tells; engines that run no code have nothing to tell. */
  readonly onOutput?: OnOutput | undefined
  /** What runs of it are called, for whoever asks after a death of this process what it was at. */
  readonly label?: string | undefined
}

/** Something that runs steps of a program. */
export interface Engine {
  readonly name: string
  /** Version of what computes: measurements of one do not hold for another. */
  readonly version: string
  /** Loads what the engine needs for any model, ahead of the first. */
  prepare?(): void
  /** Why this engine cannot run the step (for people); undefined when it can. Loads nothing. */
  refusal(step: Step, read: ReadBundleFile): string | undefined
  /**
   * Makes a step ready to run.
   * @throws {ServingError} `refused` when the engine turns the graph down
   */
  load(step: Step, read: ReadBundleFile, options?: LoadOptions): Promise<LoadedStep>
}

/** A run of a step for certain inputs and outputs, in the order in which they were named when it was bound. */
export type BoundRun = (inputs: readonly Tensor[]) => readonly Tensor[]

/** A step, ready to run. Tensors go in and come out under the names of the step's graph. */
export interface LoadedStep {
  /**
   * Runs once. A plain result was computed in the calling tick; a promise means that the work is done elsewhere.
   * @param wanted names of the graph's outputs to give, in this order; what only others need is not computed where the
   * engine can leave it out (ONNX Runtime computes its whole graph)
   * @throws {ServingError} `internal` when the model fails on these inputs
   */
  run(inputs: Tensors, wanted: readonly string[]): Tensors | Promise<Tensors>
  /**
   * `run` for inputs and outputs that are settled once; absent where it would save nothing.
   * @param inputs names in the graph of what each run will give
   * @param wanted names of the graph's outputs that each run shall give
   */
  bind?(inputs: readonly string[], wanted: readonly string[]): BoundRun
  /**
   * Runs once off the event loop; several may be under way at once on the same weights. Absent where the engine only
   * computes in the calling tick. The inputs may not change until it settles.
   * @throws {ServingError} as `run`, by rejecting
   */
  runOffLoop?(inputs: Tensors, wanted: readonly string[]): Promise<Tensors>
  /** How many processes of its own it runs in, one run each at a time; absent where it runs in this one. */
  readonly processes?: number
  /** Memory that those hold (MiB). */
  heldMiB?(): Promise<number>
  /** Frees what the step holds. No run may be under way or follow. */
  release(): void
}
