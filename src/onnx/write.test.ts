import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { GraphBuilder } from './builder.ts'
import { onnxModel } from './fixtures/arbitrary.ts'
import type { OnnxGraph, OnnxModel, OnnxTensor } from './model.ts'
import { readOnnx } from './read.ts'
import { writeOnnx } from './write.ts'

function modelOf(graph: Partial<OnnxGraph>): OnnxModel {
  const builder = new GraphBuilder()
  builder.output(builder.op('Identity', [builder.input('x', 'FP32')]), 'FP32')
  const model = builder.build()
  return { ...model, graph: { ...model.graph, ...graph } }
}

test('what is written is read again as the same model, and written again as the same bytes', () => {
  fc.assert(
    fc.property(onnxModel, (model) => {
      const file = writeOnnx(model)
      const again = readOnnx(file)
      expect(again).toEqual(model)
      expect(writeOnnx(again)).toEqual(file)
    }),
  )
})

test('maps in another order give the same bytes', () => {
  const model = modelOf({})
  const turned: OnnxModel = { ...model, opsets: new Map([...model.opsets].reverse()) }
  expect(writeOnnx(turned)).toEqual(writeOnnx(model))
})

test('a damaged file is read or refused, and nothing else happens', { timeout: 60_000 }, () => {
  const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), to: fc.nat(255) })
  fc.assert(
    fc.property(onnxModel, fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), (model, changes, isCut) => {
      const file = writeOnnx(model)
      for (const { at, to } of changes) file[Math.floor(at * file.length)] = to
      const damaged = isCut ? file.subarray(0, Math.floor((changes[0]?.at ?? 0) * file.length)) : file
      try {
        const again = readOnnx(damaged)
        expect(readOnnx(writeOnnx(again))).toEqual(again)
      } catch (error) {
        if (!(error instanceof ServingError)) throw error
      }
    }),
    { numRuns: 300 },
  )
})

test('every cut of a file is refused or gives a smaller model, byte by byte', () => {
  const builder = new GraphBuilder()
  const x = builder.input('x', 'FP32', ['N', 2])
  const w = builder.initializer({ datatype: 'FP32', shape: [2, 1], data: Float32Array.of(1, 2) })
  builder.output(builder.op('MatMul', [x, w]), 'FP32', ['N', 1])
  const file = writeOnnx(builder.build())
  for (let end = 0; end < file.length; end++)
    try {
      readOnnx(file.subarray(0, end))
    } catch (error) {
      if (!(error instanceof ServingError)) throw error
    }
})

test('graphs nested deep are written without recursion', () => {
  let graph: OnnxGraph = {
    name: '',
    docString: '',
    nodes: [],
    inputs: [],
    outputs: [],
    valueInfos: [],
    initializers: new Map(),
  }
  for (let depth = 0; depth < 3000; depth++)
    graph = {
      ...graph,
      nodes: [
        {
          name: '',
          domain: '',
          opType: 'If',
          inputs: [],
          outputs: [],
          attributes: new Map([['then_branch', { type: 'graph', value: graph }]]),
        },
      ],
    }
  const file = writeOnnx(modelOf(graph))
  expect(() => readOnnx(file)).toThrow('17 or more graphs inside one another')
  expect(readOnnx(file, { graphDepth: 3000 }).graph.nodes).toHaveLength(1)
})

test('a graph that holds itself is refused', () => {
  const nodes: OnnxGraph['nodes'][number][] = []
  const graph: OnnxGraph = {
    name: '',
    docString: '',
    nodes,
    inputs: [],
    outputs: [],
    valueInfos: [],
    initializers: new Map(),
  }
  nodes.push({
    name: '',
    domain: '',
    opType: 'If',
    inputs: [],
    outputs: [],
    attributes: new Map([['then_branch', { type: 'graph', value: graph }]]),
  })
  expect(() => writeOnnx(modelOf(graph))).toThrow('a graph holds itself')
})

test('a model above 2 GiB is refused before its bytes are put together', () => {
  const data = new Float32Array(2 ** 26) // 256 MiB of zeros that nobody touches
  const tensors = Array.from({ length: 8 }, (_, i): [string, OnnxTensor] => [
    `w${i}`,
    { name: `w${i}`, datatype: 'FP32', shape: [data.length], data },
  ])
  expect(() => writeOnnx(modelOf({ initializers: new Map(tensors) }))).toThrow(
    expect.objectContaining({
      code: 'too_large',
      message: expect.stringContaining('the most that one ONNX file can hold'),
    }),
  )
})
