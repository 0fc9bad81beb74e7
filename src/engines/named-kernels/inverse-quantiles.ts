import { ServingError } from '../../core/errors.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import type { NamedKernel } from './kernel.ts'
import { normalShare } from './normal-distribution.ts'
import { interpolate } from './quantiles.ts'

/** How near to the ends of its range a share counts as the end. @see scikit-learn, `BOUNDS_THRESHOLD` */
const NEAR = 1e-7

/**
 * Shares (or the normal distribution's numbers for them) to the quantiles of their columns; NaN stays.
 *
 * Input and output: FP64 [rows, columns].
 * Parameters: `columns`, `references`, packed, ascending from 0 to 1, `quantiles`, packed: [references, columns], `isNormal`.
 * @see scikit-learn, `QuantileTransformer.inverse_transform`
 */
export const inverseQuantiles: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const columns = parameters.int('columns', 1)
    const references = parameters.packed('references')
    const count = references.length
    if (count === 0) throw parameters.refuse('references', 'a list of at least one number')
    const table = parameters.packed('quantiles', count * columns)
    const isNormal = parameters.flag('isNormal')
    const quantiles = Array.from({ length: columns }, (_, c) =>
      references.map((_each, i) => table[i * columns + c] as number),
    )
    return {
      run([input]) {
        const { data, shape } = input as NumericTensor<'FP64'>
        if (shape[1] !== columns)
          throw new ServingError('refused', `quantiles of ${columns} columns are fed ${shape[1]}`)
        const result = new Float64Array(data.length)
        for (let i = 0; i < data.length; i++) {
          const own = quantiles[i % columns] as Float64Array
          const share = isNormal ? normalShare(data[i] as number) : (data[i] as number)
          const near = isNormal ? NEAR : 0
          if (Number.isNaN(share)) result[i] = share
          else if (isNormal ? share - near < 0 : share === 0) result[i] = own[0] as number
          else if (isNormal ? share + near > 1 : share === 1) result[i] = own[count - 1] as number
          else result[i] = interpolate(share, references, own)
        }
        return [{ datatype: 'FP64', shape, data: result }]
      },
    }
  },
}
