import { isUtf8 } from 'node:buffer'
import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { Tensors } from '../tensor/tensor.ts'
import type { Problem } from './cells.ts'
import {
  createCsvRecord,
  fieldText,
  fieldTexts,
  isBlankRecord,
  isEmpty,
  isEscaped,
  scanCsvRecord,
  type CsvRecord,
} from './csv-scanner.ts'
import { createRowBuilder, type RowBuilder } from './row-builder.ts'
import {
  columnPlaces,
  expectedValues,
  fitOptional,
  hasOptional,
  headerNames,
  isHeader,
  isNearHeader,
  mapHeader,
  placesIn,
  withWidth,
  type ExtraColumns,
  type RowLayout,
} from './row-layout.ts'
import { checkColumns, checkTextRows, mostColumns, mostTextRows } from './table-limits.ts'

/** The rows of a body as the inputs of a model. */
export interface DecodedRows {
  readonly inputs: Tensors
  readonly rows: number
}

/** `auto`: the first row is a header when it names all of the model's columns and nothing else. */
export type HeaderRule = 'auto' | 'present' | 'absent'

/**
 * Turns a whole CSV text into tensors. With a header, columns may stand in any order; without one they stand in the
 * signature's, with or without those that the model never reads. A BOM, CRLF and blank lines at the end mean nothing; a blank line elsewhere is refused, because dropping
 * it would shift every later answer by one row. A field with nothing in it is a missing value; `""` is the empty text.
 * @param layout of `planRows`
 * @param extra whether a header may name columns that the model does not know; their fields are left out
 * @throws {ServingError} `invalid_argument` with `details.row` (counted from 1, without the header) and `details.column`;
 *   `too_large` for more columns, or elements of BYTES, than a request may have
 * @see RFC 4180
 */
export function decodeCsv(
  body: Uint8Array,
  layout: RowLayout,
  header: HeaderRule = 'auto',
  extra: ExtraColumns = 'refused',
): DecodedRows {
  if (!isUtf8(body)) throw new ServingError('invalid_argument', 'the CSV text is not valid UTF-8; save it as UTF-8')
  const record = createCsvRecord(mostColumns(layout))
  let at = hasByteOrderMark(body) ? 3 : 0
  const end = endOfText(body, at)
  const text = body.subarray(0, end)
  if (at >= end) throw new ServingError('invalid_argument', 'the CSV text is empty; send one line for each row')

  let next = scanCsvRecord(text, at, true, record)
  if (layout.isWidthFree || header === 'present') checkColumns(record.fields, layout, 'the first line')
  let fitted = withWidth(layout, record.fields)
  const named = header === 'absent' ? fitted : withoutOptional(text, record, fitted)
  const isNamed =
    header === 'present' ||
    (header === 'auto' && mayBeHeader(record.fields, named, extra) && isHeader(fieldTexts(text, record), named, extra))
  if (!isNamed && header === 'auto' && isAllText(fitted)) refuseNearHeader(text, record, fitted, extra)
  const names = isNamed ? fieldTexts(text, record) : []
  if (isNamed) fitted = named
  const columns = isNamed ? headerFields(names, fitted, extra) : placesIn(record.fields, fitted)
  if (isNamed) at = next
  if (at >= end) throw new ServingError('invalid_argument', 'the CSV text has a header and no rows')

  const most = mostTextRows(fitted)
  const builder = createRowBuilder(fitted, Math.min(most, mostRows(text, at, fitted.columns.length)))
  let row = 0
  while (at < end) {
    if (row === most) checkTextRows(row + 1, fitted)
    next = scanCsvRecord(text, at, true, record)
    const problem = setCsvRow(builder, row, text, record, fitted, columns)
    if (problem !== undefined && header === 'auto' && row === 0 && !isNamed)
      refuseNearHeader(text, record, fitted, extra)
    if (problem !== undefined)
      throw rowError(problem, row, header === 'auto' && row === 0 && !isNamed ? fitted : undefined)
    row++
    at = next
  }
  return { inputs: builder.build(row), rows: row }
}

/** The layout for a table whose first row is a header. */
function withoutOptional(text: Uint8Array, record: CsvRecord, layout: RowLayout): RowLayout {
  if (!hasOptional(layout)) return layout
  const fitted = fitOptional(layout, new Set(headerNames(fieldTexts(text, record), layout)))
  return fitted.columns.length === 0 ? layout : fitted
}

function mayBeHeader(fields: number, layout: RowLayout, extra: ExtraColumns): boolean {
  const { length } = layout.columns
  const most = extra === 'allowed' ? mostColumns(layout) : length + layout.unused.size
  return fields >= length && fields <= most
}

/** Where the model has no names for its columns, a header says that they stand in its order. */
function headerFields(names: readonly string[], layout: RowLayout, extra: ExtraColumns): Int32Array | undefined {
  const known = columnPlaces(layout)
  const isOurs = layout.isNamed || headerNames(names, layout).some((name) => known.has(name))
  // a frame without names numbers its columns; other numbers are a row that was said to be a header
  const isNumbered = names.every((name, i) => name.trim() === String(i))
  if (!isOurs && !isNumbered && names.every((name) => name.trim() !== '' && Number.isFinite(Number(name))))
    throw new ServingError(
      'invalid_argument',
      `the first line holds numbers (${quoteList(names, 4)}) where the header is said to be; send header=absent where there is none`,
    )
  return isOurs || names.length !== layout.columns.length ? mapHeader(names, layout, extra) : undefined
}

/** Whether any field can be a value: then a header that is not quite right would be taken for a row. */
function isAllText({ columns, inputs }: RowLayout): boolean {
  return columns.length > 1 && inputs.every(({ spec }) => spec.datatype === 'BYTES')
}

/** Says what is wrong with a first row that cannot be values, where it was meant as a header. */
function refuseNearHeader(text: Uint8Array, record: CsvRecord, layout: RowLayout, extra: ExtraColumns): void {
  if (record.isUnterminated || record.problem !== undefined || record.fields > mostColumns(layout)) return
  const names = fieldTexts(text, record)
  if (isNearHeader(names, layout)) mapHeader(names, layout, extra, 'row 1 looks like a header, but it')
}

/** A row that could not be taken: what is wrong, and with which column (counted from 1), where it is one. */
export interface RowProblem {
  readonly message: string
  readonly column?: number
}

/**
 * Writes one record into a row of the builder.
 * @param columns by field, of `mapHeader`; absent: the fields stand in the layout's order
 * @returns what is wrong with the record, undefined when all of it was written
 */
export function setCsvRow(
  builder: RowBuilder,
  row: number,
  bytes: Uint8Array,
  record: CsvRecord,
  layout: RowLayout,
  columns: Int32Array | undefined,
): RowProblem | undefined {
  if (record.isUnterminated) return { message: 'a quote is opened and never closed' }
  const expected = columns?.length ?? layout.columns.length
  const { places } = layout
  if (isBlankRecord(record))
    return {
      message:
        expected === 1 ? 'the line is blank; write NaN for a missing number, "" for no text' : 'the line is blank',
    }
  if (record.problem !== undefined) return { message: record.problem }
  if (record.fields !== expected)
    return {
      message:
        columns === undefined && places !== undefined
          ? `${count(record.fields, 'field')} where ${expectedValues(layout)} are expected`
          : `${count(record.fields, 'field')} where ${expected} ${expected === 1 ? 'is' : 'are'} expected${separatorHint(bytes, record)}`,
    }
  for (let field = 0; field < expected; field++) {
    const column = columns === undefined ? field : (columns[field] as number)
    if (column < 0) continue
    const problem = setField(builder, row, column, bytes, record, field)
    if (problem !== undefined)
      return {
        message: `column ${field + 1} (${quote(layout.columns[column]?.name ?? '', 40)}): ${problem}`,
        column: field + 1,
      }
  }
  return undefined
}

/** Spreadsheets of some countries, and copied cells, have another separator. */
function separatorHint(bytes: Uint8Array, record: CsvRecord): string {
  if (record.fields !== 1) return ''
  const text = fieldText(bytes, record, 0)
  const found = text.includes(';') ? 'semicolons' : text.includes('\t') ? 'tabs' : undefined
  return found === undefined ? '' : `; fields have commas between them, and this line has ${found}`
}

function setField(
  builder: RowBuilder,
  row: number,
  column: number,
  bytes: Uint8Array,
  record: CsvRecord,
  field: number,
): Problem {
  if (isEmpty(record, field)) return builder.setValue(row, column, null)
  if (!isEscaped(record, field))
    return builder.setText(row, column, bytes, record.starts[field] as number, record.ends[field] as number)
  const text = Buffer.from(fieldText(bytes, record, field))
  return builder.setText(row, column, text, 0, text.length)
}

function rowError(problem: RowProblem, row: number, maybeHeader: RowLayout | undefined): ServingError {
  const hint =
    maybeHeader === undefined || maybeHeader.columns.length === 0
      ? ''
      : `; were this row a header, it would name exactly ${quoteList(maybeHeader.columns.map((column) => column.name))}`
  return new ServingError('invalid_argument', `row ${row + 1}: ${problem.message}${hint}`, {
    details: { row: row + 1, ...(problem.column === undefined ? {} : { column: problem.column }) },
  })
}

/** As many rows as the text can hold: no more than its line breaks, and each row has a byte for every column. */
function mostRows(text: Uint8Array, from: number, columns: number): number {
  let lines = 1
  for (let at = text.indexOf(0x0a, from); at >= 0; at = text.indexOf(0x0a, at + 1)) lines++
  return Math.max(1, Math.min(lines, Math.floor((text.length - from + 1) / columns)))
}

/** Where a text ends when the line breaks at its end are left out. */
function endOfText(body: Uint8Array, from: number): number {
  let end = body.length
  while (end > from && (body[end - 1] === 0x0a || body[end - 1] === 0x0d)) end--
  return end
}

export function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

function count(size: number, word: string): string {
  return `${size} ${word}${size === 1 ? '' : 's'}`
}
