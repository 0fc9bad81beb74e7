import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { Datatype } from './datatype.ts'
import { shapeFits, type Shape } from './shape.ts'
import type { Tensors } from './tensor.ts'

/** One named input or output of a model. */
export interface TensorSpec {
  readonly name: string
  readonly datatype: Datatype
  /** -1 marks a dimension that may vary; a leading -1 counts rows. */
  readonly shape: Shape
  /** Names of the columns along the last dimension, where the model knows them; as many as that dimension is long. */
  readonly columns?: readonly string[]
}

/** What a model takes and gives. */
export interface Signature {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
}

/**
 * Refuses tensors that are not what the signature asks for; missing, unknown, of another datatype or shape.
 * @param inputs by name, in any order
 * @throws {ServingError} `invalid_argument` naming the input, what came and what is expected
 */
export function checkInputs(inputs: Tensors, signature: Signature): void {
  for (const spec of signature.inputs) {
    const given = inputs.get(spec.name)
    if (given === undefined) {
      refuseUnknown(inputs, signature) // a name that is mistyped is both unknown and missing: the first tells more
      throw new ServingError(
        'invalid_argument',
        `input ${quote(spec.name)} is missing; the model takes ${namesOf(signature)}`,
        { details: { input: spec.name } },
      )
    }
    if (given.datatype !== spec.datatype)
      throw new ServingError(
        'invalid_argument',
        `input ${quote(spec.name)} has the datatype ${given.datatype}, the model takes ${spec.datatype}`,
        { details: { input: spec.name } },
      )
    if (!shapeFits(given.shape, spec.shape))
      throw new ServingError(
        'invalid_argument',
        `input ${quote(spec.name)} has the shape [${given.shape.join(',')}], the model takes [${spec.shape.join(',')}]`,
        { details: { input: spec.name } },
      )
  }
  if (inputs.size > signature.inputs.length) refuseUnknown(inputs, signature)
}

function refuseUnknown(inputs: Tensors, signature: Signature): void {
  for (const name of inputs.keys()) {
    if (signature.inputs.some((spec) => spec.name === name)) continue
    throw new ServingError(
      'invalid_argument',
      `input ${quote(name)} is unknown; the model takes ${namesOf(signature)}`,
      { details: { input: name } },
    )
  }
}

function namesOf({ inputs }: Signature): string {
  return quoteList(inputs.map(({ name }) => name))
}

/**
 * The outputs that a request asks for: all of the model's when it names none.
 * @throws {ServingError} `invalid_argument` for an unknown or repeated name
 */
export function selectOutputs(wanted: readonly string[] | undefined, signature: Signature): readonly string[] {
  const known = signature.outputs.map((spec) => spec.name)
  if (wanted === undefined || wanted.length === 0) return known
  const seen = new Set<string>()
  for (const name of wanted) {
    if (!known.includes(name))
      throw new ServingError(
        'invalid_argument',
        `output ${quote(name)} is unknown; the model gives ${quoteList(known)}`,
        {
          details: { output: name },
        },
      )
    if (seen.has(name))
      throw new ServingError('invalid_argument', `output ${quote(name)} is asked for twice`, {
        details: { output: name },
      })
    seen.add(name)
  }
  return wanted
}
