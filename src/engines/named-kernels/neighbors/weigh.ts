import { ServingError } from '../../../core/errors.ts'
import type { NumericTensor } from '../../../tensor/tensor.ts'
import type { NamedKernel } from '../kernel.ts'
import { numpySum } from '../numpy-sum.ts'
import { checkedArea } from '../sparse-rows.ts'

/**
 * What the neighbours of each row say about its class.
 *
 * Inputs: distances, FP64 [rows, k], and positions, INT64 [rows, k], of known rows; -1 for none.
 * Outputs: probabilities, FP64 [rows, classes], and the winner, INT64 [rows]: a position among the classes, or `classes`
 * for an outlier that has none.
 * Parameters: `codes`, packed: the class of each known row; `classes`: how many there are; `isByDistance`: nearer ones
 * weigh more; `outlier`: what a row without neighbours gets: a class, -1 for none, or absent where that is an error;
 * `isModeOfSums`: the winner is who has the largest sum as numpy adds it up, else who has the largest probability.
 * @see scikit-learn, `KNeighborsClassifier.predict`, `RadiusNeighborsClassifier.predict_proba`
 */
export const neighborVotes: NamedKernel = {
  takes: ['FP64', 'INT64'],
  prepare(parameters) {
    const classes = parameters.int('classes', 1, 2 ** 20)
    const codes = parameters.packedInts('codes', 0, classes - 1)
    const isByDistance = parameters.flag('isByDistance')
    const isModeOfSums = parameters.flag('isModeOfSums')
    const outlier = parameters.has('outlier') ? parameters.int('outlier', -1, classes - 1) : undefined
    return {
      run(inputs) {
        const { rows, k, distances, positions } = neighborsIn(inputs, codes.length)
        const proba = new Float64Array(checkedArea(rows, classes))
        const winners = new BigInt64Array(rows)
        const weights = new Float64Array(k)
        const parts = new Float64Array(k)
        for (let row = 0; row < rows; row++) {
          const count = weigh(distances, positions, row * k, k, isByDistance, weights)
          const own = proba.subarray(row * classes, (row + 1) * classes)
          if (count === 0) {
            if (outlier === undefined) throw noNeighbors(row)
            if (outlier >= 0) own[outlier] = 1
            winners[row] = BigInt(outlier >= 0 ? outlier : classes)
            continue
          }
          for (let i = 0; i < count; i++) {
            const code = codes[Number(positions[row * k + i])] as number
            own[code] = (own[code] as number) + (weights[i] as number)
          }
          if (isModeOfSums) winners[row] = BigInt(heaviest(own, weights, codes, positions, row * k, count, parts))
          const sum = numpySum(own)
          if (sum !== 0) for (let c = 0; c < classes; c++) own[c] = (own[c] as number) / sum
          if (!isModeOfSums) winners[row] = BigInt(firstLargest(own))
        }
        return [
          { datatype: 'FP64', shape: [rows, classes], data: proba },
          { datatype: 'INT64', shape: [rows], data: winners },
        ]
      },
    }
  },
}

/**
 * The mean of the neighbours' values.
 *
 * Inputs: as `neighborVotes`. Output: FP64 [rows, targets]; NaN for a row without neighbours.
 * Parameters: `values`, packed: [known rows, targets]; `targets`; `isByDistance`.
 */
export const neighborMeans: NamedKernel = {
  takes: ['FP64', 'INT64'],
  prepare(parameters) {
    const targets = parameters.int('targets', 1)
    const values = parameters.packed('values')
    if (values.length === 0 || values.length % targets !== 0)
      throw parameters.refuse('values', `rows of ${targets} numbers`)
    const isByDistance = parameters.flag('isByDistance')
    return {
      run(inputs) {
        const { rows, k, distances, positions } = neighborsIn(inputs, values.length / targets)
        const result = new Float64Array(checkedArea(rows, targets))
        const weights = new Float64Array(k)
        const parts = new Float64Array(k)
        for (let row = 0; row < rows; row++) {
          const count = weigh(distances, positions, row * k, k, isByDistance, weights)
          const total = numpySum(weights, 0, count)
          for (let target = 0; target < targets; target++) {
            for (let i = 0; i < count; i++)
              parts[i] = (values[Number(positions[row * k + i]) * targets + target] as number) * (weights[i] as number)
            result[row * targets + target] = count === 0 ? NaN : numpySum(parts, 0, count) / total
          }
        }
        return [{ datatype: 'FP64', shape: [rows, targets], data: result }]
      },
    }
  },
}

interface Neighbors {
  readonly rows: number
  readonly k: number
  readonly distances: Float64Array
  readonly positions: BigInt64Array
}

function neighborsIn(inputs: readonly unknown[], known: number): Neighbors {
  const [near, places] = inputs as readonly [NumericTensor<'FP64'>, NumericTensor<'INT64'>]
  const [rows = 0, k = 0] = near.shape
  const positions = places.data
  if (places.shape[0] !== rows || places.shape[1] !== k)
    throw new ServingError('refused', 'neighbours have other distances than positions')
  for (const position of positions)
    if (position < -1n || position >= known)
      throw new ServingError('refused', `a neighbour is row ${position} of ${known}`)
  return { rows, k, distances: near.data, positions }
}

/**
 * Weights of a row's neighbours, and how many it has. By distance they are its inverse; where some are at no distance,
 * they alone count.
 */
function weigh(
  distances: Float64Array,
  positions: BigInt64Array,
  from: number,
  k: number,
  isByDistance: boolean,
  weights: Float64Array,
): number {
  let count = 0
  while (count < k && (positions[from + count] as bigint) >= 0n) count++
  if (!isByDistance) {
    weights.fill(1, 0, count)
    return count
  }
  let isAtOne = false
  for (let i = 0; i < count; i++) {
    weights[i] = 1 / (distances[from + i] as number)
    if (weights[i] === Infinity) isAtOne = true
  }
  if (isAtOne) for (let i = 0; i < count; i++) weights[i] = weights[i] === Infinity ? 1 : 0
  return count
}

/** The class with the largest sum as numpy adds it up: other classes' places are zeros. */
function heaviest(
  sums: Float64Array,
  weights: Float64Array,
  codes: Int32Array,
  positions: BigInt64Array,
  from: number,
  count: number,
  parts: Float64Array,
): number {
  let best = -1
  let most = 0
  for (let c = 0; c < sums.length; c++) {
    if (sums[c] === 0) continue
    for (let i = 0; i < count; i++) parts[i] = codes[Number(positions[from + i])] === c ? (weights[i] as number) : 0
    const sum = numpySum(parts, 0, count)
    if (sum > most) [best, most] = [c, sum]
  }
  return best < 0 ? firstLargest(sums) : best
}

function firstLargest(values: Float64Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i
  return best
}

function noNeighbors(row: number): ServingError {
  return new ServingError(
    'invalid_argument',
    `row ${row + 1} has no neighbours within the model's radius, and the model has no label for such rows`,
    { details: { row } },
  )
}
