import type { Datatype } from '../../tensor/datatype.ts'
import type { RowModel } from './described-model.ts'
import type { Schema } from './schema.ts'

/** Longest pattern that a document carries, in characters. */
const MAX_LENGTH = 10_000

/**
 * Texts of CSV that are taken, by a regular expression: fewer than are, for a schema knows no better of CSV.
 * @param example a text that is among them in any case
 */
export function csvSchema({ layout }: RowModel, example: string | undefined): Schema {
  const fields = layout.columns.map(({ input }) => {
    const spec = layout.inputs[input]?.spec
    return spec?.isJson === true ? String.raw`\{\}` : fieldPattern(spec?.datatype ?? 'BYTES')
  })
  const row = repeated(fields)
  const more = layout.fixedRows === undefined ? '*' : `{${layout.fixedRows - 1}}`
  const pattern = `^${row}(?:\\n${row})${more}$`
  if (pattern.length > MAX_LENGTH) return { type: 'string' }
  const texts = { type: 'string', pattern }
  return example === undefined || new RegExp(pattern).test(example) ? texts : { anyOf: [texts, { const: example }] }
}

/** Fields with commas between them, equal ones counted. */
function repeated(fields: readonly string[]): string {
  const parts: string[] = []
  for (let from = 0; from < fields.length;) {
    let to = from + 1
    while (fields[to] === fields[from]) to++
    const comma = from === 0 ? '' : ','
    const others = to - from > 1 ? `(?:,${fields[from]}){${to - from - 1}}` : ''
    parts.push(`${comma}${fields[from]}${others}`)
    from = to
  }
  return parts.join('')
}

/** A field that stays well within the range of its datatype. */
function fieldPattern(datatype: Datatype): string {
  switch (datatype) {
    case 'BYTES':
      return String.raw`[^",\r\n\ufeff]+`
    case 'BOOL':
      return '(?:true|false|0|1)'
    case 'UINT8':
      return '[0-9]{1,2}'
    case 'INT8':
      return '-?[0-9]{1,2}'
    case 'UINT16':
      return '[0-9]{1,4}'
    case 'INT16':
      return '-?[0-9]{1,4}'
    case 'UINT32':
    case 'UINT64':
      return '[0-9]{1,9}'
    case 'INT32':
    case 'INT64':
      return '-?[0-9]{1,9}'
    default:
      return String.raw`-?[0-9]{1,4}(?:\.[0-9]{1,6})?`
  }
}
