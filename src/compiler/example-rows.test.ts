import { describe, expect, test } from 'vitest'
import { linearModel, openModel, textModel, twoInputModel } from '../../test/support/models.ts'
import { GraphBuilder, readOnnx, writeOnnx, type OnnxElementType } from '../onnx/index.ts'
import { widenHalves } from '../tensor/half.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { compileOnnx, type CompiledModel } from './compile-onnx.ts'
import { broughtRows, madeUpRows } from './example-rows.ts'

function compiled(file: Uint8Array): CompiledModel {
  return compileOnnx(readOnnx(file))
}

/** A model of one input `X` and what its metadata says is an example. */
function typed(datatype: OnnxElementType, shape: (number | string)[], example: string): CompiledModel {
  const graph = new GraphBuilder()
  graph.op('Identity', [graph.input('X', datatype, shape)], {}, { outputs: ['y'] })
  graph.output('y', datatype, shape)
  graph.metadata('slipway.example.X', example)
  return compiled(writeOnnx(graph.build()))
}

describe('rows that a model brings', () => {
  test('are read in the datatype of the input', () => {
    expect(broughtRows(typed('FP32', ['rows', 2], '[[1, 0.1], [2, -3]]'))?.get('X')).toEqual({
      datatype: 'FP32',
      shape: [2, 2],
      data: Float32Array.of(1, 0.1, 2, -3),
    })
    expect(broughtRows(typed('INT64', ['rows'], '[5, -6]'))?.get('X')?.data).toEqual(BigInt64Array.of(5n, -6n))
    expect(broughtRows(typed('BOOL', ['rows', 1], '[[1], [0]]'))?.get('X')?.data).toEqual(Uint8Array.of(1, 0))
    expect(broughtRows(typed('FP64', ['rows', 2, 2], '[[[1,2],[3,4]]]'))?.get('X')?.shape).toEqual([1, 2, 2])
  })

  test('are rounded to the nearest half floats', () => {
    const half = broughtRows(typed('FP16', ['rows'], '[0.1, -2, 1e-9]'))?.get('X')
    expect(half).toEqual({ datatype: 'FP16', shape: [3], data: Uint16Array.of(0x2e66, 0xc000, 0) })
    expect(broughtRows(typed('BF16', ['rows'], '[0.1, 300000]'))?.get('X')?.data).toEqual(
      Uint16Array.of(0x3dcd, 0x4892),
    )
  })

  test('are the first 16 of many', () => {
    const rows = broughtRows(typed('FP64', ['rows'], JSON.stringify(Array.from({ length: 1000 }, (_, i) => i))))
    expect(rows?.get('X')?.shape).toEqual([16])
  })

  test.each<[string, CompiledModel]>([
    ['brings none', compiled(linearModel())],
    ['takes text', typed('BYTES', ['rows'], '["a"]')],
    ['takes a fixed number of rows', typed('FP32', [1, 2], '[[1,2]]')],
    ['leaves another size open', typed('FP32', ['rows', 'a', 'b'], '[[[1]]]')],
    ['takes a scalar', typed('FP32', [], '1')],
  ])('are passed over where the model %s', (_what, model) => {
    expect(broughtRows(model)).toBeUndefined()
  })

  test.each<[string, CompiledModel, RegExp]>([
    ['no JSON', typed('FP32', ['rows', 2], 'rows'), /^the model's metadata "slipway.example.X" is no JSON$/],
    ['no rows', typed('FP32', ['rows', 2], '[]'), /is no list of rows of 2 numbers/],
    ['no list', typed('FP32', ['rows', 1], '1'), /is no list of rows of 1 numbers/],
    ['rows of another width', typed('FP32', ['rows', 2], '[[1,2],[3]]'), /is no list of rows of 2 numbers/],
    ['rows of text', typed('FP32', ['rows', 2], '[["1","2"]]'), /is no list of rows of 2 numbers/],
    ['null', typed('FP32', ['rows', 1], '[[null]]'), /is no list of rows of 1 numbers/],
    ['deep lists', typed('FP32', ['rows', 2], `${'['.repeat(50_000)}1${']'.repeat(50_000)}`), /is no list of rows/],
    ['a fraction for an integer', typed('INT64', ['rows'], '[1.5]'), /element 0 \(1.5\) would change its value/],
    ['300 for a byte', typed('UINT8', ['rows'], '[300]'), /element 0 \(300\) would change its value/],
    ['too large for a half float', typed('FP16', ['rows'], '[70000]'), /too large for FP16/],
    ['2 for a truth value', typed('BOOL', ['rows'], '[2]'), /element 0 \(2\) would change its value/],
  ])('are refused when they are %s', (_what, model, message) => {
    expect(() => broughtRows(model)).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringMatching(message) }),
    )
  })

  test('are refused when two inputs bring unlike numbers of rows', () => {
    const model = compiled(twoInputModel())
    const metadata = new Map([
      ['slipway.example.a', '[1,2]'],
      ['slipway.example.b', '[1]'],
    ])
    expect(() => broughtRows({ ...model, metadata })).toThrow("the model's metadata has examples of 2 and 1 rows")
    expect(broughtRows({ ...model, metadata: new Map([...metadata].slice(1)) })).toBeUndefined()
  })
})

describe('rows that are made up', () => {
  test.each([linearModel, openModel, textModel, twoInputModel])(
    'are the same each time, and not all alike: %o',
    (make) => {
      const model = compiled(make())
      const [one, two] = [madeUpRows(model, 8), madeUpRows(model, 8)]
      expect(one).toEqual(two)
      for (const { data } of one.values() as Iterable<Tensor>)
        expect(new Set([...data].map(String)).size).toBeGreaterThan(1)
    },
  )

  test.each(['FP16', 'BF16'] as const)('of %s are numbers from 0 to 1', (datatype) => {
    const { data } = madeUpRows(typed(datatype, ['rows', 50], ''), 8).get('X') as Tensor
    const numbers = widenHalves(datatype, data as Uint16Array)
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...numbers)).toBeGreaterThan(0.9)
    expect(Math.max(...numbers)).toBeLessThanOrEqual(1)
  })

  test('have four rows, and the size given wherever the model leaves one open', () => {
    expect(madeUpRows(compiled(openModel()), 32).get('X')?.shape).toEqual([4, 32])
    expect(madeUpRows(typed('INT64', [3, 'x', 2], ''), 8).get('X')?.shape).toEqual([3, 8, 2])
  })
})

describe('names of columns', () => {
  test('are taken from the metadata', () => {
    expect(compiled(linearModel({ 'slipway.columns.X': '["a","b"]' })).inputs[0]?.columns).toEqual(['a', 'b'])
  })

  test.each<[string, string, string]>([
    ['no JSON', '[a,b]', '"slipway.columns.X" is no JSON'],
    ['no list', '{"a":1}', 'is no JSON list of names'],
    ['no names', '[1,2]', 'is no JSON list of names'],
    ['too few', '["a"]', 'has 1 names ("a"), the input has 2 columns'],
    ['the same twice', '["a","a"]', 'has 2 names'],
  ])('are refused when they are %s', (_what, text, message) => {
    expect(() => compiled(linearModel({ 'slipway.columns.X': text }))).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringContaining(message) }),
    )
  })
})
