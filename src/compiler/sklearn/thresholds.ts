import type { PyValue } from '../../formats/python/values.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import type { Features } from './features.ts'
import { Fitted, plain } from './fitted.ts'
import { labelsOf, type Labels } from './labels.ts'
import { flat, isSameLabel, labelsIn, single } from './responses.ts'

/** A classifier of two classes whose label changes at a threshold of its own. */
interface Parts {
  readonly estimator: Opened
  /** Label that counts as positive; undefined for the second class. */
  readonly positive: PyValue | undefined
  /** undefined for the usual one: 0.5 of probabilities, 0 of decisions. */
  readonly threshold: number | undefined
}

function thresholded(fitted: Fitted, ops: Ops, { estimator, positive, threshold }: Parts): Opened {
  const classes = labelsIn(estimator)
  if (classes?.count !== 2) throw fitted.unsupported(`its ${estimator.title} is no classifier of two classes`)
  const place = positive === undefined || positive === null ? 1 : placeOf(positive, classes, fitted)
  const method = fitted.choice('response_method', ['auto', 'predict_proba', 'decision_function'], 'auto')
  const {
    predictProba,
    decisionFunction,
    predict: _predict,
    classIndex: _index,
    kneighbors: _neighbors,
    ...rest
  } = estimator
  const isProba = method === 'predict_proba' || (method === 'auto' && predictProba !== undefined)
  const score = (x: Features): Value => {
    if (isProba) {
      if (predictProba === undefined) throw fitted.damaged(`its ${estimator.title} has no probabilities`)
      return ops.squeeze(ops.slice(single(predictProba(x), fitted), place, place + 1), 1)
    }
    if (decisionFunction === undefined) throw fitted.damaged(`its ${estimator.title} has no decisions`)
    const decision = flat(ops, single(decisionFunction(x), fitted))
    return place === 1 ? decision : ops.neg(decision)
  }
  const limit = threshold ?? (isProba ? 0.5 : 0)
  const index = (x: Features): Value => {
    const isPositive = ops.cast(ops.greaterOrEqual(score(x), limit), 'INT64')
    return place === 1 ? isPositive : ops.sub(ops.integers([1], []), isPositive)
  }
  const { transform: _transform, scoreSamples: _scores, ...kept } = rest
  return {
    ...kept,
    title: fitted.title,
    input: fitted.input() ?? estimator.input,
    classes,
    classIndex: index,
    predict: (x) => classes.at(ops, index(x)),
    ...(predictProba && { predictProba }),
    ...(decisionFunction && { decisionFunction }),
  }
}

function placeOf(label: PyValue, classes: Labels, fitted: Fitted): number {
  const [value] = labelsOf([label], `${fitted.where}, the positive label`).values
  const place = classes.values.findIndex((other) => value !== undefined && isSameLabel(value, other))
  if (place < 0) throw fitted.damaged('its positive label is none of its classes')
  return place
}

/** `FixedThresholdClassifier`. */
function fixedThreshold(fitted: Fitted, { ops, open }: Context): Opened {
  const name = fitted.has('estimator_') ? 'estimator_' : 'estimator'
  fitted.ignore('estimator')
  const given = fitted.raw('threshold')
  return thresholded(fitted, ops, {
    estimator: open(fitted.value(name), 'estimator', fitted),
    positive: fitted.raw('pos_label'),
    threshold: given === 'auto' || given === undefined ? undefined : fitted.number('threshold'),
  })
}

/** Scores of scikit-learn's that take 1 for the positive label where none is given. */
const POSITIVE_IS_ONE =
  /^(f1_score|fbeta_score|jaccard_score|precision_score|recall_score|precision_recall_fscore_support|average_precision_score)$/

/** Those that know no positive label. */
const KNOWS_NONE =
  /^(accuracy_score|balanced_accuracy_score|matthews_corrcoef|cohen_kappa_score|hamming_loss|zero_one_loss|mutual_info_score|v_measure_score|rand_score|adjusted_rand_score|class_likelihood_ratios|brier_score_loss|log_loss)$/

/** `TunedThresholdClassifierCV`. */
function tunedThreshold(fitted: Fitted, { ops, open }: Context): Opened {
  fitted.ignore('estimator', 'scoring', 'thresholds', 'cv', 'refit', 'store_cv_results')
  const estimator = open(fitted.value('estimator_'), 'estimator', fitted)
  return thresholded(fitted, ops, {
    estimator,
    positive: positiveOf(fitted, labelsIn(estimator)),
    threshold: fitted.number('best_threshold_'),
  })
}

/** The positive label of the scorer that the threshold was tuned by. @see scikit-learn, `_CurveScorer._get_pos_label` */
function positiveOf(fitted: Fitted, classes: Labels | undefined): PyValue | undefined {
  const found = fitted.raw('_curve_scorer')
  const scorer = fitted.inside(found, '"_curve_scorer"', 'it has no "_curve_scorer"')
  const options = scorer.raw('_kwargs')
  if (typeof options === 'object' && options !== null && 'kind' in options && options.kind === 'dict') {
    const given = options.byName.get('pos_label')
    if (given !== undefined) return plain(given)
  }
  const score = scorer.raw('_score_func')
  const name =
    typeof score === 'object' &&
    score !== null &&
    'kind' in score &&
    score.kind === 'global' &&
    score.module.startsWith('sklearn.')
      ? score.name
      : undefined
  if (name !== undefined && KNOWS_NONE.test(name)) return undefined
  if (name !== undefined && POSITIVE_IS_ONE.test(name)) return 1n
  // whatever its default, it matters only where the first class could be meant
  const first = classes?.values[0]
  if (first !== undefined && !(first instanceof Uint8Array) && Number(first) !== 1) return undefined
  throw fitted.unsupported('it was tuned by a score that does not say which of its labels is the positive one')
}

export const THRESHOLDS: Openers = {
  'sklearn.FixedThresholdClassifier': fixedThreshold,
  'sklearn.TunedThresholdClassifierCV': tunedThreshold,
}
