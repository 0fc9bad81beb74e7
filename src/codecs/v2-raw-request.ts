import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { elementSizeBytes } from '../tensor/datatype.ts'
import type { Signature, TensorSpec } from '../tensor/signature.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { decodeRaw } from './raw-tensor.ts'
import type { V2Request } from './v2-request.ts'

/**
 * Reads a request that is nothing but the bytes of a model's single input; all outputs go back as bytes. The one size
 * that the signature leaves open follows from their number: that of the rows, or of another dimension, for one row.
 * BYTES are one element, as they stand there, without a length before them.
 * @throws {ServingError} `invalid_argument` when the model has several inputs, or the bytes do not say its shape
 * @see Triton's "Binary Tensor Data Extension", "Raw Binary Request"
 */
export function decodeRawRequest(body: Uint8Array, { inputs }: Signature): V2Request {
  const [spec, ...others] = inputs.filter(({ isUnused, isOptional }) => isUnused !== true && isOptional !== true)
  if (spec === undefined || others.length > 0)
    throw bad(
      `the body is to be the bytes of the only input, and the model takes ${quoteList(inputs.map(({ name }) => name))}: ` +
        'send them behind the JSON that tells them apart',
    )
  return {
    id: undefined,
    inputs: new Map([[spec.name, soleInput(body, spec)]]),
    outputs: [],
    isBinary: true,
    timeoutUs: undefined,
  }
}

function soleInput(body: Uint8Array, spec: TensorSpec): Tensor {
  const { name, datatype } = spec
  if (datatype === 'BYTES') return { datatype, shape: shapeOfOne(spec), data: [body] }
  const sizeBytes = elementSizeBytes(datatype)
  if (body.length % sizeBytes !== 0)
    throw bad(`input ${quote(name)}: ${body.length} bytes are no whole number of ${datatype} elements`)
  return decodeRaw(name, datatype, shapeOf(spec, body.length / sizeBytes), body)
}

/** The shape in which BYTES of this input are a single element. */
function shapeOfOne({ name, shape }: TensorSpec): number[] {
  const concrete = shape.map((size) => (size === -1 ? 1 : size))
  if (concrete.some((size) => size !== 1))
    throw bad(
      `input ${quote(name)}: a body without JSON is one element of BYTES, and the model takes [${shape.join(',')}]`,
    )
  return concrete
}

/** The shape that so many elements have. */
function shapeOf({ name, shape }: TensorSpec, count: number): number[] {
  const open = shape.flatMap((size, axis) => (size === -1 ? [axis] : []))
  // one row, where more than the number of rows is open
  const axis = open.length === 2 && open[0] === 0 ? open[1] : open[0]
  if (open.length > 2 || (open.length === 2 && open[0] !== 0))
    throw bad(
      `input ${quote(name)}: the bytes alone do not say how large it is, since the model takes [${shape.join(',')}]: ` +
        'send them behind JSON with its shape',
    )
  let known = 1
  for (const size of shape) if (size !== -1) known *= size
  const rest = known === 0 ? 0 : count / known
  const isWhole = Number.isInteger(rest) && (known !== 0 || count === 0) && (axis !== undefined || rest === 1)
  if (!isWhole)
    throw bad(`input ${quote(name)}: ${count} elements do not fit the shape [${shape.join(',')}] that the model takes`)
  return shape.map((size, at) => (size !== -1 ? size : at === axis ? rest : 1))
}

function bad(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}
