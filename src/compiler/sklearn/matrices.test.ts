import fc from 'fast-check'
import { expect, test } from 'vitest'
import { identity, inverse, largest, logDeterminant, multiplied } from './matrices.ts'

const size = 3
const matrices = fc
  .array(fc.integer({ min: -100, max: 100 }), { minLength: size * size, maxLength: size * size })
  .map((values) => Float64Array.from(values, (value) => value / 10))

test('a matrix by its inverse is the identity', () => {
  fc.assert(
    fc.property(matrices, (matrix) => {
      const inverted = inverse(matrix, size)
      if (inverted === undefined) return
      const scale = largest(matrix.map(Math.abs)) * largest(inverted.map(Math.abs))
      const product = multiplied(matrix, inverted, [size, size, size])
      identity(size).forEach((value, i) =>
        expect(Math.abs((product[i] as number) - value)).toBeLessThanOrEqual(1e-12 * (1 + scale)),
      )
    }),
  )
})

test('a matrix whose rows depend on one another has no inverse', () => {
  expect(inverse(Float64Array.of(1, 2, 2, 4), 2)).toBeUndefined()
  expect(logDeterminant(Float64Array.of(1, 2, 2, 4), 2)).toBe(-Infinity)
})

test('the logarithm of the determinant minds the order of rows', () => {
  expect(logDeterminant(Float64Array.of(0, 1, -2, 0), 2)).toBeCloseTo(Math.log(2), 12)
  expect(logDeterminant(Float64Array.of(0, 1, 2, 0), 2)).toBe(-Infinity)
  expect(logDeterminant(Float64Array.of(0, 1, 0, 1, 0, 0, 0, 0, 1), 3)).toBe(-Infinity)
})
