import { ServingError, type ErrorCode } from '../core/errors.ts'
import type { Place, Urgency } from '../engines/program.ts'
import type { Tensors } from '../tensor/tensor.ts'
import { canRunTogether, cutRows, joinInputs } from './batch-rows.ts'
import { Deadline, type Deadlines } from './deadlines.ts'
import type { Call, Priority, ServedModel, Timing } from './plane.ts'
import type { RunCost } from './run-cost.ts'
import { createWaitingLine, placesOf } from './waiting-line.ts'

/** How many rows run together, and when. */
export interface BatchingRules {
  /** In the tick, runs follow each other; off the loop, several may be under way. */
  readonly place: Place
  /** Most runs under way at once. */
  readonly concurrency: number
  /** Most rows that run together; one request with more runs alone. */
  readonly maxBatchRows: number
  /** Sizes that the model runs best at: a longer line is cut to the largest of them that it fills. */
  readonly preferredRows: readonly number[]
  /** How long an idle engine waits for more rows when they come quickly enough (ms); 0 for never. */
  readonly windowMs: number
  /** Most rows that wait, a request of none counted as one; a request that finds nobody waiting is always taken. */
  readonly maxQueueRows: number
  /** Longest that a request may be expected to wait before it is refused at the door (ms). */
  readonly maxQueueDelayMs: number
}

export interface BatcherOptions extends BatchingRules {
  /** Runs tensors through the model. */
  readonly run: (
    inputs: Tensors,
    wanted: readonly string[],
    place: Place,
    urgency: Urgency,
  ) => Tensors | Promise<Tensors>
  /** Whether rows of different callers may run together. */
  readonly rowsAreIndependent: boolean
  readonly deadlines: Deadlines
  /** What runs cost; what is learned is kept there. */
  readonly cost: RunCost
  /** Milliseconds, never going back. */
  readonly now: () => number
  /** The model as it is shown in timings. */
  readonly model: () => ServedModel
  /** Told after each run. */
  readonly onRun?: ((run: FinishedRun) => void) | undefined
}

/** A run that has ended. */
export interface FinishedRun {
  readonly model: ServedModel
  readonly rows: number
  readonly requests: number
  readonly runMs: number
  readonly failed: boolean
}

export interface Submission {
  readonly inputs: Tensors
  readonly rows: number
  /** Interned: two requests for the same outputs bring the same array. */
  readonly wanted: readonly string[]
  readonly deadlineMs: number
  readonly priority: Priority
  readonly call: Call | undefined
}

export interface Batcher {
  /** @throws {ServingError} `overloaded`; or rejects with what the run threw, `deadline_exceeded` or `cancelled` */
  submit(submission: Submission): Promise<Tensors>
  readonly queuedRows: number
  /** Runs under way. */
  readonly running: number
  /** Fulfilled once nothing waits or runs. */
  idle(): Promise<void>
}

/** Runs after which the arrivals of the past count for little. */
const ARRIVALS_REMEMBERED = 32

/** How often a full line is searched for callers that have gone (ms). */
const GONE_EVERY_MS = 10

/**
 * Of the time that a request has left, the part that its wait may be expected to take. Estimates err, and part of the wait
 * lies before us, in sockets: each request that was taken and came too late makes us more careful, each answer less.
 */
const TRUST = { most: 0.9, least: 0.5, whenLate: 0.97, whenAnswered: 0.0005 }

/** A request in line or in a run. */
class Waiting extends Deadline {
  readonly inputs: Tensors
  readonly rows: number
  readonly wanted: readonly string[]
  readonly priority: Priority
  readonly call: Call | undefined
  readonly arrivedMs: number
  waitedFor: Timing['waitedFor']
  startedMs = -1
  batchRows = 0
  isAnswered = false
  isInLine = false
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
    this.wanted = submission.wanted
    this.priority = submission.priority
    this.call = submission.call
    this.arrivedMs = arrivedMs
    this.waitedFor = waitedFor
    this.resolve = answer.resolve
    this.reject = answer.reject
    this.late = late
  }

  override expire(): void {
    this.late(this)
  }
}

/**
 * The tick batcher: an idle engine never waits; what arrives in the same tick of the event loop, or while the engine is
 * busy, runs together. After each run in the tick the loop gets its turn, so that a long line does not starve sockets.
 * Whoever could not be answered in time is refused at the door, while there is still time to ask elsewhere.
 */
export function createBatcher(options: BatcherOptions): Batcher {
  const { rowsAreIndependent, place, concurrency, maxBatchRows, preferredRows, windowMs, deadlines, cost, now } =
    options
  const line = createWaitingLine<Waiting>()
  /** When each run under way began, and its rows. */
  const runs = new Set<{ readonly startedMs: number; readonly rows: number }>()
  let runningRows = 0
  let isScheduled = false
  let window: NodeJS.Timeout | undefined
  let lastArrivalMs = Number.NEGATIVE_INFINITY
  /** Average time between arrivals (ms). */
  let gapMs = Number.POSITIVE_INFINITY
  let trust = TRUST.most
  let droppedAtMs = Number.NEGATIVE_INFINITY
  let whenIdle: (() => void)[] = []

  function submit(submission: Submission): Promise<Tensors> {
    const arrivedMs = now()
    if (line.rows > 0) enter(submission, arrivedMs)
    if (windowMs > 0) noteArrival(arrivedMs)
    const answer = Promise.withResolvers<Tensors>()
    const waitedFor = runs.size < concurrency ? 'tick' : 'run'
    const waiting = new Waiting(submission, arrivedMs, waitedFor, answer, expire)
    deadlines.watch(waiting)
    line.push(waiting)
    if (!isScheduled && runs.size < concurrency && window === undefined) schedule()
    else if (window !== undefined && line.rows >= enoughRows()) endWindow()
    return answer.promise
  }

  /** Lets a request into the line, or refuses it; not on account of callers that have gone. */
  function enter(submission: Submission, arrivedMs: number): void {
    try {
      admit(submission, arrivedMs)
    } catch (error) {
      const isFreer = dropGone(arrivedMs)
      if (isFreer && line.rows === 0) return
      try {
        if (!isFreer) throw error
        admit(submission, arrivedMs)
      } catch (still) {
        noteTurnedAway(submission)
        throw still
      }
    }
  }

  /** Drops callers that have gone; looked for at most once in a while. @returns whether there were any */
  function dropGone(atMs: number): boolean {
    if (atMs - droppedAtMs < GONE_EVERY_MS) return false
    droppedAtMs = atMs
    const before = line.rows
    for (let waiting = line.first(), next: Waiting | undefined; waiting !== undefined; waiting = next) {
      next = line.after(waiting)
      isWanted(waiting, atMs)
    }
    return line.rows < before
  }

  function schedule(): void {
    isScheduled = true
    setImmediate(drain) // the end of this tick: its other requests join
  }

  /** Turns a request away that would wait too long, or for which there is no room. */
  function admit(submission: Submission, arrivedMs: number): void {
    const places = placesOf(submission)
    const waitMs = expectedWaitMs(submission.priority, arrivedMs)
    const runMs = expectedRunMs(submission)
    const leftMs = submission.deadlineMs - arrivedMs
    if (waitMs > leftMs * trust - runMs) throw tooLate(waitMs + runMs, leftMs, waitMs)
    if (waitMs > options.maxQueueDelayMs)
      throw new ServingError(
        'overloaded',
        `${Math.ceil(waitMs)} ms of waiting are expected, the most is ${options.maxQueueDelayMs} ms: try again later`,
        { details: { reason: 'expected_wait', retryAfterMs: Math.ceil(waitMs) } },
      )
    // none gives way to who finds no room all the same
    const staying = line.rowsAhead(submission.priority)
    if (staying > 0 && staying + places > options.maxQueueRows) throw queueFull(line.rows, options.maxQueueRows, waitMs)
    while (line.rows > 0 && line.rows + places > options.maxQueueRows) {
      const last = line.last()
      if (last === undefined || last.priority <= submission.priority)
        throw queueFull(line.rows, options.maxQueueRows, waitMs)
      dismiss(last, queueFull(line.rows, options.maxQueueRows, waitMs)) // the less urgent give way
    }
  }

  /** How long the run will take in which a request that is put in line has its turn (ms): others run with it. */
  function expectedRunMs({ rows, priority }: Submission): number {
    const before = rowsAreIndependent ? line.rowsAhead(priority) % (maxBatchRows * concurrency) : 0
    const share = rowsAreIndependent ? Math.ceil((before + rows) / concurrency) : rows
    return cost.of(Math.max(rows, Math.min(share, maxBatchRows))) ?? 0
  }

  /** How long it will take until what stands before a newcomer is run, with what is under way (ms). */
  function expectedWaitMs(priority: Priority, atMs: number): number {
    const full = cost.of(maxBatchRows)
    if (full === undefined) return 0
    const rowsAhead = line.rowsAhead(priority)
    let ms = 0
    for (const run of runs) ms += Math.max(0, (cost.of(run.rows) ?? 0) - (atMs - run.startedMs))
    // what does not fill a run everywhere runs with it
    if (rowsAreIndependent) return ms / concurrency + Math.floor(rowsAhead / (maxBatchRows * concurrency)) * full
    const items = line.itemsAhead(priority) // each runs alone
    return (ms + (items === 0 ? 0 : items * (cost.of(rowsAhead / items) ?? 0))) / concurrency
  }

  /** Answers a caller whose deadline has passed; one that still waited leaves its place to others at once. */
  function expire(waiting: Waiting): void {
    beCareful()
    if (waiting.isInLine) dismiss(waiting, lateError())
    else refuse(waiting, lateError())
  }

  /** A request was taken in vain. */
  function beCareful(): void {
    trust = Math.max(TRUST.least, trust * TRUST.whenLate)
  }

  function dismiss(waiting: Waiting, error: ServingError): void {
    line.remove(waiting)
    refuse(waiting, error)
  }

  function refuse(waiting: Waiting, error: unknown): void {
    deadlines.unwatch(waiting)
    waiting.isAnswered = true
    note(waiting, waiting.startedMs < 0 ? 0 : now() - waiting.startedMs)
    waiting.reject(error)
  }

  /** A request that was refused at the door is one of this model's too. */
  function noteTurnedAway({ call, rows }: Submission): void {
    if (call === undefined) return
    call.timing = { model: options.model(), rows, queueMs: 0, waitedFor: 'run', runMs: 0, batchRows: 0 }
  }

  function note(waiting: Waiting, runMs: number): void {
    const { call } = waiting
    if (call === undefined) return
    call.timing = {
      model: options.model(),
      rows: waiting.rows,
      queueMs: (waiting.startedMs < 0 ? now() : waiting.startedMs) - waiting.arrivedMs,
      waitedFor: waiting.waitedFor,
      runMs,
      batchRows: waiting.batchRows,
    }
  }

  function drain(): void {
    isScheduled = false
    while (runs.size < concurrency && line.rows > 0) {
      if (isWorthWaiting()) return void (window ??= setTimeout(endWindow, windowMs))
      const batch = takeBatch()
      if (batch.length === 0) continue // those that were left had gone
      begin(batch)
      if (place === 'in-tick') break // the loop's turn
    }
    if (line.rows > 0) {
      if (!isScheduled && runs.size < concurrency && window === undefined) schedule()
    } else if (runs.size === 0) tellIdle()
  }

  function begin(batch: readonly Waiting[]): void {
    const run = { startedMs: now(), rows: batch.reduce((sum, { rows }) => sum + rows, 0) }
    runs.add(run)
    runningRows += run.rows
    const running = runTogether(batch)
    if (running === undefined) end()
    else void running.then(end)

    function end(): void {
      runs.delete(run)
      runningRows -= run.rows
      if (place === 'off-loop' || running !== undefined) proceed()
    }
  }

  function proceed(): void {
    if (line.rows > 0) {
      if (!isScheduled && window === undefined) schedule()
    } else if (runs.size === 0 && !isScheduled) tellIdle()
  }

  function tellIdle(): void {
    const waiters = whenIdle
    whenIdle = []
    for (const wake of waiters) wake()
  }

  /** Whether more rows will come soon enough to be worth waiting for. */
  function isWorthWaiting(): boolean {
    return windowMs > 0 && runs.size === 0 && line.rows < enoughRows() && gapMs < windowMs && !hasWaited()
  }

  function hasWaited(): boolean {
    const first = line.first()
    return first !== undefined && now() - first.arrivedMs >= windowMs
  }

  /** Rows that end a window. */
  function enoughRows(): number {
    return preferredRows.at(-1) ?? maxBatchRows
  }

  function endWindow(): void {
    clearTimeout(window)
    window = undefined
    for (let waiting = line.first(); waiting !== undefined; waiting = line.after(waiting)) waiting.waitedFor = 'window'
    drainNow()
  }

  function drainNow(): void {
    const first = line.first()
    if (first === undefined) return drain()
    const batch = takeBatch()
    if (batch.length > 0) begin(batch)
    if (line.rows > 0 && !isScheduled && runs.size < concurrency) schedule()
    else if (line.rows === 0 && runs.size === 0) tellIdle()
  }

  function noteArrival(arrivedMs: number): void {
    const gap = arrivedMs - lastArrivalMs
    lastArrivalMs = arrivedMs
    gapMs = Number.isFinite(gapMs) ? gapMs + (gap - gapMs) / ARRIVALS_REMEMBERED : gap
  }

  /** The oldest of the most urgent and those that can run with it, in order; callers that have gone or are late are dropped. */
  function takeBatch(): Waiting[] {
    const limit = batchLimit()
    const batch: Waiting[] = []
    let rows = 0
    let soonestMs = Number.POSITIVE_INFINITY
    const atMs = now()
    for (let waiting = line.first(), next: Waiting | undefined; waiting !== undefined; waiting = next) {
      next = line.after(waiting)
      if (!isWanted(waiting, atMs)) continue
      const first = batch[0]
      if (first !== undefined && (rows + waiting.rows > limit || !canRunTogether(first, waiting))) continue
      const endMs = atMs + (cost.of(rows + waiting.rows) ?? 0)
      if (first !== undefined && endMs > soonestMs) break // with more rows, those that are in would be late
      if (first === undefined && endMs > waiting.deadlineMs && line.rows > waiting.rows) {
        beCareful()
        dismiss(waiting, tooLate(endMs - atMs, waiting.deadlineMs - atMs, endMs - atMs)) // a run in vain would make others late
        continue
      }
      soonestMs = Math.min(soonestMs, waiting.deadlineMs)
      line.remove(waiting)
      batch.push(waiting)
      rows += waiting.rows
      if (!rowsAreIndependent || rows >= limit) break
    }
    return batch
  }

  /** The rows of the next run: a fair share of what there is to do, cut to a size that the model likes. */
  function batchLimit(): number {
    const share = concurrency === 1 ? line.rows : Math.ceil((line.rows + runningRows) / concurrency)
    const rows = Math.max(1, Math.min(maxBatchRows, share))
    let liked = rows
    for (const size of preferredRows) if (size <= rows) liked = size
    return liked
  }

  function isWanted(waiting: Waiting, atMs: number): boolean {
    if (waiting.call?.aborted === true) {
      dismiss(waiting, new ServingError('cancelled', 'the caller went away before its turn came'))
      return false
    }
    if (waiting.deadlineMs > atMs) return true
    beCareful()
    dismiss(waiting, lateError())
    return false
  }

  /** Runs a batch; when it fails, runs parts of it, so that only the guilty request fails. Never rejects. */
  function runTogether(batch: readonly Waiting[]): Promise<void> | undefined {
    const startedMs = now()
    let rows = 0
    for (const waiting of batch) rows += waiting.rows
    let deadlineMs = 0
    let priority: Priority = 3
    for (const waiting of batch) {
      deadlineMs = Math.max(deadlineMs, waiting.deadlineMs)
      if (waiting.priority < priority) priority = waiting.priority
      waiting.startedMs = startedMs
      waiting.batchRows = rows
    }
    let outputs: Tensors | Promise<Tensors>
    try {
      outputs = options.run(joinInputs(batch), batch[0]?.wanted ?? [], place, { deadlineMs, priority })
      if (!(outputs instanceof Promise)) {
        handOut(batch, outputs, rows, startedMs)
        return undefined
      }
    } catch (error) {
      return fail(batch, error, rows, startedMs)
    }
    return outputs
      .then((settled) => handOut(batch, settled, rows, startedMs))
      .catch((error: unknown) => fail(batch, error, rows, startedMs))
  }

  /** Gives each caller its rows. All is cut before anyone is answered, so that a bad output fails all alike. */
  function handOut(batch: readonly Waiting[], outputs: Tensors, rows: number, startedMs: number): void {
    const parts = batch.length === 1 ? [outputs] : cutRows(batch, outputs)
    const runMs = now() - startedMs
    cost.learn(rows, runMs)
    options.onRun?.({ model: options.model(), rows, requests: batch.length, runMs, failed: false })
    trust = Math.min(TRUST.most, trust + TRUST.whenAnswered * batch.length)
    for (let i = 0; i < batch.length; i++) {
      const waiting = batch[i] as Waiting
      deadlines.unwatch(waiting)
      note(waiting, runMs)
      waiting.resolve(parts[i] as Tensors)
    }
  }

  function fail(batch: readonly Waiting[], error: unknown, rows: number, startedMs: number): Promise<void> | undefined {
    options.onRun?.({ model: options.model(), rows, requests: batch.length, runMs: now() - startedMs, failed: true })
    if (batch.length === 1 || isNobodysFault(error)) {
      for (const waiting of batch) refuse(waiting, error)
      return undefined
    }
    // what kills its process is looked for one by one: halves would kill one more at each step
    const size = isDeadly(error) ? 1 : batch.length >> 1
    return runParts(batch, size, 0)
  }

  function runParts(batch: readonly Waiting[], size: number, from: number): Promise<void> | undefined {
    for (let start = from; start < batch.length; start += size) {
      const end = size > 1 && batch.length - start < 2 * size ? batch.length : start + size
      const left = batch.slice(start, end).filter(({ isAnswered }) => !isAnswered) // some were late meanwhile
      const running = left.length === 0 ? undefined : runTogether(left)
      if (running !== undefined) return running.then(() => runParts(batch, size, end))
      if (end === batch.length) break
    }
    return undefined
  }

  function idle(): Promise<void> {
    if (!isScheduled && line.rows === 0 && runs.size === 0) return Promise.resolve()
    return new Promise((resolve) => whenIdle.push(resolve))
  }

  return {
    submit,
    idle,
    get queuedRows() {
      return line.rows
    },
    get running() {
      return runs.size
    },
  }
}

function lateError(): ServingError {
  return new ServingError('deadline_exceeded', 'the deadline passed before the answer was ready')
}

function tooLate(expectedMs: number, leftMs: number, retryAfterMs: number): ServingError {
  return new ServingError(
    'overloaded',
    `the answer would come too late: it is expected in ${Math.ceil(expectedMs)} ms, and the request has ${Math.max(0, Math.floor(leftMs))} ms`,
    { details: { reason: 'expected_wait', retryAfterMs: Math.ceil(retryAfterMs) } },
  )
}

function queueFull(queuedRows: number, maxQueueRows: number, waitMs: number): ServingError {
  return new ServingError(
    'overloaded',
    `${queuedRows} rows are waiting, the most is ${maxQueueRows}: try again later`,
    {
      details: { reason: 'queue_full', queuedRows, maxQueueRows, retryAfterMs: Math.ceil(waitMs) },
    },
  )
}

/** Whether a run failed for want of an engine, not because of its rows: running parts of it would fail the same. */
function isNobodysFault(error: unknown): boolean {
  return error instanceof ServingError && NOBODYS_FAULT.has(error.code)
}

const NOBODYS_FAULT = new Set<ErrorCode>(['unavailable', 'overloaded', 'deadline_exceeded'])

function isDeadly(error: unknown): boolean {
  return error instanceof ServingError && error.details['reason'] === 'killed_worker'
}
