import { GraphBuilder, writeOnnx } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/tensor.ts'

const WIDTH = 512

/**
 * A linear model as tests have it, `X` FP32 [rows, 2] to `y` FP32 [rows, 1]: factor · a + 3b + 1, whose rows cost about
 * so many tenths of a millisecond each: whoever kills its process finds runs under way.
 */
export function busyLinearModel(factor: number, layers = 20): Uint8Array {
  const graph = new GraphBuilder({ name: 'linear', docString: 'Costs time.' })
  // small numbers without a pattern, so that every layer's stay away from 0 and from the ends of tanh
  const weights = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * 0.05)
  const x = graph.input('X', 'FP32', ['rows', 2])
  const product = graph.op('MatMul', [x, graph.initializer(tensor('FP32', [2, 1], Float32Array.of(factor, 3)))])
  const linear = graph.op('Add', [product, graph.initializer(tensor('FP32', [1], Float32Array.of(1)))])
  const square = graph.initializer(tensor('FP32', [WIDTH, WIDTH], weights(WIDTH * WIDTH)))
  const last = graph.initializer(tensor('INT64', [1], BigInt64Array.of(2n)))
  const wide = graph.initializer(tensor('FP32', [1, WIDTH], weights(WIDTH)))
  let detour = graph.op('MatMul', [graph.op('Unsqueeze', [x, last]), wide])
  for (let i = 0; i < layers; i++) detour = graph.op('Tanh', [graph.op('MatMul', [detour, square])])
  const sums = graph.initializer(tensor('FP32', [2 * WIDTH, 1], weights(2 * WIDTH)))
  const nothing = graph.op('Mul', [
    graph.op('MatMul', [graph.op('Flatten', [detour]), sums]),
    graph.initializer(tensor('FP32', [1], Float32Array.of(0))),
  ])
  graph.op('Add', [linear, nothing], {}, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows', 1])
  return writeOnnx(graph.build())
}
