import type { Call, DataPlane, ServedModel } from '../../runtime/plane.ts'
import type { NumericDatatype } from '../../tensor/datatype.ts'
import { isHalf, widenHalves } from '../../tensor/half.ts'
import { allocate, type Tensor, type Tensors } from '../../tensor/tensor.ts'

/** How long a model may take to say it (ms). */
const TIMEOUT_MS = 2000

/** NaN in the bits of a half float. */
const HALF_NAN = { FP16: 0x7e00, BF16: 0x7fc0 } as const

/**
 * Whether a model answers rows in which every number is missing with numbers that JSON can hold: some models have no
 * answer to them but NaN. It is asked, behind all that waits.
 * @throws {ServingError} of the plane, when it cannot be asked now
 */
export async function takesMissingNumbers(plane: DataPlane, model: ServedModel, call: Call): Promise<boolean> {
  const inputs = new Map<string, Tensor>()
  let hasFloats = false
  for (const [name, tensor] of model.example) {
    const missing = isFloat(tensor.datatype)
    hasFloats ||= missing
    inputs.set(name, missing ? nanLike(tensor) : tensor)
  }
  if (!hasFloats) return false
  // a call of its own: who asks for a document has asked no model
  const own: Call = {
    get aborted() {
      return call.aborted
    },
  }
  const { outputs } = await plane.predict(model, inputs, { call: own, timeoutMs: TIMEOUT_MS, priority: 3 })
  return isFinite(outputs)
}

function isFloat(datatype: Tensor['datatype']): boolean {
  return datatype === 'FP32' || datatype === 'FP64' || isHalf(datatype)
}

function nanLike({ datatype, shape, data }: Tensor): Tensor {
  const nan = isHalf(datatype) ? HALF_NAN[datatype] : Number.NaN
  const filled = allocate(datatype as NumericDatatype, data.length).fill(nan as never)
  return { datatype, shape, data: filled } as Tensor
}

function isFinite(outputs: Tensors): boolean {
  for (const { datatype, data } of outputs.values()) {
    if (!isFloat(datatype)) continue
    const numbers = isHalf(datatype) ? widenHalves(datatype, data as Uint16Array) : (data as Float64Array)
    if (!numbers.every(Number.isFinite)) return false
  }
  return true
}
