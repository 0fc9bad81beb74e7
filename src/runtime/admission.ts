import type { ServingError } from '../core/errors.ts'
import type { BatchingRules, Submission } from './batching.ts'
import { sizeOf, type QueueMemory } from './queue-memory.ts'
import { deadlinePassed, memoryFull, queueFull, tooLate, waitTooLong } from './refusals.ts'
import type { RunCost } from './run-cost.ts'
import { placesOf, type Amount, type WaitingLine } from './waiting-line.ts'
import type { Waiting } from './waiting.ts'

export interface AdmissionOptions extends Pick<
  BatchingRules,
  'concurrency' | 'maxBatchRows' | 'maxQueueRows' | 'maxQueueDelayMs'
> {
  /** Whether rows of different callers may run together. */
  readonly rowsAreIndependent: boolean
  readonly cost: RunCost
  readonly line: WaitingLine<Waiting>
  readonly memory: QueueMemory
  /** What is under way. */
  readonly runs: Iterable<{ readonly startedMs: number; readonly rows: number }>
  /** Sends somebody away who waits. */
  readonly dismiss: (waiting: Waiting, error: ServingError) => void
}

/** Who is let into a line in which others wait: while there is still time to ask elsewhere. */
export interface Admission {
  /** Why a request is turned away; undefined where it has its place, the less urgent having given way to it. */
  refusalOf(submission: Submission, arrivedMs: number): ServingError | undefined
  /** A request was taken in vain. */
  noteLate(): void
  noteAnswered(waiting: Waiting, atMs: number): void
}

/**
 * Of the time that a request has left, the part that its wait may be expected to take. Estimates err, and part of the wait
 * lies before and behind us, in sockets: each request that was taken and came too late makes us more careful, each answer
 * less. What is answered in the last part of its time, `tight`, counts as late: nobody knows whether it arrives.
 */
const TRUST = { most: 0.9, least: 0.5, whenLate: 0.97, whenAnswered: 0.0005, tight: 0.05 }

/** The least time that the clock tells apart (ms): a deadline nearer than that has passed. */
const CLOCK_MS = 0.001

export function createAdmission(options: AdmissionOptions): Admission {
  const { rowsAreIndependent, concurrency, maxBatchRows, maxQueueRows, maxQueueDelayMs, cost, line, memory } = options
  let trust = TRUST.most

  function refusalOf(submission: Submission, arrivedMs: number): ServingError | undefined {
    const { priority, call, rows, deadlineMs } = submission
    const newcomer = { priority, key: call?.principal?.uid }
    const stays = line.ahead(newcomer)
    const waitMs = expectedWaitMs(stays, arrivedMs)
    const runMs = expectedRunMs(rows, stays)
    const leftMs = deadlineMs - arrivedMs
    if (leftMs < CLOCK_MS) return deadlinePassed()
    if (waitMs > leftMs * trust - runMs) return tooLate(waitMs + runMs, leftMs, waitMs)
    if (waitMs > maxQueueDelayMs) return waitTooLong(waitMs, maxQueueDelayMs)
    const [places, bytes] = [placesOf(submission), sizeOf(submission.inputs)]
    const noRoom = () => queueFull(line.rows, maxQueueRows, waitMs)
    const noMemory = () => memoryFull(memory.bytes, memory.mostBytes, waitMs)
    // none gives way to who finds no room all the same
    if (stays.rows > 0 && stays.rows + places > maxQueueRows) return noRoom()
    const bytesLeft = memory.bytes - line.bytes + stays.bytes
    if (stays.rows > 0 && bytesLeft + bytes > memory.mostBytes) return noMemory()
    while (line.rows > 0) {
      const error =
        line.rows + places > maxQueueRows ? noRoom() : memory.bytes + bytes > memory.mostBytes ? noMemory() : undefined
      const last = line.last()
      if (error === undefined || last === undefined) return undefined
      if (!line.isBehind(last, newcomer)) return error
      options.dismiss(last, error) // the less urgent give way, and those of keys that have more than their share here
    }
    return undefined
  }

  /** How long the run will take in which a request that is put in line has its turn (ms): others run with it. */
  function expectedRunMs(rows: number, ahead: Readonly<Amount>): number {
    const before = rowsAreIndependent ? ahead.rows % (maxBatchRows * concurrency) : 0
    const share = rowsAreIndependent ? Math.ceil((before + rows) / concurrency) : rows
    return cost.of(Math.max(rows, Math.min(share, maxBatchRows))) ?? 0
  }

  /** How long it will take until what stands before a newcomer is run, with what is under way (ms). */
  function expectedWaitMs({ rows, items }: Readonly<Amount>, atMs: number): number {
    const full = cost.of(maxBatchRows)
    if (full === undefined) return 0
    let ms = 0
    for (const run of options.runs) ms += Math.max(0, (cost.of(run.rows) ?? 0) - (atMs - run.startedMs))
    // what does not fill a run everywhere runs with it
    if (rowsAreIndependent) return ms / concurrency + Math.floor(rows / (maxBatchRows * concurrency)) * full
    // each runs alone
    return (ms + (items === 0 ? 0 : items * (cost.of(rows / items) ?? 0))) / concurrency
  }

  function noteLate(): void {
    trust = Math.max(TRUST.least, trust * TRUST.whenLate)
  }

  return {
    refusalOf,
    noteLate,
    noteAnswered({ deadlineMs, arrivedMs }, atMs) {
      if (deadlineMs - atMs < (deadlineMs - arrivedMs) * TRUST.tight) noteLate()
      else trust = Math.min(TRUST.most, trust + TRUST.whenAnswered)
    },
  }
}
