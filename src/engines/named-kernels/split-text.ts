import { ServingError } from '../../core/errors.ts'
import type { NamedKernel } from './kernel.ts'

/**
 * The columns of an array of text, each by itself.
 *
 * Input: BYTES [rows, columns]. Outputs: BYTES [rows, 1] for each column. Parameters: `columns`, how many.
 */
export const splitText: NamedKernel = {
  takes: ['BYTES'],
  prepare(parameters) {
    const columns = parameters.int('columns', 1, 2 ** 20)
    return {
      run([texts]) {
        if (texts?.datatype !== 'BYTES' || texts.shape[1] !== columns)
          throw new ServingError('refused', `the program feeds "split-text" no array of ${columns} columns of text`)
        const [rows = 0] = texts.shape
        return Array.from({ length: columns }, (_, column) => ({
          datatype: 'BYTES' as const,
          shape: [rows, 1],
          data: Array.from({ length: rows }, (_unused, row) => texts.data[row * columns + column] as Uint8Array),
        }))
      },
    }
  },
}
