import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { classifier } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { MatrixFeatures, sideBySide, type Features } from './features.ts'
import { Fitted, itemsIn, plain } from './fitted.ts'
import type { Labels } from './labels.ts'
import { labelsIn, positionsBy } from './responses.ts'

interface Stack {
  readonly final: Opened
  readonly transform: (x: Features) => Features
  readonly input: Opened['input']
}

/** The estimators' answers side by side, and who learns from them. @see scikit-learn, `_BaseStacking._concatenate_predictions` */
function stackOf(fitted: Fitted, { ops, open }: Context, isBinary: boolean): Stack {
  fitted.ignore('estimators', 'final_estimator', 'cv', 'stack_method')
  const methods = fitted.texts('stack_method_')
  const estimators = fitted.list('estimators_').map((value, i) => open(value, `estimator ${i + 1}`, fitted))
  if (estimators.length === 0 || methods.length !== estimators.length)
    throw fitted.damaged(`it has ${methods.length} methods for ${estimators.length} estimators`)
  const final = open(fitted.value('final_estimator_'), 'final estimator', fitted)
  const passes = fitted.flag('passthrough', false)
  const parts = estimators.map((estimator, i) => answers(estimator, methods[i] as string, fitted, ops, isBinary))
  return {
    final,
    input: fitted.input() ?? estimators[0]?.input,
    transform: (x) => {
      const predictions = new MatrixFeatures(
        ops,
        ops.concat(
          parts.flatMap((part) => part(x)),
          1,
        ),
      )
      return passes ? sideBySide(ops, [predictions, x]) : predictions
    },
  }
}

function answers(
  estimator: Opened,
  method: string,
  fitted: Fitted,
  ops: Ops,
  isBinary: boolean,
): (x: Features) => readonly Value[] {
  const missing = () => fitted.damaged(`its ${estimator.title} has no ${method} to stack`)
  const asColumns = (value: Value) => (value.shape.length === 1 ? ops.unsqueeze(value, 1) : value)
  const withoutFirst = (value: Value) => ops.slice(value, 1, value.shape[1] ?? 1)
  if (method === 'predict_proba') {
    const { predictProba } = estimator
    if (predictProba === undefined) throw missing()
    return (x) => {
      const proba = predictProba(x)
      if (Array.isArray(proba)) return (proba as readonly Value[]).map(withoutFirst)
      return [isBinary ? withoutFirst(proba as Value) : asColumns(proba as Value)]
    }
  }
  if (method === 'decision_function') {
    const { decisionFunction } = estimator
    if (decisionFunction === undefined) throw missing()
    return (x) => {
      const decision = decisionFunction(x)
      if (Array.isArray(decision)) throw fitted.unsupported(`its ${estimator.title} decides for several targets`)
      return [asColumns(decision as Value)]
    }
  }
  const { predict } = estimator
  if (method !== 'predict' || predict === undefined) throw missing()
  return (x) => {
    const value = predict(x)
    if (value.datatype === 'BYTES')
      throw fitted.unsupported(`its ${estimator.title} predicts text, which no estimator learns from`)
    return [asColumns(value.datatype === 'FP64' ? value : ops.cast(value, 'FP64'))]
  }
}

/** `StackingClassifier`: labels go in as positions, and come out as themselves. */
function stackingClassifier(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  const several = severalEncoders(fitted)
  if (several !== undefined) return multilabel(fitted, context, several)
  const classes = fitted.labels('classes_')
  const { final, transform, input } = stackOf(fitted, context, classes.count === 2)
  const index = positionsBy(ops, final, classes, fitted, true)
  const { predictProba, decisionFunction } = final
  if (labelsIn(final)?.count !== classes.count) throw fitted.damaged('its final estimator tells other classes apart')
  return {
    title: fitted.title,
    input,
    ...classifier(ops, {
      classes,
      index: (x) => index(transform(x)),
      ...(predictProba && { proba: (x: Features) => predictProba(transform(x)) as Value }),
      ...(decisionFunction && { decision: (x: Features) => decisionFunction(transform(x)) as Value }),
    }),
    transform,
  }
}

/** The labels of each target, where there are several: `_label_encoder` is a list then. */
function severalEncoders(fitted: Fitted): readonly Labels[] | undefined {
  const items = itemsIn(fitted.raw('_label_encoder'))
  return items?.map((item, i) => {
    const encoder = plain(item)
    return fitted
      .inside(encoder, `target ${i + 1}`, '"_label_encoder" has something else than encoders')
      .labels('classes_')
  })
}

function multilabel(fitted: Fitted, context: Context, targets: readonly Labels[]): Opened {
  const { ops } = context
  fitted.ignore('classes_')
  const [first] = targets
  if (first === undefined || targets.some(({ datatype }) => datatype !== first.datatype))
    throw fitted.unsupported('its targets have labels of different types')
  const { final, transform, input } = stackOf(fitted, context, itemsIn(fitted.raw('classes_'))?.length === 2)
  const { predict, predictProba } = final
  if (predict === undefined) throw fitted.unsupported('its final estimator predicts nothing')
  return {
    title: fitted.title,
    input,
    predict: (x) => {
      const positions = ops.cast(predict(transform(x)), 'INT64')
      return ops.concat(
        targets.map((labels, target) => labels.at(ops, ops.slice(positions, target, target + 1))),
        1,
      )
    },
    ...(predictProba && {
      // scikit-learn hands on the first column of each target
      predictProba: (x: Features) => {
        const each = predictProba(transform(x))
        if (!Array.isArray(each)) throw fitted.unsupported('its final estimator has probabilities of one target only')
        return ops.concat(
          (each as readonly Value[]).map((proba) => ops.slice(proba, 0, 1)),
          1,
        )
      },
    }),
    transform,
  }
}

/** `StackingRegressor`. */
function stackingRegressor(fitted: Fitted, context: Context): Opened {
  const { final, transform, input } = stackOf(fitted, context, false)
  const { predict } = final
  if (predict === undefined) throw fitted.unsupported('its final estimator predicts nothing')
  return { title: fitted.title, input, predict: (x) => predict(transform(x)), transform }
}

export const STACKING: Openers = {
  'sklearn.StackingClassifier': stackingClassifier,
  'sklearn.StackingRegressor': stackingRegressor,
}
