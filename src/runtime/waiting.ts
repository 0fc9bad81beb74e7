import type { Flow } from '../auth/fair-queue.ts'
import type { ServingError } from '../core/errors.ts'
import type { Tensors } from '../tensor/tensor.ts'
import type { Submission } from './batching.ts'
import { Deadline, type Deadlines } from './deadlines.ts'
import type { Call, Priority, ServedModel, Timing } from './plane.ts'
import { sizeOf } from './queue-memory.ts'

/** Who less urgent waits has had patience after this part of its time … */
const PATIENCE = 1 / 4
/** … or after this (ms), whichever comes first. */
const LONGEST_PATIENCE_MS = 1000

/** A request in line or in a run. */
export class Waiting extends Deadline {
  readonly inputs: Tensors
  readonly rows: number
  /** Memory of its inputs (bytes). */
  readonly bytes: number
  readonly wanted: readonly string[]
  readonly priority: Priority
  readonly key: string | undefined
  readonly call: Call | undefined
  readonly arrivedMs: number
  /** When it has waited so long that the more urgent are to let it go first at times. */
  readonly impatientAtMs: number
  waitedFor: Timing['waitedFor']
  startedMs = -1
  batchRows = 0
  isAnswered = false
  isInLine = false
  turn = 0
  flow: Flow | undefined = undefined
  before: Waiting | undefined = undefined
  behind: Waiting | undefined = undefined
  readonly resolve: (outputs: Tensors) => void
  readonly reject: (error: unknown) => void
  readonly late: (waiting: Waiting) => void

  constructor(
    submission: Submission,
    arrivedMs: number,
    waitedFor: Timing['waitedFor'],
    answer: Pick<PromiseWithResolvers<Tensors>, 'resolve' | 'reject'>,
    late: (waiting: Waiting) => void,
  ) {
    super(submission.deadlineMs)
    this.inputs = submission.inputs
    this.rows = submission.rows
    this.bytes = sizeOf(submission.inputs)
    this.wanted = submission.wanted
    this.priority = submission.priority
    this.key = submission.call?.principal?.uid
    this.call = submission.call
    this.arrivedMs = arrivedMs
    this.impatientAtMs = arrivedMs + Math.min(LONGEST_PATIENCE_MS, (submission.deadlineMs - arrivedMs) * PATIENCE)
    this.waitedFor = waitedFor
    this.resolve = answer.resolve
    this.reject = answer.reject
    this.late = late
  }

  override expire(): void {
    this.late(this)
  }
}

/** Ways in which a request ends; each writes down where its time went. */
export interface Endings {
  /** @param runMs what its run took */
  answer(waiting: Waiting, outputs: Tensors, runMs: number): void
  refuse(waiting: Waiting, error: unknown): void
  /** A request that was refused at the door is one of this model's too. */
  turnAway(submission: Submission, error: ServingError): ServingError
}

export function createEndings(deadlines: Deadlines, now: () => number, model: () => ServedModel): Endings {
  function note(waiting: Waiting, runMs: number): void {
    const { call, rows, startedMs, arrivedMs, waitedFor, batchRows } = waiting
    if (call === undefined) return
    const queueMs = (startedMs < 0 ? now() : startedMs) - arrivedMs
    call.timing = { model: model(), rows, arrivedAtMs: arrivedMs, queueMs, waitedFor, runMs, batchRows }
  }

  return {
    answer(waiting, outputs, runMs) {
      deadlines.unwatch(waiting)
      note(waiting, runMs)
      waiting.resolve(outputs)
    },
    refuse(waiting, error) {
      deadlines.unwatch(waiting)
      waiting.isAnswered = true
      note(waiting, waiting.startedMs < 0 ? 0 : now() - waiting.startedMs)
      waiting.reject(error)
    },
    turnAway({ call, rows }, error) {
      if (call !== undefined)
        call.timing = { model: model(), rows, arrivedAtMs: now(), queueMs: 0, waitedFor: 'run', runMs: 0, batchRows: 0 }
      return error
    },
  }
}
