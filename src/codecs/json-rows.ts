import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { isBase64Object } from './cells.ts'
import type { DecodedRows, RowProblem } from './csv.ts'
import { MAX_OTHER_KEYS } from './json-scanner.ts'
import { refuseRepeatedKeys } from './repeated-keys.ts'
import { collectRows, type RowBuilder } from './row-builder.ts'
import {
  expectedValues,
  fitOptional,
  hasOptional,
  placesIn,
  withWidth,
  type ExtraColumns,
  type RowLayout,
} from './row-layout.ts'
import { checkColumns } from './table-limits.ts'
import { refuseWideObjects } from './wide-objects.ts'

/** What becomes of a column that a row does not name: as if it were null, or the row is refused. */
export type MissingColumns = 'null' | 'refused'

/**
 * JSON text as a value. Where the model takes 64-bit integers, those beyond 2^53 come out as `bigint`, exact. A key
 * stands once in an object, which has 10,000 keys at most besides the model's own.
 * @param what names the text in an error: `the body`, `line 3`
 * @throws {ServingError} `invalid_argument`
 */
export function parseJson(text: string, layout: RowLayout, what: string): unknown {
  const members = refuseWideObjects(text, MAX_OTHER_KEYS + layout.columns.length + layout.inputs.length, what)
  const needsDigits =
    layout.inputs.some(({ spec }) => spec.datatype === 'INT64' || spec.datatype === 'UINT64') && hasLongWhole(text)
  let value: unknown
  try {
    value = needsDigits ? JSON.parse(text, keepDigits) : JSON.parse(text)
  } catch (error) {
    throw new ServingError('invalid_argument', `${what} ${whyNotJson(error, text)}`, { cause: error })
  }
  refuseRepeatedKeys(value, text, what, members)
  return value
}

/** Whole numbers of 16 digits or more, by what stands around them in JSON; the fractions of doubles are none. */
const LONG_WHOLE = /[[:,\s-]\d{16,20}[\s,\]}]/
const ONE_LONG_WHOLE = /^\s*-?\d{16,20}\s*$/

function hasLongWhole(text: string): boolean {
  return LONG_WHOLE.test(text) || ONE_LONG_WHOLE.test(text)
}

function whyNotJson(error: unknown, text: string): string {
  if (error instanceof RangeError) return 'is nested too deeply'
  const message = error instanceof Error ? error.message : ''
  // only the position or the one character is taken: the engine's message repeats the caller's text as it came
  const token = /^Unexpected token '(.)'/su.exec(message)?.[1]
  const place =
    / at position \d+( \(line \d+ column \d+\))?/.exec(message)?.[0] ??
    (token === undefined ? undefined : `: ${quote(token)} is unexpected`)
  const isCut = message.includes('end of JSON input')
  const hint = /\b(NaN|Infinity)\b/.test(text) ? '; JSON has no NaN: send null for a missing number' : ''
  return `is not valid JSON${place ?? (isCut ? ': it ends too early' : '')}${hint}`
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source ?? ''
  return /^-?\d{16,20}$/.test(source) ? BigInt(source) : value
}

/**
 * Rows of JSON values as the inputs of a model.
 * @param values each row an array in the signature's order, an object by column (or input) name, an object
 *   `{"features": […]}`, or the bare value where a row has one
 * @param extra whether a row may have names that the model does not know
 * @param absent what becomes of a column that an object does not name
 * @throws {ServingError} `invalid_argument` with `details.row`, counted from 1
 */
export function decodeJsonRows(
  values: readonly unknown[],
  layout: RowLayout,
  extra: ExtraColumns = 'refused',
  absent: MissingColumns = 'refused',
): DecodedRows {
  if (values.length === 0) throw new ServingError('invalid_argument', 'there are no rows; send at least one')
  const fitted = fitWidth(values[0], fitToObjects(values, layout))
  const inputs = collectRows(fitted, values.length, (builder, row, index) => {
    const problem = setJsonRow(builder, row, values[index], fitted, extra, absent)
    if (problem !== undefined) throw jsonRowError(problem, 'row', index)
  })
  return { inputs, rows: values.length }
}

/** The layout for rows of which those that are objects do not name some inputs that the model does without. */
export function fitToObjects(values: readonly unknown[], layout: RowLayout): RowLayout {
  if (!hasOptional(layout)) return layout
  const names = new Set<string>()
  for (const value of values) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return layout
    for (const name of Object.keys(value)) names.add(name)
  }
  return fitOptional(layout, names)
}

/**
 * The layout for rows as wide as the first one, where the model leaves that open.
 * @throws {ServingError} `too_large` for more columns than a table may have
 */
export function fitWidth(firstRow: unknown, layout: RowLayout): RowLayout {
  if (!layout.isWidthFree) return layout
  const row = listOf(firstRow, layout)
  const width = Array.isArray(row) && row.length > 0 ? row.length : 1
  checkColumns(width, layout, 'the first row')
  return withWidth(layout, width)
}

export function jsonRowError(problem: RowProblem, unit: 'row' | 'line', index: number): ServingError {
  return new ServingError('invalid_argument', `${unit} ${index + 1}: ${problem.message}`, {
    details: { [unit]: index + 1, ...(problem.column === undefined ? {} : { column: problem.column }) },
  })
}

/**
 * Writes one row's value into a row of the builder.
 * @param absent of a row that is an object: what becomes of the columns that it does not name
 * @returns what is wrong with it, undefined when all was written
 */
export function setJsonRow(
  builder: RowBuilder,
  row: number,
  value: unknown,
  layout: RowLayout,
  extra: ExtraColumns,
  absent: MissingColumns = 'refused',
): RowProblem | undefined {
  if (takesJson(layout)) return setColumn(builder, row, 0, jsonIn(value, layout), layout)
  const list = listOf(value, layout)
  if (Array.isArray(list)) return setList(builder, row, list, layout)
  if (typeof list === 'object' && list !== null && !isBareBytes(list, layout))
    return setObject(builder, row, list as Readonly<Record<string, unknown>>, layout, extra, absent)
  if (layout.columns.length === 1) return setColumn(builder, row, 0, list, layout)
  return {
    message: `the row is ${kindOf(list)}; send an array of ${expectedValues(layout)} values or an object by column name`,
  }
}

/** Whether a row is one JSON value, an object or a list, which says what it holds by itself. */
export function takesJson({ inputs, columns }: RowLayout): boolean {
  return columns.length === 1 && inputs[0]?.spec.isJson === true
}

/**
 * The JSON value of a row of such a model: the row itself, or what stands in it as the only column. A list of one text
 * that is JSON itself, or of one object, is that column; any other list is the value.
 */
function jsonIn(row: unknown, { inputs }: RowLayout): unknown {
  if (typeof row !== 'object' || row === null) return row
  const values = Object.values(row) as unknown[]
  const [only] = values
  if (values.length !== 1) return row
  const isColumn = Array.isArray(row) || Object.hasOwn(row, inputs[0]?.spec.name ?? '')
  const isObject = typeof only === 'object' && only !== null && !Array.isArray(only)
  const isText = typeof only === 'string' && /^\s*[[{]/.test(only)
  return isColumn && (isObject || isText || (Array.isArray(only) && !Array.isArray(row))) ? only : row
}

/** `{"features": […]}` is the array itself, unless the model has a column of that name. */
export function listOf(value: unknown, layout: RowLayout): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const keys = Object.keys(value)
  if (keys.length !== 1 || keys[0] !== 'features' || knows(layout, 'features')) return value
  return (value as { features: unknown }).features
}

function knows(layout: RowLayout, name: string): boolean {
  return layout.columns.some((column) => column.name === name) || layout.inputs.some(({ spec }) => spec.name === name)
}

/** `{"b64": "…"}` in place of a row's only value, unless the model has a column of that name. */
function isBareBytes(value: object, layout: RowLayout): boolean {
  return layout.columns.length === 1 && isBase64Object(value) && !knows(layout, 'b64')
}

function setList(
  builder: RowBuilder,
  row: number,
  list: readonly unknown[],
  layout: RowLayout,
): RowProblem | undefined {
  const { columns, inputs } = layout
  if (inputs.length > 1 && list.length === inputs.length && list.some((entry) => Array.isArray(entry))) {
    for (let input = 0; input < inputs.length; input++) {
      const problem = setInput(builder, row, input, list[input], layout)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (inputs.length === 1 && list.length !== columns.length && layout.places === undefined)
    return setInput(builder, row, 0, list, layout)
  if (inputs.length === 1 && Array.isArray(list[0])) return setInput(builder, row, 0, list, layout)
  const places = placesIn(list.length, layout)
  if (list.length !== columns.length && places === undefined)
    return { message: `the array has ${list.length} values where ${expectedValues(layout)} are expected` }
  for (let place = 0; place < list.length; place++) {
    const column = places === undefined ? place : (places[place] as number)
    if (column < 0) continue
    const value = list[place]
    const { input } = columns[column] as RowLayout['columns'][number]
    // an input of one element a row may be nested: its shape is [rows, 1]
    const isNested = Array.isArray(value) && inputs[input]?.width === 1
    const problem = isNested
      ? setInput(builder, row, input, value, layout)
      : setColumn(builder, row, column, value, layout)
    if (problem !== undefined) return problem
  }
  return undefined
}

function setObject(
  builder: RowBuilder,
  row: number,
  object: Readonly<Record<string, unknown>>,
  layout: RowLayout,
  extra: ExtraColumns,
  absent: MissingColumns,
): RowProblem | undefined {
  let used = 0
  for (let input = 0; input < layout.inputs.length; input++) {
    const { spec, width, firstColumn } = layout.inputs[input] as RowLayout['inputs'][number]
    const isWhole = Object.hasOwn(object, spec.name) && (width > 1 || Array.isArray(object[spec.name]))
    if (isWhole) {
      const problem = setInput(builder, row, input, object[spec.name], layout)
      if (problem !== undefined) return problem
      used++
    } else {
      for (let column = firstColumn; column < firstColumn + width; column++) {
        const name = layout.columns[column]?.name ?? ''
        const isThere = Object.hasOwn(object, name)
        if (!isThere && absent === 'refused' && spec.isOptional !== true)
          return { message: missing(name, object, layout) }
        const problem = setColumn(builder, row, column, isThere ? object[name] : null, layout)
        if (problem !== undefined) return problem
        if (isThere) used++
      }
    }
  }
  if (extra === 'allowed' || Object.keys(object).length === used) return undefined
  const known = new Set([...layout.columns.map(({ name }) => name), ...layout.inputs.map(({ spec }) => spec.name)])
  const others = Object.keys(object).filter((name) => !known.has(name))
  const unknown = others.filter((name) => !layout.unused.has(name))
  if (unknown.length === 0 && Object.keys(object).length === used + others.length) return undefined
  if (unknown.length === 0) return { message: 'the row names an input and columns of it; send the one or the others' }
  const [noun, verb] = unknown.length === 1 ? ['name', 'is'] : ['names', 'are']
  return { message: `the ${noun} ${quoteList(unknown)} ${verb} unknown; the model takes ${namesOf(layout)}` }
}

function missing(name: string, object: object, layout: RowLayout): string {
  const given = quoteList(Object.keys(object), 4)
  return `${quote(name, 40)} is missing; the row names ${given}, the model takes ${namesOf(layout)}`
}

function namesOf(layout: RowLayout): string {
  return layout.isNamed
    ? quoteList(layout.columns.map((column) => column.name))
    : `an array for ${quoteList(layout.inputs.map(({ spec }) => spec.name))}`
}

/** Writes all elements that one row gives an input: flat, or nested as its shape is. */
export function setInput(
  builder: RowBuilder,
  row: number,
  input: number,
  value: unknown,
  layout: RowLayout,
): RowProblem | undefined {
  const { spec, width, rowShape, firstColumn } = layout.inputs[input] as RowLayout['inputs'][number]
  const isNested = Array.isArray(value) && value.some((entry) => Array.isArray(entry))
  const flat = isNested ? flatten(value, rowShape) : Array.isArray(value) ? value : [value]
  if (flat === undefined)
    return { message: `the nested array for ${quote(spec.name, 40)} has not the shape [${rowShape.join(',')}]` }
  if (flat.length !== width)
    return {
      message: `the array has ${flat.length} values where ${width} ${width === 1 ? 'is' : 'are'} expected`,
    }
  for (let offset = 0; offset < width; offset++) {
    const problem = setColumn(builder, row, firstColumn + offset, flat[offset], layout)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** A nested array as one list, undefined when it has not this shape. Depth is bounded by the shape, not by the value. */
function flatten(value: unknown, shape: readonly number[]): unknown[] | undefined {
  let level: unknown[] = [value]
  for (const size of shape) {
    const next: unknown[] = []
    for (const entry of level) {
      if (!Array.isArray(entry) || entry.length !== size) return undefined
      for (const inner of entry) next.push(inner)
    }
    level = next
  }
  return level
}

/** Writes the value of one column of a row. */
export function setColumn(
  builder: RowBuilder,
  row: number,
  column: number,
  value: unknown,
  layout: RowLayout,
): RowProblem | undefined {
  const problem = builder.setValue(row, column, value)
  if (problem === undefined) return undefined
  return {
    message: `column ${column + 1} (${quote(layout.columns[column]?.name ?? '', 40)}): ${problem}`,
    column: column + 1,
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'bigint') return 'a number'
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
