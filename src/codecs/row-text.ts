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
  /** One row's fields, without a line break. */
  csv(row: number): string
  /** One row as a JSON object by output name; an output of one element a row is the bare value. */
  json(row: number): string
  /** The members of that object, without its braces. */
  jsonMembers(row: number): string
}

/**
 * @param outputs each with rows as its first dimension
 * @param specs of the signature, for the names of columns
 * @throws {ServingError} `unsupported` for an output that does not come in rows; while printing: `unsupported` with
 *   `details.reason` `accept` for a value that the format cannot hold
 */
export function createRowPrinter(outputs: Tensors, specs: readonly TensorSpec[], rows: number): RowPrinter {
  const printed = [...outputs].map(([name, tensor]) => {
    if (tensor.shape[0] !== rows)
      throw new ServingError(
        'unsupported',
        `output ${quote(name)} has the shape [${tensor.shape.join(',')}] for ${rows} rows, so it cannot be given row by row; ask by the Open Inference Protocol`,
        { details: { output: name } },
      )
    const rowShape = tensor.shape.slice(1)
    const width = rowShape.reduce((product, size) => product * size, 1)
    const spec = specs.find((each) => each.name === name)
    const key = `${JSON.stringify(name)}:`
    return {
      name,
      key,
      rowShape,
      width,
      columns: outputColumns(name, spec, width),
      element: elementPrinter(name, tensor, width),
    }
  })
  function jsonMembers(row: number): string {
    let text = ''
    for (const { key, rowShape, width, element } of printed) {
      if (text !== '') text += ','
      text += key + (width === 1 ? element.json(row) : nested(rowShape, 0, row * width, width, element.json))
    }
    return text
  }
  return {
    rows,
    columns: printed.flatMap(({ columns }) => columns),
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

interface ElementPrinter {
  readonly csv: (index: number) => string
  readonly json: (index: number) => string
}

function elementPrinter(name: string, tensor: Tensor, width: number): ElementPrinter {
  if (tensor.datatype === 'BYTES') return textPrinter(name, tensor, width)
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
        `is ${wordFor(value)}, and JSON has no such number; ask for text/csv`,
      )
    },
  }
}

function textPrinter(name: string, tensor: BytesTensor, width: number): ElementPrinter {
  function textAt(index: number): string {
    const bytes = tensor.data[index] as Uint8Array
    if (isUtf8(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
    throw cannotHold(name, Math.floor(index / width), 'is not UTF-8 text; ask by the Open Inference Protocol')
  }
  return { csv: (index) => csvField(textAt(index)), json: (index) => JSON.stringify(textAt(index)) }
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
