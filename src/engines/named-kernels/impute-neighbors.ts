import { ServingError } from '../../core/errors.ts'
import type { NamedKernel } from './kernel.ts'

/**
 * Fills missing values with what the nearest rows of the training data have there: nearest by the columns that both have.
 *
 * Input and output: FP64 [rows, width]; columns that the training data has no value for stay as they are.
 * Parameters: `width`; `values`, the training data row by row; `missing`, what stands for a missing value (NaN or a
 * number); `neighbors`; `weights`: `uniform` or `distance`; `countsStrangers`: whether neighbours with no column in common
 * count too.
 * @see scikit-learn, `KNNImputer.transform`, `nan_euclidean_distances`; of equally near rows the first ones count
 */
export const imputeNeighbors: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const width = parameters.int('width', 1)
    const values = parameters.numbers('values')
    const missing = parameters.number('missing')
    const neighbors = parameters.int('neighbors', 1)
    const byDistance = parameters.oneOf('weights', ['uniform', 'distance']) === 'distance'
    const countsStrangers = parameters.flag('countsStrangers')
    if (values.length === 0 || values.length % width !== 0)
      throw parameters.refuse('values', `rows of ${width} numbers`)
    const known = values.length / width
    const isMissing = Number.isNaN(missing) ? Number.isNaN : (value: number) => value === missing
    const means = columnMeans(values, width, isMissing)
    const whole = values.map((value) => (isMissing(value) ? 0 : value))
    const squares = Float64Array.from({ length: known }, (_, row) =>
      squareSum(whole.subarray(row * width, (row + 1) * width)),
    )
    const distances = new Float64Array(known)
    const nearest = new Int32Array(Math.min(neighbors, known))

    // each sum in the original's order and rounding: a row that is another one is as far from it as there, not 0 away
    function measure(row: Float64Array): void {
      const own = row.map((value) => (isMissing(value) ? 0 : value))
      const square = squareSum(own)
      for (let other = 0; other < known; other++) {
        let product = 0
        let ownOnly = 0
        let othersOnly = 0
        let common = 0
        for (let i = 0; i < width; i++) {
          const a = own[i] as number
          const b = whole[other * width + i] as number
          product = fusedMultiplyAdd(a, b, product)
          const hasOwn = !isMissing(row[i])
          const hasOther = !isMissing(values[other * width + i])
          if (hasOwn && hasOther) common++
          else if (hasOwn) ownOnly += a * a
          else if (hasOther) othersOnly += b * b
        }
        const all = Math.max(0, -2 * product + square + (squares[other] as number))
        const shared = Math.max(0, all - ownOnly - othersOnly)
        distances[other] = common === 0 ? Number.NaN : Math.sqrt((shared / common) * width)
      }
    }

    /** Puts the nearest rows that have the column into `nearest`; NaN is farthest. @returns how many there are */
    function choose(column: number): number {
      let count = 0
      for (let other = 0; other < known; other++) {
        if (isMissing(values[other * width + column])) continue
        const distance = distances[other] as number
        let at = count
        while (at > 0 && isNearer(distance, distances[nearest[at - 1] as number] as number)) at--
        if (at >= nearest.length) continue
        nearest.copyWithin(at + 1, at, Math.min(count, nearest.length - 1))
        nearest[at] = other
        if (count < nearest.length) count++
      }
      return count
    }

    function average(column: number, count: number): number {
      const hasSame = byDistance && nearest.subarray(0, count).some((other) => distances[other] === 0)
      let sum = 0
      let weights = 0
      for (let i = 0; i < count; i++) {
        const other = nearest[i] as number
        const distance = distances[other] as number
        let weight = byDistance ? (hasSame ? Number(distance === 0) : 1 / distance) : 1
        if (Number.isNaN(distance) && (byDistance || !countsStrangers)) weight = 0
        sum += weight * (values[other * width + column] as number)
        weights += weight
      }
      return sum / weights
    }

    return {
      run([x]) {
        if (x?.datatype !== 'FP64' || x.shape[1] !== width)
          throw new ServingError('refused', `the program feeds an imputer of ${width} columns something else`)
        const data = Float64Array.from(x.data)
        for (let from = 0; from < data.length; from += width) {
          const row = x.data.subarray(from, from + width)
          let isMeasured = false
          for (let column = 0; column < width; column++) {
            if (!isMissing(row[column]) || Number.isNaN(means[column])) continue
            if (!isMeasured) measure(row)
            isMeasured = true
            const count = choose(column)
            const isStranger = count === 0 || Number.isNaN(distances[nearest[0] as number])
            data[from + column] = isStranger ? (means[column] as number) : average(column, count)
          }
        }
        return [{ datatype: 'FP64', shape: x.shape, data }]
      },
    }
  },
}

/**
 * The sum of squares as numpy's `einsum` adds them up: even and odd places apart, eight at a time from the last pair of the
 * eight to the first.
 */
function squareSum(row: Float64Array): number {
  const sums: [number, number] = [0, 0]
  const add = (i: number) => {
    const [even, odd] = [row[i] ?? 0, row[i + 1] ?? 0]
    sums[0] += even * even
    sums[1] += odd * odd
  }
  let i = 0
  for (; i + 8 <= row.length; i += 8) for (let pair = 6; pair >= 0; pair -= 2) add(i + pair)
  for (; i < row.length; i += 2) add(i)
  return sums[0] + sums[1]
}

/** a · b + c, rounded once, as the processors do it that multiply matrices. @see Dekker (1971); Knuth, "two-sum" */
function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b
  const sum = product + c
  const [a1, b1] = [upper(a), upper(b)]
  const [a2, b2] = [a - a1, b - b1]
  const lost = a2 * b2 - (product - a1 * b1 - a2 * b1 - a1 * b2)
  const back = sum - product
  const lostBySum = product - (sum - back) + (c - back)
  const result = sum + (lost + lostBySum)
  return Number.isFinite(result) ? result : sum
}

/** The upper half of a number's digits. */
function upper(value: number): number {
  const scaled = value * 134_217_729
  return scaled - (scaled - value)
}

function isNearer(distance: number, than: number): boolean {
  return distance < than || (Number.isNaN(than) && !Number.isNaN(distance))
}

/** NaN for a column without any value. */
function columnMeans(values: Float64Array, width: number, isMissing: (value: number) => boolean): Float64Array {
  const sums = new Float64Array(width)
  const counts = new Float64Array(width)
  values.forEach((value, i) => {
    if (isMissing(value)) return
    sums[i % width] = (sums[i % width] as number) + value
    counts[i % width] = (counts[i % width] as number) + 1
  })
  return sums.map((sum, i) => sum / (counts[i] as number))
}
