import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkTree, followOnly, thresholdOfFloats, type Tree } from './tree.ts'

const tree = (nodes: readonly (readonly [whenTrue: number, whenFalse: number, feature?: number])[]): Tree => ({
  whenTrue: Int32Array.from(nodes, ([child]) => child),
  whenFalse: Int32Array.from(nodes, ([, child]) => child),
  feature: Int32Array.from(nodes, ([, , feature = 0]) => feature),
  threshold: new Float64Array(nodes.length),
})
const LEAF = [-1, -1] as const

describe('a threshold for rows that are rounded to FP32', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true }),
    fc.float({ noNaN: true }),
    fc.constantFrom(
      0,
      -0,
      1e-46,
      -1e-46,
      3.4028235677973366e38,
      -3.4028235677973366e38,
      1e300,
      -1e300,
      Infinity,
      -Infinity,
    ),
  )
  test('decides as the rounded row with the threshold itself', () => {
    fc.assert(
      fc.property(number, number, (x, threshold) => {
        expect(x <= thresholdOfFloats(threshold)).toBe(Math.fround(x) <= threshold)
      }),
      { numRuns: 3000 },
    )
  })

  test('decides so on both sides of the middle between two FP32 numbers', () => {
    fc.assert(
      fc.property(
        fc.float({ noNaN: true, min: -(2 ** 100), max: 2 ** 100 }),
        fc.integer({ min: -3, max: 3 }),
        (low, ulps) => {
          const next = Math.fround(low + Math.abs(low) * 2 ** -23 + 2 ** -149)
          const x = (low + next) / 2 + ulps * Math.max(Math.abs(low) * 2 ** -52, Number.MIN_VALUE)
          for (const threshold of [low, next])
            expect(x <= thresholdOfFloats(threshold)).toBe(Math.fround(x) <= threshold)
        },
      ),
      { numRuns: 3000 },
    )
  })
})

describe('a tree is refused', () => {
  test.each([
    ['that comes back to itself', [[1, 2], [1, 2], LEAF], 'twice'],
    ['whose branches meet', [[1, 1], LEAF], 'twice'],
    ['that comes back to its root', [[0, 1], LEAF], 'leads from node 0 to node 0'],
    ['that leads out of itself', [[1, 7], LEAF, LEAF], 'leads from node 0 to node 7'],
    ['that tests a feature that there is not', [[1, 2, 4], LEAF, LEAF], 'tests feature 4'],
    ['that has no nodes', [], 'has no nodes'],
  ] as const)('%s', (_what, nodes, message) => {
    expect(() => checkTree(tree(nodes), 4, 'tree 1')).toThrow(message)
  })
  test('whose arrays differ in length', () => {
    expect(() => checkTree({ ...tree([LEAF]), threshold: new Float64Array(2) }, 1, 'tree 1')).toThrow(
      'different lengths',
    )
  })
})

test('what a tree has pruned, and nothing reaches, is left alone', () => {
  expect(() => checkTree(tree([[1, 2], LEAF, LEAF, [9, 9, 99]]), 1, 'tree 1')).not.toThrow()
})

test('a million nodes in one line are checked without recursion', () => {
  const count = 500_000
  const nodes = Array.from({ length: 2 * count + 1 }, (_, i) =>
    i % 2 === 0 && i < 2 * count ? ([i + 1, i + 2] as const) : LEAF,
  )
  expect(() => checkTree(tree(nodes), 1, 'tree 1')).not.toThrow()
})

test('nodes that hand all rows to one child are taken out, the root too', () => {
  const made = tree([[1, 2], LEAF, [3, 4, 1], LEAF, LEAF])
  const leaves = Float64Array.of(0, 1, 0, 3, 4)
  followOnly(made, leaves, new Map([[0, 2]]))
  expect([made.whenTrue[0], made.whenFalse[0], made.feature[0]]).toEqual([3, 4, 1])
})
