import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../../core/refusal.fixture.ts'
import { matrix, prepared, rowsOf } from '../testing.fixture.ts'
import { packed } from '../packed.fixture.ts'

const small = fc.integer({ min: -3, max: 3 })
const points = fc.array(fc.tuple(small, small), { minLength: 4, maxLength: 40 })

function searchOf(rows: readonly (readonly number[])[], others: object = {}) {
  return { count: rows.length, width: 2, metric: 'euclidean', points: packed(rows.flat()), ...others }
}

/** A tree as scikit-learn has it: a root over two leaves. */
function treeOf(rows: readonly (readonly number[])[], kind: 'kd' | 'ball') {
  const order = Array.from(rows.keys()).sort((a, b) => (rows[a]?.[0] ?? 0) - (rows[b]?.[0] ?? 0))
  const half = order.length >> 1
  const parts = [order, order.slice(0, half), order.slice(half)].map((part) => part.map((i) => rows[i] ?? []))
  const corner = (pick: (...values: number[]) => number) =>
    parts.flatMap((part) => [0, 1].map((j) => pick(...part.map((row) => row[j] ?? 0))))
  const centres = parts.map((part) =>
    [0, 1].map((j) => part.reduce((sum, row) => sum + (row[j] ?? 0), 0) / part.length),
  )
  const radii = parts.map((part, i) =>
    Math.max(...part.map((row) => Math.hypot(...row.map((value, j) => value - (centres[i]?.[j] ?? 0))))),
  )
  return {
    kind,
    order: packed(order),
    starts: packed([0, 0, half]),
    ends: packed([order.length, half, order.length]),
    leaves: packed([0, 1, 1]),
    radii: packed(radii),
    bounds: packed(kind === 'kd' ? [...corner(Math.min), ...corner(Math.max)] : centres.flat()),
  }
}

const distanceTo = (x: readonly number[]) => (row: readonly number[]) =>
  Math.sqrt(((x[0] ?? 0) - (row[0] ?? 0)) ** 2 + ((x[1] ?? 0) - (row[1] ?? 0)) ** 2)

describe('nearest-neighbors', () => {
  test('finds the least distances, with a tree of boxes or balls and without', () => {
    fc.assert(
      fc.property(
        points,
        fc.tuple(small, small),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        (rows, x, k, isStable) => {
          const expected = rows
            .map(distanceTo(x))
            .sort((a, b) => a - b)
            .slice(0, k)
          for (const tree of [null, treeOf(rows, 'kd'), treeOf(rows, 'ball')]) {
            const kernel = prepared('nearest-neighbors', searchOf(rows, { tree, neighbors: k, isStable }))
            const [distances, positions] = kernel.run([matrix(x)])
            rowsOf(distances)[0]?.forEach((distance, i) => expect(distance).toBeCloseTo(expected[i] ?? -1, 12))
            const found = rowsOf(positions)[0] ?? []
            expect(new Set(found).size).toBe(k)
            expect(found.map((i) => distanceTo(x)(rows[i] ?? []))).toEqual(rowsOf(distances)[0])
          }
        },
      ),
    )
  })

  test('of equals the first stay', () => {
    const rows = [
      [0, 1],
      [1, 0],
      [0, -1],
      [-1, 0],
      [0, 0],
    ] as const
    const kernel = prepared('nearest-neighbors', searchOf(rows, { neighbors: 3, isStable: true }))
    expect(rowsOf(kernel.run([matrix([0, 0])])[1])[0]?.[0]).toBe(4)
    expect(rowsOf(kernel.run([matrix([0, 0])])[0])).toEqual([[0, 1, 1]])
    const parts = prepared('nearest-neighbors', searchOf(rows, { neighbors: 1, isStable: true, ends: [2, 5] }))
    expect(rowsOf(parts.run([matrix([0.5, 0.5])])[1])).toEqual([[0]])
  })

  test.each([
    ['leaves', { leaves: packed([0, 0, 1]) }],
    ['starts', { starts: packed([0, 0, 9]) }],
    ['order', { order: packed([0, 1, 2, 7]) }],
    ['bounds', { bounds: packed([1]) }],
  ])('a tree with other %s than a tree has is refused', (name, others) => {
    const rows = [
      [0, 1],
      [1, 0],
      [0, -1],
      [-1, 0],
    ] as const
    const tree = { ...treeOf(rows, 'kd'), ...others }
    const error = refusal(() => prepared('nearest-neighbors', searchOf(rows, { tree, neighbors: 1, isStable: true })))
    expect(error).toMatchObject({ code: 'refused' })
    expect(error.message).toContain(`"${name}"`)
  })
})

describe('neighbours within a radius', () => {
  test('are the same with a tree and without, and rows with fewer are filled up', () => {
    fc.assert(
      fc.property(points, fc.tuple(small, small), fc.double({ min: 0, max: 4, noNaN: true }), (rows, x, radius) => {
        const expected = rows.flatMap((row, i) => (distanceTo(x)(row) <= radius ? [i] : []))
        for (const tree of [null, treeOf(rows, 'kd'), treeOf(rows, 'ball')]) {
          const [, positions] = prepared('radius-neighbors', searchOf(rows, { tree, radius })).run([
            matrix(x, [99, 99]),
          ])
          const [near = [], far = []] = rowsOf(positions)
          // a row that is as far as the radius may fall on either side by rounding
          const isOdd = rows.some((row) => Math.abs(distanceTo(x)(row) - radius) < 1e-9)
          if (!isOdd) expect([...near].sort((a, b) => a - b)).toEqual(expected)
          expect(far.every((position) => position === -1)).toBe(true)
        }
      }),
    )
  })
})

describe('what neighbours say', () => {
  const near = (...positions: number[]) => ({
    datatype: 'INT64' as const,
    shape: [1, positions.length],
    data: BigInt64Array.from(positions, BigInt),
  })
  const options = { codes: packed([0, 1, 1, 2]), classes: 3, isByDistance: false, isModeOfSums: false, outlier: null }

  test('votes count, or weigh by the inverse of the distance; what is at no distance counts alone', () => {
    const votes = prepared('neighbor-votes', options).run([matrix([1, 2, 4]), near(0, 1, 2)])
    expect(rowsOf(votes[0])).toEqual([[1 / 3, 2 / 3, 0]])
    const weighed = prepared('neighbor-votes', { ...options, isByDistance: true, isModeOfSums: true })
    expect(rowsOf(weighed.run([matrix([1, 2, 4]), near(0, 1, 2)])[0])).toEqual([[1 / 1.75, 0.75 / 1.75, 0]])
    expect(rowsOf(weighed.run([matrix([0, 2, 4]), near(0, 1, 2)])[0])).toEqual([[1, 0, 0]])
  })

  test('a row without neighbours gets the label for such rows, or is refused', () => {
    const none = [matrix([Infinity]), near(-1)]
    const refused = refusal(() => prepared('neighbor-votes', options).run(none))
    expect(refused).toMatchObject({ code: 'invalid_argument', details: { row: 0 } })
    const [proba, winner] = prepared('neighbor-votes', { ...options, outlier: 2 }).run(none)
    expect([rowsOf(proba), winner?.data]).toEqual([[[0, 0, 1]], BigInt64Array.of(2n)])
    expect(prepared('neighbor-votes', { ...options, outlier: -1 }).run(none)[1]?.data).toEqual(BigInt64Array.of(3n))
  })

  test('means are of the neighbours, and NaN where there are none', () => {
    const means = { values: packed([1, 10, 3, 30]), targets: 2, isByDistance: false }
    expect(rowsOf(prepared('neighbor-means', means).run([matrix([1, 1]), near(0, 1)])[0])).toEqual([[2, 20]])
    expect(rowsOf(prepared('neighbor-means', means).run([matrix([Infinity]), near(-1)])[0])).toEqual([[NaN, NaN]])
  })

  test('a position that is no known row is refused', () => {
    expect(refusal(() => prepared('neighbor-votes', options).run([matrix([1]), near(4)])).code).toBe('refused')
  })
})
