import { isUtf8 } from 'node:buffer'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { TensorSpec } from '../tensor/signature.ts'
import type { BytesTensor, NumericTensor, Tensor, Tensors } from '../tensor/tensor.ts'

/**
 * The outputs of a model as rows of text. Numbers are printed as the shortest decimal that reads back as the same
 * double, -0 with its sign, 64-bit integers with all digits; FP16, BF16 and FP32 are widened first, so that text and
 * binary answers hold equal values.
 * NaN and the infinities are `NaN`, `inf` and `-inf` in CSV (an empty field would make an empty line of a single
 * column); JSON has no word for them, and they are refused there.
 */
export interface RowPrinter {
  readonly rows: number
  /** Names of the CSV's fields. */
  readonly columns: readonly string[]
  /** Those names as a line of CSV, without a line break. */
  readonly header: string
  /** One row's fields, without a line break. */
  csv(row: number): string
  /** One row as a JSON object by output name; an output of one element a row is the bare value. */
  json(row: number): string
  /** The members of that object, without its braces. */
  jsonMembers(row: number): string
}

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
}

const AS_TEXT: PrintRule = { bytes: 'text', instead: 'ask for text/csv' }

/**
 * @param outputs each with rows as its first dimension
 * @param specs of the signature, for the names of columns
 * @throws {ServingError} `unsupported` for an output that does not come in rows; while printing: `unsupported` with
 *   `details.reason` `accept` for a value that the format cannot hold
 */
export function createRowPrinter(
  outputs: Tensors,
  specs: readonly TensorSpec[],
  rows: number,
  rule: PrintRule = AS_TEXT,
): RowPrinter {
  const printed = createOutputPrinters(outputs, specs, rows, rule)
  function jsonMembers(row: number): string {
    let text = ''
    for (const output of printed) {
      if (text !== '') text += ','
      text += output.key + (output.width === 1 ? output.element.json(row) : output.row(row))
    }
    return text
  }
  return {
    rows,
    // names are wanted once a file, if at all, and a wide output has many
    get columns() {
      return printed.flatMap((output) => output.columns)
    },
    get header() {
      return this.columns.map((name) => csvField(name)).join(',')
    },
    csv(row) {
      let text = ''
      let isFirst = true
      for (const { width, element } of printed)
        for (let i = row * width; i < (row + 1) * width; i++) {
          if (isFirst) isFirst = false
          else text += ','
          text += element.csv(i)
        }
      return text
    },
    json: (row) => `{${jsonMembers(row)}}`,
    jsonMembers,
  }
}

/** Prints one output of a model. */
export interface OutputPrinter {
  /** Its name as the key of a JSON object, with the colon. */
  readonly key: string
  /** Elements of one row. */
  readonly width: number
  /** Names of its CSV fields. */
  readonly columns: readonly string[]
  readonly element: ElementPrinter
  /** One row as JSON, nested as the row's shape is. */
  row(row: number): string
  /** All of it as JSON, nested as its shape is. */
  whole(): string
}

/**
 * @param rows that each output must have as its first dimension; undefined where outputs may have any shape
 * @throws {ServingError} as `createRowPrinter`
 */
export function createOutputPrinters(
  outputs: Tensors,
  specs: readonly TensorSpec[],
  rows: number | undefined,
  rule: PrintRule,
): readonly OutputPrinter[] {
  return [...outputs].map(([name, tensor]) => {
    const { shape } = tensor
    if (rows !== undefined && shape[0] !== rows)
      throw new ServingError(
        'unsupported',
        `output ${quote(name)} has the shape [${shape.join(',')}] for ${rows} rows, so it cannot be given row by row; ask by the Open Inference Protocol`,
        { details: { output: name } },
      )
    const rowShape = shape.slice(1)
    const width = rowShape.reduce((product, size) => product * size, 1)
    const spec = specs.find((each) => each.name === name)
    const element = elementPrinter(name, tensor, width, rule)
    return {
      key: `${JSON.stringify(name)}:`,
      width,
      get columns() {
        return outputColumns(name, spec, width)
      },
      element,
      row: (row) => nested(rowShape, 0, row * width, width, element.json),
      whole: () => nested(shape, 0, 0, tensor.data.length, element.json),
    }
  })
}

/**
 * Names of an output's CSV fields: its own where it has one element a row, else with the column's name or number behind.
 * @param width elements of one row
 */
export function outputColumns(name: string, spec: TensorSpec | undefined, width: number): readonly string[] {
  if (width === 1) return [name]
  const known = spec?.columns?.length === width ? spec.columns : undefined
  return Array.from({ length: width }, (_, offset) => `${name}_${known?.[offset] ?? offset}`)
}

/** A CSV field for any text, quoted where it must be. */
export function csvField(text: string): string {
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Prints single elements, by their place in the tensor. */
export interface ElementPrinter {
  readonly csv: (index: number) => string
  readonly json: (index: number) => string
}

function elementPrinter(name: string, tensor: Tensor, width: number, rule: PrintRule): ElementPrinter {
  if (tensor.datatype === 'BYTES') return textPrinter(name, tensor, width, rule)
  if (tensor.datatype === 'BOOL') {
    const { data } = tensor
    const print = (index: number): string => (data[index] === 0 ? 'false' : 'true')
    return { csv: print, json: print }
  }
  if (tensor.datatype === 'INT64' || tensor.datatype === 'UINT64') {
    const { data } = tensor
    const print = (index: number): string => String(data[index])
    return { csv: print, json: print }
  }
  const numbers = widen(tensor)
  return {
    csv(index) {
      const value = numbers[index] as number
      return Number.isFinite(value) ? numberText(value) : wordFor(value)
    },
    json(index) {
      const value = numbers[index] as number
      if (Number.isFinite(value)) return numberText(value)
      throw cannotHold(
        name,
        Math.floor(index / width),
        `is ${wordFor(value)}, and JSON has no such number; ${rule.instead}`,
      )
    },
  }
}

function textPrinter(name: string, tensor: BytesTensor, width: number, { bytes }: PrintRule): ElementPrinter {
  const isNamedBytes = bytes === 'b64-by-name' && name.endsWith('_bytes')
  function bufferAt(index: number): Buffer {
    const element = tensor.data[index] as Uint8Array
    return Buffer.from(element.buffer, element.byteOffset, element.byteLength)
  }
  function textAt(index: number): string {
    const buffer = bufferAt(index)
    if (isUtf8(buffer)) return buffer.toString()
    throw cannotHold(name, Math.floor(index / width), 'is not UTF-8 text; ask by the Open Inference Protocol')
  }
  return {
    csv: (index) => csvField(textAt(index)),
    json(index) {
      if (bytes === 'text') return JSON.stringify(textAt(index))
      const buffer = bufferAt(index)
      const isText = !isNamedBytes && isUtf8(buffer)
      return isText ? JSON.stringify(buffer.toString()) : `{"b64":"${buffer.toString('base64')}"}`
    },
  }
}

function cannotHold(output: string, row: number, what: string): ServingError {
  return new ServingError('unsupported', `output ${quote(output)} of row ${row + 1} ${what}`, {
    details: { reason: 'accept', output, row: row + 1 },
  })
}

function widen(tensor: NumericTensor): ArrayLike<number> {
  const data = tensor.data as Uint16Array
  if (tensor.datatype === 'FP16') return new Float16Array(data.buffer, data.byteOffset, data.length)
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

function nested(
  shape: readonly number[],
  axis: number,
  from: number,
  count: number,
  print: (index: number) => string,
): string {
  const size = shape[axis]
  if (size === undefined) return print(from)
  const step = size === 0 ? 0 : count / size
  let text = ''
  for (let i = 0; i < size; i++) text += (i === 0 ? '' : ',') + nested(shape, axis + 1, from + i * step, step, print)
  return `[${text}]`
}
