import { describe, expect, test } from 'vitest'
import { parsePythonFile, writePythonFile, type PythonFile } from './python-file.ts'

const FILE: PythonFile = {
  flavour: 'sagemaker',
  entry: 'code/inference.py',
  code: 'code',
  requirements: 'code/requirements.txt',
  files: new Map([
    ['code/inference.py', 'code/inference.py'],
    ['code/requirements.txt', 'code/requirements.txt'],
    ['weights of mine ü.bin', 'model/file-0001'],
  ]),
}

function parse(change: Readonly<Record<string, unknown>>) {
  const document = { ...FILE, files: Object.fromEntries(FILE.files), ...change }
  return parsePythonFile(Buffer.from(JSON.stringify(document)), 'python.json')
}

describe('the file of a step in Python', () => {
  test('is read as it was written, whatever its files are called', () => {
    expect(parsePythonFile(writePythonFile(FILE), 'python.json')).toEqual(FILE)
    const told: PythonFile = { ...FILE, outputs: [{ name: 'y', datatype: 'FP64', shape: [-1, 2] }] }
    expect(parsePythonFile(writePythonFile(told), 'python.json')).toEqual(told)
  })

  test.each([
    [{ files: { '../escape.py': 'a' }, entry: '../escape.py' }, /no path inside a folder/],
    [{ files: { '/etc/passwd': 'a' }, entry: '' }, /no path inside a folder/],
    [{ files: { 'a/../../b': 'a' }, entry: '' }, /no path inside a folder/],
    [{ files: { 'a\\b': 'a' }, entry: '' }, /no path inside a folder/],
    [{ files: { 'a\0b': 'a' }, entry: '' }, /no path inside a folder/],
    [{ files: { './a': 'a' }, entry: '' }, /no path inside a folder/],
    [{ files: { a: 'a', 'a/b': 'b' }, entry: '', requirements: undefined }, /as a file and as a folder/],
    [{ files: {} }, /lists 0 files/],
    [{ files: { a: 3 } }, /gives no file/],
    [{ files: [] }, /lists no files|lists 0 files/],
    [{ entry: 'other.py' }, /none of its files/],
    [{ code: '../code' }, /no folder of code/],
    [{ requirements: 'nowhere.txt' }, /none of its files/],
    [{ flavour: 'perl' }, /another kind of code/],
    [{ outputs: 'y' }, /outputs that are no list/],
    [{ outputs: [{ name: 'y', datatype: 'FP65', shape: [-1] }] }, /an output that is none/],
    [{ outputs: [{ name: 'y', datatype: 'FP64', shape: [0.5] }] }, /an output that is none/],
    [{ outputs: [null] }, /an output that is none/],
    [{ command: 'rm -rf /' }, /unknown field "command"/],
  ])('%j is refused', (change, message) => {
    expect(() => parse(change)).toThrow(message)
  })

  test.each(['', '[]', 'null', '{', '\xff'])('%j is refused as no JSON object', (text) => {
    expect(() => parsePythonFile(Buffer.from(text, 'latin1'), 'python.json')).toThrow(/"python\.json"/)
  })
})
