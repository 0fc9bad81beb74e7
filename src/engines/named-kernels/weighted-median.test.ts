import { expect, test } from 'vitest'
import { tensor } from '../../tensor/tensor.ts'
import { Parameters } from './kernel.ts'
import { weightedMedian } from './weighted-median.ts'

const median = (weights: unknown, rows: readonly (readonly number[])[]) =>
  weightedMedian
    .prepare(new Parameters({ weights }, 'a kernel'))
    .run([tensor('FP64', [rows.length, rows[0]?.length ?? 0], Float64Array.from(rows.flat()))])[0]?.data

test('the first value at which half of the weights is reached', () => {
  expect(median([1, 1, 1], [[3, 1, 2]])).toEqual(Float64Array.of(2))
  expect(median([1, 1], [[5, 4]])).toEqual(Float64Array.of(4))
  expect(
    median(
      [5, 1, 1],
      [
        [9, 1, 2],
        [0, 1, 2],
      ],
    ),
  ).toEqual(Float64Array.of(9, 0))
})

test('weights that are none are refused', () => {
  for (const weights of [[], [-1], ['x'], undefined]) expect(() => median(weights, [[1]])).toThrow('"weights" is not')
})
