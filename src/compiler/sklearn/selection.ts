import { isKind } from '../../formats/python/refs.ts'
import type { PyObject, PyValue } from '../../formats/python/values.ts'
import type { Context, Opened, Openers } from './contract.ts'
import type { Features } from './features.ts'
import { Fitted, plain } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'
import { importancesOf } from './importances.ts'
import { after } from './pipeline.ts'

/** A transformer that keeps some of its columns. */
function selecting(
  fitted: Fitted,
  mask: readonly boolean[],
  input = fitted.input(),
): Opened & { readonly select: (x: Features) => Features } {
  const width = input?.kind === 'frame' ? input.names.length : input?.kind === 'array' ? input.width : undefined
  if (mask.length !== width) throw fitted.damaged(`it selects from ${mask.length} features of ${width ?? 'none'}`)
  const kept = mask.flatMap((isKept, i) => (isKept ? [i] : []))
  const select = (x: Features) => x.select(kept)
  return { title: fitted.title, input, transform: select, select }
}

/** `VarianceThreshold`. */
function varianceThreshold(fitted: Fitted): Opened {
  const threshold = fitted.number('threshold', 0)
  return selecting(
    fitted,
    Array.from(fitted.vector('variances_'), (variance) => variance > threshold),
  )
}

/** Parameters of each univariate selection, and how `GenericUnivariateSelect` calls it. */
const UNIVARIATE = {
  SelectKBest: { mode: 'k_best', parameter: 'k' },
  SelectPercentile: { mode: 'percentile', parameter: 'percentile' },
  SelectFpr: { mode: 'fpr', parameter: 'alpha' },
  SelectFdr: { mode: 'fdr', parameter: 'alpha' },
  SelectFwe: { mode: 'fwe', parameter: 'alpha' },
} as const

/** `SelectKBest` and its kind: by the scores, or the p-values, that fitting has found. */
function univariate(fitted: Fitted): Opened {
  fitted.ignore('score_func')
  const modes = Object.values(UNIVARIATE).map(({ mode }) => mode)
  const { mode, parameter } =
    fitted.title === 'GenericUnivariateSelect'
      ? { mode: fitted.choice('mode', modes, 'percentile'), parameter: 'param' }
      : UNIVARIATE[fitted.title as keyof typeof UNIVARIATE]
  const isAll = fitted.raw(parameter) === 'all'
  const amount = isAll ? Infinity : fitted.number(parameter)
  if (!(amount >= 0)) throw fitted.damaged(`its "${parameter}" is ${amount}`)
  if (mode === 'k_best' || mode === 'percentile') {
    const scores = fitted.vector('scores_').map((score) => (Number.isNaN(score) ? -Number.MAX_VALUE : score))
    return selecting(fitted, mode === 'k_best' ? best(scores, amount) : upperPercentile(scores, amount))
  }
  const chances = fitted.vector('pvalues_')
  if (mode === 'fdr') return selecting(fitted, falseDiscoveries(chances, amount))
  const limit = mode === 'fwe' ? amount / chances.length : amount
  return selecting(
    fitted,
    Array.from(chances, (chance) => chance < limit),
  )
}

/** The `count` largest; of equals the last ones, as a stable sort leaves them. */
function best(scores: Float64Array, count: number): boolean[] {
  const order = Array.from(scores.keys()).sort((a, b) => (scores[a] as number) - (scores[b] as number) || a - b)
  const kept = new Set(order.slice(Math.max(0, order.length - count)))
  return Array.from(scores.keys(), (i) => kept.has(i))
}

function upperPercentile(scores: Float64Array, percentile: number): boolean[] {
  if (percentile === 100) return Array.from(scores, () => true)
  if (percentile === 0) return Array.from(scores, () => false)
  const threshold = quantile(scores, (100 - percentile) / 100)
  const mask = Array.from(scores, (score) => score > threshold)
  let places = Math.trunc((scores.length * percentile) / 100) - mask.filter(Boolean).length
  // numpy's slice up to a negative end leaves ties out from the end
  const ties = Array.from(scores.keys()).filter((i) => scores[i] === threshold)
  if (places < 0) places = Math.max(0, ties.length + places)
  for (const tie of ties.slice(0, places)) mask[tie] = true
  return mask
}

/** numpy's `quantile` with linear interpolation, rounded as it does. */
export function quantile(values: Float64Array, share: number): number {
  const sorted = Float64Array.from(values).sort()
  const at = (sorted.length - 1) * share
  const low = Math.floor(at)
  const rest = at - low
  const from = sorted[low] as number
  const to = sorted[Math.min(low + 1, sorted.length - 1)] as number
  return rest >= 0.5 ? to - (to - from) * (1 - rest) : from + (to - from) * rest
}

/** Benjamini and Hochberg's rule. */
function falseDiscoveries(chances: Float64Array, alpha: number): boolean[] {
  const sorted = Float64Array.from(chances).sort()
  let most = -Infinity
  sorted.forEach((chance, i) => {
    if (chance <= (alpha / sorted.length) * (i + 1)) most = Math.max(most, chance)
  })
  return Array.from(chances, (chance) => chance <= most)
}

/** `SelectFromModel`: by the weights or importances of the estimator inside. */
function selectFromModel(fitted: Fitted): Opened {
  fitted.ignore('estimator', 'prefit', 'max_features')
  const order = fitted.has('norm_order') ? fitted.number('norm_order') : 1
  const getter = fitted.raw('importance_getter') ?? 'auto'
  const model = objectIn(fitted.raw('estimator_') ?? fitted.raw('estimator'), fitted)
  const inside = new Fitted(model, `${fitted.where}, estimator (${model.class.name})`)
  const scores = importancesOf(inside, getter, order, fitted)
  const threshold = thresholdOf(fitted, inside, scores)
  let mask = Array.from(scores, () => true)
  if (fitted.has('max_features')) {
    const most = fitted.has('max_features_') ? fitted.int('max_features_') : fitted.int('max_features')
    const ranked = Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
    const kept = new Set(ranked.slice(0, most))
    mask = mask.map((_, i) => kept.has(i))
  }
  return selecting(
    fitted,
    mask.map((isKept, i) => isKept && !((scores[i] as number) < threshold)),
    fitted.input() ?? inside.input(),
  )
}

/** @see scikit-learn, `_calculate_threshold` of each version */
function thresholdOf(fitted: Fitted, model: Fitted, scores: Float64Array): number {
  const threshold = fitted.raw('threshold')
  if (threshold === undefined || threshold === null) return isSparse(model, fitted) ? 1e-5 : mean(scores)
  if (typeof threshold === 'number' || typeof threshold === 'bigint') return Number(threshold)
  const found = typeof threshold === 'string' ? /^(?:\s*([\d.eE+-]+)\s*\*)?\s*(mean|median)\s*$/.exec(threshold) : null
  const [, scale, reference] = found ?? []
  if (typeof threshold !== 'string' || reference === undefined)
    throw fitted.unsupported(`its "threshold" is ${describe(threshold)}, which is not known`)
  if (scale !== undefined && Number.isNaN(Number(scale))) throw fitted.damaged(`its "threshold" is "${threshold}"`)
  const value = reference === 'mean' ? mean(scores) : quantile(scores, 0.5)
  return scale === undefined ? value : Number(scale) * value
}

/** Whether the model was fitted so that weights which do not count are 0. */
function isSparse(model: Fitted, fitted: Fitted): boolean {
  const { title } = model
  const isOne = (name: string) => {
    if (!model.has(name)) return false
    const { data } = model.numbers(name)
    return data.every((each) => Math.abs(each - 1) <= 1e-8 + 1e-5)
  }
  if (model.raw('penalty') === 'l1' || title.includes('Lasso')) return true
  const isOld = !fitted.isSince(1, 7)
  if (isOld ? title.includes('ElasticNet') && (isOne('l1_ratio_') || isOneNumber(model)) : false) return true
  if (title === 'ElasticNet') return isOneNumber(model)
  if (title === 'ElasticNetCV') return isOne('l1_ratio_')
  if (!fitted.isSince(1, 8)) return false
  return (
    (title === 'LogisticRegression' && isOneNumber(model)) || (title === 'LogisticRegressionCV' && isOne('l1_ratio_'))
  )
}

/** Whether `l1_ratio` is 1 (it may be a list, which no rule looks at). */
function isOneNumber(model: Fitted): boolean {
  const value = model.raw('l1_ratio')
  return (typeof value === 'number' || typeof value === 'bigint') && Math.abs(Number(value) - 1) <= 1e-8 + 1e-5
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function objectIn(value: PyValue | undefined, fitted: Fitted): PyObject {
  const simple = plain(value)
  if (isKind(simple, 'object')) return simple
  throw fitted.damaged('it has no estimator')
}

/** `RFE` and `RFECV`: a selection, and the estimator that was fitted on it. */
function recursiveElimination(fitted: Fitted, context: Context): Opened {
  fitted.ignore(
    'estimator',
    'n_features_to_select',
    'step',
    'importance_getter',
    'min_features_to_select',
    'cv',
    'scoring',
  )
  const { select, ...selection } = selecting(fitted, supportOf(fitted))
  const estimator = context.open(fitted.value('estimator_'), 'estimator', fitted)
  return { ...after(estimator, select), ...selection }
}

/** `SequentialFeatureSelector`. */
function sequential(fitted: Fitted): Opened {
  fitted.ignore('estimator', 'n_features_to_select', 'direction', 'scoring', 'cv')
  const { select: _select, ...selection } = selecting(fitted, supportOf(fitted))
  return selection
}

function supportOf(fitted: Fitted): boolean[] {
  return Array.from(fitted.vector('support_'), (each) => each !== 0)
}

export const SELECTIONS: Openers = {
  'sklearn.VarianceThreshold': varianceThreshold,
  ...Object.fromEntries(
    [...Object.keys(UNIVARIATE), 'GenericUnivariateSelect'].map((name) => [`sklearn.${name}`, univariate]),
  ),
  'sklearn.SelectFromModel': selectFromModel,
  'sklearn.RFE': recursiveElimination,
  'sklearn.RFECV': recursiveElimination,
  'sklearn.SequentialFeatureSelector': sequential,
}
