import { ServingError } from '../../core/errors.ts'
import { quote, quoteList } from '../../core/text.ts'
import type { PyDict, PyObject, PyValue } from '../../formats/python/values.ts'
import { plain } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'
import { OPENERS } from './registry.ts'

/** An estimator of a file. */
export interface Member {
  /** What goes before the names of its outputs; empty where the file is this estimator. */
  readonly prefix: string
  readonly value: PyObject
}

/** Most models of one file. */
const MOST_MEMBERS = 256

/**
 * The estimators that a file holds: itself, or what a dict, list or tuple of them holds. Whatever else a dict keeps beside
 * its model (thresholds, names, dates) is left alone.
 * @throws {ServingError} `refused` where the file holds none, `unsupported` where it holds a model beside a transformer that may belong before it
 */
export function membersOf(root: PyValue): readonly Member[] {
  const value = plain(root) ?? null
  if (isObject(value)) return [{ prefix: '', value }]
  const found = candidates(value)
  if (found.length === 0)
    throw new ServingError(
      'refused',
      `the file holds ${describe(value)} with no model in it; save the fitted estimator itself`,
    )
  if (found.length > MOST_MEMBERS)
    throw new ServingError('too_large', `the file holds ${found.length} models; the most is ${MOST_MEMBERS}`)
  if (found.length === 1 && found[0] !== undefined) return [{ prefix: '', value: found[0].value }]
  const unknown = found.filter(({ value }) => !isCovered(value))
  const covered = found.filter(({ value }) => isCovered(value))
  const predictors = covered.filter(({ value }) => isPredictor(value))
  if (predictors.length > 0 && (predictors.length < covered.length || unknown.length > 0))
    throw new ServingError(
      'unsupported',
      `the file holds ${quoteList(
        found.map(({ name, value }) => `${name}: ${value.class.name}`),
        6,
      )}; what is to be run before what is not said: put them into one Pipeline and save that`,
    )
  return (predictors.length > 0 ? predictors : covered).map(({ name, value }) => ({ prefix: `${name}.`, value }))
}

function candidates(value: PyValue): { name: string; value: PyObject }[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  if (value.kind === 'dict') return inDict(value)
  const items = value.kind === 'list' || value.kind === 'tuple' ? value.items : undefined
  const array = value.kind === 'ndarray' && value.holds === 'objects' ? value.data : undefined
  return (items ?? array ?? []).flatMap((item, i) => {
    const each = plain(item) ?? null
    return isObject(each) && isModel(each) ? [{ name: String(i), value: each }] : []
  })
}

function inDict(dict: PyDict): { name: string; value: PyObject }[] {
  return dict.entries.flatMap(([key, item]) => {
    const each = plain(item) ?? null
    if (!isObject(each) || !isModel(each)) return []
    const name = plain(key)
    if (typeof name === 'string' || typeof name === 'bigint') return [{ name: String(name), value: each }]
    throw new ServingError('unsupported', `the file keeps a model under ${quote(describe(key))}; keys must be text`)
  })
}

function isObject(value: PyValue): value is PyObject {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && value.kind === 'object'
}

/** Whether it may be a model: of a class that we know, or of a library of models, or of the user's own with state. */
function isModel(value: PyObject): boolean {
  return (
    isCovered(value) ||
    (value.made === 'instance' &&
      value.attributes.size > 0 &&
      /^(sklearn|xgboost|lightgbm|catboost|imblearn|__main__)\b/.test(value.class.module))
  )
}

function isCovered({ class: { module, name } }: PyObject): boolean {
  return OPENERS.has(`${module.split('.')[0]}.${name}`)
}

/** By what only fitted predictors have. */
function isPredictor({ attributes, class: { name } }: PyObject): boolean {
  if (attributes.has('classes_') || /(Classifier|Regressor|Regression|SVC|SVR|Booster|Ranker)(CV)?$/.test(name))
    return true
  const steps = attributes.get('steps')
  if (typeof steps === 'object' && steps !== null && !(steps instanceof Uint8Array) && steps.kind === 'list') {
    const last = steps.items.at(-1)
    const estimator = typeof last === 'object' && last !== null && 'items' in last ? last.items[1] : undefined
    return estimator !== undefined && isObject(estimator) && isPredictor(estimator)
  }
  return !/(Scaler|Encoder|Vectorizer|Transformer|Imputer|Normalizer|Binarizer|PCA|SVD|Union|Selector|Features|Threshold|Best)$/.test(
    name,
  )
}
