import { describe, expect, test } from 'vitest'
import { GraphBuilder, float, floats, int, ints, string, strings, type OnnxAttribute } from '../../onnx/index.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { expectAgreement, numbersOf, floatTensor, randomFloats, randomFrom, refusalOf, runHost } from './testing.ts'

const DATATYPES = ['FP32', 'FP64'] as const
const ROWS = [0, 1, 2, 33]
const ML = { domain: 'ai.onnx.ml' }

/** PROBIT is steep where its approximation cancels out: the last bit of a score becomes this. */
const STEEP = { relative: 1e-3, absolute: 1e-4 }

/** Sums of numbers of this size that cancel out agree to no more than this. */
const SUMS = { FP32: { absolute: 1e-4 }, FP64: { absolute: 1e-12 } }

function reals(seed: number, count: number): number[] {
  return randomFloats(randomFrom(seed), count, false)
}

/** Rows of small numbers, whose scores stay within what every transform takes. */
function smallRows(rows: number): Map<string, Tensor> {
  const values = reals(9, rows * 4).map((value) => value / 8)
  return new Map([['x', floatTensor('FP32', [rows, 4], values)]])
}

describe('MatMul and Gemm', () => {
  test('a matrix times a matrix or a vector is what ONNX Runtime makes of it, constant or not', async () => {
    for (const datatype of DATATYPES)
      for (const shape of [[6, 3], [6]])
        for (const isConstant of [true, false])
          for (const rows of ROWS) {
            if (rows === 0 && shape.length === 1) continue // ONNX Runtime fails on it
            const graph = new GraphBuilder()
            const x = graph.input('x', datatype, [undefined, 6])
            const weights = floatTensor(datatype, shape, reals(5, shape.length === 2 ? 18 : 6))
            const w = isConstant ? graph.initializer(weights) : graph.input('w', datatype, shape)
            graph.output(graph.op('MatMul', [x, w], {}, { outputs: ['out'] }), datatype)
            const inputs = new Map([['x', floatTensor(datatype, [rows, 6], reals(rows + 1, rows * 6))]])
            if (!isConstant) inputs.set('w', weights)
            await expectAgreement(graph.build(), inputs, SUMS[datatype])
          }
  })

  test('Gemm turns, scales and adds as ONNX Runtime does', async () => {
    for (const datatype of DATATYPES)
      for (const transA of [0, 1])
        for (const transB of [0, 1])
          for (const bias of [undefined, [], [3], [1, 3], [4, 1], [4, 3]]) {
            const graph = new GraphBuilder()
            const x = graph.input('x', datatype, [undefined, undefined])
            const inputs = [x, graph.initializer(floatTensor(datatype, transB === 1 ? [3, 5] : [5, 3], reals(2, 15)))]
            if (bias !== undefined)
              inputs.push(
                graph.initializer(
                  floatTensor(
                    datatype,
                    bias,
                    reals(
                      3,
                      bias.reduce((a, b) => a * b, 1),
                    ),
                  ),
                ),
              )
            const attributes = { alpha: float(0.5), beta: float(2), transA: int(transA), transB: int(transB) }
            graph.output(graph.op('Gemm', inputs, attributes, { outputs: ['out'] }), datatype)
            const shape = transA === 1 ? [5, 4] : [4, 5]
            await expectAgreement(
              graph.build(),
              new Map([['x', floatTensor(datatype, shape, reals(4, 20))]]),
              SUMS[datatype],
            )
          }
  })

  test('a row answers the same alone and among others, bit by bit', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP64', [undefined, 30])
    const weights = graph.initializer(floatTensor('FP64', [30, 2], reals(1, 60)))
    graph.output(graph.op('MatMul', [x, weights], {}, { outputs: ['out'] }), 'FP64')
    const rows = reals(2, 30 * 50)
    const all = await runHost(graph.build(), new Map([['x', floatTensor('FP64', [50, 30], rows)]]))
    for (let row = 0; row < 50; row++) {
      const one = await runHost(
        graph.build(),
        new Map([['x', floatTensor('FP64', [1, 30], rows.slice(row * 30, row * 30 + 30))]]),
      )
      expect(numbersOf(one, 'out')).toEqual(numbersOf(all, 'out').slice(row * 2, row * 2 + 2))
    }
  })

  test('a row of the wrong width is refused at load where it is known, and an error of the run where it is not', async () => {
    const model = (width: number | undefined) => {
      const graph = new GraphBuilder()
      const w = graph.initializer(floatTensor('FP32', [3, 1], [1, 2, 3]))
      graph.output(
        graph.op('MatMul', [graph.input('x', 'FP32', [undefined, width]), w], {}, { outputs: ['out'] }),
        'FP32',
      )
      return graph.build()
    }
    expect(refusalOf(model(4))).toContain('multiplies rows of 4 with columns of 3')
    await expect(
      runHost(model(undefined), new Map([['x', floatTensor('FP32', [1, 4], [1, 2, 3, 4])]])),
    ).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('a row of 4 meets a column of 3'),
    })
  })
})

describe('LinearRegressor', () => {
  test.each(['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'])(
    'answers as ONNX Runtime does, with %s',
    async (transform) => {
      const tolerance = transform === 'PROBIT' ? STEEP : {}
      for (const targets of [1, 3])
        for (const rows of ROWS) {
          const graph = new GraphBuilder()
          const attributes = {
            coefficients: floats(reals(7, 4 * targets).map((v) => v / 40)),
            intercepts: floats(reals(8, targets).map((v) => 0.5 + v / 40)),
            targets: int(targets),
            post_transform: string(transform),
          }
          const x = graph.input('x', 'FP32', [undefined, 4])
          graph.output(graph.op('LinearRegressor', [x], attributes, { ...ML, outputs: ['out'] }), 'FP32')
          await expectAgreement(graph.build(), smallRows(rows), tolerance)
        }
    },
  )
})

function classifier(
  attributes: Readonly<Record<string, OnnxAttribute>>,
  datatype: 'FP32' | 'FP64' | 'INT64' | 'INT32' = 'FP32',
) {
  const graph = new GraphBuilder()
  const x = graph.input('x', datatype, [undefined, 4])
  const outputs = ['label', 'scores']
  graph.node('LinearClassifier', [x], attributes, { ...ML, outputs })
  graph.output('label', attributes['classlabels_strings'] === undefined ? 'INT64' : 'BYTES')
  graph.output('scores', 'FP32')
  return graph.build()
}

describe('LinearClassifier', () => {
  test.each(['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'])(
    'answers as ONNX Runtime does, with %s',
    async (transform) => {
      const tolerance = transform === 'PROBIT' ? STEEP : {}
      for (const classes of [1, 2, 3])
        for (const labels of [
          { classlabels_ints: ints([5, -7, 9].slice(0, Math.max(classes, 2))) },
          { classlabels_strings: strings(['a', 'b', 'c'].slice(0, Math.max(classes, 2))) },
        ])
          for (const rows of [1, 2, 33]) {
            if (classes === 1 && transform === 'PROBIT') continue
            const model = classifier({
              ...labels,
              coefficients: floats(reals(7, 4 * classes).map((v) => v / 40)),
              intercepts: floats(reals(8, classes).map((v) => (classes === 1 ? 0 : 0.5) + v / 40)),
              post_transform: string(transform),
            })
            await expectAgreement(model, smallRows(rows), tolerance)
          }
    },
  )

  test('inputs of other datatypes count as FP32', async () => {
    const attributes = { classlabels_ints: ints([0, 1]), coefficients: floats(reals(1, 8)), intercepts: floats([1, 2]) }
    await expectAgreement(classifier(attributes, 'FP64'), new Map([['x', floatTensor('FP64', [3, 4], reals(2, 12))]]), {
      absolute: 1e-4,
    })
    const data = BigInt64Array.from(reals(3, 12), (v) => BigInt(Math.round(v)))
    await expectAgreement(
      classifier(attributes, 'INT64'),
      new Map([['x', { datatype: 'INT64', shape: [3, 4], data }]]),
      { absolute: 1e-4 },
    )
  })

  test('what engines answer oddly is refused with the reason', () => {
    const attributes = { coefficients: floats([1, 2, 3, 4]), intercepts: floats([1]) }
    expect(refusalOf(classifier({ ...attributes, classlabels_ints: ints([1]) }))).toContain('has 1 labels for one row')
    expect(
      refusalOf(classifier({ ...attributes, classlabels_ints: ints([1, 2]), post_transform: string('PROBIT') })),
    ).toContain('PROBIT')
    expect(
      refusalOf(
        classifier({ coefficients: floats([1, 2, 3]), intercepts: floats([1]), classlabels_ints: ints([1, 2]) }),
      ),
    ).toContain('has 3 coefficients for 4 features')
  })
})
