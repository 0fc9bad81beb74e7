import { ServingError } from '../core/errors.ts'
import type { Shape } from '../tensor/shape.ts'
import { concatenateRows, sliceRows, type Tensor, type Tensors } from '../tensor/tensor.ts'

/** What of a request decides whose rows it may share a run with. */
interface Rows {
  readonly inputs: Tensors
  readonly rows: number
  readonly wanted: readonly string[]
}

/** Rows of unlike shapes are kept apart; so are requests for unlike outputs. */
export function canRunTogether(a: Rows, b: Rows): boolean {
  if (a.wanted !== b.wanted || a.inputs.size !== b.inputs.size) return false
  for (const [name, value] of a.inputs) {
    const other = b.inputs.get(name)
    if (other?.datatype !== value.datatype || !isSameRow(other.shape, value.shape)) return false
  }
  return true
}

function isSameRow(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false
  for (let axis = 1; axis < a.length; axis++) if (a[axis] !== b[axis]) return false
  return true
}

/** The inputs of a whole batch, one request's rows after the other's. */
export function joinInputs(batch: readonly Rows[]): Tensors {
  const first = batch[0]
  if (first === undefined) throw new Error('an empty batch was run; this is a bug')
  if (batch.length === 1) return first.inputs
  const joined = new Map<string, Tensor>()
  for (const name of first.inputs.keys())
    joined.set(name, concatenateRows(batch.map(({ inputs }) => inputs.get(name) as Tensor)))
  return joined
}

/**
 * Each request's rows of the outputs, over the same memory.
 * @throws {ServingError} `internal` when the model gave another number of rows than it was given
 */
export function cutRows(batch: readonly Rows[], outputs: Tensors): Tensors[] {
  let total = 0
  for (const { rows } of batch) total += rows
  const parts = batch.map(() => new Map<string, Tensor>())
  for (const [name, value] of outputs) {
    if (value.shape[0] !== total)
      throw new ServingError(
        'internal',
        `the model gave ${value.shape[0] ?? 'a scalar'} rows of "${name}" for ${total} rows`,
      )
    let row = 0
    for (let i = 0; i < batch.length; i++) {
      const { rows } = batch[i] as Rows
      parts[i]?.set(name, sliceRows(value, row, row + rows))
      row += rows
    }
  }
  return parts
}
