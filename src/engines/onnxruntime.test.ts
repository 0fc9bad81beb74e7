import { describe, expect, test } from 'vitest'
import type { OnnxStep } from '../bundle/program.ts'
import { GraphBuilder, int, writeOnnx } from '../onnx/index.ts'
import { DATATYPES, elementSizeBytes, type Datatype, type NumericDatatype } from '../tensor/datatype.ts'
import { bytesOf, tensor, viewAs, type Tensor, type Tensors } from '../tensor/tensor.ts'
import type { LoadedStep } from './engine.ts'
import { onnxruntime } from './onnxruntime.ts'

function stepOf(optimization: OnnxStep['optimization'] = 'off'): OnnxStep {
  return { kind: 'onnx', file: 'deep/model.onnx', inputs: {}, outputs: {}, optimization }
}

function load(builder: GraphBuilder, optimization?: OnnxStep['optimization']): Promise<LoadedStep> {
  const bytes = writeOnnx(builder.build())
  return onnxruntime.load(stepOf(optimization), () => bytes)
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

async function through(step: LoadedStep, value: Tensor): Promise<Tensor> {
  const outputs = await step.run(new Map([['x', value]]), Y)
  expect([...outputs.keys()]).toEqual(Y)
  return outputs.get('y') as Tensor
}

function hex({ data }: Tensor): unknown {
  return Array.isArray(data)
    ? data.map((bytes: Uint8Array) => Buffer.from(bytes).toString('hex'))
    : Buffer.from(bytesOf(data as Float32Array)).toString('hex')
}

describe('values through ONNX Runtime', () => {
  const numeric = DATATYPES.filter((datatype) => datatype !== 'BYTES' && datatype !== 'BF16') as NumericDatatype[]

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

  test('BYTES with a NUL are refused, not cut', async () => {
    const step = await identity('BYTES')
    const value = tensor('BYTES', [2], [Buffer.from('a'), Buffer.from('b\0c')])
    expect(() => step.run(new Map([['x', value]]), Y)).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringContaining('input "x": element 1 holds a NUL byte') as string,
      }),
    )
    step.release()
  })

  test.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]]])('BYTES that are no UTF-8 (%j) are refused', async (wrong) => {
    const step = await identity('BYTES')
    const value = tensor('BYTES', [1], [Uint8Array.from(wrong)])
    expect(() => step.run(new Map([['x', value]]), Y)).toThrow(
      expect.objectContaining({ code: 'invalid_argument', message: 'input "x": element 0 is no UTF-8 text' }),
    )
    step.release()
  })

  test('BF16, which the binding cannot carry, is refused', async () => {
    const step = await identity('FP32')
    expect(() => step.run(new Map([['x', tensor('BF16', [1], Uint16Array.of(1))]]), Y)).toThrow(
      expect.objectContaining({ code: 'unsupported' }),
    )
    step.release()
  })

  test('an output that the binding cannot carry fails the run, in words', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [undefined])
    graph.output(graph.op('Cast', [x], { to: int(16) }, { outputs: ['y'] }), 'BF16', [undefined])
    const step = await load(graph)
    expect(() => step.run(new Map([['x', tensor('FP32', [1], Float32Array.of(1))]]), Y)).toThrow(
      expect.objectContaining({ code: 'internal', message: expect.stringContaining('not supported') as string }),
    )
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

  test('takes graphs, and no other kind of step', () => {
    expect(onnxruntime.refusal(stepOf(), () => new Uint8Array())).toBeUndefined()
    const other = { ...stepOf(), kind: 'text' } as unknown as OnnxStep
    expect(onnxruntime.refusal(other, () => new Uint8Array())).toBe('it runs ONNX graphs, not steps of kind "text"')
  })
})
