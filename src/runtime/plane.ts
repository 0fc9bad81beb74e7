import type { Signature } from '../tensor/signature.ts'
import type { Tensors } from '../tensor/tensor.ts'

/** A version of a model that this process answers for. */
export interface ServedModel {
  readonly name: string
  /** The bundle's digest, 64 hexadecimal digits. */
  readonly version: string
  readonly signature: Signature
  /** One row of input, as recorded in the bundle. */
  readonly example: Tensors
  /** Names of the engines that run its steps, in order. */
  readonly engines: readonly string[]
  /** Whether rows of different callers run together, and why. */
  readonly batching: { readonly rowsAreIndependent: boolean; readonly reason: string }
  readonly state: 'ready' | 'unloading'
}

/** How a version is called on the wire: the first digits of its digest. */
export function versionName(model: ServedModel): string {
  return model.version.slice(0, 12)
}

/** Whether the caller still waits. An AbortSignal is one; hosts on a hot path bring something lighter. */
export interface Cancellation {
  readonly aborted: boolean
}

export interface PredictContext {
  /** Outputs to compute; all when absent or empty. */
  readonly outputs?: readonly string[]
  /** How long the caller waits (ms from now); the plane's own limit when absent or longer. */
  readonly timeoutMs?: number
  readonly cancellation?: Cancellation
}

export interface Prediction {
  readonly model: ServedModel
  /** In the order asked for; in the signature's order when nothing was asked. */
  readonly outputs: Tensors
}

/** All that a protocol sees of the server: which models there are, and one way to run them. */
export interface DataPlane {
  /** False while starting and while draining. */
  isReady(): boolean
  /** Sorted by name. */
  models(): readonly ServedModel[]
  /**
   * @param name absent for the default model: the only one, or the one that the operator named
   * @param version a digest, or its first 12 digits or more
   * @throws {ServingError} `not_found`
   */
  model(name?: string, version?: string): ServedModel
  /**
   * The one way to an engine: checks the tensors against the signature, waits its turn, runs.
   * @throws {ServingError} `invalid_argument`, `overloaded`, `deadline_exceeded`, `cancelled`, `unavailable`, `internal`
   */
  predict(model: ServedModel, inputs: Tensors, context: PredictContext): Promise<Prediction>
}
