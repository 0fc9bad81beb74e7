import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { float, graphAttribute, int, tensorAttribute } from './attributes.ts'
import { GraphBuilder } from './builder.ts'
import type { OnnxFunction, OnnxGraph, OnnxModel, OnnxNode, OnnxValue } from './model.ts'
import { signatureValues, validateOnnx } from './validate.ts'
import { writeOnnx } from './write.ts'

const value = (name: string): OnnxValue => ({
  name,
  type: { kind: 'tensor', datatype: 'FP32', shape: undefined },
  docString: '',
})

/** `Relu(x, y) -> z` and the like; an operator may carry its domain: `test.local.F`. */
function node(text: string, attributes: OnnxNode['attributes'] = new Map()): OnnxNode {
  const [, operator = '', inputs = '', outputs = ''] = /^(.*)\((.*)\) -> (.*)$/.exec(text) ?? []
  const dot = operator.lastIndexOf('.')
  const split = (list: string) => (list === '' ? [] : list.split(', ').map((name) => (name === '_' ? '' : name)))
  return {
    name: '',
    domain: operator.slice(0, Math.max(dot, 0)),
    opType: operator.slice(dot + 1),
    inputs: split(inputs),
    outputs: split(outputs),
    attributes,
  }
}

function graphOf(nodes: (string | OnnxNode)[], inputs: string[] = ['x'], outputs: string[] = ['y']): OnnxGraph {
  return {
    name: 'main',
    docString: '',
    nodes: nodes.map((each) => (typeof each === 'string' ? node(each) : each)),
    inputs: inputs.map(value),
    outputs: outputs.map(value),
    valueInfos: [],
    initializers: new Map(),
  }
}

function modelOf(graph: OnnxGraph, functions: OnnxFunction[] = []): OnnxModel {
  return {
    irVersion: 8,
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    opsets: new Map([
      ['', 17],
      ['com.microsoft', 1],
      ['test.local', 1],
      ['ai.onnx.training', 1],
      ['evil', 1],
    ]),
    graph,
    functions,
    metadata: new Map(),
  }
}

const withGraph = (text: string, graph: OnnxGraph) => node(text, new Map([['body', { type: 'graph', value: graph }]]))

describe('names of values', () => {
  const accepts = (...nodes: (string | OnnxNode)[]) => validateOnnx(modelOf(graphOf(nodes)))

  test('a chain in order is accepted, left-out inputs and outputs too', () => {
    accepts('Relu(x) -> a', 'Clip(a, _, x) -> y, _')
  })

  test.each([
    ['a value that nothing defines', ['Relu(ghost) -> y'], 'reads the value "ghost", which nothing before it defines'],
    ['a node that reads itself', ['Add(x, y) -> y'], 'which it makes itself: a cycle'],
    ['a cycle of two', ['Add(x, b) -> a', 'Relu(a) -> b', 'Relu(b) -> y'], 'which a later node makes'],
    ['nodes out of order', ['Relu(a) -> y', 'Relu(x) -> a'], 'the "Relu" node that makes "y" in graph "main"'],
    ['a value made twice', ['Relu(x) -> y', 'Abs(x) -> y'], 'defines the value "y", which is defined already'],
    ['an input made again', ['Relu(x) -> x', 'Relu(x) -> y'], 'defines the value "x", which is defined already'],
    ['an output that nothing makes', ['Relu(x) -> a'], 'the output "y" of graph "main" is not made in it'],
    ['a node without an operator', ['(x) -> y'], 'has no operator'],
  ])('%s is refused', (_what, nodes, expected) => {
    expect(() => accepts(...nodes)).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringContaining(expected) }),
    )
  })

  test('a subgraph sees what was made before it, and nothing of its siblings', () => {
    const branch = (...nodes: string[]) => graphOf(nodes, [], ['b'])
    accepts('Relu(x) -> a', withGraph('If(x) -> y', branch('Add(a, x) -> b')))
    accepts(withGraph('If(x) -> c', branch('Relu(x) -> b')), withGraph('If(c) -> y', branch('Relu(c) -> b')))
    expect(() => accepts(withGraph('If(x) -> y', branch('Relu(a) -> b')), 'Relu(x) -> a')).toThrow(
      'reads the value "a"',
    )
    expect(() => accepts(withGraph('If(x) -> y', branch('Relu(y) -> b')))).toThrow('reads the value "y"')
    expect(() => accepts(withGraph('If(x) -> c', branch('Relu(x) -> b')), 'Relu(b) -> y')).toThrow(
      'reads the value "b"',
    )
  })

  test('a subgraph that hides a value of the graph around it is refused', () => {
    const hiding = graphOf(['Relu(x) -> a', 'Relu(a) -> b'], [], ['b'])
    expect(() => accepts('Relu(x) -> a', withGraph('If(a) -> y', hiding))).toThrow('"a", which is defined already')
  })

  test('a subgraph that gives out what it did not make is refused', () => {
    expect(() => accepts(withGraph('If(x) -> y', graphOf([], [], ['x'])))).toThrow(
      'the output "x" of graph "main" is not made in it',
    )
  })

  test('graphs nested beyond the limit are refused without recursion, one that holds itself too', () => {
    let graph = graphOf(['Relu(x) -> b0'], [], ['b0'])
    for (let i = 1; i < 5000; i++) graph = graphOf([withGraph(`If(x) -> b${i}`, graph)], [], [`b${i}`])
    expect(() => accepts(withGraph('If(x) -> y', graph))).toThrow('17 or more graphs inside one another')
    const nodes: OnnxNode[] = []
    const self = { ...graphOf([], [], []), nodes }
    nodes.push(withGraph('If(x) -> ', self))
    expect(() => accepts(withGraph('If(x) -> y', self))).toThrow('17 or more graphs inside one another')
  })
})

describe('headers', () => {
  const good = modelOf(graphOf(['Relu(x) -> y']))
  test.each<[string, OnnxModel, string]>([
    ['IR version 2', { ...good, irVersion: 2 }, 'the IR version 2; 3 to 13 are allowed'],
    ['IR version 99', { ...good, irVersion: 99 }, '3 to 13 are allowed'],
    ['no operator set', { ...good, opsets: new Map() }, 'imports no operator set'],
    ['version 0 of one', { ...good, opsets: new Map([['', 0]]) }, 'versions count from 1'],
    [
      'an operator set too few',
      { ...good, opsets: new Map([['ai.onnx.ml', 3]]) },
      'whose operator set is not imported',
    ],
    ['no output', modelOf(graphOf([], ['x'], [])), 'has no output'],
    ['an output twice', modelOf(graphOf(['Relu(x) -> y'], ['x'], ['y', 'y'])), 'has the output "y" twice'],
    ['an input twice', modelOf(graphOf(['Relu(x) -> y'], ['x', 'x'])), '"x", which is defined already'],
    ['an input without a name', modelOf(graphOf(['Relu(x) -> y'], ['x', ''])), 'has no name'],
    [
      'an input without a type',
      { ...good, graph: { ...good.graph, inputs: [{ name: 'x', type: undefined, docString: '' }] } },
      'the input "x" of the main graph has no type',
    ],
  ])('a model with %s is refused', (_what, model, expected) => {
    expect(() => validateOnnx(model)).toThrow(expected)
  })

  test('an initializer under another name than its own, or unlike its shape, is refused', () => {
    const tensor = { name: 'w', datatype: 'FP32', shape: [2], data: Float32Array.of(1) } as const
    const withInitializer = (key: string) =>
      modelOf({ ...graphOf(['Relu(x) -> y']), initializers: new Map([[key, tensor]]) })
    expect(() => validateOnnx(withInitializer('v'))).toThrow('both must be the same')
    expect(() => validateOnnx(withInitializer('w'))).toThrow('should have 2 array elements, it has 1')
  })
})

describe('operators', () => {
  test.each([
    'com.microsoft.EPContext',
    'com.microsoft.Snpe',
    'com.microsoft.PythonOp',
    'evil.Relu',
    'ai.onnx.training.Adam',
  ])('%s is refused', (operator) => {
    expect(() => validateOnnx(modelOf(graphOf([`${operator}(x) -> y`])))).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('uses the operator') }),
    )
  })

  test('an operator inside a subgraph or a function is held to the same', () => {
    const inner = withGraph('If(x) -> y', graphOf(['evil.Relu(x) -> b'], [], ['b']))
    expect(() => validateOnnx(modelOf(graphOf([inner])))).toThrow('uses the operator')
    const hidden = { ...functionOf('F', ['evil.Relu(a) -> b']), opsets: new Map([['evil', 1]]) }
    expect(() => validateOnnx(modelOf(graphOf(['Relu(x) -> y']), [hidden]))).toThrow('uses the operator')
  })

  test('plain ones of com.microsoft are accepted', () => {
    validateOnnx(modelOf(graphOf(['com.microsoft.FastGelu(x) -> y'])))
  })
})

function functionOf(name: string, nodes: (string | OnnxNode)[], attributes: string[] = []): OnnxFunction {
  return {
    name,
    domain: 'test.local',
    docString: '',
    opsets: new Map([
      ['', 17],
      ['test.local', 1],
    ]),
    inputs: ['a'],
    outputs: ['b'],
    attributes,
    attributeDefaults: new Map(),
    nodes: nodes.map((each) => (typeof each === 'string' ? node(each) : each)),
  }
}

describe('functions', () => {
  const calling = (...functions: OnnxFunction[]) => modelOf(graphOf(['test.local.F0(x) -> y']), functions)

  test('a function that calls itself, at once or by way of others, is refused', () => {
    const call = (name: string) => [`test.local.${name}(a) -> b`]
    expect(() => validateOnnx(calling(functionOf('F0', call('F0'))))).toThrow('function "F0" calls itself')
    const ring = [functionOf('F0', call('F1')), functionOf('F1', call('F2')), functionOf('F2', call('F0'))]
    expect(() => validateOnnx(calling(...ring))).toThrow('function "F0" calls itself, by way of "F2"')
    const inside = withGraph('If(a) -> b', graphOf(['test.local.F0(a) -> c'], [], ['c']))
    expect(() => validateOnnx(calling(functionOf('F0', [inside])))).toThrow('function "F0" calls itself')
  })

  test('functions that each call the next one twice are counted and refused, not inlined', () => {
    const doubling = Array.from({ length: 40 }, (_, i) =>
      functionOf(
        `F${i}`,
        i === 39 ? ['Relu(a) -> b'] : [`test.local.F${i + 1}(a) -> m`, `test.local.F${i + 1}(m) -> b`],
      ),
    )
    expect(() => validateOnnx(calling(...doubling))).toThrow('nodes once its functions are inlined')
    const ten = doubling.slice(29).map((each, i) => ({ ...each, name: i === 0 ? 'F0' : each.name }))
    validateOnnx(calling(...ten)) // 2^10 nodes
  })

  test('a large constant that many calls would copy is counted and refused', () => {
    const constant = node(
      'Constant() -> k',
      new Map([['value', tensorAttribute({ datatype: 'UINT8', shape: [2 ** 20], data: new Uint8Array(2 ** 20) })]]),
    )
    const holder = functionOf('F1', [constant, 'Add(a, k) -> b'])
    const many = [
      'test.local.F1(a) -> m0',
      ...Array.from({ length: 99 }, (_, i) => `test.local.F1(m${i}) -> m${i + 1}`),
      'Relu(m99) -> b',
    ]
    const model = calling(functionOf('F0', many), holder)
    validateOnnx(model)
    expect(() => validateOnnx(model, { inlinedBytes: 99 * 2 ** 20 })).toThrow('bytes of attributes once its functions')
  })

  test('a chain of calls beyond the limit is refused without recursion', () => {
    const chain = Array.from({ length: 5000 }, (_, i) =>
      functionOf(`F${i}`, [i === 4999 ? 'Relu(a) -> b' : `test.local.F${i + 1}(a) -> b`]),
    )
    expect(() => validateOnnx(calling(...chain))).toThrow('65 or more graphs and calls inside one another')
  })

  test.each<[string, OnnxFunction[], string]>([
    ['defined twice', [functionOf('F0', ['Relu(a) -> b']), functionOf('F0', ['Abs(a) -> b'])], 'is defined twice'],
    ['in a domain of ONNX', [{ ...functionOf('Relu', ['Abs(a) -> b']), domain: '' }], 'would replace an operator'],
    ['reading what it does not have', [functionOf('F0', ['Relu(x) -> b'])], 'in function "F0" reads the value "x"'],
    ['not making its output', [functionOf('F0', ['Relu(a) -> c'])], 'the output "b" of function "F0" is not made'],
    [
      'called without an attribute',
      [functionOf('F0', ['Relu(a) -> b'], ['alpha'])],
      'does not give the attribute "alpha"',
    ],
    ['without operator sets', [{ ...functionOf('F0', []), opsets: new Map() }], 'imports no operator set'],
    [
      'declaring an attribute twice',
      [functionOf('F0', ['Relu(a) -> b'], ['alpha', 'alpha'])],
      'declares an attribute twice',
    ],
    [
      'called with too many inputs',
      [{ ...functionOf('F0', ['Constant() -> b']), inputs: [] }],
      'gives 1 inputs to a function of 0',
    ],
  ])('a function %s is refused', (_what, functions, expected) => {
    expect(() => validateOnnx(calling(...functions))).toThrow(expected)
  })

  test('an attribute reference resolves inside its function, and nowhere else', () => {
    const leaky = node('LeakyRelu(a) -> b', new Map([['alpha', { type: 'reference', value: 'slope', of: 1 }]]))
    const declared = { ...functionOf('F0', [leaky]), attributeDefaults: new Map([['slope', float(0.5)]]) }
    validateOnnx(calling(declared))
    expect(() => validateOnnx(calling(functionOf('F0', [leaky])))).toThrow('function "F0" does not declare')
    const otherType = { ...declared, attributeDefaults: new Map([['slope', int(1)]]) }
    expect(() => validateOnnx(calling(otherType))).toThrow('as another type than its default has')
    const main = { ...leaky, inputs: ['x'], outputs: ['y'] }
    expect(() => validateOnnx(modelOf(graphOf([main])))).toThrow('lies in no function')
  })
})

test('the signature leaves out inputs that an initializer fills', () => {
  const builder = new GraphBuilder()
  const w = builder.initializer({ datatype: 'FP32', shape: [1], data: Float32Array.of(2) }, 'w')
  builder.output(builder.op('Mul', [builder.input('x', 'FP32', ['N', 1]), w]), 'FP32', ['N', 1])
  const model = builder.build()
  const old = { ...model, graph: { ...model.graph, inputs: [...model.graph.inputs, value('w')] } }
  validateOnnx(old)
  expect(signatureValues(old).inputs.map((input) => input.name)).toEqual(['x'])
})

test('a model built here, subgraphs and all, runs in onnxruntime', async () => {
  const builder = new GraphBuilder({ name: 'choice' })
  const x = builder.input('x', 'FP32', ['N', 2])
  const flag = builder.input('flag', 'BOOL', [])
  const branch = (name: string, operator: string) => {
    const inner = builder.subgraph(name)
    inner.output(inner.op(operator, [x]), 'FP32')
    return graphAttribute(inner.graph())
  }
  const chosen = builder.op('If', [flag], { then_branch: branch('then', 'Neg'), else_branch: branch('else', 'Abs') })
  builder.node('LeakyRelu', [chosen], { alpha: float(0.5) }, { outputs: ['y'] })
  builder.output('y', 'FP32', ['N', 2])
  builder.metadata('made by', 'a test')
  const session = await InferenceSession.create(writeOnnx(builder.build()), { logSeverityLevel: 3 })
  const run = async (on: boolean) => {
    const results = await session.run({ x: new Tensor('float32', [2, -4], [1, 2]), flag: new Tensor('bool', [on], []) })
    const y = results['y'] as Tensor
    return [...(y.data as Float32Array)]
  }
  expect(await run(true)).toEqual([-1, 4])
  expect(await run(false)).toEqual([2, 4])
  await session.release()
})
