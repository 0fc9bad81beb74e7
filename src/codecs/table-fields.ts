import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { RowProblem } from './csv.ts'
import { setColumn, setInput, takesJson, type MissingColumns } from './json-rows.ts'
import type { RowBuilder } from './row-builder.ts'
import {
  columnPlaces,
  refuseDuplicates,
  refuseMissing,
  refuseUnknown,
  type ExtraColumns,
  type RowLayout,
} from './row-layout.ts'

/** A form of `TableForm` that has a key. */
type FormName = 'instances' | 'inputs' | 'dataframe_split' | 'dataframe_records' | 'input_data' | 'data'

/** What a protocol lets a table have or lack. */
export interface TableOptions {
  /** Forms that another protocol takes at the same paths, where its key comes first, for the error. */
  readonly formsElsewhere?: readonly FormName[]
  /** Keys beside the table that mean nothing here; `refused` when absent. */
  readonly otherKeys?: 'ignored' | 'refused'
  /** Columns that the model does not know; `refused` when absent. */
  readonly extraColumns?: ExtraColumns
  /** Columns of the model that the table does not have: all null (NaN for floats), or refused; `refused` when absent. */
  readonly missingColumns?: MissingColumns
}

/** Where the named fields of a table go. */
export interface Fields {
  /** For each field: a column's index, `LEFT_OUT`, or an input as a whole (`inputField`). */
  readonly targets: Int32Array
  /** Columns that the table does not have and that are null in every row. */
  readonly absent: readonly number[]
}

const LEFT_OUT = -1

function inputField(input: number): number {
  return -2 - input
}

/**
 * Finds where the fields of a table go: by the name of a column or of a whole input; by position where the model knows
 * no names and the table uses none of ours.
 * @param isOrdered whether the fields' order means something
 * @param what names the table in an error: `"dataframe_split"`
 * @throws {ServingError} `invalid_argument` for a repeated, missing or unknown name
 */
export function planFields(
  names: readonly string[],
  layout: RowLayout,
  options: TableOptions,
  isOrdered: boolean,
  what: string,
): Fields {
  refuseDuplicates(names, what)
  const targets = targetsOf(names, layout)
  const isUnknown = names.every((name, field) => targets[field] === LEFT_OUT && !layout.unused.has(name))
  if (isUnknown && isOrdered && !layout.isNamed) return byPosition(names, layout, what)
  const covered = coveredBy(targets, names, layout, what)
  const absent = [...covered.keys()].filter((column) => covered[column] === -1)
  if (absent.length > 0 && (isUnknown || options.missingColumns !== 'null'))
    refuseMissing(coveredNames(names, covered, layout), layout, what)
  if (options.extraColumns !== 'allowed') refuseUnknown(names, targets, layout, what)
  return { targets, absent }
}

/** Writes one field of a row. @returns what is wrong with it */
export function setField(
  builder: RowBuilder,
  row: number,
  target: number,
  value: unknown,
  layout: RowLayout,
): RowProblem | undefined {
  if (target < 0) return target === LEFT_OUT ? undefined : setInput(builder, row, inputField(target), value, layout)
  if (!Array.isArray(value) || takesJson(layout)) return setColumn(builder, row, target, value, layout)
  // an input of one element a row may be nested: its shape is [rows, 1]
  const input = layout.columns[target]?.input ?? 0
  if (layout.inputs[input]?.width === 1) return setInput(builder, row, input, value, layout)
  return setColumn(builder, row, target, value, layout)
}

/** Writes null into the columns that the table does not have. @returns what is wrong with that */
export function setAbsent(
  builder: RowBuilder,
  row: number,
  { absent }: Fields,
  layout: RowLayout,
): RowProblem | undefined {
  for (const column of absent) {
    const problem = setColumn(builder, row, column, null, layout)
    if (problem !== undefined) return problem
  }
  return undefined
}

function targetsOf(names: readonly string[], layout: RowLayout): Int32Array {
  const columns = columnPlaces(layout)
  const inputs = new Map(
    layout.inputs.map(({ spec, width, firstColumn }, input) => [
      spec.name,
      width === 1 ? firstColumn : inputField(input),
    ]),
  )
  return Int32Array.from(names, (name) => inputs.get(name) ?? columns.get(name) ?? LEFT_OUT)
}

function byPosition(names: readonly string[], layout: RowLayout, what: string): Fields {
  if (names.length === layout.columns.length) return { targets: Int32Array.from(names.keys()), absent: [] }
  throw new ServingError(
    'invalid_argument',
    `${what} names ${names.length} columns (${quoteList(names)}), and the model takes ${layout.columns.length} that it has no names for`,
  )
}

/** The field that writes each column, -1 where none does. */
function coveredBy(targets: Int32Array, names: readonly string[], layout: RowLayout, what: string): Int32Array {
  const covered = new Int32Array(layout.columns.length).fill(-1)
  for (let field = 0; field < targets.length; field++) {
    const target = targets[field] as number
    if (target === LEFT_OUT) continue
    const whole = target >= 0 ? undefined : layout.inputs[inputField(target)]
    const first = whole?.firstColumn ?? target
    for (let column = first; column < first + (whole?.width ?? 1); column++) {
      const other = covered[column] as number
      if (other >= 0)
        throw new ServingError(
          'invalid_argument',
          `${what} has ${quote(names[other] ?? '')} and ${quote(names[field] ?? '')}, which give the column ${quote(layout.columns[column]?.name ?? '')} twice; send the one or the other`,
        )
      covered[column] = field
    }
  }
  return covered
}

/** The names that were sent, and those of the columns that whole inputs give. */
function coveredNames(names: readonly string[], covered: Int32Array, layout: RowLayout): ReadonlySet<string> {
  const all = new Set(names)
  for (const [column, field] of covered.entries()) if (field >= 0) all.add(layout.columns[column]?.name ?? '')
  return all
}
