import type { Value } from '../program/builder.ts'
import { classifier, indexByProba } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, type Features } from './features.ts'
import { Fitted } from './fitted.ts'
import { ignoreSearch, neighborSearch } from './neighbor-search.ts'
import { pairwiseKernel } from './pairwise.ts'

/** `LabelPropagation` and `LabelSpreading`: known rows' labels, weighed by how near they are. */
function labelPropagation(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('alpha', 'n_neighbors')
  const classes = fitted.labels('classes_')
  const { data: rows, shape } = fitted.numbers('X_', 2)
  const [count = 0] = shape
  if (shape[1] !== fitted.width()) throw fitted.damaged(`"X_" is of shape [${shape.join()}]`)
  const known = fitted.numbers('label_distributions_', 2)
  if (known.shape[0] !== count || known.shape[1] !== classes.count)
    throw fitted.damaged(`"label_distributions_" is of shape [${known.shape.join()}]`)
  const kernel = fitted.choice('kernel', ['rbf', 'knn'], 'rbf')
  const gamma = fitted.number('gamma', 20)
  const table = ops.numbers(known.data, [count, classes.count])
  const weigh = kernel === 'knn' ? byNeighbors(fitted, context, table) : undefined
  const proba = (x: Features) => {
    const sums =
      weigh?.(x) ??
      ops.matMul(
        pairwiseKernel(ops, checked(ops, x).matrix(), rows, count, { name: 'rbf', gamma, degree: 3, coef0: 1 }),
        table,
      )
    return ops.div(sums, ops.sum(sums, 1, true))
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, { classes, index: (x) => indexByProba(ops, proba(x)), proba }),
  }
}

function byNeighbors(fitted: Fitted, context: Context, table: Value): (x: Features) => Value {
  const found = fitted.raw('nn_fit')
  const inner = fitted.inside(found, '"nn_fit"', 'it has no "nn_fit" to search in')
  const { ops } = context
  ignoreSearch(inner)
  const search = neighborSearch(inner, context)
  const neighbors = inner.int('n_neighbors')
  return (x) => ops.sum(ops.gather(table, search.nearest(x, neighbors)[1]), 1)
}

export const LABEL_PROPAGATION: Openers = {
  'sklearn.LabelPropagation': labelPropagation,
  'sklearn.LabelSpreading': labelPropagation,
}
