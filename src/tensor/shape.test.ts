import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { elementCount, isSameShape, MAX_ELEMENTS, MAX_RANK, shapeFits } from './shape.ts'

describe('counting the elements of a shape', () => {
  test.each([
    [[], 1],
    [[0], 0],
    [[3], 3],
    [[2, 3, 4], 24],
    [[2, 0, 4], 0],
    [[1, 1, 1, 1, 1, 1, 1, 1], 1],
    [[MAX_ELEMENTS], MAX_ELEMENTS],
  ])('[%s] holds %d', (shape, count) => {
    expect(elementCount(shape)).toBe(count)
  })

  test.each([
    ['negative', [2, -1]],
    ['fractional', [1.5]],
    ['not a number', [Number.NaN]],
    ['infinite', [Infinity]],
    ['beyond what a double counts', [2 ** 53]],
    ['text', ['3' as unknown as number]],
    ['null', [null as unknown as number]],
    ['a list', [[2] as unknown as number]],
  ])('a size that is %s is refused by the name of the tensor', (_what, shape) => {
    expect(() => elementCount(shape, 'input "x"')).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringMatching(/^input "x" .*sizes are whole, from 0 up$/) as string,
      }),
    )
  })

  test.each([
    [[MAX_ELEMENTS + 1]],
    [[2 ** 31, 2 ** 31]],
    [[2 ** 53 - 1, 2 ** 53 - 1]],
    [[65_536, 65_536, 65_536, 65_536]],
    [[0, 2 ** 31]],
    [[2 ** 31, 0]],
  ])('[%s] overflows and is refused', (shape) => {
    expect(() => elementCount(shape)).toThrow(`has over ${MAX_ELEMENTS} elements`)
  })

  test('more dimensions than the most are refused', () => {
    const ones = Array.from({ length: MAX_RANK }, () => 1)
    expect(elementCount(ones)).toBe(1)
    expect(() => elementCount([...ones, 1])).toThrow('has 9 dimensions, the most is 8')
  })

  test('whatever stands in a shape, the answer is a count or a refusal', () => {
    const size: fc.Arbitrary<unknown> = fc.oneof(fc.integer(), fc.double(), fc.anything())
    fc.assert(
      fc.property(fc.array(size, { maxLength: 10 }), (shape) => {
        try {
          expect(elementCount(shape as number[])).toBeLessThanOrEqual(MAX_ELEMENTS)
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError)
        }
      }),
    )
  })

  test('a shape that cannot be printed is refused like any other', () => {
    let deep: unknown = []
    for (let i = 0; i < 100_000; i++) deep = [deep]
    for (const size of [deep, { toString: 1 }, Object.create(null), 'x'.repeat(1_000_000)])
      expect(() => elementCount([size as number])).toThrow(
        expect.objectContaining({
          code: 'invalid_argument',
          message: expect.stringMatching(/^.{1,200}$/) as string,
        }),
      )
  })
})

describe('fitting shapes', () => {
  test.each([
    [[5, 4], [-1, 4], true],
    [[0, 4], [-1, 4], true],
    [[5, 3], [-1, 4], false],
    [[5], [-1, 4], false],
    [[5, 4, 1], [-1, 4], false],
    [[], [], true],
    [[1], [], false],
  ])('[%s] beside the pattern [%s]: %s', (shape, pattern, fits) => {
    expect(shapeFits(shape, pattern)).toBe(fits)
  })

  test('shapes are the same when every size is', () => {
    expect(isSameShape([2, 3], [2, 3])).toBe(true)
    expect(isSameShape([2, 3], [3, 2])).toBe(false)
    expect(isSameShape([2, 3], [2, 3, 1])).toBe(false)
  })
})
