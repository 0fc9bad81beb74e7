import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { Shape } from '../tensor/shape.ts'
import type { Signature, TensorSpec } from '../tensor/signature.ts'

/** Whether a table may have columns that the model does not know; their values are then left out. */
export type ExtraColumns = 'allowed' | 'refused'

/** One column of a table: where its values stand in the model's inputs. */
export interface Column {
  readonly name: string
  /** Index of the input in `RowLayout.inputs`. */
  readonly input: number
  /** Position among the elements that one row gives that input. */
  readonly offset: number
}

/** How the columns of a table become the inputs of a model. */
export interface RowLayout {
  /** Those that the model reads. */
  readonly inputs: readonly RowInput[]
  /** In the order that a table without a header has. */
  readonly columns: readonly Column[]
  /** Names of columns that the model was fitted with and never reads: a table may have them, with anything in them. */
  readonly unused: ReadonlySet<string>
  /**
   * A row of all columns that the model was fitted with, in their order: which column (an index into `columns`) stands in
   * each place, -1 for one that is never read. Absent where each is read.
   */
  readonly places?: Int32Array
  /** Whether the names come from the model; else they are ours (`input_0`, `input_1`, …). */
  readonly isNamed: boolean
  /** The model takes rows of any width: the first row decides, by `withWidth`. */
  readonly isWidthFree: boolean
  /** Rows of one call, where the model fixes them. */
  readonly fixedRows: number | undefined
}

export interface RowInput {
  readonly spec: TensorSpec
  /** Elements of one row, and their shape. */
  readonly width: number
  readonly rowShape: Shape
  /** Index in `RowLayout.columns` of its first column; the others follow. */
  readonly firstColumn: number
}

/**
 * The table that fits a model: every input has rows as its first dimension; an input of n elements a row is n columns.
 * Columns are named by the input's `columns`, by the input itself where it has one element a row, else `input_0` and on.
 * A single column that is called `X` has no name of its own: so is the input of what was fitted on a plain array, or texts.
 * @param names column names in order, for a model that knows none; they replace the model's
 * @throws {ServingError} `unsupported` when rows cannot express an input; `invalid_argument` for names that do not fit
 */
export function planRows(signature: Signature, names?: readonly string[]): RowLayout {
  const used = signature.inputs.filter(({ isUnused }) => isUnused !== true)
  const inputs = signature.inputs.map((spec) => rowInput(spec, used.length === 1))
  const isWidthFree = inputs.some((input) => input.width < 0)
  const fixedRows = used.map(({ shape }) => shape[0] as number).find((rows) => rows !== -1)
  const whole = nameColumns(inputs, isWidthFree, fixedRows)
  const layout = withoutInputs(
    whole,
    whole.inputs.filter(({ spec }) => spec.isUnused === true),
  )
  if (names === undefined) return layout
  const named = isWidthFree ? withWidth(layout, names.length) : layout
  if (names.length !== named.columns.length)
    throw new ServingError(
      'invalid_argument',
      `${names.length} column names are given (${quoteList(names)}), the model takes ${named.columns.length} columns`,
    )
  refuseDuplicates(names, 'the column names')
  const columns = named.columns.map((column, i) => ({ ...column, name: names[i] as string }))
  return { ...named, columns, isNamed: true }
}

/** The layout of a model whose rows may have any width, for rows of this one. */
export function withWidth(layout: RowLayout, width: number): RowLayout {
  if (!layout.isWidthFree) return layout
  const inputs = layout.inputs.map((input) => ({ ...input, width, rowShape: [width] }))
  return { ...nameColumns(inputs, false, layout.fixedRows), isNamed: false, unused: layout.unused }
}

/**
 * The layout for a table that does not name some of the inputs that the model does without: those are left out then.
 * @param names of the table
 */
export function fitOptional(layout: RowLayout, names: { has(name: string): boolean }): RowLayout {
  const absent = layout.inputs.filter(
    ({ spec, width, firstColumn }) =>
      spec.isOptional === true &&
      !names.has(spec.name) &&
      !layout.columns.slice(firstColumn, firstColumn + width).some(({ name }) => names.has(name)),
  )
  return withoutInputs(layout, absent)
}

/** Whether a model does without some of its inputs. */
export function hasOptional({ inputs }: RowLayout): boolean {
  return inputs.some(({ spec }) => spec.isOptional === true)
}

/** The layout without some of its inputs, whose columns tables may have nevertheless. */
function withoutInputs(layout: RowLayout, left: readonly RowInput[]): RowLayout {
  if (left.length === 0) return layout
  const unused = new Set(layout.unused)
  for (const { spec } of left) unused.add(spec.name)
  const isLeft = layout.inputs.map((input) => left.includes(input))
  const columns: Column[] = []
  const places = Int32Array.from(layout.columns, (column) => {
    if (isLeft[column.input] === true) unused.add(column.name)
    return isLeft[column.input] === true ? -1 : columns.push(column) - 1
  })
  const inputs: RowInput[] = []
  const moved = layout.inputs.map((input, i) => {
    if (isLeft[i] === true) return -1
    return inputs.push({ ...input, firstColumn: columns.findIndex((column) => column.input === i) }) - 1
  })
  return {
    ...layout,
    inputs,
    columns: columns.map((column) => ({ ...column, input: moved[column.input] as number })),
    unused,
    places: layout.places === undefined ? places : layout.places.map((at) => (at < 0 ? at : (places[at] as number))),
  }
}

function rowInput(spec: TensorSpec, isSingle: boolean): RowInput {
  const rowShape = spec.shape.slice(1)
  if (spec.shape.length === 0) throw noRows(spec, 'is a single value and has no rows')
  if (isSingle && rowShape.length === 1 && rowShape[0] === -1 && spec.columns === undefined)
    return { spec, width: -1, rowShape, firstColumn: 0 }
  if (rowShape.includes(-1))
    throw noRows(spec, `has the shape [${spec.shape.join(',')}], whose rows have no fixed size`)
  const width = rowShape.reduce((product, size) => product * size, 1)
  if (width === 0) throw noRows(spec, `has the shape [${spec.shape.join(',')}], whose rows are empty`)
  return { spec, width, rowShape, firstColumn: 0 }
}

function noRows(spec: TensorSpec, reason: string): ServingError {
  return new ServingError(
    'unsupported',
    `input ${quote(spec.name)} ${reason}, so a table cannot express it; send tensors by the Open Inference Protocol`,
    { details: { input: spec.name } },
  )
}

function nameColumns(unplaced: readonly RowInput[], isWidthFree: boolean, fixedRows: number | undefined): RowLayout {
  const known: Column[] = []
  const made: Column[] = []
  const inputs: RowInput[] = []
  let isNamed = true
  unplaced.forEach((unplacedInput, input) => {
    const { spec, width } = unplacedInput
    inputs.push({ ...unplacedInput, firstColumn: known.length })
    if (spec.columns?.length !== width && width !== 1) isNamed = false
    for (let offset = 0; offset < width; offset++) {
      const own = spec.columns?.length === width ? spec.columns[offset] : width === 1 ? spec.name : undefined
      const numbered = width === 1 ? spec.name : `${spec.name}_${offset}`
      known.push({ name: own ?? numbered, input, offset })
      made.push({ name: numbered, input, offset })
    }
  })
  // two inputs may use one name for a column: then only the numbered names tell them apart
  const isClear = new Set(known.map((column) => column.name)).size === known.length
  const isArray = inputs.length === 1 && inputs[0]?.spec.name === 'X' && inputs[0].spec.columns === undefined
  return {
    inputs,
    columns: isClear ? known : made,
    unused: NONE,
    isNamed: isNamed && isClear && !isArray,
    isWidthFree,
    fixedRows,
  }
}

const NONE: ReadonlySet<string> = new Set()

/**
 * Whether a table's first row is a header: it names every column, each once, and nothing else but unused ones.
 * @param extra `allowed`: it may name more, and be a header only because there are more fields than columns
 */
export function isHeader(fields: readonly string[], layout: RowLayout, extra: ExtraColumns = 'refused'): boolean {
  const spare = fields.length - layout.columns.length
  if (layout.isWidthFree || spare < 0) return false
  const names = new Set(headerNames(fields, layout))
  if (names.size !== fields.length || !layout.columns.every((column) => names.has(column.name))) return false
  if (spare === 0 || extra === 'allowed') return true
  let unused = 0
  for (const name of names) if (layout.unused.has(name)) unused++
  return unused === spare
}

/**
 * The names in a header as the model knows them: as they are written where it has a column that is called just so, spaces
 * and all, else without the spaces around them.
 */
export function headerNames(header: readonly string[], layout: RowLayout): string[] {
  const known = columnPlaces(layout)
  return header.map((name) => (known.has(name) || layout.unused.has(name) ? name : name.trim()))
}

/**
 * Which column each field of a table is: an index into `layout.columns`, -1 for a field that the model does not read.
 * @param header names as a file has them: spaces around them mean nothing, but where the model's own name has them
 * @param extra whether a header may name more than the model's columns
 * @param what names it in an error
 * @throws {ServingError} `invalid_argument` for a repeated, missing or unknown name
 */
export function mapHeader(
  header: readonly string[],
  layout: RowLayout,
  extra: ExtraColumns,
  what = 'the header',
): Int32Array {
  const names = headerNames(header, layout)
  refuseDuplicates(names, what)
  const known = columnPlaces(layout)
  const fields = Int32Array.from(names, (name) => known.get(name) ?? -1)
  if (fields.includes(-1)) refuseMisnamed(names, fields, layout, what)
  refuseMissing(new Set(names), layout, what)
  if (extra === 'refused') refuseUnknown(names, fields, layout, what)
  return fields
}

/** Whether a table's first row is a header that is not quite right: most of its fields are names of columns. */
export function isNearHeader(fields: readonly string[], layout: RowLayout): boolean {
  const known = columnPlaces(layout)
  const names = headerNames(fields, layout).filter((name) => known.has(name) || layout.unused.has(name))
  return names.length * 2 > fields.length
}

/** A name that is unknown where another is missing is most often that other, written wrongly: both are told. */
function refuseMisnamed(names: readonly string[], fields: Int32Array, layout: RowLayout, what: string): void {
  const given = new Set(names)
  const missing = layout.columns.filter((column) => !given.has(column.name)).map((column) => column.name)
  if (missing.length === 0) return
  const unknown = unknownNames(names, fields, layout)
  if (unknown.length === 0) return
  throw new ServingError(
    'invalid_argument',
    `${what} lacks ${columnsWord(missing)} ${quoteList(missing)} and names ${quoteList(unknown)}, which the model does not take; it takes ${columnNames(layout, 32)}`,
    { details: { missing: shortened(missing), unknown: shortened(unknown) } },
  )
}

/** Index of each column of a layout, by its name. */
export function columnPlaces(layout: RowLayout): ReadonlyMap<string, number> {
  return new Map(layout.columns.map((column, index) => [column.name, index]))
}

/**
 * @param what names the list in an error: `the header`
 * @throws {ServingError} `invalid_argument` with `details.missing` when a column of the model is not among the names
 */
export function refuseMissing(names: ReadonlySet<string>, layout: RowLayout, what: string): void {
  const missing = layout.columns.filter((column) => !names.has(column.name)).map((column) => column.name)
  if (missing.length === 0) return
  throw new ServingError(
    'invalid_argument',
    `${what} lacks ${columnsWord(missing)} ${quoteList(missing)}; it names ${quoteList(names)}, the model takes ${columnNames(layout)}`,
    { details: { missing: shortened(missing) } },
  )
}

/**
 * @param fields a place for each name, -1 for one that the model does not read
 * @throws {ServingError} `invalid_argument` with `details.unknown` when there is such a name
 */
export function refuseUnknown(
  names: readonly string[],
  fields: ArrayLike<number>,
  layout: RowLayout,
  what: string,
): void {
  const unknown = unknownNames(names, fields, layout)
  if (unknown.length === 0) return
  throw new ServingError(
    'invalid_argument',
    `${what} names ${columnsWord(unknown)} ${quoteList(unknown)}, which the model does not take; it takes ${columnNames(layout)}`,
    { details: { unknown: shortened(unknown) } },
  )
}

function unknownNames(names: readonly string[], fields: ArrayLike<number>, { unused }: RowLayout): readonly string[] {
  return names.filter((name, field) => fields[field] === -1 && !unused.has(name))
}

/**
 * The columns that stand in a row of so many values without names: those that are read, or all that the model was fitted
 * with.
 * @returns an index into `columns` for each value, -1 for one that is never read; undefined where they are the columns
 *   that are read, in their order, or neither
 */
export function placesIn(values: number, { columns, places }: RowLayout): Int32Array | undefined {
  return values !== columns.length && values === places?.length ? places : undefined
}

/** How many values a row without names may have, for a message: `7 (or 4, …)`. */
export function expectedValues({ columns, places }: RowLayout): string {
  if (places === undefined) return String(columns.length)
  return `${columns.length} (those that the model reads) or ${places.length} (all that it was fitted with)`
}

function columnNames(layout: RowLayout, most?: number): string {
  return quoteList(
    layout.columns.map((column) => column.name),
    most,
  )
}

function columnsWord({ length }: readonly string[]): string {
  return length === 1 ? 'the column' : 'the columns'
}

/** Callers' names for an error's details: few, and short. */
function shortened(names: readonly string[]): readonly string[] {
  return names.slice(0, 8).map((name) => name.slice(0, 80))
}

/** @throws {ServingError} `invalid_argument` when a name stands twice */
export function refuseDuplicates(names: readonly string[], what: string): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name))
      throw new ServingError(
        'invalid_argument',
        `${what} names the column ${quote(name)} twice; each name stands once`,
        {
          details: { column: name.slice(0, 80) },
        },
      )
    seen.add(name)
  }
}
