import { describe, expect, test } from 'vitest'
import { hostKernels } from '../../engines/host-kernels/index.ts'
import { onnxruntime } from '../../engines/onnxruntime.ts'
import { loadProgram } from '../../engines/program.ts'
import { tensor, type Tensor } from '../../tensor/tensor.ts'
import { jsonNumbers, ProgramBuilder, type Value } from './builder.ts'
import { Ops } from './ops.ts'
import type { PartitionedProgram } from './partition.ts'

const X = tensor('FP64', [2, 2], Float64Array.of(1, 2, 3, 4))

function start(): { ops: Ops; b: ProgramBuilder; x: Value } {
  const b = new ProgramBuilder()
  return { ops: new Ops(b), b, x: b.input({ name: 'X', datatype: 'FP64', shape: [-1, 2] }) }
}

function codes(ops: Ops, text: Value): Value {
  const columns = [{ name: 'c', values: ['a', 'b'], codes: [10, 20], missing: 'NaN', unknown: null }]
  return ops.b.kernel('categories', { columns }, [text], [{ datatype: 'FP64', shape: [-1, 1] }])[0] as Value
}

async function run(
  { program, files }: PartitionedProgram,
  inputs: Record<string, Tensor>,
  wanted: string[],
): Promise<unknown[][]> {
  const answers = await Promise.all(
    [onnxruntime, hostKernels].map(async (engine) => {
      const loaded = await loadProgram(program, [engine], (path) => files.get(path) ?? new Uint8Array())
      const outputs = await loaded.run(new Map(Object.entries(inputs)), wanted)
      loaded.release()
      return wanted.map((name) => Array.from((outputs.get(name) as Tensor).data as ArrayLike<unknown>))
    }),
  )
  expect(answers[0]).toEqual(answers[1])
  return answers[0] as unknown[][]
}

describe('a program', () => {
  test('of operators alone is one graph', async () => {
    const { ops, b, x } = start()
    b.output('Y', ops.add(ops.mul(x, 2), ops.numbers([1, 10])))
    const built = b.build(['Y'])
    expect(built.program.steps.map(({ kind, file }) => [kind, file])).toEqual([['onnx', 'model.onnx']])
    expect(await run(built, { X }, ['Y'])).toEqual([[3, 14, 7, 18]])
  })

  test('has each value once, however often it is made', () => {
    const { ops, b, x } = start()
    b.output('Y', ops.add(ops.exp(x), ops.exp(x)))
    b.output('Z', ops.add(ops.exp(x), ops.exp(x)))
    expect(b.nodes.map(({ name }) => name)).toEqual(['Exp', 'Add'])
    expect(ops.numbers([1, 2])).toBe(ops.numbers([1, 2]))
    expect(ops.numbers([1, 2])).not.toBe(ops.numbers([1, 2], [1, 2]))
  })

  test('of host kernels and operators is as few graphs as can be', async () => {
    const { ops, b, x } = start()
    const text = b.input({ name: 'country', datatype: 'BYTES', shape: [-1, 1] })
    b.output('Y', ops.concat([ops.mul(x, 2), codes(ops, text)], 1))
    const built = b.build(['Y'])
    expect(built.program.steps.map(({ kind }) => kind)).toEqual(['kernel', 'onnx'])
    const country = tensor('BYTES', [2, 1], [Buffer.from('b'), Buffer.from('')])
    expect(await run(built, { X, country }, ['Y'])).toEqual([[2, 4, 20, 6, 8, Number.NaN]])
    await expect(
      run(built, { X, country: tensor('BYTES', [2, 1], [Buffer.from('a'), Buffer.from('z')]) }, ['Y']),
    ).rejects.toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringContaining('row 2, column "c"') as string,
      }),
    )
  })

  test('keeps in graphs of their own what is heavy and only computed when asked for', async () => {
    const { ops, b, x } = start()
    const sum = ops.sum(x, 1)
    b.output('predict', sum)
    b.output('light', ops.neg(sum))
    b.output('heavy', ops.matMul(x, ops.numbers([1, 0, 0, 1], [2, 2])))
    const built = b.build(['predict'])
    expect(built.program.steps.map(({ outputs }) => Object.keys(outputs))).toEqual([['predict', 'light'], ['heavy']])
    expect(await run(built, { X }, ['light', 'heavy', 'predict'])).toEqual([
      [-3, -7],
      [1, 2, 3, 4],
      [3, 7],
    ])
  })

  test('may give an input, a constant, or one value under two names', async () => {
    const { ops, b, x } = start()
    const sum = ops.sum(x, 1)
    b.output('same', x)
    b.output('one', sum)
    b.output('two', sum)
    b.output('fixed', ops.numbers([5, 6]))
    expect(await run(b.build(['one']), { X }, ['same', 'two', 'fixed', 'one'])).toEqual([
      [1, 2, 3, 4],
      [3, 7],
      [5, 6],
      [3, 7],
    ])
  })

  test('may not call an output like an input', () => {
    const { ops, b, x } = start()
    b.output('X', ops.neg(x))
    expect(() => b.build(['X'])).toThrow('both called "X"')
  })
})

test('numbers that JSON does not have are written as text', () => {
  expect(jsonNumbers([1.5, Number.NaN, -Infinity])).toEqual([1.5, 'NaN', '-Infinity'])
})
