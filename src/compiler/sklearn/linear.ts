import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { bothColumns, classifier, indexByDecision } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { expit } from './element-functions.ts'
import { checked, product, type Features } from './features.ts'
import { Fitted } from './fitted.ts'
import type { Labels } from './labels.ts'
import { clipped } from './scalers.ts'

/** Hyper-parameters of linear models that say how the weights are found, and nothing of what is done with them. */
const TRAINING =
  `C Cs alpha alpha_1 alpha_2 alpha_init alpha_per_target alphas average compute_score criterion cv dual early_stopping eps
  epsilon eta0 fit_intercept fit_path gcv_mode intercept_scaling jitter l1_ratio l1_ratios lambda_1 lambda_2 lambda_init
  learning_rate max_n_alphas max_subpopulation method n_alphas n_iter n_iter_no_change n_nonzero_coefs n_subsamples
  noise_variance normalize penalty positive power_t precompute quantile refit scoring selection shuffle solver_options
  store_cv_results store_cv_values threshold_lambda use_legacy_attributes validation_fraction`.split(/\s+/)

export interface LinearScores {
  readonly scores: (x: Features) => Value
  readonly targets: number
}

/**
 * `coef_` and `intercept_`, as x · coef.T + intercept: [rows] for `coef_` of rank 1, [rows, targets] for rank 2.
 * @param intercept in place of `intercept_`
 */
export function linearScores(
  fitted: Fitted,
  { ops }: Context,
  intercept: Float64Array = fitted.numbers('intercept_').data,
): LinearScores {
  const coef = fitted.numbers('coef_')
  if (coef.shape.length === 0 || coef.shape.length > 2)
    throw fitted.damaged(`"coef_" has ${coef.shape.length} dimensions`)
  const isFlat = coef.shape.length === 1
  const targets = isFlat ? 1 : (coef.shape[0] ?? 0)
  const width = coef.shape.at(-1) ?? 0
  if (width !== fitted.width())
    throw fitted.damaged(`"coef_" is for ${width} features, it was fitted on ${fitted.width()}`)
  if (intercept.length !== targets && intercept.length !== 1)
    throw fitted.damaged(`"intercept_" has ${intercept.length} numbers for ${targets} targets`)
  const weights = transposed(coef.data, targets, width)
  return {
    targets,
    scores: (x) => {
      const raw = ops.add(product(ops, x, weights, targets), ops.numbers(intercept))
      return isFlat ? ops.squeeze(raw, 1) : raw
    },
  }
}

/** A matrix of [rows, columns] as [columns, rows]. */
export function transposed(data: Float64Array, rows: number, columns: number): Float64Array {
  const made = new Float64Array(rows * columns)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) made[column * rows + row] = data[row * columns + column] ?? 0
  return made
}

/** Regressors that predict their linear scores as they are. */
function linearRegressor(fitted: Fitted, context: Context): Opened {
  fitted.ignore(...TRAINING, 'solver', 'loss')
  const { scores } = linearScores(fitted, context)
  return { title: fitted.title, input: fitted.input(), predict: scores }
}

/** Generalized linear regressors: Poisson and Gamma have the logarithm for a link, Tweedie what it says. */
function generalizedRegressor(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore(...TRAINING, 'solver')
  const isTweedie = fitted.title === 'TweedieRegressor'
  const link = isTweedie ? fitted.choice('link', ['auto', 'log', 'identity'], 'auto') : 'log'
  const isLog = link === 'log' || (link === 'auto' && fitted.number('power', 0) > 0)
  fitted.ignore('power')
  const { scores } = linearScores(fitted, context)
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => (isLog ? ops.exp(scores(x)) : scores(x)),
  }
}

/** `RANSACRegressor`: the estimator of the last consensus. */
function ransac(fitted: Fitted, context: Context): Opened {
  fitted.ignore('estimator', 'base_estimator', 'min_samples', 'residual_threshold', 'is_data_valid', 'is_model_valid')
  fitted.ignore('max_trials', 'max_skips', 'stop_n_inliers', 'stop_score', 'stop_probability', 'loss')
  const { predict, input } = context.open(fitted.value('estimator_'), 'estimator', fitted)
  if (predict === undefined) throw fitted.damaged('its estimator does not predict')
  return { title: fitted.title, input: fitted.input() ?? input, predict }
}

/** What a linear classifier answers, decided by its scores. */
export interface LinearDecision {
  readonly classes: Labels
  /** [rows] for two classes, [rows, classes] for more. */
  readonly decision: (x: Features) => Value
  readonly isBinary: boolean
}

/** The winner by the scores. */
export function linearIndex(ops: Ops, { classes, decision }: LinearDecision): (x: Features) => Value {
  if (classes.count === 1) return (x) => ops.cast(ops.fill(decision(x), 0), 'INT64')
  return (x) => indexByDecision(ops, decision(x))
}

export function linearDecision(fitted: Fitted, context: Context, classes = fitted.labels('classes_')): LinearDecision {
  const { ops } = context
  const { scores, targets } = linearScores(fitted, context)
  const isBinary = targets === 1
  // of one class alone, some keep a score that is never greater than 0
  if (classes.count !== (isBinary ? 2 : targets) && !(isBinary && classes.count === 1))
    throw fitted.damaged(`it has ${classes.count} classes and scores for ${targets}`)
  return {
    classes,
    isBinary,
    decision: (x) => {
      const raw = scores(checked(ops, x))
      return isBinary && raw.shape.length === 2 ? ops.squeeze(raw, 1) : raw
    },
  }
}

/** Classifiers that have no probabilities: the sign or the largest of the scores. */
function linearClassifier(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore(...TRAINING, 'solver', 'loss', 'multi_class')
  const linear = linearDecision(fitted, context)
  return {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, { ...linear, index: linearIndex(ops, linear) }),
  }
}

/** `RidgeClassifier` and `RidgeClassifierCV`, of classes or of several labels at once. */
function ridgeClassifier(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore(...TRAINING, 'solver')
  const value = fitted.value('_label_binarizer')
  const binarizer = fitted.inside(value, 'its labels', 'it has no labels')
  const type = binarizer.text('y_type_')
  if (!type.startsWith('multilabel')) {
    const linear = linearDecision(fitted, context, binarizer.labels('classes_'))
    const index = linearIndex(ops, linear)
    return { title: fitted.title, input: fitted.input(), ...classifier(ops, { ...linear, index }) }
  }
  const { scores } = linearScores(fitted, context)
  const decision = (x: Features) => scores(checked(ops, x))
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => ops.cast(ops.greater(decision(x), 0), 'INT64'),
    decisionFunction: decision,
  }
}

/** `LogisticRegression` and `LogisticRegressionCV`. @see scikit-learn, `LogisticRegression.predict_proba` */
function logisticRegression(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore(...TRAINING)
  const { classes, decision, isBinary } = linearDecision(fitted, context)
  const isOneVsRest = isOneVsRestLogistic(fitted, isBinary)
  const proba = (x: Features) => {
    const d = decision(x)
    if (isOneVsRest) return oneVsRestProba(ops, d, fitted)
    if (!isBinary) return ops.softmax(d)
    const column = ops.unsqueeze(d, 1)
    return ops.softmax(ops.concat([ops.neg(column), column], 1))
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, { classes, index: (x) => indexByDecision(ops, decision(x)), proba, decision }),
  }
}

/** Whether each class was fitted against the others, by the rule of the version that wrote the file. */
function isOneVsRestLogistic(fitted: Fitted, isBinary: boolean): boolean {
  const known = ['auto', 'ovr', 'multinomial', 'deprecated', 'warn'] as const
  const multiClass = fitted.choice('multi_class', known, 'auto')
  const solver = fitted.text('solver', 'lbfgs')
  if (multiClass === 'ovr' || multiClass === 'warn') return true
  if (multiClass === 'multinomial') return false
  if (isBinary || solver === 'liblinear') return true
  return solver === 'newton-cholesky' && !fitted.isSince(1, 6)
}

/** Logistic probabilities of each class against the others: [rows] as both columns, [rows, classes] with sum 1. */
export function oneVsRestProba(ops: Ops, decision: Value, fitted: Fitted): Value {
  const each = expit(ops, decision)
  if (decision.shape.length === 1) return bothColumns(ops, each)
  const sum = ops.sum(each, 1, true)
  const share = ops.div(each, sum)
  // from 1.9 on, a row whose probabilities are all 0 counts each class alike
  return fitted.isSince(1, 9) ? ops.where(ops.equal(sum, 0), 1 / (decision.shape[1] ?? 1), share) : share
}

const SGD_LOSSES = [
  'hinge',
  'log_loss',
  'log',
  'modified_huber',
  'squared_hinge',
  'perceptron',
  'squared_error',
  'squared_loss',
  'huber',
  'epsilon_insensitive',
  'squared_epsilon_insensitive',
] as const

/** `SGDClassifier`: probabilities for the losses that have them. */
function sgdClassifier(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore(...TRAINING)
  const loss = fitted.choice('loss', SGD_LOSSES, 'hinge')
  const { classes, decision } = linearDecision(fitted, context)
  const probabilities: Partial<Record<typeof loss, (x: Features) => Value>> = {
    log: (x) => oneVsRestProba(ops, decision(x), fitted),
    log_loss: (x) => oneVsRestProba(ops, decision(x), fitted),
    modified_huber: (x) => modifiedHuberProba(ops, decision(x)),
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, {
      classes,
      index: (x) => indexByDecision(ops, decision(x)),
      proba: probabilities[loss],
      decision,
    }),
  }
}

/** (the score between -1 and 1, + 1) / 2; alike for all where each is 0. @see scikit-learn, `SGDClassifier.predict_proba` */
function modifiedHuberProba(ops: Ops, decision: Value): Value {
  const each = ops.div(ops.add(clipped(ops, decision, -1, 1), 1), 2)
  if (decision.shape.length === 1) return bothColumns(ops, each)
  const sum = ops.sum(each, 1, true)
  const isZero = ops.equal(sum, 0)
  return ops.where(isZero, 1 / (decision.shape[1] ?? 1), ops.div(each, ops.where(isZero, 1, sum)))
}

/** `SGDOneClassSVM`: 1 for what belongs, -1 for outliers. */
function sgdOneClass(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore(...TRAINING, 'loss', 'nu')
  const offset = fitted.numbers('offset_').data
  const [first] = offset
  if (first === undefined || offset.length !== 1) throw fitted.damaged('its "offset_" is no number')
  const { scores } = linearScores(fitted, context, Float64Array.of(-first))
  const raw = (x: Features) => {
    const value = scores(checked(ops, x))
    return value.shape.length === 2 ? ops.squeeze(value, 1) : value
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) =>
      ops.sub(ops.mul(ops.cast(ops.greaterOrEqual(raw(x), 0), 'INT64'), ops.integers([2], [])), ops.integers([1], [])),
    decisionFunction: raw,
    scoreSamples: (x) => ops.add(raw(x), first),
  }
}

const REGRESSORS =
  `LinearRegression Ridge RidgeCV Lasso LassoCV ElasticNet ElasticNetCV LassoLars LassoLarsCV LassoLarsIC
  Lars LarsCV OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV MultiTaskLasso MultiTaskLassoCV MultiTaskElasticNet
  MultiTaskElasticNetCV BayesianRidge ARDRegression HuberRegressor TheilSenRegressor QuantileRegressor SGDRegressor
  PassiveAggressiveRegressor LinearSVR`.split(/\s+/)

export const LINEAR: Openers = {
  ...Object.fromEntries(REGRESSORS.map((name) => [`sklearn.${name}`, linearRegressor])),
  'sklearn.PoissonRegressor': generalizedRegressor,
  'sklearn.GammaRegressor': generalizedRegressor,
  'sklearn.TweedieRegressor': generalizedRegressor,
  'sklearn.RANSACRegressor': ransac,
  'sklearn.LogisticRegression': logisticRegression,
  'sklearn.LogisticRegressionCV': logisticRegression,
  'sklearn.RidgeClassifier': ridgeClassifier,
  'sklearn.RidgeClassifierCV': ridgeClassifier,
  'sklearn.SGDClassifier': sgdClassifier,
  'sklearn.SGDOneClassSVM': sgdOneClass,
  'sklearn.Perceptron': linearClassifier,
  'sklearn.PassiveAggressiveClassifier': linearClassifier,
  'sklearn.LinearSVC': linearClassifier,
}
