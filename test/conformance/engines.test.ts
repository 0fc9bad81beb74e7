import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { toJsonTensor, type JsonTensor } from '../../src/bundle/json-tensor.ts'
import type { Golden } from '../../src/bundle/manifest.ts'
import type { OnnxStep, Program } from '../../src/bundle/program.ts'
import { replayGolden } from '../../src/engines/golden.ts'
import { ENGINES } from '../../src/engines/index.ts'
import { loadProgram, type LoadedProgram } from '../../src/engines/program.ts'
import { GraphBuilder, int, ints, tensorAttribute, writeOnnx } from '../../src/onnx/index.ts'
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

describe.each(ENGINES.map((engine) => [engine.name, engine] as const))('the engine %s', (_name, engine) => {
  function load({ graph, input, outputs }: Subject): Promise<LoadedProgram> {
    const step: OnnxStep = {
      kind: 'onnx',
      file: 'model.onnx',
      inputs: { [input]: input },
      outputs: Object.fromEntries(outputs.map((name) => [name, name])),
      optimization: 'basic',
    }
    const program: Program = { steps: [step] }
    return loadProgram(program, [engine], () => graph)
  }

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

    test('is refused when its file is cut off', async () => {
      const cut = { ...subject, graph: subject.graph.subarray(0, subject.graph.length / 2) }
      await expect(load(cut)).rejects.toMatchObject({
        code: expect.stringMatching(/^(refused|unsupported)$/) as string,
      })
    })
  })
})
