import { isHalf, widenHalves } from '../tensor/half.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import { encodeData } from './v2-json-answer.ts'

/**
 * The body of an inference request with these tensors, in their order.
 * @see Open Inference Protocol v2, "Inference Request JSON Object"
 */
export function encodeV2Request(tensors: Tensors): string {
  const inputs = [...tensors].map(([name, given]) => {
    const { datatype, shape } = inV2Json(given)
    return `{"name":${JSON.stringify(name)},"shape":[${shape.join(',')}],"datatype":"${datatype}","data":[${encodeV2Data(name, given)}]}`
  })
  return `{"inputs":[${inputs.join(',')}]}`
}

/** A tensor's elements as they stand in a request, without the brackets around them. */
export function encodeV2Data(name: string, value: Tensor): string {
  return encodeData(name, inV2Json(value))
}

/** Half floats, for which the protocol has no JSON, as FP32, which a model that takes them takes too. */
function inV2Json(value: Tensor): Tensor {
  if (!isHalf(value.datatype)) return value
  return { datatype: 'FP32', shape: value.shape, data: widenHalves(value.datatype, value.data as Uint16Array) }
}
