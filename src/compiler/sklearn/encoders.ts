import { quote } from '../../core/text.ts'
import type { PyValue } from '../../formats/python/values.ts'
import type { Value } from '../program/builder.ts'
import { categoryInputs, indexMap, readCategories, type CategoryList, type ColumnCodes } from './categories.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { MatrixFeatures, storedSparse, WholeFeatures, type Features } from './features.ts'
import { itemsIn, numbersOf, plain, type Fitted } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'
import { OneHotFeatures } from './one-hot-features.ts'

/** `OneHotEncoder`. @see scikit-learn, `OneHotEncoder.transform`, `_BaseEncoder._map_infrequent_categories` */
function oneHotEncoder(fitted: Fitted, context: Context): Opened {
  fitted.ignore('categories', 'sparse', 'sparse_output', 'drop', 'min_frequency', 'max_categories')
  const isWhole = readStorage(fitted).isWhole
  const isSparse = fitted.raw('sparse_output') !== false && fitted.raw('sparse') !== false
  const handling = fitted.choice('handle_unknown', ['error', 'ignore', 'infrequent_if_exist', 'warn'])
  const lists = readCategories(fitted, context)
  const groups = readInfrequent(fitted, lists)
  const dropped = readDropped(fitted, lists.length)
  // until 1.8, "warn" masked unknown categories where it should have called them infrequent
  const isGrouping = handling === 'infrequent_if_exist' || (handling === 'warn' && fitted.isSince(1, 8))
  let width = 0
  const columns: ColumnCodes[] = []
  const suffixes: string[][] = []
  lists.forEach((list, i) => {
    const { mapping, indices } = groups[i] ?? {}
    const drop = dropped[i]
    const count = list.values.length - (indices === undefined ? 0 : indices.length - 1)
    if (drop !== undefined && drop >= count) throw fitted.damaged(`it drops category ${drop} of ${count}`)
    const place = (category: number) => {
      const code = mapping?.[category] ?? category
      if (drop === undefined || code < drop) return width + code
      return code === drop ? -1 : width + code - 1
    }
    const codes = list.values.map((_, category) => place(category))
    const unknown = isGrouping && indices !== undefined ? place(indices[0] as number) : -1
    columns.push({ list, codes, unknown: handling === 'error' ? undefined : unknown })
    const names = mapping === undefined ? [...list.names] : frequentNames(list, mapping)
    if (drop !== undefined) names.splice(drop, 1)
    suffixes.push(names)
    width += names.length
  })
  if (width === 0) throw fitted.unsupported('it gives no columns at all')
  const combiner = fitted.raw('feature_name_combiner')
  const isNamed = combiner === undefined || combiner === 'concat'
  const canBeEqual = handling === 'ignore' && groups.every((group) => group === undefined)
  return {
    title: fitted.title,
    input: fitted.input(),
    transform(x: Features): Features {
      const names = isNamed && x.names !== undefined ? combine(x.names, suffixes) : undefined
      if (canBeEqual && columns.every(({ list }) => list.kind === 'number'))
        return storedSparse(
          new (isWhole ? WholeFeatures : MatrixFeatures)(context.ops, hotByEquality(x, columns, width, context), names),
          isSparse,
        )
      const hot = new OneHotFeatures(context.ops, width, () => categoryInputs(x, columns, fitted), names, isWhole)
      return storedSparse(hot, isSparse)
    },
  }
}

function combine(names: readonly string[], suffixes: readonly (readonly string[])[]): readonly string[] {
  return suffixes.flatMap((own, i) => own.map((suffix) => `${names[i] ?? ''}_${suffix}`))
}

function frequentNames(list: CategoryList, mapping: readonly number[]): string[] {
  const most = Math.max(...mapping)
  const names: string[] = []
  mapping.forEach((code, category) => {
    if (code < most) names[code] = list.names[category] ?? ''
  })
  names[most] = 'infrequent_sklearn'
  return names
}

/** Numbers that need no kernel: each column beside its categories, compared. */
function hotByEquality(x: Features, columns: readonly ColumnCodes[], width: number, { ops }: Context): Value {
  const sources = new Int32Array(width)
  const values = new Float64Array(width)
  const missing = new Uint8Array(width)
  columns.forEach(({ list, codes }, column) => {
    codes.forEach((at, category) => {
      if (at < 0) return
      const value = list.values[category]
      sources[at] = column
      values[at] = typeof value === 'number' ? value : 0
      missing[at] = value === undefined ? 1 : 0
    })
  })
  const spread = ops.gather(x.matrix(), ops.integers(sources), 1)
  let isHot = ops.equal(spread, ops.numbers(values))
  if (missing.includes(1)) {
    const isMissing = ops.constant('BOOL', [width], missing)
    isHot = ops.or(ops.and(isHot, ops.not(isMissing)), ops.and(ops.isNaN(spread), isMissing))
  }
  return ops.cast(isHot, 'FP64')
}

interface Infrequent {
  /** The code of each category once infrequent ones are one. */
  readonly mapping: readonly number[]
  readonly indices: readonly number[]
}

/** `_infrequent_indices` and `_default_to_infrequent_mappings`, undefined for a column that has none. */
function readInfrequent(
  fitted: Fitted,
  lists: readonly CategoryList[],
  without: ReadonlyMap<number, number> = new Map(),
): readonly (Infrequent | undefined)[] {
  const isEnabled = fitted.raw('_infrequent_enabled')
  if (isEnabled !== true) {
    if (isEnabled !== false && (fitted.has('min_frequency') || fitted.has('max_categories')))
      throw fitted.unsupported('it groups infrequent categories in a way that this Slipway does not know')
    return lists.map(() => undefined)
  }
  const indices = fitted.list('_infrequent_indices')
  const mappings = fitted.list('_default_to_infrequent_mappings')
  if (indices.length !== lists.length || mappings.length !== lists.length)
    throw fitted.damaged('its infrequent categories are not those of its columns')
  return lists.map((list, i) => {
    const own = plain(indices[i])
    const mapping = plain(mappings[i])
    if (own === null || own === undefined || mapping === null || mapping === undefined) return undefined
    const count = list.values.length - (without.has(i) ? 1 : 0)
    const codes = wholeNumbers(mapping, fitted)
    const positions = wholeNumbers(own, fitted)
    const isGood =
      codes.length === count &&
      positions.length > 0 &&
      codes.every((code) => code >= 0 && code <= count - positions.length) &&
      positions.every((position) => position >= 0 && position < count)
    if (!isGood) throw fitted.damaged(`the infrequent categories of column ${i + 1} are not among its categories`)
    return { mapping: codes, indices: positions }
  })
}

function wholeNumbers(value: PyValue, fitted: Fitted): number[] {
  const wrong = () => fitted.damaged(`there is ${describe(value)} where positions of categories should be`)
  const { data } = numbersOf(value, wrong)
  if (!data.every(Number.isSafeInteger)) throw wrong()
  return Array.from(data)
}

/** `_drop_idx_after_grouping`: the code that gets no column of its own, or undefined. */
function readDropped(fitted: Fitted, count: number): readonly (number | undefined)[] {
  const none = Array.from({ length: count }, () => undefined)
  const name = fitted.raw('_drop_idx_after_grouping') === undefined ? 'drop_idx_' : '_drop_idx_after_grouping'
  const value = fitted.raw(name)
  if (value === undefined && fitted.has('drop')) throw fitted.damaged(`it has no ${quote(name)}, though it drops some`)
  if (value === undefined || value === null) return none
  const items = itemsIn(value) ?? Array.from(numbersOf(value, () => fitted.damaged(`${quote(name)} is no list`)).data)
  if (items.length !== count) throw fitted.damaged(`${quote(name)} is for ${items.length} columns of ${count}`)
  return items.map((item) => {
    if (item === null) return undefined
    const index = Number(item)
    if ((typeof item !== 'bigint' && typeof item !== 'number') || !(index >= 0) || !Number.isInteger(index))
      throw fitted.damaged(`${quote(name)} has ${describe(item)} in it`)
    return index
  })
}

/** `OrdinalEncoder`. @see scikit-learn, `OrdinalEncoder.transform`: missing values are those of `_missing_indices` alone */
function ordinalEncoder(fitted: Fitted, context: Context): Opened {
  fitted.ignore('categories', 'min_frequency', 'max_categories')
  const handling = fitted.choice('handle_unknown', ['error', 'use_encoded_value'])
  const lists = readCategories(fitted, context)
  const missing = indexMap(fitted, '_missing_indices')
  const groups = readInfrequent(fitted, lists, missing)
  const { store, isWhole } = readStorage(fitted)
  const missingCode =
    missing.size > 0 || fitted.has('encoded_missing_value') ? fitted.number('encoded_missing_value', NaN) : NaN
  fitted.ignore('encoded_missing_value')
  const unknown = handling === 'error' ? undefined : store(fitted.number('unknown_value'))
  fitted.ignore('unknown_value')
  const columns = lists.map((list, i): ColumnCodes => {
    const { mapping } = groups[i] ?? {}
    const codes = list.values.map((_, category) =>
      store(missing.get(i) === category ? missingCode : (mapping?.[category] ?? category)),
    )
    return { list, codes, unknown }
  })
  return coder(fitted, context, columns, (x) => x.names, isWhole)
}

/** A transformer that gives each column's codes. */
function coder(
  fitted: Fitted,
  { ops }: Context,
  columns: readonly ColumnCodes[],
  namesOf: (x: Features) => readonly string[] | undefined,
  isWhole = false,
): Opened {
  return {
    title: fitted.title,
    input: fitted.input(),
    transform(x: Features): Features {
      const { inputs, columns: parameters } = categoryInputs(x, columns, fitted)
      const shape = [-1, columns.length]
      const [codes] = ops.b.kernel('categories', { columns: parameters }, inputs, [{ datatype: 'FP64', shape }])
      return new (isWhole ? WholeFeatures : MatrixFeatures)(ops, codes as Value, namesOf(x))
    },
  }
}

/** What a code becomes in an array of the encoder's `dtype`. */
function readStorage(fitted: Fitted): { readonly store: (code: number) => number; readonly isWhole: boolean } {
  const value = fitted.raw('dtype')
  const name = dtypeName(value)
  if (name === 'float32' || name === 'single') return { store: Math.fround, isWhole: false }
  if (/^(?:float64|double|float|object|bool_?)$/.test(name ?? '')) return { store: (code) => code, isWhole: false }
  const [, sign, bits = '64'] = /^(u?)int(8|16|32|64)?(?:_|p|c)?$/.exec(name ?? '') ?? []
  if (sign === undefined)
    throw fitted.unsupported(`"dtype" is ${name ?? describe(value)}; covered are floats and integers`)
  const [least, most] =
    sign === 'u' ? [0, 2 ** Number(bits) - 1] : [-(2 ** (Number(bits) - 1)), 2 ** (Number(bits) - 1) - 1]
  const store = (code: number) => {
    if (Number.isInteger(code) && code >= least && code <= most) return code
    throw fitted.unsupported(`its code ${code} does not go into its dtype ${name}`)
  }
  return { store, isWhole: true }
}

function dtypeName(value: PyValue | undefined): string | undefined {
  if (value === undefined) return 'float64'
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined
  if (value.kind === 'global') return value.name
  if (value.kind !== 'dtype') return undefined
  const kinds: Partial<Record<typeof value.code, string>> = { f: 'float', i: 'int', u: 'uint', b: 'bool' }
  const kind = kinds[value.code]
  if (kind === undefined || kind === 'bool') return kind
  return `${kind}${value.itemSize * 8}`
}

/** `TargetEncoder`: each category's mean of the target, one column a class where there are several. */
function targetEncoder(fitted: Fitted, context: Context): Opened {
  fitted.ignore('categories', 'target_type', 'smooth', 'cv', 'shuffle')
  const lists = readCategories(fitted, context)
  const kind = fitted.choice('target_type_', ['binary', 'multiclass', 'continuous'])
  const labels = kind === 'multiclass' ? fitted.labels('classes_') : undefined
  const each = labels?.count ?? 1
  const means = fitted.numbers('target_mean_').data
  const encodings = fitted.list('encodings_')
  if (means.length !== each || encodings.length !== lists.length * each)
    throw fitted.damaged(`it has ${encodings.length} encodings and ${means.length} means for ${lists.length} columns`)
  const columns = encodings.map((encoding, i): ColumnCodes => {
    const source = Math.floor(i / each)
    const list = lists[source] as CategoryList
    const wrong = () => fitted.damaged(`encoding ${i + 1} is no list of numbers`)
    const { data } = numbersOf(encoding, wrong)
    if (data.length !== list.values.length)
      throw fitted.damaged(`encoding ${i + 1} has ${data.length} numbers for ${list.values.length} categories`)
    return { list, codes: Array.from(data), unknown: means[i % each], source }
  })
  return coder(fitted, context, columns, ({ names }) =>
    labels === undefined ? names : names?.flatMap((name) => labels.names.map((label) => `${name}_${label}`)),
  )
}

export const ENCODERS: Openers = {
  'sklearn.OneHotEncoder': oneHotEncoder,
  'sklearn.OrdinalEncoder': ordinalEncoder,
  'sklearn.TargetEncoder': targetEncoder,
}
