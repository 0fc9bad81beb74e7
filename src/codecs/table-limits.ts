import { ServingError } from '../core/errors.ts'
import { MAX_TEXTS, MOST_TEXTS } from '../tensor/texts.ts'
import type { RowLayout } from './row-layout.ts'

/** Most columns of a table in a request, where the model does not take more: each costs a name and a place. */
export const MAX_COLUMNS = 65_536

/** Most columns that a table for this layout may have. */
export function mostColumns(layout: RowLayout): number {
  return Math.max(MAX_COLUMNS, layout.columns.length)
}

/**
 * @param columns of the table that has come
 * @param what names it in an error: `the rows`
 * @throws {ServingError} `too_large` where there are more than `mostColumns`
 */
export function checkColumns(columns: number, layout: RowLayout, what: string): void {
  const most = mostColumns(layout)
  if (columns <= most) return
  throw new ServingError(
    'too_large',
    `${what} has ${columns} columns, the most is ${most}; send wider rows as a tensor, by the Open Inference Protocol`,
  )
}

/** Most rows that hold no more elements of BYTES than a request may have; Infinity where a row holds none. */
export function mostTextRows({ inputs }: RowLayout): number {
  const texts = inputs.reduce((sum, { spec, width }) => (spec.datatype === 'BYTES' ? sum + width : sum), 0)
  return texts === 0 ? Infinity : Math.floor(MAX_TEXTS / texts)
}

/**
 * Refuses rows before memory is taken for them.
 * @throws {ServingError} `too_large` where there are more than `mostTextRows`
 */
export function checkTextRows(rows: number, layout: RowLayout): void {
  if (rows <= mostTextRows(layout)) return
  throw new ServingError('too_large', `${rows} rows hold over ${MAX_TEXTS} elements of BYTES; ${MOST_TEXTS}`)
}
