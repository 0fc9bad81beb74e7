import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GraphBuilder, int, float, type OnnxModel } from '../../onnx/index.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { expectAgreement, floatTensor, randomFloats, randomFrom, refusalOf, runHost } from './testing.ts'

const FLOATS = ['FP32', 'FP64'] as const

/** Shapes of two operands that broadcast, with their result. */
const SHAPES: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [3, 4],
    [3, 4],
  ],
  [[3, 4], [4]],
  [
    [3, 4],
    [1, 4],
  ],
  [
    [3, 4],
    [3, 1],
  ],
  [
    [1, 4],
    [3, 1],
  ],
  [[3, 4], []],
  [[4], [3, 4]],
  [
    [1, 1],
    [2, 2],
  ],
  [[0, 4], [4]],
  [
    [2, 3, 4],
    [3, 1],
  ],
]

function count(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

function numberTensor(
  datatype: 'FP32' | 'FP64' | 'INT32' | 'INT64',
  shape: readonly number[],
  values: number[],
): Tensor {
  if (datatype === 'INT32') return { datatype, shape, data: Int32Array.from(values, Math.round) }
  if (datatype === 'INT64') return { datatype, shape, data: BigInt64Array.from(values, (x) => BigInt(Math.round(x))) }
  return floatTensor(datatype, shape, values)
}

function binaryModel(operator: string, a: Tensor, b: Tensor, result: Tensor['datatype'], opset = 21): OnnxModel {
  const graph = new GraphBuilder({ opsets: new Map([['', opset]]) })
  const x = graph.input(
    'x',
    a.datatype,
    a.shape.map(() => undefined),
  )
  const y = graph.input(
    'y',
    b.datatype,
    b.shape.map(() => undefined),
  )
  graph.output(graph.op(operator, [x, y], {}, { outputs: ['out'] }), result)
  return graph.build()
}

describe('elementwise kernels', () => {
  test.each(['Add', 'Sub', 'Mul', 'Div'])(
    '%s of floats is what ONNX Runtime makes of it, broadcast and all',
    async (operator) => {
      for (const datatype of FLOATS)
        for (const [i, [a, b]] of SHAPES.entries()) {
          const random = randomFrom(i + 1)
          const x = floatTensor(datatype, a, randomFloats(random, count(a)))
          const y = floatTensor(datatype, b, randomFloats(random, count(b)))
          await expectAgreement(
            binaryModel(operator, x, y, datatype),
            new Map([
              ['x', x],
              ['y', y],
            ]),
            {
              relative: 0,
              absolute: 0,
            },
          )
        }
    },
  )

  test.each(['Add', 'Sub', 'Mul', 'Div'])('%s of integers wraps and cuts as ONNX Runtime does', async (operator) => {
    for (const datatype of ['INT32', 'INT64'] as const)
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.tuple(
              fc.maxSafeInteger(),
              fc.maxSafeInteger().filter((n) => n % 2 ** 32 !== 0),
            ),
            { maxLength: 20 },
          ),
          async (pairs) => {
            const x = numberTensor(
              datatype,
              [pairs.length],
              pairs.map(([a]) => a),
            )
            const y = numberTensor(
              datatype,
              [pairs.length],
              pairs.map(([, b]) => b),
            )
            // Two integers whose quotient does not fit make a processor trap.
            if (datatype === 'INT32')
              (y.data as Int32Array).forEach((n, i, all) => void (all[i] = n === -1 || n === 0 ? 1 : n))
            await expectAgreement(
              binaryModel(operator, x, y, datatype),
              new Map([
                ['x', x],
                ['y', y],
              ]),
            )
          },
        ),
        { numRuns: 10 },
      )
  })

  test('an integer divided by zero is an error that names the node', async () => {
    const x = numberTensor('INT64', [1], [1])
    const y = numberTensor('INT64', [1], [0])
    await expect(
      runHost(
        binaryModel('Div', x, y, 'INT64'),
        new Map([
          ['x', x],
          ['y', y],
        ]),
      ),
    ).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('(Div) failed: an integer is divided by zero'),
    })
  })

  test('shapes that do not broadcast are an error that names them', async () => {
    const x = numberTensor('FP32', [2, 3], [1, 2, 3, 4, 5, 6])
    const y = numberTensor('FP32', [2], [1, 2])
    await expect(
      runHost(
        binaryModel('Add', x, y, 'FP32'),
        new Map([
          ['x', x],
          ['y', y],
        ]),
      ),
    ).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('the shapes [2,3] and [2] do not broadcast'),
    })
  })

  test.each(['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'])(
    '%s compares as ONNX Runtime does',
    async (operator) => {
      for (const datatype of ['FP32', 'FP64', 'INT32', 'INT64'] as const)
        for (const [i, [a, b]] of SHAPES.entries()) {
          const random = randomFrom(i + 7)
          const isWild = datatype === 'FP32' || datatype === 'FP64'
          const x = numberTensor(
            datatype,
            a,
            randomFloats(random, count(a), isWild).map((v) => (isWild ? v : Math.round(v / 2))),
          )
          const y = numberTensor(
            datatype,
            b,
            randomFloats(random, count(b), isWild).map((v) => (isWild ? v : Math.round(v / 2))),
          )
          await expectAgreement(
            binaryModel(operator, x, y, 'BOOL'),
            new Map([
              ['x', x],
              ['y', y],
            ]),
          )
        }
    },
  )

  test.each(['And', 'Or', 'Equal'])('%s of BOOL is what ONNX Runtime makes of it', async (operator) => {
    const x: Tensor = { datatype: 'BOOL', shape: [2, 2], data: Uint8Array.of(0, 0, 1, 1) }
    const y: Tensor = { datatype: 'BOOL', shape: [2, 2], data: Uint8Array.of(0, 1, 0, 1) }
    await expectAgreement(
      binaryModel(operator, x, y, 'BOOL'),
      new Map([
        ['x', x],
        ['y', y],
      ]),
    )
  })

  test('numbers that are not safe as doubles are compared exactly', async () => {
    const x: Tensor = { datatype: 'INT64', shape: [2], data: BigInt64Array.of(2n ** 60n, 2n ** 60n) }
    const y: Tensor = { datatype: 'INT64', shape: [2], data: BigInt64Array.of(2n ** 60n, 2n ** 60n + 1n) }
    const out = await expectAgreement(
      binaryModel('Equal', x, y, 'BOOL'),
      new Map([
        ['x', x],
        ['y', y],
      ]),
    )
    expect(out.get('out')?.data).toEqual(Uint8Array.of(1, 0))
  })

  test.each([
    'Neg',
    'Abs',
    'Sqrt',
    'Exp',
    'Log',
    'Sigmoid',
    'Tanh',
    'Relu',
    'Softplus',
    'Floor',
    'Ceil',
    'IsNaN',
    'Identity',
  ])('%s of floats is what ONNX Runtime makes of it', async (operator) => {
    for (const datatype of FLOATS)
      for (const rows of [0, 1, 3, 40]) {
        if (operator === 'Softplus' && datatype === 'FP64') continue // ONNX Runtime has no such kernel
        const values = randomFloats(randomFrom(rows + 3), rows * 5)
        const graph = new GraphBuilder()
        const x = graph.input('x', datatype, [undefined, 5])
        graph.output(graph.op(operator, [x], {}, { outputs: ['out'] }), operator === 'IsNaN' ? 'BOOL' : datatype)
        await expectAgreement(graph.build(), new Map([['x', floatTensor(datatype, [rows, 5], values)]]))
      }
  })

  test.each(['Neg', 'Abs', 'Relu'])('%s of integers is what ONNX Runtime makes of it', async (operator) => {
    for (const datatype of ['INT32', 'INT64'] as const) {
      if (operator === 'Relu' && datatype === 'INT64') continue // ONNX Runtime has no such kernel
      const graph = new GraphBuilder()
      const x = graph.input('x', datatype, [undefined])
      graph.output(graph.op(operator, [x], {}, { outputs: ['out'] }), datatype)
      await expectAgreement(
        graph.build(),
        new Map([['x', numberTensor(datatype, [5], [-7, 0, 3, 2147483647, -2147483647])]]),
      )
    }
  })

  test('Not turns every bit', async () => {
    const graph = new GraphBuilder()
    graph.output(graph.op('Not', [graph.input('x', 'BOOL', [undefined])], {}, { outputs: ['out'] }), 'BOOL')
    await expectAgreement(graph.build(), new Map([['x', { datatype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) }]]))
  })

  test.each([2, 3, 0.5, -1, 0, 1.7])('Pow to the constant %d is what ONNX Runtime makes of it', async (exponent) => {
    for (const datatype of FLOATS)
      for (const shape of [[], [3]]) {
        const graph = new GraphBuilder()
        const x = graph.input('x', datatype, [undefined, 3])
        const y = graph.initializer(floatTensor(datatype, shape, shape.length === 0 ? [exponent] : [exponent, 2, -0.5]))
        graph.output(graph.op('Pow', [x, y], {}, { outputs: ['out'] }), datatype)
        await expectAgreement(
          graph.build(),
          new Map([['x', floatTensor(datatype, [7, 3], randomFloats(randomFrom(5), 21))]]),
        )
      }
  })

  test.each([
    [9, {}],
    [9, { min: float(-1), max: float(1.5) }],
    [12, {}],
    [21, {}],
  ])('Clip of operator set %d keeps to its bounds', async (opset, attributes) => {
    for (const datatype of FLOATS) {
      if (opset < 11 && datatype === 'FP64') continue // ONNX Runtime has no such kernel
      const graph = new GraphBuilder({ opsets: new Map([['', opset]]) })
      const x = graph.input('x', datatype, [undefined])
      const inputs = opset < 11 ? [x] : [x, '', graph.initializer(floatTensor(datatype, [], [0.7]))]
      graph.output(graph.op('Clip', inputs, attributes, { outputs: ['out'] }), datatype)
      await expectAgreement(
        graph.build(),
        new Map([['x', floatTensor(datatype, [50], randomFloats(randomFrom(9), 50))]]),
      )
    }
  })

  test('Clip of INT64 keeps to its bounds exactly', async () => {
    const graph = new GraphBuilder()
    const bounds = [3n, 2n ** 60n].map((n) =>
      graph.initializer({ datatype: 'INT64', shape: [], data: BigInt64Array.of(n) }),
    )
    graph.output(
      graph.op('Clip', [graph.input('x', 'INT64', [undefined]), ...bounds], {}, { outputs: ['out'] }),
      'INT64',
    )
    await expectAgreement(
      graph.build(),
      new Map([['x', { datatype: 'INT64', shape: [3], data: BigInt64Array.of(1n, 5n, 2n ** 60n + 1n) }]]),
    )
  })

  test('Where chooses as ONNX Runtime does, broadcast three ways', async () => {
    for (const datatype of ['FP32', 'FP64', 'INT32', 'INT64'] as const) {
      const graph = new GraphBuilder()
      const condition = graph.input('c', 'BOOL', [undefined, 1])
      const x = graph.input('x', datatype, [1, undefined])
      const y = graph.input('y', datatype, [])
      graph.output(graph.op('Where', [condition, x, y], {}, { outputs: ['out'] }), datatype)
      await expectAgreement(
        graph.build(),
        new Map<string, Tensor>([
          ['c', { datatype: 'BOOL', shape: [3, 1], data: Uint8Array.of(1, 0, 1) }],
          ['x', numberTensor(datatype, [1, 4], [1, -2, 3, 4])],
          ['y', numberTensor(datatype, [], [9])],
        ]),
      )
    }
  })

  test('Cast between numbers is what ONNX Runtime makes of it', async () => {
    const targets = { FP32: 1, INT32: 6, INT64: 7, BOOL: 9, FP64: 11 } as const
    const values = [0, -0, 1, -1, 1.5, -1.5, 2.9999, -2.9999, 1e9, -1e9, 16777217, 0.1, 123456.789]
    for (const from of ['FP32', 'FP64', 'INT32', 'INT64'] as const)
      for (const [to, number] of Object.entries(targets)) {
        const graph = new GraphBuilder()
        const x = graph.input('x', from, [undefined])
        graph.output(graph.op('Cast', [x], { to: int(number) }, { outputs: ['out'] }), to as 'FP32')
        await expectAgreement(graph.build(), new Map([['x', numberTensor(from, [values.length], values)]]), {
          relative: 0,
          absolute: 0,
        })
      }
  })

  test('Cast of what no integer holds is the least integer, and NaN is true', async () => {
    for (const [to, name] of [
      [6, 'INT32'],
      [7, 'INT64'],
      [9, 'BOOL'],
    ] as const) {
      const graph = new GraphBuilder()
      graph.output(
        graph.op('Cast', [graph.input('x', 'FP64', [undefined])], { to: int(to) }, { outputs: ['out'] }),
        name,
      )
      await expectAgreement(
        graph.build(),
        new Map([['x', floatTensor('FP64', [4], [Number.NaN, 1e30, -1e30, Infinity])]]),
      )
    }
  })

  test('Cast of large INT64 to FP32 rounds once', async () => {
    const graph = new GraphBuilder()
    graph.output(
      graph.op('Cast', [graph.input('x', 'INT64', [undefined])], { to: int(1) }, { outputs: ['out'] }),
      'FP32',
    )
    const model = graph.build()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1 }),
        async (values) => {
          // Just beyond half way between two floats: rounding to a double first would fall on the half.
          const all = [...values, 2n ** 62n + 2n ** 38n + 1n, -(2n ** 62n) - 2n ** 38n - 1n]
          await expectAgreement(
            model,
            new Map([['x', { datatype: 'INT64', shape: [all.length], data: BigInt64Array.from(all) }]]),
            {
              relative: 0,
              absolute: 0,
            },
          )
        },
      ),
      { numRuns: 10 },
    )
  })

  test('what the kernels do not cover is refused with the reason', () => {
    const refusal = (
      build: (graph: GraphBuilder) => string,
      datatype: 'FP32' | 'BYTES' = 'FP32',
      opset = 21,
    ): string => {
      const graph = new GraphBuilder({ opsets: new Map([['', opset]]) })
      graph.output(build(graph), datatype)
      return refusalOf(graph.build()) ?? 'taken'
    }
    const x = (graph: GraphBuilder): string => graph.input('x', 'FP32', [undefined, 3])
    expect(refusal((graph) => graph.op('Cast', [x(graph)], { to: int(8) }), 'BYTES')).toContain(
      'casts to the datatype number 8',
    )
    expect(refusal((graph) => graph.op('Pow', [x(graph), graph.input('y', 'FP32', [3])]))).toContain(
      'input 1 that is computed',
    )
    expect(refusal((graph) => graph.op('Add', [x(graph), graph.input('y', 'FP32', [4])]))).toContain('do not broadcast')
    expect(refusal((graph) => graph.op('Add', [x(graph), graph.input('y', 'FP64', [3])]))).toContain(
      'has FP64 as input 1; FP32',
    )
    expect(
      refusal((graph) => graph.op('GreaterOrEqual', [x(graph), graph.input('y', 'FP32', [3])]), 'FP32', 11),
    ).toContain('it came with 12')
    expect(refusal((graph) => graph.op('Clip', [x(graph), graph.input('y', 'FP32', [])]))).toContain('only a constant')
    expect(refusal((graph) => graph.op('Exp', [x(graph)], { base: float(2) }))).toContain('the attribute "base"')
    expect(refusal((graph) => graph.op('Det', [x(graph)]))).toContain('no kernel covers')
  })
})
