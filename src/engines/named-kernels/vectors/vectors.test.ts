import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../../core/refusal.fixture.ts'
import { packed } from '../packed.fixture.ts'
import { matrix, prepared, rowsOf } from '../testing.fixture.ts'

const number = fc.double({ min: -5, max: 5, noNaN: true })

const machine = (others: object = {}) => ({
  kernel: 'rbf',
  gamma: 0.5,
  coef0: 1,
  degree: 3,
  width: 2,
  vectors: packed([0, 0, 1, 0, 0, 2]),
  classes: [1, 1, 1],
  weights: packed([1, 2, 3, 4, 5, 6]),
  offsets: [0.1, 0.2, 0.3],
  ...others,
})

describe('support-vectors', () => {
  test('a pair is the weighted kernels of its two classes, by the rows of weights that are for the other', () => {
    const [[first = 0, second = 0, third = 0] = []] = rowsOf(
      prepared('support-vectors', machine({ kernel: 'linear', vectors: packed([1, 0, 0, 1, 1, 1]) })).run([
        matrix([2, 3]),
      ])[0],
    )
    // kernels 2, 3, 5; class 0 against 1: row 0 for both; 0 against 2: rows 1 and 0; 1 against 2: row 1
    expect([first, second, third]).toEqual([1 * 2 + 2 * 3 + 0.1, 4 * 2 + 3 * 5 + 0.2, 5 * 3 + 6 * 5 + 0.3])
  })

  test('vectors that are kept as sparse give what written out ones give', () => {
    const sparse = { vectors: null, starts: packed([0, 0, 1, 2]), columns: packed([0, 1]), values: packed([1, 2]) }
    fc.assert(
      fc.property(fc.tuple(number, number), fc.constantFrom('rbf', 'linear', 'poly', 'sigmoid'), (x, kernel) => {
        const dense = rowsOf(prepared('support-vectors', machine({ kernel })).run([matrix(x)])[0])[0] ?? []
        const other = rowsOf(prepared('support-vectors', machine({ kernel, ...sparse })).run([matrix(x)])[0])[0] ?? []
        dense.forEach((value, i) => expect(other[i]).toBeCloseTo(value, 9))
      }),
    )
  })

  test('distances from sparse vectors keep their digits beside large numbers, and overflow to no kernel', () => {
    const sparse = { vectors: null, starts: packed([0, 0, 1, 2]), columns: packed([0, 1]), values: packed([1e8, 2]) }
    const ask = (row: readonly number[], others: object) =>
      rowsOf(prepared('support-vectors', machine(others)).run([matrix(row)])[0])
    const dense = { vectors: packed([0, 0, 1e8, 0, 0, 2]) }
    expect(ask([1e8, 0.1], sparse)).toEqual(ask([1e8, 0.1], dense))
    expect(ask([1e308, 1], sparse)).toEqual([[0.1, 0.2, 0.3]])
  })

  test('far away rows have no kernel left, and no NaN', () => {
    expect(rowsOf(prepared('support-vectors', machine()).run([matrix([1e200, -1e308])])[0])).toEqual([[0.1, 0.2, 0.3]])
  })

  test.each([
    ['weights', { weights: packed([1]) }],
    ['vectors', { vectors: packed([1]) }],
    ['starts', { vectors: null, starts: packed([0, 9, 1, 2]), columns: packed([0, 1]), values: packed([1, 2]) }],
    ['columns', { vectors: null, starts: packed([0, 0, 0, 2]), columns: packed([1, 0]), values: packed([1, 2]) }],
    ['rows', { kernel: 'precomputed', rows: packed([0, 1, 2]) }],
  ])('%s that do not fit are refused', (name, others) => {
    const error = refusal(() => prepared('support-vectors', machine(others)))
    expect(error).toMatchObject({ code: 'refused' })
    expect(error.message).toContain(`"${name}"`)
  })
})

describe('pairs of classes', () => {
  test('the first of those with as many votes wins, and a decision of 0 is for the second', () => {
    const winner = (...row: number[]) => prepared('pair-votes', { classes: 3 }).run([matrix(row)])[0]?.data
    expect(winner(1, -1, 1)).toEqual(BigInt64Array.of(0n))
    expect(winner(0, 0, 0)).toEqual(BigInt64Array.of(2n))
  })

  test('confidences stay within a third of a vote', () => {
    fc.assert(
      fc.property(fc.tuple(number, number, number), (row) => {
        const wins = row.map((value) => (value > 0 ? 1 : 0))
        const [values = []] = rowsOf(prepared('pair-confidences', { classes: 3 }).run([matrix(row), matrix(wins)])[0])
        const votes = [
          2 - (wins[0] ?? 0) - (wins[1] ?? 0),
          1 + (wins[0] ?? 0) - (wins[2] ?? 0),
          (wins[1] ?? 0) + (wins[2] ?? 0),
        ]
        values.forEach((value, c) => expect(Math.abs(value - (votes[c] ?? 0))).toBeLessThan(1 / 3))
      }),
    )
  })

  test('coupled probabilities are such, and order classes as the sums of what their pairs say', () => {
    const coupling = prepared('pairwise-coupling', { classes: 3, slopes: [-1, -1, -1], offsets: [0, 0, 0] })
    fc.assert(
      fc.property(fc.tuple(number, number, number), (row) => {
        const [values = []] = rowsOf(coupling.run([matrix(row)])[0])
        expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 10)
        expect(values.every((value) => value >= 0 && value <= 1)).toBe(true)
      }),
    )
    const [values = []] = rowsOf(coupling.run([matrix([3, 4, 1])])[0])
    expect((values[0] ?? 0) > (values[1] ?? 0) && (values[1] ?? 0) > (values[2] ?? 0)).toBe(true)
    const two = prepared('pairwise-coupling', { classes: 2, slopes: [-2], offsets: [0.5] })
    expect(rowsOf(two.run([matrix([0.25])])[0])).toEqual([[0.5, 0.5]])
  })
})
