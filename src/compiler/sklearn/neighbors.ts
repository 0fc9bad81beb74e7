import { isSameLabel } from './responses.ts'
import { packNumbers, type Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { treeClasses } from './class-leaves.ts'
import { classifier } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { SparseFeatures, type Features } from './features.ts'
import { type Fitted } from './fitted.ts'
import { labelsOf, makeLabels, type Labels } from './labels.ts'
import { ignoreSearch, neighborSearch, type NeighborSearch } from './neighbor-search.ts'

/** How neighbours weigh: `weights`. */
function isByDistance(fitted: Fitted): boolean {
  const weights = fitted.raw('weights')
  if (weights === null) return false
  return fitted.choice('weights', ['uniform', 'distance'], 'uniform') === 'distance'
}

/** `kneighbors` with as many neighbours as the estimator was made for. */
function kneighbors(fitted: Fitted, search: NeighborSearch): Required<Pick<Opened, 'kneighbors'>> & { k: number } {
  const k = fitted.int('n_neighbors')
  if (k < 1 || k > search.count) throw fitted.unsupported(`it asks for ${k} neighbours among ${search.count} rows`)
  return { k, kneighbors: (x) => search.nearest(x, k) }
}

/** `_y`: [rows] or [rows, targets], as one column after the other. */
function targetsOf(
  fitted: Fitted,
  count: number,
): { columns: readonly Float64Array[]; data: Float64Array; isFlat: boolean } {
  const { data, shape } = fitted.numbers('_y')
  const targets = shape.length === 1 ? 1 : (shape[1] ?? 0)
  if (shape.length < 1 || shape.length > 2 || shape[0] !== count || targets < 1)
    throw fitted.damaged(`"_y" is of shape [${shape.join()}] for ${count} rows`)
  const columns = Array.from({ length: targets }, (_, target) =>
    Float64Array.from({ length: count }, (_value, row) => data[row * targets + target] as number),
  )
  return { columns, data, isFlat: shape.length === 1 }
}

interface Votes {
  readonly proba: Value
  readonly winner: Value
}

function votes(
  ops: Ops,
  [distances, positions]: readonly [Value, Value],
  codes: Float64Array,
  classes: number,
  options: { readonly isByDistance: boolean; readonly isModeOfSums: boolean; readonly outlier: number | null },
): Votes {
  const [proba, winner] = ops.b.kernel(
    'neighbor-votes',
    { codes: packNumbers(codes), classes, ...options },
    [distances, positions],
    [
      { datatype: 'FP64', shape: [-1, classes] },
      { datatype: 'INT64', shape: [-1] },
    ],
  )
  return { proba: proba as Value, winner: winner as Value }
}

/** The methods of a classifier whose targets vote each for itself. */
function voting(
  ops: Ops,
  classes: readonly Labels[],
  isList: boolean,
  vote: (x: Features, target: number) => Votes,
  labels: readonly Labels[] = classes,
): Pick<Opened, 'classes' | 'classIndex' | 'predict' | 'predictProba'> {
  if (!isList)
    return {
      ...classifier(ops, {
        classes: classes[0] as Labels,
        index: (x) => vote(x, 0).winner,
        proba: (x) => vote(x, 0).proba,
      }),
      predict: (x) => (labels[0] as Labels).at(ops, vote(x, 0).winner),
    }
  return {
    classes,
    predict: (x) =>
      ops.concat(
        labels.map((own, target) => ops.unsqueeze(own.at(ops, vote(x, target).winner), 1)),
        1,
      ),
    predictProba: (x) => classes.map((_, target) => vote(x, target).proba),
  }
}

/** `KNeighborsClassifier`. */
function kNeighborsClassifier(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  ignoreSearch(fitted)
  fitted.ignore('outputs_2d_')
  const search = neighborSearch(fitted, context)
  const { columns, isFlat } = targetsOf(fitted, search.count)
  const { outputs, isList } = treeClasses(fitted, columns.length)
  checkCodes(fitted, columns, outputs)
  const near = kneighbors(fitted, search)
  const weighs = isByDistance(fitted)
  const options = { isByDistance: weighs, isModeOfSums: weighs, outlier: null }
  return {
    title: fitted.title,
    input: fitted.input(),
    ...voting(ops, outputs, isList && !isFlat, (x, target) =>
      votes(ops, near.kneighbors(x), columns[target] as Float64Array, (outputs[target] as Labels).count, options),
    ),
    kneighbors: near.kneighbors,
  }
}

function checkCodes(fitted: Fitted, columns: readonly Float64Array[], outputs: readonly Labels[]): void {
  columns.forEach((column, target) => {
    const { count } = outputs[target] as Labels
    if (!column.every((code) => Number.isInteger(code) && code >= 0 && code < count))
      throw fitted.damaged(`"_y" names a class that is not among ${count}`)
  })
}

/** `RadiusNeighborsClassifier`: rows without neighbours get the label that was chosen for them, or are refused. */
function radiusNeighborsClassifier(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  ignoreSearch(fitted)
  fitted.ignore('outputs_2d_', 'outlier_label')
  const search = neighborSearch(fitted, context)
  const { columns, isFlat } = targetsOf(fitted, search.count)
  const { outputs, isList } = treeClasses(fitted, columns.length)
  checkCodes(fitted, columns, outputs)
  const radius = fitted.number('radius')
  const weighs = isByDistance(fitted)
  const outliers = fitted.has('outlier_label_') ? outlierLabels(fitted, outputs) : undefined
  // scikit-learn's own loop over classes knows them by number from 1.4 on, so that only such a label is found there
  const isByNumber = !weighs && fitted.isSince(1, 4) && isFlat && outliers !== undefined && isCountedByClass(fitted)
  const places = outputs.map((own, target) => {
    const outlier = outliers?.[target]
    if (outlier === undefined) return null
    const value = isByNumber
      ? numberGiven(fitted, own.count)
      : own.values.findIndex((label) => isSameLabel(label, outlier))
    return value
  })
  // where the label is none of the classes, it stands behind them
  const labels = outputs.map((own, target) => {
    const outlier = outliers?.[target]
    return outlier === undefined ? own : makeLabels([...own.values, outlier], `${fitted.where}, "outlier_label_"`)
  })
  return {
    title: fitted.title,
    input: fitted.input(),
    ...voting(
      ops,
      outputs,
      isList && !isFlat,
      (x, target) =>
        votes(ops, search.within(x, radius), columns[target] as Float64Array, (outputs[target] as Labels).count, {
          isByDistance: weighs,
          isModeOfSums: false,
          outlier: places[target] ?? null,
        }),
      labels,
    ),
  }
}

/** Whether scikit-learn counts neighbours by class as it finds them. */
function isCountedByClass(fitted: Fitted): boolean {
  const metric = fitted.raw('effective_metric_')
  const isFast =
    typeof metric === 'string' && !/euclidean|l2|mahalanobis|hamming|cosine|correlation|precomputed/.test(metric)
  return isFast && fitted.text('_fit_method') === 'brute'
}

type Label = Labels['values'][number]

function outlierLabels(fitted: Fitted, outputs: readonly Labels[]): readonly Label[] {
  const items = labelsOf(fitted.list('outlier_label_'), `${fitted.where}, "outlier_label_"`).values
  if (items.length !== outputs.length)
    throw fitted.damaged(`"outlier_label_" has ${items.length} labels for ${outputs.length} targets`)
  return items.map((item, target) => {
    const { datatype } = outputs[target] as Labels
    if (datatype === 'FP64' && typeof item === 'bigint') return Number(item)
    return item
  })
}

/** `outlier_label` itself, where it is a number of a class; -1 otherwise. */
function numberGiven(fitted: Fitted, count: number): number {
  const value = fitted.raw('outlier_label')
  if (typeof value !== 'bigint' && typeof value !== 'number') return -1
  const number = Number(value)
  return Number.isInteger(number) && number >= 0 && number < count ? number : -1
}

/** `KNeighborsRegressor` and `RadiusNeighborsRegressor`: the mean of the neighbours, weighed by distance or not. */
function neighborsRegressor(isByRadius: boolean) {
  return (fitted: Fitted, context: Context): Opened => {
    const { ops } = context
    ignoreSearch(fitted)
    const search = neighborSearch(fitted, context)
    const { data, columns, isFlat } = targetsOf(fitted, search.count)
    const targets = columns.length
    const weighs = isByDistance(fitted)
    const near = isByRadius ? undefined : kneighbors(fitted, search)
    const radius = isByRadius ? fitted.number('radius') : NaN
    const find = near?.kneighbors ?? ((x: Features) => search.within(x, radius))
    const predict = (x: Features) => {
      const [means] = ops.b.kernel(
        'neighbor-means',
        { values: packNumbers(data), targets, isByDistance: weighs },
        find(x),
        [{ datatype: 'FP64', shape: [-1, targets] }],
      )
      return isFlat ? ops.squeeze(means as Value, 1) : (means as Value)
    }
    return {
      title: fitted.title,
      input: fitted.input(),
      predict,
      ...(near && { kneighbors: near.kneighbors }),
    }
  }
}

/** `NearestNeighbors`. */
function nearestNeighbors(fitted: Fitted, context: Context): Opened {
  ignoreSearch(fitted)
  const search = neighborSearch(fitted, context)
  return { title: fitted.title, input: fitted.input(), kneighbors: kneighbors(fitted, search).kneighbors }
}

/** `KNeighborsTransformer` and `RadiusNeighborsTransformer`: a column for each known row, zero where it is no neighbour. */
function neighborsTransformer(isByRadius: boolean) {
  return (fitted: Fitted, context: Context): Opened => {
    const { ops } = context
    ignoreSearch(fitted)
    const mode = fitted.choice('mode', ['distance', 'connectivity'], 'distance')
    const search = neighborSearch(fitted, context)
    const ones = (x: Value) => ops.add(ops.mul(ops.cast(ops.isNaN(x), 'FP64'), 0), 1)
    const near = isByRadius ? undefined : kneighbors(fitted, search)
    const radius = isByRadius ? fitted.number('radius') : NaN
    // one more than asked for: a training row is its own neighbour
    const extra = mode === 'distance' ? 1 : 0
    if (near !== undefined && near.k + extra > search.count)
      throw fitted.unsupported(`it asks for ${near.k + extra} neighbours among ${search.count} rows`)
    return {
      title: fitted.title,
      input: fitted.input(),
      transform: (x) => {
        const [distances, positions] = near === undefined ? search.within(x, radius) : search.nearest(x, near.k + extra)
        const isNone = ops.less(positions, ops.integers([0], []))
        const values = ops.where(isNone, 0, mode === 'distance' ? distances : ones(distances))
        const indices = ops.max(positions, ops.integers([0], []))
        return new SparseFeatures(ops, search.count, { indices, values })
      },
      ...(near && { kneighbors: near.kneighbors }),
    }
  }
}

export const NEIGHBORS: Openers = {
  'sklearn.KNeighborsClassifier': kNeighborsClassifier,
  'sklearn.KNeighborsRegressor': neighborsRegressor(false),
  'sklearn.RadiusNeighborsClassifier': radiusNeighborsClassifier,
  'sklearn.RadiusNeighborsRegressor': neighborsRegressor(true),
  'sklearn.NearestNeighbors': nearestNeighbors,
  'sklearn.KNeighborsTransformer': neighborsTransformer(false),
  'sklearn.RadiusNeighborsTransformer': neighborsTransformer(true),
}
