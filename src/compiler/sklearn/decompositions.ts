import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { componentNames } from './cross-decomposition.ts'
import { mapped, product, MatrixFeatures, type Features } from './features.ts'
import { Fitted, type Numbers } from './fitted.ts'
import { transposed } from './linear.ts'
import { addToDiagonal, inverse, largest, logDeterminant, multiplied } from './matrices.ts'
import { kernelOf, pairwiseKernel } from './pairwise.ts'
import { centredKernel } from './scalers.ts'

/** Most rows of a matrix whose inverse is worked out when a model is compiled. */
const MOST_SCORED = 1024

/** `components_`, [components, width]. */
function componentsOf(fitted: Fitted, width = fitted.width()): Numbers {
  const found = fitted.numbers('components_', 2)
  if (found.shape[1] !== width) throw fitted.damaged(`its components are for ${found.shape[1]} features of ${width}`)
  return found
}

/** What is done with the columns before a projection, and with the components behind it. */
interface Around {
  readonly before?: ((x: Value) => Value) | undefined
  readonly behind?: (x: Value) => Value
}

/** x · components.T, then whatever else; sparse rows are not written out. */
function projected(
  ops: Ops,
  x: Features,
  { data, shape: [count = 0, width = 0] }: Numbers,
  title: string,
  { before, behind = (value) => value }: Around = {},
): Features {
  const weights = transposed(data, count, width)
  const names = x.names && componentNames(title, count)
  if (before === undefined && x.sparse !== undefined)
    return new MatrixFeatures(ops, behind(product(ops, x, weights, count)), names)
  const table = ops.numbers(weights, [width, count])
  return mapped(ops, x, (value) => behind(ops.matMul(before?.(value) ?? value, table)), names)
}

/** `PCA` and `IncrementalPCA`. */
function principalComponents(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore(
    'n_components',
    'svd_solver',
    'iterated_power',
    'n_oversamples',
    'power_iteration_normalizer',
    'batch_size',
  )
  const width = fitted.width()
  const components = componentsOf(fitted, width)
  const count = components.shape[0] ?? 0
  if (count > width) throw fitted.damaged(`it has ${count} components of ${width} features`)
  const mean = fitted.has('mean_') ? fitted.vector('mean_', width) : new Float64Array(width)
  const variances = fitted.vector('explained_variance_', count)
  const isWhitened = fitted.flag('whiten', false)
  const isSince5 = fitted.isSince(1, 5)
  const least = isSince5 ? Number.EPSILON : 0
  const scale = variances.map((variance) => Math.max(least, Math.sqrt(variance)))
  const whitened = (value: Value) => (isWhitened ? ops.div(value, ops.numbers(scale)) : value)
  // from 1.5 on the mean is taken away behind the projection: other rounding, and nothing else
  const offset = multiplied(mean, transposed(components.data, count, width), [1, width, count])
  const transform = (x: Features) =>
    isSince5
      ? projected(ops, x, components, fitted.title, {
          behind: (value) => whitened(ops.sub(value, ops.numbers(offset))),
        })
      : projected(ops, x, components, fitted.title, {
          before: (value) => ops.sub(value, ops.numbers(mean)),
          behind: whitened,
        })
  const opened = { title: fitted.title, input: fitted.input(), transform }
  if (fitted.title !== 'PCA') return opened
  if (width > MOST_SCORED) return opened
  return {
    ...opened,
    scoreSamples: (x) =>
      logLikelihood(ops, x.matrix(), mean, () => principalPrecision(fitted, components, variances, isWhitened), fitted),
  }
}

/** @see scikit-learn, `_BasePCA.get_precision` */
function principalPrecision(
  fitted: Fitted,
  { data, shape: [count = 0, width = 0] }: Numbers,
  variances: Float64Array,
  isWhitened: boolean,
): Float64Array | undefined {
  const noise = fitted.number('noise_variance_')
  if (count === 0) return addToDiagonal(new Float64Array(width * width), width, 1 / noise)
  const scaled = data.map((value, i) =>
    isWhitened ? value * Math.sqrt(variances[Math.floor(i / width)] as number) : value,
  )
  const differences = variances.map((variance) => Math.max(variance - noise, 0))
  const columns = transposed(scaled, count, width)
  if (noise === 0) {
    const weighted = columns.map((value, i) => value * (differences[i % count] as number))
    return inverse(multiplied(weighted, scaled, [width, count, width]), width)
  }
  const inner = multiplied(scaled, columns, [count, width, count]).map((value) => value / noise)
  const inverted = inverse(
    addToDiagonal(
      inner,
      count,
      differences.map((difference) => 1 / difference),
    ),
    count,
  )
  if (inverted === undefined) return undefined
  const outer = multiplied(columns, multiplied(inverted, scaled, [count, count, width]), [width, count, width])
  return addToDiagonal(
    outer.map((value) => value / -(noise * noise)),
    width,
    1 / noise,
  )
}

/** Of the normal distribution with this mean and this inverse of its covariance: FP64 [rows]. */
function logLikelihood(
  ops: Ops,
  x: Value,
  mean: Float64Array,
  precisionOf: () => Float64Array | undefined,
  fitted: Fitted,
): Value {
  const precision = precisionOf()
  if (precision === undefined) throw fitted.unsupported('its covariance has no inverse, so rows have no score')
  const size = mean.length
  const centred = ops.sub(x, ops.numbers(mean))
  const distance = ops.sum(ops.mul(centred, ops.matMul(centred, ops.numbers(precision, [size, size]))), 1)
  const constant = 0.5 * (size * Math.log(2 * Math.PI) - logDeterminant(precision, size))
  return ops.sub(ops.mul(distance, -0.5), constant)
}

/** `TruncatedSVD`, `NeighborhoodComponentsAnalysis` and random projections: x · components.T. */
function projection(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_components', 'algorithm', 'n_iter', 'n_oversamples', 'power_iteration_normalizer')
  fitted.ignore('init', 'callback', 'density', 'eps', 'dense_output', 'compute_inverse_components')
  const components = componentsOf(fitted)
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => projected(ops, x, components, fitted.title),
  }
}

/** `FastICA`. */
function independentComponents(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_components', 'algorithm', 'whiten', 'fun', 'fun_args', 'w_init', 'whiten_solver')
  const width = fitted.width()
  const components = componentsOf(fitted, width)
  const mean = fitted.has('mean_') ? fitted.vector('mean_', width) : undefined
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) =>
      projected(ops, x, components, fitted.title, {
        before: mean && ((value) => ops.sub(value, ops.numbers(mean))),
      }),
  }
}

/** `FactorAnalysis`. */
function factorAnalysis(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_components', 'noise_variance_init', 'svd_method', 'iterated_power', 'rotation')
  const width = fitted.width()
  const components = componentsOf(fitted, width)
  const [count = 0] = components.shape
  if (count > width) throw fitted.damaged(`it has ${count} components of ${width} features`)
  const mean = fitted.vector('mean_', width)
  const noise = fitted.vector('noise_variance_', width)
  const columns = transposed(components.data, count, width)
  const weighted = components.data.map((value, i) => value / (noise[i % width] as number))
  const inner = multiplied(weighted, columns, [count, width, count])
  const covariance = inverse(addToDiagonal(Float64Array.from(inner), count, 1), count)
  if (covariance === undefined) throw fitted.damaged('its components have no covariance')
  const weights = transposed(weighted, count, width)
  const precisionOf = (): Float64Array | undefined => {
    if (count === width) {
      const whole = addToDiagonal(multiplied(columns, components.data, [width, count, width]), width, noise)
      return inverse(whole, width)
    }
    const outer = multiplied(columns, multiplied(covariance, components.data, [count, count, width]), [
      width,
      count,
      width,
    ])
    const scaled = outer.map(
      (value, i) => value / (noise[Math.floor(i / width)] as number) / -(noise[i % width] as number),
    )
    return addToDiagonal(
      scaled,
      width,
      noise.map((each) => 1 / each),
    )
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) =>
      mapped(
        ops,
        x,
        (value) => {
          const first = ops.matMul(ops.sub(value, ops.numbers(mean)), ops.numbers(weights, [width, count]))
          return ops.matMul(first, ops.numbers(covariance, [count, count]))
        },
        x.names && componentNames(fitted.title, count),
      ),
    ...(width <= MOST_SCORED && {
      scoreSamples: (x: Features) => logLikelihood(ops, x.matrix(), mean, precisionOf, fitted),
    }),
  }
}

/** `SparsePCA` and `MiniBatchSparsePCA`: the ridge regression of each row on the components. */
function sparseComponents(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_components', 'alpha', 'method', 'U_init', 'V_init', 'n_iter', 'callback', 'batch_size', 'shuffle')
  fitted.ignore('max_no_improvement')
  const width = fitted.width()
  const { data, shape } = componentsOf(fitted, width)
  const [count = 0] = shape
  if (count > MOST_SCORED) throw fitted.unsupported(`it has ${count} components; the most is ${MOST_SCORED}`)
  const mean = fitted.vector('mean_', width)
  const inner = multiplied(data, transposed(data, count, width), [count, width, count])
  const solved = inverse(addToDiagonal(inner, count, fitted.number('ridge_alpha', 0.01)), count)
  if (solved === undefined) throw fitted.unsupported('its components depend on one another, and its "ridge_alpha" is 0')
  const weights = { data: multiplied(solved, data, [count, count, width]), shape }
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) =>
      projected(ops, x, weights, fitted.title, { before: (value) => ops.sub(value, ops.numbers(mean)) }),
  }
}

/** `FeatureAgglomeration`: the mean of the columns of each cluster. */
function agglomeration(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_clusters', 'affinity', 'metric', 'connectivity', 'compute_full_tree', 'linkage')
  fitted.ignore('distance_threshold', 'compute_distances')
  const pooling = fitted.raw('pooling_func')
  if (
    pooling !== undefined &&
    !(typeof pooling === 'object' && pooling !== null && 'name' in pooling && pooling.name === 'mean')
  )
    throw fitted.unsupported('its "pooling_func" is not numpy.mean')
  const width = fitted.width()
  const labels = fitted.ints('labels_')
  const count = 1 + largest(labels)
  if (labels.length !== width || !labels.every((label) => label >= 0 && label < width))
    throw fitted.damaged('its labels are of other features')
  if (width * count > 1 << 27) throw fitted.unsupported(`it has ${count} clusters of ${width} features`)
  const sums = new Float64Array(width * count)
  const sizes = new Float64Array(count)
  labels.forEach((label, column) => {
    sums[column * count + label] = 1
    sizes[label] = (sizes[label] ?? 0) + 1
  })
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) =>
      mapped(
        ops,
        x,
        (value) => ops.div(ops.matMul(value, ops.numbers(sums, [width, count])), ops.numbers(sizes)),
        x.names && componentNames(fitted.title, count),
      ),
  }
}

/** `KernelPCA`. */
function kernelComponents(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_components', 'alpha', 'fit_inverse_transform', 'eigen_solver', 'iterated_power', 'remove_zero_eig')
  const width = fitted.width()
  const kernel = kernelOf(fitted, width)
  const known = fitted.numbers('X_fit_', 2)
  const [samples = 0, columns = 0] = known.shape
  if (columns !== width) throw fitted.damaged(`it keeps rows of ${columns} features of ${width}`)
  const values = fitted.vector('eigenvalues_')
  const { data: vectors, shape } = fitted.numbers('eigenvectors_', 2)
  const count = values.length
  if (shape[0] !== samples || shape[1] !== count) throw fitted.damaged('its eigenvectors do not fit its rows')
  const scaled = vectors.map((vector, i) => {
    const value = values[i % count] as number
    return value === 0 ? 0 : vector / Math.sqrt(value)
  })
  const centerer = fitted.value('_centerer')
  const centre = fitted.inside(centerer, 'its centre', 'it has no centre')
  const rows = centre.vector('K_fit_rows_', samples)
  const all = centre.number('K_fit_all_')
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) =>
      mapped(
        ops,
        x,
        (value) =>
          ops.matMul(
            centredKernel(ops, pairwiseKernel(ops, value, known.data, samples, kernel), rows, all),
            ops.numbers(scaled, [samples, count]),
          ),
        x.names && componentNames(fitted.title, count),
      ),
  }
}

export const DECOMPOSITIONS: Openers = {
  'sklearn.PCA': principalComponents,
  'sklearn.IncrementalPCA': principalComponents,
  'sklearn.TruncatedSVD': projection,
  'sklearn.GaussianRandomProjection': projection,
  'sklearn.SparseRandomProjection': projection,
  'sklearn.FastICA': independentComponents,
  'sklearn.FactorAnalysis': factorAnalysis,
  'sklearn.KernelPCA': kernelComponents,
  'sklearn.SparsePCA': sparseComponents,
  'sklearn.MiniBatchSparsePCA': sparseComponents,
  'sklearn.FeatureAgglomeration': agglomeration,
  'sklearn.NeighborhoodComponentsAnalysis': projection,
}
