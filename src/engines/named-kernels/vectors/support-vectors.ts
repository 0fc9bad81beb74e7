import { ServingError } from '../../../core/errors.ts'
import type { NumericTensor } from '../../../tensor/tensor.ts'
import type { NamedKernel, Parameters } from '../kernel.ts'
import { checkedArea } from '../sparse-rows.ts'

/**
 * Decision values of support vectors: for each pair of classes the sum of the vectors' weighted kernels, less an offset;
 * one sum for regressions and for one class.
 *
 * Input: FP64 [rows, width]. Output: FP64 [rows, pairs].
 * Parameters: `kernel` (`rbf`, `linear`, `poly`, `sigmoid`, or `precomputed`: the row is the kernel with each training row),
 * `gamma`, `coef0`, `degree`; `width`; `vectors`, packed: [count, width], or for rows that are mostly zeros `starts`,
 * `columns`, `values`, or for `precomputed` `rows`: the training rows that are vectors; `classes`: how many vectors each class
 * has (one number where there are no classes); `weights`, packed: [classes - 1, count]; `offsets`: one a pair, to be added.
 * @see LIBSVM, `svm_predict_values`
 */
export const supportVectors: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const width = parameters.int('width', 1)
    const counts = parameters.ints('classes')
    const count = counts.reduce((sum, each) => sum + each, 0)
    const kernel = readKernel(parameters, width, count)
    const sums = readSums(parameters, counts, count)
    const values = new Float64Array(count)
    return {
      run([input]) {
        const { data, shape } = input as NumericTensor<'FP64'>
        if (shape.length !== 2 || shape[1] !== width)
          throw new ServingError('refused', `support vectors of ${width} columns are fed something else`)
        const [rows = 0] = shape
        const result = new Float64Array(checkedArea(rows, sums.pairs))
        for (let row = 0; row < rows; row++) {
          kernel(data, row * width, values)
          sums.add(values, result, row * sums.pairs)
        }
        return [{ datatype: 'FP64', shape: [rows, sums.pairs], data: result }]
      },
    }
  },
}

/** Kernels of the row of `x` at `at` with each vector. */
type Kernels = (x: Float64Array, at: number, values: Float64Array) => void

function readKernel(parameters: Parameters, width: number, count: number): Kernels {
  const kind = parameters.oneOf('kernel', ['rbf', 'linear', 'poly', 'sigmoid', 'precomputed'])
  if (kind === 'precomputed') {
    const rows = parameters.packedInts('rows', 0, width - 1)
    if (rows.length !== count) throw parameters.refuse('rows', `${count} training rows`)
    return (x, at, values) => {
      for (let i = 0; i < count; i++) values[i] = x[at + (rows[i] as number)] as number
    }
  }
  const gamma = parameters.number('gamma')
  const coef0 = parameters.number('coef0')
  const degree = parameters.int('degree', 0, 2 ** 31 - 1)
  const vectors = parameters.has('vectors')
    ? denseVectors(parameters.packed('vectors', count * width), width, count)
    : sparseVectors(parameters, width, count)
  if (kind === 'rbf')
    return (x, at, values) => {
      vectors.squares(x, at, values)
      for (let i = 0; i < count; i++) values[i] = Math.exp(-gamma * (values[i] as number))
    }
  const finish: (dot: number) => number =
    kind === 'linear'
      ? (dot) => dot
      : kind === 'poly'
        ? (dot) => power(gamma * dot + coef0, degree)
        : (dot) => Math.tanh(gamma * dot + coef0)
  return (x, at, values) => {
    vectors.dots(x, at, values)
    for (let i = 0; i < count; i++) values[i] = finish(values[i] as number)
  }
}

/** By squaring, as LIBSVM does. */
function power(base: number, times: number): number {
  let result = 1
  let factor = base
  for (let left = times; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= factor
    factor *= factor
  }
  return result
}

interface Vectors {
  readonly dots: Kernels
  /** Squared distances. */
  readonly squares: Kernels
}

function denseVectors(vectors: Float64Array, width: number, count: number): Vectors {
  return {
    dots(x, at, values) {
      for (let i = 0, from = 0; i < count; i++, from += width) {
        let sum = 0
        for (let j = 0; j < width; j++) sum += (x[at + j] as number) * (vectors[from + j] as number)
        values[i] = sum
      }
    },
    squares(x, at, values) {
      for (let i = 0, from = 0; i < count; i++, from += width) {
        let sum = 0
        for (let j = 0; j < width; j++) {
          const d = (x[at + j] as number) - (vectors[from + j] as number)
          sum += d * d
        }
        values[i] = sum
      }
    },
  }
}

function sparseVectors(parameters: Parameters, width: number, count: number): Vectors {
  const columns = parameters.packedInts('columns', 0, width - 1)
  const known = parameters.packed('values', columns.length)
  const starts = parameters.packedInts('starts', 0, columns.length)
  if (starts.length !== count + 1 || starts[0] !== 0 || starts.at(-1) !== columns.length || !isAscending(starts))
    throw parameters.refuse('starts', `the beginnings of ${count} vectors`)
  for (let i = 0; i < count; i++)
    if (!isAscending(columns.subarray(starts[i], starts[i + 1])))
      throw parameters.refuse('columns', "each vector's columns in ascending order")
  /** The columns in which the row is not zero. */
  const present = new Int32Array(width)
  return {
    dots(x, at, values) {
      for (let i = 0; i < count; i++) {
        let sum = 0
        for (let p = starts[i] as number; p < (starts[i + 1] as number); p++)
          sum += (x[at + (columns[p] as number)] as number) * (known[p] as number)
        values[i] = sum
      }
    },
    // in the order of the columns, as LIBSVM adds them: taking squares away from their sum would lose digits
    squares(x, at, values) {
      let given = 0
      for (let j = 0; j < width; j++) if (x[at + j] !== 0) present[given++] = j
      for (let i = 0; i < count; i++) {
        const end = starts[i + 1] as number
        let p = starts[i] as number
        let sum = 0
        for (let g = 0; g < given; g++) {
          const column = present[g] as number
          for (; p < end && (columns[p] as number) < column; p++) sum += (known[p] as number) ** 2
          let d = x[at + column] as number
          for (; p < end && columns[p] === column; p++) d -= known[p] as number
          sum += d * d
        }
        for (; p < end; p++) sum += (known[p] as number) ** 2
        values[i] = sum
      }
    },
  }
}

function isAscending(numbers: Int32Array): boolean {
  return numbers.every((number, i) => i === 0 || number >= (numbers[i - 1] as number))
}

interface Sums {
  readonly pairs: number
  add(values: Float64Array, result: Float64Array, at: number): void
}

function readSums(parameters: Parameters, counts: Int32Array, count: number): Sums {
  const classes = counts.length
  if (classes === 0) throw parameters.refuse('classes', 'a list of at least one number')
  const weights = parameters.packed('weights', Math.max(1, classes - 1) * count)
  const pairs = classes === 1 ? 1 : (classes * (classes - 1)) / 2
  const offsets = parameters.numbers('offsets', pairs)
  if (classes === 1)
    return {
      pairs,
      add(values, result, at) {
        let sum = 0
        for (let i = 0; i < count; i++) sum += (weights[i] as number) * (values[i] as number)
        result[at] = sum + (offsets[0] as number)
      },
    }
  const starts = counts.map((_, i) => counts.subarray(0, i).reduce((sum, each) => sum + each, 0))
  return {
    pairs,
    add(values, result, at) {
      let pair = 0
      for (let i = 0; i < classes; i++)
        for (let j = i + 1; j < classes; j++) {
          let sum = 0
          // the weights of class i against j stand in row j - 1, those of class j against i in row i
          for (const [own, other] of [
            [i, j - 1],
            [j, i],
          ] as const) {
            const from = starts[own] as number
            const end = from + (counts[own] as number)
            for (let k = from; k < end; k++) sum += (weights[other * count + k] as number) * (values[k] as number)
          }
          result[at + pair] = sum + (offsets[pair] as number)
          pair++
        }
    },
  }
}
