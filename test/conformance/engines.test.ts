import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toJsonTensor, type JsonTensor } from '../../src/bundle/json-tensor.ts'
import type { Golden } from '../../src/bundle/manifest.ts'
import type { OnnxStep, Program } from '../../src/bundle/program.ts'
import type { LoadOptions } from '../../src/engines/engine.ts'
import { firstDifferenceOf, replayGolden, tensorsOf } from '../../src/engines/golden.ts'
import { ENGINES } from '../../src/engines/index.ts'
import { onnxruntime } from '../../src/engines/onnxruntime.ts'
import { loadProgram, type LoadedProgram, type Place } from '../../src/engines/program.ts'
import { GraphBuilder, int, ints, tensorAttribute, writeOnnx, type OnnxType } from '../../src/onnx/index.ts'
import { sliceRows, tensor, type Tensor, type Tensors } from '../../src/tensor/tensor.ts'

/** A model with rows and the answers that every engine must give. */
interface Subject {
  readonly graph: Uint8Array
  readonly input: string
  /** Names of its outputs, in the graph's order. */
  readonly outputs: readonly string[]
  readonly golden: Golden
}

function fp64(shape: readonly number[], values: readonly number[]): Tensor {
  return tensor('FP64', shape, Float64Array.from(values))
}

function goldenOf(input: string, x: Tensor, outputs: Record<string, JsonTensor>, relative: number): Golden {
  return { inputs: { [input]: toJsonTensor(x) }, outputs, tolerance: { relative, absolute: 0 }, recordedBy: 'by hand' }
}

/** The example's model, with the answers that scikit-learn gave. */
function fraud(): Subject {
  const folder = join(import.meta.dirname, '../../examples/fraud')
  const { expected } = JSON.parse(readFileSync(join(folder, 'coefficients.json'), 'utf8')) as {
    expected: { X: number[][]; predict: number[]; predict_proba: number[][] }
  }
  const rows = expected.X.length
  const outputs = {
    predict: toJsonTensor(tensor('INT64', [rows], BigInt64Array.from(expected.predict, BigInt))),
    predict_proba: toJsonTensor(fp64([rows, 2], expected.predict_proba.flat())),
  }
  return {
    graph: readFileSync(join(folder, 'fraud.onnx')),
    input: 'X',
    outputs: Object.keys(outputs),
    golden: goldenOf('X', fp64([rows, expected.X[0]?.length ?? 0], expected.X.flat()), outputs, 1e-12),
  }
}

/** Two trees in FP64 whose answers depend on the last bit of a threshold, added up by hand. */
function trees(): Subject {
  const builder = new GraphBuilder()
  const x = builder.input('x', 'FP64', ['rows', 2])
  builder.output(
    builder.op(
      'TreeEnsemble',
      [x],
      {
        // first tree: a <= 0.1 ? (b <= 5 ? 0.1 : 0.2) : 3.25; second tree: b <= 7 ? 10 : 20
        tree_roots: ints([0, 2]),
        nodes_featureids: ints([0, 1, 1]),
        nodes_modes: tensorAttribute(tensor('UINT8', [3], new Uint8Array(3))),
        nodes_splits: tensorAttribute(fp64([3], [0.1, 5, 7])),
        nodes_truenodeids: ints([1, 0, 3]),
        nodes_falsenodeids: ints([2, 1, 4]),
        nodes_trueleafs: ints([0, 1, 1]),
        nodes_falseleafs: ints([1, 1, 1]),
        leaf_targetids: ints([0, 0, 0, 0, 0]),
        leaf_weights: tensorAttribute(fp64([5], [0.1, 0.2, 3.25, 10, 20])),
        n_targets: int(1),
        aggregate_function: int(1),
        post_transform: int(0),
      },
      { domain: 'ai.onnx.ml', outputs: ['sum'] },
    ),
    'FP64',
    ['rows', 1],
  )
  const rows: [number, number, number][] = [
    [0.1, 5, 10.1],
    [0.1, 5.000000000000001, 10.2],
    [0.10000000000000002, 0, 13.25],
    [-1e300, 7, 10.2],
    [0, 7.000000000000001, 20.2],
    [Number.NaN, 1, 13.25],
    [Infinity, -Infinity, 13.25],
  ]
  const inputs = fp64(
    [rows.length, 2],
    rows.flatMap(([a, b]) => [a, b]),
  )
  const sums = rows.map(([, , sum]) => sum)
  return {
    graph: writeOnnx(builder.build()),
    input: 'x',
    outputs: ['sum'],
    golden: goldenOf('x', inputs, { sum: toJsonTensor(fp64([rows.length, 1], sums)) }, 1e-15),
  }
}

/** The same with a recorded answer that is off by a billionth. */
function changed(subject: Subject): Subject {
  const [name = ''] = subject.outputs.toReversed()
  const recorded = subject.golden.outputs[name] as JsonTensor
  const data = recorded.data.map((value, i) => (i === 2 ? Number(value) * (1 + 1e-9) : value))
  const outputs = { ...subject.golden.outputs, [name]: { ...recorded, data } }
  return { ...subject, golden: { ...subject.golden, outputs } }
}

const SUBJECTS: [string, Subject][] = [
  ['the fraud example', fraud()],
  ['two trees in FP64', trees()],
]

/** A step that gives all the outputs of one input under their own names. */
function stepOf({ input, outputs }: Pick<Subject, 'input' | 'outputs'>): OnnxStep {
  return {
    kind: 'onnx',
    file: 'model.onnx',
    inputs: { [input]: input },
    outputs: Object.fromEntries(outputs.map((name) => [name, name])),
    optimization: 'basic',
  }
}

/** `y` is `x`: whatever goes in comes out. */
function echo(value: Tensor): Uint8Array {
  const builder = new GraphBuilder()
  const shape = value.shape.map((_, axis) => `size${axis}`)
  const x = builder.input('x', value.datatype, shape)
  builder.output(builder.op('Identity', [x], {}, { outputs: ['y'] }), value.datatype, shape)
  return writeOnnx(builder.build())
}

/** Values whose bytes must come back as they went, if the engine takes their datatype at all. */
const ECHOES: [string, Tensor][] = [
  ['text with NULs and bytes that are no UTF-8', tensor('BYTES', [4], ['', '00', '610062', 'ff'].map(fromHex))],
  ['half floats: 1, the least, infinity, NaN', tensor('FP16', [2, 2], Uint16Array.of(0x3c00, 1, 0x7c00, 0x7e01))],
  ['brain floats: 1, the least, infinity, NaN', tensor('BF16', [4], Uint16Array.of(0x3f80, 1, 0x7f80, 0x7fc1))],
  ['truth values', tensor('BOOL', [3], Uint8Array.of(1, 0, 1))],
  ['the ends of INT64', tensor('INT64', [2], BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n))],
]

function fromHex(bytes: string): Buffer {
  return Buffer.from(bytes, 'hex')
}

function plain({ datatype, shape, data }: Tensor): unknown {
  const elements = Array.from<unknown>(data as ArrayLike<unknown>)
  const shown = elements.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value))
  return { datatype, shape: [...shape], elements: shown }
}

/** Outputs that are sequences, with what they become. */
function sequences(): [string, Uint8Array, Tensor, Tensor][] {
  const x = tensor('FP32', [2, 2], Float32Array.of(0.25, 0.75, 0.5, 0.5))
  const maps = new GraphBuilder()
  const scores = maps.input('x', 'FP32', ['rows', 2])
  maps.op('ZipMap', [scores], { classlabels_int64s: ints([0, 1]) }, { domain: 'ai.onnx.ml', outputs: ['y'] })
  const value: OnnxType = { kind: 'tensor', datatype: 'FP32', shape: undefined }
  maps.outputOf('y', { kind: 'sequence', element: { kind: 'map', key: 'INT64', value } })
  const tensors = new GraphBuilder()
  const first = tensors.input('x', 'FP32', ['rows', 2])
  tensors.op('SequenceConstruct', [first, tensors.op('Neg', [first])], {}, { outputs: ['y'] })
  tensors.outputOf('y', { kind: 'sequence', element: value })
  const stacked = tensor('FP32', [2, 2, 2], Float32Array.of(0.25, 0.75, 0.5, 0.5, -0.25, -0.75, -0.5, -0.5))
  return [
    ['maps', writeOnnx(maps.build()), x, x],
    ['tensors', writeOnnx(tensors.build()), x, stacked],
  ]
}

const PLACES: readonly Place[] = ['in-tick', 'off-loop']

describe.each(ENGINES.map((engine) => [engine.name, engine] as const))('the engine %s', (_name, engine) => {
  function load({ graph, input, outputs }: Subject, options?: LoadOptions): Promise<LoadedProgram> {
    const program: Program = { steps: [stepOf({ input, outputs })] }
    return loadProgram(program, [engine], () => graph, options)
  }

  test('says which version of it computes', () => {
    expect(engine.version).toMatch(/^\d+(\.\d+)*$/)
  })

  /** Runs a graph from `x` to `y`; undefined when the engine says, before it loads anything, that it cannot. */
  async function echoed(graph: Uint8Array, value: Tensor, place: Place): Promise<Tensor | undefined> {
    const step = stepOf({ input: 'x', outputs: ['y'] })
    if (engine.refusal(step, () => graph) !== undefined) return undefined
    const program = await loadProgram({ steps: [step] }, [engine], () => graph)
    const outputs = await program.run(new Map([['x', value]]), ['y'], place)
    program.release()
    return outputs.get('y')
  }

  test.each(ECHOES)('keeps %s, or says that it does not run such a graph', async (_what, value) => {
    for (const place of PLACES) {
      const found = await echoed(echo(value), value, place)
      if (found !== undefined) expect(plain(found)).toEqual(plain(value))
      else expect(engine).not.toBe(onnxruntime) // which runs everything
    }
  })

  test.each(sequences())('gives a sequence of %s as a tensor, or says that it does not', async (_what, graph, x, y) => {
    for (const place of PLACES) {
      const found = await echoed(graph, x, place)
      if (found !== undefined) expect(plain(found)).toEqual(plain(y))
      else expect(engine).not.toBe(onnxruntime)
    }
  })

  function inputsOf({ golden, input }: Subject): Tensor {
    const { shape, data } = golden.inputs[input] as JsonTensor
    return fp64(shape, data.map(Number))
  }

  describe.each(SUBJECTS)('with %s', (_subject, subject) => {
    const ask = (program: LoadedProgram, x: Tensor, wanted = subject.outputs): Tensors | Promise<Tensors> =>
      program.run(new Map([[subject.input, x]]), wanted)

    test('gives the golden rows', async () => {
      const program = await load(subject)
      expect(program.engines).toEqual([engine.name])
      await replayGolden(program, subject.golden)
      program.release()
    })

    test('is caught when its answers are not the golden rows', async () => {
      const program = await load(subject)
      await expect(replayGolden(program, changed(subject).golden)).rejects.toMatchObject({
        code: 'refused',
        details: { reason: 'golden_rows', output: subject.outputs.at(-1) },
      })
      program.release()
    })

    test('gives a row alone the bits that it has among others', async () => {
      const program = await load(subject)
      const x = inputsOf(subject)
      const together = await ask(program, x)
      for (let row = 0; row < (x.shape[0] ?? 0); row++) {
        const alone = await ask(program, sliceRows(x, row, row + 1))
        for (const name of subject.outputs)
          expect(alone.get(name)?.data).toEqual(sliceRows(together.get(name) as Tensor, row, row + 1).data)
      }
      program.release()
    })

    test('gives no rows for none', async () => {
      const program = await load(subject)
      const x = inputsOf(subject)
      const none = await ask(program, sliceRows(x, 0, 0))
      for (const name of subject.outputs)
        expect(none.get(name)).toMatchObject({ shape: expect.arrayContaining([0]) as number[] })
      for (const value of none.values()) expect(value.data).toHaveLength(0)
      program.release()
    })

    test('gives what is wanted alone, in the order asked for', async () => {
      const program = await load(subject)
      const x = inputsOf(subject)
      for (const wanted of [...subject.outputs.map((name) => [name]), subject.outputs.toReversed()])
        expect([...(await ask(program, x, wanted)).keys()]).toEqual(wanted)
      program.release()
    })

    test('runs again after another program of the same file was released', async () => {
      const [one, other] = [await load(subject), await load(subject)]
      one.release()
      await replayGolden(other, subject.golden)
      other.release()
    })

    test('gives off the event loop what it gives in the tick, several at once and of unlike sizes', async () => {
      const program = await load(subject)
      expect(program.canRunOffLoop).toBe(engine === onnxruntime)
      const x = inputsOf(subject)
      const rows = x.shape[0] ?? 0
      const parts = Array.from({ length: 4 * rows }, (_, i) => sliceRows(x, 0, i % (rows + 1)))
      const off = await Promise.all(
        parts.map(async (part) => program.run(new Map([[subject.input, part]]), subject.outputs, 'off-loop')),
      )
      for (const [i, part] of parts.entries()) expect(off[i]).toEqual(await ask(program, part))
      program.release()
    })

    test('gives the golden rows when it was loaded quickly, or in the background', async () => {
      for (const options of [{ isQuick: true }, { isBackground: true }, { isQuick: true, isBackground: true }]) {
        const program = await load(subject, options)
        const outputs = await ask(program, inputsOf(subject))
        const expected = tensorsOf(subject.golden.outputs, 'golden outputs')
        expect(firstDifferenceOf(outputs, expected, subject.golden.tolerance)).toBeUndefined()
        program.release()
      }
    })

    test('is refused when its file is cut off', async () => {
      const cut = { ...subject, graph: subject.graph.subarray(0, subject.graph.length / 2) }
      await expect(load(cut)).rejects.toMatchObject({
        code: expect.stringMatching(/^(refused|unsupported)$/) as string,
      })
    })
  })
})
