import { isUtf8 } from 'node:buffer'
import { ServingError } from '../core/errors.ts'
import type { DecodedRows } from './csv.ts'
import { fitWidth, jsonRowError, parseJson, setJsonRow } from './json-rows.ts'
import { collectRows } from './row-builder.ts'
import type { RowLayout } from './row-layout.ts'

/**
 * Turns JSON lines into tensors: each line an array, an object by column name, or the bare value where a row has one.
 * A BOM, CRLF and blank lines at the end mean nothing; a blank line elsewhere is refused, because dropping it would
 * shift every later answer by one row.
 * @throws {ServingError} `invalid_argument` with `details.line`, counted from 1
 * @see jsonlines.org
 */
export function decodeJsonLines(body: Uint8Array, layout: RowLayout): DecodedRows {
  const lines = decodeUtf8(body, 'the JSON lines').trimEnd().split('\n')
  if (lines.length === 1 && lines[0] === '')
    throw new ServingError('invalid_argument', 'the JSON lines are empty; send one line for each row')
  const fitted = fitWidth(parseLine(lines, 0, layout), layout)
  const inputs = collectRows(fitted, lines.length, (builder, row, index) => {
    const problem = setJsonRow(builder, row, parseLine(lines, index, layout), fitted, 'refused')
    if (problem !== undefined) throw jsonRowError(problem, 'line', index)
  })
  return { inputs, rows: lines.length }
}

function parseLine(lines: readonly string[], index: number, layout: RowLayout): unknown {
  const line = lines[index] ?? ''
  if (line.trim() === '') throw jsonRowError({ message: 'the line is blank' }, 'line', index)
  return parseJson(line, layout, `line ${index + 1}`)
}

/**
 * Bytes as text, without a BOM.
 * @throws {ServingError} `invalid_argument` when they are not UTF-8
 */
export function decodeUtf8(body: Uint8Array, what: string): string {
  if (!isUtf8(body))
    throw new ServingError('invalid_argument', `${what}: these bytes are not valid UTF-8; send UTF-8 text`)
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return bytes.toString('utf8', hasMark ? 3 : 0)
}
