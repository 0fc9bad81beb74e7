import type { BytesTensor } from '../../tensor/tensor.ts'
import type { NamedKernel } from './kernel.ts'

/**
 * Text with another in the place of what stands for missing.
 *
 * Input and output: BYTES of any shape.
 * Parameters: `fill`: the text to put there, `missing`: the text that stands for it (empty text where it is absent).
 */
export const fillText: NamedKernel = {
  takes: ['BYTES'],
  prepare(parameters) {
    const fill = Buffer.from(parameters.text('fill'))
    const missing = Buffer.from(parameters.has('missing') ? parameters.text('missing') : '')
    return {
      run(inputs) {
        const { shape, data } = inputs[0] as BytesTensor
        const filled = data.map((text) => (text.length === missing.length && missing.equals(text) ? fill : text))
        return [{ datatype: 'BYTES', shape, data: filled }]
      },
    }
  },
}
