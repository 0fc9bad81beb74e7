import type { Value } from '../program/builder.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { componentNames } from './cross-decomposition.ts'
import { mapped, MatrixFeatures, product } from './features.ts'
import { type Fitted } from './fitted.ts'
import { transposed } from './linear.ts'
import { kernelOf, pairwiseKernel } from './pairwise.ts'

/** `Nystroem`: the kernel with a few known rows, normalized. */
function nystroem(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_components')
  const width = fitted.width()
  const kernel = kernelOf(fitted, width)
  const known = fitted.numbers('components_', 2)
  const [count = 0, columns = 0] = known.shape
  const normalization = fitted.numbers('normalization_', 2)
  if (columns !== width || normalization.shape.join() !== `${count},${count}`)
    throw fitted.damaged('its components do not fit its features')
  const weights = transposed(normalization.data, count, count)
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) =>
      mapped(
        ops,
        x,
        (value) =>
          ops.matMul(pairwiseKernel(ops, value, known.data, count, kernel), ops.numbers(weights, [count, count])),
        x.names && componentNames(fitted.title, count),
      ),
  }
}

/** Weights and offsets of random waves. */
function wavesOf(fitted: Fitted) {
  const width = fitted.width()
  const { data, shape } = fitted.numbers('random_weights_', 2)
  const count = shape[1] ?? 0
  if (shape[0] !== width) throw fitted.damaged(`its weights are for ${shape[0]} features of ${width}`)
  return { width, weights: data, count, offsets: fitted.vector('random_offset_', count) }
}

/** `RBFSampler`: cos(x · weights + offset) * sqrt(2 / components). */
function rbfSampler(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('gamma')
  const { weights, count, offsets } = wavesOf(fitted)
  const scale = (2 / fitted.int('n_components', count)) ** 0.5
  const wave = (value: Value) => ops.mul(ops.op('Cos', [ops.add(value, ops.numbers(offsets))], value), scale)
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => {
      const names = x.names && componentNames(fitted.title, count)
      if (x.sparse !== undefined) return new MatrixFeatures(ops, wave(product(ops, x, weights, count)), names)
      return mapped(ops, x, (value) => wave(ops.matMul(value, ops.numbers(weights, [x.width, count]))), names)
    },
  }
}

/** `SkewedChi2Sampler`: as `RBFSampler`, of the logarithms of what is above -skewedness. */
function skewedSampler(fitted: Fitted, { ops }: Context): Opened {
  const { width, weights, count, offsets } = wavesOf(fitted)
  const skewedness = fitted.number('skewedness', 1)
  const scale = Math.sqrt(2) / Math.sqrt(fitted.int('n_components', count))
  const wave = (value: Value) => {
    const shifted = ops.add(value, skewedness)
    // scikit-learn refuses what has no logarithm: NaN here
    const logarithm = ops.log(ops.where(ops.greater(value, -skewedness), shifted, Number.NaN))
    const projected = ops.add(ops.matMul(logarithm, ops.numbers(weights, [width, count])), ops.numbers(offsets))
    return ops.mul(ops.op('Cos', [projected], projected), scale)
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => mapped(ops, x, wave, x.names && componentNames(fitted.title, count)),
  }
}

/** Most samples of one column. */
const MOST_STEPS = 1024

/** `AdditiveChi2Sampler`: each column as samples of a wave of its logarithm. @see scikit-learn, `AdditiveChi2Sampler` */
function additiveSampler(fitted: Fitted, { ops }: Context): Opened {
  const steps = fitted.int('sample_steps', 2)
  const usual = [0, 0.8, 0.5, 0.4][steps]
  const interval = fitted.optionalNumber('sample_interval') ?? usual
  if (interval === undefined || steps < 1 || steps > MOST_STEPS)
    throw fitted.damaged(`it takes ${steps} samples, and does not say how far apart`)
  const make = (value: Value) => {
    const isNothing = ops.equal(value, 0)
    const safe = ops.where(isNothing, 1, value)
    const only = (made: Value) => ops.where(isNothing, 0, made)
    const parts = [only(ops.sqrt(ops.mul(safe, interval)))]
    const logarithm = ops.mul(ops.log(safe), interval)
    const doubled = ops.mul(ops.mul(safe, 2), interval)
    for (let j = 1; j < steps; j++) {
      const factor = ops.sqrt(ops.div(doubled, Math.cosh(Math.PI * j * interval)))
      const angle = ops.mul(logarithm, j)
      parts.push(
        only(ops.mul(factor, ops.op('Cos', [angle], angle))),
        only(ops.mul(factor, ops.op('Sin', [angle], angle))),
      )
    }
    return ops.concat(parts, 1)
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => mapped(ops, x, make, x.names && sampledNames(x.names, steps)),
  }
}

function sampledNames(names: readonly string[], steps: number): string[] {
  const prefix = 'additivechi2sampler'
  const made = names.map((name) => `${prefix}_${name}_sqrt`)
  for (let j = 1; j < steps; j++)
    for (const wave of ['cos', 'sin']) for (const name of names) made.push(`${prefix}_${name}_${wave}${j}`)
  return made
}

/** `PolynomialCountSketch`, by a host kernel. */
function countSketch(fitted: Fitted, { ops }: Context): Opened {
  const degree = fitted.int('degree', 2)
  const count = fitted.int('n_components', 100)
  const gamma = fitted.number('gamma', 1)
  const coef0 = fitted.number('coef0', 0)
  const indices = fitted.numbers('indexHash_', 2)
  const signs = fitted.numbers('bitHash_', 2)
  const width = fitted.width() + (coef0 === 0 ? 0 : 1)
  if (indices.shape.join() !== `${degree},${width}` || signs.shape.join() !== `${degree},${width}`)
    throw fitted.damaged('its hashes do not fit its features')
  if (!indices.data.every((index) => Number.isInteger(index) && index >= 0 && index < count))
    throw fitted.damaged('its hashes are of no component')
  const parameters = { degree, count, gamma, coef0, indices: [...indices.data], signs: [...signs.data] }
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => {
      const [made] = ops.b.kernel('count-sketch', parameters, [x.matrix()], [{ datatype: 'FP64', shape: [-1, count] }])
      return new MatrixFeatures(ops, made as Value, x.names && componentNames(fitted.title, count))
    },
  }
}

/** `KernelRidge`: the kernel with all known rows, weighted. */
function kernelRidge(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('alpha')
  const width = fitted.width()
  const kernel = kernelOf(fitted, width)
  const known = fitted.numbers('X_fit_', 2)
  const [count = 0, columns = 0] = known.shape
  const { data, shape } = fitted.numbers('dual_coef_')
  if (columns !== width || shape[0] !== count || shape.length > 2)
    throw fitted.damaged('its rows and their weights do not fit its features')
  const targets = shape[1] ?? 1
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => {
      const near = pairwiseKernel(ops, x.matrix(), known.data, count, kernel)
      const made = ops.matMul(near, ops.numbers(data, [count, targets]))
      return shape.length === 1 ? ops.squeeze(made, 1) : made
    },
  }
}

export const KERNEL_APPROXIMATIONS: Openers = {
  'sklearn.Nystroem': nystroem,
  'sklearn.RBFSampler': rbfSampler,
  'sklearn.SkewedChi2Sampler': skewedSampler,
  'sklearn.AdditiveChi2Sampler': additiveSampler,
  'sklearn.PolynomialCountSketch': countSketch,
  'sklearn.KernelRidge': kernelRidge,
}
