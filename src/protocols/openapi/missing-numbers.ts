import { ServingError } from '../../core/errors.ts'
import type { Call, DataPlane, ServedModel } from '../../runtime/plane.ts'
import type { NumericDatatype } from '../../tensor/datatype.ts'
import { isHalf, widenHalves } from '../../tensor/half.ts'
import { allocate, type BytesTensor, type Tensor, type Tensors } from '../../tensor/tensor.ts'
import { MISSING_TEXT } from '../../tensor/texts.ts'

/** How long a model may take to say it (ms). */
const TIMEOUT_MS = 2000

/** NaN in the bits of a half float. */
const HALF_NAN = { FP16: 0x7e00, BF16: 0x7fc0 } as const

/**
 * Whether a model answers rows in which every number and text is missing with numbers that JSON can hold: some models have
 * no answer to them, or none but NaN. It is asked, behind all that waits.
 * @throws {ServingError} of the plane, when it cannot be asked now
 */
export async function takesMissingNumbers(plane: DataPlane, model: ServedModel, call: Call): Promise<boolean> {
  const inputs = new Map<string, Tensor>()
  let missing = 0
  for (const { name, isNeverMissing } of model.signature.inputs) {
    const tensor = model.example.get(name)
    if (tensor === undefined) continue
    if (isFloat(tensor.datatype)) inputs.set(name, nanLike(tensor))
    else if (tensor.datatype === 'BYTES' && isNeverMissing !== true) inputs.set(name, emptyLike(tensor))
    else continue
    missing++
  }
  if (missing === 0) return false
  for (const [name, tensor] of model.example) if (!inputs.has(name)) inputs.set(name, tensor)
  // a call of its own: who asks for a document has asked no model
  const own: Call = {
    get aborted() {
      return call.aborted
    },
  }
  try {
    const wanted = model.signature.outputs.map(({ name }) => name)
    const context = { call: own, outputs: wanted, timeoutMs: TIMEOUT_MS, priority: 3, isProbe: true } as const
    const { outputs } = await plane.predict(model, inputs, context)
    return isFinite(outputs)
  } catch (error) {
    if (ServingError.from(error).code === 'invalid_argument') return false
    throw error
  }
}

function isFloat(datatype: Tensor['datatype']): boolean {
  return datatype === 'FP32' || datatype === 'FP64' || isHalf(datatype)
}

function nanLike({ datatype, shape, data }: Tensor): Tensor {
  const nan = isHalf(datatype) ? HALF_NAN[datatype] : Number.NaN
  const filled = allocate(datatype as NumericDatatype, data.length).fill(nan as never)
  return { datatype, shape, data: filled } as Tensor
}

function emptyLike({ shape, data }: BytesTensor): Tensor {
  return { datatype: 'BYTES', shape, data: data.map(() => MISSING_TEXT) }
}

function isFinite(outputs: Tensors): boolean {
  for (const { datatype, data } of outputs.values()) {
    if (!isFloat(datatype)) continue
    const numbers = isHalf(datatype) ? widenHalves(datatype, data as Uint16Array) : (data as Float64Array)
    if (!numbers.every(Number.isFinite)) return false
  }
  return true
}
