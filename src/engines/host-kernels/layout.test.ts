import { describe, expect, test } from 'vitest'
import { GraphBuilder, int, ints, type OnnxAttribute } from '../../onnx/index.ts'
import { expectAgreement, floatTensor, randomFloats, randomFrom, refusalOf } from './testing.ts'

const { NaN: nan } = Number

function int64(values: readonly number[]) {
  return { datatype: 'INT64', shape: [values.length], data: BigInt64Array.from(values, BigInt) } as const
}

function unary(operator: string, attributes: Record<string, OnnxAttribute> = {}, outputs: readonly string[] = ['out']) {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'FP64', ['rows', 4])
  graph.node(operator, [x], attributes, { outputs })
  graph.output('out', operator === 'Shape' ? 'INT64' : 'FP64')
  return graph.build()
}

const X = floatTensor('FP64', [3, 4], [0.5, -1.5, 2.5, 3, 0, -0.25, 1e300, 7, -2, 2, -3.5, 4.5])

describe('layout kernels', () => {
  test.each([
    ['Transpose', {}],
    ['Transpose', { perm: ints([0, 1]) }],
    ['Shape', {}],
    ['Shape', { start: int(0), end: int(1) }],
    ['Shape', { start: int(-1) }],
    ['Sign', {}],
    ['Round', {}],
    ['Sin', {}],
    ['Cos', {}],
    ['Reciprocal', {}],
  ])('%s is what ONNX Runtime makes of it', async (operator, attributes) => {
    const x = operator === 'Sin' || operator === 'Cos' ? floatTensor('FP64', [1, 4], [0.5, -1.5, 2, 0]) : X
    await expectAgreement(unary(operator, attributes), new Map([['x', x]]))
  })

  test('Transpose of three axes turns each where it is told to', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [2, 'n', 4])
    graph.output(graph.op('Transpose', [x], { perm: ints([2, 0, 1]) }, { outputs: ['out'] }), 'FP32')
    const data = randomFloats(randomFrom(7), 24)
    await expectAgreement(graph.build(), new Map([['x', floatTensor('FP32', [2, 3, 4], data)]]))
  })

  test('Expand repeats a constant for each row, and refuses a shape of unknown length', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP64', ['rows', 4])
    const rows = graph.op('Shape', [x], { start: int(0), end: int(1) })
    const shape = graph.op('Concat', [rows, graph.initializer(int64([2]))], { axis: int(0) })
    const one = graph.initializer(floatTensor('FP64', [], [3.5]))
    graph.output(graph.op('Expand', [one, shape], {}, { outputs: ['out'] }), 'FP64')
    await expectAgreement(graph.build(), new Map([['x', X]]))
    const open = new GraphBuilder()
    const target = open.input('shape', 'INT64', ['n'])
    const value = open.initializer(floatTensor('FP64', [], [1]))
    open.output(open.op('Expand', [value, target], {}, { outputs: ['out'] }), 'FP64')
    expect(refusalOf(open.build())).toContain('expands to a shape of unknown length')
  })
})

describe('Min and Max', () => {
  test.each(['Min', 'Max'])('%s of several inputs broadcasts, and NaN wins', async (operator) => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP64', ['rows', 4])
    const row = graph.initializer(floatTensor('FP64', [4], [0, 1, nan, 3]))
    const least = graph.initializer(floatTensor('FP64', [], [0.25]))
    graph.output(graph.op(operator, [x, row, least], {}, { outputs: ['out'] }), 'FP64')
    await expectAgreement(graph.build(), new Map([['x', X]]))
  })
})

describe('TopK', () => {
  test.each([
    [2, 1, 1],
    [2, 1, 0],
    [1, 0, 1],
    [40, 1, 0],
    [0, 1, 1],
  ])('the first %i along axis %i (largest: %i), with equals in their order', async (count, axis, largest) => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP64', ['rows', 40])
    const k = graph.initializer(int64([count]))
    graph.node('TopK', [x, k], { axis: int(axis), largest: int(largest) }, { outputs: ['values', 'places'] })
    graph.output('values', 'FP64')
    graph.output('places', 'INT64')
    const next = randomFrom(count + axis)
    const data = randomFloats(next, 5 * 40).map((value) => (Number.isFinite(value) ? Math.round(value * 8) : 3))
    await expectAgreement(graph.build(), new Map([['x', floatTensor('FP64', [5, 40], data)]]))
  })

  test('of more than there are is refused', () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP64', ['rows', 4])
    graph.node('TopK', [x, graph.initializer(int64([5]))], {}, { outputs: ['values', 'places'] })
    graph.output('values', 'FP64')
    expect(refusalOf(graph.build())).toContain('wants 5 of 4')
  })
})
