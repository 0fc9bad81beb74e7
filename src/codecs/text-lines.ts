import { ServingError } from '../core/errors.ts'
import { quoteList } from '../core/text.ts'
import type { DecodedRows } from './csv.ts'
import { decodeUtf8 } from './json-lines.ts'
import { jsonRowError, setColumn } from './json-rows.ts'
import { collectRows } from './row-builder.ts'
import type { RowLayout } from './row-layout.ts'

/**
 * Lines of plain text as the rows of a model that takes one text a row: a line each, as it stands there. A BOM, CRLF and
 * the line break at the end mean nothing; a blank line is an empty text.
 * @throws {ServingError} `unsupported` for a model that takes anything else; `invalid_argument` for a body that is empty
 *   or no UTF-8; `too_large` for more lines than a request may have
 */
export function decodeTextLines(body: Uint8Array, layout: RowLayout): DecodedRows {
  const { columns, inputs } = layout
  if (columns.length !== 1 || inputs[0]?.spec.datatype !== 'BYTES')
    throw new ServingError(
      'unsupported',
      `text/plain is one text a row, and the model takes ${quoteList(columns.map(({ name }) => name))}; send text/csv or application/json`,
    )
  const text = decodeUtf8(body, 'the text')
  if (text === '') throw new ServingError('invalid_argument', 'the text is empty; send one line for each row')
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  return {
    inputs: collectRows(layout, lines.length, (builder, row, index) => {
      const problem = setColumn(builder, row, 0, lines[index], layout)
      if (problem !== undefined) throw jsonRowError(problem, 'line', index)
    }),
    rows: lines.length,
  }
}
