import { inputOf, readPlacedColumns } from './category-column.ts'
import type { NamedKernel } from './kernel.ts'
import { checkedArea } from './sparse-rows.ts'

/**
 * Categories to numbers: for each column, the code of each known text or number. Empty text stands for a missing value
 * unless it is itself a known text.
 *
 * Inputs: BYTES (FP64 for numbers) [rows, 1] or [rows] for each column, or fewer where columns share them.
 * Output: FP64 [rows, columns].
 * Parameters: `columns`, as `readCategoryColumn` and `readPlacedColumns` have them.
 */
export const categories: NamedKernel = {
  takes: { each: ['BYTES', 'FP64'] },
  prepare(parameters) {
    const columns = readPlacedColumns(parameters)
    const width = columns.length
    return {
      run(inputs) {
        const rows = inputs[0]?.shape[0] ?? 0
        const data = new Float64Array(checkedArea(rows, width))
        for (let c = 0; c < width; c++) {
          const placed = columns[c] as (typeof columns)[number]
          const { values, stride } = inputOf(placed, inputs)
          for (let row = 0; row < rows; row++)
            data[row * width + c] = placed.column.code(values, row * stride + placed.place, row)
        }
        return [{ datatype: 'FP64', shape: [rows, width], data }]
      },
    }
  },
}
