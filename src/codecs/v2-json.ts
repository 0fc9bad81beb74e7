import { isAscii } from 'node:buffer'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import {
  DATATYPES,
  INTEGER_BOUNDS,
  isBigInt,
  isDatatype,
  type NumericArray,
  type NumericDatatype,
} from '../tensor/datatype.ts'
import { elementCount, type Shape } from '../tensor/shape.ts'
import { allocate, type Tensor, type Tensors } from '../tensor/tensor.ts'
import { readLongIntegers, type LongIntegers } from './long-integers.ts'

/** An inference request of the Open Inference Protocol, decoded. */
export interface V2Request {
  /** Echoed in the answer; absent and empty are the same. */
  readonly id: string | undefined
  readonly inputs: Tensors
  /** Names of the outputs asked for; empty for all. */
  readonly outputs: readonly string[]
  /** Microseconds that the caller waits, from the parameter `timeout`. */
  readonly timeoutUs: number | undefined
}

/** Longest request id that is taken, in characters. */
const MAX_ID_LENGTH = 256
/** Most inputs, and most named outputs, of one request. */
const MAX_TENSORS = 256

/** Of a body, which may begin with a byte order mark. */
const bodyDecoder = new TextDecoder('utf-8', { fatal: true })
/** Of an element, which keeps all its characters. */
const elementDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the JSON form of an inference request. Rows stay in order; 64-bit integers are exact.
 * @throws {ServingError} `invalid_argument`, naming the tensor and the element
 * @see Open Inference Protocol v2, "Inference Request JSON Object", "Tensor Data"
 */
export function decodeV2Request(body: Uint8Array): V2Request {
  const text = decodeText(body)
  const document = parseObject(text)
  const { inputs, parameters } = document
  // clients that write null for what they do not set are many
  const id = document.id ?? ''
  const outputs = document.outputs ?? []
  if (typeof id !== 'string' || id.length > MAX_ID_LENGTH || /\p{Cc}/u.test(id))
    throw bad(`"id" must be text of at most ${MAX_ID_LENGTH} characters, none of them a control character`)
  if (!Array.isArray(inputs)) throw bad('"inputs" is missing: the request needs a list of input tensors')
  if (inputs.length > MAX_TENSORS) throw bad(`${inputs.length} inputs, the most is ${MAX_TENSORS}`)
  const tensors = new Map<string, Tensor>()
  let long: LongIntegers | undefined
  for (const input of inputs) decodeTensor(input, tensors, () => (long ??= readLongIntegers(text)))
  return {
    id: id === '' ? undefined : id,
    inputs: tensors,
    outputs: outputNames(outputs),
    timeoutUs: timeoutOf(parameters),
  }
}

interface LooseRequest {
  readonly id?: unknown
  readonly inputs?: unknown
  readonly outputs?: unknown
  readonly parameters?: unknown
}

function decodeText(body: Uint8Array): string {
  // ASCII, the usual case, needs no decoder
  if (isAscii(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1')
  try {
    return bodyDecoder.decode(body)
  } catch (error) {
    throw new ServingError('invalid_argument', 'the body is no UTF-8 text', { cause: error })
  }
}

function parseObject(text: string): LooseRequest {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    const hint = /\b(NaN|-?Infinity)\b/.test(text) ? '; JSON has no NaN and no Infinity' : ''
    // without the piece of the body that V8 quotes; the token that it names may be any character
    const message = error instanceof Error ? error.message : ''
    const reason = message.replace(/, ?(\.\.\.)?".*$/s, '').replace(/[^ -~]/g, '?')
    throw new ServingError('invalid_argument', `the body is no JSON: ${reason}${hint}`, { cause: error })
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw bad('the body must be a JSON object with "inputs"')
  return document
}

function outputNames(outputs: unknown): string[] {
  if (!Array.isArray(outputs)) throw bad('"outputs" must be a list')
  if (outputs.length > MAX_TENSORS) throw bad(`${outputs.length} outputs, the most is ${MAX_TENSORS}`)
  return outputs.map((output: unknown, i) => {
    const { name, parameters } = (output ?? {}) as { name?: unknown; parameters?: { classification?: unknown } | null }
    if (typeof name !== 'string') throw bad(`"outputs"[${i}] must be an object with a "name"`)
    if (parameters?.classification !== undefined)
      throw new ServingError(
        'unsupported',
        `output ${quote(name)}: classification is not spoken here: ask for the output as it is`,
      )
    return name
  })
}

function timeoutOf(parameters: unknown): number | undefined {
  if (parameters === undefined || parameters === null) return undefined
  if (typeof parameters !== 'object' || Array.isArray(parameters)) throw bad('"parameters" must be an object')
  const timeout = (parameters as { timeout?: unknown }).timeout
  if (timeout === undefined) return undefined
  const number = typeof timeout === 'string' && /^\d{1,16}$/.test(timeout) ? Number(timeout) : timeout
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0)
    throw bad('the parameter "timeout" must be a whole number of microseconds')
  return number === 0 ? undefined : number
}

function decodeTensor(input: unknown, tensors: Map<string, Tensor>, readLong: () => LongIntegers): void {
  if (typeof input !== 'object' || input === null)
    throw bad('each of "inputs" must be an object with name, shape, datatype and data')
  const { name, shape, datatype, data } = input as {
    name?: unknown
    shape?: unknown
    datatype?: unknown
    data?: unknown
  }
  if (typeof name !== 'string' || name === '') throw bad('each of "inputs" must have a "name"')
  if (tensors.has(name)) throw bad(`input ${quote(name)} stands in the request twice`)
  if (!isDatatype(datatype))
    throw bad(`input ${quote(name)}: "datatype" is ${show(datatype)}, known are ${DATATYPES.join(', ')}`)
  if (!Array.isArray(shape)) throw bad(`input ${quote(name)}: "shape" must be a list of sizes`)
  if (data === undefined) throw bad(`input ${quote(name)}: "data" is missing`)
  if (!Array.isArray(data)) throw bad(`input ${quote(name)}: "data" must be a list`)
  if (datatype === 'FP16' || datatype === 'BF16')
    throw bad(`input ${quote(name)}: ${datatype} cannot be sent as JSON; send FP32`)
  const count = elementCount(shape as Shape, () => `input ${quote(name)}`)
  const flat = flatten(name, data, shape as Shape, count)
  const index = tensors.size
  const placesOf = ({ document }: LongIntegers): readonly unknown[] =>
    flatten(name, (document as { inputs: { data: unknown[] }[] }).inputs[index]?.data ?? [], shape as Shape, count)
  const value =
    datatype === 'BYTES'
      ? readText(name, flat)
      : isBigInt(datatype)
        ? readBigInts(name, datatype, flat, readLong, placesOf)
        : readNumbers(name, datatype, flat)
  tensors.set(name, { datatype, shape: shape as Shape, data: value } as Tensor)
}

/** Elements in order: data comes flat, or nested exactly as the shape says. */
function flatten(name: string, data: readonly unknown[], shape: Shape, count: number): readonly unknown[] {
  if (!Array.isArray(data[0]) || shape.length < 2) {
    if (data.length !== count)
      throw bad(`input ${quote(name)}: shape [${shape.join(',')}] holds ${count} elements, "data" has ${data.length}`)
    return data
  }
  const flat: unknown[] = []
  append(data, 0)
  return flat

  // as deep as the shape is long, eight at most
  function append(level: readonly unknown[], axis: number): void {
    if (level.length !== shape[axis])
      throw bad(
        `input ${quote(name)}: "data" has ${level.length} entries where shape [${shape.join(',')}] has ${shape[axis]} (dimension ${axis})`,
      )
    for (const item of level) {
      if (axis === shape.length - 1) flat.push(item)
      else if (Array.isArray(item)) append(item, axis + 1)
      else throw bad(`input ${quote(name)}: "data" is nested less deeply than shape [${shape.join(',')}]`)
    }
  }
}

function readText(name: string, flat: readonly unknown[]): Uint8Array[] {
  return flat.map((item, i) => {
    if (typeof item !== 'string') throw badElement(name, i, item, 'BYTES takes text')
    if (!item.isWellFormed()) throw badElement(name, i, item, 'it holds half a surrogate pair, which UTF-8 has not')
    return Buffer.from(item, 'utf8')
  })
}

function readNumbers(
  name: string,
  datatype: Exclude<NumericDatatype, 'INT64' | 'UINT64'>,
  flat: readonly unknown[],
): NumericArray {
  const target = allocate(datatype, flat.length) as Float64Array
  if (datatype === 'BOOL') {
    for (let i = 0; i < flat.length; i++) {
      const item = flat[i]
      if (item !== true && item !== false && item !== 0 && item !== 1)
        throw badElement(name, i, item, 'BOOL takes true and false')
      target[i] = Number(item)
    }
    return target
  }
  const bounds = INTEGER_BOUNDS[datatype]
  for (let i = 0; i < flat.length; i++) {
    const item = flat[i]
    if (typeof item !== 'number') throw badElement(name, i, item, `${datatype} takes numbers`)
    if (bounds !== undefined && (!Number.isInteger(item) || item < bounds[0] || item > bounds[1]))
      throw badElement(name, i, item, `${datatype} takes whole numbers from ${bounds[0]} to ${bounds[1]}`)
    target[i] = item
    // JSON.parse reads 1e400 as Infinity, and FP32 holds nothing above 3.4e38
    if (bounds === undefined && !Number.isFinite(target[i]))
      throw badElement(name, i, item, `it is too large for ${datatype}`)
  }
  return target
}

/**
 * @param readLong the whole body, with the digits of its long integers
 * @param placesOf this input's elements of that reading: a rounded one's is its place among the long integers
 */
function readBigInts(
  name: string,
  datatype: 'INT64' | 'UINT64',
  flat: readonly unknown[],
  readLong: () => LongIntegers,
  placesOf: (long: LongIntegers) => readonly unknown[],
): NumericArray {
  const target = allocate(datatype, flat.length)
  const [low, high] = datatype === 'INT64' ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n]
  let places: readonly unknown[] | undefined
  for (let i = 0; i < flat.length; i++) {
    const item = flat[i]
    let value: bigint | undefined
    if (Number.isSafeInteger(item)) value = BigInt(item as number)
    else if (Number.isInteger(item)) {
      places ??= placesOf(readLong())
      // a number too large for a place was written with a point, an exponent or too many digits
      value = readLong().integers[places[i] as number]
    }
    if (value === undefined || value < low || value > high)
      throw badElement(name, i, value ?? item, `${datatype} takes whole numbers from ${low} to ${high}`)
    target[i] = value
  }
  return target
}

/** What stands in an answer besides its tensors. */
export interface V2ResponseHead {
  readonly modelName: string
  readonly modelVersion: string
  readonly id: string | undefined
}

/**
 * Writes an answer as JSON text; data flat and row-major, floats in the shortest form that reads back the same.
 * @throws {ServingError} `unsupported` when a value has no JSON form: NaN, infinities, half floats, bytes that are no text
 * @see Open Inference Protocol v2, "Inference Response JSON Object"
 */
export function encodeV2Response({ modelName, modelVersion, id }: V2ResponseHead, outputs: Tensors): string {
  let text = `{"model_name":${JSON.stringify(modelName)},"model_version":${JSON.stringify(modelVersion)}`
  if (id !== undefined) text += `,"id":${JSON.stringify(id)}`
  text += ',"outputs":['
  let separator = ''
  for (const [name, value] of outputs) {
    text += `${separator}{"name":${JSON.stringify(name)},"datatype":"${value.datatype}","shape":[${value.shape.join(',')}],"data":[${encodeData(name, value)}]}`
    separator = ','
  }
  return `${text}]}`
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
      throw new ServingError('unsupported', `output ${quote(name)} is ${value.datatype}, which has no JSON form`)
    default:
      return value.data.join(',')
  }
}

function encodeFloats(name: string, data: Float32Array | Float64Array): string {
  let text = ''
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0
    // infinities and NaN are the only values whose difference from themselves is not 0
    if (value - value !== 0)
      throw new ServingError('unsupported', `output ${quote(name)} is ${value} at element ${i}, which has no JSON form`)
    if (i > 0) text += ','
    text += value === 0 && 1 / value < 0 ? '-0' : value
  }
  return text
}

function encodeText(name: string, bytes: Uint8Array, index: number): string {
  try {
    return JSON.stringify(elementDecoder.decode(bytes))
  } catch (error) {
    throw new ServingError(
      'unsupported',
      `output ${quote(name)}: element ${index} is no UTF-8 text, and has no JSON form`,
      { cause: error },
    )
  }
}

function bad(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}

function badElement(name: string, index: number, item: unknown, why: string): ServingError {
  return new ServingError('invalid_argument', `input ${quote(name)}: element ${index} is ${show(item)}; ${why}`, {
    details: { input: name, element: index },
  })
}

/** A piece of the request for a message; lists and objects, which may be deep or long, by their kind only. */
function show(item: unknown): string {
  if (typeof item === 'string') return quote(item)
  if (item === undefined) return 'nothing'
  if (typeof item === 'number' || typeof item === 'bigint') return String(item)
  if (Array.isArray(item)) return 'a list'
  return typeof item === 'object' && item !== null ? 'an object' : JSON.stringify(item)
}
