import { packNumbers, type Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { classifier } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, MatrixFeatures, product, SparseFeatures, type Features } from './features.ts'
import { numbersOf, type Fitted } from './fitted.ts'
import type { Labels } from './labels.ts'
import { transposed } from './linear.ts'
import { probabilities } from './log-sums.ts'

/** A classifier by joint logarithms of probabilities, FP64 [rows, classes]. @see scikit-learn, `_BaseNB` */
function bayes(fitted: Fitted, ops: Ops, classes: Labels, joint: (x: Features) => Value): Opened {
  return {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, {
      classes,
      index: (x) => ops.argMax(joint(x), 1),
      proba: (x) => probabilities(ops, joint(x)),
    }),
  }
}

function matrixOf(fitted: Fitted, name: string, rows: number, columns: number): Float64Array {
  const { data, shape } = fitted.numbers(name, 2)
  if (shape[0] !== rows || shape[1] !== columns)
    throw fitted.damaged(`"${name}" is of shape [${shape.join()}], and should be [${rows},${columns}]`)
  return data
}

/** `GaussianNB`. */
function gaussian(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('priors', 'var_smoothing')
  const classes = fitted.labels('classes_')
  const width = fitted.width()
  const prior = fitted.vector('class_prior_', classes.count)
  const mean = matrixOf(fitted, 'theta_', classes.count, width)
  const variance = matrixOf(fitted, fitted.has('var_') ? 'var_' : 'sigma_', classes.count, width)
  const constant = prior.map((value, i) => {
    const logs = variance.subarray(i * width, (i + 1) * width).map((each) => Math.log(2 * Math.PI * each))
    return Math.log(value) - 0.5 * logs.reduce((a, b) => a + b, 0)
  })
  const shape = [1, classes.count, width]
  return bayes(fitted, ops, classes, (x) => {
    const difference = ops.sub(ops.unsqueeze(checked(ops, x).matrix(), 1), ops.numbers(mean, shape))
    const squares = ops.div(ops.mul(difference, difference), ops.numbers(variance, shape))
    return ops.sub(ops.numbers(constant), ops.mul(ops.sum(squares, 2), 0.5))
  })
}

/** What the discrete ones have in common. */
function discrete(fitted: Fitted): { classes: Labels; width: number; prior: Float64Array } {
  fitted.ignore('alpha', 'fit_prior', 'class_prior', 'force_alpha')
  const classes = fitted.labels('classes_')
  return { classes, width: fitted.width(), prior: fitted.vector('class_log_prior_', classes.count) }
}

/** `MultinomialNB`. */
function multinomial(fitted: Fitted, { ops }: Context): Opened {
  const { classes, width, prior } = discrete(fitted)
  const logs = transposed(matrixOf(fitted, 'feature_log_prob_', classes.count, width), classes.count, width)
  return bayes(fitted, ops, classes, (x) =>
    ops.add(product(ops, checked(ops, x), logs, classes.count), ops.numbers(prior)),
  )
}

/** `ComplementNB`: priors count only where there is one class. */
function complement(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('norm')
  const { classes, width, prior } = discrete(fitted)
  const logs = transposed(matrixOf(fitted, 'feature_log_prob_', classes.count, width), classes.count, width)
  return bayes(fitted, ops, classes, (x) => {
    const joint = product(ops, checked(ops, x), logs, classes.count)
    return classes.count === 1 ? ops.add(joint, ops.numbers(prior)) : joint
  })
}

/** `BernoulliNB`: each feature is there or not. */
function bernoulli(fitted: Fitted, { ops }: Context): Opened {
  const { classes, width, prior } = discrete(fitted)
  const threshold = fitted.optionalNumber('binarize')
  const logs = matrixOf(fitted, 'feature_log_prob_', classes.count, width)
  const absent = logs.map((value) => Math.log(1 - Math.exp(value)))
  const weights = transposed(
    logs.map((value, i) => value - (absent[i] as number)),
    classes.count,
    width,
  )
  const constant = prior.map(
    (value, i) => value + absent.subarray(i * width, (i + 1) * width).reduce((sum, each) => sum + each, 0),
  )
  return bayes(fitted, ops, classes, (x) =>
    ops.add(product(ops, binarized(ops, checked(ops, x), threshold), weights, classes.count), ops.numbers(constant)),
  )
}

function binarized(ops: Ops, x: Features, threshold: number | undefined): Features {
  if (threshold === undefined) return x
  const isAbove = (values: Value) => ops.cast(ops.greater(values, threshold), 'FP64')
  if (x.sparse === undefined || threshold < 0) return new MatrixFeatures(ops, isAbove(x.matrix()))
  return new SparseFeatures(ops, x.width, { indices: x.sparse.indices, values: isAbove(x.sparse.values) })
}

/** `CategoricalNB`: each feature is a whole number, which says its category. */
function categorical(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('min_categories')
  const { classes, width, prior } = discrete(fitted)
  const tables = fitted.list('feature_log_prob_').map((table) => {
    const { data, shape } = numbersOf(table, () => fitted.damaged('"feature_log_prob_" are no tables'))
    if (shape.length !== 2 || shape[0] !== classes.count || shape[1] === 0)
      throw fitted.damaged(`"feature_log_prob_" has a table of shape [${shape.join()}] for ${classes.count} classes`)
    return { categories: shape[1] as number, logs: packNumbers(data) }
  })
  if (tables.length !== width)
    throw fitted.damaged(`"feature_log_prob_" has ${tables.length} tables for ${width} columns`)
  return bayes(fitted, ops, classes, (x) => {
    const [joint] = ops.b.kernel(
      'category-sums',
      { width: classes.count, names: x.names ?? [], tables, start: packNumbers(prior) },
      [checked(ops, x).matrix()],
      [{ datatype: 'FP64', shape: [-1, classes.count] }],
    )
    return joint as Value
  })
}

export const NAIVE_BAYES: Openers = {
  'sklearn.GaussianNB': gaussian,
  'sklearn.MultinomialNB': multinomial,
  'sklearn.ComplementNB': complement,
  'sklearn.BernoulliNB': bernoulli,
  'sklearn.CategoricalNB': categorical,
}
