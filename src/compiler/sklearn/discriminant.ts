import type { Value } from '../program/builder.ts'
import { bothColumns, classifier } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { componentNames } from './cross-decomposition.ts'
import { expit } from './element-functions.ts'
import { checked, mapped, type Features } from './features.ts'
import { numbersOf, type Fitted, type Numbers } from './fitted.ts'
import { linearDecision, linearIndex } from './linear.ts'

/** `LinearDiscriminantAnalysis`: a linear classifier, and the projection that separates the classes best. */
function linearDiscriminant(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('shrinkage', 'priors', 'n_components', 'store_covariance', 'covariance_estimator')
  const solver = fitted.choice('solver', ['svd', 'lsqr', 'eigen'], 'svd')
  const linear = linearDecision(fitted, context)
  const { classes, decision, isBinary } = linear
  const proba = (x: Features) => (isBinary ? bothColumns(ops, expit(ops, decision(x))) : ops.softmax(decision(x)))
  const opened = {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, {
      classes,
      index: linearIndex(ops, linear),
      proba: classes.count > 1 ? proba : undefined,
      decision,
    }),
  }
  if (solver === 'lsqr') return opened
  const width = fitted.width()
  const { data, shape } = fitted.numbers('scalings_', 2)
  const [rows = 0, columns = 0] = shape
  if (rows !== width) throw fitted.damaged(`its scalings are for ${rows} features of ${width}`)
  const mean = solver === 'svd' ? fitted.vector('xbar_', width) : undefined
  const kept = Math.min(columns, fitted.int('_max_components'))
  if (kept <= 0) return opened
  const table = Float64Array.from(
    { length: width * kept },
    (_, i) => data[Math.floor(i / kept) * columns + (i % kept)] ?? 0,
  )
  const project = (x: Value) =>
    ops.matMul(mean === undefined ? x : ops.sub(x, ops.numbers(mean)), ops.numbers(table, [width, kept]))
  return {
    ...opened,
    transform: (x) => mapped(ops, x, project, x.names && componentNames(fitted.title, kept)),
  }
}

/** `QuadraticDiscriminantAnalysis`: a normal distribution for each class. */
function quadraticDiscriminant(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('reg_param', 'priors', 'store_covariance', 'covariance_estimator', 'shrinkage', 'solver')
  const width = fitted.width()
  const classes = fitted.labels('classes_')
  const means = fitted.numbers('means_', 2)
  const priors = fitted.vector('priors_', classes.count)
  const wrong = () => fitted.damaged('its scalings and rotations do not fit its classes')
  const scalings = fitted.list('scalings_').map((each) => numbersOf(each, wrong).data)
  const rotations = fitted.list('rotations_').map((each) => numbersOf(each, wrong))
  if (means.shape[0] !== classes.count || means.shape[1] !== width) throw wrong()
  if (scalings.length !== classes.count || rotations.length !== classes.count) throw wrong()
  const normals = scalings.map((scaling, i) => {
    const { data, shape } = rotations[i] as Numbers
    if (shape[0] !== width || shape[1] !== scaling.length) throw wrong()
    return {
      mean: means.data.slice(i * width, (i + 1) * width),
      weights: data.map((value, at) => value * (scaling[at % scaling.length] as number) ** -0.5),
      rank: scaling.length,
      spread: scaling.reduce((sum, each) => sum + Math.log(each), 0),
    }
  })
  const spreads = ops.numbers(normals.map(({ spread }) => spread))
  const scores = (features: Features): Value => {
    const x = checked(ops, features).matrix()
    const distances = normals.map(({ mean, weights, rank }) => {
      const turned = ops.matMul(ops.sub(x, ops.numbers(mean)), ops.numbers(weights, [width, rank]))
      return ops.sum(ops.mul(turned, turned), 1, true)
    })
    const sum = ops.add(ops.concat(distances, 1), spreads)
    return ops.add(ops.mul(sum, -0.5), ops.numbers(priors.map(Math.log)))
  }
  const decision = (x: Features) => {
    const each = scores(x)
    if (classes.count !== 2) return each
    return ops.squeeze(ops.sub(ops.slice(each, 1, 2), ops.slice(each, 0, 1)), 1)
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, {
      classes,
      index: (x) => ops.argMax(scores(x), 1),
      proba: (x) => ops.softmax(scores(x)),
      decision,
    }),
  }
}

export const DISCRIMINANTS: Openers = {
  'sklearn.LinearDiscriminantAnalysis': linearDiscriminant,
  'sklearn.QuadraticDiscriminantAnalysis': quadraticDiscriminant,
}
