import { ServingError } from '../core/errors.ts'
import type { Shape } from '../tensor/shape.ts'
import { concatenateRows, sliceRows, type Tensor, type Tensors } from '../tensor/tensor.ts'
import type { Deadlines } from './deadlines.ts'
import type { Cancellation } from './plane.ts'

export interface BatcherOptions {
  /** Runs tensors through the model; the batcher never runs two at once. */
  readonly run: (inputs: Tensors, wanted: readonly string[]) => Tensors | Promise<Tensors>
  /** Whether rows of different callers may run together. */
  readonly rowsAreIndependent: boolean
  /** Most rows that run together; one request with more runs alone. */
  readonly maxBatchRows: number
  /** Most rows that wait, a request of none counted as one; a request that finds the queue empty is always taken. */
  readonly maxQueueRows: number
  readonly deadlines: Deadlines
  /** Milliseconds, never going back. */
  readonly now: () => number
}

export interface Submission {
  readonly inputs: Tensors
  readonly rows: number
  /** Interned: two requests for the same outputs bring the same array. */
  readonly wanted: readonly string[]
  readonly deadlineMs: number
  readonly cancellation: Cancellation | undefined
}

export interface Batcher {
  /** @throws {ServingError} `overloaded`; or rejects with what the run threw, `deadline_exceeded` or `cancelled` */
  submit(submission: Submission): Promise<Tensors>
  readonly queuedRows: number
  /** Fulfilled once nothing waits or runs. */
  idle(): Promise<void>
}

interface Waiting extends Submission {
  /** Rows that it takes up in the queue. */
  readonly places: number
  readonly resolve: (outputs: Tensors) => void
  readonly reject: (error: unknown) => void
  readonly unwatch: () => void
}

/**
 * The tick batcher: an idle engine never waits; what arrives in the same tick of the event loop, or while the engine is
 * busy, runs together. After each batch the loop gets its turn, so that a long queue does not starve sockets.
 */
export function createBatcher(options: BatcherOptions): Batcher {
  const { run, rowsAreIndependent, maxBatchRows, maxQueueRows, deadlines, now } = options
  let queue: Waiting[] = []
  let queuedRows = 0
  let isScheduled = false
  let whenIdle: (() => void)[] = []

  function submit(submission: Submission): Promise<Tensors> {
    const { rows, deadlineMs } = submission
    const places = Math.max(rows, 1)
    if (queuedRows > 0 && queuedRows + places > maxQueueRows)
      throw new ServingError(
        'overloaded',
        `${queuedRows} rows are waiting, the most is ${maxQueueRows}: try again later`,
        {
          details: { queuedRows, maxQueueRows },
        },
      )
    const { promise, resolve, reject } = Promise.withResolvers<Tensors>()
    const unwatch = deadlines.watch(deadlineMs, () => expire(waiting))
    const waiting: Waiting = { ...submission, places, resolve, reject, unwatch }
    queue.push(waiting)
    queuedRows += places
    if (!isScheduled) {
      isScheduled = true
      setImmediate(drain) // the end of this tick: its other requests join
    }
    return promise
  }

  /** Answers a caller whose deadline has passed; one that still waited leaves its place to others at once. */
  function expire(waiting: Waiting): void {
    const place = queue.indexOf(waiting)
    if (place !== -1) {
      queue.splice(place, 1)
      queuedRows -= waiting.places
    }
    waiting.reject(lateError())
  }

  function drain(): void {
    const batch = takeBatch()
    const running = batch.length === 0 ? undefined : runTogether(batch)
    if (running === undefined) proceed()
    else void running.then(proceed)
  }

  function proceed(): void {
    if (queue.length > 0) {
      setImmediate(drain)
      return
    }
    isScheduled = false
    const waiters = whenIdle
    whenIdle = []
    for (const wake of waiters) wake()
  }

  /** The oldest request and those that can run with it, in order; callers that have gone or are late are dropped. */
  function takeBatch(): Waiting[] {
    const batch: Waiting[] = []
    const left: Waiting[] = []
    let rows = 0
    let isFull = false
    for (const waiting of queue) {
      if (isFull) {
        left.push(waiting)
        continue
      }
      if (!isWanted(waiting)) {
        queuedRows -= waiting.places
        continue
      }
      const first = batch[0]
      const fits = first === undefined || (rows + waiting.rows <= maxBatchRows && canRunTogether(first, waiting))
      if (!fits) {
        left.push(waiting)
        continue
      }
      batch.push(waiting)
      rows += waiting.rows
      queuedRows -= waiting.places
      isFull = !rowsAreIndependent || rows >= maxBatchRows
    }
    queue = left
    return batch
  }

  function isWanted(waiting: Waiting): boolean {
    if (waiting.cancellation?.aborted === true) {
      waiting.unwatch()
      waiting.reject(new ServingError('cancelled', 'the caller went away before its turn came'))
      return false
    }
    if (waiting.deadlineMs > now()) return true
    waiting.unwatch()
    waiting.reject(lateError())
    return false
  }

  /** Runs a batch; when it fails, runs its halves, so that only the guilty request fails. Never rejects. */
  function runTogether(batch: readonly Waiting[]): Promise<void> | undefined {
    let outputs: Tensors | Promise<Tensors>
    try {
      outputs = run(joinInputs(batch), batch[0]?.wanted ?? [])
      if (!(outputs instanceof Promise)) {
        handOut(batch, outputs)
        return undefined
      }
    } catch (error) {
      return fail(batch, error)
    }
    return outputs.then((settled) => handOut(batch, settled)).catch((error: unknown) => fail(batch, error))
  }

  function fail(batch: readonly Waiting[], error: unknown): Promise<void> | undefined {
    if (batch.length === 1) {
      batch[0]?.unwatch()
      batch[0]?.reject(error)
      return undefined
    }
    const half = batch.length >> 1
    const first = runTogether(batch.slice(0, half))
    if (first !== undefined) return first.then(() => runTogether(batch.slice(half)))
    return runTogether(batch.slice(half))
  }

  function idle(): Promise<void> {
    if (!isScheduled) return Promise.resolve()
    return new Promise((resolve) => whenIdle.push(resolve))
  }

  return {
    submit,
    idle,
    get queuedRows() {
      return queuedRows
    },
  }
}

function lateError(): ServingError {
  return new ServingError('deadline_exceeded', 'the deadline passed before the answer was ready')
}

/** Rows of unlike shapes are kept apart; so are requests for unlike outputs. */
function canRunTogether(a: Submission, b: Submission): boolean {
  if (a.wanted !== b.wanted || a.inputs.size !== b.inputs.size) return false
  for (const [name, value] of a.inputs) {
    const other = b.inputs.get(name)
    if (other?.datatype !== value.datatype || !isSameRow(other.shape, value.shape)) return false
  }
  return true
}

function isSameRow(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => axis === 0 || size === b[axis])
}

function joinInputs(batch: readonly Waiting[]): Tensors {
  const first = batch[0]
  if (first === undefined) throw new Error('an empty batch was run; this is a bug')
  if (batch.length === 1) return first.inputs
  const joined = new Map<string, Tensor>()
  for (const name of first.inputs.keys())
    joined.set(name, concatenateRows(batch.map((waiting) => waiting.inputs.get(name) as Tensor)))
  return joined
}

/** Gives each caller its rows of the outputs. All is cut before anyone is answered, so that a bad output fails all alike. */
function handOut(batch: readonly Waiting[], outputs: Tensors): void {
  const only = batch[0]
  const parts = batch.length === 1 ? [outputs] : cut(batch, outputs)
  if (only === undefined) return
  batch.forEach((waiting, i) => {
    waiting.unwatch()
    waiting.resolve(parts[i] as Tensors)
  })
}

function cut(batch: readonly Waiting[], outputs: Tensors): Tensors[] {
  const total = batch.reduce((sum, waiting) => sum + waiting.rows, 0)
  const parts = batch.map(() => new Map<string, Tensor>())
  for (const [name, value] of outputs) {
    if (value.shape[0] !== total)
      throw new ServingError(
        'internal',
        `the model gave ${value.shape[0] ?? 'a scalar'} rows of "${name}" for ${total} rows`,
      )
    let row = 0
    batch.forEach((waiting, i) => {
      parts[i]?.set(name, sliceRows(value, row, row + waiting.rows))
      row += waiting.rows
    })
  }
  return parts
}
