import { describe, expect, test } from 'vitest'
import { parsePythonFile } from '../../bundle/python-file.ts'
import { compilePython, layOutPython, PYTHON_FILE } from './compile-python.ts'
import { findPythonCode, needPythonCode } from './find-python-code.ts'

function files(...entries: readonly (string | readonly [string, string])[]): Map<string, Uint8Array> {
  return new Map(
    entries.map((each) => (typeof each === 'string' ? [each, Buffer.from('')] : [each[0], Buffer.from(each[1])])),
  )
}

const SCORE = 'import os\ndef init():\n  pass\ndef run(data):\n  return data\n'
const HANDLER = 'class EndpointHandler:\n  pass\n'

describe('what code some files are', () => {
  test.each([
    [
      files('code/inference.py', 'model.pth', 'code/requirements.txt'),
      { flavour: 'sagemaker', entry: 'code/inference.py', code: 'code', requirements: 'code/requirements.txt' },
    ],
    [
      files('inference.py', 'requirements.txt'),
      { flavour: 'sagemaker', entry: 'inference.py', code: '', requirements: 'requirements.txt' },
    ],
    [files(['score.py', SCORE], 'model.pkl'), { flavour: 'azure', entry: 'score.py', code: '' }],
    [
      files(['onlinescoring/score.py', SCORE], 'model/model.pkl'),
      { flavour: 'azure', entry: 'onlinescoring/score.py', code: 'onlinescoring' },
    ],
    [files(['main.py', SCORE], 'helpers.py'), { flavour: 'azure', entry: 'main.py' }],
    [files(['handler.py', HANDLER], 'config.json'), { flavour: 'huggingface', entry: 'handler.py' }],
    [
      files(
        ['MLmodel', 'flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n'],
        'model.pkl',
        'requirements.txt',
      ),
      { flavour: 'mlflow', entry: '', code: '', requirements: 'requirements.txt' },
    ],
    [files('model.joblib', 'README.md'), { flavour: 'object', entry: 'model.joblib', code: '' }],
  ])('%# is told by its names', (given, found) => {
    expect(findPythonCode(given)).toMatchObject(found)
  })

  test.each([
    [files('readme.md')],
    [files('a.pkl', 'b.pkl')],
    [files('model.onnx')],
    [files('handler.py')],
    [files(['MLmodel', 'flavors:\n  java: x\n'])],
    [files('a.pkl', 'train.py')],
  ])('where nothing tells, nothing is guessed (%#)', (given) => {
    expect(findPythonCode(given)).toBeUndefined()
    expect(() => needPythonCode(given, 'folder')).toThrow(/"folder" holds nothing that runs in Python/)
  })

  test('two kinds of code in one folder are refused by name', () => {
    expect(() => findPythonCode(files('inference.py', ['score.py', SCORE]))).toThrow(/"inference\.py", "score\.py"/)
  })
})

describe('a bundle of code', () => {
  const given = files(
    'code/inference.py',
    'code/requirements.txt',
    'weights/a b.bin',
    'ü.txt',
    'model/file-0001',
    'helpers.py',
  )
  const code = needPythonCode(given, 'folder')

  test('holds every file, under names that a bundle may have', () => {
    const laidOut = layOutPython(code, given)
    const file = parsePythonFile(laidOut.get(PYTHON_FILE) ?? new Uint8Array(), PYTHON_FILE)
    expect([...file.files.keys()].toSorted()).toEqual([...given.keys()].toSorted())
    expect(new Set(file.files.values()).size).toBe(given.size)
    for (const path of file.files.values()) expect(laidOut.has(path)).toBe(true)
    for (const path of laidOut.keys()) expect(path).toMatch(/^(code|model)\/[A-Za-z0-9_./-]+$|^python\.json$/)
    expect(file.files.get('code/inference.py')).toBe('code/inference.py')
    expect(file.files.get('helpers.py')).toBe('code/helpers.py')
  })

  test('has the signature of bodies, or what the code says of itself', () => {
    const raw = compilePython(code, layOutPython(code, given), { document: { isRaw: true }, example: new Map() })
    expect(raw.isRaw).toBe(true)
    expect(raw.inputs.map(({ name }) => name)).toEqual(['body', 'content_type', 'accept'])
    const document = {
      isRaw: false,
      inputs: [{ name: 'X', datatype: 'FP64', shape: [-1, 2] }],
      outputs: [{ name: 'predict', datatype: 'BYTES', shape: [-1] }],
      defaultOutputs: ['predict'],
      warnings: ['careful', 3],
    }
    const model = compilePython(code, layOutPython(code, given), { document, example: new Map() })
    // which the runner holds it to
    const told = parsePythonFile(model.files.get(PYTHON_FILE) ?? new Uint8Array(), PYTHON_FILE)
    expect(told.outputs).toEqual(document.outputs)
    expect(parsePythonFile(raw.files.get(PYTHON_FILE) ?? new Uint8Array(), PYTHON_FILE).outputs).toBeUndefined()
    expect(model).toMatchObject({
      format: 'python',
      inputs: document.inputs,
      defaultOutputs: ['predict'],
      warnings: ['careful'],
    })
    expect(model.program.steps).toEqual([
      { kind: 'python', file: PYTHON_FILE, inputs: { X: 'X' }, outputs: { predict: 'predict' } },
    ])
  })

  test.each([
    [null],
    [{ inputs: [] }],
    [{ inputs: [{ name: '', datatype: 'FP64', shape: [1] }], outputs: [] }],
    [{ inputs: [{ name: 'x', datatype: 'FP65', shape: [1] }] }],
    [{ inputs: [{ name: 'x', datatype: 'FP64', shape: [-2] }] }],
    [{ inputs: [{ name: 'x', datatype: 'FP64', shape: 3 }] }],
    [{ inputs: [0, 1].map(() => ({ name: 'x', datatype: 'FP64', shape: [1] })) }],
  ])('what no signature can be is refused: %j', (document) => {
    expect(() => compilePython(code, given, { document, example: new Map() })).toThrow(/signature/)
  })
})
