import { isKind } from '../../formats/python/refs.ts'
import type { PyValue } from '../../formats/python/values.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { leafVectors, type VectorTree } from '../trees/leaf-vectors.ts'
import { classVectors, treeClasses } from './class-leaves.ts'
import { classifier, indexByProba } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, type Features } from './features.ts'
import { numbersOf, plain, type Fitted } from './fitted.ts'
import { treeIn } from './forests.ts'
import type { Labels } from './labels.ts'
import { addedTrees, allowsNaN, ignoreGrowing, isNormalized, readClassTree, readRegressionTree } from './trees.ts'

function ignoreDrawing(fitted: Fitted): void {
  fitted.ignore('n_estimators', 'max_samples', 'max_features', 'bootstrap', 'bootstrap_features', 'oob_score')
  fitted.ignore('estimator', 'base_estimator', 'estimator_params')
}

/** `estimators_features_`: which columns each estimator sees. */
export function columnLists(fitted: Fitted, count: number, features: number): readonly (readonly number[])[] {
  const lists = fitted.list('estimators_features_')
  if (lists.length !== count) throw fitted.damaged(`it has columns for ${lists.length} estimators, not for ${count}`)
  return lists.map((list) => {
    const { data } = numbersOf(list, () => fitted.damaged('"estimators_features_" are no columns'))
    for (const column of data)
      if (!Number.isInteger(column) || column < 0 || column >= features)
        throw fitted.damaged(`an estimator sees column ${column}, of ${features}`)
    return Array.from(data)
  })
}

/** Whether all are trees of scikit-learn, which then run as one forest. */
export function areTrees(values: readonly PyValue[], kind: 'Classifier' | 'Regressor'): boolean {
  return values.every((value) => {
    const found = plain(value)
    return (
      isKind(found, 'object') &&
      found.class.module.startsWith('sklearn.') &&
      (found.class.name === `DecisionTree${kind}` || found.class.name === `ExtraTree${kind}`)
    )
  })
}

export function kindOfTree(fitted: Fitted): 'DecisionTree' | 'ExtraTree' {
  return fitted.title.startsWith('ExtraTree') ? 'ExtraTree' : 'DecisionTree'
}

/** `BaggingClassifier`: the mean of probabilities, or of votes. @see scikit-learn, `_parallel_predict_proba` */
export function baggingClassifier(fitted: Fitted, context: Context): Opened {
  ignoreDrawing(fitted)
  const { ops, open } = context
  const classes = fitted.labels('classes_')
  const estimators = fitted.list('estimators_')
  if (estimators.length === 0) throw fitted.damaged('it has no estimators')
  const features = fitted.width()
  const lists = columnLists(fitted, estimators.length, features)
  const sum = areTrees(estimators, 'Classifier') ? treeSum(fitted, ops, estimators, lists, classes) : undefined
  const opened = sum === undefined ? estimators.map((value, i) => open(value, `estimator ${i + 1}`, fitted)) : []
  const probas = opened.map((estimator) => alignedProba(ops, fitted, estimator, classes))
  const total =
    sum ??
    ((x: Features) =>
      probas.map((proba, i) => proba(x.select(lists[i] as readonly number[]))).reduce((a, b) => ops.add(a, b)))
  const proba = (x: Features) => ops.div(total(x), estimators.length)
  const decisions = opened.map(({ decisionFunction }) => decisionFunction)
  const decide = (x: Features) => {
    const values = decisions.map((decision, i) => decision?.(x.select(lists[i] as readonly number[])) as Value)
    return ops.div(
      values.reduce((a, b) => ops.add(a, b)),
      estimators.length,
    )
  }
  const isDeciding =
    opened.length > 0 &&
    opened.every(
      ({ decisionFunction, classes: own }) => decisionFunction !== undefined && labelsIn(own)?.count === classes.count,
    )
  return {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, {
      classes,
      index: (x) => indexByProba(ops, proba(x)),
      proba,
      ...(isDeciding && { decision: decide }),
    }),
  }
}

function labelsIn(classes: Opened['classes']): Labels | undefined {
  return classes === undefined || Array.isArray(classes) ? undefined : (classes as Labels)
}

/** Positions among all classes of the classes that an estimator knows: it was trained on positions. */
function positionsOf(labels: Labels | undefined, fitted: Fitted, classes: Labels): number[] {
  const positions = labels?.values.map((value) => (value instanceof Uint8Array ? Number.NaN : Number(value))) ?? []
  for (const position of positions)
    if (!Number.isInteger(position) || position < 0 || position >= classes.count)
      throw fitted.damaged('an estimator knows a class that the ensemble does not')
  if (positions.length === 0) throw fitted.unsupported('an estimator is no classifier of one target')
  return positions
}

function alignedProba(ops: Ops, fitted: Fitted, estimator: Opened, classes: Labels): (x: Features) => Value {
  const positions = positionsOf(labelsIn(estimator.classes), fitted, classes)
  const { predictProba, classIndex } = estimator
  const table = new Float64Array(positions.length * classes.count)
  positions.forEach((position, i) => (table[i * classes.count + position] = 1))
  const votes = ops.numbers(table, [positions.length, classes.count])
  if (predictProba !== undefined)
    return (x) => {
      const proba = predictProba(x) as Value
      if (positions.length === classes.count) return proba
      // zeros in the columns of the classes that it does not know
      const missing = ops.numbers([0], [1, 1])
      const wide = ops.concat([proba, ops.mul(ops.slice(proba, 0, 1), missing)], 1)
      const from = Array.from({ length: classes.count }, (_, position) => {
        const i = positions.indexOf(position)
        return i < 0 ? positions.length : i
      })
      return ops.gather(wide, ops.integers(from), 1)
    }
  if (classIndex === undefined) throw fitted.unsupported(`its ${estimator.title} predicts no classes`)
  return (x) => ops.gather(votes, classIndex(x))
}

/** The sum of trees' probabilities, as one forest. */
function treeSum(
  fitted: Fitted,
  ops: Ops,
  estimators: readonly PyValue[],
  lists: readonly (readonly number[])[],
  classes: Labels,
): (x: Features) => Value {
  let isNaNAllowed = true
  const trees = estimators.map((value, i): VectorTree => {
    const tree = treeIn(value, fitted, i)
    ignoreGrowing(tree)
    isNaNAllowed = isNaNAllowed && allowsNaN(tree, kindOfTree(tree))
    const columns = lists[i] as readonly number[]
    const { state, classes: own } = readClassTree(tree, { features: columns.length, columns })
    if (state.outputs !== 1) throw tree.unsupported('it has several outputs')
    const { vectors } = classVectors(state, treeClasses(tree, 1), isNormalized(tree))
    const positions = positionsOf(own.outputs[0], fitted, classes)
    return { tree: state.tree, vectors: spread(vectors, positions, classes.count) }
  })
  const vectors = leafVectors(ops, trees, classes.count)
  return (x) => vectors.sum(checked(ops, x, isNaNAllowed).matrix())
}

/** Vectors [n, positions] with each entry moved to its position: [n, width]. */
export function spread(vectors: Float64Array, positions: readonly number[], width: number): Float64Array {
  if (positions.length === width && positions.every((position, i) => position === i)) return vectors
  const count = vectors.length / positions.length
  const wide = new Float64Array(count * width)
  for (let i = 0; i < count; i++)
    for (const [j, position] of positions.entries())
      wide[i * width + position] = vectors[i * positions.length + j] as number
  return wide
}

/** `BaggingRegressor`: the mean of what its estimators predict. */
function baggingRegressor(fitted: Fitted, context: Context): Opened {
  ignoreDrawing(fitted)
  const { ops } = context
  const estimators = fitted.list('estimators_')
  if (estimators.length === 0) throw fitted.damaged('it has no estimators')
  const lists = columnLists(fitted, estimators.length, fitted.width())
  const sum = areTrees(estimators, 'Regressor')
    ? regressionSum(fitted, ops, estimators, lists)
    : predictionSum(fitted, context, estimators, lists)
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x: Features) => ops.div(sum(x), estimators.length),
  }
}

function regressionSum(
  fitted: Fitted,
  ops: Ops,
  estimators: readonly PyValue[],
  lists: readonly (readonly number[])[],
): (x: Features) => Value {
  let isNaNAllowed = true
  const states = estimators.map((value, i) => {
    const tree = treeIn(value, fitted, i)
    isNaNAllowed = isNaNAllowed && allowsNaN(tree, kindOfTree(tree))
    const columns = lists[i] as readonly number[]
    return readRegressionTree(tree, { features: columns.length, columns })
  })
  const added = addedTrees(ops, states)
  return (x) => added(checked(ops, x, isNaNAllowed).matrix())
}

function predictionSum(
  fitted: Fitted,
  { ops, open }: Context,
  estimators: readonly PyValue[],
  lists: readonly (readonly number[])[],
): (x: Features) => Value {
  const opened = estimators.map((value, i) => open(value, `estimator ${i + 1}`, fitted))
  for (const { predict, classes, title } of opened)
    if (predict === undefined || classes !== undefined) throw fitted.unsupported(`its ${title} predicts no numbers`)
  return (x) =>
    opened
      .map(({ predict }, i) => predict?.(x.select(lists[i] as readonly number[])) as Value)
      .reduce((a, b) => ops.add(a, b))
}

export const BAGGING: Openers = {
  'sklearn.BaggingClassifier': baggingClassifier,
  'sklearn.BaggingRegressor': baggingRegressor,
}
