import { quote, quoteList } from '../core/text.ts'
import { isDatatype, type Datatype } from '../tensor/datatype.ts'
import { isInside, parseCodeDocument, parseListedFiles, writeListedFiles } from './listed-files.ts'

/** The kinds of code and models that the runner knows. */
export const PYTHON_FLAVOURS = ['sagemaker', 'azure', 'huggingface', 'mlflow', 'object'] as const

/** Most outputs of a signature. */
const MAX_OUTPUTS = 4096

export type PythonFlavour = (typeof PYTHON_FLAVOURS)[number]

/** What stands in the file of a step in Python: how the files of the bundle lie where the code runs, and where it begins. */
export interface PythonFile {
  readonly flavour: PythonFlavour
  /** The file that is run, or that holds the object; empty where the folder as a whole is the model. */
  readonly entry: string
  /** Folder that code is imported from, besides that of all files; empty for that one. */
  readonly code: string
  /** File of packages that the code needs. */
  readonly requirements: string | undefined
  /** Path in the bundle of each file, by the path that the code knows it by. */
  readonly files: ReadonlyMap<string, string>
  /** What each output has to be, of code that gives tensors: what it gives is checked at every run. */
  readonly outputs?: readonly OutputOfCode[] | undefined
}

export interface OutputOfCode {
  readonly name: string
  readonly datatype: Datatype
  /** -1 for a dimension that may vary. */
  readonly shape: readonly number[]
}

/**
 * Reads the file of a step.
 * @param where the file's path in the bundle
 * @throws {ServingError} `refused` for what is none, and for paths that lead out of their folder
 */
export function parsePythonFile(bytes: Uint8Array, where: string): PythonFile {
  const { members, refuse } = parseCodeDocument(bytes, where, [
    'flavour',
    'entry',
    'code',
    'requirements',
    'files',
    'outputs',
  ])
  const { flavour, entry, code, requirements, files, outputs } = members
  if (!PYTHON_FLAVOURS.includes(flavour as PythonFlavour))
    refuse(`names another kind of code than ${quoteList(PYTHON_FLAVOURS)}: update Slipway`)
  const listed = parseListedFiles(files, refuse)
  if (typeof entry !== 'string' || (entry !== '' && !listed.has(entry)))
    refuse('has an entry that is none of its files')
  if (typeof code !== 'string' || (code !== '' && !isInside(code))) refuse('has no folder of code')
  if (requirements !== undefined && (typeof requirements !== 'string' || !listed.has(requirements)))
    refuse('has requirements that are none of its files')
  return {
    flavour: flavour as PythonFlavour,
    entry: entry as string,
    code: code as string,
    requirements: requirements as string | undefined,
    files: listed,
    ...(outputs === undefined ? {} : { outputs: parseOutputs(outputs, refuse) }),
  }
}

function parseOutputs(outputs: unknown, refuse: (what: string) => never): OutputOfCode[] {
  if (!Array.isArray(outputs) || outputs.length > MAX_OUTPUTS) return refuse('has outputs that are no list')
  return outputs.map((each: unknown) => {
    const { name, datatype, shape } = (each ?? {}) as Readonly<Record<string, unknown>>
    const isShape = Array.isArray(shape) && shape.length <= 8 && shape.every((size) => Number.isInteger(size))
    if (typeof name !== 'string' || typeof datatype !== 'string' || !isDatatype(datatype) || !isShape)
      return refuse(`has an output that is none: ${quote(JSON.stringify(each) ?? 'none')}`)
    return { name, datatype, shape: shape as number[] }
  })
}

/** The bytes that `parsePythonFile` reads; the same for the same content. */
export function writePythonFile({ files, requirements, ...rest }: PythonFile): Uint8Array {
  const document = {
    ...rest,
    ...(requirements === undefined ? {} : { requirements }),
    files: writeListedFiles(files),
  }
  return new TextEncoder().encode(`${JSON.stringify(document, undefined, 1)}\n`)
}
