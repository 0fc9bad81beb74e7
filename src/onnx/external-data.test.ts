import { expect, test } from 'vitest'
import { GraphBuilder } from './builder.ts'
import { graphAttribute, tensorAttribute } from './attributes.ts'
import { attachExternalData, externalFiles } from './external-data.ts'
import type { OnnxAttribute, OnnxExternalData, OnnxModel, OnnxTensor } from './model.ts'
import { readOnnx } from './read.ts'
import { validateOnnx } from './validate.ts'
import { writeOnnx } from './write.ts'

const outside = (external: OnnxExternalData, shape = [2]): OnnxTensor => ({
  name: 'w',
  datatype: 'FP32',
  shape,
  data: new Float32Array(0),
  external,
})

/** x + w, where w lies elsewhere. */
function modelWith(external: Partial<OnnxExternalData>, shape?: number[]): OnnxModel {
  const builder = new GraphBuilder()
  const w = builder.initializer({ datatype: 'FP32', shape: [0], data: new Float32Array(0) }, 'w')
  builder.output(builder.op('Add', [builder.input('x', 'FP32'), w]), 'FP32')
  const model = builder.build()
  const tensor = outside({ location: 'weights.bin', offset: 0, length: undefined, ...external }, shape)
  return { ...model, graph: { ...model.graph, initializers: new Map([['w', tensor]]) } }
}

const weights = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer)
const attached = (model: OnnxModel, file: Uint8Array) =>
  attachExternalData(model, new Map([['weights.bin', file]])).graph.initializers.get('w')

test('external data is attached at its offset, and what was external is not any more', () => {
  const model = modelWith({ offset: 4, length: 8 })
  expect(attached(model, weights(1, 2, 3, 4))).toEqual({
    name: 'w',
    datatype: 'FP32',
    shape: [2],
    data: Float32Array.of(2, 3),
  })
  expect(attached(modelWith({ offset: 8 }), weights(1, 2, 3, 4))?.data).toEqual(Float32Array.of(3, 4))
})

test('data that is not aligned in its file is attached all the same', () => {
  const file = new Uint8Array(9)
  file.set(weights(5, 6), 1)
  expect(attached(modelWith({ offset: 1, length: 8 }), file)?.data).toEqual(Float32Array.of(5, 6))
})

test.each<[string, Partial<OnnxExternalData>, string]>([
  ['an offset beyond the file', { offset: 17, length: 8 }, 'lies at bytes 17 to 25 of "weights.bin", which has 16'],
  ['a length beyond the file', { offset: 12, length: 8 }, 'which has 16'],
  ['an offset and length that overflow', { offset: Number.MAX_SAFE_INTEGER, length: 8 }, 'which has 16'],
  ['a negative offset', { offset: -8, length: 8 }, 'which has 16'],
  ['a fraction', { offset: 0.5, length: 8 }, 'which has 16'],
  ['a length unlike its shape', { offset: 0, length: 4 }, 'needs 8 bytes, "weights.bin" gives it 4'],
  ['a rest of the file unlike its shape', { offset: 4 }, 'needs 8 bytes, "weights.bin" gives it 12'],
])('%s is refused', (_what, external, expected) => {
  expect(() => attached(modelWith(external), weights(1, 2, 3, 4))).toThrow(expected)
})

test('a tensor of a negative or overflowing shape is refused', () => {
  expect(() => attached(modelWith({}, [-2]), weights(1))).toThrow('sizes are whole')
  expect(() => attached(modelWith({}, [2 ** 30, 2 ** 30]), weights(1))).toThrow('elements, the most of one tensor')
})

test.each([
  '',
  '.',
  '..',
  '../weights.bin',
  'a/../../weights.bin',
  'a/..',
  './weights.bin',
  '/etc/passwd',
  '//host/share',
  'a//b',
  'a/',
  '..\\weights.bin',
  'a\\b',
  'C:\\weights.bin',
  'C:weights.bin',
  'weights.bin:stream',
  'weights\0.bin',
  'weights\n.bin',
  'file:///etc/passwd',
  'half\uD800',
  'x'.repeat(1025),
])('the location %j is refused, even where a file of that name is given', (location) => {
  const model = modelWith({ location })
  expect(() => externalFiles(model)).toThrow('a plain relative file name beside the model is allowed')
  expect(() => attachExternalData(model, new Map([[location, weights(1, 2)]]))).toThrow('a plain relative file name')
})

test('a location is found only when it is spelled exactly so', () => {
  const files = new Map([['Weights.bin', weights(1, 2)]])
  expect(() => attachExternalData(modelWith({}), files)).toThrow(expect.objectContaining({ code: 'not_found' }))
})

test('a model without external data is given back as it is', () => {
  const builder = new GraphBuilder()
  builder.output(builder.op('Identity', [builder.input('x', 'FP32')]), 'FP32')
  const model = builder.build()
  expect(attachExternalData(model, new Map())).toBe(model)
})

test('external tensors in attributes, subgraphs and functions are named and attached', () => {
  const tensor = outside({ location: 'sub/weights.bin', offset: 0, length: 8 })
  const attribute: OnnxAttribute = {
    ...tensorAttribute({ datatype: 'FP32', shape: [0], data: new Float32Array(0) }),
    value: tensor,
  } as OnnxAttribute
  const builder = new GraphBuilder()
  const flag = builder.input('flag', 'BOOL', [])
  const branch = () => {
    const inner = builder.subgraph('branch')
    inner.output(inner.op('Constant', [], { value: attribute }), 'FP32')
    return graphAttribute(inner.graph())
  }
  builder.node('If', [flag], { then_branch: branch(), else_branch: branch() }, { outputs: ['y'] })
  builder.output('y', 'FP32')
  expect(() => builder.build()).toThrow('which has not been attached')

  const model: OnnxModel = {
    irVersion: 10,
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    opsets: new Map([['', 21]]),
    graph: builder.graph(),
    functions: [],
    metadata: new Map(),
  }
  expect(readOnnx(writeOnnx(model))).toEqual(model)
  expect(externalFiles(model)).toEqual(['sub/weights.bin'])
  const whole = attachExternalData(model, new Map([['sub/weights.bin', weights(7, 8)]]))
  validateOnnx(whole)
  expect(externalFiles(whole)).toEqual([])
  expect(whole.graph.inputs).toEqual(model.graph.inputs)
})
