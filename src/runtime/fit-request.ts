import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { convertInputs } from '../tensor/convert.ts'
import { checkInputs, selectOutputs, type Signature } from '../tensor/signature.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'

/** A request as the model takes it. */
export interface FittingRequest {
  readonly inputs: Tensors
  readonly rows: number
  /** One array for each set of outputs, so that what is prepared per set is found by identity. */
  readonly wanted: readonly string[]
}

/** Orderings of many outputs are too many to keep: the rest pay for their preparation each time. */
const MAX_REMEMBERED = 256

/**
 * Makes requests fit a signature: numbers of another datatype are converted where nothing is lost, inputs that the model
 * never reads are left out, all else is checked.
 * @returns throws `invalid_argument` for what does not fit
 */
export function createFitter(
  signature: Signature,
): (given: Tensors, outputs: readonly string[] | undefined) => FittingRequest {
  const all = selectOutputs(undefined, signature)
  const known = new Map<string, readonly string[]>()
  const unused = new Set(signature.inputs.filter(({ isUnused }) => isUnused === true).map(({ name }) => name))
  const used = { ...signature, inputs: signature.inputs.filter(({ isUnused }) => isUnused !== true) }

  function outputsOf(wanted: readonly string[] | undefined): readonly string[] {
    if (wanted === undefined || wanted.length === 0) return all
    const key = JSON.stringify(wanted)
    let outputs = known.get(key)
    if (outputs === undefined) {
      outputs = [...selectOutputs(wanted, signature)]
      if (known.size < MAX_REMEMBERED) known.set(key, outputs)
    }
    return outputs
  }

  return (given, outputs) => {
    const inputs = convertInputs(unused.size === 0 ? given : without(given, unused), used)
    checkInputs(inputs, used)
    return { inputs, rows: countRows(inputs, used), wanted: outputsOf(outputs) }
  }
}

/** What the model reads of what came. */
function without(given: Tensors, names: ReadonlySet<string>): Tensors {
  const rest = new Map<string, Tensor>()
  for (const [name, value] of given) if (!names.has(name)) rest.set(name, value)
  return rest
}

/** How many rows a request brings: the common first dimension of its inputs. */
function countRows(inputs: Tensors, signature: Signature): number {
  let rows: number | undefined
  for (const { name, shape } of signature.inputs) {
    const given = inputs.get(name)
    if (shape[0] !== -1 || given === undefined) continue
    const found = given.shape[0] ?? 0
    if (rows !== undefined && rows !== found)
      throw new ServingError('invalid_argument', `input ${quote(name)} has ${found} rows, the inputs before it ${rows}`)
    rows = found
  }
  return rows ?? 1
}
