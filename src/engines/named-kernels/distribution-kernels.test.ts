import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import { erf, erfc, normalShare } from './normal-distribution.ts'
import { normalQuantile } from './normal-quantile.ts'
import { numpySum } from './numpy-sum.ts'
import { packed } from './packed.fixture.ts'
import { matrix, prepared, rowsOf } from './testing.fixture.ts'

/** Whether numbers agree to so many parts. */
const near = (a: number, b: number, parts = 2e-15) => Math.abs(a - b) <= parts * Math.abs(b)

describe('the normal distribution', () => {
  test.each([
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [-1.5, -0.9661051464753108],
    [5, 0.9999999999984626],
  ])('erf(%d) is %d', (x, value) => expect(near(erf(x), value)).toBe(true))

  test.each([
    [0.3, 0.6713732405408726],
    [3, 2.209049699858544e-5],
    [10, 2.088487583762545e-45],
    [-2, 1.9953222650189528],
  ])('erfc(%d) is %d', (x, value) => expect(near(erfc(x), value, 1e-14)).toBe(true))

  test('a share and its quantile undo each other', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }), (share) => {
        expect(normalShare(normalQuantile(share))).toBeCloseTo(share, 13)
      }),
    )
    expect(normalShare(-5)).toBeCloseTo(2.866515718791933e-7, 20)
    expect([normalShare(-Infinity), normalShare(Infinity), normalShare(Number.NaN)]).toEqual([0, 1, Number.NaN])
  })
})

test('numpy sums eight numbers side by side, and halves of more than 128', () => {
  const harmonic = Float64Array.from({ length: 300 }, (_, i) => 1 / (i + 1))
  expect(numpySum(harmonic)).toBe(6.282663880299504)
  expect(harmonic.reduce((sum, value) => sum + value, 0)).toBe(6.282663880299502)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 600 }), (list) => {
      expect(numpySum(Float64Array.from(list)) + 0).toBe(list.reduce((sum, value) => sum + value, 0))
    }),
  )
})

describe('inverse-quantiles', () => {
  const parameters = { columns: 1, references: packed([0, 0.5, 1]), quantiles: packed([10, 20, 40]), isNormal: false }

  test('shares become values on the lines between quantiles', () => {
    const run = (...rows: number[]) =>
      rowsOf(prepared('inverse-quantiles', parameters).run([matrix(...rows.map((row) => [row]))])[0]).flat()
    expect(run(0, 0.25, 0.5, 0.75, 1, 2, Number.NaN)).toEqual([10, 15, 20, 30, 40, 40, Number.NaN])
  })

  test('of the normal distribution 0 is the middle', () => {
    const kernel = prepared('inverse-quantiles', { ...parameters, isNormal: true })
    expect(rowsOf(kernel.run([matrix([0], [-9], [9])])[0]).flat()).toEqual([20, 10, 40])
  })
})

describe('category-sums', () => {
  const parameters = {
    width: 2,
    names: ['colour'],
    start: packed([0.5, 0.25]),
    tables: [
      { categories: 2, logs: packed([1, 2, 3, 4]) },
      { categories: 1, logs: packed([10, 20]) },
    ],
  }

  test('adds what the tables say of each column', () => {
    expect(rowsOf(prepared('category-sums', parameters).run([matrix([1.9, 0])])[0])).toEqual([[12.5, 24.25]])
  })

  test('a number that is no category is refused, by row and column', () => {
    const refused = refusal(() => prepared('category-sums', parameters).run([matrix([0, 0], [2, 0])]))
    expect(refused).toMatchObject({ code: 'invalid_argument', details: { row: 1, column: 'colour' } })
    expect(refusal(() => prepared('category-sums', parameters).run([matrix([0, -1])])).message).toContain('column 2')
  })
})

describe('packed numbers', () => {
  test.each([
    ['not as many as are needed', { start: packed([1]) }],
    ['no whole number of doubles', { start: 'AAAA' }],
    ['no text', { start: [0.5, 0.25] }],
  ])('%s are refused', (_name, others) => {
    const parameters = { width: 2, names: [], tables: [], start: packed([0.5, 0.25]) }
    expect(refusal(() => prepared('category-sums', { ...parameters, ...others }))).toMatchObject({ code: 'refused' })
  })
})
