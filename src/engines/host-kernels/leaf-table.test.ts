import { describe, expect, test } from 'vitest'
import { GraphBuilder, int, ints, tensorAttribute, type OnnxModel } from '../../onnx/index.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { lowerGraph } from './lower.ts'
import { expectAgreement, floatTensor, randomFloats, randomFrom } from './testing.ts'

const FEATURES = 3

interface Wanted {
  readonly trees: number
  readonly width: number
  readonly datatype?: 'FP32' | 'FP64'
  /** The axis of the sum; along 0 the trees are added up. */
  readonly axis?: number
  readonly keepdims?: number
  readonly perm?: readonly number[]
  /** Which column tree i has; its own unless told otherwise. */
  readonly columnOf?: (tree: number) => number
  /** What is added to the numbers of leaves. */
  readonly shift?: number
  /** Whether the numbers of leaves are an output too. */
  readonly givesLeaves?: boolean
}

/** Trees of four leaves each, whose numbers look up rows of a table. */
function tableModel(wanted: Wanted): OnnxModel {
  const { trees, width, datatype = 'FP64', axis = 0, keepdims = 0, perm = [1, 0] } = wanted
  const { columnOf = (tree: number) => tree, shift = 0 } = wanted
  const random = randomFrom(trees * 31 + width)
  const graph = new GraphBuilder({
    opsets: new Map([
      ['', 21],
      ['ai.onnx.ml', 5],
    ]),
  })
  const list = (count: number, value: (i: number) => number): number[] =>
    Array.from({ length: count }, (_, i) => value(i))
  // branch 3 t leads to 3 t + 1 and 3 t + 2, and those to the leaves 4 t to 4 t + 3
  const isRoot = (i: number): boolean => i % 3 === 0
  const childOf = (i: number, side: number): number =>
    isRoot(i) ? i + 1 + side : 4 * Math.floor(i / 3) + 2 * ((i % 3) - 1) + side
  const x = graph.input('x', datatype, [undefined, FEATURES])
  const [numbers] = graph.node(
    'TreeEnsemble',
    [x],
    {
      n_targets: int(trees),
      aggregate_function: int(1),
      post_transform: int(0),
      tree_roots: ints(list(trees, (tree) => 3 * tree)),
      nodes_modes: tensorAttribute({ datatype: 'UINT8', shape: [3 * trees], data: new Uint8Array(3 * trees) }),
      nodes_featureids: ints(list(3 * trees, () => Math.floor(random() * FEATURES))),
      nodes_splits: tensorAttribute(floatTensor(datatype, [3 * trees], randomFloats(random, 3 * trees, false))),
      nodes_truenodeids: ints(list(3 * trees, (i) => childOf(i, 0))),
      nodes_trueleafs: ints(list(3 * trees, (i) => (isRoot(i) ? 0 : 1))),
      nodes_falsenodeids: ints(list(3 * trees, (i) => childOf(i, 1))),
      nodes_falseleafs: ints(list(3 * trees, (i) => (isRoot(i) ? 0 : 1))),
      leaf_targetids: ints(list(4 * trees, (leaf) => columnOf(Math.floor(leaf / 4)))),
      leaf_weights: tensorAttribute(
        floatTensor(
          datatype,
          [4 * trees],
          list(4 * trees, (leaf) => leaf + shift),
        ),
      ),
    },
    { domain: 'ai.onnx.ml', outputs: ['numbers'] },
  ) as [string]
  const rows = randomFloats(random, 4 * trees * width, false)
  const table = graph.initializer(floatTensor('FP64', [4 * trees, width], rows))
  const [leaves] = graph.node('Cast', [numbers], { to: int(6) }) as [string]
  const [turned] = graph.node('Transpose', [leaves], { perm: ints(perm) }) as [string]
  const [said] = graph.node('Gather', [table, turned], { axis: int(0) }) as [string]
  const axes = graph.initializer({ datatype: 'INT64', shape: [1], data: BigInt64Array.of(BigInt(axis)) })
  graph.node('ReduceSum', [said, axes], { keepdims: int(keepdims) }, { outputs: ['sums'] })
  graph.output('sums', 'FP64')
  if (wanted.givesLeaves === true) graph.output('numbers', datatype)
  return graph.build()
}

function operationsOf(model: OnnxModel): number {
  return lowerGraph(
    model,
    ['x'],
    model.graph.outputs.map(({ name }) => name),
  ).operations.length
}

function rowsOf(rows: number, datatype: 'FP32' | 'FP64'): Map<string, Tensor> {
  return new Map([['x', floatTensor(datatype, [rows, FEATURES], randomFloats(randomFrom(rows + 1), rows * FEATURES))]])
}

describe('a forest with a table of what its leaves say', () => {
  test.each([1, 2, 3, 5])('is one operation, which adds up rows of %i numbers as ONNX Runtime does', async (width) => {
    for (const datatype of ['FP32', 'FP64'] as const)
      for (const trees of [2, 7, 40]) {
        const model = tableModel({ trees, width, datatype })
        expect(operationsOf(model)).toBe(1)
        for (const rows of [0, 1, 3, 40, 130]) await expectAgreement(model, rowsOf(rows, datatype))
      }
  })

  test.each<[string, Partial<Wanted>]>([
    ['another axis is summed', { axis: 2 }],
    ['the axis is kept', { keepdims: 1 }],
    ['nothing is turned', { perm: [0, 1] }],
    ['the numbers are asked for too', { givesLeaves: true }],
    ['trees share a column', { columnOf: (tree) => Math.min(tree, 3), shift: -8 }],
    ['trees have the columns of others', { columnOf: (tree) => 4 - tree }],
    ['numbers count from the end', { shift: -4 }],
  ])('stays several operations, and right, where %s', async (_what, other) => {
    const model = tableModel({ trees: 5, width: 2, ...other })
    expect(operationsOf(model)).toBe(5)
    for (const rows of [1, 9]) await expectAgreement(model, rowsOf(rows, 'FP64'))
  })
})
