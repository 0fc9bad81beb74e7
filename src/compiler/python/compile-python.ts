import { parsePythonFile, writePythonFile, type PythonFile } from '../../bundle/python-file.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import type { CompiledModel } from '../compile-onnx.ts'
import { isPlainPath } from '../plain-path.ts'
import { specsOf } from '../said-specs.ts'
import type { PythonCode } from './find-python-code.ts'

/** Where the description of the code lies in a bundle. */
export const PYTHON_FILE = 'python.json'

/** What the code said of itself, once it was loaded. */
export interface PythonDescription {
  /** JSON: whether it takes bodies, else its inputs and outputs. */
  readonly document: unknown
  /** Rows that it has run; none where it takes bodies. */
  readonly example: Tensors
}

/** What code takes and gives that is handed bodies: any number of them, each answered by itself. */
const RAW: Pick<CompiledModel, 'inputs' | 'outputs' | 'isRaw'> = {
  inputs: [
    { name: 'body', datatype: 'BYTES', shape: [-1] },
    { name: 'content_type', datatype: 'BYTES', shape: [-1], isOptional: true },
    { name: 'accept', datatype: 'BYTES', shape: [-1], isOptional: true },
  ],
  outputs: [
    { name: 'body', datatype: 'BYTES', shape: [-1] },
    { name: 'content_type', datatype: 'BYTES', shape: [-1] },
    { name: 'status', datatype: 'INT32', shape: [-1] },
  ],
  isRaw: true,
}

/**
 * The files of a bundle for code in Python: `python.json`, code below `code/`, all else below `model/`. Names that a
 * bundle cannot have are kept in `python.json`, and their files numbered.
 */
export function layOutPython(code: PythonCode, files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const laidOut = new Map<string, Uint8Array>()
  const places = new Map<string, string>()
  let numbers = 0
  const numbered = (folder: string) => `${folder}/file-${String(++numbers).padStart(4, '0')}`
  for (const [path, bytes] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const isCode = path.endsWith('.py') || path === code.requirements
    const folder = isCode ? 'code' : 'model'
    const inside = isCode && path.startsWith('code/') ? path.slice('code/'.length) : path
    let place = isPlainPath(inside) ? `${folder}/${inside}` : numbered(folder)
    while (laidOut.has(place)) place = numbered(folder)
    laidOut.set(place, bytes)
    places.set(path, place)
  }
  const file: PythonFile = { ...code, files: places }
  laidOut.set(PYTHON_FILE, writePythonFile(file))
  return laidOut
}

/**
 * A program of one step for code in Python.
 * @param files as `layOutPython` gave them
 * @throws {ServingError} `unsupported` for inputs and outputs that no signature can have
 */
export function compilePython(
  code: PythonCode,
  files: ReadonlyMap<string, Uint8Array>,
  { document, example }: PythonDescription,
): CompiledModel {
  const description = (document ?? {}) as Readonly<Record<string, unknown>>
  const { isRaw, producer, warnings } = description
  const signature =
    isRaw === true
      ? RAW
      : {
          inputs: specsOf(description['inputs'], 'input', 'Python'),
          outputs: specsOf(description['outputs'], 'output', 'Python'),
          ...defaultsOf(description['defaultOutputs']),
        }
  const told = isRaw === true ? files : withOutputs(files, specsOf(description['outputs'], 'output', 'Python'))
  const step = {
    kind: 'python' as const,
    file: PYTHON_FILE,
    inputs: Object.fromEntries(signature.inputs.map(({ name }) => [name, name])),
    outputs: Object.fromEntries(signature.outputs.map(({ name }) => [name, name])),
  }
  return {
    format: 'python',
    producer: typeof producer === 'string' ? producer.slice(0, 1000) : code.flavour,
    program: { steps: [step] },
    ...signature,
    files: told,
    metadata: new Map(),
    isQuantized: false,
    ...(example.size === 0 ? {} : { example }),
    warnings: Array.isArray(warnings) ? warnings.filter((each) => typeof each === 'string') : [],
  }
}

/** The files with what the outputs are: the runner holds the code to it. */
function withOutputs(
  files: ReadonlyMap<string, Uint8Array>,
  outputs: ReturnType<typeof specsOf>,
): ReadonlyMap<string, Uint8Array> {
  const file = parsePythonFile(files.get(PYTHON_FILE) ?? new Uint8Array(), PYTHON_FILE)
  const told = outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }))
  return new Map([...files, [PYTHON_FILE, writePythonFile({ ...file, outputs: told })]])
}

function defaultsOf(found: unknown): Pick<CompiledModel, 'defaultOutputs'> {
  if (!Array.isArray(found) || found.length === 0) return {}
  return { defaultOutputs: found.filter((name) => typeof name === 'string') }
}
