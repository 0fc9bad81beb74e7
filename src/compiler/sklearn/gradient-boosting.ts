import { isKind } from '../../formats/python/refs.ts'
import type { PyValue } from '../../formats/python/values.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { constantTree } from '../trees/constant-tree.ts'
import { ensemble, type Grown } from '../trees/ensemble.ts'
import { boostedClassifier } from './boosted.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, MatrixFeatures, type Features } from './features.ts'
import { Fitted, plain } from './fitted.ts'
import { treeIn } from './forests.ts'
import { ignoreGrowing, readRegressionTree } from './trees.ts'

/** What stands before the first stage: a number for each target, or what an estimator says of the row. */
type Start = readonly number[] | ((x: Features) => Value)

/** How an initial estimator's answers become raw predictions. */
type Link = 'identity' | 'logit' | 'half logit' | 'log' | 'centred log'

function ignoreBoosting(fitted: Fitted): void {
  ignoreGrowing(fitted)
  fitted.ignore('n_estimators', 'subsample', 'criterion', 'validation_fraction', 'n_iter_no_change', 'alpha')
}

/** Each stage's trees, one a target, scaled by the learning rate and added stage by stage. */
function stages(fitted: Fitted): { trees: Grown[]; targets: number } {
  const array = fitted.array('estimators_')
  const [count = 0, targets = 0] = array.shape
  if (array.holds !== 'objects' || array.shape.length !== 2 || count === 0 || targets === 0)
    throw fitted.damaged(`"estimators_" is no table of trees; its shape is [${array.shape.join()}]`)
  const rate = fitted.number('learning_rate')
  const features = fitted.width()
  const trees = array.data.map((value, i): Grown => {
    const { tree, values, outputs } = readRegressionTree(treeIn(value, fitted, i), { features })
    if (outputs !== 1) throw fitted.damaged(`its tree ${i + 1} has ${outputs} outputs`)
    return { tree, target: i % targets, leaves: values.map((leaf) => rate * leaf) }
  })
  return { trees, targets }
}

/** @see scikit-learn, `BaseGradientBoosting._raw_predict`: rows are rounded to float32 before `init_` sees them */
function rawPredictions(
  fitted: Fitted,
  { ops, open }: Context,
  link: Link,
): { raw: (x: Features) => Value; targets: number } {
  const { trees, targets } = stages(fitted)
  const start = startOf(fitted, ops, open, link, targets)
  const isConstant = typeof start !== 'function'
  const first = isConstant ? start.map((value, target) => constantTree(value, target)) : []
  const added = ensemble(ops, [...first, ...trees], { targets, test: 'at-most', datatype: 'FP64' })
  return {
    targets,
    raw: (x) => {
      const taken = checked(ops, x)
      return isConstant ? added(taken.matrix()) : ops.add(start(taken), added(taken.matrix()))
    },
  }
}

function startOf(fitted: Fitted, ops: Ops, open: Context['open'], link: Link, targets: number): Start {
  fitted.ignore('init')
  const init = fitted.value('init_')
  if (init === 'zero') return Array.from({ length: targets }, () => 0)
  const constant = constantOf(init, fitted, targets)
  const epsilon = fitted.isSince(1, 8) ? Number.EPSILON : 2 ** -23
  if (constant !== undefined) return linkNumbers(constant, link, epsilon)
  const opened = open(init, 'init', fitted)
  const rounded = (x: Features) => new MatrixFeatures(ops, ops.roundToFloat(x.matrix()), x.names)
  if (isFloat32(init, fitted))
    throw fitted.unsupported(
      `its init, a ${opened.title}, computes in float32, whose sums differ from processor to processor; fit it with init=None`,
    )
  if (link === 'identity') {
    const { predict } = opened
    if (predict === undefined || opened.classes !== undefined)
      throw fitted.unsupported(`its init, a ${opened.title}, predicts no numbers`)
    return (x) => {
      const value = predict(rounded(x))
      return value.shape.length === 1 ? ops.unsqueeze(value, 1) : value
    }
  }
  const { predictProba } = opened
  if (predictProba === undefined) throw fitted.unsupported(`its init, a ${opened.title}, has no probabilities`)
  return (x) => {
    const proba = predictProba(rounded(x))
    if (Array.isArray(proba)) throw fitted.unsupported('its init has several outputs')
    return linkValues(ops, proba as Value, link, epsilon)
  }
}

/**
 * Whether an initial estimator computes in float32: it is given such rows, and keeps to them where it was fitted on them;
 * from 1.8 on, nearly all but trees do.
 */
function isFloat32(init: PyValue, fitted: Fitted): boolean {
  const found = plain(init)
  if (!isKind(found, 'object')) return false
  if (/Tree|Forest|Boosting/.test(found.class.name)) return false
  if (fitted.isSince(1, 8)) return true
  return [...found.attributes.values()].some((value) => {
    const state = plain(value)
    return (
      typeof state === 'object' &&
      state !== null &&
      'kind' in state &&
      state.kind === 'ndarray' &&
      state.dtype.code === 'f' &&
      state.dtype.itemSize < 8
    )
  })
}

/** What a dummy says of every row, without rounding through the program. */
function constantOf(init: PyValue, fitted: Fitted, targets: number): Float64Array | undefined {
  const found = plain(init)
  if (!isKind(found, 'object')) return undefined
  if (!found.class.module.startsWith('sklearn.dummy')) return undefined
  const dummy = new Fitted(found, `${fitted.where}, init`)
  if (found.class.name === 'DummyRegressor') {
    const { data } = dummy.numbers('constant_')
    return data.length === 1 ? data : undefined
  }
  if (found.class.name !== 'DummyClassifier' || dummy.text('strategy') !== 'prior') return undefined
  const prior = dummy.vector('class_prior_')
  return prior.length === targets || (targets === 1 && prior.length === 2) ? prior : undefined
}

function linkNumbers(values: Float64Array, link: Link, epsilon: number): readonly number[] {
  if (link === 'identity') return Array.from(values)
  const clipped = values.map((value) => Math.min(Math.max(value, epsilon), 1 - epsilon))
  if (link === 'log') return Array.from(clipped, Math.log)
  if (link === 'centred log') {
    const mean = Math.exp(clipped.reduce((sum, value) => sum + Math.log(value), 0) / clipped.length)
    return Array.from(clipped, (value) => Math.log(value / mean))
  }
  const p = clipped[1] as number
  return [(link === 'half logit' ? 0.5 : 1) * Math.log(p / (1 - p))]
}

function linkValues(ops: Ops, proba: Value, link: Link, epsilon: number): Value {
  const clipped = ops.clip(proba, epsilon, 1 - epsilon)
  if (link === 'log') return ops.log(clipped)
  if (link === 'centred log') {
    const mean = ops.exp(ops.mean(ops.log(clipped), 1, true))
    return ops.log(ops.div(clipped, mean))
  }
  const p = ops.slice(clipped, 1, 2)
  const logit = ops.log(ops.div(p, ops.sub(1, p)))
  return link === 'half logit' ? ops.mul(logit, 0.5) : logit
}

/** `GradientBoostingClassifier`. @see scikit-learn, `_gb_losses.py` up to 1.3, `_loss/` from 1.4 */
function gradientBoostingClassifier(fitted: Fitted, context: Context): Opened {
  ignoreBoosting(fitted)
  const loss = fitted.choice('loss', ['log_loss', 'deviance', 'exponential'])
  const classes = fitted.labels('classes_')
  const isSince14 = fitted.isSince(1, 4)
  const isMany = classes.count > 2
  if (isMany && loss === 'exponential') throw fitted.damaged('the exponential loss is for two classes')
  const link = isMany ? (isSince14 ? 'centred log' : 'log') : loss === 'exponential' ? 'half logit' : 'logit'
  const { raw, targets } = rawPredictions(fitted, context, link)
  if (targets !== (isMany ? classes.count : 1))
    throw fitted.damaged(`it has trees for ${targets} targets, and ${classes.count} classes`)
  const decides = isSince14 || loss === 'exponential' ? 'raw from zero' : 'probabilities'
  const scale = loss === 'exponential' ? 2 : 1
  return {
    title: fitted.title,
    input: fitted.input(),
    ...boostedClassifier(context.ops, { classes, raw, scale, decides }),
  }
}

/** `GradientBoostingRegressor`: its losses differ in how they are trained alone. */
function gradientBoostingRegressor(fitted: Fitted, context: Context): Opened {
  ignoreBoosting(fitted)
  fitted.choice('loss', ['squared_error', 'ls', 'absolute_error', 'lad', 'huber', 'quantile'])
  const { raw, targets } = rawPredictions(fitted, context, 'identity')
  if (targets !== 1) throw fitted.damaged(`it has trees for ${targets} targets`)
  return { title: fitted.title, input: fitted.input(), predict: (x) => context.ops.squeeze(raw(x), 1) }
}

export const GRADIENT_BOOSTING: Openers = {
  'sklearn.GradientBoostingClassifier': gradientBoostingClassifier,
  'sklearn.GradientBoostingRegressor': gradientBoostingRegressor,
}
