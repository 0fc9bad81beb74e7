import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ENGINES } from '../../engines/index.ts'
import { loadProgram } from '../../engines/program.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { ProgramBuilder } from '../program/builder.ts'
import { Ops } from '../program/ops.ts'
import { constantTree } from './constant-tree.ts'
import { ensemble, type EnsembleOptions, type Grown } from './ensemble.ts'
import { leafVectors } from './leaf-vectors.ts'
import { isLeaf, type Tree } from './tree.ts'

const FEATURES = 3
const VALUES = [-2, -1, 0, 1, 2, 3, Number.NaN]

/** Trees by chance: each node a leaf, a threshold or a test of categories. */
const anyTree = fc.array(
  fc.record({
    isLeaf: fc.boolean(),
    feature: fc.nat(FEATURES - 1),
    threshold: fc.constantFrom(-2, -1, 0, 1, 2, Infinity),
    missing: fc.nat(1),
    members: fc.option(fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 4 }), { freq: 4 }),
    leaf: fc.integer({ min: -8, max: 8 }),
  }),
  { minLength: 1, maxLength: 40 },
)

type Drawn = typeof anyTree extends fc.Arbitrary<infer T> ? T : never

function grow(drawn: Drawn): { tree: Tree; leaves: Float64Array } {
  const whenTrue: number[] = []
  const whenFalse: number[] = []
  const members = new Map<number, number[]>()
  let next = 1
  for (let node = 0; node < next; node++) {
    const own = drawn[node % drawn.length]
    const isEnd = own === undefined || own.isLeaf || next + 2 > 31
    whenTrue.push(isEnd ? -1 : next)
    whenFalse.push(isEnd ? -1 : next + 1)
    if (!isEnd && own.members !== null) members.set(node, own.members)
    if (!isEnd) next += 2
  }
  const at = <T>(take: (own: (typeof drawn)[number]) => T) =>
    Array.from({ length: next }, (_, node) => take(drawn[node % drawn.length] as (typeof drawn)[number]))
  const tree = {
    whenTrue: Int32Array.from(whenTrue),
    whenFalse: Int32Array.from(whenFalse),
    feature: Int32Array.from(at(({ feature }) => feature)),
    threshold: Float64Array.from(at(({ threshold }) => threshold)),
    missingTrue: Uint8Array.from(at(({ missing }) => missing)),
    members,
  }
  return { tree, leaves: Float64Array.from(at(({ leaf }) => leaf)) }
}

function walk(tree: Tree, row: readonly number[], test: EnsembleOptions['test']): number {
  let node = 0
  while (!isLeaf(tree, node)) {
    const value = row[tree.feature[node] as number] as number
    const threshold = tree.threshold[node] as number
    const members = tree.members?.get(node)
    const isTrue = Number.isNaN(value)
      ? tree.missingTrue?.[node] === 1
      : members === undefined
        ? test === 'less'
          ? value < threshold
          : value <= threshold
        : Array.from(members).includes(value)
    node = (isTrue ? tree.whenTrue[node] : tree.whenFalse[node]) as number
  }
  return node
}

const anyRows = fc.array(fc.tuple(...Array.from({ length: FEATURES }, () => fc.constantFrom(...VALUES))), {
  minLength: 1,
  maxLength: 20,
})

async function answers(
  build: (ops: Ops, rows: ReturnType<Ops['number']>) => void,
  rows: readonly (readonly number[])[],
): Promise<number[][]> {
  const builder = new ProgramBuilder()
  const x = builder.input({ name: 'X', datatype: 'FP64', shape: [-1, FEATURES] })
  build(new Ops(builder), x)
  const { program, files } = builder.build(['y'])
  const input: Tensor = { datatype: 'FP64', shape: [rows.length, FEATURES], data: Float64Array.from(rows.flat()) }
  const found: number[][] = []
  for (const engine of ENGINES.filter(({ name }) => name === 'onnxruntime' || name === 'host-kernels')) {
    const loaded = await loadProgram(program, [engine], (path) => files.get(path) as Uint8Array)
    const outputs = await loaded.run(new Map([['X', input]]), ['y'])
    found.push(Array.from(outputs.get('y')?.data as Float64Array))
    loaded.release()
  }
  return found
}

test.each(['at-most', 'less'] as const)(
  'a forest (%s) says on every engine what walking its trees says',
  async (test) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyTree, { minLength: 1, maxLength: 20 }), anyRows, async (drawn, rows) => {
        const grown = drawn.map((each, i): Grown => ({ ...grow(each), target: i % 2 }))
        const expected = rows.flatMap((row) =>
          [0, 1].map((target) =>
            grown
              .filter((each) => each.target === target)
              .reduce((sum, { tree, leaves }) => sum + (leaves[walk(tree, row, test)] as number), 0),
          ),
        )
        const found = await answers((ops, x) => {
          ops.b.output('y', ensemble(ops, grown, { targets: 2, test, datatype: 'FP64' })(x))
        }, rows)
        expect(found.length).toBe(2)
        for (const each of found) expect(each).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  },
)

test('leaves of several numbers are added tree after tree', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyTree, { minLength: 1, maxLength: 12 }), anyRows, async (drawn, rows) => {
      const trees = drawn.map((each) => {
        const { tree } = grow(each)
        // thirds: the order of the sum shows in its last digit
        return { tree, vectors: Float64Array.from({ length: 3 * tree.whenTrue.length }, (_, i) => ((i * 7) % 11) / 3) }
      })
      const expected = rows.flatMap((row) =>
        [0, 1, 2].map((k) =>
          trees.reduce((sum, { tree, vectors }) => sum + (vectors[3 * walk(tree, row, 'at-most') + k] as number), 0),
        ),
      )
      const found = await answers((ops, x) => {
        ops.b.output('y', leafVectors(ops, trees, 3).sum(x))
      }, rows)
      for (const each of found) expect(each).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

describe('what ONNX Runtime 1.30 gets wrong is told so that it does not', () => {
  const NAN = Number.NaN
  const treeIn = (
    nodes: readonly { t?: number; f?: number; members?: number[]; missing?: number; leaf?: number }[],
  ): Grown => ({
    target: 0,
    leaves: Float64Array.from(nodes, ({ leaf = 0 }) => leaf),
    tree: {
      whenTrue: Int32Array.from(nodes, ({ t = -1 }) => t),
      whenFalse: Int32Array.from(nodes, ({ f = -1 }) => f),
      feature: new Int32Array(nodes.length),
      threshold: new Float64Array(nodes.length),
      missingTrue: Uint8Array.from(nodes, ({ missing = 0 }) => missing),
      members: new Map(nodes.flatMap(({ members }, node) => (members === undefined ? [] : [[node, members] as const]))),
    },
  })
  const score = (trees: readonly Grown[], rows: readonly number[]) =>
    answers(
      (ops, x) => {
        ops.b.output('y', ensemble(ops, trees, { targets: 2, test: 'at-most', datatype: 'FP64' })(x))
      },
      rows.map((value) => [value, 0, 0]),
    )

  test('two tests of categories in a row whose missing values go different ways', async () => {
    const tree = treeIn([
      { t: 1, f: 2, members: [1] },
      { leaf: 10 },
      { t: 3, f: 4, members: [1], missing: 1 },
      { leaf: 10 },
      { leaf: 30 },
    ])
    for (const found of await score([tree], [NAN, 1, 2])) expect(found).toEqual([10, 0, 10, 0, 30, 0])
  })

  test('a tree that is one leaf before long ones that test categories', async () => {
    // pattern: a threshold, a leaf, a test of categories, and so on downwards
    const nodes: Parameters<typeof treeIn>[0][number][] = []
    for (let node = 0, next = 1; node < 31; node++)
      if (node % 3 === 1 || next > 29) nodes.push({ leaf: node % 3 === 2 ? 0 : -5 })
      else {
        nodes.push({ t: next, f: next + 1, ...(node % 3 === 2 && { members: [1] }) })
        next += 2
      }
    const long = { ...treeIn(nodes), target: 1 }
    const expected = [-2, 0, 1].flatMap((value) => [
      1000,
      long.leaves[walk(long.tree, [value, 0, 0], 'at-most')] as number,
    ])
    for (const found of await score([constantTree(1000, 0), long], [-2, 0, 1])) expect(found).toEqual(expected)
  })
})
