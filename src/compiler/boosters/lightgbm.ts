import { isKind } from '../../formats/python/refs.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { readLightgbm, type LightgbmModel } from '../../formats/boosters/lightgbm.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { classifier, indexByProba } from '../sklearn/classifier.ts'
import type { Context, InputForm, Opened, Openers } from '../sklearn/contract.ts'
import type { Features } from '../sklearn/features.ts'
import { Fitted, plain } from '../sklearn/fitted.ts'
import type { Labels } from '../sklearn/labels.ts'
import { lightgbmScores, type LightgbmOptions } from './lightgbm-scores.ts'

/** What a Booster predicts. */
interface Predictions {
  readonly model: LightgbmModel
  /** FP64 [rows, k]. */
  readonly value: (x: Features) => Value
  /** The sum of the trees: FP64 [rows, k]. */
  readonly raw: (x: Features) => Value
}

/** Objectives whose sums are what they predict. */
const IDENTITY: ReadonlySet<string> = new Set([
  'regression',
  'regression_l2',
  'l2',
  'regression_l1',
  'l1',
  'huber',
  'fair',
  'quantile',
  'mape',
  'lambdarank',
  'rank_xendcg',
])

const EXPONENTIAL: ReadonlySet<string> = new Set(['poisson', 'gamma', 'tweedie'])

/** @see LightGBM, `ConvertOutput` of each objective */
function transformed(ops: Ops, scores: Value, { objective }: LightgbmModel, where: string): Value {
  if (objective === undefined) return scores
  const { name, options } = objective
  const logistic = () => {
    const scale = Number(options.get('sigmoid') ?? '1')
    if (!(scale > 0))
      throw new ServingError('refused', `${where}: its sigmoid is ${options.get('sigmoid')}; the file is damaged`)
    return ops.sigmoid(scale === 1 ? scores : ops.mul(scores, scale))
  }
  if (IDENTITY.has(name)) {
    if (!options.has('sqrt')) return scores
    return ops.mul(ops.abs(scores), scores) // sign(x) * x * x
  }
  if (EXPONENTIAL.has(name)) return ops.exp(scores)
  if (name === 'binary' || name === 'multiclassova') return logistic()
  if (name === 'multiclass') return ops.softmax(scores)
  if (name === 'cross_entropy' || name === 'xentropy') return ops.sigmoid(scores)
  if (name === 'cross_entropy_lambda' || name === 'xentlambda') return softplus(ops, scores)
  throw new ServingError('unsupported', `${where}: the objective ${quote(name)} is not covered`)
}

/** log(1 + e^x), exact where e^x is small too. @see Kahan's way of computing log1p */
function softplus(ops: Ops, x: Value): Value {
  const power = ops.exp(ops.min(x, 40))
  const sum = ops.add(1, power)
  const exact = ops.div(ops.mul(ops.log(sum), power), ops.sub(sum, 1))
  return ops.where(ops.greater(x, 40), x, ops.where(ops.equal(sum, 1), power, exact))
}

/** Forms of the text that are tested: of LightGBM 2.2 to 4.7. */
const TESTED_FORMS: ReadonlySet<string> = new Set(['v2', 'v3', 'v4'])

interface BoosterOptions extends LightgbmOptions {
  readonly allowUntested: boolean
}

function predictionsOf(ops: Ops, source: Uint8Array | string, options: BoosterOptions): Predictions {
  const model = readLightgbm(source)
  if (!TESTED_FORMS.has(model.version) && !options.allowUntested)
    throw new ServingError(
      'unsupported',
      `${options.where} is in the form ${quote(model.version, 40)} of LightGBM's text; tested are ${Array.from(TESTED_FORMS).join(', ')}: --allow-untested compiles it all the same, with golden rows to check`,
    )
  const { raw, scores } = lightgbmScores(ops, model, options)
  return { model, raw, value: (x) => transformed(ops, scores(x), model, options.where) }
}

/** Names that LightGBM has given itself stand for columns of an array. */
function inputOf({ featureNames, features }: LightgbmModel): InputForm {
  return featureNames.every((name, i) => name === `Column_${i}`)
    ? { kind: 'array', width: features }
    : { kind: 'frame', names: featureNames }
}

function flat(ops: Ops, value: Value): Value {
  return value.shape[1] === 1 ? ops.squeeze(value, 1) : value
}

/** A Booster: what `Booster.predict` answers. */
export function openLightgbm(ops: Ops, source: Uint8Array | string, options: BoosterOptions): Opened {
  const { model, value } = predictionsOf(ops, source, options)
  return { title: 'Booster', input: inputOf(model), predict: (x) => flat(ops, value(x)) }
}

function booster(fitted: Fitted, { ops, allowUntested }: Context): Opened {
  ignoreAll(fitted)
  const { where } = fitted
  return openLightgbm(ops, handleOf(fitted), { iterations: bestIterations(fitted), where, allowUntested })
}

function ignoreAll(booster: Fitted): void {
  booster.ignore(...booster.names())
}

function handleOf(booster: Fitted): string {
  const handle = booster.raw('_handle') ?? booster.raw('handle')
  if (typeof handle === 'string') return handle
  throw booster.damaged('its "handle" is no model: it was not trained')
}

/** Where training stopped early, the best iteration is the last that counts; 0 and -1 mean that all do. */
function bestIterations(booster: Fitted): number | undefined {
  const best = booster.has('best_iteration') ? booster.int('best_iteration') : 0
  return best > 0 ? best : undefined
}

const HYPER_PARAMETERS = [
  'boosting_type',
  'num_leaves',
  'max_depth',
  'learning_rate',
  'n_estimators',
  'subsample_for_bin',
  'objective',
  'min_split_gain',
  'min_child_weight',
  'min_child_samples',
  'subsample',
  'subsample_freq',
  'colsample_bytree',
  'reg_alpha',
  'reg_lambda',
  'importance_type',
  'silent',
] as const

/** Parameters that change what `predict` answers. */
const PREDICTING = /^(pred|predict|is_predict|output_result|raw_score|start_iteration|num_iteration_predict)/

/** The model of a wrapper for scikit-learn. Whatever else it was given, it was trained with. */
function wrapped(fitted: Fitted, { ops, allowUntested }: Context): Predictions {
  fitted.ignore(...HYPER_PARAMETERS, 'fitted_')
  const others = fitted.raw('_other_params')
  if (isKind(others, 'dict'))
    for (const name of others.byName.keys()) {
      if (PREDICTING.test(name)) throw fitted.unsupported(`it was made with "${name}", which changes what it predicts`)
      fitted.ignore(name)
    }
  const found = plain(fitted.value('_Booster'))
  if (!isKind(found, 'object') || found.class.name !== 'Booster')
    throw fitted.damaged('it has no Booster: it was not fitted')
  const inside = new Fitted(found, `${fitted.where}, its Booster`)
  const { where } = fitted
  return predictionsOf(ops, handleOf(inside), { iterations: bestIterations(inside), where, allowUntested })
}

function regressor(fitted: Fitted, context: Context): Opened {
  const { model, value } = wrapped(fitted, context)
  return { title: fitted.title, input: inputOf(model), predict: (x) => flat(context.ops, value(x)) }
}

/** @see LightGBM, `LGBMClassifier.predict_proba` */
function lgbmClassifier(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  const { model, value, raw: sums } = wrapped(fitted, context)
  const head = { title: fitted.title, input: inputOf(model) }
  // from 4.7 on, which notes this too, there is a decision_function
  const isDeciding = Array.from(fitted.names()).includes('_fitted_with_feature_names')
  const decision = (x: Features) => flat(ops, sums(x))
  const own = fitted.raw('_objective')
  // the user's own objective: both methods give what the trees add up to
  if (own !== undefined && own !== null && typeof own !== 'string') {
    if (!Array.from(fitted.names()).includes('_n_features_in'))
      throw fitted.unsupported('LightGBM before 3 answered for an objective of your own in a way that is not covered')
    const raw = (x: Features) => flat(ops, value(x))
    return { ...head, predict: raw, predictProba: raw, ...(isDeciding && { decisionFunction: decision }) }
  }
  const classes = classesOf(fitted)
  const k = model.treesPerIteration
  if (k !== (classes.count > 2 ? classes.count : 1))
    throw fitted.damaged(`it has ${classes.count} classes, and ${k} trees an iteration`)
  const proba = (x: Features) => {
    const column = value(x)
    return k > 1 ? column : ops.concat([ops.sub(1, column), column], 1)
  }
  return {
    ...head,
    ...classifier(ops, { classes, index: (x) => indexByProba(ops, proba(x)), proba, ...(isDeciding && { decision }) }),
  }
}

function classesOf(fitted: Fitted): Labels {
  return fitted.inside(plain(fitted.value('_le')), '"_le"', 'it has no labels').labels('classes_')
}

export const LIGHTGBM: Openers = {
  'lightgbm.Booster': booster,
  'lightgbm.LGBMClassifier': lgbmClassifier,
  'lightgbm.LGBMRegressor': regressor,
  'lightgbm.LGBMRanker': regressor,
  'lightgbm.LGBMModel': regressor,
}
