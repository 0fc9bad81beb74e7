import { ServingError } from '../../core/errors.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import type { NamedKernel } from './kernel.ts'
import { normalQuantile } from './normal-quantile.ts'

/** How near to the ends of its range a value counts as the end. @see scikit-learn, `BOUNDS_THRESHOLD` */
const NEAR = 1e-7

/**
 * Where each number stands among the quantiles of its column: 0 to 1, or the normal distribution's number for that.
 *
 * Input and output: FP64 [rows, columns]; NaN stays.
 * Parameters: `references`: 0 to 1, ascending; `columns`: for each, as many quantiles, ascending; `isNormal`;
 * `isZeroKept`: zeros stay, as scikit-learn has it for sparse rows.
 */
export const quantiles: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const references = parameters.numbers('references')
    const isNormal = parameters.flag('isNormal')
    const isZeroKept = parameters.flag('isZeroKept')
    if (references.length === 0) throw parameters.refuse('references', 'a list of at least one number')
    const columns = parameters.numberLists('columns', references.length)
    const backwards = columns.map(negatedBackwards)
    const referencesBackwards = negatedBackwards(references)
    const least = normalQuantile(NEAR - Number.EPSILON)
    const most = normalQuantile(1 - (NEAR - Number.EPSILON))
    const uniform = (x: number, c: number) => {
      const known = columns[c] as Float64Array
      return (
        0.5 * (interpolate(x, known, references) - interpolate(-x, backwards[c] as Float64Array, referencesBackwards))
      )
    }
    const stands = (x: number, c: number): number => {
      if (Number.isNaN(x)) return x
      const known = columns[c] as Float64Array
      const low = known[0] as number
      const high = known[known.length - 1] as number
      if (!isNormal) return x === low ? 0 : x === high ? 1 : uniform(x, c)
      const share = x - NEAR < low ? 0 : x + NEAR > high ? 1 : uniform(x, c)
      return Math.min(most, Math.max(least, normalQuantile(share)))
    }
    return {
      run(inputs) {
        const { shape, data } = inputs[0] as NumericTensor<'FP64'>
        if (shape[1] !== columns.length)
          throw new ServingError('refused', `quantiles of ${columns.length} columns are fed ${shape[1]}`)
        const made = new Float64Array(data.length)
        for (let i = 0; i < data.length; i++) {
          const x = data[i] as number
          made[i] = isZeroKept && x === 0 ? 0 : stands(x, i % columns.length)
        }
        return [{ datatype: 'FP64', shape, data: made }]
      },
    }
  },
}

function negatedBackwards(values: Float64Array): Float64Array {
  return values.map((_, i) => -(values[values.length - 1 - i] as number))
}

/** Between the two neighbours of x, on a line; at the ends their values. @see numpy, `interp` */
export function interpolate(x: number, known: Float64Array, values: Float64Array): number {
  const end = known.length - 1
  if (x < (known[0] as number)) return values[0] as number
  if (x >= (known[end] as number)) return values[end] as number
  let low = 0
  let high = end
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((known[middle] as number) <= x) low = middle
    else high = middle
  }
  const from = known[low] as number
  if (from === x) return values[low] as number
  const slope = ((values[low + 1] as number) - (values[low] as number)) / ((known[low + 1] as number) - from)
  return slope * (x - from) + (values[low] as number)
}
