import { isKind } from '../../formats/python/refs.ts'
import type { PyValue } from '../../formats/python/values.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { bothColumns, classifier, indexByProba } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { expit } from './element-functions.ts'
import { MatrixFeatures, type Features } from './features.ts'
import { Fitted, plain } from './fitted.ts'
import type { Labels } from './labels.ts'
import { flat, labelsIn, placesAmong, single } from './responses.ts'

/** `CalibratedClassifierCV`: the mean of what its calibrated classifiers say. @see scikit-learn, `_CalibratedClassifier` */
function calibrated(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('estimator', 'base_estimator', 'method', 'cv', 'ensemble')
  const classes = fitted.labels('classes_')
  const parts = fitted.list('calibrated_classifiers_').map((value, i) => {
    const object = objectIn(value, fitted)
    return calibratedOne(new Fitted(object, `${fitted.where}, classifier ${i + 1}`), context, classes)
  })
  if (parts.length === 0) throw fitted.damaged('it has no calibrated classifiers')
  const proba = (x: Features) =>
    ops.div(
      parts.map((part) => part.proba(x)).reduce((a, b) => ops.add(a, b)),
      parts.length,
    )
  return {
    title: fitted.title,
    input: fitted.input() ?? parts[0]?.input,
    ...classifier(ops, { classes, index: (x) => indexByProba(ops, proba(x)), proba }),
  }
}

function objectIn(value: PyValue | undefined, fitted: Fitted) {
  const object = plain(value)
  if (!isKind(object, 'object')) throw fitted.damaged('a part of it is no object')
  return object
}

function calibratedOne(
  fitted: Fitted,
  context: Context,
  all: Labels,
): { proba: (x: Features) => Value; input: Opened['input'] } {
  const { ops } = context
  const name = fitted.has('estimator') ? 'estimator' : 'base_estimator'
  const estimator = context.open(fitted.value(name), 'estimator', fitted)
  const own = labelsIn(estimator)
  if (own === undefined) throw fitted.unsupported(`its ${estimator.title} is no classifier of one target`)
  const calibrators = fitted.list(fitted.has('calibrators') ? 'calibrators' : 'calibrators_')
  const answers = responses(estimator, own, fitted, ops)
  const method = fitted.choice('method', ['sigmoid', 'isotonic', 'temperature'], 'sigmoid')
  const raw =
    method === 'temperature'
      ? temperature(calibrators, answers, fitted, ops)
      : eachClass(calibrators, answers, { own, all, fitted, context })
  return {
    input: estimator.input,
    // what is above 1 by rounding is 1
    proba: (x) => {
      const proba = raw(x)
      return ops.where(ops.and(ops.greater(proba, 1), ops.lessOrEqual(proba, 1 + 1e-5)), 1, proba)
    },
  }
}

interface Responses {
  readonly isProba: boolean
  /** [rows, 1] of the second class for two, [rows, classes] for more. */
  readonly values: (x: Features) => Value
}

function responses(estimator: Opened, own: Labels, fitted: Fitted, ops: Ops): Responses {
  const { decisionFunction, predictProba, title } = estimator
  if (decisionFunction !== undefined)
    return {
      isProba: false,
      values: (x) => {
        const decision = flat(ops, single(decisionFunction(x), fitted))
        return decision.shape.length === 1 ? ops.unsqueeze(decision, 1) : decision
      },
    }
  if (predictProba === undefined) throw fitted.unsupported(`its ${title} has nothing to calibrate`)
  return {
    isProba: true,
    values: (x) => {
      const proba = single(predictProba(x), fitted)
      return own.count === 2 ? ops.slice(proba, 1, 2) : proba
    },
  }
}

/** A calibrator a class; then what they say, brought to a sum of 1. */
function eachClass(
  calibrators: readonly PyValue[],
  { values }: Responses,
  { own, all, fitted, context }: { own: Labels; all: Labels; fitted: Fitted; context: Context },
): (x: Features) => Value {
  const { ops } = context
  const places = placesAmong(own, all, fitted)
  const opened = calibrators.map((calibrator) => calibration(calibrator, fitted, context))
  if (all.count === 2) {
    const [only] = opened
    if (only === undefined) throw fitted.damaged('it has no calibrator')
    return (x) => bothColumns(ops, flat(ops, only(ops.slice(values(x), 0, 1))))
  }
  if (opened.length > places.length)
    throw fitted.damaged(`it has ${opened.length} calibrators for ${places.length} classes`)
  return (x) => {
    const scores = values(x)
    const columns = Array.from({ length: all.count }, (_, place) => {
      const i = places.indexOf(place)
      const calibrate = opened[i]
      return calibrate === undefined
        ? ops.mul(ops.cast(ops.isNaN(ops.slice(scores, 0, 1)), 'FP64'), 0)
        : calibrate(ops.slice(scores, i, i + 1))
    })
    const proba = ops.concat(columns, 1)
    const sum = ops.sum(proba, 1, true)
    const isNothing = ops.equal(sum, 0)
    return ops.where(isNothing, 1 / all.count, ops.div(proba, ops.where(isNothing, 1, sum)))
  }
}

/** Scores [rows, 1] to probabilities [rows, 1]. */
function calibration(value: PyValue, fitted: Fitted, context: Context): (scores: Value) => Value {
  const { ops } = context
  const object = objectIn(value, fitted)
  if (object.class.name === '_SigmoidCalibration') {
    const sigmoid = new Fitted(object, `${fitted.where}, calibrator`)
    const [a, b] = [sigmoid.number('a_'), sigmoid.number('b_')]
    return (scores) => expit(ops, ops.neg(ops.add(ops.mul(scores, a), b)))
  }
  const { predict, title } = context.open(object, 'calibrator', fitted)
  if (predict === undefined) throw fitted.unsupported(`its calibrator ${title} predicts nothing`)
  return (scores) => ops.unsqueeze(predict(new MatrixFeatures(ops, scores)), 1)
}

/** One number that flattens or sharpens logits of all classes. @see scikit-learn, `_TemperatureScaling` */
function temperature(
  calibrators: readonly PyValue[],
  { isProba, values }: Responses,
  fitted: Fitted,
  ops: Ops,
): (x: Features) => Value {
  const object = objectIn(calibrators[0], fitted)
  if (object.class.name !== '_TemperatureScaling' || calibrators.length !== 1)
    throw fitted.damaged('it has something else than one temperature')
  const beta = new Fitted(object, `${fitted.where}, calibrator`).number('beta_')
  return (x) => {
    const scores = values(x)
    const isSingle = scores.shape[1] === 1
    if (!isProba) {
      const logits = isSingle ? ops.concat([ops.neg(scores), scores], 1) : scores
      return ops.softmax(ops.mul(logits, beta))
    }
    const proba = isSingle ? ops.concat([ops.sub(1, scores), scores], 1) : scores
    return ops.softmax(ops.mul(ops.log(ops.add(proba, 1e-12)), beta))
  }
}

export const CALIBRATION: Openers = { 'sklearn.CalibratedClassifierCV': calibrated }
