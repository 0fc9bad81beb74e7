import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import { ENGINES } from '../../engines/index.ts'
import { loadProgram } from '../../engines/program.ts'
import { makeZip } from '../../formats/archives/zip.fixture.ts'
import { readZip } from '../../formats/archives/zip.ts'
import { readTorch } from '../../formats/torch/read-torch.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { compileTorch } from './compile-torch.ts'
import { numbersTensor } from './constants.ts'
import { FIXTURES } from './mutants.fixture.ts'

interface Recorded {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data: readonly (number | boolean | string)[]
}

interface Case {
  readonly inputs: readonly Recorded[]
  readonly outputs: Readonly<Record<string, Recorded>>
}

const DATATYPES = { float32: 'FP32', float64: 'FP64', int64: 'INT64', int32: 'INT32', bool: 'BOOL' } as const
const SPECIAL: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, nan: NaN }

const numberOf = (value: number | boolean | string) =>
  typeof value === 'string' ? (SPECIAL[value] ?? NaN) : Number(value)

function tensorOf({ dtype, shape, data }: Recorded): Tensor {
  return numbersTensor(DATATYPES[dtype as keyof typeof DATATYPES], shape, data.map(numberOf)) as Tensor
}

const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.pt2?$/.test(name))
  .sort()

/** A file with one of its entries changed. */
function withEntry(file: string, pattern: RegExp, change: (text: string) => string): Buffer {
  const zip = readZip(readFileSync(join(FIXTURES, file)))
  return makeZip(
    [...zip.entries.keys()].map((name) => {
      const content = Buffer.from(zip.read(name))
      return { name, content: pattern.test(name) ? change(content.toString()) : content }
    }),
  )
}

const compileBytes = (bytes: Uint8Array) => compileTorch(readTorch(bytes, 'model.pt2'))
const compileFile = (file: string) => compileBytes(readFileSync(join(FIXTURES, file)))

describe('a file of torch gives the numbers that torch gave', () => {
  test.each(files)('%s', async (file) => {
    const lines = readFileSync(join(FIXTURES, file.replace(/\.\w+\.pt2?$/, '.jsonl')), 'utf8')
      .trimEnd()
      .split('\n')
    const cases = lines.map((line) => JSON.parse(line) as Case)
    const compiled = compileFile(file)
    const program = await loadProgram(compiled.program, ENGINES, (path) => compiled.files.get(path) ?? new Uint8Array())
    const names = compiled.outputs.map(({ name }) => name)
    for (const { inputs, outputs } of cases) {
      const given = new Map(compiled.inputs.map(({ name }, i) => [name, tensorOf(inputs[i] as Recorded)]))
      const answers = await program.run(given, names)
      for (const [i, [key, recorded]] of Object.entries(outputs).entries()) {
        const answer = answers.get(names.includes(key) ? key : (names[i] ?? '')) as Tensor
        const due = tensorOf(recorded)
        expect([key, answer.datatype, answer.shape]).toEqual([key, due.datatype, due.shape])
        const far = Array.from(due.data as ArrayLike<number>, Number).findIndex(
          (value, at) => !isNear(Number(answer.data[at]), numberOf(value)),
        )
        expect(far, `${key}: ${String(answer.data[far])} where ${String(due.data[far])} is due`).toBe(-1)
      }
    }
    program.release()
  })
})

function isNear(value: number, due: number): boolean {
  return Object.is(value, due) || value === due || Math.abs(value - due) <= 1e-5 + 1e-4 * Math.abs(due)
}

describe('the signature', () => {
  test('has the names of the program, the sizes that may vary, and the keys of a dict', () => {
    const { inputs, outputs, format, producer } = compileFile('torch-2.15.0/dict_out.model.pt2')
    expect(inputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([['x', 'FP32', [-1, 5]]])
    expect(outputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ['logits', 'FP32', [-1, 4]],
      ['probs', 'FP32', [-1, 4]],
      ['label', 'INT64', [-1]],
    ])
    expect([format, producer]).toEqual(['pt2', 'torch 2.15.0+cu132'])
  })

  test('of traced code has the shapes that it was traced with, the first size left open', () => {
    const { inputs, outputs, format } = compileFile('torch-2.15.0/conv1d.trace.pt')
    expect(inputs.map(({ shape }) => shape)).toEqual([[-1, 3, 40]])
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([['output', [-1, 2]]])
    expect(format).toBe('torchscript')
  })

  test('of other code is found out, and a warning says so', () => {
    const { inputs, warnings } = compileFile('torch-2.15.0/tabular.script.pt')
    expect(inputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ['cat', 'INT64', [-1, -1]],
      ['num', 'FP32', [-1, 4]],
    ])
    expect(warnings?.join()).toContain('by its code they are')
  })
})

describe('refusals', () => {
  const exported = 'torch-2.15.0/inplace.model.pt2'
  const code = 'torch-2.15.0/conv1d.trace.pt'

  test('name an operator that is not compiled', () => {
    const bytes = withEntry(exported, /models\/.*json$/, (text) =>
      text.replaceAll('aten.clamp_.default', 'aten.fft_fft.default'),
    )
    expect(refusal(() => compileBytes(bytes))).toMatchObject({
      code: 'unsupported',
      message: 'the operator aten.fft_fft.default is not compiled',
    })
  })

  test('name a graph operator', () => {
    const bytes = withEntry(exported, /models\/.*json$/, (text) =>
      text.replaceAll('torch.ops.aten.clamp_.default', 'torch.ops.higher_order.cond'),
    )
    expect(refusal(() => compileBytes(bytes)).message).toContain('"cond"')
  })

  test('catch a shape in the file that cannot be', () => {
    const bytes = withEntry('torch-2.15.0/dict_out.model.pt2', /models\/.*json$/, (text) =>
      text.replace(/("linear": \{"dtype": 7, "sizes": \[.*?)\{"as_int": 4\}/, '$1{"as_int": 9}'),
    )
    expect(refusal(() => compileBytes(bytes))).toMatchObject({ code: 'refused' })
  })

  test('name a buffer that the model changes', () => {
    const bytes = withEntry('torch-2.15.0/dict_out.model.pt2', /models\/.*json$/, (text) =>
      text.replace(
        '{"user_output": {"arg": {"as_tensor": {"name": "argmax"}}}}',
        '{"buffer_mutation": {"arg": {"name": "argmax"}, "buffer_name": "seen"}}',
      ),
    )
    expect(refusal(() => compileBytes(bytes)).message).toContain('changes "seen" each time it runs')
  })

  test('say that a model was exported in training mode', () => {
    const bytes = withEntry(code, /batchnorm.*py$/, (text) => text.replace('running_var, False', 'running_var, True'))
    expect(refusal(() => compileBytes(bytes)).message).toContain('model.eval()')
  })

  test('say what code decides by data', () => {
    const bytes = withEntry(code, /activation.*py$/, (text) =>
      text.replace(
        /    return [^\n]+/,
        '    if torch.gt(torch.sum(argument_1), 0):\n      pass\n    else:\n      pass\n    return argument_1',
      ),
    )
    expect(refusal(() => compileBytes(bytes)).message).toContain('takes one way or another')
  })

  test('catch code that changes its input', () => {
    const bytes = withEntry(code, /container.*py$/, (text) =>
      text.replace(/input: Tensor\) -> Tensor:\n/, '$&    _y = torch.add_(input, 1)\n'),
    )
    expect(refusal(() => compileBytes(bytes)).message).toContain('changes its input in place')
  })

  test('catch code that never ends', () => {
    const bytes = withEntry(code, /container.*py$/, (text) =>
      text.replace(/(Tensor\) -> Tensor:\n)/, '$1    while True:\n      pass\n'),
    )
    expect(refusal(() => compileBytes(bytes)).message).toContain('steps')
  })

  test('catch code that calls itself', () => {
    const bytes = withEntry(code, /container.*py$/, (text) =>
      text.replace(/(Tensor\) -> Tensor:\n)/, '$1    _y = (self).forward(x, )\n'),
    )
    expect(refusal(() => compileBytes(bytes)).code).toBe('unsupported')
  })
})
