import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { DecodedRows, RowProblem } from './csv.ts'
import { decodeJsonRows, jsonRowError, setColumn, takesJson } from './json-rows.ts'
import { collectRows, type RowBuilder } from './row-builder.ts'
import { fitOptional, withWidth, type RowLayout } from './row-layout.ts'
import { planFields, setAbsent, setField, type TableOptions } from './table-fields.ts'
import { checkColumns } from './table-limits.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** Keys of a data frame; pandas' own names of axes say nothing about values. */
const FRAME_KEYS: ReadonlySet<string> = new Set(['columns', 'index', 'data', 'index_names', 'column_names'])

/**
 * A data frame `{"columns": […], "index": […], "data": [[…], …]}`. Columns stand in any order where the model knows
 * their names, and in the model's where it knows none; then they may be left out.
 * @param what names the frame in an error: `"dataframe_split"`
 * @throws {ServingError} `invalid_argument`
 * @see pandas, `DataFrame.to_dict(orient="split")`
 */
export function decodeSplit(value: unknown, layout: RowLayout, options: TableOptions, what: string): DecodedRows {
  const frame = frameOf(value, options, what)
  const { data } = frame
  if (!Array.isArray(data) || data.length === 0)
    throw refuse(`${what} has ${Array.isArray(data) ? 'no rows' : 'no array'} in "data"; send at least one row in it`)
  const rows = data as readonly unknown[]
  checkIndex(frame['index'], rows.length, what)
  const names = namesIn(frame['columns'], layout, what)
  if (names === undefined) return decodeLists(rows, layout, options)
  const fitted = withWidth(fitOptional(layout, new Set(names)), names.length)
  const fields = planFields(names, fitted, options, true, what)
  const { targets } = fields
  const inputs = collectRows(fitted, rows.length, (builder, row, index) => {
    const problem = setRow(builder, row, rows[index])
    if (problem !== undefined) throw jsonRowError(problem, 'row', index)
  })
  return { inputs, rows: rows.length }

  function setRow(builder: RowBuilder, row: number, list: unknown): RowProblem | undefined {
    if (!Array.isArray(list)) return { message: 'it is no array of values, as every row of "data" is' }
    const { length } = targets
    if (list.length !== length)
      return { message: `the array has ${list.length} values where ${length} columns are named` }
    for (let field = 0; field < length; field++) {
      const problem = setField(builder, row, targets[field] as number, list[field], fitted)
      if (problem !== undefined) return problem
    }
    return setAbsent(builder, row, fields, fitted)
  }
}

/**
 * Records `{column: value, …}`, one for each row. Where the model knows no names and the records use none of ours, the
 * first record's order counts.
 * @throws {ServingError} `invalid_argument`
 * @see pandas, `DataFrame.to_dict(orient="records")`
 */
export function decodeRecords(records: readonly unknown[], layout: RowLayout, options: TableOptions): DecodedRows {
  const bad = records.findIndex((record) => !isObject(record))
  if (bad >= 0) throw jsonRowError({ message: 'it is no object, as every record is' }, 'row', bad)
  if (layout.isWidthFree)
    throw refuse('the model takes rows of any width and has no names for their columns; send the rows as arrays')
  if (takesJson(layout)) return decodeJsonRows(records, layout)
  const names = Object.keys(records[0] as JsonObject)
  const ours = new Set([...layout.columns.map(({ name }) => name), ...layout.inputs.map(({ spec }) => spec.name)])
  if (layout.isNamed || names.length === 0 || names.some((name) => ours.has(name)))
    return decodeJsonRows(records, layout, options.extraColumns, options.missingColumns)
  return decodeUnnamed(records as readonly JsonObject[], names, layout, options)
}

function decodeUnnamed(
  records: readonly JsonObject[],
  names: readonly string[],
  layout: RowLayout,
  options: TableOptions,
): DecodedRows {
  // keys that look like array indices come first, in order of size, wherever they stood in the text
  if (names.some((name) => /^(?:0|[1-9]\d*)$/.test(name)) && names.some((name, i) => name !== String(i)))
    throw refuse(
      'the model has no names for its columns, and the order of these records cannot be told because some of their names are numbers; send "dataframe_split"',
    )
  planFields(names, layout, options, true, '"dataframe_records"')
  const known = new Set(names)
  const inputs = collectRows(layout, records.length, (builder, row, index) => {
    const problem = setRecord(builder, row, records[index] as JsonObject)
    if (problem !== undefined) throw jsonRowError(problem, 'row', index)
  })
  return { inputs, rows: records.length }

  function setRecord(builder: RowBuilder, row: number, record: JsonObject): RowProblem | undefined {
    let used = 0
    for (let column = 0; column < names.length; column++) {
      const name = names[column] as string
      const isThere = Object.hasOwn(record, name)
      if (!isThere && options.missingColumns !== 'null')
        return { message: `${quote(name, 40)} is missing, which the first record has` }
      const problem = setColumn(builder, row, column, isThere ? record[name] : null, layout)
      if (problem !== undefined) return problem
      if (isThere) used++
    }
    const keys = Object.keys(record)
    if (keys.length === used || options.extraColumns === 'allowed') return undefined
    return { message: `${quoteList(keys.filter((key) => !known.has(key)))} is unknown: the first record has it not` }
  }
}

function frameOf(value: unknown, options: TableOptions, what: string): JsonObject {
  if (!isObject(value)) throw refuse(`${what} is no object; send {"columns": […], "data": [[…], …]} in it`)
  const others = Object.keys(value).filter((key) => !FRAME_KEYS.has(key))
  if (others.length > 0 && options.otherKeys !== 'ignored')
    throw refuse(`${what} has the key ${quoteList(others, 4)}; it takes "columns", "index" and "data"`)
  return value
}

function checkIndex(index: unknown, rows: number, what: string): void {
  if (index === undefined || index === null) return
  if (!Array.isArray(index)) throw refuse(`"index" in ${what} is no array; leave it out, or send a label for each row`)
  if (index.length !== rows)
    throw refuse(`"index" in ${what} has ${index.length} labels for ${rows} rows; leave it out, or send one for each`)
}

/** @returns undefined where there are none, and none are needed */
function namesIn(columns: unknown, layout: RowLayout, what: string): readonly string[] | undefined {
  if (columns === undefined || columns === null) {
    if (!layout.isNamed || layout.columns.length === 1) return undefined
    throw refuse(
      `${what} has no "columns", and the model knows its columns by name; send them, in any order: ${quoteList(layout.columns.map(({ name }) => name))}`,
    )
  }
  if (!Array.isArray(columns) || columns.length === 0)
    throw refuse(
      `"columns" in ${what} is ${Array.isArray(columns) ? 'empty' : 'no array'}; send a name for each column`,
    )
  checkColumns(columns.length, layout, `"columns" in ${what}`)
  return columns.map((name: unknown, i) => {
    if (typeof name === 'string') return name
    // a frame without names has numbers there
    if (Number.isSafeInteger(name)) return String(name)
    throw refuse(`"columns" in ${what} has something else than a name in place ${i + 1}; each is a text`)
  })
}

function decodeLists(rows: readonly unknown[], layout: RowLayout, options: TableOptions): DecodedRows {
  const bad = rows.findIndex((row) => !Array.isArray(row))
  if (bad >= 0) throw jsonRowError({ message: 'it is no array of values, as every row of "data" is' }, 'row', bad)
  return decodeJsonRows(rows, layout, options.extraColumns, options.missingColumns)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refuse(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}
