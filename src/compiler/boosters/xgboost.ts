import { isKind } from '../../formats/python/refs.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { readBoosterJson } from '../../formats/boosters/json.ts'
import { readXgboost, type XgboostModel } from '../../formats/boosters/xgboost.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { classifier, indexByProba } from '../sklearn/classifier.ts'
import type { Context, InputForm, Opened, Openers } from '../sklearn/contract.ts'
import type { Features } from '../sklearn/features.ts'
import { Fitted, plain } from '../sklearn/fitted.ts'
import { countedLabels, type Labels } from '../sklearn/labels.ts'
import { linkOf, transformed } from './xgboost-link.ts'
import { xgboostMargin, type MarginOptions } from './xgboost-margin.ts'

/** Newest XGBoost whose files are tested, [major, minor]. */
const NEWEST = [3, 2] as const

/** What a Booster predicts. */
interface Predictions {
  readonly model: XgboostModel
  /** FP64 [rows, groups]; [rows, 1] where the objective gives one number. */
  readonly value: (x: Features) => Value
  /** Before the objective's link: FP64 [rows, groups]. */
  readonly margin: (x: Features) => Value
  readonly groups: number
}

function predictionsOf(ops: Ops, model: XgboostModel, options: MarginOptions, allowUntested: boolean): Predictions {
  const { version } = model
  if (version !== undefined && !allowUntested && version[0] * 1000 + version[1] > NEWEST[0] * 1000 + NEWEST[1])
    throw new ServingError(
      'unsupported',
      `${options.where} was written by XGBoost ${version.join('.')}; tested are those up to ${NEWEST.join('.')}: --allow-untested compiles it all the same, with golden rows to check`,
    )
  const margin = xgboostMargin(ops, model, options)
  const link = linkOf(model.objective, options.where)
  return {
    model,
    groups: margin.groups,
    margin: margin.sums,
    value: (x) => transformed(ops, margin.sums(x), link),
  }
}

function inputOf({ featureNames, features }: XgboostModel): InputForm {
  return featureNames === undefined ? { kind: 'array', width: features } : { kind: 'frame', names: featureNames }
}

/** [rows] where there is one number a row. */
function flat(ops: Ops, value: Value): Value {
  return value.shape[1] === 1 ? ops.squeeze(value, 1) : value
}

/**
 * A Booster: what `Booster.predict` answers, by all of its trees. A file that a wrapper for scikit-learn has saved answers as
 * that does once it has loaded it.
 */
export function openXgboost(ops: Ops, bytes: Uint8Array, where: string, allowUntested: boolean): Opened {
  const model = readXgboost(bytes)
  const saved = savedBy(model)
  const options = {
    iterations: saved === undefined || model.booster === 'gblinear' ? undefined : bestIteration(model),
    missing: saved?.missing ?? Number.NaN,
    areCodes: false,
    where,
  }
  const predictions = predictionsOf(ops, model, options, allowUntested)
  const head = { title: 'Booster', input: inputOf(model) }
  if (saved?.kind === 'classifier')
    return { ...head, ...classify(ops, predictions, countedLabels(Math.max(2, model.classes))) }
  return { ...head, predict: (x) => flat(ops, predictions.value(x)) }
}

/** What a wrapper has noted about itself in a file. @see XGBoost, `XGBModel.save_model` */
function savedBy({ attributes }: XgboostModel): { kind: string; missing: number } | undefined {
  const text = attributes.get('scikit_learn')
  if (text === undefined) return undefined
  const notes = readBoosterJson(Buffer.from(text, 'utf8'))
  const kind = notes.get('_estimator_type')
  const missing = notes.get('missing')
  return {
    kind: typeof kind === 'string' ? kind : '',
    missing: typeof missing === 'number' ? Math.fround(missing) : Number.NaN,
  }
}

/** Where training stopped early, its best iteration is the last that counts. */
function bestIteration({ attributes }: XgboostModel): number | undefined {
  const text = attributes.get('best_iteration')
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) + 1 : undefined
}

function booster(fitted: Fitted, { ops, allowUntested }: Context): Opened {
  fitted.ignore(...fitted.names())
  return openXgboost(ops, handleOf(fitted), fitted.where, allowUntested)
}

function handleOf(fitted: Fitted): Uint8Array {
  const handle = fitted.value('handle')
  if (handle instanceof Uint8Array) return handle
  throw fitted.damaged('its "handle" is no model: it was not trained')
}

const HYPER_PARAMETERS = [
  'n_estimators', 'max_depth', 'max_leaves', 'max_bin', 'grow_policy', 'learning_rate', 'verbosity', 'tree_method', 'gamma',
  'min_child_weight', 'max_delta_step', 'subsample', 'sampling_method', 'colsample_bytree', 'colsample_bylevel',
  'colsample_bynode', 'reg_alpha', 'reg_lambda', 'scale_pos_weight', 'base_score', 'num_parallel_tree',
  'monotone_constraints', 'interaction_constraints', 'importance_type', 'device', 'gpu_id', 'validate_parameters',
  'predictor', 'enable_categorical', 'feature_weights', 'max_cat_to_onehot', 'max_cat_threshold', 'multi_strategy',
  'eval_metric', 'early_stopping_rounds', 'callbacks', 'kwargs', 'use_label_encoder', 'evals_result', 'best_score',
  'best_ntree_limit', 'silent', 'seed', 'nthread',
] as const // oxfmt-ignore

/** The model of a wrapper for scikit-learn, and how it asks it. @see XGBoost, `XGBModel.predict` */
function wrapped(fitted: Fitted, { ops, allowUntested }: Context): Predictions {
  fitted.ignore(...HYPER_PARAMETERS)
  const inside = boosterIn(fitted)
  const model = readXgboost(handleOf(inside))
  const missing = fitted.raw('missing')
  const isNumber = typeof missing === 'number' || typeof missing === 'bigint'
  if (!isNumber && missing !== null && missing !== undefined) throw fitted.unsupported('its "missing" is no number')
  const options = {
    iterations: model.booster === 'gblinear' ? undefined : bestIterations(fitted, inside, model),
    missing: isNumber ? Math.fround(Number(missing)) : Number.NaN,
    areCodes: fitted.has('feature_types'),
    where: fitted.where,
  }
  fitted.ignore('booster', 'best_iteration')
  return predictionsOf(ops, model, options, allowUntested)
}

function boosterIn(fitted: Fitted): Fitted {
  const found = plain(fitted.value('_Booster'))
  if (isKind(found, 'object') && found.class.name === 'Booster')
    return new Fitted(found, `${fitted.where}, its Booster`)
  throw fitted.damaged('it has no Booster: it was not fitted')
}

function bestIterations(fitted: Fitted, inside: Fitted, model: XgboostModel): number | undefined {
  const noted = bestIteration(model)
  if (noted !== undefined) return noted
  for (const each of [inside, fitted]) if (each.has('best_iteration')) return each.int('best_iteration') + 1
  return undefined
}

function regressor(fitted: Fitted, context: Context): Opened {
  const predictions = wrapped(fitted, context)
  fitted.ignore('objective')
  return {
    title: fitted.title,
    input: inputOf(predictions.model),
    predict: (x) => flat(context.ops, predictions.value(x)),
  }
}

function xgbClassifier(fitted: Fitted, context: Context): Opened {
  const predictions = wrapped(fitted, context)
  const { model, groups } = predictions
  const objective = fitted.raw('objective')
  if ((objective === 'multi:softmax') !== (model.objective === 'multi:softmax'))
    throw fitted.unsupported(
      `its objective is ${quote(typeof objective === 'string' ? objective : 'its own')}, and that of its model ${quote(model.objective)}`,
    )
  const labels = classesOf(fitted, classCount(fitted, groups))
  return { title: fitted.title, input: inputOf(model), ...classify(context.ops, predictions, labels) }
}

/** @see XGBoost, `XGBClassifier.predict` and `predict_proba` */
function classify(
  ops: Ops,
  { model, value, margin, groups }: Predictions,
  classes: Labels,
): Omit<Opened, 'title' | 'input'> {
  if (groups > 1 && model.targets > 1) return manyLabels(ops, value)
  if (groups > 1) {
    const isSoftmax = model.objective === 'multi:softmax'
    const proba = isSoftmax ? (x: Features) => ops.roundToFloat(ops.softmax(margin(x))) : value
    const index = (x: Features) => (isSoftmax ? ops.argMax(margin(x), 1) : indexByProba(ops, proba(x)))
    // multi:softmax gives numbers, whatever the labels were
    return classifier(ops, { classes: isSoftmax ? countedLabels(groups) : classes, index, proba })
  }
  return classifier(ops, {
    classes,
    index: (x) => ops.cast(ops.greater(ops.squeeze(value(x), 1), 0.5), 'INT64'),
    proba: (x) => {
      const column = value(x)
      return ops.concat([ops.roundToFloat(ops.sub(1, column)), column], 1)
    },
  })
}

/** Several labels at a time, each there or not: floats, as XGBoost has them. */
function manyLabels(ops: Ops, value: (x: Features) => Value): Pick<Opened, 'predict' | 'predictProba'> {
  return { predict: (x) => ops.cast(ops.greater(value(x), 0.5), 'FP64'), predictProba: value }
}

function classCount(fitted: Fitted, groups: number): number {
  fitted.ignore('n_classes_')
  const count = fitted.has('n_classes_') ? fitted.int('n_classes_') : groups > 1 ? groups : 2
  if (count !== groups && !(groups === 1 && count <= 2) && count !== 2)
    throw fitted.damaged(`it has ${count} classes, and its model tells ${groups} apart`)
  return Math.max(2, count)
}

/** Labels are 0, 1, …, but where an old wrapper encoded them itself. */
function classesOf(fitted: Fitted, count: number): Labels {
  fitted.ignore('classes_')
  const encoder = fitted.raw('_le')
  if (!isKind(encoder, 'object')) return countedLabels(count)
  const labels = new Fitted(encoder, `${fitted.where}, "_le"`).labels('classes_')
  if (labels.count !== count) throw fitted.damaged(`it has ${labels.count} labels for ${count} classes`)
  return labels
}

export const XGBOOST: Openers = {
  'xgboost.Booster': booster,
  'xgboost.XGBClassifier': xgbClassifier,
  'xgboost.XGBRFClassifier': xgbClassifier,
  'xgboost.XGBRegressor': regressor,
  'xgboost.XGBRFRegressor': regressor,
  'xgboost.XGBRanker': regressor,
  'xgboost.XGBModel': regressor,
}
