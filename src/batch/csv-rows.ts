import { isUtf8 } from 'node:buffer'
import { setCsvRow } from '../codecs/csv.ts'
import { createCsvRecord, fieldTexts, isBlankRecord, scanCsvRecord } from '../codecs/csv-scanner.ts'
import { mapHeader, placesIn, withWidth, type RowLayout } from '../codecs/row-layout.ts'
import { ServingError } from '../core/errors.ts'
import { quoteList } from '../core/text.ts'
import type { RowFormat, RowFormatOptions } from './row-format.ts'

/** Records of a CSV file. Columns that the model does not know are let through. @see RFC 4180 */
export function csvRows({ layout, hasHeader, added }: RowFormatOptions): RowFormat {
  const record = createCsvRecord()
  let fitted = layout
  let header: ReturnType<RowFormat['header']>
  let columns: Int32Array | undefined
  return {
    scan: (bytes, from, isLast) => scanCsvRecord(bytes, from, isLast, record),
    end: () => record.end,
    lineBreaks: () => record.lineBreaks,
    isBlank: () => isBlankRecord(record),
    // what follows an open quote may be rows or text: nobody can tell
    fatal: () => (record.isUnterminated ? 'a quote is opened and never closed' : undefined),
    takeHeader(bytes, from) {
      if (!hasHeader || header !== undefined) return false
      if (record.problem !== undefined) throw new ServingError('invalid_argument', `the header: ${record.problem}`)
      const text = bytes.subarray(from, record.end)
      if (!isUtf8(text))
        throw new ServingError('invalid_argument', 'the header is not valid UTF-8; save the file as UTF-8')
      const names = fieldTexts(bytes, record)
      columns = columnsOf(names, layout)
      refuseClashes(names, added)
      fitted = withWidth(layout, columns.length)
      header = { text: Buffer.from(text).toString(), names }
      return true
    },
    setRow(builderFor, row, bytes) {
      fitted = withWidth(fitted, record.fields)
      return setCsvRow(builderFor(fitted), row, bytes, record, fitted, columns ?? placesIn(record.fields, fitted))
    },
    header: () => header,
  }
}

/** By name where the model has names or the header uses ours; else by position, when there are as many columns. */
function columnsOf(names: readonly string[], layout: RowLayout): Int32Array {
  const known = new Set(layout.columns.map((column) => column.name))
  const usesOurNames = layout.columns.length > 0 && names.filter((name) => known.has(name.trim())).length === known.size
  // a data frame's columns may be called by numbers
  if (!usesOurNames && names.every((name) => name.trim() !== '' && Number.isFinite(Number(name))))
    throw new ServingError(
      'invalid_argument',
      `the first row holds numbers (${quoteList(names, 4)}) where the header is expected; --no-header says that there is none`,
    )
  if (layout.isNamed || usesOurNames) return mapHeader(names, layout, 'allowed')
  if (layout.isWidthFree || names.length === layout.columns.length) return Int32Array.from(names.keys())
  throw new ServingError(
    'invalid_argument',
    `the header names ${names.length} columns (${quoteList(names)}) and the model takes ${layout.columns.length} that it has no names for; --features says which they are, in order`,
  )
}

export function refuseClashes(names: readonly string[], added: readonly string[]): void {
  const clashes = added.filter((name) => names.some((given) => given.trim() === name))
  if (clashes.length > 0)
    throw new ServingError(
      'invalid_argument',
      `the input has the column ${quoteList(clashes)}, which the model's answer adds too; rename it, or leave the input's columns out (--columns outputs)`,
    )
}
