import { DISTANCES } from '../../../bundle/distances.ts'
import type { Parameters } from '../kernel.ts'

/**
 * A distance of a row of `a` (of `width` columns, from `at` on) from one of `b`. What is not less than `limit` may be any
 * number that is not.
 */
export type RowDistance = (
  a: Float64Array,
  at: number,
  b: Float64Array,
  bt: number,
  width: number,
  limit?: number,
) => number

/**
 * A distance between rows. `reduced` is cheaper and orders rows as the distance does: the square, where that is a root.
 */
export interface Metric {
  readonly reduced: RowDistance
  readonly toDistance: (reduced: number) => number
  readonly toReduced: (distance: number) => number
  /** Of a distance of Minkowski, its power, with which a box bounds it. */
  readonly power: number | undefined
}

const same = (value: number): number => value
const square = (value: number): number => value * value

/**
 * Reads a metric out of a kernel's parameters: `metric`, its name; `power` of `minkowski`; `weights`, packed, of
 * `minkowski` (may be absent), variances of `seuclidean`, the inverse covariance [width, width] of `mahalanobis`.
 * @throws {ServingError} `refused` where they do not fit `width` columns
 * @see scikit-learn, `DistanceMetric`
 */
export function readMetric(parameters: Parameters, width: number): Metric {
  const name = parameters.oneOf('metric', DISTANCES)
  if (name === 'minkowski') {
    const power = parameters.number('power')
    if (!(power > 0)) throw parameters.refuse('power', 'a number above 0')
    const weights = parameters.has('weights') ? parameters.packed('weights', width) : undefined
    return {
      reduced: minkowski(power, weights),
      toDistance: (value) => value ** (1 / power),
      toReduced: (value) => value ** power,
      power,
    }
  }
  if (name === 'seuclidean') return rooted(seuclidean(parameters.packed('weights', width)))
  if (name === 'mahalanobis') return rooted(mahalanobis(parameters.packed('weights', width * width), width))
  if (name === 'euclidean') return { ...rooted(sumOfSquares), power: 2 }
  if (name === 'nan_euclidean') return rooted(sumOfKnownSquares)
  if (name === 'manhattan') return { ...plainly(sumOfDifferences), power: 1 }
  if (name === 'chebyshev') return { ...plainly(largestDifference), power: Infinity }
  if (name === 'haversine')
    return {
      reduced: haversine,
      toDistance: (value) => 2 * Math.asin(Math.sqrt(value)),
      toReduced: (value) => square(Math.sin(0.5 * value)),
      power: undefined,
    }
  const simple: Readonly<Record<string, RowDistance>> = {
    sqeuclidean: sumOfSquares,
    hamming,
    canberra,
    braycurtis,
    cosine,
    correlation,
  }
  return plainly(simple[name] ?? truths(TRUTHS[name] as Truths))
}

function plainly(reduced: RowDistance): Metric {
  return { reduced, toDistance: same, toReduced: same, power: undefined }
}

function rooted(reduced: RowDistance): Metric {
  return { reduced, toDistance: Math.sqrt, toReduced: square, power: undefined }
}

/** Columns after which a sum is compared with its limit. */
const STRIDE = 8

function sumOfSquares(
  a: Float64Array,
  at: number,
  b: Float64Array,
  bt: number,
  width: number,
  limit = Infinity,
): number {
  let sum = 0
  for (let from = 0; from < width; from += STRIDE) {
    const end = Math.min(width, from + STRIDE)
    for (let i = from; i < end; i++) {
      const d = (a[at + i] as number) - (b[bt + i] as number)
      sum += d * d
    }
    if (sum >= limit) return sum
  }
  return sum
}

/** As if the columns that are missing on either side were like the others; NaN where all are. */
function sumOfKnownSquares(a: Float64Array, at: number, b: Float64Array, bt: number, width: number): number {
  let sum = 0
  let known = 0
  for (let i = 0; i < width; i++) {
    const d = (a[at + i] as number) - (b[bt + i] as number)
    if (d !== d) continue
    sum += d * d
    known++
  }
  return known === 0 ? NaN : (sum / known) * width
}

function sumOfDifferences(a: Float64Array, at: number, b: Float64Array, bt: number, width: number): number {
  let sum = 0
  for (let i = 0; i < width; i++) sum += Math.abs((a[at + i] as number) - (b[bt + i] as number))
  return sum
}

function largestDifference(a: Float64Array, at: number, b: Float64Array, bt: number, width: number): number {
  let most = 0
  for (let i = 0; i < width; i++) most = Math.max(most, Math.abs((a[at + i] as number) - (b[bt + i] as number)))
  return most
}

function minkowski(power: number, weights: Float64Array | undefined): RowDistance {
  return (a, at, b, bt, width) => {
    let sum = 0
    for (let i = 0; i < width; i++) {
      const d = Math.abs((a[at + i] as number) - (b[bt + i] as number)) ** power
      sum += weights === undefined ? d : (weights[i] as number) * d
    }
    return sum
  }
}

function seuclidean(variances: Float64Array): RowDistance {
  return (a, at, b, bt, width) => {
    let sum = 0
    for (let i = 0; i < width; i++) {
      const d = (a[at + i] as number) - (b[bt + i] as number)
      sum += (d * d) / (variances[i] as number)
    }
    return sum
  }
}

function mahalanobis(inverse: Float64Array, size: number): RowDistance {
  const difference = new Float64Array(size)
  return (a, at, b, bt, width) => {
    for (let i = 0; i < width; i++) difference[i] = (a[at + i] as number) - (b[bt + i] as number)
    let sum = 0
    for (let i = 0; i < width; i++) {
      let part = 0
      for (let j = 0; j < width; j++) part += (inverse[i * width + j] as number) * (difference[j] as number)
      sum += part * (difference[i] as number)
    }
    return sum
  }
}

function hamming(a: Float64Array, at: number, b: Float64Array, bt: number, width: number): number {
  let count = 0
  for (let i = 0; i < width; i++) if (a[at + i] !== b[bt + i]) count++
  return count / width
}

function canberra(a: Float64Array, at: number, b: Float64Array, bt: number, width: number): number {
  let sum = 0
  for (let i = 0; i < width; i++) {
    const [x, y] = [a[at + i] as number, b[bt + i] as number]
    const scale = Math.abs(x) + Math.abs(y)
    if (scale > 0) sum += Math.abs(x - y) / scale
  }
  return sum
}

function braycurtis(a: Float64Array, at: number, b: Float64Array, bt: number, width: number): number {
  let sum = 0
  let scale = 0
  for (let i = 0; i < width; i++) {
    const [x, y] = [a[at + i] as number, b[bt + i] as number]
    sum += Math.abs(x - y)
    scale += Math.abs(x) + Math.abs(y)
  }
  return scale > 0 ? sum / scale : 0
}

function haversine(a: Float64Array, at: number, b: Float64Array, bt: number): number {
  const [x, y] = [a[at] as number, b[bt] as number]
  const up = Math.sin(0.5 * (x - y))
  const along = Math.sin(0.5 * ((a[at + 1] as number) - (b[bt + 1] as number)))
  return up * up + Math.cos(x) * Math.cos(y) * along * along
}

function cosine(a: Float64Array, at: number, b: Float64Array, bt: number, width: number): number {
  let [aa, bb, ab] = [0, 0, 0]
  for (let i = 0; i < width; i++) {
    const [x, y] = [a[at + i] as number, b[bt + i] as number]
    aa += x * x
    bb += y * y
    ab += x * y
  }
  const [length, other] = [aa === 0 ? 1 : Math.sqrt(aa), bb === 0 ? 1 : Math.sqrt(bb)]
  return Math.min(2, Math.max(0, 1 - ab / length / other))
}

function correlation(a: Float64Array, at: number, b: Float64Array, bt: number, width: number): number {
  let [meanA, meanB] = [0, 0]
  for (let i = 0; i < width; i++) {
    meanA += a[at + i] as number
    meanB += b[bt + i] as number
  }
  meanA /= width
  meanB /= width
  let [aa, bb, ab] = [0, 0, 0]
  for (let i = 0; i < width; i++) {
    const [x, y] = [(a[at + i] as number) - meanA, (b[bt + i] as number) - meanB]
    aa += x * x
    bb += y * y
    ab += x * y
  }
  return 1 - ab / Math.sqrt(aa) / Math.sqrt(bb)
}

/** Distances of truths (what is not zero) by how many are true in both, in the one, in the other, and how many there are. */
type Truths = (both: number, first: number, second: number, all: number) => number

function truths(make: Truths): RowDistance {
  return (a, at, b, bt, width) => {
    let [both, first, second] = [0, 0, 0]
    for (let i = 0; i < width; i++) {
      const [x, y] = [a[at + i] !== 0, b[bt + i] !== 0]
      if (x && y) both++
      else if (x) first++
      else if (y) second++
    }
    return make(both, first, second, width)
  }
}

const TRUTHS: Readonly<Record<string, Truths>> = {
  jaccard: (both, first, second) => orZero(first + second, both + first + second),
  dice: (both, first, second) => orZero(first + second, 2 * both + first + second),
  kulsinski: (both, first, second, all) => (first + second - both + all) / (first + second + all),
  rogerstanimoto: (_both, first, second, all) => (2 * (first + second)) / (all + first + second),
  sokalmichener: (_both, first, second, all) => (2 * (first + second)) / (all + first + second),
  russellrao: (both, _first, _second, all) => (all - both) / all,
  sokalsneath: (both, first, second) => orZero(first + second, 0.5 * both + first + second),
  matching: (_both, first, second, all) => (first + second) / all,
  yule: (both, first, second, all) => {
    const neither = all - both - first - second
    return first === 0 || second === 0 ? 0 : (2 * first * second) / (both * neither + first * second)
  },
}

function orZero(value: number, by: number): number {
  return by === 0 ? 0 : value / by
}
