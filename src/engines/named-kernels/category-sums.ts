import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import type { NamedKernel } from './kernel.ts'
import { checkedArea } from './sparse-rows.ts'

/**
 * Adds up what tables say of whole numbers: column after column, and at last `start`. Fractions are cut off; a number that a
 * table does not have is refused.
 *
 * Input: FP64 [rows, tables]. Output: FP64 [rows, width].
 * Parameters: `width`; `tables`: for each column `categories`, and `logs`, packed: [width, categories]; `start`, packed;
 * `names` of the columns for messages (may be fewer).
 * @see scikit-learn, `CategoricalNB._joint_log_likelihood`
 */
export const categorySums: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const width = parameters.int('width', 1)
    const names = parameters.texts('names')
    const start = parameters.packed('start', width)
    const tables = parameters.objects('tables').map((table) => {
      const categories = table.int('categories', 1)
      return { categories, logs: table.packed('logs', width * categories) }
    })
    return {
      run([input]) {
        const { data, shape } = input as NumericTensor<'FP64'>
        if (shape[1] !== tables.length)
          throw new ServingError('refused', `${tables.length} tables are fed ${shape[1]} columns`)
        const [rows = 0] = shape
        const result = new Float64Array(checkedArea(rows, width))
        for (let row = 0; row < rows; row++) {
          tables.forEach(({ categories, logs }, column) => {
            const category = Math.trunc(data[row * tables.length + column] as number)
            if (!(category >= 0 && category < categories))
              throw unknownCategory(category, categories, row, column, names)
            for (let c = 0; c < width; c++)
              result[row * width + c] =
                (result[row * width + c] as number) + (logs[c * categories + category] as number)
          })
          for (let c = 0; c < width; c++)
            result[row * width + c] = (result[row * width + c] as number) + (start[c] as number)
        }
        return [{ datatype: 'FP64', shape: [rows, width], data: result }]
      },
    }
  },
}

function unknownCategory(
  category: number,
  categories: number,
  row: number,
  column: number,
  names: readonly string[],
): ServingError {
  const name = names[column]
  return new ServingError(
    'invalid_argument',
    `row ${row + 1}, column ${name === undefined ? column + 1 : quote(name)}: ${category} is no category; the model knows 0 to ${categories - 1}`,
    { details: { row, column: name ?? column } },
  )
}
