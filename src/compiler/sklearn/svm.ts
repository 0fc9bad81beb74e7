import type { SparseMatrix } from '../../formats/python/values.ts'
import { jsonNumbers, packNumbers, type Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { classifier } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, product, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'

/** Work for a row (multiplications) from which a linear kernel's vectors are added up beforehand. */
const MOST_LINEAR_WORK = 2 ** 16

/** Support vectors, read and checked. @see scikit-learn, `BaseLibSVM` */
interface Machine {
  /** FP64 [rows, pairs]: LIBSVM's decision values, above 0 for the first of a pair. */
  readonly decisions: (x: Features) => Value
  readonly pairs: number
}

/** @param classes how many there are; 1 for regressions and one class */
function machine(fitted: Fitted, ops: Ops, classes: number): Machine {
  fitted.ignore('C', 'nu', 'epsilon', 'shrinking', 'probability', 'decision_function_shape', 'break_ties', 'gamma')
  fitted.ignore('degree', 'coef0')
  const width = fitted.width()
  const kernel = fitted.choice('kernel', ['rbf', 'linear', 'poly', 'sigmoid', 'precomputed'], 'rbf')
  const counts = countsOf(fitted, classes)
  const count = counts.reduce((sum, each) => sum + each, 0)
  const weights = fitted.numbers('_dual_coef_')
  const pairs = classes === 1 ? 1 : (classes * (classes - 1)) / 2
  if (weights.data.length !== Math.max(1, classes - 1) * count)
    throw fitted.damaged(`"_dual_coef_" has ${weights.data.length} numbers for ${count} vectors of ${classes} classes`)
  const offsets = fitted.vector('_intercept_', pairs)
  const common = { kernel, width, classes: counts, weights: packNumbers(weights.data), offsets: jsonNumbers(offsets) }
  const run = (parameters: object) => (x: Features) =>
    ops.b.kernel(
      'support-vectors',
      parameters,
      [checked(ops, x).matrix()],
      [{ datatype: 'FP64', shape: [-1, pairs] }],
    )[0] as Value
  if (kernel === 'precomputed') {
    const rows = fitted.vector('support_', count)
    if (!rows.every((row) => Number.isInteger(row) && row >= 0 && row < width))
      throw fitted.damaged(`a support vector is none of ${width} training rows`)
    return { pairs, decisions: run({ ...common, rows: packNumbers(rows) }) }
  }
  const vectors = fitted.value('support_vectors_')
  const isSparse = typeof vectors === 'object' && vectors !== null && 'kind' in vectors && vectors.kind === 'sparse'
  if (kernel === 'linear' && (isSparse || count * width > MOST_LINEAR_WORK)) {
    const collapsed = linearWeights(fitted, counts, weights.data, width)
    return {
      pairs,
      decisions: (x) => ops.add(product(ops, checked(ops, x), collapsed, pairs), ops.numbers(offsets)),
    }
  }
  const degree = fitted.number('degree', 3)
  if (kernel === 'poly' && !(Number.isInteger(degree) && degree >= 0))
    throw fitted.unsupported(`its "degree" is ${degree}, which is no whole number`)
  const parameters = {
    ...common,
    gamma: fitted.number('_gamma'),
    coef0: fitted.number('coef0', 0),
    degree: kernel === 'poly' ? degree : 0,
    ...(isSparse ? sparseVectors(fitted, vectors, count, width) : denseVectors(fitted, count, width)),
  }
  return { pairs, decisions: run(parameters) }
}

/** How many vectors each class has; without classes, all that there are: versions to 1.4 count sparse ones wrongly. */
function countsOf(fitted: Fitted, classes: number): number[] {
  const { shape } = fitted.numbers('support_', 1)
  if (classes === 1) return [shape[0] ?? 0]
  const counts = fitted.ints('_n_support')
  if (counts.length !== classes || counts.some((each) => each < 0))
    throw fitted.damaged(`"_n_support" is [${counts.join()}], for ${classes} classes`)
  return counts
}

function denseVectors(fitted: Fitted, count: number, width: number): object {
  const { data, shape } = fitted.numbers('support_vectors_', 2)
  if (shape[0] !== count || shape[1] !== width)
    throw fitted.damaged(`"support_vectors_" is of shape [${shape.join()}], and should be [${count},${width}]`)
  return { vectors: packNumbers(data) }
}

function sparseVectors(fitted: Fitted, { shape, starts, columns, values }: SparseMatrix, count: number, width: number) {
  if (shape[0] !== count || shape[1] !== width)
    throw fitted.damaged(`"support_vectors_" is of shape [${shape.join()}], and should be [${count},${width}]`)
  return {
    starts: packNumbers(starts),
    columns: packNumbers(columns),
    values: packNumbers(Array.from(values as ArrayLike<number | bigint>, Number)),
  }
}

/** Of a linear kernel, the sum of its weighted vectors for each pair: [width, pairs]. */
function linearWeights(fitted: Fitted, counts: readonly number[], weights: Float64Array, width: number): Float64Array {
  const { data, shape } = fitted.numbers('support_vectors_', 2)
  const count = counts.reduce((sum, each) => sum + each, 0)
  if (shape[0] !== count || shape[1] !== width)
    throw fitted.damaged(`"support_vectors_" is of shape [${shape.join()}], and should be [${count},${width}]`)
  const classes = counts.length
  const pairs = classes === 1 ? 1 : (classes * (classes - 1)) / 2
  const sums = new Float64Array(width * pairs)
  const starts = counts.map((_, i) => counts.slice(0, i).reduce((sum, each) => sum + each, 0))
  const add = (own: number, row: number, pair: number) => {
    const from = starts[own] as number
    for (let k = from; k < from + (counts[own] as number); k++) {
      const weight = weights[row * count + k] as number
      if (weight === 0) continue
      for (let j = 0; j < width; j++)
        sums[j * pairs + pair] = (sums[j * pairs + pair] as number) + weight * (data[k * width + j] as number)
    }
  }
  if (classes === 1) add(0, 0, 0)
  let pair = 0
  for (let i = 0; i < classes; i++)
    for (let j = i + 1; j < classes; j++, pair++) {
      add(i, j - 1, pair)
      add(j, i, pair)
    }
  return sums
}

/** `SVC` and `NuSVC`. @see scikit-learn, `BaseSVC` */
function classification(fitted: Fitted, { ops }: Context): Opened {
  const classes = fitted.labels('classes_')
  const { count } = classes
  if (count < 2) throw fitted.damaged('it has fewer than two classes')
  const { decisions, pairs } = machine(fitted, ops, count)
  const isPerClass = fitted.choice('decision_function_shape', ['ovr', 'ovo'], 'ovr') === 'ovr' && count > 2
  const decision = (x: Features) => {
    const values = decisions(x)
    if (count === 2) return ops.neg(ops.squeeze(values, 1))
    return isPerClass ? confidences(ops, ops.neg(values), ops.cast(ops.less(values, 0), 'FP64'), count) : values
  }
  const breaksTies = fitted.flag('break_ties', false)
  if (breaksTies && !isPerClass && count > 2)
    throw fitted.unsupported('it breaks ties by "ovo" decisions, which scikit-learn refuses too')
  const vote = (x: Features) =>
    ops.b.kernel('pair-votes', { classes: count }, [decisions(x)], [{ datatype: 'INT64', shape: [-1] }])[0] as Value
  const slopes = platt(fitted, 'A', pairs)
  const offsets = platt(fitted, 'B', pairs)
  const coupling = slopes !== undefined && offsets !== undefined && { classes: count, slopes, offsets }
  return {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, {
      classes,
      index: breaksTies && isPerClass ? (x) => ops.argMax(decision(x), 1) : vote,
      decision,
      ...(coupling && {
        proba: (x: Features) =>
          ops.b.kernel(
            'pairwise-coupling',
            coupling,
            [decisions(x)],
            [{ datatype: 'FP64', shape: [-1, count] }],
          )[0] as Value,
      }),
    }),
  }
}

/** One decision a class out of pairs: confidences that the second wins, and whether it does (0 or 1). */
export function confidences(ops: Ops, values: Value, wins: Value, classes: number): Value {
  return ops.b.kernel(
    'pair-confidences',
    { classes },
    [values, wins],
    [{ datatype: 'FP64', shape: [-1, classes] }],
  )[0] as Value
}

/** Platt's numbers for each pair, where the estimator has been fitted to give probabilities. */
function platt(fitted: Fitted, letter: 'A' | 'B', pairs: number): (number | string)[] | undefined {
  const isAsked = fitted.has('_effective_probability')
    ? fitted.flag('_effective_probability')
    : fitted.raw('probability') === true
  const name = fitted.has(`_prob${letter}`) ? `_prob${letter}` : `prob${letter}_`
  if (!isAsked || !fitted.has(name)) return undefined
  const numbers = fitted.vector(name)
  if (numbers.length === 0) return undefined
  return jsonNumbers(fitted.vector(name, pairs))
}

/** `SVR` and `NuSVR`. */
function regression(fitted: Fitted, { ops }: Context): Opened {
  const { decisions } = machine(fitted, ops, 1)
  return { title: fitted.title, input: fitted.input(), predict: (x) => ops.squeeze(decisions(x), 1) }
}

/** `OneClassSVM`. */
function oneClass(fitted: Fitted, { ops }: Context): Opened {
  const { decisions } = machine(fitted, ops, 1)
  const [offset] = fitted.vector('offset_', 1)
  const decision = (x: Features) => ops.squeeze(decisions(x), 1)
  const [one, minusOne] = [ops.integers([1], []), ops.integers([-1], [])]
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => ops.where(ops.greater(decision(x), 0), one, minusOne),
    decisionFunction: decision,
    scoreSamples: (x) => ops.add(decision(x), offset as number),
  }
}

export const SUPPORT_VECTORS: Openers = {
  'sklearn.SVC': classification,
  'sklearn.NuSVC': classification,
  'sklearn.SVR': regression,
  'sklearn.NuSVR': regression,
  'sklearn.OneClassSVM': oneClass,
}
