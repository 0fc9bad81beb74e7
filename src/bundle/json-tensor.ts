import { ServingError } from '../core/errors.ts'
import { isBigInt, type Datatype, type NumericDatatype } from '../tensor/datatype.ts'
import { elementCount } from '../tensor/shape.ts'
import { allocate, type Tensor } from '../tensor/tensor.ts'

/**
 * A tensor in a manifest, exact in plain JSON: 64-bit integers as decimal text, NaN and infinities as `"NaN"`,
 * `"Infinity"`, `"-Infinity"`, FP16 and BF16 as their bits, byte strings as base64.
 */
export interface JsonTensor {
  readonly datatype: Datatype
  readonly shape: readonly number[]
  readonly data: readonly (number | string)[]
}

export function toJsonTensor(source: Tensor): JsonTensor {
  const data: (number | string)[] = []
  if (source.datatype === 'BYTES') for (const element of source.data) data.push(Buffer.from(element).toString('base64'))
  else
    for (const value of source.data)
      data.push(typeof value === 'bigint' || !Number.isFinite(value) ? String(value) : value)
  // JSON has no -0
  for (let i = 0; i < data.length; i++) if (Object.is(data[i], -0)) data[i] = '-0'
  return { datatype: source.datatype, shape: [...source.shape], data }
}

/** @throws {ServingError} `refused` when shape, datatype and data disagree */
export function fromJsonTensor(json: JsonTensor, where: string): Tensor {
  const count = countOf(json.shape, where)
  if (count !== json.data.length)
    throw new ServingError(
      'refused',
      `${where}: shape [${json.shape.join(',')}] holds ${count} elements, ${json.data.length} are written`,
    )
  if (json.datatype === 'BYTES')
    return { datatype: 'BYTES', shape: json.shape, data: json.data.map((text) => toBytes(text, where)) }
  const datatype: NumericDatatype = json.datatype
  const data = allocate(datatype, count)
  for (let i = 0; i < count; i++) {
    const value = json.data[i]
    const number = isBigInt(datatype) ? toBigInt(value, where) : toNumber(value, where)
    data[i] = number
    const isWhole = datatype !== 'FP32' && datatype !== 'FP64'
    if (isWhole && (data[i] !== number || (datatype === 'BOOL' && number > 1)))
      throw new ServingError('refused', `${where}: element ${i} (${number}) does not fit ${datatype}`)
  }
  return { datatype, shape: json.shape, data } as Tensor
}

function countOf(shape: readonly number[], where: string): number {
  try {
    return elementCount(shape, where)
  } catch (error) {
    throw new ServingError('refused', ServingError.from(error).message, { cause: error })
  }
}

function toBytes(value: unknown, where: string): Uint8Array {
  const bytes = Buffer.from(String(value), 'base64')
  if (typeof value === 'string' && bytes.toString('base64') === value) return bytes
  throw new ServingError('refused', `${where}: an element is no base64 text`)
}

function toBigInt(value: unknown, where: string): bigint {
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  throw new ServingError('refused', `${where}: an element is no whole number`)
}

function toNumber(value: unknown, where: string): number {
  if (typeof value === 'number') return value
  if (value === '-0' || value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  throw new ServingError('refused', `${where}: an element is no number`)
}
