import { isKind } from '../../formats/python/refs.ts'
import { quote } from '../../core/text.ts'
import { jsonNumber, jsonNumbers, type Value } from '../program/builder.ts'
import type { Context } from './contract.ts'
import { ColumnFeatures, type Features } from './features.ts'
import { itemsIn, numbersOf, plain, type Fitted } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'
import type { PyValue } from '../../formats/python/values.ts'

/** The categories that one column was fitted on. */
export interface CategoryList {
  readonly kind: 'text' | 'number'
  /** undefined stands for a missing value: None or NaN. */
  readonly values: readonly (string | number | undefined)[]
  /** Position of the missing value, -1 where it is no category. */
  readonly missing: number
  /** As Python's `str` writes them. */
  readonly names: readonly string[]
}

/**
 * `categories_` of an encoder, one list a column: all text, or all numbers, with or without a missing value.
 * @throws {ServingError} `unsupported` for categories of several kinds, or of neither
 */
export function readCategories(fitted: Fitted, context: Context): readonly CategoryList[] {
  const lists = fitted.list('categories_')
  const input = fitted.input()
  if (input !== undefined && lists.length !== fitted.width())
    throw fitted.damaged(`it has categories for ${lists.length} columns, and was fitted on ${fitted.width()}`)
  return lists.map((list, column) => readList(list, column, fitted, context))
}

function readList(list: PyValue, column: number, fitted: Fitted, context: Context): CategoryList {
  const where = `the categories of column ${column + 1}`
  const items = itemsIn(list) ?? numericItems(list, where, fitted)
  const values: (string | number | undefined)[] = []
  const names: string[] = []
  let missing = -1
  for (const [i, item] of items.entries()) {
    names.push(pythonText(item))
    if (item === null || (typeof item === 'number' && Number.isNaN(item))) {
      if (missing >= 0)
        context.warn(
          `${fitted.where}: column ${column + 1} knows both None and NaN as categories; missing values count as NaN`,
        )
      // None stands before NaN: the last one stays
      missing = i
      values.push(undefined)
    } else if (typeof item === 'string' || typeof item === 'number') values.push(item)
    else if (typeof item === 'boolean') values.push(item ? 1 : 0)
    else if (typeof item === 'bigint' && BigInt(Number(item)) === item) values.push(Number(item))
    else throw fitted.unsupported(`${where} have ${describe(item)} among them; text and numbers are covered`)
  }
  const hasText = values.some((value) => typeof value === 'string')
  if (hasText && values.some((value) => typeof value === 'number'))
    throw fitted.unsupported(
      `${where} are text and numbers together, and one column of a request is either; fit it on text alone`,
    )
  if (missing >= 0 && values.includes(''))
    throw fitted.unsupported(
      `${where} are empty text and a missing value among others, and a request has empty bytes for both; fit it with one of them replaced`,
    )
  // an array of objects that are all missing was a column of text
  const isText = hasText || (itemsIn(list) !== undefined && values.every((value) => value === undefined))
  return { kind: isText ? 'text' : 'number', values, missing, names }
}

function numericItems(list: PyValue, where: string, fitted: Fitted): readonly PyValue[] {
  const isBool = typeof list === 'object' && list !== null && 'dtype' in list && list.dtype.code === 'b'
  const isWhole =
    typeof list === 'object' && list !== null && 'dtype' in list && (list.dtype.code === 'i' || list.dtype.code === 'u')
  const { data, shape } = numbersOf(list, () =>
    fitted.unsupported(`${where} are ${describe(list)}; text and numbers are covered`),
  )
  if (shape.length !== 1) throw fitted.damaged(`${where} are an array of ${shape.length} dimensions`)
  if (isBool) return Array.from(data, (value) => value === 1)
  return isWhole ? Array.from(data, BigInt) : Array.from(data)
}

/** A category as Python's `str` writes it, for the names of columns. */
function pythonText(value: PyValue | undefined): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'number') return ''
  if (Number.isNaN(value)) return 'nan'
  const text = String(value)
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  if (exponent >= 16 || exponent < -4) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  return Number.isInteger(value) ? `${text}.0` : text
}

/** What becomes of one column's categories. */
export interface ColumnCodes {
  readonly list: CategoryList
  /** The code of each category. */
  readonly codes: readonly number[]
  /** The code of what is not known; undefined refuses it. */
  readonly unknown: number | undefined
  /** Which column of the features it is; its own position where nothing is said. */
  readonly source?: number
}

/**
 * Inputs and `columns` parameters of the host kernels over categories: columns that lie side by side are fed as they are,
 * the others one by one.
 */
export function categoryInputs(
  x: Features,
  columns: readonly ColumnCodes[],
  fitted: Pick<Fitted, 'damaged'>,
): { readonly inputs: readonly Value[]; readonly columns: readonly object[] } {
  const inputs: Value[] = []
  const place = placer(x, columns, inputs)
  return {
    inputs,
    columns: columns.map(({ list, codes, unknown, source }, i) => {
      const at = source ?? i
      if (at >= x.width) throw fitted.damaged(`it was fitted on more columns than the ${x.width} that it is given`)
      const known = list.values.flatMap((value, position) =>
        value === undefined ? [] : [{ value, code: codes[position] as number }],
      )
      const missing = list.missing < 0 ? unknown : (codes[list.missing] as number)
      const isText = list.kind === 'text'
      const values = known.map(({ value }) => (isText ? value : jsonNumber(value as number)))
      const all = known.map(({ code }) => code)
      if (!isText && list.missing >= 0) {
        values.push('NaN')
        all.push(missing as number)
      }
      return {
        name: x.names?.[at] ?? `X[${at}]`,
        kind: list.kind,
        values,
        codes: jsonNumbers(all),
        missing: missing === undefined ? null : jsonNumber(missing),
        unknown: unknown === undefined ? null : jsonNumber(unknown),
        ...place(at, list.kind, list.missing >= 0),
      }
    }),
  }
}

type Place = (
  column: number,
  kind: CategoryList['kind'],
  knowsMissing: boolean,
) => { readonly input: number; readonly place: number }

function placer(x: Features, columns: readonly ColumnCodes[], inputs: Value[]): Place {
  if (columns.every(({ list }) => list.kind === 'number') && !(x instanceof ColumnFeatures)) {
    inputs.push(x.matrix())
    return (column) => ({ input: 0, place: column })
  }
  const seen = new Map<string, number>()
  return (column, kind, knowsMissing) => {
    const key = `${kind} ${column}`
    let input = seen.get(key)
    if (input === undefined) {
      seen.set(key, (input = inputs.length))
      const from = x.column(column)
      const asText = () => (knowsMissing ? from.textWithMissing?.() : undefined) ?? from.text()
      inputs.push(kind === 'text' ? asText() : from.number())
    }
    return { input, place: 0 }
  }
}

/** `{column: category}` of whole numbers, as `_missing_indices` has them. */
export function indexMap(fitted: Fitted, name: string): ReadonlyMap<number, number> {
  const value = fitted.raw(name)
  if (value === undefined || value === null) return new Map()
  if (!isKind(value, 'dict')) throw fitted.damaged(`${quote(name)} is ${describe(value)}, and should be a dict`)
  return new Map(value.entries.map(([key, index]) => [Number(plain(key)), Number(plain(index))]))
}
