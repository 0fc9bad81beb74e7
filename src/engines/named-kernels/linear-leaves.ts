import { ServingError } from '../../core/errors.ts'
import type { NumericTensor } from '../../tensor/tensor.ts'
import type { NamedKernel } from './kernel.ts'
import { checkedArea } from './sparse-rows.ts'

/**
 * Sums of trees whose leaves are linear models: each adds its constant and features times coefficients, or, where one of
 * these features is NaN, a value of its own.
 *
 * Inputs: FP64 [rows, trees], the number of each tree's leaf among those of all trees; FP64 [rows, features].
 * Output: FP64 [rows, targets], tree after tree; tree i adds to target i % targets.
 * Parameters: `targets`; packed for each leaf `constants` and `values`, and `starts` of its features, with the end; packed
 * `features` and `coefficients`.
 * @see LightGBM, `Tree::Predict`
 */
export const linearLeaves: NamedKernel = {
  takes: ['FP64', 'FP64'],
  prepare(parameters) {
    const targets = parameters.int('targets', 1, 1 << 20)
    const constants = parameters.packed('constants')
    const leaves = constants.length
    const values = parameters.packed('values', leaves)
    const features = parameters.packedInts('features')
    const coefficients = parameters.packed('coefficients', features.length)
    const starts = parameters.packedInts('starts', 0, features.length)
    if (starts.length !== leaves + 1 || starts.some((start, i) => i > 0 && start < (starts[i - 1] as number)))
      throw parameters.refuse('starts', `an ascending list of ${leaves + 1}`)
    const most = features.reduce((all, feature) => Math.max(all, feature), -1)

    /** @param from where the row begins among `numbers` */
    const leafValue = (leaf: number, numbers: ArrayLike<number>, from: number): number => {
      let sum = constants[leaf] as number
      const end = starts[leaf + 1] as number
      for (let i = starts[leaf] as number; i < end; i++) {
        const number = numbers[from + (features[i] as number)] as number
        if (Number.isNaN(number)) return values[leaf] as number
        sum += (coefficients[i] as number) * number
      }
      return sum
    }

    return {
      run(inputs) {
        const [numbered, { shape, data }] = inputs as [NumericTensor<'FP64'>, NumericTensor<'FP64'>]
        const rows = shape[0] ?? 0
        const width = shape[1] ?? 1
        const trees = numbered.shape[1] ?? 1
        if (most >= width) throw new ServingError('refused', `leaves of feature ${most} are fed ${width} features`)
        const made = new Float64Array(checkedArea(rows, targets))
        for (let row = 0; row < rows; row++)
          for (let tree = 0; tree < trees; tree++) {
            const leaf = numbered.data[row * trees + tree] as number
            if (!Number.isInteger(leaf) || leaf < 0 || leaf >= leaves)
              throw new ServingError('refused', `there is no leaf ${leaf}, of ${leaves}`)
            const at = row * targets + (tree % targets)
            made[at] = (made[at] as number) + leafValue(leaf, data, row * width)
          }
        return [{ datatype: 'FP64', shape: [rows, targets], data: made }]
      },
    }
  },
}
