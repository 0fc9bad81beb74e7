import { Deadline } from '../deadlines.ts'
import type { FittingRequest } from '../fit-request.ts'
import type { PredictContext, Prediction, ServedModel } from '../plane.ts'
import { sizeOf } from '../queue-memory.ts'
import type { Trials } from '../remote/index.ts'
import type { Tensors } from '../../tensor/tensor.ts'

export interface RequestParts {
  readonly model: ServedModel
  /** As they came. */
  readonly given: Tensors
  /** As the model takes them. */
  readonly fitted: FittingRequest
  readonly context: PredictContext
  readonly arrivedMs: number
  readonly deadlineMs: number
  readonly trials: Trials
}

/** A request that no replica in this process could take as it came: it waits, or is under way elsewhere. */
export class AwayRequest extends Deadline {
  readonly parts: RequestParts
  /** Memory of its inputs (bytes). */
  readonly bytes: number
  readonly answer = Promise.withResolvers<Prediction>()
  /** Whether only this runner may answer: another one asks, or those that were asked cannot. */
  staysHere: boolean
  /** Where it was sent, counted: what comes of an earlier sending is not looked at. */
  sendings = 0
  isHeld = false
  isDone = false
  readonly #onLate: (request: AwayRequest) => void

  constructor(parts: RequestParts, staysHere: boolean, onLate: (request: AwayRequest) => void) {
    super(parts.deadlineMs)
    this.parts = parts
    this.staysHere = staysHere
    this.bytes = sizeOf(parts.fitted.inputs)
    this.#onLate = onLate
  }

  override expire(): void {
    this.#onLate(this)
  }
}
