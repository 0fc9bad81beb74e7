import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { TensorSpec } from '../tensor/signature.ts'
import type { Tensor, Tensors } from '../tensor/tensor.ts'
import { csvField, elementPrinter, type ElementPrinter, type PrintRule } from './element-text.ts'

/**
 * The outputs of a model as rows of text. FP64 is printed as the shortest decimal that reads back as the same double,
 * FP32 as the shortest that reads back as the same FP32, halves as the FP32 that they are: every protocol answers the
 * same digits. -0 has its sign, 64-bit integers all their digits.
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
  return new TensorRows(createOutputPrinters(outputs, specs, rows, rule), rows)
}

/** A class, as all printers here: objects with getters or functions of their own would keep each answer for long. */
class TensorRows implements RowPrinter {
  readonly #printed: readonly OutputPrinter[]
  readonly rows: number

  constructor(printed: readonly OutputPrinter[], rows: number) {
    this.#printed = printed
    this.rows = rows
  }

  // names are wanted once a file, if at all, and a wide output has many
  get columns(): readonly string[] {
    return this.#printed.flatMap((output) => output.columns)
  }

  get header(): string {
    return this.columns.map((name) => csvField(name)).join(',')
  }

  csv(row: number): string {
    let text = ''
    let isFirst = true
    for (const { width, element } of this.#printed)
      for (let i = row * width; i < (row + 1) * width; i++) {
        if (isFirst) isFirst = false
        else text += ','
        text += element.csv(i)
      }
    return text
  }

  json(row: number): string {
    return `{${this.jsonMembers(row)}}`
  }

  jsonMembers(row: number): string {
    let text = ''
    for (const output of this.#printed) {
      if (text !== '') text += ','
      text += output.key + (output.width === 1 ? output.element.json(row) : output.row(row))
    }
    return text
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
    return new TensorPrinter(name, tensor, specs, rule)
  })
}

class TensorPrinter implements OutputPrinter {
  readonly #name: string
  readonly #tensor: Tensor
  readonly #specs: readonly TensorSpec[]
  readonly key: string
  readonly width: number
  readonly element: ElementPrinter

  constructor(name: string, tensor: Tensor, specs: readonly TensorSpec[], rule: PrintRule) {
    const { shape } = tensor
    let width = 1
    for (let axis = 1; axis < shape.length; axis++) width *= shape[axis] ?? 1
    this.#name = name
    this.#tensor = tensor
    this.#specs = specs
    this.key = `${JSON.stringify(name)}:`
    this.width = width
    this.element = elementPrinter(name, tensor, width, rule)
  }

  get columns(): readonly string[] {
    const spec = this.#specs.find((each) => each.name === this.#name)
    return outputColumns(this.#name, spec, this.width)
  }

  row(row: number): string {
    return nested(this.#tensor.shape, 1, row * this.width, this.width, this.element)
  }

  whole(): string {
    const { shape, data } = this.#tensor
    return nested(shape, 0, 0, data.length, this.element)
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

function nested(shape: readonly number[], axis: number, from: number, count: number, element: ElementPrinter): string {
  const size = shape[axis]
  if (size === undefined) return element.json(from)
  const step = size === 0 ? 0 : count / size
  let text = '['
  for (let i = 0; i < size; i++) text += (i === 0 ? '' : ',') + nested(shape, axis + 1, from + i * step, step, element)
  return `${text}]`
}
