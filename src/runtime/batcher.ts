import type { Tensors } from '../tensor/tensor.ts'
import { createAdmission } from './admission.ts'
import { canRunTogether } from './batch-rows.ts'
import type { BatchingRules, Submission } from './batching.ts'
import type { Deadlines } from './deadlines.ts'
import type { QueueMemory } from './queue-memory.ts'
import { callerGone, deadlinePassed, tooLate } from './refusals.ts'
import { createBatchRun, type BatchRunOptions } from './run-batch.ts'
import { createEndings, Waiting } from './waiting.ts'
import { createWaitingLine } from './waiting-line.ts'

export interface BatcherOptions
  extends BatchingRules, Pick<BatchRunOptions, 'run' | 'cost' | 'now' | 'model' | 'onRun'> {
  /** Whether rows of different callers may run together. */
  readonly rowsAreIndependent: boolean
  readonly deadlines: Deadlines
  /** Shared by all that wait in the process. */
  readonly memory: QueueMemory
}

export interface Batcher {
  /** @throws {ServingError} `overloaded`; or rejects with what the run threw, `deadline_exceeded` or `cancelled` */
  submit(submission: Submission): Promise<Tensors>
  readonly queuedRows: number
  /** Runs under way. */
  readonly running: number
  /** How long the longest of them has taken so far (ms); 0 when none is under way. */
  longestRunMs(): number
  /** Fulfilled once nothing waits or runs. */
  idle(): Promise<void>
}

/** A batch under way. */
interface Run {
  readonly startedMs: number
  readonly rows: number
  readonly batch: readonly Waiting[]
}

/** Runs after which the arrivals of the past count for little. */
const ARRIVALS_REMEMBERED = 32

/** How often a full line is searched for callers that have gone (ms). */
const GONE_EVERY_MS = 10

/** One run in so many is begun by who has waited too long behind more urgent ones. */
const TURNS_OF_THE_URGENT = 8

/**
 * The tick batcher: an idle engine never waits; what arrives in the same tick of the event loop, or while the engine is
 * busy, runs together. After each run in the tick the loop gets its turn, so that a long line does not starve sockets.
 * Whoever could not be answered in time is refused at the door, while there is still time to ask elsewhere.
 */
export function createBatcher(options: BatcherOptions): Batcher {
  const { rowsAreIndependent, place, concurrency, maxBatchRows, preferredRows, windowMs, deadlines, cost, now } =
    options
  const line = createWaitingLine<Waiting>(options.memory)
  const runs = new Set<Run>()
  const endings = createEndings(deadlines, now, options.model)
  const admission = createAdmission({ ...options, line, runs, dismiss })
  const runBatch = createBatchRun({ ...options, endings, onAnswered })
  let runningRows = 0
  let isScheduled = false
  let window: NodeJS.Timeout | undefined
  let lastArrivalMs = Number.NEGATIVE_INFINITY
  /** Average time between arrivals (ms). */
  let gapMs = Number.POSITIVE_INFINITY
  let droppedAtMs = Number.NEGATIVE_INFINITY
  /** Runs since somebody first had reason to be impatient. */
  let urgentTurns = 0
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
    if (window === undefined) proceed()
    else if (line.rows >= enoughRows()) endWindow()
    return answer.promise
  }

  /** Lets a request into the line, or refuses it; not on account of callers that have gone. */
  function enter(submission: Submission, arrivedMs: number): void {
    let error = admission.refusalOf(submission, arrivedMs)
    if (error !== undefined && dropGone(arrivedMs))
      error = line.rows === 0 ? undefined : admission.refusalOf(submission, arrivedMs)
    if (error !== undefined) throw endings.turnAway(submission, error)
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

  /** Answers a caller whose deadline has passed; one that still waited leaves its place to others at once. */
  function expire(waiting: Waiting): void {
    admission.noteLate()
    dismiss(waiting, deadlinePassed())
  }

  function dismiss(waiting: Waiting, error: unknown): void {
    line.remove(waiting)
    endings.refuse(waiting, error)
  }

  function onAnswered(batch: readonly Waiting[]): void {
    const atMs = now()
    for (const waiting of batch) admission.noteAnswered(waiting, atMs)
  }

  /** Sees to it that who waits is run, or tells that nobody does. */
  function proceed(): void {
    if (line.rows > 0) {
      if (isScheduled || runs.size >= concurrency || window !== undefined) return
      isScheduled = true
      setImmediate(drain) // the end of this tick: its other requests join
    } else if (runs.size === 0 && !isScheduled) {
      const waiters = whenIdle
      whenIdle = []
      for (const wake of waiters) wake()
    }
  }

  function drain(isWindowOver = false): void {
    isScheduled = false
    while (runs.size < concurrency && line.rows > 0) {
      if (!isWindowOver && isWorthWaiting()) return void (window ??= setTimeout(endWindow, windowMs))
      const batch = takeBatch()
      if (batch.length === 0) continue // those that were left had gone
      begin(batch)
      if (place === 'in-tick') break // the loop's turn
    }
    proceed()
  }

  function begin(batch: readonly Waiting[]): void {
    const run = { startedMs: now(), rows: batch.reduce((sum, { rows }) => sum + rows, 0), batch }
    runs.add(run)
    runningRows += run.rows
    const running = runBatch(batch)
    if (running === undefined) end()
    else
      void running.then(() => {
        end()
        proceed()
      })

    function end(): void {
      runs.delete(run)
      runningRows -= run.rows
    }
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
    drain(true)
  }

  function noteArrival(arrivedMs: number): void {
    const gap = arrivedMs - lastArrivalMs
    lastArrivalMs = arrivedMs
    gapMs = Number.isFinite(gapMs) ? gapMs + (gap - gapMs) / ARRIVALS_REMEMBERED : gap
  }

  /** Whose turn it is and those that can run with it, in order; callers that have gone or are late are dropped. */
  function takeBatch(): Waiting[] {
    const limit = batchLimit()
    const batch: Waiting[] = []
    let rows = 0
    let soonestMs = Number.POSITIVE_INFINITY
    const atMs = now()
    const impatient = takeImpatient(atMs)
    for (let waiting = impatient ?? line.first(), next: Waiting | undefined; waiting !== undefined; waiting = next) {
      if (waiting === impatient) line.remove(waiting)
      next = waiting === impatient ? line.first() : line.after(waiting)
      if (!isWanted(waiting, atMs)) continue
      const first = batch[0]
      if (first !== undefined && (rows + waiting.rows > limit || !canRunTogether(first, waiting))) continue
      const endMs = atMs + (cost.of(rows + waiting.rows) ?? 0)
      if (first !== undefined && endMs > soonestMs) break // with more rows, those that are in would be late
      if (first === undefined && endMs > waiting.deadlineMs && next !== undefined) {
        admission.noteLate()
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

  /** Now and then somebody has waited long enough behind the more urgent: strict priorities would starve them. */
  function takeImpatient(atMs: number): Waiting | undefined {
    const first = line.first()
    const longest = first && line.longestBehind(first)
    if (longest === undefined || longest.impatientAtMs > atMs) return undefined
    urgentTurns = (urgentTurns + 1) % TURNS_OF_THE_URGENT
    return urgentTurns === 0 ? longest : undefined
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
    const isGone = waiting.call?.aborted === true
    if (!isGone && waiting.deadlineMs > atMs) return true
    if (!isGone) admission.noteLate()
    dismiss(waiting, isGone ? callerGone() : deadlinePassed())
    return false
  }

  return {
    submit,
    longestRunMs() {
      // a batch that fails is run in parts: the last one that was begun counts
      const begins = Array.from(runs, ({ batch }) => Math.max(...batch.map(({ startedMs }) => startedMs)))
      return begins.length === 0 ? 0 : now() - Math.min(...begins)
    },
    idle() {
      if (!isScheduled && line.rows === 0 && runs.size === 0) return Promise.resolve()
      return new Promise((resolve) => whenIdle.push(resolve))
    },
    get queuedRows() {
      return line.rows
    },
    get running() {
      return runs.size
    },
  }
}
