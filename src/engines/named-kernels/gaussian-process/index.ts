import { ServingError } from '../../../core/errors.ts'
import type { NumericTensor, Tensor } from '../../../tensor/tensor.ts'
import type { NamedKernel, Parameters } from '../kernel.ts'
import { erf } from '../normal-distribution.ts'
import { checkedArea } from '../sparse-rows.ts'
import { readCovariance, type Covariance } from './covariance.ts'

/** A process that has seen `count` rows: parameters `width`, `count`, `points` (packed) and `kernel`. */
interface Process {
  readonly width: number
  readonly count: number
  readonly points: Float64Array
  readonly covariance: Covariance
}

function readProcess(parameters: Parameters): Process {
  const width = parameters.int('width', 1)
  const count = parameters.int('count', 1)
  const points = parameters.packed('points', count * width)
  return { width, count, points, covariance: readCovariance(parameters.object('kernel'), width) }
}

function rowsFor({ width }: Process, input: Tensor | undefined): { data: Float64Array; rows: number } {
  const { data, shape } = input as NumericTensor<'FP64'>
  if (input?.datatype !== 'FP64' || shape.length !== 2 || shape[1] !== width)
    throw new ServingError('refused', `a Gaussian process of ${width} columns is fed something else`)
  return { data: data, rows: shape[0] ?? 0 }
}

/**
 * The mean of a Gaussian process.
 *
 * Input: FP64 [rows, width]. Output: FP64 [rows, targets].
 * Parameters: those of the process, `targets`, and `weights`, packed: [count, targets].
 * @see scikit-learn, `GaussianProcessRegressor.predict`
 */
export const processMean: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const process = readProcess(parameters)
    const { count, width, points, covariance } = process
    const targets = parameters.int('targets', 1)
    const weights = parameters.packed('weights', count * targets)
    const values = new Float64Array(count)
    return {
      run([input]) {
        const { data, rows } = rowsFor(process, input)
        const result = new Float64Array(checkedArea(rows, targets))
        for (let row = 0; row < rows; row++) {
          covariance.fill(data, row * width, points, values)
          for (let target = 0; target < targets; target++) {
            let sum = 0
            for (let i = 0; i < count; i++) sum += (values[i] as number) * (weights[i * targets + target] as number)
            result[row * targets + target] = sum
          }
        }
        return [{ datatype: 'FP64', shape: [rows, targets], data: result }]
      },
    }
  },
}

/** Five error functions that add up to the logistic one. @see Williams and Barber, 1998; scikit-learn, `_gpc.py` */
const LAMBDAS = [0.41, 0.4, 0.37, 0.44, 0.39]
const FACTORS = [-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654]

/**
 * Two classes by a Gaussian process with Laplace's approximation.
 *
 * Input: FP64 [rows, width]. Outputs: the latent mean, FP64 [rows], above 0 for the second class, and its probability, FP64
 * [rows].
 * Parameters: those of the process; `residuals`, packed; `scales`, packed; `root`, packed: lower triangle [count, count].
 * @see scikit-learn, `_BinaryGaussianProcessClassifierLaplace.predict_proba`
 */
export const laplaceProcess: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const process = readProcess(parameters)
    const { count, width, points, covariance } = process
    const residuals = parameters.packed('residuals', count)
    const scales = parameters.packed('scales', count)
    const root = parameters.packed('root', count * count)
    const values = new Float64Array(count)
    const solved = new Float64Array(count)
    return {
      run([input]) {
        const { data, rows } = rowsFor(process, input)
        const means = new Float64Array(rows)
        const shares = new Float64Array(rows)
        for (let row = 0; row < rows; row++) {
          covariance.fill(data, row * width, points, values)
          let mean = 0
          for (let i = 0; i < count; i++) mean += (values[i] as number) * (residuals[i] as number)
          let explained = 0
          for (let i = 0; i < count; i++) {
            let rest = (scales[i] as number) * (values[i] as number)
            for (let j = 0; j < i; j++) rest -= (root[i * count + j] as number) * (solved[j] as number)
            solved[i] = rest / (root[i * count + i] as number)
            explained += (solved[i] as number) ** 2
          }
          means[row] = mean
          shares[row] = share(mean, covariance.own(data, row * width) - explained)
        }
        return [
          { datatype: 'FP64', shape: [rows], data: means },
          { datatype: 'FP64', shape: [rows], data: shares },
        ]
      },
    }
  },
}

/** The mean of the logistic function of a normal variable. */
function share(mean: number, variance: number): number {
  const alpha = 1 / (2 * variance)
  let sum = 0
  let factors = 0
  for (const [i, lambda] of LAMBDAS.entries()) {
    const factor = FACTORS[i] as number
    const part = erf(lambda * mean * Math.sqrt(alpha / (alpha + lambda ** 2)))
    sum += (factor * (Math.sqrt(Math.PI / alpha) * part)) / (2 * Math.sqrt(variance * 2 * Math.PI))
    factors += factor
  }
  return sum + 0.5 * factors
}
