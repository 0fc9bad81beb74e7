import { ServingError } from '../../core/errors.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import type { NamedKernel } from './kernel.ts'

/**
 * Of each row, the first of its values, in ascending order, at which the weights so far are half of all or more.
 *
 * Input: FP64 [rows, k]. Output: FP64 [rows]. Parameters: `weights`, k numbers that are not negative.
 * @see scikit-learn, `AdaBoostRegressor._get_median_predict`
 */
export const weightedMedian: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const weights = parameters.numbers('weights')
    if (weights.length === 0 || !weights.every((weight) => weight >= 0))
      throw parameters.refuse('weights', 'a list of numbers that are not negative')
    const k = weights.length
    return {
      run([x]) {
        const { data, shape } = x as NumericTensor<'FP64'>
        if (shape[1] !== k) throw new ServingError('refused', `a median of ${shape[1]} values has ${k} weights`)
        const rows = shape[0] as number
        const result = new Float64Array(rows)
        for (let row = 0; row < rows; row++) result[row] = medianOf(data, row * k, weights)
        return [{ datatype: 'FP64', shape: [rows], data: result }]
      },
    }
  },
}

function medianOf(data: Float64Array, from: number, weights: Float64Array): number {
  const order = Array.from(weights.keys()).sort((a, b) => (data[from + a] as number) - (data[from + b] as number))
  const sums: number[] = []
  let sum = 0
  for (const i of order) sums.push((sum += weights[i] as number))
  const at = sums.findIndex((each) => each >= 0.5 * sum)
  return data[from + (order[at] as number)] as number
}
