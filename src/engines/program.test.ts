import { describe, expect, test } from 'vitest'
import type { OnnxStep, Program } from '../bundle/program.ts'
import { ServingError } from '../core/errors.ts'
import { tensor, type Tensor, type Tensors } from '../tensor/tensor.ts'
import type { Engine, LoadedStep } from './engine.ts'
import { loadProgram, type LoadedProgram } from './program.ts'

function scalar(value: number): Tensor {
  return tensor('FP64', [], Float64Array.of(value))
}

function valuesOf(tensors: Tensors): Record<string, number> {
  return Object.fromEntries([...tensors].map(([name, value]) => [name, Number(value.data[0])]))
}

/** What each graph of these tests computes, output by output. */
const GRAPHS: Record<string, Record<string, (inputs: Record<string, number>) => number>> = {
  'double.onnx': { out: ({ in: x = Number.NaN }) => 2 * x },
  'both.onnx': { sum: ({ a = Number.NaN, b = Number.NaN }) => a + b, product: ({ a = 1, b = 1 }) => a * b },
  'square.onnx': { y: ({ x = Number.NaN }) => x * x },
}

interface FakeEngine extends Engine {
  /** Runs as `file: wanted outputs`, in order. */
  readonly runs: string[]
  readonly released: string[]
}

/** An engine that computes the graphs above. */
function engineOf(
  options: {
    name?: string
    refuses?: Record<string, string>
    fails?: string
    isAsync?: (file: string) => boolean
    binds?: (file: string) => boolean
  } = {},
): FakeEngine {
  const { name = 'fake', refuses = {}, fails, isAsync = () => false, binds = () => false } = options
  const runs: string[] = []
  const released: string[] = []
  return {
    name,
    version: '1',
    runs,
    released,
    refusal: ({ file }) => refuses[file],
    // oxlint-disable-next-line require-await
    async load({ file }): Promise<LoadedStep> {
      if (file === fails) throw new ServingError('refused', `${file} is damaged`)
      return {
        ...(binds(file) && {
          bind(names: readonly string[], wanted: readonly string[]) {
            runs.push(`${file}: bound`)
            return (inputs: readonly Tensor[]) => {
              const given = valuesOf(new Map(names.map((input, i) => [input, inputs[i] as Tensor])))
              return wanted.map((output) => scalar(GRAPHS[file]?.[output]?.(given) ?? Number.NaN))
            }
          },
        }),
        run(inputs, wanted) {
          runs.push(`${file}: ${wanted.join(', ')}`)
          const graph = GRAPHS[file] ?? {}
          const given = valuesOf(inputs)
          const outputs = new Map(wanted.map((output) => [output, scalar(graph[output]?.(given) ?? Number.NaN)]))
          return isAsync(file) ? new Promise((resolve) => void setImmediate(resolve, outputs)) : outputs
        },
        release: () => void released.push(file),
      }
    },
  }
}

function step(file: string, inputs: Record<string, string>, outputs: Record<string, string>): OnnxStep {
  return { kind: 'onnx', file, inputs, outputs, optimization: 'off' }
}

const BOTH = step('both.onnx', { a: 'left', b: 'right' }, { sum: 'total', product: 'area' })

/** left, right -> total, area; total -> doubled -> squared. */
const CHAIN: Program = {
  steps: [
    BOTH,
    step('double.onnx', { in: 'total' }, { out: 'doubled' }),
    step('square.onnx', { x: 'doubled' }, { y: 'squared' }),
  ],
}

const INPUTS = new Map([
  ['left', scalar(2)],
  ['right', scalar(3)],
])

function load(program: Program, ...engines: Engine[]): Promise<LoadedProgram> {
  return loadProgram(program, engines, () => new Uint8Array())
}

describe('a program', () => {
  test('feeds values to its steps under the names of their graphs, and takes their outputs by its own', async () => {
    const program = await load({ steps: [BOTH] }, engineOf())
    expect(valuesOf(await program.run(INPUTS, ['area', 'total']))).toEqual({ area: 6, total: 5 })
  })

  test('gives what is wanted in the order asked for', async () => {
    const program = await load(CHAIN, engineOf())
    for (const wanted of [
      ['squared', 'total', 'doubled'],
      ['doubled', 'area', 'squared', 'total'],
    ])
      expect([...(await program.run(INPUTS, wanted)).keys()]).toEqual(wanted)
  })

  test('runs only the steps, and asks only for the outputs, that what is wanted hangs on', async () => {
    const engine = engineOf()
    const program = await load(CHAIN, engine)
    expect(valuesOf(await program.run(INPUTS, ['area']))).toEqual({ area: 6 })
    expect(engine.runs.splice(0)).toEqual(['both.onnx: product'])
    expect(valuesOf(await program.run(INPUTS, ['doubled']))).toEqual({ doubled: 10 })
    expect(engine.runs.splice(0)).toEqual(['both.onnx: sum', 'double.onnx: out'])
    expect(valuesOf(await program.run(INPUTS, ['squared', 'area']))).toEqual({ squared: 100, area: 6 })
    expect(engine.runs).toEqual(['both.onnx: sum, product', 'double.onnx: out', 'square.onnx: y'])
  })

  test('binds its steps once for a set of outputs where the engine can, beside steps that it cannot bind', async () => {
    for (const unbound of ['none', 'both.onnx', 'double.onnx', 'square.onnx']) {
      const engine = engineOf({ binds: (file) => file !== unbound })
      const program = await load(CHAIN, engine)
      const wanted = ['squared', 'area', 'left']
      for (let i = 0; i < 2; i++)
        expect(valuesOf(await program.run(INPUTS, wanted))).toEqual({ squared: 100, area: 6, left: 2 })
      const bound = engine.runs.filter((run) => run.endsWith('bound'))
      expect(bound).toEqual(
        ['both.onnx', 'double.onnx', 'square.onnx'].filter((file) => file !== unbound).map((file) => `${file}: bound`),
      )
      expect(engine.runs).toHaveLength(unbound === 'none' ? 3 : 4)
    }
  })

  test('hands one graph of the same names on as it is', async () => {
    const engine = engineOf()
    const program = await load({ steps: [step('square.onnx', { x: 'x' }, { y: 'y' })] }, engine)
    expect(valuesOf(await program.run(new Map([['x', scalar(4)]]), ['y']))).toEqual({ y: 16 })
    expect(engine.runs).toEqual(['square.onnx: y'])
  })

  test('may give an input back, alone and beside what it computes', async () => {
    const engine = engineOf()
    const program = await load({ steps: [step('square.onnx', { x: 'x' }, { y: 'y' })] }, engine)
    const inputs = new Map([['x', scalar(4)]])
    expect(valuesOf(await program.run(inputs, ['y', 'x']))).toEqual({ y: 16, x: 4 })
    expect(valuesOf(await program.run(inputs, ['x']))).toEqual({ x: 4 })
    expect(engine.runs).toEqual(['square.onnx: y'])
  })

  test('answers in the calling tick unless an engine works elsewhere', async () => {
    const program = await load(CHAIN, engineOf())
    expect(program.run(INPUTS, ['squared'])).toBeInstanceOf(Map)
    for (const slow of ['both.onnx', 'double.onnx', 'square.onnx']) {
      const engine = engineOf({ isAsync: (file) => file === slow })
      const late = await load(CHAIN, engine)
      const outputs = late.run(INPUTS, ['squared', 'area'])
      expect(outputs).toBeInstanceOf(Promise)
      expect(valuesOf(await outputs)).toEqual({ squared: 100, area: 6 })
      expect(engine.runs).toHaveLength(3)
    }
  })

  test('does not change the inputs that it is given', async () => {
    const program = await load(CHAIN, engineOf())
    await program.run(INPUTS, ['squared'])
    expect([...INPUTS.keys()]).toEqual(['left', 'right'])
  })

  test('without the value that is wanted is our bug, and says so', async () => {
    const program = await load(CHAIN, engineOf())
    expect(() => program.run(INPUTS, ['ghost'])).toThrow('the program has no value "ghost"; this is a bug')
  })
})

describe('loading a program', () => {
  test('takes for each step the first engine that can run it', async () => {
    const first = engineOf({ name: 'first', refuses: { 'double.onnx': 'no doubling' } })
    const second = engineOf({ name: 'second' })
    const program = await load(CHAIN, first, second)
    expect(program.engines).toEqual(['first', 'second'])
    expect(valuesOf(await program.run(INPUTS, ['squared']))).toEqual({ squared: 100 })
    expect(second.runs).toEqual(['double.onnx: out'])
  })

  test('is refused as unsupported when no engine can, with the reason of each', async () => {
    const first = engineOf({ name: 'first', refuses: { 'double.onnx': 'no doubling' } })
    const second = engineOf({ name: 'second', refuses: { 'double.onnx': 'too dull' } })
    await expect(load(CHAIN, first, second)).rejects.toMatchObject({
      code: 'unsupported',
      message: 'no engine runs "double.onnx" (first: no doubling; second: too dull)',
    })
    expect(first.released).toEqual(['both.onnx'])
  })

  test('that fails half-way frees what was loaded', async () => {
    const engine = engineOf({ fails: 'square.onnx' })
    await expect(load(CHAIN, engine)).rejects.toMatchObject({ code: 'refused', message: 'square.onnx is damaged' })
    expect(engine.released).toEqual(['both.onnx', 'double.onnx'])
  })

  test('is undone by release, step by step', async () => {
    const engine = engineOf()
    const program = await load(CHAIN, engine)
    expect(engine.released).toEqual([])
    program.release()
    expect(engine.released).toEqual(['both.onnx', 'double.onnx', 'square.onnx'])
  })
})
