import { ServingError } from '../../core/errors.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import type { NamedKernel } from './kernel.ts'
import { checkedArea } from './sparse-rows.ts'

/** Most products that one row may take. */
const MAX_WORK = 2 ** 30

/**
 * Tensor sketch: the circular convolution of several count sketches of each row.
 *
 * Input: FP64 [rows, width]. Output: FP64 [rows, count].
 * Parameters: `degree`: how many sketches; `count`: their length; `gamma` and `coef0` of the polynomial kernel; `indices`
 * and `signs`, each degree * width (one more column where coef0 is not 0): where each column goes, and as what.
 * @see N. Pham, R. Pagh, "Fast and scalable polynomial kernels via explicit feature maps" (2013)
 */
export const countSketch: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const degree = parameters.int('degree', 1, 64)
    const count = parameters.int('count', 1, 1 << 20)
    const gamma = Math.sqrt(parameters.number('gamma'))
    const coef0 = parameters.number('coef0')
    const extra = Math.sqrt(coef0)
    const indices = parameters.ints('indices', 0, count - 1)
    const signs = parameters.numbers('signs', indices.length)
    const width = indices.length / degree
    if (!Number.isInteger(width) || width === 0)
      throw parameters.refuse('indices', `${degree} lists of the same length`)
    if (degree * count * Math.min(width, count) > MAX_WORK)
      throw parameters.refuse('count', `small enough: its sketches take over ${MAX_WORK} steps a row`)
    return {
      run(inputs) {
        const { shape, data } = inputs[0] as NumericTensor<'FP64'>
        const rows = shape[0] ?? 0
        const own = shape[1] ?? 0
        if (own !== width && own !== width - 1)
          throw new ServingError('refused', `sketches of ${width} columns are fed ${own}`)
        const made = new Float64Array(checkedArea(rows, count))
        for (let row = 0; row < rows; row++) {
          const valueOf = (j: number) => (j < own ? gamma * (data[row * own + j] as number) : extra)
          let product: Float64Array | undefined
          for (let d = 0; d < degree; d++) {
            const sketch = new Float64Array(count)
            for (let j = 0; j < width; j++) {
              const at = indices[d * width + j] as number
              sketch[at] = (sketch[at] as number) + (signs[d * width + j] as number) * valueOf(j)
            }
            product = product === undefined ? sketch : convolved(product, sketch)
          }
          if (product !== undefined) made.set(product, row * count)
        }
        return [{ datatype: 'FP64', shape: [rows, count], data: made }]
      },
    }
  },
}

/** Circular: what goes over the end goes on at the beginning. Sketches are mostly zeros. */
function convolved(a: Float64Array, b: Float64Array): Float64Array {
  const length = a.length
  const made = new Float64Array(length)
  const others: number[] = []
  for (let j = 0; j < length; j++) if (b[j] !== 0) others.push(j)
  for (let i = 0; i < length; i++) {
    const factor = a[i] as number
    if (factor === 0) continue
    for (const j of others) {
      const other = b[j] as number
      const at = i + j < length ? i + j : i + j - length
      made[at] = (made[at] as number) + factor * other
    }
  }
  return made
}
