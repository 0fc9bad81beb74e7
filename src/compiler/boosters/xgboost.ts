import { isKind } from '../../formats/python/refs.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { readBoosterJson } from '../../formats/boosters/json.ts'
import { isNumberList, isObject, type FileValue } from '../../formats/boosters/tree-file.ts'
import { readXgboost, type XgboostModel } from '../../formats/boosters/xgboost.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { classifier, indexByProba } from '../sklearn/classifier.ts'
import type { Context, InputForm, Opened, Openers } from '../sklearn/contract.ts'
import type { Features } from '../sklearn/features.ts'
import { Fitted, itemsIn, plain } from '../sklearn/fitted.ts'
import { countedLabels, labelsOf, type Labels } from '../sklearn/labels.ts'
import { linkOf, transformed } from './xgboost-link.ts'
import { xgboostMargin, type MarginOptions } from './xgboost-margin.ts'

/** Oldest and newest XGBoost whose files are tested, [major, minor]. */
const OLDEST = [1, 3] as const
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
  const isTested = version === undefined || (isAtLeast(version, OLDEST) && isAtLeast(NEWEST, version))
  if (!isTested && !allowUntested)
    throw new ServingError(
      'unsupported',
      `${options.where} was written by XGBoost ${version.join('.')}; tested are ${OLDEST.join('.')} to ${NEWEST.join('.')}: --allow-untested compiles it all the same, with golden rows to check`,
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

type Version = readonly [major: number, minor: number, patch?: number]

function isAtLeast([major, minor]: Version, [otherMajor, otherMinor]: Version): boolean {
  return major > otherMajor || (major === otherMajor && minor >= otherMinor)
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
  return openModel(ops, readXgboost(bytes), where, allowUntested)
}

function openModel(ops: Ops, model: XgboostModel, where: string, allowUntested: boolean): Opened {
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
    return { ...head, ...classify(ops, predictions, saved.labels ?? countedLabels(Math.max(2, model.classes))) }
  return { ...head, predict: (x) => flat(ops, predictions.value(x)) }
}

interface Saved {
  readonly kind: string
  readonly missing: number
  readonly labels: Labels | undefined
}

/** What a wrapper has noted about itself in a file. @see XGBoost, `XGBModel.save_model` */
function savedBy({ attributes, classes }: XgboostModel): Saved | undefined {
  const text = attributes.get('scikit_learn')
  if (text === undefined) return undefined
  const notes = readBoosterJson(Buffer.from(text, 'utf8'))
  // up to 1.3 the class notes its name in place of its kind
  const type = notes.get('type')
  const isOld = typeof type === 'string' && type.endsWith('Classifier')
  const kind = notes.get('_estimator_type') ?? (isOld ? 'classifier' : '')
  const missing = notes.get('missing')
  return {
    kind: typeof kind === 'string' ? kind : '',
    missing: typeof missing === 'number' ? Math.fround(missing) : Number.NaN,
    labels: savedLabels(notes.get('_le'), Math.max(2, classes)),
  }
}

/** Labels that a wrapper up to 1.5 had numbered by itself. */
function savedLabels(encoder: FileValue | undefined, count: number): Labels | undefined {
  const list = isObject(encoder) ? encoder.get('classes_') : undefined
  if (list === undefined) return undefined
  const items = Array.isArray(list) || isNumberList(list) ? Array.from(list as ArrayLike<FileValue>) : []
  const values = items.map((item) =>
    typeof item === 'number' && Number.isSafeInteger(item) ? BigInt(item) : typeof item === 'string' ? item : undefined,
  )
  const known = values.filter((value) => value !== undefined)
  if (known.length === items.length && known.length === count) return labelsOf(known, 'the labels noted in the file')
  throw new ServingError(
    'unsupported',
    'the file notes labels of its own that are neither text nor whole numbers, or not as many as its classes; save it by a newer XGBoost, with labels 0, 1, …',
  )
}

/** Where training stopped early, its best iteration is the last that counts. */
function bestIteration({ attributes }: XgboostModel): number | undefined {
  const text = attributes.get('best_iteration')
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) + 1 : undefined
}

function booster(fitted: Fitted, { ops, allowUntested }: Context): Opened {
  fitted.ignore(...fitted.names())
  return openModel(ops, named(readXgboost(handleOf(fitted)), fitted), fitted.where, allowUntested)
}

/** Up to 1.3 the object around a model knows its columns' names, and those that stand for none. */
function named(model: XgboostModel, booster: Fitted): XgboostModel {
  const names = model.featureNames === undefined ? itemsIn(booster.raw('feature_names')) : undefined
  const isWhole = names?.length === model.features && names.every((name) => typeof name === 'string')
  if (!isWhole || names.every((name, i) => name === `f${i}`)) return model
  return { ...model, featureNames: names }
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
  const model = named(readXgboost(handleOf(inside)), inside)
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
  const { model } = predictions
  const objective = fitted.raw('objective')
  if ((objective === 'multi:softmax') !== (model.objective === 'multi:softmax'))
    throw fitted.unsupported(
      `its objective is ${quote(typeof objective === 'string' ? objective : 'its own')}, and that of its model ${quote(model.objective)}`,
    )
  const labels = classesOf(fitted, classCount(fitted, predictions))
  return { title: fitted.title, input: inputOf(model), ...classify(context.ops, predictions, labels) }
}

/** @see XGBoost, `XGBClassifier.predict` and `predict_proba` */
function classify(
  ops: Ops,
  { model, value, margin, groups }: Predictions,
  classes: Labels,
): Omit<Opened, 'title' | 'input'> {
  const isSoftmax = model.objective === 'multi:softmax'
  // two classes told apart by two groups are taken for two labels, from 1.6 on
  if (groups === 2 && model.targets <= 1 && model.version !== undefined && !isAtLeast(model.version, [1, 6]))
    throw new ServingError(
      'unsupported',
      `XGBoost ${model.version.join('.')} answered for two classes of ${model.objective} in a way of its own, which is not covered; train it with binary:logistic`,
    )
  if (groups > 1 && (model.targets > 1 || (classes.count === 2 && !isSoftmax))) return manyLabels(ops, value)
  if (groups > 1) {
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

function classCount(fitted: Fitted, { groups, model }: Predictions): number {
  fitted.ignore('n_classes_')
  const count = fitted.has('n_classes_') ? fitted.int('n_classes_') : groups > 1 ? groups : 2
  if (count !== groups && !(groups === 1 && count <= 2) && !(model.targets > 1 && count === 2))
    throw fitted.unsupported(`it was fitted on ${count} classes, and its model tells ${groups} apart`)
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
