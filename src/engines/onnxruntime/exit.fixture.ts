// A process that ends while ONNX Runtime works on other threads of it, in the way that its argument names.
import type { OnnxStep } from '../../bundle/program.ts'
import { graphAttribute, GraphBuilder, writeOnnx } from '../../onnx/index.ts'
import { tensor } from '../../tensor/tensor.ts'
import { onnxruntime } from '../onnxruntime.ts'

const SIZE = 20_000

/** Turns of cosines without end. */
function endless(): Uint8Array {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'FP32', [undefined])
  const turn = graph.subgraph('turn')
  turn.input('i', 'INT64', [])
  turn.op('Identity', [turn.input('go', 'BOOL', [])], {}, { outputs: ['go_on'] })
  turn.op('Cos', [turn.input('state', 'FP32', [undefined])], {}, { outputs: ['next'] })
  turn.output('go_on', 'BOOL', [])
  turn.output('next', 'FP32', [undefined])
  const count = graph.initializer(tensor('INT64', [], BigInt64Array.of(2n ** 62n)))
  const start = graph.initializer(tensor('BOOL', [], Uint8Array.of(1)))
  graph.op('Loop', [count, start, x], { body: graphAttribute(turn.graph()) }, { outputs: ['y'] })
  graph.output('y', 'FP32', [undefined])
  return writeOnnx(graph.build())
}

const graph = endless()
const step: OnnxStep = { kind: 'onnx', file: 'endless.onnx', inputs: {}, outputs: {}, optimization: 'all' }
const loaded = await onnxruntime.load(step, () => graph)
const inputs = new Map([['x', tensor('FP32', [SIZE], new Float32Array(SIZE))]])
for (let i = 0; i < 6; i++) void loaded.runOffLoop?.(inputs, ['y']).catch(() => {})

const [, , way] = process.argv
if (way === 'exit') process.exit()
if (way === 'later') setTimeout(() => process.exit(), 5)
if (way === 'throw') {
  process.on('uncaughtException', () => process.exit(9))
  setTimeout(() => {
    throw new Error('thrown')
  }, 5)
}
if (way === 'load') {
  for (let i = 0; i < 20; i++) void onnxruntime.load(step, () => graph, { isBackground: true })
  setTimeout(() => process.exit(), 1)
}
// nothing but the pool's threads is left, which end with the runs that are stopped
if (way === 'drain') setTimeout(() => loaded.release(), 5)
