import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, ColumnFeatures, JoinedFeatures, MatrixFeatures, type Column, type Features } from './features.ts'
import { Fitted, itemsIn, numbersOf } from './fitted.ts'

/**
 * What stands for a missing value: NaN, None and pandas' NA are all one here (`blank`), as requests have one way to say it;
 * or a number or text that the data uses for it.
 */
export type Missing =
  | { readonly kind: 'blank' }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }

/** `missing_values` of an imputer. */
export function missingOf(fitted: Fitted): Missing {
  const value = fitted.raw('missing_values')
  if (value === undefined || value === null) return { kind: 'blank' }
  if (typeof value === 'number') return Number.isNaN(value) ? { kind: 'blank' } : { kind: 'number', value }
  if (typeof value === 'bigint') return { kind: 'number', value: Number(value) }
  if (typeof value === 'string') return { kind: 'text', value }
  if (typeof value === 'object' && !(value instanceof Uint8Array)) {
    const name = value.kind === 'global' ? value.name : value.kind === 'object' ? value.class.name : ''
    if (/^(C_NA|NA|NAType)$/.test(name)) return { kind: 'blank' }
  }
  throw fitted.unsupported('its "missing_values" is neither a number, nor text, None or NA')
}

/** What fills a column's missing values; undefined for a column that is dropped. */
type Filling = number | string | undefined

/** `SimpleImputer` of numbers and text; `strategy` has done its work when fitting, `statistics_` are what it found. */
function simpleImputer(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('fill_value')
  const missing = missingOf(fitted)
  const isNaNMissing = typeof fitted.raw('missing_values') === 'number' && missing.kind === 'blank'
  const statistics = fillingsOf(fitted)
  const width = fitted.width()
  if (statistics.length !== width)
    throw fitted.damaged(`it has ${statistics.length} "statistics_" for ${width} features`)
  const isConstant = fitted.raw('strategy') === 'constant'
  const keepsAll = fitted.flag('keep_empty_features', false) || (isConstant && !fitted.isSince(1, 8))
  const isKept = (filling: Filling) => keepsAll || (filling !== undefined && !Number.isNaN(filling))
  const kept = statistics.flatMap((filling, i) => (isKept(filling) ? [i] : []))
  const indicator = indicatorOf(fitted, context, (column) => typeof statistics[column] === 'string')
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => {
      const names = x.names === undefined ? undefined : kept.map((i) => x.names?.[i] ?? '')
      const filled = fillColumns(
        ops,
        x.select(kept),
        kept.map((i) => statistics[i]),
        missing,
        names,
        isNaNMissing,
      )
      return indicator === undefined ? filled : beside(ops, filled, indicator(x))
    },
  }
}

/**
 * The fitted `indicator_` of an imputer with `add_indicator`, as what it makes of the imputer's columns.
 * @param isText says which of them are text
 */
export function indicatorOf(
  fitted: Fitted,
  { ops }: Context,
  isText: (column: number) => boolean = () => false,
): ((x: Features) => Features) | undefined {
  if (!fitted.flag('add_indicator', false)) return undefined
  const value = fitted.value('indicator_')
  const indicator = fitted.inside(value, 'its indicator', 'its indicator is no MissingIndicator')
  const features = indicatedFeatures(indicator, fitted.width())
  const missing = missingOf(indicator)
  return (x) => indicate(ops, x, features, missing, isText)
}

/** An imputer's columns with those of its indicator. */
export function beside(ops: Ops, filled: Features, indicated: Features): Features {
  if (indicated.width === 0) return filled
  const names =
    filled.names === undefined || indicated.names === undefined ? undefined : [...filled.names, ...indicated.names]
  return new JoinedFeatures(ops, [filled, indicated], names)
}

function fillingsOf(fitted: Fitted): Filling[] {
  const array = fitted.value('statistics_')
  const items = itemsIn(array)
  if (items === undefined) return Array.from(fitted.vector('statistics_'))
  return items.map((item) => {
    if (typeof item === 'string') return item
    // None is the most frequent where None does not count as missing: such columns stay as they are
    if (item === null) return ''
    return numbersOf(item, () => fitted.damaged('one of its "statistics_" is neither a number nor text')).data[0]
  })
}

/** Columns that are all numbers are filled at once; others one by one, text as text. */
function fillColumns(
  ops: Ops,
  x: Features,
  fillings: readonly Filling[],
  missing: Missing,
  names: readonly string[] | undefined,
  isNaNMissing: boolean,
): Features {
  if (fillings.every((filling) => typeof filling !== 'string'))
    return fillNumbers(
      ops,
      x,
      fillings.map((filling) => filling ?? Number.NaN),
      missing,
      names,
    )
  return new ColumnFeatures(
    ops,
    fillings.map((filling, i): Column => {
      const own = names?.[i]
      if (typeof filling !== 'string') {
        const filled = fillNumbers(ops, x.select([i]), [filling ?? Number.NaN], missing, undefined)
        return { ...filled.column(0), name: own }
      }
      const text = () => fillText(ops, x.column(i).text(), filling, missing)
      const before = isNaNMissing && { textWithMissing: () => x.column(i).text() }
      return { name: own, isText: true, text, ...before, number: () => textAsNumber(ops, text(), own) }
    }),
  )
}

function fillNumbers(
  ops: Ops,
  x: Features,
  fillings: readonly number[],
  missing: Missing,
  names: readonly string[] | undefined,
): Features {
  if (fillings.length === 0 || missing.kind === 'text') return x
  const isBlank = missing.kind === 'blank'
  const value = ops.where(isMissing(ops, x.matrix(), missing), ops.numbers(fillings), x.matrix())
  return new MatrixFeatures(ops, value, names, (isNaNAllowed) =>
    // what was NaN is filled; an infinity is refused where scikit-learn's imputer refuses it, at its own input
    fillNumbers(ops, checked(ops, x, isNaNAllowed || isBlank), fillings, missing, names),
  )
}

/** BOOL of the shape of FP64 x. */
export function isMissing(ops: Ops, x: Value, missing: Missing): Value {
  if (missing.kind === 'number') return ops.equal(x, missing.value)
  return missing.kind === 'blank' ? ops.isNaN(x) : ops.less(x, -Infinity)
}

function fillText(ops: Ops, text: Value, filling: string, missing: Missing): Value {
  if (missing.kind === 'number') return text
  const [filled] = ops.b.kernel(
    'fill-text',
    { missing: missing.kind === 'text' ? missing.value : '', fill: filling },
    [text],
    [{ datatype: 'BYTES', shape: text.shape }],
  )
  return filled as Value
}

function textAsNumber(ops: Ops, text: Value, name: string | undefined): Value {
  const [number] = ops.b.kernel(
    'numbers-from-text',
    { columns: [name ?? 'X'] },
    [text],
    [{ datatype: 'FP64', shape: [-1, 1] }],
  )
  return number as Value
}

/** `MissingIndicator`: 1 where a value is missing, of the features that had missing ones when it was fitted, or of all. */
function missingIndicator(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('sparse')
  const missing = missingOf(fitted)
  const isOnlyMissing = fitted.choice('features', ['missing-only', 'all'], 'missing-only') === 'missing-only'
  const width = fitted.width()
  const features = indicatedFeatures(fitted, width)
  const indicated = new Set(features)
  const others = Array.from({ length: width }, (_, i) => i).filter((i) => !indicated.has(i))
  const refusesNew = fitted.flag('error_on_new', true) && isOnlyMissing && missing.kind === 'blank' && others.length > 0
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => indicate(ops, refusesNew ? withoutMissing(ops, x, others) : x, features, missing, () => false),
  }
}

function indicatedFeatures(fitted: Fitted, width: number): number[] {
  const features = fitted.ints('features_')
  if (!features.every((feature) => feature >= 0 && feature < width))
    throw fitted.damaged('it indicates a feature that it was not fitted on')
  return features
}

/** FP64 columns of 0 and 1, one for each of `features`. */
function indicate(
  ops: Ops,
  x: Features,
  features: readonly number[],
  missing: Missing,
  isText: (column: number) => boolean,
): Features {
  const names = x.names === undefined ? undefined : features.map((i) => `missingindicator_${x.names?.[i] ?? ''}`)
  const ofNumbers = (part: Value) => ops.cast(isMissing(ops, part, missing), 'FP64')
  const parts = features.some(isText)
    ? features.map((i) =>
        isText(i) ? isMissingText(ops, x.column(i).text(), missing) : ofNumbers(x.select([i]).matrix()),
      )
    : features.length === 0
      ? []
      : [ofNumbers(x.select(features).matrix())]
  const columns = parts.map((part): Features => {
    const made: MatrixFeatures = new MatrixFeatures(ops, part, undefined, () => made)
    return made
  })
  return new JoinedFeatures(ops, columns, names)
}

/** FP64 [rows, 1]: 1 where text is missing. */
function isMissingText(ops: Ops, text: Value, missing: Missing): Value {
  const marked = missing.kind === 'text' ? missing.value : ''
  const isBlank = missing.kind === 'blank' || marked === ''
  const column = { name: 'X', values: [marked], codes: [1], missing: isBlank ? 1 : 0, unknown: 0 }
  const [found] = ops.b.kernel('categories', { columns: [column] }, [text], [{ datatype: 'FP64', shape: [-1, 1] }])
  return found as Value
}

/** Refuses rows that miss a value of `columns`, and hands all columns on. */
function withoutMissing(ops: Ops, x: Features, columns: readonly number[]): Features {
  const [matrix] = ops.b.kernel(
    'refuse-missing',
    { names: x.names ?? [], columns: null, isNaNAllowed: false, only: columns },
    [x.matrix()],
    [{ datatype: 'FP64', shape: [-1, x.width] }],
  )
  return new MatrixFeatures(ops, matrix as Value, x.names)
}

export const IMPUTERS: Openers = {
  'sklearn.SimpleImputer': simpleImputer,
  'sklearn.MissingIndicator': missingIndicator,
}
