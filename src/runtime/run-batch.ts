import { ServingError, type ErrorCode } from '../core/errors.ts'
import type { Place, Urgency } from '../engines/program.ts'
import type { Tensors } from '../tensor/tensor.ts'
import { cutRows, joinInputs } from './batch-rows.ts'
import type { FinishedRun } from './batching.ts'
import type { Priority, ServedModel } from './plane.ts'
import type { RunCost } from './run-cost.ts'
import type { Endings, Waiting } from './waiting.ts'

export interface BatchRunOptions {
  /** Runs tensors through the model. */
  readonly run: (
    inputs: Tensors,
    wanted: readonly string[],
    place: Place,
    urgency: Urgency,
  ) => Tensors | Promise<Tensors>
  readonly place: Place
  /** What runs cost; what is learned is kept there. */
  readonly cost: RunCost
  /** Milliseconds, never going back. */
  readonly now: () => number
  /** The model as it is shown in timings. */
  readonly model: () => ServedModel
  /** Told after each run. */
  readonly onRun?: ((run: FinishedRun) => void) | undefined
  readonly endings: Endings
  /** Told of requests as they are answered. */
  readonly onAnswered: (batch: readonly Waiting[]) => void
}

/** Runs a batch; when it fails, runs parts of it, so that only the guilty request fails. Never rejects. */
export type RunBatch = (batch: readonly Waiting[]) => Promise<void> | undefined

export function createBatchRun(options: BatchRunOptions): RunBatch {
  const { place, cost, now, model, endings } = options

  function runTogether(batch: readonly Waiting[]): Promise<void> | undefined {
    const startedMs = now()
    let rows = 0
    for (const waiting of batch) rows += waiting.rows
    let deadlineMs = 0
    let priority: Priority = 3
    let key = batch[0]?.key
    for (const waiting of batch) {
      deadlineMs = Math.max(deadlineMs, waiting.deadlineMs)
      if (waiting.priority < priority) priority = waiting.priority
      if (waiting.key !== key) key = undefined
      waiting.startedMs = startedMs
      waiting.batchRows = rows
    }
    let outputs: Tensors | Promise<Tensors>
    try {
      outputs = options.run(joinInputs(batch), batch[0]?.wanted ?? [], place, { deadlineMs, priority, key })
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
    options.onRun?.({ model: model(), rows, requests: batch.length, runMs, failed: false })
    options.onAnswered(batch)
    for (let i = 0; i < batch.length; i++) endings.answer(batch[i] as Waiting, parts[i] as Tensors, runMs)
  }

  function fail(batch: readonly Waiting[], error: unknown, rows: number, startedMs: number): Promise<void> | undefined {
    options.onRun?.({ model: model(), rows, requests: batch.length, runMs: now() - startedMs, failed: true })
    if (batch.length === 1 || isNobodysFault(error)) {
      for (const waiting of batch) endings.refuse(waiting, error)
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

  return runTogether
}

/** Whether a run failed for want of an engine, not because of its rows: running parts of it would fail the same. */
function isNobodysFault(error: unknown): boolean {
  return error instanceof ServingError && NOBODYS_FAULT.has(error.code)
}

const NOBODYS_FAULT = new Set<ErrorCode>(['unavailable', 'overloaded', 'deadline_exceeded'])

function isDeadly(error: unknown): boolean {
  return error instanceof ServingError && error.details['reason'] === 'killed_worker'
}
