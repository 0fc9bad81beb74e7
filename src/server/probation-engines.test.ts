import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readOnnx, writeOnnx } from '../onnx/index.ts'
import { probationEngines } from './probation-engines.ts'

const FIXTURES = join(import.meta.dirname, '../engines/host-kernels/fixtures')

/** Names of the engines that a model is tried on, where so many nodes of trees are too many. */
function namesFor(bytes: Uint8Array, mostTreeNodes?: number): string[] {
  const { graph } = readOnnx(Uint8Array.from(bytes))
  const [inputs, outputs] = [graph.inputs, graph.outputs].map((list) =>
    Object.fromEntries(list.map(({ name }) => [name, name])),
  )
  const step = {
    kind: 'onnx',
    file: 'model.onnx',
    inputs: inputs ?? {},
    outputs: outputs ?? {},
    optimization: 'basic',
  } as const
  const compiled = { program: { steps: [step] }, files: new Map([['model.onnx', bytes]]) }
  return probationEngines(compiled, mostTreeNodes).map(({ name }) => name)
}

const forest = readFileSync(join(FIXTURES, 'forest-regression.onnx'))

test('a model is tried on every engine, unless it is a forest larger than ONNX Runtime should load', () => {
  expect(namesFor(forest)).toEqual(['onnxruntime', 'host-kernels'])
  expect(namesFor(forest, 10)).toEqual(['host-kernels'])
  expect(namesFor(readFileSync(join(FIXTURES, 'logistic-2.onnx')), 1)).toEqual(['onnxruntime', 'host-kernels'])
})

test('a large forest with what our kernels do not take is tried on ONNX Runtime all the same', () => {
  const model = readOnnx(Uint8Array.from(forest))
  const [node] = model.graph.nodes
  const odd = {
    ...node,
    name: 'odd',
    opType: 'DynamicQuantizeLinear',
    domain: '',
    attributes: new Map(),
  } as typeof node
  const nodes = [...model.graph.nodes, ...(odd === undefined ? [] : [{ ...odd, outputs: ['a', 'b', 'c'] }])]
  const outputs = [...model.graph.outputs]
  const [first] = outputs
  if (first !== undefined) outputs.push({ ...first, name: 'a' })
  const bytes = writeOnnx({ ...model, graph: { ...model.graph, nodes, outputs } })
  expect(namesFor(bytes, 10)).toEqual(['onnxruntime', 'host-kernels'])
})
