import { GraphBuilder, writeOnnx } from '../../src/onnx/index.ts'
import { tensor } from '../../src/tensor/tensor.ts'

/** Numbers in one row of the input. */
export const SLOW_INPUTS = 16
const WIDTH = 512

/**
 * A model whose rows cost milliseconds each, alone or together: `X` FP32 [rows, 16] to `y` FP32 [rows], through so many
 * products of matrices. What it says has no meaning.
 */
export function makeSlowModel(layers: number): Uint8Array {
  const graph = new GraphBuilder({ name: 'slow', docString: 'Costs time.' })
  // small numbers without a pattern: sines keep every layer's numbers away from 0 and from the ends of tanh
  const weights = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) * 0.05)
  const axis = (name: string, value: bigint) => graph.initializer(tensor('INT64', [1], BigInt64Array.of(value)), name)
  const x = graph.input('X', 'FP32', ['rows', SLOW_INPUTS])
  const square = graph.initializer(tensor('FP32', [WIDTH, WIDTH], weights(WIDTH * WIDTH)), 'square')
  const wide = graph.initializer(tensor('FP32', [1, WIDTH], weights(WIDTH)), 'wide')
  let last = graph.op('MatMul', [graph.op('Unsqueeze', [x, axis('column', 2n)]), wide])
  for (let i = 0; i < layers; i++) last = graph.op('Tanh', [graph.op('MatMul', [last, square])])
  const flat = graph.op('Flatten', [last])
  const ones = graph.initializer(tensor('FP32', [SLOW_INPUTS * WIDTH, 1], weights(SLOW_INPUTS * WIDTH)), 'ones')
  graph.op('Squeeze', [graph.op('MatMul', [flat, ones]), axis('only', 1n)], {}, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows'])
  return writeOnnx(graph.build())
}

/** One row of the slow model, as the Open Inference Protocol writes it. */
export const SLOW_ROW = {
  name: 'X',
  shape: [1, SLOW_INPUTS],
  datatype: 'FP32',
  data: Array.from({ length: SLOW_INPUTS }, (_, i) => i / SLOW_INPUTS),
} as const
