import type { RowBuilder } from '../codecs/row-builder.ts'
import type { RowLayout } from '../codecs/row-layout.ts'
import type { RowProblem } from '../codecs/csv.ts'

/** How rows stand in a file. */
export const FORMATS = ['csv', 'jsonl'] as const

export type FormatName = (typeof FORMATS)[number]

export interface RowFormatOptions {
  readonly layout: RowLayout
  /** CSV: whether the first record names the columns. */
  readonly hasHeader: boolean
  /** Names that the output adds to each row, which the row must not have itself; none when its columns are left out. */
  readonly added: readonly string[]
}

/** Reads one file's records, one after the other. What is said of "the record" is about the last one that was scanned. */
export interface RowFormat {
  /** Finds the record that begins at `from`. @returns where the next begins; -1 when more bytes are needed */
  scan(bytes: Uint8Array, from: number, isLast: boolean): number
  /** End of the record, without its line break. */
  end(): number
  /** Line breaks in the record, its own among them. */
  lineBreaks(): number
  isBlank(): boolean
  /** A reason why nothing after the record can be trusted. */
  fatal(): string | undefined
  /**
   * Takes the record as the header, where one is still expected.
   * @returns false when the record is a row
   * @throws {ServingError} `invalid_argument` when the header does not fit the model
   */
  takeHeader(bytes: Uint8Array, from: number): boolean
  /**
   * Writes the record into a row of a builder.
   * @param builderFor the builder for rows of this layout: the record may decide their width, where the model leaves it open
   * @returns what is wrong with the record
   */
  setRow(
    builderFor: (layout: RowLayout) => RowBuilder,
    row: number,
    bytes: Uint8Array,
    from: number,
  ): RowProblem | undefined
  /** The header, once it has been taken: its text as it came, and the names in it. */
  header(): { readonly text: string; readonly names: readonly string[] } | undefined
}
