import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import { makeZip } from '../archives/zip.fixture.ts'
import { readZip } from '../archives/zip.ts'
import { describeTorch } from './describe-torch.ts'
import { readTorch } from './read-torch.ts'
import { tensorOf } from './tensor-storage.ts'

const FIXTURES = join(import.meta.dirname, '../../compiler/torch/fixtures')
const SAVED = join(import.meta.dirname, 'fixtures')
const saved = (name: string) => readFileSync(join(SAVED, name))

describe('files that hold a program', () => {
  test.each([
    ['torch-2.5.1/gpt_manual.model.pt2', '2.5.1'],
    ['torch-2.8.0/LSTM_bi2.model.pt2', '2.8.0'],
    ['torch-2.15.0/dict_out.model.pt2', '2.15.0'],
  ])('%s is read, whatever the layout of its archive', (name, version) => {
    const program = readTorch(readFileSync(join(FIXTURES, name)), name)
    expect(program).toMatchObject({ kind: 'exported' })
    expect(program.kind === 'exported' && program.torchVersion).toContain(version)
  })

  test('a graph that gives a name twice is refused: which one a node means would be a guess', () => {
    const name = 'torch-2.8.0/LSTM_bi2.model.pt2'
    const { entries, read } = readZip(readFileSync(join(FIXTURES, name)), { maxBytes: 2 ** 30 })
    const files = [...entries.keys()].map((each) => ({ name: each, content: Buffer.from(read(each)) }))
    const program = files.find((file) => /models\/\w+\.json$/.test(file.name))
    const document = JSON.parse(String(program?.content)) as { graph_module: { graph: { nodes: unknown[] } } }
    const { nodes } = document.graph_module.graph
    nodes.push(nodes[0])
    const edited = files.map((file) =>
      file === program ? { ...file, content: Buffer.from(JSON.stringify(document)) } : file,
    )
    const error = refusal(() => readTorch(makeZip(edited), name))
    expect(error.code).toBe('refused')
    expect(error.message).toMatch(/gives the name ".+" twice/)
  })

  test('traced code is read with its inputs', () => {
    const program = readTorch(readFileSync(join(FIXTURES, 'torch-2.15.0/tabular.trace.pt')), 'a.pt')
    expect(program.kind === 'script' && program.tracedInputs?.map((input) => [input?.datatype, input?.shape])).toEqual([
      ['INT64', [3, 2]],
      ['FP32', [3, 4]],
    ])
  })
})

describe('files that hold none', () => {
  test('a state dict: what it holds, and the line that exports the model', () => {
    const error = refusal(() => readTorch(saved('state.pt'), 'state.pt'))
    expect(error.code).toBe('unsupported')
    expect(error.message).toContain('6 tensors')
    expect(error.message).toContain('torch.export.export(model.eval()')
    expect(error.details).toMatchObject({ holds: 'state-dict', tensors: 6 })
  })

  test('the same, as torch before 1.6 wrote it', () => {
    const contents = describeTorch(saved('state.legacy.pt'), 'state.pt')
    expect(contents.kind).toBe('state-dict')
    expect(contents.tensors).toEqual(describeTorch(saved('state.pt'), 'state.pt').tensors)
  })

  test('a checkpoint of training', () => {
    const contents = describeTorch(saved('checkpoint.pt'), 'checkpoint.pt')
    expect(contents.kind).toBe('checkpoint')
    expect(contents.tensors.some(({ name }) => name === 'model.0.weight')).toBe(true)
  })

  test('a whole module: which class its code would need', () => {
    const contents = describeTorch(saved('module.pt'), 'module.pt')
    expect(contents.kind).toBe('module')
    expect(contents.classes[0]).toContain('Sequential')
    expect(contents.architecture).toContain('convolution')
  })

  test('machine code of AOTInductor', () => {
    const bytes = makeZip([{ name: 'model/data/aotinductor/model/a.so', content: '\x7fELF' }])
    expect(refusal(() => readTorch(bytes, 'a.pt2')).message).toContain('AOTInductor')
  })

  test('an archive of something else', () => {
    const bytes = makeZip([{ name: 'a/b.txt', content: 'x' }])
    expect(refusal(() => readTorch(bytes, 'a.pt')).code).toBe('refused')
  })

  test('what is neither a zip nor a file of torch', () => {
    expect(refusal(() => readTorch(Buffer.from('hello'), 'a.pt')).code).toBe('refused')
  })
})

describe('tensors over their storage', () => {
  const storage = new Uint8Array(Float32Array.from([0, 1, 2, 3, 4, 5]).buffer)

  test('are views where they lie in order', () => {
    const made = tensorOf(storage, 'FP32', { shape: [2, 2], strides: [2, 1], offset: 2 })
    expect([...made.data]).toEqual([2, 3, 4, 5])
    expect(made.data.buffer).toBe(storage.buffer)
  })

  test('are put in order where they are transposed or repeated', () => {
    expect([...tensorOf(storage, 'FP32', { shape: [3, 2], strides: [1, 3], offset: 0 }).data]).toEqual([
      0, 3, 1, 4, 2, 5,
    ])
    expect([...tensorOf(storage, 'FP32', { shape: [2, 2], strides: [0, 1], offset: 1 }).data]).toEqual([1, 2, 1, 2])
  })

  test.each([
    [{ shape: [7], strides: [1], offset: 0 }],
    [{ shape: [2], strides: [1], offset: 5 }],
    [{ shape: [2, 2], strides: [4, 2], offset: 0 }],
    [{ shape: [2 ** 30, 2 ** 30], strides: [0, 0], offset: 0 }],
    [{ shape: [-1], strides: [1], offset: 0 }],
    [{ shape: [1], strides: [1, 1], offset: 0 }],
  ])('are refused where they reach beyond it (%#)', (layout) => {
    expect(['refused', 'unsupported']).toContain(refusal(() => tensorOf(storage, 'FP32', layout)).code)
  })
})
