import { csvField } from '../codecs/element-text.ts'
import { outputColumns, type RowPrinter } from '../codecs/row-text.ts'
import type { TensorSpec } from '../tensor/signature.ts'
import { refuseClashes } from './csv-rows.ts'
import type { FormatName, RowFormat } from './row-format.ts'

export interface RowWriterOptions {
  readonly inFormat: FormatName
  readonly outFormat: FormatName
  readonly columns: 'all' | 'outputs'
  readonly hasHeader: boolean
}

/** Puts the model's answer behind the row that it answers. */
export interface RowWriter {
  /**
   * The output's first line, once; empty afterwards and where there is none.
   * @param header the input's
   * @param printer names the columns; absent where no row was answered: then the signature does, as far as it can
   */
  header(header: ReturnType<RowFormat['header']>, printer: RowPrinter | undefined): string
  /** One line of the output. @param raw the row as it came, whose text is kept as it is */
  line(raw: Uint8Array, printer: RowPrinter, row: number): string
}

/** @param outputs those that are computed, in their order */
export function createRowWriter(
  { outFormat, columns, hasHeader, inFormat }: RowWriterOptions,
  outputs: readonly TensorSpec[],
): RowWriter {
  const isCsv = outFormat === 'csv'
  // rows without names have nothing to put over their columns; an output of the model's columns alone has
  let isHeaderDue = isCsv && (hasHeader || inFormat !== 'csv')
  return {
    header(header, printer) {
      if (!isHeaderDue) return ''
      isHeaderDue = false
      const added = printer?.columns ?? outputs.flatMap((spec) => staticColumns(spec))
      const names = added.map((name) => csvField(name)).join(',')
      if (columns === 'outputs' || header === undefined) return `${names}\n`
      if (printer !== undefined) refuseClashes(header.names, printer.columns)
      return `${header.text},${names}\n`
    },
    line(raw, printer, row) {
      if (columns === 'outputs') return `${isCsv ? printer.csv(row) : printer.json(row)}\n`
      const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString()
      return isCsv ? `${text},${printer.csv(row)}\n` : `${joinJson(text.trim(), printer.jsonMembers(row))}\n`
    },
  }
}

/** Members behind those of an object's text; a row that is no object goes under `input`. */
function joinJson(text: string, members: string): string {
  if (!text.startsWith('{')) return `{"input":${text},${members}}`
  const inside = text.slice(0, -1).trimEnd()
  return inside === '{' ? `{${members}}` : `${inside},${members}}`
}

/** Names that the output adds to each row, as far as the signature tells them. @param outputs as above */
export function addedNames(outputs: readonly TensorSpec[], format: FormatName): readonly string[] {
  return outputs.flatMap((spec) => (format === 'jsonl' ? [spec.name] : staticColumns(spec)))
}

function staticColumns(spec: TensorSpec): readonly string[] {
  const rowShape = spec.shape.slice(1)
  if (rowShape.includes(-1)) return []
  return outputColumns(
    spec.name,
    spec,
    rowShape.reduce((product, size) => product * size, 1),
  )
}
