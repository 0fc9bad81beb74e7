import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  GraphBuilder,
  graphAttribute,
  int,
  readOnnx,
  validateOnnx,
  writeOnnx,
  type OnnxModel,
} from '../../onnx/index.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { hostKernels } from './engine.ts'
import {
  expectAgreement,
  expectSame,
  floatTensor,
  numbersOf,
  randomFloats,
  randomFrom,
  refusalOf,
  runHost,
  runOnnxRuntime,
  stepOf,
} from './testing.ts'

const fixtures = join(import.meta.dirname, 'fixtures')
const files = readdirSync(fixtures).filter((file) => file.endsWith('.onnx'))

describe('models of scikit-learn', () => {
  test.each(files)('%s answers as ONNX Runtime does, in any number of rows', async (file) => {
    const bytes = readFileSync(join(fixtures, file))
    const model = readOnnx(bytes)
    validateOnnx(model)
    const [input] = model.graph.inputs
    if (input?.type?.kind !== 'tensor') throw new Error('the fixture has no input; this is a bug')
    const datatype = input.type.datatype as 'FP32' | 'FP64'
    const names = model.graph.outputs.map((output) => output.name)
    for (const rows of [1, 2, 47, 300]) {
      // Other sums of many threads are other sums: the fixture's own engine runs in one.
      const values = randomFloats(randomFrom(rows), rows * 10, /tree|forest|boosting/.test(file))
      const inputs = new Map([[input.name, floatTensor(datatype, [rows, 10], values)]])
      const theirs = await runOnnxRuntime(bytes, inputs, names)
      const ours = await runHost(model, inputs)
      for (const name of names)
        expectSame(ours.get(name) as Tensor, theirs.get(name) as Tensor, name, { absolute: 1e-6 })
    }
  })
})

test('a bound run takes its inputs in the order in which they were named, and says what is wrong with them', async () => {
  const graph = new GraphBuilder()
  const [a, b] = [graph.input('a', 'FP64', ['rows']), graph.input('b', 'FP64', ['rows'])]
  graph.op('Sub', [a, b], {}, { outputs: ['difference'] })
  graph.op('Add', [a, b], {}, { outputs: ['sum'] })
  for (const name of ['difference', 'sum']) graph.output(name, 'FP64', ['rows'])
  const model = graph.build()
  const bytes = writeOnnx(model)
  const loaded = await hostKernels.load(stepOf(model), () => bytes)
  const one = (value: number) => floatTensor('FP64', [1], [value])
  const numbers = (results: readonly Tensor[] | undefined) => results?.map(({ data }) => Number(data[0]))
  const wanted = ['sum', 'difference']
  expect(numbers(loaded.bind?.(['a', 'b'], wanted)([one(5), one(3)]))).toEqual([8, 2])
  expect(numbers(loaded.bind?.(['b', 'c', 'a'], wanted)([one(5), one(9), one(3)]))).toEqual([8, -2])
  expect(() => loaded.bind?.(['b'], wanted)([one(5)])).toThrow('input "a" of the graph is missing')
  expect(() => loaded.bind?.(['a', 'b'], wanted)([one(5), floatTensor('FP32', [1], [3])])).toThrow(
    'is FP32 of shape [1]',
  )
  loaded.release()
})

test('what a run gave is not changed by later runs, however large, nor by one that failed', async () => {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'FP64', ['rows', 'columns'])
  const doubled = graph.op('Add', [x, x])
  const names = ['sum', 'same', 'deep'] as const
  const outputs = [
    graph.op('Add', [doubled, x], {}, { outputs: [names[0]] }),
    graph.op('Identity', [doubled], {}, { outputs: [names[1]] }),
    graph.op(
      'Reshape',
      [doubled, graph.initializer({ datatype: 'INT64', shape: [1], data: BigInt64Array.of(-1n) })],
      {},
      { outputs: [names[2]] },
    ),
  ]
  for (const output of outputs) graph.output(output, 'FP64')
  const bytes = writeOnnx(graph.build())
  const step = stepOf(readOnnx(bytes))
  const loaded = await hostKernels.load(step, () => bytes)
  const run = (rows: number, value: number) =>
    loaded.run(new Map([['x', floatTensor('FP64', [rows, 8], Array(rows * 8).fill(value))]]), names)
  const sizes = [1, 8, 17, 40, 300, 5000, 40, 40]
  const given = []
  for (const [i, rows] of sizes.entries()) {
    given.push(await run(rows, i + 1))
    expect(() => loaded.run(new Map(), names)).toThrow('input "x" of the graph is missing')
  }
  for (const [i, rows] of sizes.entries())
    for (const [name, times] of [
      ['sum', 3],
      ['same', 2],
      ['deep', 2],
    ] as const)
      expect(new Set(numbersOf(given[i] as ReadonlyMap<string, Tensor>, name)), `${name} of ${rows} rows`).toEqual(
        new Set([times * (i + 1)]),
      )
})

test('a step that is loaded as soon as it was asked about is read once', async () => {
  const bytes = Uint8Array.from(readFileSync(join(fixtures, 'boosting-2.onnx')))
  const model = readOnnx(bytes)
  const step = stepOf(model)
  expect(hostKernels.refusal(step, () => bytes)).toBeUndefined()
  bytes.fill(0)
  await expect(hostKernels.load(step, () => bytes)).resolves.toBeDefined()
  await expect(hostKernels.load({ ...step }, () => bytes)).rejects.toMatchObject({ code: 'refused' })
})

/** A scaled logistic regression in FP64, of plain operators: labels by class number, and probabilities. */
function logisticModel(classes: number, random: () => number): OnnxModel {
  const graph = new GraphBuilder()
  const reals = (...shape: number[]): string => {
    const count = shape.reduce((product, size) => product * size, 1)
    return graph.initializer(floatTensor('FP64', shape, randomFloats(random, count, false)))
  }
  const x = graph.input('x', 'FP64', ['rows', 10])
  const scaled = graph.op('Div', [graph.op('Sub', [x, reals(10)]), reals(10)])
  const scores = graph.op('Add', [graph.op('MatMul', [scaled, reals(10, classes)]), reals(classes)])
  const [probabilities = ''] = graph.node('Softmax', [scores], { axis: int(1) }, { outputs: ['probabilities'] })
  const chosen = graph.op('ArgMax', [probabilities], { axis: int(1), keepdims: int(0) })
  const labels = graph.initializer({
    datatype: 'INT64',
    shape: [classes],
    data: BigInt64Array.from({ length: classes }, (_class, i) => BigInt(7 * i - 3)),
  })
  graph.output(graph.op('Gather', [labels, chosen], {}, { outputs: ['label'] }), 'INT64', ['rows'])
  graph.output(probabilities, 'FP64', ['rows', classes])
  return graph.build()
}

describe('models of plain operators', () => {
  test.each([2, 3])("a scaled logistic regression of %d classes is ONNX Runtime's to 1e-12", async (classes) => {
    const random = randomFrom(classes)
    const model = logisticModel(classes, random)
    for (const rows of [0, 1, 2, 47, 300])
      await expectAgreement(
        model,
        new Map([['x', floatTensor('FP64', [rows, 10], randomFloats(random, rows * 10, false))]]),
      )
  })

  test('NaN and infinities in a row end in its own answer only', async () => {
    const random = randomFrom(5)
    const model = logisticModel(3, random)
    const values = randomFloats(random, 30, false)
    const clean = await runHost(model, new Map([['x', floatTensor('FP64', [3, 10], values)]]))
    const spoilt = await runHost(
      model,
      new Map([
        [
          'x',
          floatTensor(
            'FP64',
            [3, 10],
            values.map((value, i) => (i === 12 ? Number.NaN : i === 13 ? Infinity : value)),
          ),
        ],
      ]),
    )
    const before = numbersOf(clean, 'probabilities')
    const after = numbersOf(spoilt, 'probabilities')
    expect(after.slice(3, 6)).toEqual([Number.NaN, Number.NaN, Number.NaN])
    expect([...after.slice(0, 3), ...after.slice(6)]).toEqual([...before.slice(0, 3), ...before.slice(6)])
  })

  test('answers are kept when others are computed after them', async () => {
    const model = logisticModel(20, randomFrom(9))
    const loaded = await load(model)
    const x = (seed: number): Map<string, Tensor> =>
      new Map([['x', floatTensor('FP64', [1, 10], randomFloats(randomFrom(seed), 10, false))]])
    const first = await loaded.run(x(1), ['probabilities'])
    const kept = numbersOf(first, 'probabilities')
    for (let seed = 2; seed < 200; seed++) await loaded.run(x(seed), ['probabilities'])
    expect(numbersOf(first, 'probabilities')).toEqual(kept)
  })
})

/** x [rows, 4] to a shifted sum, its doubled, and whether it is above 1. */
function threeOutputs(): OnnxModel {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'FP64', ['rows', 4])
  const y = graph.input('y', 'FP64', ['rows', 4])
  const one = graph.initializer(floatTensor('FP64', [], [1]))
  const [sum = ''] = graph.node('Add', [x, one], {}, { outputs: ['sum'] })
  graph.output(sum, 'FP64')
  graph.output(graph.op('Add', [sum, sum], {}, { outputs: ['doubled'] }), 'FP64')
  graph.output(graph.op('Greater', [y, one], {}, { outputs: ['above'] }), 'BOOL')
  return graph.build()
}

async function load(model: OnnxModel, outputs?: string[]) {
  const bytes = writeOnnx(model)
  return hostKernels.load(stepOf(model, outputs), () => bytes)
}

describe('the host kernels', () => {
  const x = floatTensor('FP64', [1, 4], [1, 2, 3, 4])

  test('only what is wanted is computed, and only its inputs are asked for', async () => {
    const loaded = await load(threeOutputs())
    const doubled = (await loaded.run(new Map([['x', x]]), ['doubled'])).get('doubled')
    expect([...((doubled as Tensor).data as Float64Array)]).toEqual([4, 6, 8, 10])
    expect([...(await loaded.run(new Map([['y', x]]), ['above'])).keys()]).toEqual(['above'])
    expect(() => loaded.run(new Map([['x', x]]), ['above', 'sum'])).toThrow('input "y" of the graph is missing')
  })

  test('a plain result comes in the calling tick', async () => {
    const loaded = await load(threeOutputs())
    expect(loaded.run(new Map([['x', x]]), ['sum'])).toBeInstanceOf(Map)
  })

  test('outputs that the step does not name are neither lowered nor refused', () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [undefined, 4])
    graph.output(graph.op('Neg', [x], {}, { outputs: ['fine'] }), 'FP32')
    graph.output(graph.op('Erf', [x], {}, { outputs: ['odd'] }), 'FP32')
    const model = graph.build()
    expect(refusalOf(model, ['fine'])).toBeUndefined()
    expect(refusalOf(model)).toContain('(Erf) has an operator that no kernel covers')
  })

  test('what hangs on constants alone is computed at load', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [undefined])
    const two = graph.op('Constant', [], { value_float: { type: 'float', value: 2 } })
    const four = graph.op('Mul', [two, two])
    graph.output(graph.op('Pow', [x, four], {}, { outputs: ['out'] }), 'FP32')
    graph.output(four, 'FP32')
    await expectAgreement(graph.build(), new Map([['x', floatTensor('FP32', [2], [3, -1])]]))
  })

  test('constants on which no run could succeed are refused at load', async () => {
    const graph = new GraphBuilder()
    const zero = graph.initializer({ datatype: 'INT64', shape: [], data: BigInt64Array.of(0n) })
    const x = graph.input('x', 'INT64', [undefined])
    graph.output(graph.op('Add', [x, graph.op('Div', [zero, zero])], {}, { outputs: ['out'] }), 'INT64')
    await expect(load(graph.build())).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('an integer is divided by zero'),
    })
  })

  test('an input may be an output, and a value may go by several names', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'FP32', [undefined])
    graph.output(x, 'FP32')
    graph.output(graph.op('Identity', [x], {}, { outputs: ['same'] }), 'FP32')
    const out = await runHost(graph.build(), new Map([['x', floatTensor('FP32', [1], [3])]]))
    expect([...out.keys()]).toEqual(['x', 'same'])
  })

  test('an input of another datatype or shape is refused before anything runs', async () => {
    const loaded = await load(threeOutputs())
    const run = (tensor: Tensor) => () => loaded.run(new Map([['x', tensor]]), ['sum'])
    expect(run(floatTensor('FP32', [1, 4], [1, 2, 3, 4]))).toThrow(
      'is FP32 of shape [1,4], the graph takes FP64 of shape [-1,4]',
    )
    expect(run(floatTensor('FP64', [1, 3], [1, 2, 3]))).toThrow('is FP64 of shape [1,3]')
    expect(run(floatTensor('FP64', [4], [1, 2, 3, 4]))).toThrow('is FP64 of shape [4]')
  })

  test('an output that is not there is refused', async () => {
    const loaded = await load(threeOutputs(), ['sum'])
    expect(() => loaded.run(new Map([['x', x]]), ['doubled'])).toThrow(
      'the graph has no output "doubled"; it has "sum"',
    )
  })

  test('a released step does not run', async () => {
    const loaded = await load(threeOutputs())
    loaded.release()
    expect(() => loaded.run(new Map([['x', x]]), ['sum'])).toThrow('this is a bug')
  })

  test('a graph that is not covered is refused by load as by refusal', async () => {
    const graph = new GraphBuilder()
    const branch = graph.subgraph('branch')
    branch.output(branch.initializer(floatTensor('FP32', [], [1]), 'one'), 'FP32', [])
    const other = graph.subgraph('other')
    other.output(other.initializer(floatTensor('FP32', [], [2]), 'two'), 'FP32', [])
    const condition = graph.input('c', 'BOOL', [])
    const branches = { then_branch: graphAttribute(branch.graph()), else_branch: graphAttribute(other.graph()) }
    graph.output(graph.op('If', [condition], branches, { outputs: ['out'] }), 'FP32')
    const model = graph.build()
    expect(refusalOf(model)).toContain('(If) has an operator that no kernel covers')
    await expect(load(model)).rejects.toMatchObject({ code: 'refused' })
  })

  test('what a graph leaves open or gets wrong is refused with the reason', () => {
    const build = (make: (graph: GraphBuilder) => void, opset = 21): string | undefined => {
      const graph = new GraphBuilder({ opsets: new Map([['', opset]]) })
      make(graph)
      return refusalOf(graph.build())
    }
    expect(build((graph) => graph.output(graph.op('Neg', [graph.input('x', 'FP32')]), 'FP32'))).toContain(
      'declares no shape',
    )
    expect(build((graph) => graph.output(graph.op('Neg', [graph.input('x', 'FP16', [1])]), 'FP16'))).toContain(
      'FP16, which no kernel takes',
    )
    expect(build((graph) => graph.output(graph.op('Neg', [graph.input('x', 'FP32', [1])]), 'FP64'))).toContain(
      'declared as FP64',
    )
    expect(build((graph) => graph.output(graph.op('Neg', [graph.input('x', 'FP32', [1])]), 'FP32', [2]))).toContain(
      'declared as [2]',
    )
    expect(build((graph) => graph.output(graph.op('Neg', [graph.input('x', 'FP32', [1])]), 'FP32'), 8)).toContain(
      'of operator set 8',
    )
    expect(
      build((graph) => graph.output(graph.op('Cast', [graph.input('x', 'FP32', [1])], { to: int(10) }), 'FP16')),
    ).toContain('number 10')
  })

  test('a damaged file is refused in words', () => {
    const step = stepOf(threeOutputs())
    expect(hostKernels.refusal(step, () => Uint8Array.of(0xff, 0xff))).toContain('damaged')
  })
})
