import type { Value } from '../program/builder.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { MatrixFeatures, sideBySide, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import type { Labels } from './labels.ts'
import { flat, labelsIn, secondColumn, single, stacked } from './responses.ts'

function openEach(fitted: Fitted, { open }: Context): readonly Opened[] {
  fitted.ignore('estimator', 'base_estimator')
  const estimators = fitted.list('estimators_').map((value, i) => open(value, `target ${i + 1}`, fitted))
  if (estimators.length === 0) throw fitted.damaged('it has no estimators')
  return estimators
}

/** `MultiOutputClassifier`. */
function multiOutputClassifier(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  const estimators = openEach(fitted, context)
  const classes = estimators.map((estimator): Labels => {
    const labels = labelsIn(estimator)
    if (labels === undefined) throw fitted.unsupported(`its ${estimator.title} is no classifier of one target`)
    return labels
  })
  if (classes.some(({ datatype }) => datatype !== classes[0]?.datatype))
    throw fitted.unsupported('its targets have labels of different types')
  const hasProba = estimators.every(({ predictProba }) => predictProba !== undefined)
  return {
    title: fitted.title,
    input: fitted.input() ?? estimators[0]?.input,
    classes,
    predict: (x) =>
      stacked(
        ops,
        estimators.map(({ predict }) => predict?.(x) as Value),
      ),
    ...(hasProba && {
      predictProba: (x: Features) => estimators.map(({ predictProba }) => single(predictProba?.(x) as Value, fitted)),
    }),
  }
}

/** `MultiOutputRegressor`. */
function multiOutputRegressor(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  const estimators = openEach(fitted, context)
  return {
    title: fitted.title,
    input: fitted.input() ?? estimators[0]?.input,
    predict: (x) =>
      stacked(
        ops,
        estimators.map(({ predict, title }) => {
          if (predict === undefined) throw fitted.unsupported(`its ${title} predicts nothing`)
          return flat(ops, predict(x))
        }),
      ),
  }
}

type Response = 'predict' | 'predict_proba' | 'decision_function'

/** `ClassifierChain` and `RegressorChain`: each estimator sees the columns, and what those before it have said. */
function chain(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('order', 'cv', 'chain_method')
  const estimators = openEach(fitted, context)
  const order = fitted.ints('order_')
  const isOrder = [...order].sort((a, b) => a - b).every((place, i) => place === i)
  if (order.length !== estimators.length || !isOrder) throw fitted.damaged(`"order_" is [${order.join()}]`)
  const handed = fitted.has('chain_method_')
    ? fitted.choice('chain_method_', ['predict', 'predict_proba', 'decision_function'])
    : 'predict'
  const each = (x: Features, wanted: Response): Value => {
    const before: Value[] = []
    const answers = estimators.map((estimator) => {
      const seen = before.length === 0 ? x : sideBySide(ops, [x, new MatrixFeatures(ops, stacked(ops, before))])
      before.push(respond(estimator, handed, seen))
      return respond(estimator, wanted, seen)
    })
    return stacked(
      ops,
      order.map((_, target) => answers[order.indexOf(target)] as Value),
    )
  }
  const respond = (estimator: Opened, method: Response, x: Features): Value => {
    const { predict, predictProba, decisionFunction, title } = estimator
    const missing = () => fitted.unsupported(`its ${title} has no ${method}`)
    if (method === 'predict_proba') {
      if (predictProba === undefined) throw missing()
      return secondColumn(ops, single(predictProba(x), fitted))
    }
    if (method === 'decision_function') {
      if (decisionFunction === undefined) throw missing()
      return flat(ops, single(decisionFunction(x), fitted))
    }
    const value = predict?.(x)
    if (value === undefined) throw missing()
    if (value.datatype === 'BYTES') throw fitted.unsupported('its labels are text, which no chain hands on')
    return flat(ops, ops.cast(value, 'FP64'))
  }
  const areBinary = estimators.every((estimator) => labelsIn(estimator)?.count === 2)
  const has = (method: 'predictProba' | 'decisionFunction') =>
    areBinary && estimators.every((estimator) => estimator[method] !== undefined)
  return {
    title: fitted.title,
    input: fitted.input() ?? estimators[0]?.input,
    predict: (x) => each(x, 'predict'),
    ...(has('predictProba') && { predictProba: (x: Features) => each(x, 'predict_proba') }),
    ...(has('decisionFunction') && { decisionFunction: (x: Features) => each(x, 'decision_function') }),
  }
}

export const MULTIOUTPUT: Openers = {
  'sklearn.MultiOutputClassifier': multiOutputClassifier,
  'sklearn.MultiOutputRegressor': multiOutputRegressor,
  'sklearn.ClassifierChain': chain,
  'sklearn.RegressorChain': chain,
}
