import { isSameLabel } from './responses.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { itemsIn, plain, type Fitted } from './fitted.ts'
import { labelsOf, type Labels } from './labels.ts'
import { largest } from './matrices.ts'
import type { Context, Opened, Openers } from './contract.ts'
import type { Features } from './features.ts'
import type { PyValue } from '../../formats/python/values.ts'

/** `DummyClassifier` with a strategy that is the same for every row. */
function dummyClassifier(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('constant')
  const strategy = fitted.text('strategy', 'prior')
  if (strategy === 'uniform' || strategy === 'stratified')
    throw fitted.unsupported(`its answers are drawn by chance ("strategy" is "${strategy}")`)
  if (strategy !== 'prior' && strategy !== 'most_frequent' && strategy !== 'constant')
    throw fitted.unsupported(`"strategy" is ${JSON.stringify(strategy)}, which this Slipway does not know`)
  const targets = fitted.int('n_outputs_')
  const isOne = targets === 1
  const each = (name: string): readonly (PyValue | undefined)[] =>
    isOne ? [fitted.value(name)] : (itemsIn(fitted.value(name)) ?? [])
  const classes = each('classes_').map((list, i) =>
    labelsIn(list, `${fitted.where}, classes of target ${i + 1}`, fitted),
  )
  const priors = each('class_prior_').map((list) => numbersIn(list, fitted))
  if (classes.length !== targets || priors.length !== targets)
    throw fitted.damaged(`it has ${classes.length} lists of classes for ${targets} targets`)
  const constants = strategy === 'constant' ? constantsOf(fitted) : []
  const winners = classes.map((labels, i) => {
    const prior = priors[i] as Float64Array
    if (prior.length !== labels.count) throw fitted.damaged('it has not as many priors as classes')
    if (strategy !== 'constant') return prior.indexOf(largest(prior))
    return positionOf(labels, constants[i], fitted)
  })
  const probabilities = classes.map((labels, i) =>
    strategy === 'prior'
      ? (priors[i] as Float64Array)
      : Float64Array.from({ length: labels.count }, (_, k) => (k === winners[i] ? 1 : 0)),
  )
  const predictOne = (x: Features, i: number) =>
    (classes[i] as Labels).at(ops, ops.cast(ops.fill(anyColumn(x), winners[i] ?? 0), 'INT64'))
  const probaOne = (x: Features, i: number) => {
    const shares = probabilities[i] as Float64Array
    return ops.add(ops.fill(anyColumn(x), 0, shares.length), ops.numbers(shares))
  }
  const all = classes.map((_, i) => i)
  const [only] = classes
  if (isOne && only !== undefined)
    return {
      title: fitted.title,
      input: fitted.input(),
      classes: only,
      classIndex: (x) => ops.cast(ops.fill(anyColumn(x), winners[0] ?? 0), 'INT64'),
      predict: (x) => predictOne(x, 0),
      predictProba: (x) => probaOne(x, 0),
    }
  return {
    title: fitted.title,
    input: fitted.input(),
    classes,
    predict: (x) =>
      ops.concat(
        all.map((i) => ops.unsqueeze(predictOne(x, i), 1)),
        1,
      ),
    predictProba: (x) => all.map((i) => probaOne(x, i)),
  }
}

/** A column to count rows by. */
function anyColumn(x: Features): Value {
  return x.column(0).number()
}

function labelsIn(value: PyValue | undefined, where: string, fitted: Fitted): Labels {
  const items = itemsIn(value)
  if (items !== undefined) return labelsOf(items, where)
  const array = plain(value)
  if (typeof array === 'object' && array !== null && 'kind' in array && array.kind === 'ndarray')
    return labelsOf(array, where)
  throw fitted.damaged('its classes are no list')
}

function numbersIn(value: PyValue | undefined, fitted: Fitted): Float64Array {
  const array = plain(value)
  if (typeof array === 'object' && array !== null && 'holds' in array && array.holds === 'numbers')
    return Float64Array.from(array.data as Float64Array, Number)
  throw fitted.damaged('its class priors are no numbers')
}

/** `constant`: a label, or one for each target. */
function constantsOf(fitted: Fitted): readonly (PyValue | undefined)[] {
  const value = fitted.raw('constant')
  const items = itemsIn(value)
  if (items !== undefined) return items
  if (typeof value === 'object' && value !== null && 'holds' in value && value.holds === 'numbers')
    return Array.from(value.data, (each: number | bigint): PyValue => (value.dtype.code === 'b' ? each === 1 : each))
  return [value]
}

function positionOf(labels: Labels, constant: PyValue | undefined, fitted: Fitted): number {
  const [known] = constant === undefined ? [] : labelsOf([constant], fitted.where).values
  const position = labels.values.findIndex((label) => known !== undefined && isSameLabel(label, known))
  if (position < 0) throw fitted.damaged('its constant is none of its classes')
  return position
}

/** `DummyRegressor`: the same numbers for every row. */
function dummyRegressor(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('strategy', 'constant', 'quantile')
  const constant = fitted.numbers('constant_').data
  const isWhole = 'iu'.includes(fitted.array('constant_').dtype.code)
  const targets = fitted.int('n_outputs_')
  if (constant.length !== targets) throw fitted.damaged(`it has ${constant.length} numbers for ${targets} targets`)
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => {
      const value = targets === 1 ? ops.fill(anyColumn(x), constant[0] ?? 0) : spread(ops, x, constant)
      return isWhole ? ops.cast(value, 'INT64') : value
    },
  }
}

function spread(ops: Ops, x: Features, constant: Float64Array): Value {
  return ops.add(ops.fill(anyColumn(x), 0, constant.length), ops.numbers(constant))
}

export const DUMMIES: Openers = {
  'sklearn.DummyClassifier': dummyClassifier,
  'sklearn.DummyRegressor': dummyRegressor,
}
