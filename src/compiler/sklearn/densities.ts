import { isKind } from '../../formats/python/refs.ts'
import { jsonNumber, packNumbers, type Value } from '../program/builder.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked } from './features.ts'
import { numbersOf, plain, type Fitted } from './fitted.ts'
import { metricParameters, namedMetric } from './neighbor-search.ts'

/** `KernelDensity`: a bump on each known row, added up exactly where scikit-learn may stop within a tolerance. */
function kernelDensity(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('bandwidth', 'algorithm', 'breadth_first', 'leaf_size', 'metric_params')
  if (fitted.number('atol', 0) > 1e-6 || fitted.number('rtol', 0) > 1e-6)
    throw fitted.unsupported(
      'it is made to be inexact ("atol" or "rtol" above 1e-6), in a way that depends on its tree',
    )
  const width = fitted.width()
  const bump = fitted.choice(
    'kernel',
    ['gaussian', 'tophat', 'epanechnikov', 'exponential', 'linear', 'cosine'],
    'gaussian',
  )
  const bandwidth = fitted.number(fitted.has('bandwidth_') ? 'bandwidth_' : 'bandwidth')
  const metric = namedMetric(fitted, 'metric')
  const { points, count, weights } = rowsOf(fitted, width)
  const total = weights === undefined ? count : weights.reduce((sum, weight) => sum + weight, 0)
  const parameters = {
    count,
    width,
    metric,
    ...metricParameters(fitted, metric, width, 'metric_params'),
    points: packNumbers(points),
    bump,
    bandwidth,
    // of four columns scikit-learn's own constant for the cosine is NaN
    shift: jsonNumber(-logVolume(bump, width) - width * Math.log(bandwidth) - Math.log(total)),
    sampleWeights: weights === undefined ? null : packNumbers(weights),
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    scoreSamples: (x) =>
      ops.b.kernel(
        'kernel-density',
        parameters,
        [checked(ops, x).matrix()],
        [{ datatype: 'FP64', shape: [-1] }],
      )[0] as Value,
  }
}

function rowsOf(
  fitted: Fitted,
  width: number,
): { points: Float64Array; count: number; weights: Float64Array | undefined } {
  const wrong = () => fitted.damaged('"tree_" is no tree of rows')
  const tree = fitted.raw('tree_')
  if (!isKind(tree, 'object')) throw wrong()
  const { state } = tree
  if (typeof state !== 'object' || state === null || !('kind' in state) || state.kind !== 'tuple') throw wrong()
  const { data, shape } = numbersOf(state.items[0], wrong)
  if (shape.length !== 2 || shape[1] !== width) throw wrong()
  const given = plain(state.items[12])
  const weights = given === undefined || given === null ? undefined : numbersOf(given, wrong).data
  if (weights !== undefined && weights.length !== shape[0]) throw wrong()
  return { points: data, count: shape[0] ?? 0, weights }
}

/** The logarithm of what a bump of bandwidth 1 holds. @see scikit-learn, `_log_kernel_norm` */
function logVolume(bump: string, d: number): number {
  const ball = (n: number) => 0.5 * n * Math.log(Math.PI) - logGammaOfHalf(n + 2)
  const sphere = (n: number) => Math.log(2 * Math.PI) + ball(n - 1)
  if (bump === 'gaussian') return 0.5 * d * Math.log(2 * Math.PI)
  if (bump === 'tophat') return ball(d)
  if (bump === 'epanechnikov') return ball(d) + Math.log(2 / (d + 2))
  if (bump === 'exponential') return sphere(d - 1) + logGammaOfHalf(2 * d)
  if (bump === 'linear') return ball(d) - Math.log(d + 1)
  let sum = 0
  let part = 2 / Math.PI
  for (let k = 1; k <= d; k += 2) {
    sum += part
    part *= -(d - k) * (d - k - 1) * (2 / Math.PI) ** 2
  }
  return Math.log(sum) + sphere(d - 1)
}

/** log(gamma(n / 2)). */
function logGammaOfHalf(n: number): number {
  let sum = n % 2 === 0 ? 0 : 0.5 * Math.log(Math.PI)
  for (let i = n - 2; i > 0; i -= 2) sum += Math.log(i / 2)
  return sum
}

export const DENSITIES: Openers = { 'sklearn.KernelDensity': kernelDensity }
