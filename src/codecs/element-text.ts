import { isUtf8 } from 'node:buffer'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { BytesTensor, NumericTensor, Tensor } from '../tensor/tensor.ts'
import { floatText } from './float-text.ts'
import type { TellMissing } from './missing-values.ts'

/**
 * How BYTES are printed in JSON: as text, and refused where they are no UTF-8; `b64`: those as `{"b64": "…"}` instead;
 * `b64-by-name`: so are all elements of an output whose name ends in `_bytes`.
 * @see TensorFlow Serving, "RESTful API", "Encoding binary values"
 */
export type BytesRule = 'text' | 'b64' | 'b64-by-name'

export interface PrintRule {
  readonly bytes: BytesRule
  /** What to do where JSON cannot hold a value, for the error: `ask for text/csv`. */
  readonly instead: string
  /** What a row that is answered with NaN lacked. */
  readonly tellMissing?: TellMissing | undefined
}

/** Prints single elements, by their place in the tensor. */
export interface ElementPrinter {
  csv(index: number): string
  json(index: number): string
}

/**
 * @param name of the output, for errors
 * @param width elements of one row
 * @throws {ServingError} while printing: `unsupported` with `details.reason` `accept` for a value that the format cannot
 *   hold
 */
export function elementPrinter(name: string, tensor: Tensor, width: number, rule: PrintRule): ElementPrinter {
  if (tensor.datatype === 'BYTES') return new TextPrinter(name, tensor, width, rule)
  if (tensor.datatype === 'BOOL') return new BoolPrinter(tensor.data)
  if (tensor.datatype === 'INT64' || tensor.datatype === 'UINT64') return new BigIntPrinter(tensor.data)
  return new NumberPrinter(name, widen(tensor), width, rule)
}

class BoolPrinter implements ElementPrinter {
  readonly #data: ArrayLike<number>

  constructor(data: ArrayLike<number>) {
    this.#data = data
  }

  csv(index: number): string {
    return this.#data[index] === 0 ? 'false' : 'true'
  }

  json(index: number): string {
    return this.csv(index)
  }
}

class BigIntPrinter implements ElementPrinter {
  readonly #data: ArrayLike<bigint>

  constructor(data: ArrayLike<bigint>) {
    this.#data = data
  }

  csv(index: number): string {
    return String(this.#data[index])
  }

  json(index: number): string {
    return String(this.#data[index])
  }
}

class NumberPrinter implements ElementPrinter {
  readonly #name: string
  readonly #numbers: ArrayLike<number>
  readonly #width: number
  readonly #rule: PrintRule
  readonly #print: (value: number) => string

  constructor(name: string, numbers: ArrayLike<number>, width: number, rule: PrintRule) {
    this.#name = name
    this.#numbers = numbers
    this.#width = width
    this.#rule = rule
    this.#print = numbers instanceof Float32Array ? floatText : numberText
  }

  csv(index: number): string {
    const value = this.#numbers[index] as number
    return Number.isFinite(value) ? this.#print(value) : wordFor(value)
  }

  json(index: number): string {
    const value = this.#numbers[index] as number
    if (Number.isFinite(value)) return this.#print(value)
    const row = Math.floor(index / this.#width)
    const lack = Number.isNaN(value) ? this.#rule.tellMissing?.(row) : undefined
    const why = lack === undefined ? '' : ` (${lack})`
    const what = `is ${wordFor(value)}${why}, and JSON has no such number; ${this.#rule.instead}`
    throw cannotHold(this.#name, row, what)
  }
}

class TextPrinter implements ElementPrinter {
  readonly #name: string
  readonly #data: BytesTensor['data']
  readonly #width: number
  readonly #bytes: BytesRule
  readonly #isNamedBytes: boolean

  constructor(name: string, { data }: BytesTensor, width: number, { bytes }: PrintRule) {
    this.#name = name
    this.#data = data
    this.#width = width
    this.#bytes = bytes
    this.#isNamedBytes = bytes === 'b64-by-name' && name.endsWith('_bytes')
  }

  csv(index: number): string {
    return csvField(this.#textAt(index))
  }

  json(index: number): string {
    if (this.#bytes === 'text') return JSON.stringify(this.#textAt(index))
    const buffer = this.#bufferAt(index)
    const isText = !this.#isNamedBytes && isUtf8(buffer)
    return isText ? JSON.stringify(buffer.toString()) : `{"b64":"${buffer.toString('base64')}"}`
  }

  #textAt(index: number): string {
    const buffer = this.#bufferAt(index)
    if (isUtf8(buffer)) return buffer.toString()
    const row = Math.floor(index / this.#width)
    throw cannotHold(this.#name, row, 'is not UTF-8 text; ask by the Open Inference Protocol')
  }

  #bufferAt(index: number): Buffer {
    const { buffer, byteOffset, byteLength } = this.#data[index] as Uint8Array
    return Buffer.from(buffer, byteOffset, byteLength)
  }
}

function cannotHold(output: string, row: number, what: string): ServingError {
  return new ServingError('unsupported', `output ${quote(output)} of row ${row + 1} ${what}`, {
    details: { reason: 'accept', output, row: row + 1 },
  })
}

function widen(tensor: NumericTensor): ArrayLike<number> {
  const data = tensor.data as Uint16Array
  if (tensor.datatype === 'FP16') return new Float32Array(new Float16Array(data.buffer, data.byteOffset, data.length))
  if (tensor.datatype !== 'BF16') return data
  const bits = Uint32Array.from(data, (half) => half << 16)
  return new Float32Array(bits.buffer)
}

function numberText(value: number): string {
  return value === 0 && Object.is(value, -0) ? '-0' : String(value)
}

function wordFor(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'inf' : '-inf'
}

/** A CSV field for any text, quoted where it must be. */
export function csvField(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
