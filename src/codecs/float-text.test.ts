import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printFloats } from './float-text.ts'

const print = (...values: number[]): string => printFloats(Float32Array.from(values))

/** The shortest text that reads back, found by trying all lengths. */
function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)))
    if (Math.fround(Number(text)) === value) return text
  }
  return String(Number(value.toPrecision(9)))
}

describe('an FP32 value', () => {
  test.each<[number, string]>([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-10, '-10'],
    [0.1, '0.1'],
    [-0.3, '-0.3'],
    [1 / 3, '0.33333334'],
    [100.25, '100.25'],
    [16_777_215, '16777215'],
    [16_777_216, '16777216'],
    [16_777_218, '16777218'],
    [123_456_789, '123456790'],
    [0.000_001, '0.000001'],
    [0.000_001_234_567_8, '0.0000012345678'],
    [1e-7, '1e-7'],
    [2 ** -149, '1e-45'],
    [2 ** -126, '1.1754944e-38'],
    [1e9, '1000000000'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [0.5, '0.5'],
    [2 ** -10, '0.0009765625'],
  ])('%f is printed as %s', (value, text) => {
    expect(print(value)).toBe(text)
  })

  test('of any bits reads back as itself, and no shorter text does', () => {
    const bits = fc
      .integer({ min: 0, max: 0xff7f_ffff })
      .map((pattern) => new Float32Array(Uint32Array.of(pattern).buffer)[0])
    const usual = fc.oneof(
      fc.float({ min: -1, max: 1, noNaN: true }),
      fc.float({ min: -1e9, max: 1e9, noNaN: true, maxExcluded: true }),
      fc
        .integer({ min: -2_000_000, max: 2_000_000 })
        .chain((n) => fc.nat({ max: 9 }).map((power) => Math.fround(n / 10 ** power))),
      // powers of two, where values lie closer below than above, and their neighbours
      fc
        .integer({ min: 107, max: 156 })
        .chain((exponent) =>
          fc
            .integer({ min: -2, max: 2 })
            .map((step) => new Float32Array(Uint32Array.of((exponent << 23) + step).buffer)[0]),
        ),
    )
    fc.assert(
      fc.property(fc.oneof(bits, usual), (drawn) => {
        const value = Number(drawn)
        fc.pre(Number.isFinite(value))
        const text = print(value)
        expect(Object.is(Math.fround(Number(text)), value)).toBe(true)
        // above 2^24 the shortest may lie in the very middle of two values, where it is left aside
        if (Math.abs(value) < 2 ** 24) expect(text).toBe(Object.is(value, -0) ? '-0' : shortest(value))
      }),
      { numRuns: 20_000 },
    )
  })

  test('stands between commas with others, however many they are', () => {
    const values = Float32Array.from({ length: 20_000 }, (_, i) => Math.sin(i) * 10 ** ((i % 17) - 8))
    const parts = printFloats(values).split(',')
    expect(parts).toHaveLength(values.length)
    expect(parts.every((part, i) => Math.fround(Number(part)) === values[i])).toBe(true)
    expect(print()).toBe('')
  })
})
