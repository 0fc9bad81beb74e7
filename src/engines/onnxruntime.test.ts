import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { OnnxStep } from '../bundle/program.ts'
import { graphAttribute, GraphBuilder, int, ints, string, strings, writeOnnx } from '../onnx/index.ts'
import { DATATYPES, elementSizeBytes, type Datatype, type NumericDatatype } from '../tensor/datatype.ts'
import { bytesOf, tensor, viewAs, type Tensor, type Tensors } from '../tensor/tensor.ts'
import type { LoadedStep, LoadOptions } from './engine.ts'
import { onnxruntime } from './onnxruntime.ts'
import { library } from './onnxruntime/library.ts'

function stepOf(optimization: OnnxStep['optimization'] = 'off'): OnnxStep {
  return { kind: 'onnx', file: 'deep/model.onnx', inputs: {}, outputs: {}, optimization }
}

function load(
  builder: GraphBuilder,
  optimization?: OnnxStep['optimization'],
  options?: LoadOptions,
): Promise<LoadedStep> {
  const bytes = writeOnnx(builder.build())
  return onnxruntime.load(stepOf(optimization), () => bytes, options)
}

/** y is x, of any shape of the rank. */
function identity(datatype: Datatype, rank = 1): Promise<LoadedStep> {
  const graph = new GraphBuilder()
  const shape = Array.from({ length: rank }, () => undefined)
  const x = graph.input('x', datatype, shape)
  graph.output(graph.op('Identity', [x], {}, { outputs: ['y'] }), datatype, shape)
  return load(graph)
}

const Y = ['y']

/** What comes of a value, by every way that a run can take; they agree. */
async function through(step: LoadedStep, value: Tensor): Promise<Tensor> {
  const inputs = new Map([['x', value]])
  const off = await step.runOffLoop?.(inputs, Y)
  const first = await step.run(inputs, Y) // with values made for it
  const next = await step.run(inputs, Y) // with those that were kept for its shape
  for (const outputs of [off, first, next]) expect([...(outputs?.keys() ?? [])]).toEqual(Y)
  expect(first).toEqual(off)
  expect(next).toEqual(off)
  return next.get('y') as Tensor
}

function hex({ data }: Tensor): unknown {
  return Array.isArray(data)
    ? data.map((bytes: Uint8Array) => Buffer.from(bytes).toString('hex'))
    : Buffer.from(bytesOf(data as Float32Array)).toString('hex')
}

describe('values through ONNX Runtime', () => {
  const numeric = DATATYPES.filter((datatype) => datatype !== 'BYTES') as NumericDatatype[]

  test.each(numeric)('%s comes back bit for bit: at any offset, of no rows, as a scalar', async (datatype) => {
    const size = elementSizeBytes(datatype)
    // extremes of integers, NaNs and infinities of floats among them
    const bytes = Uint8Array.from({ length: 12 * size }, (_, i) =>
      datatype === 'BOOL' ? i % 2 : i < size ? 0xff : i < 2 * size ? 0 : i * 37,
    )
    const all = viewAs(datatype, bytes)
    const step = await identity(datatype, 2)
    for (const data of [all, all.subarray(5, 11), all.subarray(3, 3)]) {
      const value = tensor(datatype, [data.length / 3, 3].map(Math.floor), data)
      const found = await through(step, value)
      expect({ ...found, shape: [...found.shape] }).toEqual(value)
      expect(hex(found)).toBe(hex(value))
    }
    step.release()
    const scalar = tensor(datatype, [], all.subarray(0, 1))
    const scalars = await identity(datatype, 0)
    expect(await through(scalars, scalar)).toEqual(scalar)
    scalars.release()
  })

  test('BYTES come back as they went: empty, long, of any script, with a byte order mark', async () => {
    const texts = ['', 'plain', '\ufeffmarked', '日本語 😀', 'x'.repeat(5000), '\u007f\u0001']
    const value = tensor(
      'BYTES',
      [2, 3],
      texts.map((text) => new TextEncoder().encode(text)),
    )
    const step = await identity('BYTES', 2)
    const found = await through(step, value)
    expect(found.shape).toEqual([2, 3])
    expect((found.data as Uint8Array[]).map((element) => Buffer.from(element).toString('utf8'))).toEqual(texts)
    expect((await through(step, tensor('BYTES', [0, 3], []))).data).toEqual([])
    step.release()
  })

  test('BYTES keep every byte, NULs and what is no UTF-8 among them', async () => {
    const elements = ['', '00', '620063', '00006100', 'ff', 'c3', 'eda080'].map((bytes) => Buffer.from(bytes, 'hex'))
    const step = await identity('BYTES')
    const value = tensor('BYTES', [elements.length], elements)
    expect(hex(await through(step, value))).toEqual(hex(value))
    step.release()
  })

  test('BYTES that are no UTF-8 do no harm to an operator that needs text', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'BYTES', [undefined])
    const upper = { case_change_action: string('UPPER'), locale: string('C') }
    graph.output(graph.op('StringNormalizer', [x], upper, { outputs: ['y'] }), 'BYTES', [undefined])
    const step = await load(graph)
    const ask = async (...elements: Uint8Array[]) =>
      step.run(new Map([['x', tensor('BYTES', [elements.length], elements)]]), Y)
    for (const wrong of [[0xff], [0xc3], [0xed, 0xa0, 0x80]])
      await ask(Uint8Array.from(wrong)).then(
        (outputs) => expect(outputs.get('y')?.shape).toEqual([1]),
        (error: unknown) => expect(error).toMatchObject({ code: 'internal', details: { reason: 'model_failed' } }),
      )
    expect(hex((await ask(Buffer.from('a'))).get('y') as Tensor)).toEqual(['41'])
    step.release()
  })

  test('a value of another datatype than the graph takes fails the run', async () => {
    const step = await identity('FP32')
    const wrong = new Map([['x', tensor('BF16', [1], Uint16Array.of(1))]])
    const failure = expect.objectContaining({ code: 'internal', details: { reason: 'model_failed' } }) as Error
    await through(step, tensor('FP32', [1], Float32Array.of(1)))
    expect(() => step.run(wrong, Y)).toThrow(failure)
    await expect(step.runOffLoop?.(wrong, Y)).rejects.toEqual(failure)
    step.release()
  })

  test('half floats are computed with', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [undefined])
    const half = graph.op('Cast', [x], { to: int(10) })
    graph.output(graph.op('Cast', [x], { to: int(16) }, { outputs: ['brain'] }), 'BF16', [undefined])
    graph.output(graph.op('Add', [half, half], {}, { outputs: ['sum'] }), 'FP16', [undefined])
    const step = await load(graph)
    const outputs = await step.run(new Map([['x', tensor('FP32', [2], Float32Array.of(1, -2))]]), ['sum', 'brain'])
    expect(outputs.get('sum')).toEqual(tensor('FP16', [2], Uint16Array.of(0x4000, 0xc400)))
    expect(outputs.get('brain')).toEqual(tensor('BF16', [2], Uint16Array.of(0x3f80, 0xc000)))
    step.release()
  })
})

/** `y` is a sequence of `x` and what else is named. */
function sequenceOf(datatype: Datatype, others: (graph: GraphBuilder, x: string) => string[]): Promise<LoadedStep> {
  const graph = new GraphBuilder()
  const x = graph.input('x', datatype, [undefined])
  graph.op('SequenceConstruct', [x, ...others(graph, x)], {}, { outputs: ['y'] })
  graph.outputOf('y', { kind: 'sequence', element: { kind: 'tensor', datatype, shape: undefined } })
  return load(graph)
}

/** `y` is a sequence of maps: from each label to its column of `x`. */
function zipped(key: Datatype, labels: Parameters<GraphBuilder['op']>[2]): Promise<LoadedStep> {
  const graph = new GraphBuilder({
    opsets: new Map([
      ['', 21],
      ['ai.onnx.ml', 1],
    ]),
  })
  const x = graph.input('x', 'FP32', [undefined, 3])
  graph.op('ZipMap', [x], labels, { domain: 'ai.onnx.ml', outputs: ['y'] })
  graph.outputOf('y', {
    kind: 'sequence',
    element: { kind: 'map', key, value: { kind: 'tensor', datatype: 'FP32', shape: undefined } },
  })
  return load(graph)
}

describe('outputs that are sequences', () => {
  const unsupported = (message: string) =>
    expect.objectContaining({ code: 'unsupported', message: `output "y" ${message}, which cannot be served` }) as Error

  test.each([
    ['INT64', zipped('INT64', { classlabels_int64s: ints([7, -1, 2]) })],
    ['text', zipped('BYTES', { classlabels_strings: strings(['é', '', 'a']) })],
  ])('of maps from %s become rows of one column a key, in the order of the keys', async (_keys, loading) => {
    const step = await loading
    const rows = tensor('FP32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))
    expect(await through(step, rows)).toEqual(tensor('FP32', [2, 3], Float32Array.of(2, 3, 1, 5, 6, 4)))
    step.release()
  })

  test('of tensors are stacked', async () => {
    const step = await sequenceOf('INT32', (graph, x) => [graph.op('Neg', [x])])
    const value = tensor('INT32', [3], Int32Array.of(1, 2, 3))
    expect(await through(step, value)).toEqual(tensor('INT32', [2, 3], Int32Array.of(1, 2, 3, -1, -2, -3)))
    step.release()
  })

  test('of text are stacked', async () => {
    const step = await sequenceOf('BYTES', (graph, x) => [graph.op('Identity', [x])])
    const found = await through(step, tensor('BYTES', [2], [Buffer.from('a\0'), Buffer.from('')]))
    expect([found.shape, hex(found)]).toEqual([
      [2, 2],
      ['6100', '', '6100', ''],
    ])
    step.release()
  })

  test('of tensors of unlike shapes are refused by the name of the output', async () => {
    const step = await sequenceOf('FP32', (graph, x) => [graph.op('Concat', [x, x], { axis: int(0) })])
    const inputs = new Map([['x', tensor('FP32', [1], Float32Array.of(1))]])
    const refusal = unsupported('is a sequence of tensors of unlike shapes')
    expect(() => step.run(inputs, Y)).toThrow(refusal)
    await expect(step.runOffLoop?.(inputs, Y)).rejects.toEqual(refusal)
    step.release()
  })

  test('of nothing are refused, as their shape is not known', async () => {
    const graph = new GraphBuilder()
    graph.input('x', 'FP32', [undefined])
    graph.op('SequenceEmpty', [], {}, { outputs: ['y'] })
    graph.outputOf('y', { kind: 'sequence', element: { kind: 'tensor', datatype: 'FP32', shape: undefined } })
    const step = await load(graph)
    const inputs = new Map([['x', tensor('FP32', [1], Float32Array.of(1))]])
    expect(() => step.run(inputs, Y)).toThrow(unsupported('is a sequence of nothing, whose shape is not known'))
    step.release()
  })
})

/** Outputs `10`, `2`, `sum` and `__proto__` of one input, called as exporters call them. */
function fourOutputs(): GraphBuilder {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'FP32', [undefined])
  for (const [name, op] of [
    ['10', 'Neg'],
    ['2', 'Abs'],
    ['sum', 'Identity'],
    ['__proto__', 'Floor'],
  ] as const)
    graph.output(graph.op(op, [x], {}, { outputs: [name] }), 'FP32', [undefined])
  return graph
}

describe('ONNX Runtime', () => {
  const inputs: Tensors = new Map([['x', tensor('FP32', [1], Float32Array.of(-1.5))]])

  test('computes what is wanted, in the order asked for, in the calling tick', async () => {
    const step = await load(fourOutputs())
    for (const wanted of [['sum'], ['10', '2'], ['2', '10'], ['sum', '__proto__', '10', '2']]) {
      const outputs = step.run(inputs, wanted)
      expect(outputs).toBeInstanceOf(Map)
      expect([...(outputs as Tensors).keys()]).toEqual(wanted)
    }
    const all = await step.run(inputs, ['10', '2', 'sum', '__proto__'])
    expect([...all.values()].map((value) => value.data[0])).toEqual([1.5, 1.5, -1.5, -2])
    step.release()
  })

  test('tells of a model that fails without a path, and runs on', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [undefined])
    const two = graph.initializer(tensor('INT64', [1], BigInt64Array.of(2n)))
    graph.output(graph.op('Reshape', [x, two], {}, { outputs: ['y'] }), 'FP32', [2])
    const step = await load(graph)
    const ask = (...values: number[]): Tensors | Promise<Tensors> =>
      step.run(new Map([['x', tensor('FP32', [values.length], Float32Array.from(values))]]), Y)
    expect(() => ask(1, 2, 3)).toThrow(
      expect.objectContaining({
        code: 'internal',
        message: expect.stringMatching(/^the model failed on these inputs: ".*Reshape_1.*"$/) as string,
        details: { reason: 'model_failed' },
      }),
    )
    expect(() => ask(1, 2, 3)).not.toThrow(/\/\w+\//)
    expect((await ask(1, 2)).get('y')?.data).toEqual(Float32Array.of(1, 2))
    step.release()
  })

  test('gives answers that stay when others are computed after them', async () => {
    const step = await identity('FP32')
    const first = await through(step, tensor('FP32', [2], Float32Array.of(1, 2)))
    for (let i = 0; i < 100; i++) await through(step, tensor('FP32', [2], Float32Array.of(i, i)))
    step.release()
    expect(first.data).toEqual(Float32Array.of(1, 2))
  })

  test.each([
    ['empty', new Uint8Array()],
    ['no model', Buffer.from('not a model at all')],
    ['cut off', writeOnnx(fourOutputs().build()).subarray(0, 40)],
  ])('refuses a graph that is %s', async (_what, bytes) => {
    await expect(onnxruntime.load(stepOf(), () => bytes)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringMatching(/^ONNX Runtime turned the graph "deep\/model.onnx" down: /) as string,
    })
  })

  test('refuses an operator that it does not know', async () => {
    const graph = new GraphBuilder({
      opsets: new Map([
        ['', 21],
        ['ai.onnx.ml', 5],
      ]),
    })
    const x = graph.input('x', 'FP32', [undefined])
    // whole numbers only: it has no kernel for floats
    graph.output(graph.op('BitwiseNot', [x], {}, { outputs: ['y'] }), 'FP32', [undefined])
    await expect(load(graph)).rejects.toMatchObject({ code: 'refused' })
  })

  test('reads the file that the step names, and takes a graph from the middle of a buffer', async () => {
    const model = writeOnnx(fourOutputs().build())
    const buffer = new Uint8Array(model.length + 20).fill(0xff)
    buffer.set(model, 7)
    const asked: string[] = []
    const step = await onnxruntime.load(stepOf('all'), (path) => {
      asked.push(path)
      return buffer.subarray(7, 7 + model.length)
    })
    expect(asked).toEqual(['deep/model.onnx'])
    expect((await step.run(inputs, ['2'])).get('2')?.data).toEqual(Float32Array.of(1.5))
    step.release()
  })

  test('gives each answer in memory of its own', async () => {
    const step = await load(fourOutputs())
    const ask = () => step.run(inputs, ['sum', '2'])
    const [first, second, third] = [await ask(), await ask(), await ask()]
    const buffers = [first, second, third].flatMap((outputs) =>
      [...outputs.values()].map(({ data }) => (data as Float32Array).buffer),
    )
    expect(new Set(buffers).size).toBe(buffers.length)
    ;(second.get('sum') as { data: Float32Array }).data.fill(9)
    expect((await ask()).get('sum')).toEqual(first.get('sum'))
    step.release()
  })

  test('gives constants that are outputs', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [undefined])
    graph.output(graph.initializer(tensor('FP32', [2], Float32Array.of(3, 4)), 'constant'), 'FP32', [2])
    graph.output(graph.op('Neg', [x], {}, { outputs: ['y'] }), 'FP32', [undefined])
    for (const optimization of ['off', 'all'] as const) {
      const step = await load(graph, optimization)
      for (const value of [1, 2, 3]) {
        const outputs = await step.run(new Map([['x', tensor('FP32', [1], Float32Array.of(value))]]), ['constant', 'y'])
        expect([...outputs.values()].map(({ data }) => [...data])).toEqual([[3, 4], [-value]])
      }
      step.release()
    }
  })

  test('gives an input that is an output as it came, each time', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [undefined])
    graph.output(x, 'FP32', [undefined])
    graph.output(graph.op('Neg', [x], {}, { outputs: ['y'] }), 'FP32', [undefined])
    const step = await load(graph)
    for (const value of [1, 2, 3]) {
      const outputs = await step.run(new Map([['x', tensor('FP32', [1], Float32Array.of(value))]]), ['x', 'y'])
      expect([...outputs.values()].map(({ data }) => data[0])).toEqual([value, -value])
    }
    step.release()
  })

  test('runs a graph whose outputs have shapes that hang on values', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [undefined])
    graph.output(graph.op('NonZero', [x], {}, { outputs: ['y'] }), 'INT64', [1, undefined])
    const step = await load(graph)
    for (const values of [
      [1, 0, 2],
      [1, 0, 2],
      [0, 0, 3],
      [0, 0, 0],
      [1, 0, 2],
      [4, 5, 6],
    ]) {
      const found = await through(step, tensor('FP32', [3], Float32Array.from(values)))
      const places = values.flatMap((value, i) => (value === 0 ? [] : [BigInt(i)]))
      expect(found).toEqual(tensor('INT64', [1, places.length], BigInt64Array.from(places)))
    }
    step.release()
  })

  test('runs shapes of every size in any order, more of them than it keeps ready', async () => {
    const step = await identity('FP32')
    for (let i = 0; i < 5000; i++) {
      const size = (i * 7919) % 2500
      const value = tensor('FP32', [size], new Float32Array(size).fill(i))
      const outputs = await step.run(new Map([['x', value]]), Y)
      expect(outputs.get('y')?.shape).toEqual([size])
      expect(outputs.get('y')?.data.at(-1)).toBe(value.data.at(-1))
    }
    step.release()
  })

  test('runs large tensors where they lie', async () => {
    const step = await identity('UINT8', 2)
    const whole = Uint8Array.from({ length: 300_001 }, (_, i) => i * 31)
    const value = tensor('UINT8', [1000, 300], whole.subarray(1))
    expect(hex(await through(step, value))).toBe(hex(value))
    step.release()
  })

  test('loads quickly without optimising, to the same answers', async () => {
    const optimized = await load(fourOutputs(), 'all')
    const quick = await load(fourOutputs(), 'all', { isQuick: true })
    const wanted = ['10', '2', 'sum']
    expect(await quick.run(inputs, wanted)).toEqual(await optimized.run(inputs, wanted))
    quick.release()
    optimized.release()
  })

  test('loads a graph of megabytes in the tick and off it, and gives the memory of loading back between', async () => {
    const size = 2 ** 19
    const weights = Float32Array.from({ length: size }, (_weight, i) => i)
    for (const isBackground of [false, true]) {
      const graph = new GraphBuilder()
      const x = graph.input('x', 'FP32', [1])
      const w = graph.initializer({ datatype: 'FP32', shape: [size], data: weights })
      graph.output(graph.op('Add', [x, w], {}, { outputs: ['y'] }), 'FP32', [size])
      const step = await load(graph, 'all', { isBackground })
      const y = await through(step, tensor('FP32', [1], Float32Array.of(1)))
      expect(y.data[size - 1]).toBe(size)
      step.release()
    }
    // Only glibc has a way to ask.
    const report = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } }
    expect(library().trim !== undefined).toBe(report.header.glibcVersionRuntime !== undefined)
  })

  test('loads in the background, to the same answers and refusals', async () => {
    const step = await load(fourOutputs(), 'all', { isBackground: true })
    expect((await step.run(inputs, ['2'])).get('2')?.data).toEqual(Float32Array.of(1.5))
    step.release()
    const loading = onnxruntime.load(stepOf(), () => Buffer.from('no model'), { isBackground: true })
    await expect(loading).rejects.toMatchObject({ code: 'refused' })
  })

  test('names the version of the library that it calls', () => {
    expect(onnxruntime.version).toBe('1.30.0')
  })

  test('takes graphs and host kernels, and no code', () => {
    expect(onnxruntime.refusal(stepOf(), () => new Uint8Array())).toBeUndefined()
    const other = { ...stepOf(), kind: 'python' } as unknown as OnnxStep
    expect(onnxruntime.refusal(other, () => new Uint8Array())).toBe('it runs no code')
  })
})

/** `y` FP32 is `x` after so many turns of cosines; a turn of 20,000 elements takes some tenths of a millisecond. */
function loopOf(turns: bigint): GraphBuilder {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'FP32', [undefined])
  const turn = graph.subgraph('turn')
  turn.input('i', 'INT64', [])
  turn.op('Identity', [turn.input('go', 'BOOL', [])], {}, { outputs: ['go_on'] })
  turn.op('Cos', [turn.input('state', 'FP32', [undefined])], {}, { outputs: ['next'] })
  turn.output('go_on', 'BOOL', [])
  turn.output('next', 'FP32', [undefined])
  const count = graph.initializer(tensor('INT64', [], BigInt64Array.of(turns)))
  const start = graph.initializer(tensor('BOOL', [], Uint8Array.of(1)))
  graph.op('Loop', [count, start, x], { body: graphAttribute(turn.graph()) }, { outputs: ['y'] })
  graph.output('y', 'FP32', [undefined])
  return graph
}

describe('runs off the event loop', () => {
  const large = (seed: number) => new Map([['x', tensor('FP32', [20_000], new Float32Array(20_000).fill(seed))]])

  test('leave the loop free for others', async () => {
    const [endless, other] = [await load(loopOf(2n ** 62n)), await identity('FP32')]
    const running = Promise.allSettled([endless.runOffLoop?.(large(1), Y)])
    for (let turn = 0; turn < 10; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      await through(other, tensor('FP32', [1], Float32Array.of(turn)))
    }
    endless.release()
    expect(await running).toMatchObject([{ status: 'rejected' }])
    other.release()
  })

  test('go on side by side, more than there are threads, each with its own answer', async () => {
    const step = await load(loopOf(3n))
    const seeds = Array.from({ length: 150 }, (_, i) => i / 100)
    const found = await Promise.all(seeds.map(async (seed) => step.runOffLoop?.(large(seed), Y)))
    for (const [i, seed] of seeds.entries()) {
      const value = found[i]?.get('y')?.data[19_999]
      expect(value).toBeCloseTo(Math.cos(Math.cos(Math.cos(seed))), 5)
      if (i % 50 === 0) expect((await step.run(large(seed), Y)).get('y')).toEqual(found[i]?.get('y'))
    }
    step.release()
  })

  test('of a step that is released all the same are stopped, and harm nothing', async () => {
    const step = await load(loopOf(2n ** 62n))
    const running = Promise.allSettled([1, 2, 3].map(async (seed) => step.runOffLoop?.(large(seed), Y)))
    setImmediate(() => step.release())
    for (const run of await running) expect(run).toMatchObject({ status: 'rejected', reason: { code: 'internal' } })
    await expect(step.runOffLoop?.(large(1), Y)).rejects.toThrow('after its release')
    expect(() => step.run(large(1), Y)).toThrow('after its release')
  })

  test('end with their process, at once and without a crash', { timeout: 180_000 }, async () => {
    const ways = ['exit', 'later', 'throw', 'load', 'drain']
    const ends = async (way: string) => {
      const { error, stderr } = await runChild(join(import.meta.dirname, 'onnxruntime/exit.fixture.ts'), way)
      expect({ way, code: error?.code ?? 0, signal: error?.signal ?? null, stderr }).toEqual({
        way,
        code: way === 'throw' ? 9 : 0,
        signal: null,
        stderr: '',
      })
    }
    const starts = Array.from({ length: 25 }, (_, i) => ways[i % ways.length] as string)
    // two at a time
    await Promise.all(
      [0, 1].map(async (lane) => {
        for (const way of starts.filter((_, i) => i % 2 === lane)) await ends(way)
      }),
    )
  })
})

test('2,000 models loaded, run and released leave nothing behind', { timeout: 180_000 }, async () => {
  const { error, stdout, stderr } = await runChild(join(import.meta.dirname, 'onnxruntime/leak.fixture.ts'), '2000')
  expect({ error, stderr }).toEqual({ error: undefined, stderr: '' })
  const { grownMiB } = JSON.parse(stdout) as { grownMiB: number }
  expect(grownMiB).toBeLessThan(40) // a session kept each time would be 150, the values of one run more
})

interface Ended {
  readonly error: { readonly code: number; readonly signal: string | null } | undefined
  readonly stdout: string
  readonly stderr: string
}

async function runChild(...args: string[]): Promise<Ended> {
  try {
    const options = { timeout: 60_000, env: { ...process.env, NODE_OPTIONS: '' } }
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--expose-gc', ...args], options)
    return { error: undefined, stdout, stderr }
  } catch (error) {
    const { code, signal, stdout, stderr } = error as {
      code: number
      signal: string | null
      stdout: string
      stderr: string
    }
    return { error: { code, signal }, stdout, stderr }
  }
}
