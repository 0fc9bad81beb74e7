import { ServingError } from '../../core/errors.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import type { NamedKernel } from './kernel.ts'
import { interpolate as between } from './quantiles.ts'

/**
 * Numbers between known points, on the line from one to the next.
 *
 * Input and output: FP64 of any shape. NaN is refused, as isotonic regression takes none.
 * Parameters: `known`: ascending; `values`: for each; `outside` the known ones: `clip` (to `least` … `most`), `nan`, `raise`.
 */
export const interpolate: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const known = parameters.numbers('known')
    const values = parameters.numbers('values', known.length)
    const outside = parameters.oneOf('outside', ['clip', 'nan', 'raise'])
    const least = parameters.number('least')
    const most = parameters.number('most')
    if (known.length === 0) throw parameters.refuse('known', 'a list of at least one number')
    const first = known[0] as number
    const last = known[known.length - 1] as number
    return {
      run(inputs) {
        const { shape, data } = inputs[0] as NumericTensor<'FP64'>
        const made = new Float64Array(data.length)
        for (let i = 0; i < data.length; i++) {
          const asked = data[i] as number
          if (!Number.isFinite(asked)) throw refusal(i, `${asked} is no finite number, and the model takes no other`)
          const x = outside === 'clip' ? Math.min(most, Math.max(least, asked)) : asked
          // of one known point, the only value stands for all
          const isOutside = known.length > 1 && (x < first || x > last)
          if (isOutside && outside === 'raise')
            throw refusal(i, `${x} is outside ${first} to ${last}, where the model was told to refuse`)
          made[i] = isOutside && outside === 'nan' ? Number.NaN : between(x, known, values)
        }
        return [{ datatype: 'FP64', shape, data: made }]
      },
    }
  },
}

function refusal(row: number, reason: string): ServingError {
  return new ServingError('invalid_argument', `row ${row + 1}: ${reason}`, { details: { row } })
}
