import type { PyValue } from '../../formats/python/values.ts'
import { jsonNumbers, type Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { ensemble } from '../trees/ensemble.ts'
import { leafVectors, type VectorTree } from '../trees/leaf-vectors.ts'
import { areTrees } from './bagging.ts'
import { classVectors, numpySum, treeClasses } from './class-leaves.ts'
import { classifier, indexByDecision } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import { treeIn } from './forests.ts'
import type { Labels } from './labels.ts'
import { isNormalized, readClassTree, readRegressionTree } from './trees.ts'

function ignoreBoosting(fitted: Fitted): void {
  fitted.ignore('estimator', 'base_estimator', 'n_estimators', 'learning_rate', 'loss', 'estimator_params')
}

function estimatorsOf(fitted: Fitted): readonly PyValue[] {
  const estimators = fitted.list('estimators_')
  if (estimators.length === 0) throw fitted.damaged('it has no estimators')
  return estimators
}

/** What an estimator adds for each class: by the class that it predicts, or (SAMME.R) by its probabilities. */
type Vote = (proba: Float64Array) => Float64Array

/** `AdaBoostClassifier`. @see scikit-learn, `AdaBoostClassifier.decision_function` of each version */
export function adaBoostClassifier(fitted: Fitted, context: Context): Opened {
  ignoreBoosting(fitted)
  const { ops } = context
  const algorithm = fitted.choice('algorithm', ['SAMME', 'SAMME.R', 'deprecated'], 'SAMME')
  const classes = fitted.labels('classes_')
  const estimators = estimatorsOf(fitted)
  const weights = fitted.vector('estimator_weights_').slice(0, estimators.length)
  if (weights.length !== estimators.length)
    throw fitted.damaged(`it has ${weights.length} weights for ${estimators.length} estimators`)
  const { count } = classes
  if (count < 2) throw fitted.unsupported('it was fitted on one class')
  const total = numpySum(fitted.vector('estimator_weights_'))
  // imbalanced-learn still trains by SAMME.R where scikit-learn no longer answers by it
  const isReal = algorithm === 'SAMME.R' && !fitted.isSince(1, 6)
  const otherWeight = fitted.isSince(1, 3) ? -1 / (count - 1) : 0
  const sum = areTrees(estimators, 'Classifier')
    ? treeVotes(fitted, ops, estimators, classes, (i) =>
        isReal ? realVote(count) : (proba) => oneVote(proba, weights[i] as number, otherWeight),
      )
    : openedVotes(fitted, context, estimators, classes, isReal, weights, otherWeight)
  const decision = (x: Features) => {
    const votes = ops.div(sum(checked(ops, x)), total)
    if (count > 2) return votes
    return ops.add(ops.neg(ops.squeeze(ops.slice(votes, 0, 1), 1)), ops.squeeze(ops.slice(votes, 1, 2), 1))
  }
  const proba = (x: Features) => {
    const d = decision(x)
    if (count > 2) return ops.softmax(ops.div(d, count - 1))
    const column = ops.unsqueeze(d, 1)
    return ops.softmax(ops.div(ops.concat([ops.neg(column), column], 1), 2))
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, { classes, index: (x) => indexByDecision(ops, decision(x)), proba, decision }),
  }
}

function oneVote(proba: Float64Array, weight: number, otherWeight: number): Float64Array {
  let best = 0
  for (let i = 1; i < proba.length; i++) if ((proba[i] as number) > (proba[best] as number)) best = i
  return proba.map((_, i) => (i === best ? weight : otherWeight * weight))
}

/** @see scikit-learn, `_samme_proba` (up to 1.5) */
function realVote(count: number): Vote {
  return (proba) => {
    const logs = proba.map((p) => Math.log(Math.max(p, Number.EPSILON)))
    const mean = (1 / count) * numpySum(logs)
    return logs.map((log) => (count - 1) * (log - mean))
  }
}

/** Votes of trees, worked out for each leaf: one forest. */
function treeVotes(
  fitted: Fitted,
  ops: Ops,
  estimators: readonly PyValue[],
  classes: Labels,
  voteOf: (index: number) => Vote,
): (x: Features) => Value {
  const trees = estimators.map((value, i): VectorTree => {
    const tree = treeIn(value, fitted, i)
    const { state, classes: own } = readClassTree(tree, { features: fitted.width() })
    const [labels] = own.outputs
    if (labels === undefined || own.isList || !isSame(labels, classes))
      throw fitted.unsupported(`its estimator ${i + 1} knows other classes than it`)
    const { vectors } = classVectors(state, treeClasses(tree, 1), isNormalized(tree))
    const vote = voteOf(i)
    for (let at = 0; at < vectors.length; at += classes.count)
      vectors.set(vote(vectors.slice(at, at + classes.count)), at)
    return { tree: state.tree, vectors }
  })
  const vectors = leafVectors(ops, trees, classes.count)
  return (x) => vectors.sum(x.matrix())
}

function openedVotes(
  fitted: Fitted,
  { ops, open }: Context,
  estimators: readonly PyValue[],
  classes: Labels,
  isReal: boolean,
  weights: Float64Array,
  otherWeight: number,
): (x: Features) => Value {
  const { count } = classes
  const opened = estimators.map((value, i) => {
    const estimator = open(value, `estimator ${i + 1}`, fitted)
    const { classes: own } = estimator
    if (own === undefined || Array.isArray(own) || !isSame(own as Labels, classes))
      throw fitted.unsupported(`its estimator ${i + 1} knows other classes than it`)
    return estimator
  })
  return (x) =>
    opened
      .map(({ predictProba, classIndex, title }, i) => {
        if (isReal) {
          if (predictProba === undefined) throw fitted.damaged(`its ${title} has no probabilities, which SAMME.R needs`)
          const logs = ops.log(ops.max(predictProba(x) as Value, Number.EPSILON))
          return ops.mul(ops.sub(logs, ops.mul(ops.sum(logs, 1, true), 1 / count)), count - 1)
        }
        if (classIndex === undefined) throw fitted.unsupported(`its ${title} predicts no classes`)
        const weight = weights[i] as number
        const table = Float64Array.from({ length: count * count }, (_, at) =>
          at % (count + 1) === 0 ? weight : otherWeight * weight,
        )
        return ops.gather(ops.numbers(table, [count, count]), classIndex(x))
      })
      .reduce((a, b) => ops.add(a, b))
}

function isSame(one: Labels, other: Labels): boolean {
  return (
    one.datatype === other.datatype &&
    one.count === other.count &&
    one.names.every((name, i) => name === other.names[i])
  )
}

/** `AdaBoostRegressor`: the weighted median of what its estimators predict. @see scikit-learn, `_get_median_predict` */
function adaBoostRegressor(fitted: Fitted, context: Context): Opened {
  ignoreBoosting(fitted)
  const { ops, open } = context
  const estimators = estimatorsOf(fitted)
  const weights = fitted.vector('estimator_weights_').slice(0, estimators.length)
  if (weights.length !== estimators.length)
    throw fitted.damaged(`it has ${weights.length} weights for ${estimators.length} estimators`)
  const predictions = areTrees(estimators, 'Regressor')
    ? treePredictions(fitted, ops, estimators)
    : openedPredictions(fitted, ops, open, estimators)
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => {
      const [median] = ops.b.kernel(
        'weighted-median',
        { weights: jsonNumbers(weights) },
        [predictions(checked(ops, x))],
        [{ datatype: 'FP64', shape: [-1] }],
      )
      return median as Value
    },
  }
}

function treePredictions(fitted: Fitted, ops: Ops, estimators: readonly PyValue[]): (x: Features) => Value {
  const trees = estimators.map((value, target) => {
    const { tree, values, outputs } = readRegressionTree(treeIn(value, fitted, target), { features: fitted.width() })
    if (outputs !== 1) throw fitted.damaged(`its estimator ${target + 1} has ${outputs} outputs`)
    return { tree, target, leaves: values }
  })
  const each = ensemble(ops, trees, { targets: trees.length, test: 'at-most', datatype: 'FP64' })
  return (x) => each(x.matrix())
}

function openedPredictions(
  fitted: Fitted,
  ops: Ops,
  open: Context['open'],
  estimators: readonly PyValue[],
): (x: Features) => Value {
  const opened = estimators.map((value, i) => open(value, `estimator ${i + 1}`, fitted))
  for (const { predict, classes, title } of opened)
    if (predict === undefined || classes !== undefined) throw fitted.unsupported(`its ${title} predicts no numbers`)
  return (x) =>
    ops.concat(
      opened.map(({ predict }) => {
        const value = predict?.(x) as Value
        return value.shape.length === 1 ? ops.unsqueeze(value, 1) : value
      }),
      1,
    )
}

export const ADABOOST: Openers = {
  'sklearn.AdaBoostClassifier': adaBoostClassifier,
  'sklearn.AdaBoostRegressor': adaBoostRegressor,
}
