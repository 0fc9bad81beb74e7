// Loads, runs and releases a model as often as its argument says, and prints by how much the process has grown (MiB).
import type { OnnxStep } from '../../bundle/program.ts'
import { GraphBuilder, writeOnnx } from '../../onnx/index.ts'
import { tensor } from '../../tensor/tensor.ts'
import { onnxruntime } from '../onnxruntime.ts'

/** Turns that warm up: the library's and V8's own memory comes with them. */
const WARM_UP = 200

const builder = new GraphBuilder()
const x = builder.input('x', 'FP32', ['rows', 64])
const text = builder.input('text', 'BYTES', ['rows'])
const weights = builder.initializer(tensor('FP32', [64, 64], new Float32Array(4096).fill(0.5)))
builder.output(builder.op('MatMul', [x, weights], {}, { outputs: ['y'] }), 'FP32', ['rows', 64])
builder.output(builder.op('Identity', [text], {}, { outputs: ['same'] }), 'BYTES', ['rows'])
builder.op('SequenceConstruct', ['y', x], {}, { outputs: ['both'] })
builder.outputOf('both', { kind: 'sequence', element: { kind: 'tensor', datatype: 'FP32', shape: undefined } })
const graph = writeOnnx(builder.build())
const step: OnnxStep = { kind: 'onnx', file: 'leak.onnx', inputs: {}, outputs: {}, optimization: 'all' }

async function turn(i: number): Promise<void> {
  const loaded = await onnxruntime.load(step, () => graph, { isQuick: i % 2 === 0, isBackground: i % 3 === 0 })
  for (const rows of [1, 2 + (i % 7), 200]) {
    const inputs = new Map([
      ['x', tensor('FP32', [rows, 64], new Float32Array(rows * 64))],
      ['text', tensor('BYTES', [rows], Array<Uint8Array>(rows).fill(Buffer.from('some text that takes memory')))],
    ])
    for (const wanted of [['y'], ['y', 'same', 'both']]) {
      await loaded.run(inputs, wanted)
      await loaded.run(inputs, wanted)
    }
    if (i % 4 === 0) await loaded.runOffLoop?.(inputs, ['y', 'same'])
    // a run that fails
    try {
      await loaded.run(new Map([['x', tensor('FP32', [1], new Float32Array(1))]]), ['y'])
    } catch {
      // as it should
    }
  }
  loaded.release()
}

function rssBytes(): number {
  gc?.()
  return process.memoryUsage().rss
}

for (let i = 0; i < WARM_UP; i++) await turn(i)
const before = rssBytes()
const count = Number(process.argv[2])
for (let i = 0; i < count; i++) await turn(i)
process.stdout.write(JSON.stringify({ grownMiB: (rssBytes() - before) / 2 ** 20 }))
