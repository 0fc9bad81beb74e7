import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { DecodedRows } from './csv.ts'
import { fitWidth, jsonRowError } from './json-rows.ts'
import { collectRows } from './row-builder.ts'
import { fitOptional, type RowLayout } from './row-layout.ts'
import { planFields, setAbsent, setField, type TableOptions } from './table-fields.ts'

/**
 * A table by columns: `{name: [value of row 1, value of row 2, …], …}`, by the name of an input, whose values are then
 * all that a row gives it, or of one of its columns.
 * @param what names the table in an error: `"inputs"`
 * @throws {ServingError} `invalid_argument`
 * @see TensorFlow Serving, "RESTful API", "Specifying input tensors in column format"
 */
export function decodeByName(
  table: Readonly<Record<string, unknown>>,
  layout: RowLayout,
  options: TableOptions,
  what: string,
): DecodedRows {
  // what is never read may be anything
  const names = Object.keys(table).filter((name) => !layout.unused.has(name))
  const lists = names.map((name) => listIn(table[name], name, what))
  const first = lists[0]
  if (first === undefined) throw refuse(`${what} is empty; send {name: [value, …]} in it`)
  const rows = first.length
  if (rows === 0) throw refuse(`${quote(names[0] ?? '')} in ${what} has no values; send one for each row`)
  const uneven = lists.findIndex((list) => list.length !== rows)
  if (uneven >= 0)
    throw refuse(
      `${quote(names[uneven] ?? '')} in ${what} has ${lists[uneven]?.length} values where ${quote(names[0] ?? '')} has ${rows}; each has one for every row`,
    )
  const fitted = fitWidth(first[0], fitOptional(layout, new Set(names)))
  const fields = planFields(names, fitted, options, false, what)
  const inputs = collectRows(fitted, rows, (builder, row, index) => {
    for (let field = 0; field < lists.length; field++) {
      const problem = setField(builder, row, fields.targets[field] as number, lists[field]?.[index], fitted)
      if (problem !== undefined) throw jsonRowError(problem, 'row', index)
    }
    const problem = setAbsent(builder, row, fields, fitted)
    if (problem !== undefined) throw jsonRowError(problem, 'row', index)
  })
  return { inputs, rows }
}

function listIn(value: unknown, name: string, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw refuse(`${quote(name)} in ${what} is no array; send {${quote(name)}: [value, …]} with a value for each row`)
}

function refuse(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}
