import type { RowInput } from '../../codecs/row-layout.ts'
import type { TableForm } from '../../codecs/table-request.ts'
import { hasCsvHeader } from '../row-layouts.ts'
import type { RowModel } from './described-model.ts'
import { nest } from './example-values.ts'

/** A table's example in one of its forms; undefined where the model has none that JSON can hold. */
export function tableExample(form: TableForm, described: RowModel): unknown {
  const { layout, examples } = described
  const parts = layout.inputs.map((input) => ({ input, values: examples.get(input.spec.name) }))
  if (parts.some(({ values }) => values === undefined)) return undefined
  const rows = Math.max(...parts.map(({ input, values }) => (values?.length ?? 0) / input.width))
  const rowsOf = ({ input, values = [] }: (typeof parts)[number]): readonly unknown[] =>
    Array.from({ length: rows }, (_, row) =>
      values.slice(row * input.width, (row + 1) * input.width).map((value) => elementOf(value, input)),
    )
  const flat = Array.from({ length: rows }, (_, row) => parts.flatMap((part) => rowsOf(part)[row] as unknown[]))
  const names = layout.columns.map(({ name }) => name)
  const [first] = parts
  if (form === 'dataframe_split' || (form === 'input_data' && layout.isNamed)) return { columns: names, data: flat }
  if (form === 'dataframe_records' && layout.isNamed)
    return flat.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])))
  if (layout.inputs.length === 1 && form !== 'dataframe_records' && first !== undefined)
    return rowsOf(first).map((row) => shaped(row as unknown[], first.input))
  const byName = parts.map((part) => ({
    name: part.input.spec.name,
    // under the name of a column stands a value, not a list of one
    rows: rowsOf(part).map((row) =>
      part.input.width === 1 ? (row as unknown[])[0] : shaped(row as unknown[], part.input),
    ),
  }))
  if (form === 'inputs') return Object.fromEntries(byName.map(({ name, rows: values }) => [name, values]))
  return flat.map((_, row) => Object.fromEntries(byName.map(({ name, rows: values }) => [name, values[row]])))
}

/** JSON stands in a table as it is. */
function elementOf(value: unknown, { spec }: RowInput): unknown {
  if (spec.isJson !== true || typeof value !== 'string') return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    return {} // whoever gave the example has said what is no JSON
  }
}

function shaped(row: readonly unknown[], { rowShape }: RowInput): unknown {
  return nest(row, rowShape)
}

/** A row of CSV with the example, below a header where the columns have names; undefined where there is none. */
export function csvExample(described: RowModel): string | undefined {
  const table = tableExample('dataframe_split', described) as Frame | undefined
  if (table === undefined) return undefined
  const lines = hasCsvHeader(described.layout) ? [table.columns, ...table.data] : table.data
  return lines.map((row) => row.map(csvText).join(',')).join('\n')
}

interface Frame {
  readonly columns: readonly string[]
  readonly data: readonly (readonly unknown[])[]
}

function csvText(value: unknown): string {
  if (value === null) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
