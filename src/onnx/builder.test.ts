import { expect, test } from 'vitest'
import { float, floats, int, ints, string, strings } from './attributes.ts'
import { GraphBuilder } from './builder.ts'
import { readOnnx } from './read.ts'
import { writeOnnx } from './write.ts'

function linear(): GraphBuilder {
  const builder = new GraphBuilder()
  const x = builder.input('x', 'FP64', ['N', 2])
  const w = builder.initializer({ datatype: 'FP64', shape: [2, 1], data: Float64Array.of(1, 2) })
  builder.output(builder.op('MatMul', [x, w]), 'FP64', ['N', 1])
  return builder
}

test('the same calls give the same file', () => {
  expect(writeOnnx(linear().build())).toEqual(writeOnnx(linear().build()))
  expect(readOnnx(writeOnnx(linear().build()))).toEqual(linear().build())
})

test('fresh names avoid those that were given', () => {
  const builder = new GraphBuilder()
  builder.input('Relu_out_1', 'FP32')
  expect(builder.op('Relu', ['Relu_out_1'])).toBe('Relu_out_2')
  expect(builder.subgraph('inner').op('Relu', ['Relu_out_1'])).toBe('Relu_out_3')
})

test('a name given twice is refused where it is given', () => {
  const builder = new GraphBuilder()
  builder.input('x', 'FP32')
  expect(() => builder.input('x', 'FP32')).toThrow('the value "x" is defined already')
  expect(() => builder.node('Relu', ['x'], {}, { outputs: ['x'] })).toThrow('the value "x" is defined already')
})

test('a graph that does not hold together is not built', () => {
  const builder = new GraphBuilder()
  builder.output(builder.op('Relu', ['ghost']), 'FP32')
  expect(() => builder.build()).toThrow('reads the value "ghost"')
})

test('a node has as many outputs as are asked for, and some may be left out', () => {
  const builder = new GraphBuilder()
  const x = builder.input('x', 'FP32')
  expect(builder.node('Split', [x], {}, { outputs: 3 })).toHaveLength(3)
  expect(builder.node('TopK', [x, x], {}, { outputs: ['', 'indices'] })).toEqual(['', 'indices'])
  expect(() => builder.op('Split', [x], {}, { outputs: 2 })).toThrow('is for one output')
})

test('attributes are made of plain values, or refused where those do not fit', () => {
  expect(int(-1)).toEqual({ type: 'int', value: -1n })
  expect(float(0.1)).toEqual({ type: 'float', value: Math.fround(0.1) })
  expect(ints([1, 2n])).toEqual({ type: 'ints', value: BigInt64Array.of(1n, 2n) })
  expect(floats([0.5])).toEqual({ type: 'floats', value: Float32Array.of(0.5) })
  expect(string('ü')).toEqual({ type: 'string', value: Uint8Array.of(0xc3, 0xbc) })
  expect(strings(['a'])).toEqual({ type: 'strings', value: [Uint8Array.of(97)] })
  expect(() => int(0.5)).toThrow('0.5 is no whole number')
  expect(() => ints([2n ** 63n])).toThrow('does not fit 64 bits')
})
