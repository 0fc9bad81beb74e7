import { describe, expect, test } from 'vitest'
import { onnxruntime } from '../engines/onnxruntime.ts'
import { loadProgram } from '../engines/program.ts'
import { parsePipelineFile } from '../formats/pipeline-file.ts'
import { GraphBuilder, readOnnx, writeOnnx } from '../onnx/index.ts'
import { tensor, type Tensors } from '../tensor/tensor.ts'
import { compileOnnx, type CompiledModel } from './compile-onnx.ts'
import { compilePipeline } from './compile-pipeline.ts'

interface Traits {
  input?: string
  output?: string
  datatype?: 'FP32' | 'FP64'
  width?: number
  metadata?: Record<string, string>
}

/** `input` to `output`, each value by `op` with `factor`. */
function model(
  op: 'Mul' | 'Add',
  factor: number,
  { input = 'X', output = 'Y', datatype = 'FP32', width = 2, metadata = {} }: Traits = {},
): CompiledModel {
  const graph = new GraphBuilder({ name: op })
  const array = datatype === 'FP32' ? Float32Array.of(factor) : Float64Array.of(factor)
  const x = graph.input(input, datatype, ['rows', width])
  graph.op(op, [x, graph.initializer(tensor(datatype, [1], array))], {}, { outputs: [output] })
  graph.output(output, datatype, ['rows', width])
  for (const [key, value] of Object.entries(metadata)) graph.metadata(key, value)
  return compileOnnx(readOnnx(writeOnnx(graph.build())))
}

function pipeline(document: object, ...models: CompiledModel[]): CompiledModel {
  const file = parsePipelineFile(Buffer.from(JSON.stringify({ slipwayPipeline: 1, ...document })))
  return compilePipeline(file, models)
}

async function run(compiled: CompiledModel, inputs: Tensors, wanted?: string[]): Promise<Record<string, number[]>> {
  const program = await loadProgram(
    compiled.program,
    [onnxruntime],
    (path) => compiled.files.get(path) ?? new Uint8Array(),
  )
  const outputs = await program.run(inputs, wanted ?? compiled.outputs.map(({ name }) => name))
  program.release()
  return Object.fromEntries([...outputs].map(([name, { data }]) => [name, Array.from(data as Float32Array)]))
}

const X = new Map([['X', tensor('FP32', [1, 2], Float32Array.of(1, 2))]])

describe('a pipeline', () => {
  test('hands the output of one model to the next, and gives what nobody reads', async () => {
    const compiled = pipeline(
      {
        steps: [
          { model: 'a.onnx', outputs: { Y: 'scaled' } },
          { model: 'b.onnx', inputs: { X: 'scaled' } },
        ],
      },
      model('Mul', 3),
      model('Add', 10),
    )
    expect(compiled.inputs.map(({ name }) => name)).toEqual(['X'])
    expect(compiled.outputs.map(({ name }) => name)).toEqual(['Y'])
    expect([...compiled.files.keys()]).toEqual(['step-1/model.onnx', 'step-2/model.onnx'])
    expect(await run(compiled, X)).toEqual({ Y: [13, 16] })
  })

  test('may give values from between, run one input through several models, and leave out what was not asked for', async () => {
    const compiled = pipeline(
      {
        steps: [
          { model: 'a.onnx', outputs: { Y: 'double' } },
          { model: 'b.onnx', outputs: { Y: 'more' } },
          { model: 'c.onnx', inputs: { X: 'double' }, outputs: { Y: 'last' } },
        ],
        outputs: ['double', 'more', 'last'],
      },
      model('Mul', 2),
      model('Add', 1),
      model('Add', 100),
    )
    expect(await run(compiled, X)).toEqual({ double: [2, 4], more: [2, 3], last: [102, 104] })
    expect(await run(compiled, X, ['more'])).toEqual({ more: [2, 3] })
  })

  test('brings the example rows and columns of the model that reads its input', () => {
    const metadata = { 'slipway.columns.X': '["age","amount"]', 'slipway.example.X': '[[1,2]]' }
    const compiled = pipeline(
      { steps: [{ model: 'a.onnx', inputs: { X: 'customer' } }] },
      model('Mul', 3, { metadata }),
    )
    expect(compiled.inputs).toMatchObject([{ name: 'customer', columns: ['age', 'amount'] }])
    expect(compiled.metadata.get('slipway.example.customer')).toBe('[[1,2]]')
  })

  test('warns of a value that no step gives, and of a step that no output needs', () => {
    const steps = [
      { model: 'a.onnx', outputs: { Y: 'scaled' } },
      { model: 'b.onnx', inputs: { X: 'scald' }, outputs: { Y: 'shifted' } },
      { model: 'c.onnx', inputs: { X: 'shifted' } },
    ]
    const models = [model('Mul', 3), model('Add', 10), model('Mul', 2)]
    const unread =
      'step 2 (b.onnx) reads "scald", which no step gives: it becomes an input of the model (the steps before give "scaled")'
    const idle = (step: string, gives: string) => `${step} gives "${gives}", which no output needs: it is never run`
    expect(pipeline({ steps }, ...models)).toMatchObject({
      inputs: [{ name: 'X' }, { name: 'scald' }],
      warnings: [unread],
    })
    expect(pipeline({ steps, outputs: ['Y'] }, ...models).warnings).toEqual([unread, idle('step 1 (a.onnx)', 'scaled')])
    expect(pipeline({ steps, outputs: ['scaled'] }, ...models).warnings).toEqual([
      unread,
      idle('step 2 (b.onnx)', 'shifted'),
      idle('step 3 (c.onnx)', 'Y'),
    ])
  })

  test('of which every value meets another has no warning', () => {
    const steps = [
      { model: 'a.onnx', inputs: { X: 'customer' }, outputs: { Y: 'm' } },
      { model: 'b.onnx', inputs: { X: 'm' } },
      { model: 'c.onnx', inputs: { X: 'customer' }, outputs: { Y: 'other' } },
    ]
    expect(pipeline({ steps }, model('Mul', 1), model('Add', 1), model('Add', 2)).warnings).toEqual([])
  })

  const two = [
    { model: 'a.onnx', outputs: { Y: 'm' } },
    { model: 'b.onnx', inputs: { X: 'm' } },
  ]
  test.each<[string, object, CompiledModel[], string]>([
    [
      'whose datatypes do not meet',
      { steps: two },
      [model('Mul', 1), model('Add', 1, { datatype: 'FP64' })],
      'step 2 (b.onnx): input "X" takes FP64 of shape [-1,2], and "m", given by step 1 (a.onnx), is FP32 of shape [-1,2]: give one of the models a Cast',
    ],
    [
      'whose shapes do not meet',
      { steps: two },
      [model('Mul', 1), model('Add', 1, { width: 3 })],
      'takes FP32 of shape [-1,3], and "m", given by step 1 (a.onnx), is FP32 of shape [-1,2]',
    ],
    ['that reads a later value', { steps: two.toReversed() }, [model('Add', 1), model('Mul', 1)], 'change their order'],
    [
      'that gives a value twice',
      { steps: [{ model: 'a.onnx' }, { model: 'b.onnx' }] },
      [model('Mul', 1), model('Add', 1)],
      'step 2 (b.onnx) gives "Y", which is given by step 1 (a.onnx) already: rename it under "outputs"',
    ],
    [
      'that names what a model does not have',
      { steps: [{ model: 'a.onnx', inputs: { ghost: 'X' } }] },
      [model('Mul', 1)],
      'step 1 (a.onnx) has no input "ghost"; it has "X"',
    ],
    [
      'that promises what no step gives',
      { steps: [{ model: 'a.onnx' }], outputs: ['X'] },
      [model('Mul', 1)],
      'the output "X" is given by no step; there is "Y"',
    ],
  ])('%s is refused', (_what, document, models, message) => {
    expect(() => pipeline(document, ...models)).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringContaining(message) as string }),
    )
  })
})

describe('a pipeline file', () => {
  test.each([
    ['[]', 'the pipeline file must be an object'],
    ['{"slipwayPipeline": 2, "steps": []}', 'this Slipway reads version 1'],
    ['{"slipwayPipeline": 1, "steps": []}', '"steps" must be a list of one step or more'],
    ['{"slipwayPipeline": 1, "steps": [{}]}', 'step 1: "model" must be the name of a file'],
    ['{"slipwayPipeline": 1, "steps": [{"model": "../a.onnx"}]}', 'step 1: "model" must be the name of a file'],
    ['{"slipwayPipeline": 1, "steps": [{"model": ".."}]}', 'step 1: "model" must be the name of a file'],
    ['{"slipwayPipeline": 1, "steps": [{"model": "a", "input": {}}]}', 'step 1 has "input"; known are'],
    ['{"slipwayPipeline": 1, "steps": [{"model": "a", "inputs": {"X": ""}}]}', 'step 1, "inputs": a value'],
    ['{"slipwayPipeline": 1, "steps": [{"model": "a"}], "outputs": ["y", "y"]}', '"outputs" names a value twice'],
    ['{"slipwayPipeline": 1, "steps": ', 'the pipeline file is no JSON'],
  ])('%s is refused', (text, message) => {
    expect(() => parsePipelineFile(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'refused', message: expect.stringContaining(message) as string }),
    )
  })
})
