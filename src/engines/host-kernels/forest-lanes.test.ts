import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addTrees, growForest, type Branches, type Forest } from './forest.ts'
import { layLanes } from './forest-lanes.ts'
import { laySteps } from './forest-steps.ts'
import { randomFrom } from './testing.ts'

const [LEQ, LT, GTE, GT, EQ] = [0, 1, 2, 3, 4] as const
/** Values that lie on thresholds, between them, and where comparisons are odd. */
const WILD = [Number.NaN, -Infinity, Infinity, 0, -0, Number.MIN_VALUE, -Number.MIN_VALUE, 3.4028234663852886e38]

interface Wanted {
  readonly seed: number
  readonly trees: number
  /** Most leaves of a tree. */
  readonly leaves: number
  readonly features: number
  readonly modes: readonly number[]
  readonly targets: number
  /** Weights of a leaf: for one target, drawn for each tree, or for all of them. */
  readonly isWide: boolean
  readonly isDouble: boolean
  /** Whether thresholds repeat and meet values; else nearly all differ. */
  readonly isGrid: boolean
}

/** A branch of a tree by itself. */
interface Branch {
  feature: number
  threshold: number
  mode: number
  tracksTrue: boolean
  whenTrue: number
  whenFalse: number
}

function branchesOf(branches: readonly Branch[]): Branches {
  return {
    feature: Int32Array.from(branches, ({ feature }) => feature),
    threshold: Float64Array.from(branches, ({ threshold }) => threshold),
    mode: Uint8Array.from(branches, ({ mode }) => mode),
    tracksTrue: Uint8Array.from(branches, ({ tracksTrue }) => (tracksTrue ? 1 : 0)),
    members: new Map(),
    whenTrue: Int32Array.from(branches, ({ whenTrue }) => whenTrue),
    whenFalse: Int32Array.from(branches, ({ whenFalse }) => whenFalse),
  }
}

/** Trees grown leaf by leaf, as LightGBM does: some deep, some of one leaf. */
function randomForest(wanted: Wanted): Forest {
  const { features, modes, targets, isWide, isDouble, isGrid } = wanted
  const random = randomFrom(wanted.seed)
  const below = (count: number): number => Math.floor(random() * count)
  const branches: Branch[] = []
  const [start, targetsOf, weights]: [number[], number[], number[]] = [[0], [], []]
  const roots: number[] = []
  for (let tree = 0; tree < wanted.trees; tree++) {
    const target = below(targets)
    const leaf = (): number => {
      for (const each of isWide ? Array(targets).keys() : [target]) {
        targetsOf.push(each)
        weights.push(isDouble ? random() - 0.5 : Math.fround(random() - 0.5))
      }
      start.push(weights.length)
      return ~(start.length - 2)
    }
    const leaves = 1 + below(wanted.leaves)
    if (leaves === 1) {
      roots.push(leaf())
      continue
    }
    const open: [number, 'whenTrue' | 'whenFalse'][] = []
    const branch = (): number => {
      const threshold =
        random() < 0.05 ? (WILD[2 + below(6)] as number) : isGrid ? below(9) / 2 - 2 : (random() - 0.5) * 6
      const number = branches.push({
        feature: below(features),
        threshold: isDouble ? threshold : Math.fround(threshold),
        mode: modes[below(modes.length)] as number,
        tracksTrue: random() < 0.5,
        whenTrue: 0,
        whenFalse: 0,
      })
      open.push([number - 1, 'whenTrue'], [number - 1, 'whenFalse'])
      return number - 1
    }
    roots.push(branch())
    while (open.length < leaves) {
      const [[number, side]] = open.splice(below(open.length), 1) as [[number, 'whenTrue' | 'whenFalse']]
      const next = branch()
      const parent = branches[number]
      if (parent !== undefined) parent[side] = next
    }
    for (const [number, side] of open) {
      const parent = branches[number]
      if (parent !== undefined) parent[side] = leaf()
    }
  }
  return growForest(
    roots,
    branchesOf(branches),
    { start: Int32Array.from(start), targets: Int32Array.from(targetsOf), weights: Float64Array.from(weights) },
    () => new Error('a branch was reached twice; this is a bug'),
  )
}

/** Rows of which every tenth value is odd; wider by one than the forest looks at. */
function randomRows({ seed, features, isDouble, isGrid }: Wanted, rows: number): Float32Array | Float64Array {
  const random = randomFrom(seed ^ 0x5bd1e995)
  const values = Array.from({ length: rows * (features + 1) }, () => {
    if (random() < 0.1) return WILD[Math.floor(random() * WILD.length)] as number
    return isGrid ? Math.floor(random() * 11) / 2 - 2.5 : (random() - 0.5) * 6
  })
  return isDouble ? Float64Array.from(values) : Float32Array.from(values)
}

const LAYOUTS = { vectors: layLanes, steps: laySteps }

/** Expects a layout to give the bits of the plain walk; whether the forest was laid out at all. */
function expectSameBits(wanted: Wanted, rows: number, layout: keyof typeof LAYOUTS = 'vectors'): boolean {
  const forest = randomForest(wanted)
  const { targets, isDouble } = wanted
  const width = wanted.features + 1
  const lanes = LAYOUTS[layout](forest, targets, isDouble)
  if (lanes === undefined) return false
  // Twice on one layout: nothing of a run may be left for the next.
  for (const seed of [wanted.seed, wanted.seed + 1]) {
    const x = randomRows({ ...wanted, seed }, rows)
    const outputs = () => [isDouble ? new Float64Array(rows * targets) : new Float32Array(rows * targets)] as const
    const [expected] = outputs()
    const [found] = outputs()
    const [expectedScored, foundScored] = [new Uint8Array(rows * targets), new Uint8Array(rows * targets)]
    addTrees(forest, 'SUM', Float64Array.from(x), rows, width, targets, expected, expectedScored)
    lanes.addTrees(x, rows, width, found, foundScored)
    expect(Buffer.from(found.buffer).equals(Buffer.from(expected.buffer))).toBe(true)
    expect(foundScored).toEqual(expectedScored)
  }
  return true
}

const PLAIN: Wanted = {
  seed: 5,
  trees: 40,
  leaves: 31,
  features: 6,
  modes: [LEQ],
  targets: 1,
  isWide: false,
  isDouble: false,
  isGrid: true,
}

describe.each(['vectors', 'steps'] as const)('a forest laid out for %s', (layout) => {
  test('gives the very bits that walking its trees gives, whatever its trees and rows', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 1, max: 2 ** 30 }),
          trees: fc.integer({ min: 1, max: 60 }),
          leaves: fc.integer({ min: 1, max: 120 }),
          features: fc.integer({ min: 1, max: 40 }),
          modes: fc.subarray([LEQ, LT, GTE, GT], { minLength: 1 }),
          targets: fc.integer({ min: 1, max: 4 }),
          isWide: fc.boolean(),
          isDouble: fc.boolean(),
          isGrid: fc.boolean(),
        }),
        fc.integer({ min: 0, max: 100 }),
        (wanted, rows) => {
          expect(expectSameBits(wanted, rows, layout)).toBe(true)
        },
      ),
      { numRuns: 150 },
    )
  })

  test.each([1, 15, 16, 17, 31, 32, 33, 64, 97, 129])('takes %i rows', (rows) => {
    for (const isDouble of [false, true]) expect(expectSameBits({ ...PLAIN, isDouble }, rows, layout)).toBe(true)
  })

  test('is refused where a branch asks for equality or for less than anything', () => {
    expect(LAYOUTS[layout](randomForest({ ...PLAIN, modes: [EQ] }), 1, false)).toBeUndefined()
    const least = randomForest({ ...PLAIN, modes: [LT] })
    least.thresholds[0] = -Infinity
    expect(LAYOUTS[layout](least, 1, false)).toBeUndefined()
  })
})

describe('a forest laid out for steps', () => {
  test('may have trees of thousands of leaves that speak for any targets', () => {
    const large = { ...PLAIN, trees: 9, leaves: 6000, targets: 3 }
    for (const isWide of [false, true]) expect(expectSameBits({ ...large, isWide }, 70, 'steps')).toBe(true)
  })
})

describe('a forest laid out for vectors', () => {
  test('has thousands of thresholds of one feature in parts that a byte can number', () => {
    expect(expectSameBits({ ...PLAIN, trees: 200, features: 1, isGrid: false, isDouble: true }, 40)).toBe(true)
  })

  test('has rows of thousands of features in parts too', () => {
    expect(expectSameBits({ ...PLAIN, trees: 300, features: 5000, isGrid: false }, 40)).toBe(true)
  })

  /** Trees whose every true side is a leaf; each branch has a threshold of its own, ascending. */
  const chains = (...leaves: readonly number[]): Forest => {
    const total = leaves.reduce((sum, count) => sum + count, 0)
    const roots: number[] = []
    const ends = new Map<number, number>()
    let branches = 0
    for (const count of leaves) {
      roots.push(branches)
      branches += count - 1
      ends.set(branches - 1, total - roots.length)
    }
    return growForest(
      roots,
      branchesOf(
        Array.from({ length: branches }, (_branch, number) => ({
          feature: 0,
          threshold: number,
          mode: LEQ,
          tracksTrue: false,
          whenTrue: ~number,
          whenFalse: ends.has(number) ? ~(ends.get(number) as number) : number + 1,
        })),
      ),
      {
        start: Int32Array.from({ length: total + 1 }, (_leaf, i) => i),
        targets: new Int32Array(total),
        weights: Float64Array.from({ length: total }, (_leaf, i) => i),
      },
      () => new Error('a branch was reached twice; this is a bug'),
    )
  }
  const scoresOf = (forest: Forest, ...x: readonly number[]): number[] => {
    const scores = new Float32Array(x.length)
    layLanes(forest, 1, false)?.addTrees(Float32Array.from(x), x.length, 1, scores, new Uint8Array(x.length))
    return [...scores]
  }

  test('may have as many leaves in a tree as a byte has values, and no more', () => {
    expect(scoresOf(chains(256), 0.5, -1, 1000)).toEqual([1, 0, 255])
    expect(layLanes(chains(257), 1, false)).toBeUndefined()
  })

  test('begins a new part with the first threshold that a byte cannot number', () => {
    expect(scoresOf(chains(256, 2), 0.5, 254.5, 255, 1000)).toEqual([1 + 255, 257 + 255, 257 + 255, 257 + 256])
  })

  test('takes room for the features that it looks at, not for those between, and is refused where it needs too much', () => {
    const forest = randomForest({ ...PLAIN, features: 1 })
    const nodes = forest.nodes.map((value, i) => (i % 4 === 0 ? 0x7fff_ffff : value))
    expect(layLanes({ ...forest, nodes, lastFeature: 0x7fff_ffff }, 1, false)).toBeDefined()
    for (const targets of [2 ** 20, 0x7fff_ffff]) expect(layLanes(forest, targets, false)).toBeUndefined()
  })

  test('is refused where leaves of a tree speak for different targets', () => {
    const forest = randomForest({ ...PLAIN, targets: 2, isWide: true })
    const targets = forest.leaves.targets.slice()
    targets.set([1, 0])
    expect(layLanes({ ...forest, leaves: { ...forest.leaves, targets } }, 2, false)).toBeUndefined()
  })
})
