import { ServingError } from '../../core/errors.ts'
import { floats } from '../host-kernels/arrays.ts'
import { inputOf, readPlacedColumns, type PlacedColumn } from './category-column.ts'
import type { NamedKernel, PreparedKernel } from './kernel.ts'
import { checkedArea } from './sparse-rows.ts'

/**
 * Categories to a row of zeros with ones: each column's code is the position that becomes 1, or -1 for none.
 *
 * Inputs: as `categories` has them. Parameters: `columns`, as there; `width` of a row; `form`:
 * - `dense`: FP64 [rows, width]
 * - `sparse`: INT64 positions and FP64 values, both [rows, columns]; none is position 0 with value 0
 */
export const oneHot: NamedKernel = {
  takes: { each: ['BYTES', 'FP64'] },
  prepare(parameters) {
    const width = parameters.int('width')
    const columns = readPlacedColumns(parameters)
    return parameters.oneOf('form', ['dense', 'sparse']) === 'dense' ? dense(columns, width) : sparse(columns, width)
  },
}

function dense(columns: readonly PlacedColumn[], width: number): PreparedKernel {
  return {
    run(inputs) {
      const rows = inputs[0]?.shape[0] ?? 0
      const data = floats('FP64', checkedArea(rows, width)) as Float64Array<ArrayBuffer>
      for (const placed of columns) {
        const { values, stride } = inputOf(placed, inputs)
        for (let row = 0; row < rows; row++) {
          const at = placed.column.code(values, row * stride + placed.place, row)
          if (at >= 0) data[row * width + checked(at, width)] = 1
        }
      }
      return [{ datatype: 'FP64', shape: [rows, width], data }]
    },
  }
}

function sparse(columns: readonly PlacedColumn[], width: number): PreparedKernel {
  const count = columns.length
  return {
    run(inputs) {
      const rows = inputs[0]?.shape[0] ?? 0
      const area = checkedArea(rows, count)
      const positions = new BigInt64Array(area)
      // low halves of the 64-bit integers: this machine writes them first, as all that Node runs on do
      const low = new Int32Array(positions.buffer)
      const data = new Float64Array(area)
      for (let c = 0; c < count; c++) {
        const placed = columns[c] as PlacedColumn
        const { values, stride } = inputOf(placed, inputs)
        for (let row = 0; row < rows; row++) {
          const at = placed.column.code(values, row * stride + placed.place, row)
          if (at < 0) continue
          low[(row * count + c) * 2] = checked(at, width)
          data[row * count + c] = 1
        }
      }
      return [
        { datatype: 'INT64', shape: [rows, count], data: positions },
        { datatype: 'FP64', shape: [rows, count], data },
      ]
    },
  }
}

function checked(at: number, width: number): number {
  if (at < width && Number.isInteger(at)) return at
  throw new ServingError('refused', `a category has the position ${at} in a row of ${width}`)
}
