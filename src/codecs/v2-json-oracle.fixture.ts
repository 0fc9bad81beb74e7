import { DATATYPES } from '../tensor/datatype.ts'
import { elementCount } from '../tensor/shape.ts'

/** What a request says, in a form that can be compared: elements as the bits of their datatype, in hexadecimal. */
export interface Said {
  readonly id: string | undefined
  readonly inputs: Record<string, { datatype: string; shape: readonly number[]; bits: string | string[] }>
  readonly outputs: readonly string[]
  readonly forms: Record<string, { classification: number; isBinary: boolean | undefined }>
  readonly isBinary: boolean
  readonly timeoutUs: number | undefined
  readonly priority: number | undefined
}

/** A number as it stood in the text. */
class Digits {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }
  get value(): number {
    return Number(this.source)
  }
}

/**
 * Reads an inference request by another road than ours: `JSON.parse`, then the rules one by one.
 * @throws whatever comes up where the request is to be refused
 */
export function readByOracle(body: Uint8Array): Said {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  let members = 0
  function keepDigits(this: unknown, key: string, value: unknown, context?: { source: string }): unknown {
    if (!Array.isArray(this)) members++
    must(key.isWellFormed() && (typeof value !== 'string' || value.isWellFormed()))
    return typeof value === 'number' ? new Digits(context?.source ?? '') : value
  }
  const document = objectOf(JSON.parse(text, keepDigits))
  // of a key that stands twice JSON.parse keeps one; the document itself is a member of a holder
  must(text.replace(/"(?:[^"\\]|\\.)*"/gs, '').split(':').length === members)
  const id = document.get('id') ?? ''
  must(typeof id === 'string' && id.length <= 256 && !/\p{Cc}/u.test(id))
  const inputs: Said['inputs'] = Object.create(null) as Said['inputs']
  for (const item of listOf(document.get('inputs'))) {
    const input = objectOf(item)
    const name = input.get('name')
    must(typeof name === 'string' && name !== '' && !(name in inputs))
    const shape = listOf(input.get('shape')).map((size) => numberOf(size))
    const datatype = String(input.get('datatype'))
    must(typeof input.get('datatype') === 'string')
    const count = elementCount(shape)
    const parameters = isObject(input.get('parameters'))
      ? objectOf(input.get('parameters'))
      : new Map<string, unknown>()
    must(![...parameters.keys()].some((key) => SHARED.test(key)))
    if (parameters.has('binary_data_size')) {
      // nothing stands behind these bodies
      must(wholeOf(parameters.get('binary_data_size')) === 0 && count === 0 && !input.has('data'))
      must(DATATYPES.some((known) => known === datatype))
      inputs[name as string] = { datatype, shape, bits: datatype === 'BYTES' ? [] : '' }
      continue
    }
    const data = listOf(input.get('data'))
    const elements = Array.isArray(data[0]) && shape.length > 1 ? unfold(data, shape) : data
    must(elements.length === count)
    inputs[name as string] = { datatype, shape, bits: bitsOf(datatype, elements) }
  }
  const forms: Said['forms'] = Object.create(null) as Said['forms']
  const outputs = listOf(document.get('outputs') ?? []).map((item) => {
    const output = objectOf(item)
    const name = output.get('name')
    must(typeof name === 'string')
    const given = isObject(output.get('parameters')) ? objectOf(output.get('parameters')) : new Map<string, unknown>()
    for (const [key, value] of given) if (value === null) given.delete(key)
    must(![...given.keys()].some((key) => SHARED.test(key)))
    const classes = given.get('classification')
    const isBinary = given.get('binary_data')
    must(classes === undefined || wholeOf(classes) >= 1)
    must(isBinary === undefined || typeof isBinary === 'boolean')
    if (classes !== undefined || isBinary !== undefined)
      forms[name as string] = { classification: wholeOf(classes), isBinary: isBinary as boolean | undefined }
    return String(name)
  })
  const parameters = objectOf(document.get('parameters') ?? {})
  const priority = wholeOf(parameters.get('priority'))
  const isBinary = parameters.get('binary_data_output') ?? parameters.has('binary_data_output')
  must(typeof isBinary === 'boolean' && parameters.get('binary_data_output') !== null)
  const sequence = parameters.get('sequence_id') ?? ''
  must(sequence === '' || numberOf(sequence) === 0)
  return {
    id: id === '' ? undefined : (id as string),
    inputs,
    outputs,
    forms,
    isBinary: isBinary as boolean,
    timeoutUs: wholeOf(parameters.get('timeout')) || undefined,
    priority: Math.min(priority, 3) || undefined,
  }
}

const SHARED = /^shared_memory_(?:region|offset|byte_size)$/

function must(holds: boolean): void {
  if (!holds) throw new Error('refused')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits)
}

function objectOf(value: unknown): Map<string, unknown> {
  if (!isObject(value)) throw new Error('no object')
  return new Map(Object.entries(value))
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('no list')
  return value
}

function numberOf(value: unknown): number {
  if (!(value instanceof Digits)) throw new Error('no number')
  return value.value
}

function wholeOf(value: unknown): number {
  if (value === undefined) return 0
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : numberOf(value)
  must(Number.isSafeInteger(number) && number >= 0)
  return number
}

function unfold(data: readonly unknown[], shape: readonly number[]): readonly unknown[] {
  const [size, ...rest] = shape
  must(data.length === size)
  return rest.length === 0 ? data : data.flatMap((item) => unfold(listOf(item), rest))
}

const LONG = { INT64: [-(2n ** 63n), 2n ** 63n - 1n], UINT64: [0n, 2n ** 64n - 1n] } as const
const ARRAYS = { Uint8Array, Uint16Array, Uint32Array, Int8Array, Int16Array, Int32Array }

function bitsOf(datatype: string, elements: readonly unknown[]): string | string[] {
  if (datatype === 'BYTES')
    return elements.map((element) => {
      if (element === null) return ''
      must(typeof element === 'string' && element.isWellFormed())
      return Buffer.from(element as string).toString('hex')
    })
  const hexadecimal = (array: ArrayBufferView): string =>
    Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex')
  if (datatype === 'BOOL')
    return hexadecimal(Uint8Array.from(elements, (element) => (typeof element === 'boolean' ? +element : bit(element))))
  if (datatype === 'FP32' || datatype === 'FP64') {
    const numbers = elements.map((element) => (element === null ? Number.NaN : numberOf(element)))
    const array = datatype === 'FP32' ? Float32Array.from(numbers) : Float64Array.from(numbers)
    must(array.every((element: number, i) => Number.isFinite(element) || elements[i] === null))
    return hexadecimal(array)
  }
  if (datatype === 'INT64' || datatype === 'UINT64') {
    const [least, most] = LONG[datatype]
    const whole = elements.map((element) => {
      const value = Number.isSafeInteger(numberOf(element)) ? BigInt(numberOf(element)) : longOf(element as Digits)
      must(value >= least && value <= most)
      return value
    })
    return hexadecimal(datatype === 'INT64' ? BigInt64Array.from(whole) : BigUint64Array.from(whole))
  }
  const [, sign, size] = /^(U?)INT(8|16|32)$/.exec(datatype) ?? []
  const array = ARRAYS[`${sign === 'U' ? 'Uint' : 'Int'}${size}Array` as keyof typeof ARRAYS].from(
    elements.map((element) => numberOf(element)),
  )
  must(elements.every((element, i) => array[i] === numberOf(element)))
  return hexadecimal(array)
}

function bit(element: unknown): number {
  const value = numberOf(element)
  must(value === 0 || value === 1)
  return value
}

function longOf({ source }: Digits): bigint {
  must(/^-?\d{16,40}$/.test(source))
  return BigInt(source)
}
