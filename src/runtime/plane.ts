import type { Principal } from '../auth/authorizer.ts'
import type { ServingError } from '../core/errors.ts'
import type { Signature } from '../tensor/signature.ts'
import type { Tensors } from '../tensor/tensor.ts'
import type { Choices } from './choices.ts'

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
  /** Other names that this version answers to: a number, `stable`. */
  readonly labels: readonly string[]
  /** How it is run, each choice with its reason. */
  readonly choices: Choices
  readonly state: 'ready' | 'unloading'
  /** Why it is not ready, where that is known and something else than that it goes. */
  readonly trouble?: ServingError | undefined
}

/** How a version is called on the wire: the first digits of its digest. */
export function versionName(model: Pick<ServedModel, 'version'>): string {
  return model.version.slice(0, 12)
}

/** How clients that take versions for numbers call one: the highest number that it answers to, else as `versionName`. */
export function versionNumber(model: Pick<ServedModel, 'version' | 'labels'>): string {
  const numbers = model.labels.filter((label) => /^\d{1,15}$/.test(label)).map(Number)
  return numbers.length === 0 ? versionName(model) : String(Math.max(...numbers))
}

/** How soon a request is run when several wait: 1 before 2 before 3. */
export type Priority = 1 | 2 | 3

/**
 * One request as host, protocol and plane share it: the host makes it, protocols pass it on, the plane asks it whether the
 * caller still waits, and writes down what it did. An AbortSignal is one too.
 */
export interface Call {
  /** Whether the caller has gone. */
  readonly aborted: boolean
  /** What the plane did, once a model was found for the request; absent for requests that reach no model. */
  timing?: Timing | undefined
  /** The version that it is for, once that is known: also of a request that is refused before it gets to the plane. */
  model?: ServedModel | undefined
  /** Who asks, where requests need a key. */
  principal?: Principal | undefined
  /** Whether another process answered it, which counts, traces and logs it too. */
  isAnsweredElsewhere?: boolean
  /** Whether a plane that counts by version has counted it. */
  isCounted?: boolean
}

/** Where a request's time in the plane went. */
export interface Timing {
  readonly model: ServedModel
  readonly rows: number
  /** When it arrived at the plane (ms on the monotonic clock). */
  readonly arrivedAtMs: number
  /** From its arrival at the plane to the start of its run (ms). */
  readonly queueMs: number
  /** What it waited for: the end of the tick that it came in, a run before it, or a window for more rows. */
  readonly waitedFor: 'tick' | 'run' | 'window'
  /** The run that it was part of (ms); 0 when none was begun. */
  readonly runMs: number
  /** Rows of that run, its own and other callers'. */
  readonly batchRows: number
}

export interface PredictContext {
  /** Outputs to compute; all when absent or empty. */
  readonly outputs?: readonly string[]
  /** How long the caller waits (ms from now); the plane's own limit when absent or longer. */
  readonly timeoutMs?: number
  /** 2 when absent. */
  readonly priority?: Priority
  readonly call?: Call
  /** Whether we ask on our own account, to find out what the model takes: no caller's request, and never counted as one. */
  readonly isProbe?: boolean
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
  /** Every version of every model, sorted by name, a model's default version first. */
  models(): readonly ServedModel[]
  /**
   * @param name absent for the default model: the only one, or the one that the operator named
   * @param version a digest, its first 12 digits or more, or a label; absent for the model's default version
   * @throws {ServingError} `not_found`
   */
  model(name?: string, version?: string): ServedModel
  /**
   * The one way to an engine: checks the tensors against the signature, waits its turn, runs.
   * @throws {ServingError} `invalid_argument`, `overloaded`, `deadline_exceeded`, `cancelled`, `unavailable`, `internal`
   */
  predict(model: ServedModel, inputs: Tensors, context: PredictContext): Promise<Prediction>
}
