import { packNumbers, type Value } from '../program/builder.ts'
import { classifier } from './classifier.ts'
import { centresOf } from './clusters.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import { namedMetric } from './neighbor-search.ts'

/** `NearestCentroid`; from 1.6 on priors count, and there are probabilities. */
function nearestCentroid(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('shrink_threshold', 'priors')
  const classes = fitted.labels('classes_')
  const centres = centresOf(fitted, 'centroids_')
  if (centres.count !== classes.count)
    throw fitted.damaged(`it has ${centres.count} centroids for ${classes.count} classes`)
  const metric = namedMetric(fitted, 'metric')
  if (metric === 'precomputed' || metric === 'minkowski' || metric === 'seuclidean' || metric === 'mahalanobis')
    throw fitted.unsupported(`its metric is ${metric}, which needs more than its name`)
  const width = fitted.width()
  const nearest = (x: Features) => {
    const parameters = {
      count: classes.count,
      width,
      metric,
      points: packNumbers(centres.data),
      neighbors: 1,
      isStable: true,
    }
    const [, position] = ops.b.kernel(
      'nearest-neighbors',
      parameters,
      [checked(ops, x, metric === 'nan_euclidean').matrix()],
      [
        { datatype: 'FP64', shape: [-1, 1] },
        { datatype: 'INT64', shape: [-1, 1] },
      ],
    )
    return ops.squeeze(position as Value, 1)
  }
  const common = { title: fitted.title, input: fitted.input() }
  if (!fitted.has('class_prior_')) return { ...common, ...classifier(ops, { classes, index: nearest }) }
  const priors = fitted.vector('class_prior_', classes.count)
  const scores = discriminant(fitted, ops, centres.data, priors, metric)
  // numpy's isclose
  const isEven = priors.every((prior) => Math.abs(prior - 1 / classes.count) <= 1e-8 + 1e-5 / classes.count)
  const isEuclidean = metric === 'euclidean'
  if (!isEven && !isEuclidean && metric !== 'manhattan')
    throw fitted.unsupported(
      `it weighs classes by priors with the metric ${metric}; covered are euclidean and manhattan`,
    )
  const decision = (x: Features) => (classes.count === 2 ? ops.sub(column(x, 1), column(x, 0)) : scores(x))
  const column = (x: Features, at: number) => ops.squeeze(ops.slice(scores(x), at, at + 1), 1)
  return {
    ...common,
    ...classifier(ops, {
      classes,
      index: isEven ? nearest : (x) => ops.argMax(scores(x), 1),
      ...(isEuclidean && { decision, proba: (x: Features) => ops.softmax(scores(x)) }),
    }),
  }
}

/** 2 log(prior) - distance², by columns that are divided by how they vary in the classes. */
function discriminant(
  fitted: Fitted,
  ops: Context['ops'],
  centres: Float64Array,
  priors: Float64Array,
  metric: string,
): (x: Features) => Value {
  const width = fitted.width()
  const deviations = fitted.vector('within_class_std_dev_', width).map((value) => (value === 0 ? 1 : value))
  const scaled = ops.numbers(
    centres.map((value, i) => value / (deviations[i % width] as number)),
    [1, priors.length, width],
  )
  return (x) => {
    const rows = ops.div(checked(ops, x).matrix(), ops.numbers(deviations))
    const apart = ops.sub(ops.unsqueeze(rows, 1), scaled)
    const sum = ops.sum(metric === 'manhattan' ? ops.abs(apart) : ops.mul(apart, apart), 2)
    const square = metric === 'manhattan' ? ops.mul(sum, sum) : sum
    return ops.sub(ops.numbers(priors.map((prior) => 2 * Math.log(prior))), square)
  }
}

export const NEAREST_CENTROIDS: Openers = { 'sklearn.NearestCentroid': nearestCentroid }
