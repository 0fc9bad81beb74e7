import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, type Features } from './features.ts'
import type { PyValue } from '../../formats/python/values.ts'
import { numbersOf, type Fitted } from './fitted.ts'
import { digamma, logSumExp } from './log-sums.ts'

/** What mixtures have in common: logarithms of densities, [rows, components], to all their methods. */
function mixture(fitted: Fitted, ops: Ops, weights: Float64Array, shift: ArrayLike<number>): Opened {
  const logDensities = gaussianDensities(fitted, ops, weights.length)
  const weighted = (x: Features) =>
    ops.add(ops.add(logDensities(checked(ops, x)), ops.numbers(shift)), ops.numbers(weights))
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => ops.argMax(weighted(x), 1),
    predictProba: (x) => ops.exp(ops.sub(weighted(x), logSumExp(ops, weighted(x)))),
    scoreSamples: (x) => ops.squeeze(logSumExp(ops, weighted(x)), 1),
  }
}

function ignoreTraining(fitted: Fitted): void {
  fitted.ignore('n_components', 'reg_covar', 'n_init', 'init_params', 'verbose_interval', 'weights_init', 'means_init')
  fitted.ignore('precisions_init', 'weight_concentration_prior_type', 'weight_concentration_prior')
  fitted.ignore('mean_precision_prior', 'mean_prior', 'degrees_of_freedom_prior', 'covariance_prior')
}

/** Logarithms of normal densities. @see scikit-learn, `_estimate_log_gaussian_prob` */
function gaussianDensities(fitted: Fitted, ops: Ops, count: number): (x: Features) => Value {
  const width = fitted.width()
  const kind = fitted.choice('covariance_type', ['full', 'tied', 'diag', 'spherical'], 'full')
  const read = (name: string, shape: readonly number[]) => {
    const found = fitted.numbers(name)
    if (found.shape.join() !== shape.join())
      throw fitted.damaged(`"${name}" is of shape [${found.shape.join()}], and should be [${shape.join()}]`)
    return found.data
  }
  const means = read('means_', [count, width])
  const shape = { full: [count, width, width], tied: [width, width], diag: [count, width], spherical: [count] }[kind]
  const roots = read('precisions_cholesky_', shape)
  const constant = -0.5 * width * Math.log(2 * Math.PI)
  const finish = (squares: Value, logs: ArrayLike<number>) =>
    ops.add(ops.mul(squares, -0.5), ops.numbers(Array.from(logs, (log) => constant + log)))
  const diagonalLog = (from: number) => {
    let sum = 0
    for (let i = 0; i < width; i++) sum += Math.log(roots[from + i * (width + 1)] as number)
    return sum
  }
  if (kind === 'full' || kind === 'tied') {
    const isTied = kind === 'tied'
    const components = Array.from({ length: count }, (_, k) => k)
    const logs = components.map((k) => diagonalLog(isTied ? 0 : k * width * width))
    return (x) => {
      const matrix = x.matrix()
      const squares = components.map((k) => {
        const from = isTied ? 0 : k * width * width
        const root = ops.numbers(roots.slice(from, from + width * width), [width, width])
        // the mean is taken off first, so that nothing cancels
        const centred = ops.sub(matrix, ops.numbers(means.slice(k * width, (k + 1) * width)))
        const scaled = ops.matMul(centred, root)
        return ops.sum(ops.mul(scaled, scaled), 1, true)
      })
      return finish(ops.concat(squares, 1), logs)
    }
  }
  const rootsEach = kind === 'diag' ? roots : Float64Array.from(means, (_, i) => roots[Math.floor(i / width)] as number)
  const logs = Array.from({ length: count }, (_, k) =>
    rootsEach.subarray(k * width, (k + 1) * width).reduce((sum, root) => sum + Math.log(root), 0),
  )
  return (x) => {
    const centred = ops.sub(ops.unsqueeze(x.matrix(), 1), ops.numbers(means, [1, count, width]))
    const scaled = ops.mul(centred, ops.numbers(rootsEach, [1, count, width]))
    return finish(ops.sum(ops.mul(scaled, scaled), 2), logs)
  }
}

/** `GaussianMixture`. */
function gaussianMixture(fitted: Fitted, { ops }: Context): Opened {
  ignoreTraining(fitted)
  const weights = fitted.vector('weights_').map(Math.log)
  return mixture(fitted, ops, weights, new Float64Array(weights.length))
}

/** `BayesianGaussianMixture`. @see scikit-learn, `BayesianGaussianMixture._estimate_log_weights`, `_estimate_log_prob` */
function bayesianGaussianMixture(fitted: Fitted, { ops }: Context): Opened {
  ignoreTraining(fitted)
  const type = fitted.choice('weight_concentration_prior_type', ['dirichlet_process', 'dirichlet_distribution'])
  const width = fitted.width()
  const precision = fitted.vector('mean_precision_')
  const count = precision.length
  // of a common covariance there is one number
  const given = fitted.numbers('degrees_of_freedom_').data
  if (given.length !== count && given.length !== 1)
    throw fitted.damaged(`"degrees_of_freedom_" is for ${given.length} of ${count} components`)
  const freedom = given.length === count ? given : new Float64Array(count).fill(given[0] as number)
  const weights = type === 'dirichlet_process' ? processWeights(fitted, count) : distributionWeights(fitted, count)
  const shift = freedom.map((degrees, k) => {
    let log = width * Math.log(2)
    for (let i = 0; i < width; i++) log += digamma(0.5 * (degrees - i))
    return -0.5 * width * Math.log(degrees) + 0.5 * (log - width / (precision[k] as number))
  })
  return mixture(fitted, ops, weights, shift)
}

function processWeights(fitted: Fitted, count: number): Float64Array {
  const parts = fitted.list('weight_concentration_')
  const [first, second] = parts.map((part) => numbersIn(part, fitted, count))
  if (first === undefined || second === undefined || parts.length !== 2)
    throw fitted.damaged('"weight_concentration_" is no pair of arrays')
  let before = 0
  return first.map((a, k) => {
    const b = second[k] as number
    const sum = digamma(a + b)
    const weight = digamma(a) - sum + before
    before += digamma(b) - sum
    return weight
  })
}

function numbersIn(value: PyValue, fitted: Fitted, count: number): Float64Array {
  const { data } = numbersOf(value, () => fitted.damaged('"weight_concentration_" are no numbers'))
  if (data.length !== count)
    throw fitted.damaged(`"weight_concentration_" is for ${data.length} of ${count} components`)
  return data
}

function distributionWeights(fitted: Fitted, count: number): Float64Array {
  const concentration = fitted.vector('weight_concentration_', count)
  const all = digamma(concentration.reduce((sum, value) => sum + value, 0))
  return concentration.map((value) => digamma(value) - all)
}

export const MIXTURES: Openers = {
  'sklearn.GaussianMixture': gaussianMixture,
  'sklearn.BayesianGaussianMixture': bayesianGaussianMixture,
}
