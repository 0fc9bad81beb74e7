import type { PyValue } from '../../formats/python/values.ts'
import { jsonNumber, jsonNumbers, type Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { MatrixFeatures, type Features } from './features.ts'
import { Fitted, numbersOf } from './fitted.ts'
import { beside, indicatorOf, isMissing, missingOf, type Missing } from './imputers.ts'

/** `KNNImputer`: the mean of the nearest rows, by a host kernel. */
function knnImputer(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  const missing = numericMissing(fitted)
  const width = fitted.width()
  fitted.choice('metric', ['nan_euclidean'])
  const { data, shape } = fitted.numbers('_fit_X', 2)
  if (shape[1] !== width) throw fitted.damaged(`its rows have ${shape[1]} columns, it was fitted on ${width}`)
  const parameters = {
    width,
    values: jsonNumbers(data),
    missing: jsonNumber(missing.kind === 'number' ? missing.value : Number.NaN),
    neighbors: fitted.int('n_neighbors'),
    weights: fitted.choice('weights', ['uniform', 'distance']),
    // until 1.6, rows without a distance counted as much as the others
    countsStrangers: !fitted.isSince(1, 6),
  }
  const isValid = fitted.numbers('_valid_mask').data
  if (isValid.length !== width) throw fitted.damaged('"_valid_mask" is not for its columns')
  const keepsEmpty = fitted.flag('keep_empty_features', false)
  const valid = Array.from(isValid.keys()).filter((column) => isValid[column] === 1)
  const indicator = indicatorOf(fitted, context)
  return {
    title: fitted.title,
    input: fitted.input(),
    transform(x): Features {
      const output = { datatype: 'FP64' as const, shape: [-1, width] }
      const [filled] = ops.b.kernel('impute-neighbors', parameters, [x.matrix()], [output])
      const kept = keepsEmpty && valid.length < width ? emptied(ops, filled as Value, isValid) : (filled as Value)
      const columns: Features = new MatrixFeatures(ops, kept, x.names)
      const result = keepsEmpty || valid.length === width ? columns : columns.select(valid)
      return indicator === undefined ? result : beside(ops, result, indicator(x))
    },
  }
}

/** Columns that fitting saw no value of are zero. */
function emptied(ops: Ops, x: Value, isValid: Float64Array): Value {
  return ops.where(ops.constant('BOOL', [isValid.length], Uint8Array.from(isValid)), x, 0)
}

function numericMissing(fitted: Fitted): Exclude<Missing, { kind: 'text' }> {
  const missing = missingOf(fitted)
  if (missing.kind === 'text') throw fitted.unsupported('its "missing_values" is text, and it works on numbers')
  return missing
}

/** One column's turn: what it is predicted from, and by which estimator. */
interface Turn {
  readonly feature: number
  readonly neighbors: readonly number[]
  readonly predict: (x: Features) => Value
}

/** `IterativeImputer`: columns predicted from the others, in turn, as often as fitting did it. */
function iterativeImputer(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('estimator', 'max_iter', 'tol', 'n_nearest_features', 'initial_strategy', 'imputation_order')
  fitted.ignore('fill_value', 'skip_complete', 'min_value', 'max_value')
  if (fitted.flag('sample_posterior', false))
    throw fitted.unsupported(
      'it draws what it fills in at random ("sample_posterior"), so that no two answers are alike',
    )
  const missing = numericMissing(fitted)
  const initial = context.open(fitted.value('initial_imputer_'), 'its first imputer', fitted)
  const { transform: fill } = initial
  if (fill === undefined) throw fitted.damaged('its first imputer does not impute')
  const width = fitted.width()
  const keepsEmpty = fitted.flag('keep_empty_features', false)
  const isEmpty = emptyColumns(fitted, width)
  const used = Array.from({ length: width }, (_, i) => i).filter((i) => keepsEmpty || !isEmpty[i])
  const turns = fitted.int('n_iter_') === 0 ? [] : readTurns(fitted, context, used.length)
  const [least, most] = [limits(fitted, '_min_value', used.length), limits(fitted, '_max_value', used.length)]
  const indicator = indicatorOf(fitted, context)
  const columnsOf = (value: Value) => used.map((_, i) => ops.slice(value, i, i + 1))
  return {
    title: fitted.title,
    input: fitted.input(),
    transform(x): Features {
      const filled = fill(x)
      const begin = filled.width === width ? filled.select(used) : filled
      if (begin.width !== used.length)
        throw fitted.damaged(`its first imputer gives ${begin.width} columns, where ${used.length} should be`)
      const names = x.names === undefined ? undefined : used.map((i) => x.names?.[i] ?? '')
      let result = new MatrixFeatures(ops, begin.matrix(), names)
      if (turns.length > 0) {
        const masks = columnsOf(isMissing(ops, x.select(used).matrix(), missing))
        const columns = columnsOf(begin.matrix())
        for (const { feature, neighbors, predict } of turns) {
          if (isEmpty[used[feature] as number]) continue
          const from = ops.concat(
            neighbors.map((i) => columns[i] as Value),
            1,
          )
          const predicted = ops.reshape(predict(new MatrixFeatures(ops, from)), [-1, 1])
          const bounded = ops.clip(predicted, finite(least[feature]), finite(most[feature]))
          columns[feature] = ops.where(masks[feature] as Value, bounded, columns[feature] as Value)
        }
        result = new MatrixFeatures(ops, ops.concat(columns, 1), names)
      }
      return indicator === undefined ? result : beside(ops, result, indicator(x))
    },
  }
}

/** Columns without any value when it was fitted: until 1.5 those that its first imputer has no number for. */
function emptyColumns(fitted: Fitted, width: number): readonly boolean[] {
  if (fitted.has('_is_empty_feature')) {
    const { data } = fitted.numbers('_is_empty_feature')
    if (data.length !== width) throw fitted.damaged('"_is_empty_feature" is not for its columns')
    return Array.from(data, (value) => value === 1)
  }
  const imputer = fitted.value('initial_imputer_')
  const { data } = fitted.inside(imputer, 'its first imputer', 'it has no first imputer').numbers('statistics_')
  if (data.length !== width) throw fitted.damaged('its first imputer is not for its columns')
  return Array.from(data, Number.isNaN)
}

function readTurns(fitted: Fitted, context: Context, width: number): readonly Turn[] {
  return fitted.list('imputation_sequence_').map((value, i): Turn => {
    const [feature, neighbors, estimator] = partsOf(value, i, fitted)
    const at = (index: number) => {
      if (Number.isInteger(index) && index >= 0 && index < width) return index
      throw fitted.damaged(`turn ${i + 1} works on column ${index} of ${width}`)
    }
    const wrong = () => fitted.damaged(`turn ${i + 1} does not say which columns it works on`)
    const { predict } = context.open(estimator, `turn ${i + 1}`, fitted)
    if (predict === undefined) throw fitted.unsupported(`the estimator of turn ${i + 1} does not predict`)
    return {
      feature: at(numbersOf(feature, wrong).data[0] ?? -1),
      neighbors: Array.from(numbersOf(neighbors, wrong).data, at),
      predict,
    }
  })
}

/** A named tuple (feat_idx, neighbor_feat_idx, estimator). */
function partsOf(value: PyValue, turn: number, fitted: Fitted): readonly PyValue[] {
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    if (value.kind === 'object' && value.class.name === '_ImputerTriplet' && value.args.length === 3) return value.args
    if (value.kind === 'tuple' && value.items.length === 3) return value.items
  }
  throw fitted.damaged(`turn ${turn + 1} is no column with its neighbours and estimator`)
}

function limits(fitted: Fitted, name: string, width: number): Float64Array {
  if (!fitted.has(name)) return new Float64Array(width).fill(Number.NaN)
  const { data } = fitted.numbers(name)
  if (data.length !== width && data.length !== 0)
    throw fitted.damaged(`"${name}" has ${data.length} numbers for ${width} columns`)
  return data
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined
}

export const MODELLED_IMPUTERS: Openers = {
  'sklearn.KNNImputer': knnImputer,
  'sklearn.IterativeImputer': iterativeImputer,
}
