import { describe, expect, test } from 'vitest'
import { GraphBuilder, int, ints, type OnnxAttribute } from '../../onnx/index.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { expectAgreement, floatTensor, randomFloats, randomFrom, refusalOf, runHost } from './testing.ts'

function int64(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return { datatype: 'INT64', shape, data: BigInt64Array.from(values, BigInt) }
}

interface Case {
  readonly operator: string
  readonly shape: readonly number[]
  /** Constant inputs after the first. */
  readonly constants?: readonly Tensor[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
  readonly opset?: number
}

function modelOf({ operator, shape, constants = [], attributes = {}, opset = 21 }: Case, declared = shape) {
  const graph = new GraphBuilder({ opsets: new Map([['', opset]]) })
  const x = graph.input(
    'x',
    'FP32',
    declared.map((size) => (size === -1 ? undefined : size)),
  )
  const inputs = [x, ...constants.map((constant) => graph.initializer(constant))]
  graph.output(graph.op(operator, inputs, attributes, { outputs: ['out'] }), 'FP32')
  return graph.build()
}

const CASES: readonly Case[] = [
  { operator: 'Reshape', shape: [2, 6], constants: [int64([3, -1])] },
  { operator: 'Reshape', shape: [2, 6], constants: [int64([0, 2, 3])] },
  { operator: 'Reshape', shape: [0, 6], constants: [int64([0, 3])], attributes: { allowzero: int(1) } },
  { operator: 'Reshape', shape: [4], constants: [int64([-1, 1])] },
  { operator: 'Flatten', shape: [2, 3, 4] },
  { operator: 'Flatten', shape: [2, 3, 4], attributes: { axis: int(0) } },
  { operator: 'Flatten', shape: [2, 3, 4], attributes: { axis: int(-1) } },
  { operator: 'Squeeze', shape: [2, 1, 3, 1] },
  { operator: 'Squeeze', shape: [2, 1, 3, 1], constants: [int64([-1])] },
  { operator: 'Squeeze', shape: [2, 1, 3], attributes: { axes: ints([1]) }, opset: 11 },
  { operator: 'Unsqueeze', shape: [2, 3], constants: [int64([0, -1])] },
  { operator: 'Unsqueeze', shape: [2, 3], attributes: { axes: ints([1]) }, opset: 11 },
  { operator: 'Slice', shape: [4, 5], constants: [int64([1]), int64([3])] },
  { operator: 'Slice', shape: [4, 5], constants: [int64([-1, 0]), int64([-9, 99]), int64([0, 1]), int64([-2, 2])] },
  { operator: 'Slice', shape: [4, 5], constants: [int64([3]), int64([1]), int64([-1])] },
  { operator: 'Slice', shape: [4, 5], constants: [int64([-1]), int64([-99]), int64([0]), int64([-1])] },
  { operator: 'Slice', shape: [0, 5], constants: [int64([0]), int64([9])] },
  { operator: 'Slice', shape: [4, 5], attributes: { starts: ints([1]), ends: ints([-1]), axes: ints([1]) }, opset: 9 },
  { operator: 'Gather', shape: [4, 5], constants: [int64([2, -1, 0])], attributes: { axis: int(1) } },
  { operator: 'Gather', shape: [4, 5], constants: [int64([3], [])] },
  { operator: 'Gather', shape: [4, 5], constants: [int64([0, 1, 2, 3], [2, 2])] },
  {
    operator: 'Concat',
    shape: [2, 3],
    constants: [floatTensor('FP32', [2, 2], [1, 2, 3, 4])],
    attributes: { axis: int(1) },
  },
  {
    operator: 'Concat',
    shape: [2, 3],
    constants: [floatTensor('FP32', [1, 3], [1, 2, 3])],
    attributes: { axis: int(-2) },
  },
]

describe('shape kernels', () => {
  test.each(CASES)('$operator of $shape is what ONNX Runtime makes of it, sizes known or not', async (each) => {
    const size = each.shape.reduce((product, size) => product * size, 1)
    const x = floatTensor('FP32', each.shape, randomFloats(randomFrom(size + 1), size))
    await expectAgreement(modelOf(each), new Map([['x', x]]))
    const varies = each.operator === 'Squeeze' && each.constants === undefined && each.attributes === undefined
    if (!varies)
      await expectAgreement(
        modelOf(
          each,
          each.shape.map(() => -1),
        ),
        new Map([['x', x]]),
      )
  })

  test('a label is looked up by a computed number, text as well', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [undefined, 3])
    const best = graph.op('ArgMax', [x], { axis: int(1), keepdims: int(0) })
    const labels = graph.initializer({
      datatype: 'BYTES',
      shape: [3],
      data: ['a', 'b', 'c'].map((t) => new TextEncoder().encode(t)),
    })
    graph.output(graph.op('Gather', [labels, best], {}, { outputs: ['label'] }), 'BYTES', [undefined])
    await expectAgreement(graph.build(), new Map([['x', floatTensor('FP32', [2, 3], [1, 3, 2, 5, 4, 3])]]))
  })

  test('an index or a shape that does not fit is found at load where sizes are known', () => {
    expect(refusalOf(modelOf({ operator: 'Gather', shape: [4, 5], constants: [int64([4])] }))).toContain(
      'index 4 is outside the 4 elements',
    )
    expect(refusalOf(modelOf({ operator: 'Reshape', shape: [4, 5], constants: [int64([3, -1])] }))).toContain(
      'does not fit the shape',
    )
    expect(refusalOf(modelOf({ operator: 'Squeeze', shape: [-1, 1] }))).toContain('names no axes')
  })

  test('an index or a shape that does not fit is an error of the run where sizes vary', async () => {
    const x = floatTensor('FP32', [2, 3], [1, 2, 3, 4, 5, 6])
    const run = (each: Case): Promise<unknown> => runHost(modelOf(each), new Map([['x', x]]))
    await expect(run({ operator: 'Gather', shape: [-1, 3], constants: [int64([4])] })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('index 4 is outside the 2 elements of the axis'),
    })
    await expect(run({ operator: 'Reshape', shape: [-1, 3], constants: [int64([4, -1])] })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('does not fit the shape'),
    })
  })
})
