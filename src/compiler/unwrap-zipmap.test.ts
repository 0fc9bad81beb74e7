import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readOnnx, validateOnnx } from '../onnx/index.ts'
import { compileOnnx } from './compile-onnx.ts'
import { unwrapZipMaps } from './unwrap-zipmap.ts'

const fixtures = join(import.meta.dirname, '../onnx/fixtures')
const read = (name: string) => readOnnx(readFileSync(join(fixtures, name)))

describe('an output that is a list of maps', () => {
  const zipped = read('logistic-zipmap-on.onnx')

  test('becomes a tensor of one column a class, under its own name and with its labels', () => {
    const { outputs } = compileOnnx(zipped)
    expect(outputs.map(({ name, datatype, shape, columns }) => ({ name, datatype, shape, columns }))).toEqual([
      { name: 'output_label', datatype: 'INT64', shape: [-1], columns: undefined },
      { name: 'output_probability', datatype: 'FP32', shape: [-1, 2], columns: ['0', '1'] },
    ])
  })

  test('leaves a graph that is still valid', () => {
    expect(() => validateOnnx(unwrapZipMaps(zipped).model)).not.toThrow()
  })

  test('is refused when it names no labels', () => {
    const nodes = zipped.graph.nodes.map((node) =>
      node.opType === 'ZipMap' ? { ...node, attributes: new Map() } : node,
    )
    const unlabelled = { ...zipped, graph: { ...zipped.graph, nodes } }
    expect(() => unwrapZipMaps(unlabelled)).toThrow(/names no class labels/)
  })
})

test('a model without lists of maps is left as it is', () => {
  const model = read('logistic-zipmap-off.onnx')
  expect(unwrapZipMaps(model).model).toBe(model)
})
