import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { ByteTable } from './byte-table.ts'
import type { Parameters } from './kernel.ts'

/** The codes of one column's categories. */
export interface CategoryColumn {
  /** The code at `position` of a tensor of the column's kind. @throws {ServingError} `invalid_argument` for a refused one */
  code(values: Tensor, position: number, row: number): number
}

/**
 * Reads `{ name, values, codes, missing, unknown }`. `values` are text, or numbers where `kind` is `"number"` (NaN equals
 * NaN, and 0 equals -0); `codes` are theirs, by position. Empty text that is no value itself gets `missing`. What is not
 * known gets `unknown`; `unknown: null` refuses it, and so does `missing: null` the empty text.
 */
export function readCategoryColumn(parameters: Parameters): CategoryColumn {
  const name = parameters.text('name')
  const unknown = parameters.has('unknown') ? parameters.number('unknown') : undefined
  const isNumeric = parameters.has('kind') && parameters.oneOf('kind', ['text', 'number']) === 'number'
  return isNumeric ? numberColumn(parameters, name, unknown) : textColumn(parameters, name, unknown)
}

function textColumn(parameters: Parameters, name: string, unknown: number | undefined): CategoryColumn {
  const values = parameters.texts('values')
  const codes = parameters.numbers('codes', values.length)
  const missing = parameters.has('missing') ? parameters.number('missing') : undefined
  const table = new ByteTable(values.map((value) => Buffer.from(value, 'utf8')))
  return {
    code({ data }, position, row) {
      const text = data[position]
      if (!(text instanceof Uint8Array)) throw notOfKind('text')
      const found = table.find(text)
      if (found >= 0) return codes[found] as number
      const code = text.length === 0 ? missing : unknown
      if (code === undefined) throw unknownCategory(name, row, describe(text), values.length)
      return code
    },
  }
}

function numberColumn(parameters: Parameters, name: string, unknown: number | undefined): CategoryColumn {
  const values = parameters.numbers('values')
  const codes = parameters.numbers('codes', values.length)
  const table = new Map<number, number>()
  values.forEach((value, i) => table.set(value, codes[i] as number))
  return {
    code({ data }, position, row) {
      const value = data[position]
      if (typeof value !== 'number') throw notOfKind('numbers')
      const code = table.get(value) ?? unknown
      if (code === undefined) throw unknownCategory(name, row, String(value), values.length)
      return code
    },
  }
}

function describe(text: Uint8Array): string {
  return text.length === 0 ? 'no value' : quote(Buffer.from(text).toString('utf8'), 60)
}

function unknownCategory(name: string, row: number, found: string, known: number): ServingError {
  return new ServingError(
    'invalid_argument',
    `row ${row + 1}, column ${quote(name)}: ${found} is none of the ${known} categories that the model was fitted on, and it was told to refuse others`,
  )
}

function notOfKind(kind: string): ServingError {
  return new ServingError('refused', `the program feeds a column of categories something else than ${kind}`)
}

/** How columns stand in a kernel's inputs: in one each, or side by side in one. */
export interface PlacedColumn {
  readonly column: CategoryColumn
  /** Which input. */
  readonly input: number
  /** Position within a row of that input. */
  readonly place: number
}

/**
 * Reads the list `columns`; each has its own input, in order, unless it names another (`input`) and its place in a row
 * there (`place`).
 */
export function readPlacedColumns(parameters: Parameters): readonly PlacedColumn[] {
  return parameters.objects('columns').map((each, i) => ({
    column: readCategoryColumn(each),
    input: each.has('input') ? each.int('input') : i,
    place: each.has('place') ? each.int('place') : 0,
  }))
}

/** The input of a placed column, and how many values a row of it has. */
export function inputOf({ input, place }: PlacedColumn, inputs: readonly Tensor[]): { values: Tensor; stride: number } {
  const values = inputs[input]
  const stride = values?.shape[1] ?? 1
  if (values === undefined || place >= stride)
    throw new ServingError('refused', 'the program feeds a host kernel fewer columns than it names')
  return { values, stride }
}
