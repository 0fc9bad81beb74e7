import { describe, expect, test } from 'vitest'
import { GraphBuilder, float, floats, int, ints, string, type OnnxAttribute } from '../../onnx/index.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { expectAgreement, numbersOf, floatTensor, randomFloats, randomFrom, refusalOf, runHost } from './testing.ts'

const ROWS = [0, 1, 2, 33]

const EXACT = { relative: 0, absolute: 0 }

function model(
  operator: string,
  attributes: Readonly<Record<string, OnnxAttribute>>,
  datatype: 'FP32' | 'FP64' | 'INT32' | 'INT64',
  result: Tensor['datatype'],
  more: readonly Tensor[] = [],
) {
  const graph = new GraphBuilder()
  const inputs = [graph.input('x', datatype, [undefined, undefined]), ...more.map((value) => graph.initializer(value))]
  graph.output(graph.op(operator, inputs, attributes, { domain: 'ai.onnx.ml', outputs: ['out'] }), result)
  return graph.build()
}

function feed(datatype: 'FP32' | 'FP64' | 'INT32' | 'INT64', rows: number, isWild = true): Map<string, Tensor> {
  const isFloat = datatype === 'FP32' || datatype === 'FP64'
  const values = randomFloats(randomFrom(rows + 5), rows * 3, isWild && isFloat)
  const shape = [rows, 3]
  if (datatype === 'INT32') return new Map([['x', { datatype, shape, data: Int32Array.from(values, Math.round) }]])
  if (datatype === 'INT64')
    return new Map([['x', { datatype, shape, data: BigInt64Array.from(values, (v) => BigInt(Math.round(v))) }]])
  return new Map([['x', floatTensor(datatype, shape, values)]])
}

describe('classical kernels', () => {
  test('Scaler moves and scales as ONNX Runtime does', async () => {
    for (const datatype of ['FP32', 'FP64', 'INT32', 'INT64'] as const)
      for (const rows of ROWS) {
        const each = { offset: floats([0.1, -3, 7]), scale: floats([2, 0.3, -1]) }
        await expectAgreement(model('Scaler', each, datatype, 'FP32'), feed(datatype, rows), EXACT)
        const one = { offset: floats([0.1]), scale: floats([3.3]) }
        await expectAgreement(model('Scaler', one, datatype, 'FP32'), feed(datatype, rows), EXACT)
      }
  })

  test.each(['MAX', 'L1', 'L2'])('Normalizer by %s gives what ONNX Runtime gives', async (norm) => {
    for (const datatype of ['FP32', 'FP64'] as const)
      for (const rows of ROWS)
        await expectAgreement(
          model('Normalizer', { norm: string(norm) }, datatype, 'FP32'),
          feed(datatype, rows, false),
        )
    const zeros = new Map([['x', floatTensor('FP32', [2, 3], [0, 0, 0, -1, 0, -2])]])
    await expectAgreement(model('Normalizer', { norm: string(norm) }, 'FP32', 'FP32'), zeros)
  })

  test('Imputer replaces a value, NaN included, as ONNX Runtime does', async () => {
    for (const imputed of [[9], [7, 8, 9]])
      for (const replaced of [Number.NaN, 0, 1]) {
        const attributes = { imputed_value_floats: floats(imputed), replaced_value_float: float(replaced) }
        await expectAgreement(model('Imputer', attributes, 'FP32', 'FP32'), feed('FP32', 33))
      }
    const attributes = { imputed_value_int64s: ints([9, 8, 7]), replaced_value_int64: int(1) }
    await expectAgreement(model('Imputer', attributes, 'INT64', 'INT64'), feed('INT64', 33))
  })

  test('Imputer of FP64, which ONNX Runtime has not, keeps every other number as it is', async () => {
    const attributes = { imputed_value_floats: floats([0.5]), replaced_value_float: float(Number.NaN) }
    const x = floatTensor('FP64', [1, 3], [0.1, Number.NaN, 1e300])
    const out = await runHost(model('Imputer', attributes, 'FP64', 'FP64'), new Map([['x', x]]))
    expect(numbersOf(out, 'out')).toEqual([0.1, 0.5, 1e300])
  })

  test('Binarizer is 1 above the threshold only', async () => {
    await expectAgreement(model('Binarizer', { threshold: float(0.5) }, 'FP32', 'FP32'), feed('FP32', 33, false))
  })

  test('ArrayFeatureExtractor takes columns as ONNX Runtime does', async () => {
    const columns: Tensor = { datatype: 'INT64', shape: [1, 4], data: BigInt64Array.of(2n, 0n, 2n, 1n) }
    for (const datatype of ['FP32', 'FP64', 'INT64', 'INT32'] as const)
      for (const rows of ROWS)
        await expectAgreement(model('ArrayFeatureExtractor', {}, datatype, datatype, [columns]), feed(datatype, rows))
  })

  test('a feature that is not there is an error of the run', async () => {
    const columns: Tensor = { datatype: 'INT64', shape: [1], data: BigInt64Array.of(3n) }
    await expect(
      runHost(model('ArrayFeatureExtractor', {}, 'FP32', 'FP32', [columns]), feed('FP32', 1)),
    ).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('index 3 is outside the 3 elements'),
    })
    const scaler = model('Scaler', { offset: floats([1, 2]), scale: floats([1, 2]) }, 'FP32', 'FP32')
    await expect(runHost(scaler, feed('FP32', 1))).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('2 scales for 3 features; 1 or 3 are allowed'),
    })
  })

  test('attributes that make no sense are refused with the reason', () => {
    expect(refusalOf(model('Scaler', { offset: floats([1]) }, 'FP32', 'FP32'))).toContain('has 0 scales and 1 offsets')
    expect(refusalOf(model('Normalizer', { norm: string('L3') }, 'FP32', 'FP32'))).toContain('has the norm L3')
    expect(refusalOf(model('Imputer', { imputed_value_int64s: ints([1]) }, 'FP32', 'FP32'))).toContain(
      'no floats alone',
    )
  })
})
