import { describe, expect, test } from 'vitest'
import { GraphBuilder, int, ints, type OnnxAttribute } from '../../onnx/index.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { expectAgreement, numbersOf, floatTensor, randomFloats, randomFrom, refusalOf, runHost } from './testing.ts'

function model(
  operator: string,
  datatype: 'FP32' | 'FP64',
  rank: number,
  attributes: Readonly<Record<string, OnnxAttribute>>,
  opset: number,
  axes?: readonly number[],
) {
  const graph = new GraphBuilder({ opsets: new Map([['', opset]]) })
  const inputs = [
    graph.input(
      'x',
      datatype,
      Array.from({ length: rank }, () => undefined),
    ),
  ]
  if (axes !== undefined)
    inputs.push(graph.initializer({ datatype: 'INT64', shape: [axes.length], data: BigInt64Array.from(axes, BigInt) }))
  const result = operator.startsWith('Arg') ? 'INT64' : datatype
  graph.output(graph.op(operator, inputs, attributes, { outputs: ['out'] }), result)
  return graph.build()
}

function feed(datatype: 'FP32' | 'FP64', shape: readonly number[], isWild = true): Map<string, Tensor> {
  const size = shape.reduce((product, size) => product * size, 1)
  return new Map([['x', floatTensor(datatype, shape, randomFloats(randomFrom(size + 11), size, isWild))]])
}

const DATATYPES = ['FP32', 'FP64'] as const

describe('softmax', () => {
  test.each(['Softmax', 'LogSoftmax'])('%s of rows is what ONNX Runtime makes of it', async (operator) => {
    for (const datatype of DATATYPES)
      for (const rows of [0, 1, 5, 60]) {
        await expectAgreement(model(operator, datatype, 2, { axis: int(-1) }, 21), feed(datatype, [rows, 7], false))
        await expectAgreement(model(operator, datatype, 2, {}, 11), feed(datatype, [rows, 7], false))
      }
  })

  test('NaN and infinities give what they give in ONNX Runtime', async () => {
    for (const datatype of DATATYPES)
      await expectAgreement(model('Softmax', datatype, 2, { axis: int(1) }, 21), feed(datatype, [60, 4]))
  })

  test('before operator set 13 all dimensions from the axis on are one', async () => {
    for (const axis of [0, 1, 2])
      await expectAgreement(model('Softmax', 'FP32', 3, { axis: int(axis) }, 11), feed('FP32', [2, 3, 4], false))
  })

  test('from operator set 13 on, it runs along any one axis', async () => {
    for (const axis of [0, 1, -1])
      await expectAgreement(model('LogSoftmax', 'FP64', 3, { axis: int(axis) }, 13), feed('FP64', [2, 3, 4], false))
  })

  test('large scores do not overflow, and NaN makes its row NaN', async () => {
    const x = floatTensor('FP64', [3, 2], [1e300, -1e300, 1000, 999, Number.NaN, 1])
    const out = await runHost(model('Softmax', 'FP64', 2, {}, 21), new Map([['x', x]]))
    const [a, b, c, d, e, f] = numbersOf(out, 'out')
    expect([a, b]).toEqual([1, 0])
    expect((c as number) + (d as number)).toBeCloseTo(1, 12)
    expect([e, f]).toEqual([Number.NaN, Number.NaN])
  })
})

describe('reductions', () => {
  test.each(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin'])(
    '%s is what ONNX Runtime makes of it',
    async (operator) => {
      const inputSince = operator === 'ReduceSum' ? 13 : 18
      for (const datatype of DATATYPES)
        for (const shape of [
          [5, 4],
          [1, 4],
          [2, 3, 4],
        ])
          for (const axes of [[1], [-1], [0], [0, 1]])
            for (const keepdims of [0, 1]) {
              const attributes = { keepdims: int(keepdims) }
              const tolerance = { absolute: datatype === 'FP32' ? 1e-5 : 1e-13 }
              const values = feed(datatype, shape, false)
              await expectAgreement(model(operator, datatype, shape.length, attributes, 21, axes), values, tolerance)
              const old = model(operator, datatype, shape.length, { ...attributes, axes: ints(axes) }, inputSince - 1)
              await expectAgreement(old, values, tolerance)
            }
    },
  )

  test('no axes are all axes, or none where the node says so', async () => {
    await expectAgreement(model('ReduceSum', 'FP64', 2, {}, 21), feed('FP64', [3, 4], false))
    await expectAgreement(model('ReduceMean', 'FP64', 2, {}, 9), feed('FP64', [3, 4], false))
    await expectAgreement(
      model('ReduceSum', 'FP64', 2, { noop_with_empty_axes: int(1) }, 21, []),
      feed('FP64', [3, 4], false),
    )
  })

  test('NaN in a row is the sum, the mean, the most and the least of it', async () => {
    const x = floatTensor('FP64', [1, 3], [1, Number.NaN, 2])
    for (const operator of ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin']) {
      const out = await runHost(model(operator, 'FP64', 2, {}, 21, [1]), new Map([['x', x]]))
      expect(numbersOf(out, 'out')).toEqual([Number.NaN])
    }
  })

  test('axes with others between them are refused', () => {
    expect(refusalOf(model('ReduceSum', 'FP32', 3, {}, 21, [0, 2]))).toContain('only neighbouring ones are covered')
  })
})

describe('ArgMax and ArgMin', () => {
  test.each(['ArgMax', 'ArgMin'])('%s picks what ONNX Runtime picks, ties and all', async (operator) => {
    for (const datatype of DATATYPES)
      for (const axis of [0, 1, -1])
        for (const keepdims of [0, 1])
          for (const last of [0, 1]) {
            const values = randomFloats(randomFrom(3), 40, false).map(Math.round)
            const attributes = { axis: int(axis), keepdims: int(keepdims), select_last_index: int(last) }
            await expectAgreement(
              model(operator, datatype, 2, attributes, 21),
              new Map([['x', floatTensor(datatype, [8, 5], values)]]),
            )
          }
  })

  test('they pick what ONNX Runtime picks among NaN and infinities', async () => {
    for (const operator of ['ArgMax', 'ArgMin'])
      for (const datatype of DATATYPES)
        await expectAgreement(model(operator, datatype, 2, { axis: int(1) }, 21), feed(datatype, [60, 4]))
  })

  test('they pick in no rows at all', async () => {
    await expectAgreement(model('ArgMax', 'FP32', 2, { axis: int(1) }, 21), feed('FP32', [0, 4]))
  })
})
