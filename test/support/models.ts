/** Small ONNX models for tests, each one thing. They are bytes as a file would hold them. */
import { GraphBuilder, graphAttribute, int, readOnnx, tensorAttribute, writeOnnx } from '../../src/onnx/index.ts'
import type { OnnxModel } from '../../src/onnx/index.ts'
import type { Datatype } from '../../src/tensor/datatype.ts'
import { tensor } from '../../src/tensor/tensor.ts'

const INT64 = 7

/** `X` FP32 [rows, 2] to `y` FP32 [rows, 1]: 2a + 3b + 1. */
export function linearModel(metadata: Readonly<Record<string, string>> = {}, factor = 2): Uint8Array {
  const graph = new GraphBuilder({ name: 'linear' })
  const x = graph.input('X', 'FP32', ['rows', 2])
  const weights = graph.initializer(tensor('FP32', [2, 1], Float32Array.of(factor, 3)), 'weights')
  const product = graph.op('MatMul', [x, weights])
  graph.op('Add', [product, graph.initializer(tensor('FP32', [1], Float32Array.of(1)))], {}, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows', 1])
  for (const [key, value] of Object.entries(metadata)) graph.metadata(key, value)
  return writeOnnx(graph.build())
}

/** The linear model with its weights in a file of that name beside it: the model's bytes and the weights'. */
export function externalModel(location = 'weights.bin', weights = [2, 3]): { model: Uint8Array; weights: Uint8Array } {
  const model = readOnnx(linearModel())
  const initializers = new Map(model.graph.initializers)
  const inside = initializers.get('weights')
  if (inside === undefined) throw new Error('the linear model has weights; this is a bug')
  const { data: _, ...rest } = inside
  initializers.set('weights', { ...rest, external: { location, offset: 0, length: 8 } } as typeof inside)
  const outside: OnnxModel = { ...model, graph: { ...model.graph, initializers } }
  return { model: writeOnnx(outside), weights: new Uint8Array(Float32Array.from(weights).buffer) }
}

/** `X` FP32 [rows, 2] to `y`: X less the mean of all rows, so that a row's answer depends on the others. */
export function meanModel(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const graph = new GraphBuilder({ name: 'mean' })
  const x = graph.input('X', 'FP32', ['rows', 2])
  const axes = graph.initializer(tensor('INT64', [1], BigInt64Array.of(0n)))
  graph.op('Sub', [x, graph.op('ReduceMean', [x, axes])], {}, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows', 2])
  for (const [key, value] of Object.entries(metadata)) graph.metadata(key, value)
  return writeOnnx(graph.build())
}

/** `X` FP32 [rows, 2] to `y`, of which the file says no shape. */
export function shapelessModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'shapeless' })
  graph.op('Abs', [graph.input('X', 'FP32', ['rows', 2])], {}, { outputs: ['y'] })
  graph.output('y', 'FP32')
  return writeOnnx(graph.build())
}

/** `X` FP32 [rows, 2] to `y` the same, of which the file says that it is one row. */
export function wrongShapeModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'wrong' })
  graph.op('Abs', [graph.input('X', 'FP32', ['rows', 2])], {}, { outputs: ['y'] })
  graph.output('y', 'FP32', [1, 2])
  return writeOnnx(graph.build())
}

/** `word` BYTES [rows] to `again` BYTES [rows], the same. */
export function textModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'text' })
  graph.op('Identity', [graph.input('word', 'BYTES', ['rows'])], {}, { outputs: ['again'] })
  graph.output('again', 'BYTES', ['rows'])
  return writeOnnx(graph.build())
}

/** `X` FP32 [rows, 2] to `y`, a sequence of twice the same tensor; or what claims to be a sequence of sequences. */
export function sequenceModel(isNested = true): Uint8Array {
  const graph = new GraphBuilder({ name: 'sequence' })
  const x = graph.input('X', 'FP32', ['rows', 2])
  graph.op('SequenceConstruct', [x, x], {}, { outputs: ['y'] })
  const sequence = { kind: 'sequence', element: { kind: 'tensor', datatype: 'FP32', shape: undefined } } as const
  graph.outputOf('y', isNested ? { kind: 'sequence', element: sequence } : sequence)
  return writeOnnx(graph.build())
}

/** `X` FP32 [rows, 2], `steps` INT64 [] to `y`: as many turns as the caller says. */
export function stepsModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'steps' })
  const x = graph.input('X', 'FP32', ['rows', 2])
  const steps = graph.input('steps', 'INT64', [])
  return loopOver(graph, x, steps)
}

/** Runs a loop of `turns` turns, each of some milliseconds, whatever it is asked. */
export function endlessModel(turns = 2n ** 62n): Uint8Array {
  const graph = new GraphBuilder({ name: 'endless' })
  const x = graph.input('X', 'FP32', ['rows', 2])
  return loopOver(graph, x, graph.initializer(tensor('INT64', [], BigInt64Array.of(turns))))
}

/** Ends the graph with a loop of `count` turns over the state `x`. */
function loopOver(graph: GraphBuilder, x: string, count: string): Uint8Array {
  const turn = graph.subgraph('turn')
  turn.input('i', 'INT64', [])
  const go = turn.input('go', 'BOOL', [])
  const state = turn.input('state', 'FP32', ['rows', 2])
  turn.op('Identity', [go], {}, { outputs: ['go_on'] })
  turn.op('Cos', [state], {}, { outputs: ['next'] })
  turn.output('go_on', 'BOOL', [])
  turn.output('next', 'FP32', ['rows', 2])
  const start = graph.initializer(tensor('BOOL', [], Uint8Array.of(1)))
  graph.op('Loop', [count, start, x], { body: graphAttribute(turn.graph()) }, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows', 2])
  return writeOnnx(graph.build())
}

/** Makes a tensor of so many MiB, whatever it is asked, and fills it. */
export function hungryModel(sizeMiB: number): Uint8Array {
  const graph = new GraphBuilder({ name: 'hungry' })
  const x = graph.input('X', 'FP32', ['rows', 2])
  // worked out from the input, so that it is not done while loading
  const rows = graph.op('Cast', [graph.op('ReduceMin', [x], { keepdims: int(0) })], { to: int(INT64) })
  const zero = graph.op('Mul', [rows, graph.initializer(tensor('INT64', [], BigInt64Array.of(0n)))])
  const size = graph.initializer(tensor('INT64', [1], BigInt64Array.of(BigInt(sizeMiB) * 262_144n)))
  const huge = graph.op('ConstantOfShape', [graph.op('Add', [size, zero])], {
    value: tensorAttribute(tensor('FP32', [1], Float32Array.of(1))),
  })
  const sum = graph.op('ReduceSum', [huge], { keepdims: int(0) })
  graph.op('Add', [x, sum], {}, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows', 2])
  return writeOnnx(graph.build())
}

/** `X` FP32 [rows, 3, `width`, anything] to `y` FP32 [rows]: takes only a last size of 16 or more. */
export function openModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'open' })
  const x = graph.input('X', 'FP32', ['rows', 'width'])
  const picked = graph.op('Gather', [x, graph.initializer(tensor('INT64', [], BigInt64Array.of(15n)))], {
    axis: int(1),
  })
  graph.op('Identity', [picked], {}, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows'])
  return writeOnnx(graph.build())
}

/** Two inputs: `a` FP32 [rows] and `b` FP32 [rows] to `y`, a + b; or with `b` of one element for all rows. */
export function twoInputModel(isOneForAll = false): Uint8Array {
  const graph = new GraphBuilder({ name: 'two' })
  const a = graph.input('a', 'FP32', ['rows'])
  graph.op('Add', [a, graph.input('b', 'FP32', [isOneForAll ? 1 : 'rows'])], {}, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows'])
  return writeOnnx(graph.build())
}

/** Fails on every input: reshapes 2 columns to 7. */
export function failingModel(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const graph = new GraphBuilder({ name: 'failing' })
  const x = graph.input('X', 'FP32', ['rows', 2])
  const shape = graph.initializer(tensor('INT64', [2], BigInt64Array.of(-1n, 7n)))
  graph.op('Reshape', [x, shape], { allowzero: int(0) }, { outputs: ['y'] })
  graph.output('y', 'FP32', [undefined, 7])
  for (const [key, value] of Object.entries(metadata)) graph.metadata(key, value)
  return writeOnnx(graph.build())
}

/** `x` [rows] to `y` [rows], both of one datatype, by one operator. */
export function unaryModel(operator: string, datatype: Datatype): Uint8Array {
  const graph = new GraphBuilder({ name: operator })
  graph.op(operator, [graph.input('x', datatype, ['rows'])], {}, { outputs: ['y'] })
  graph.output('y', datatype, ['rows'])
  return writeOnnx(graph.build())
}

/** `x` INT64 [rows] to `y` FP32 [rows]: 10, 20 or 30 for 0, 1 or 2; fails while it runs on any other. */
export function lookupModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'lookup' })
  const table = graph.initializer(tensor('FP32', [3], Float32Array.of(10, 20, 30)), 'table')
  graph.op('Gather', [table, graph.input('x', 'INT64', ['rows'])], {}, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows'])
  return writeOnnx(graph.build())
}
