import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import { printFloats } from './float-text.ts'

/** Keeps all the characters of an element, a byte order mark too. */
const elementDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What stands in an answer besides its tensors. */
export interface V2ResponseHead {
  readonly modelName: string
  readonly modelVersion: string
  readonly id: string | undefined
}

/**
 * Writes an answer as JSON text; data flat and row-major, floats in the shortest form that reads
 * back as the same value of their datatype.
 * @throws {ServingError} `unsupported` when a value has no JSON form: NaN, infinities, half floats, bytes that are no text
 * @see Open Inference Protocol v2, "Inference Response JSON Object"
 */
export function encodeV2Response(head: V2ResponseHead, outputs: Tensors): string {
  let text = headText(head)
  let separator = ''
  for (const [name, value] of outputs) {
    text += `${separator}${outputText(name, value)},"data":[${encodeData(name, value)}]}`
    separator = ','
  }
  return `${text}]}`
}

/** An answer up to its first output. */
export function headText({ modelName, modelVersion, id }: V2ResponseHead): string {
  const named = `{"model_name":${JSON.stringify(modelName)},"model_version":${JSON.stringify(modelVersion)}`
  return id === undefined ? `${named},"outputs":[` : `${named},"id":${JSON.stringify(id)},"outputs":[`
}

/** An output up to what it holds. */
export function outputText(name: string, { datatype, shape }: Tensor): string {
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}]`
}

/** The elements of a tensor as JSON, joined by commas. */
export function encodeData(name: string, value: Tensor): string {
  switch (value.datatype) {
    case 'FP32':
    case 'FP64':
      return encodeFloats(name, value.data)
    case 'BOOL':
      return Array.from(value.data, (bit) => (bit === 0 ? 'false' : 'true')).join(',')
    case 'BYTES':
      return value.data.map((bytes, i) => encodeText(name, bytes, i)).join(',')
    case 'FP16':
    case 'BF16':
      throw noJson(name, `is ${value.datatype}, which has no JSON form`)
    default:
      return value.data.join(',')
  }
}

function encodeFloats(name: string, data: Float32Array | Float64Array): string {
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0
    // infinities and NaN are the only values whose difference from themselves is not 0
    if (value - value !== 0) throw noJson(name, `is ${value} at element ${i}, which has no JSON form`)
  }
  if (data instanceof Float32Array) return printFloats(data)
  let text = ''
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0
    if (i > 0) text += ','
    text += value === 0 && 1 / value < 0 ? '-0' : value
  }
  return text
}

function encodeText(name: string, bytes: Uint8Array, index: number): string {
  try {
    return JSON.stringify(elementDecoder.decode(bytes))
  } catch (error) {
    throw noJson(name, `has no UTF-8 text at element ${index}, which has no JSON form`, error)
  }
}

function noJson(name: string, why: string, cause?: unknown): ServingError {
  const message = `output ${quote(name)} ${why}; ask for it as binary data, with its parameter "binary_data"`
  return new ServingError('unsupported', message, { cause, details: { reason: 'accept', output: name } })
}
