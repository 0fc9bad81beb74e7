import { ServingError } from '../../core/errors.ts'
import type { NamedKernel } from './kernel.ts'
import { checkedArea } from './sparse-rows.ts'

/**
 * Sparse rows written out with their zeros; values at the same position are added.
 *
 * Inputs: INT64 positions [rows, m] and FP64 values [rows, m]. Output: FP64 [rows, width]. Parameters: `width`.
 */
export const dense: NamedKernel = {
  takes: ['INT64', 'FP64'],
  prepare(parameters) {
    const width = parameters.int('width')
    return {
      run([positions, values]) {
        if (positions?.datatype !== 'INT64' || values?.datatype !== 'FP64')
          throw new ServingError('refused', 'the program feeds the host kernel "dense" something else than sparse rows')
        const [rows = 0, count = 0] = positions.shape
        if (values.shape.length !== 2 || positions.shape.length !== 2 || values.shape[1] !== count)
          throw new ServingError('refused', 'sparse rows have as many positions as values')
        const data = new Float64Array(checkedArea(rows, width))
        for (let row = 0; row < rows; row++)
          for (let i = row * count; i < (row + 1) * count; i++) {
            const value = values.data[i] as number
            // a filled-up place adds nothing; NaN and infinity are values
            if (value === 0) continue
            const at = Number(positions.data[i])
            if (!(at >= 0 && at < width))
              throw new ServingError('refused', `a position ${at} is outside of ${width} columns`)
            data[row * width + at] = (data[row * width + at] as number) + value
          }
        return [{ datatype: 'FP64', shape: [rows, width], data }]
      },
    }
  },
}
