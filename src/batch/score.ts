import { setTimeout } from 'node:timers/promises'
import { ServingError, type ErrorCode } from '../core/errors.ts'
import { createRowPrinter, type RowPrinter } from '../codecs/row-text.ts'
import type { DataPlane, ServedModel } from '../runtime/plane.ts'
import { sliceRows, type Tensors } from '../tensor/tensor.ts'

/** What became of one row: where its answer can be printed from, or why there is none. */
export type RowOutcome = { readonly printer: RowPrinter; readonly row: number } | ServingError

export interface ScoreOptions {
  readonly plane: DataPlane
  readonly model: ServedModel
  /** Names of the outputs to compute, in their order. */
  readonly outputs: readonly string[]
  readonly signal: AbortSignal
  /** Pauses before a call is tried again that found no room or no ready model (milliseconds). */
  readonly retryPausesMs: readonly number[]
}

/** Whose fault a failed call may be: one of its rows, the moment, or the whole job's. */
const BLAME: Record<ErrorCode, 'row' | 'moment' | 'job'> = {
  invalid_argument: 'row',
  too_large: 'row',
  unsupported: 'row',
  refused: 'row',
  internal: 'row',
  deadline_exceeded: 'row',
  overloaded: 'moment',
  unavailable: 'moment',
  unauthenticated: 'job',
  permission_denied: 'job',
  not_found: 'job',
  conflict: 'job',
  cancelled: 'job',
}

/**
 * Runs rows together. When the call fails, its halves are run, so that only the guilty rows fail.
 * @param rows of every input
 * @returns an outcome for each row, in order
 * @throws {ServingError} what no other rows could mend: `cancelled`, `unavailable` after all retries, …
 */
export async function score(inputs: Tensors, rows: number, options: ScoreOptions): Promise<RowOutcome[]> {
  const outcomes: RowOutcome[] = []
  await scoreRange(0, rows)
  return outcomes

  async function scoreRange(from: number, to: number): Promise<void> {
    const answer = await predict(slice(inputs, from, to, rows), options)
    if (!(answer instanceof ServingError)) {
      const printer = createRowPrinter(answer, options.model.signature.outputs, to - from)
      for (let row = 0; row < to - from; row++) outcomes.push({ printer, row })
    } else if (to - from === 1) outcomes.push(answer)
    else {
      const half = from + ((to - from) >> 1)
      await scoreRange(from, half)
      await scoreRange(half, to)
    }
  }
}

/** @returns the outputs, or an error that a row may be guilty of */
async function predict(inputs: Tensors, options: ScoreOptions): Promise<Tensors | ServingError> {
  for (let attempt = 0; ; attempt++) {
    if (options.signal.aborted) throw stopped()
    try {
      const { outputs } = await options.plane.predict(options.model, inputs, {
        outputs: options.outputs,
        call: options.signal,
      })
      return outputs
    } catch (thrown) {
      if (options.signal.aborted) throw stopped()
      const error = ServingError.from(thrown)
      const pauseMs = options.retryPausesMs[attempt]
      const blame = BLAME[error.code]
      if (blame === 'row') return error
      if (blame === 'job' || pauseMs === undefined) throw error
      await setTimeout(pauseMs, undefined, { signal: options.signal }).catch(() => undefined)
    }
  }
}

function slice(inputs: Tensors, from: number, to: number, rows: number): Tensors {
  if (to - from === rows) return inputs
  return new Map([...inputs].map(([name, tensor]) => [name, sliceRows(tensor, from, to)]))
}

export function stopped(): ServingError {
  return new ServingError('cancelled', 'the job was stopped before it was done; it left no output')
}
