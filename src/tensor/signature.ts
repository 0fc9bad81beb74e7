import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { Datatype } from './datatype.ts'
import { shapeFits, type Shape } from './shape.ts'
import type { Tensor, Tensors } from './tensor.ts'
import { MISSING_TEXT } from './texts.ts'

/** One named input or output of a model. */
export interface TensorSpec {
  readonly name: string
  readonly datatype: Datatype
  /** -1 marks a dimension that may vary; a leading -1 counts rows. */
  readonly shape: Shape
  /** Names of the columns along the last dimension, where the model knows them; as many as that dimension is long. */
  readonly columns?: readonly string[]
  /** Of an input that the model was fitted with and never reads: it may be left out, and may hold anything. */
  readonly isUnused?: true
  /** Of an input that the model does without where it is left out. */
  readonly isOptional?: true
  /** Of BYTES: each element is the text of a JSON value, an object or a list, and may be sent as such where JSON is. */
  readonly isJson?: true
  /** Of BYTES: an empty element is an empty text. Elsewhere it is a missing value, and stands for JSON's null. */
  readonly isNeverMissing?: true
}

/** What a model takes and gives. */
export interface Signature {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /** What a request gets that names no outputs; all of them where the model does not say. */
  readonly defaultOutputs?: readonly string[]
  /**
   * Of code that takes a request's body as it came: `body`, `content_type` and `accept`, to `body`, `content_type` and
   * `status`. Protocols whose requests have a body hand it through.
   */
  readonly isRaw?: true
}

/**
 * Refuses tensors that are not what the signature asks for; missing, unknown, of another datatype or shape.
 * @param inputs by name, in any order
 * @throws {ServingError} `invalid_argument` naming the input, what came and what is expected
 */
export function checkInputs(inputs: Tensors, signature: Signature): void {
  let known = 0
  for (const spec of signature.inputs) {
    const given = inputs.get(spec.name)
    if (given === undefined) {
      if (spec.isOptional === true) continue
      refuseUnknown(inputs, signature) // a name that is mistyped is both unknown and missing: the first tells more
      throw new ServingError(
        'invalid_argument',
        `input ${quote(spec.name)} is missing; the model takes ${namesOf(signature)}`,
        { details: { input: spec.name } },
      )
    }
    known++
    if (given.datatype !== spec.datatype)
      throw new ServingError(
        'invalid_argument',
        `input ${quote(spec.name)} has the datatype ${given.datatype}, the model takes ${spec.datatype}${datatypeHint(given, spec)}`,
        { details: { input: spec.name } },
      )
    if (spec.isNeverMissing === true) refuseMissing(given, spec)
    if (!shapeFits(given.shape, spec.shape))
      throw new ServingError(
        'invalid_argument',
        `input ${quote(spec.name)} has the shape [${given.shape.join(',')}], the model takes [${spec.shape.join(',')}]`,
        { details: { input: spec.name } },
      )
  }
  if (inputs.size > known) refuseUnknown(inputs, signature)
}

/**
 * Numbers where the model has text are most often categories that are written in digits; scikit-learn's flags as text are
 * True and False.
 */
function datatypeHint(given: Tensor, { datatype }: TensorSpec): string {
  if (datatype !== 'BYTES') return given.datatype === 'BYTES' ? ': send numbers' : ''
  const [value] = given.data
  if (value === undefined || value instanceof Uint8Array) return ''
  if (given.datatype === 'FP16' || given.datatype === 'BF16') return ': send text'
  if (given.datatype === 'BOOL') return `: send it as text, ${value === 0 ? '"False" for false' : '"True" for true'}`
  return `: send it as text, ${quote(String(value))} for ${value}`
}

function refuseMissing({ datatype, data }: Tensor, { name }: TensorSpec): void {
  const element = datatype === 'BYTES' ? data.indexOf(MISSING_TEXT) : -1
  if (element >= 0)
    throw new ServingError(
      'invalid_argument',
      `input ${quote(name)}: element ${element} is missing (null), and the model takes none there; "" is the empty text`,
      { details: { input: name, element } },
    )
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
 * The outputs that a request asks for: the model's default ones when it names none.
 * @throws {ServingError} `invalid_argument` for an unknown or repeated name
 */
export function selectOutputs(wanted: readonly string[] | undefined, signature: Signature): readonly string[] {
  const known = signature.outputs.map((spec) => spec.name)
  if (wanted === undefined || wanted.length === 0) return signature.defaultOutputs ?? known
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
