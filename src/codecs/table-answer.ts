import type { TensorSpec } from '../tensor/signature.ts'
import type { Tensors } from '../tensor/tensor.ts'
import type { BytesRule, PrintRule } from './element-text.ts'
import type { TellMissing } from './missing-values.ts'
import { createOutputPrinters, createRowPrinter, type OutputPrinter } from './row-text.ts'

/**
 * How predictions stand in a JSON document.
 * - `values`: a list with an entry for each row: that row's value where the model gives one output, an object by output
 *   name where it gives several (TensorFlow Serving's `predictions`, KServe V1, Vertex, MLflow)
 * - `columns`: all rows of an output as one nested array: by itself where the model gives one output, in an object by
 *   output name where it gives several (TensorFlow Serving's `outputs`)
 * - `objects`: a list of objects by output name, always; an output of one element a row is the bare value (SageMaker)
 */
export type AnswerStyle = 'values' | 'columns' | 'objects'

export interface AnswerOptions {
  /** How BYTES are printed; `text` when absent. */
  readonly bytes?: BytesRule
  /** What to do where JSON cannot hold a value, for the error; CSV for `objects`, binary for the others, when absent. */
  readonly instead?: string
  /** What a row that is answered with NaN lacked, for the error. */
  readonly tellMissing?: TellMissing
}

const IN_BINARY = 'ask for it in binary by the Open Inference Protocol'
const AS_CSV = 'ask for text/csv'

/**
 * The outputs of a model as the text of one JSON value. Every number reads back as the very same number of its datatype.
 * @param outputs each with rows as its first dimension; of any shape for `columns`
 * @param specs of the signature
 * @throws {ServingError} `unsupported`: for an output that does not come in rows; with `details.reason` `accept` for
 *   NaN and the infinities, and for bytes that are no UTF-8 text where `bytes` is `text`
 */
export function printPredictions(
  outputs: Tensors,
  specs: readonly TensorSpec[],
  rows: number,
  style: AnswerStyle,
  options: AnswerOptions = {},
): string {
  const rule = ruleOf(options, style === 'objects' ? AS_CSV : IN_BINARY)
  if (style === 'objects') {
    const printer = createRowPrinter(outputs, specs, rows, rule)
    return list(rows, (row) => printer.json(row))
  }
  if (style === 'columns') {
    const printers = createOutputPrinters(outputs, specs, undefined, rule)
    const [only] = printers
    if (printers.length === 1 && only !== undefined) return only.whole()
    return `{${printers.map((printer) => printer.key + printer.whole()).join(',')}}`
  }
  const printers = createOutputPrinters(outputs, specs, rows, rule)
  const [only] = printers
  if (printers.length === 1 && only !== undefined) return list(rows, (row) => only.row(row))
  return list(rows, (row) => `{${members(printers, row)}}`)
}

/**
 * The outputs of a model as CSV: a line for each row, every output's fields in the order of `outputs`.
 * @param header whether the first line names the fields
 * @throws {ServingError} as `printPredictions`; NaN and the infinities are words in CSV
 */
export function printCsv(outputs: Tensors, specs: readonly TensorSpec[], rows: number, header = false): string {
  const printer = createRowPrinter(outputs, specs, rows)
  let text = header ? `${printer.header}\n` : ''
  for (let row = 0; row < rows; row++) text += `${printer.csv(row)}\n`
  return text
}

/**
 * The outputs of a model as JSON lines: an object by output name for each row.
 * @throws {ServingError} as `printPredictions`
 */
export function printJsonLines(
  outputs: Tensors,
  specs: readonly TensorSpec[],
  rows: number,
  options: AnswerOptions = {},
): string {
  const printer = createRowPrinter(outputs, specs, rows, ruleOf(options, AS_CSV))
  let text = ''
  for (let row = 0; row < rows; row++) text += `${printer.json(row)}\n`
  return text
}

function ruleOf({ bytes = 'text', instead, tellMissing }: AnswerOptions, otherwise: string): PrintRule {
  return { bytes, instead: instead ?? otherwise, tellMissing }
}

function members(printers: readonly OutputPrinter[], row: number): string {
  let text = ''
  for (const printer of printers) text += (text === '' ? '' : ',') + printer.key + printer.row(row)
  return text
}

function list(rows: number, print: (row: number) => string): string {
  let text = ''
  for (let row = 0; row < rows; row++) text += row === 0 ? print(row) : `,${print(row)}`
  return `[${text}]`
}
