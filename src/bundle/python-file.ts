import { quoteList } from '../core/text.ts'
import { isInside, parseCodeDocument, parseListedFiles, writeListedFiles } from './listed-files.ts'

/** The kinds of code and models that the runner knows. */
export const PYTHON_FLAVOURS = ['sagemaker', 'azure', 'huggingface', 'mlflow', 'object'] as const

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
}

/**
 * Reads the file of a step.
 * @param where the file's path in the bundle
 * @throws {ServingError} `refused` for what is none, and for paths that lead out of their folder
 */
export function parsePythonFile(bytes: Uint8Array, where: string): PythonFile {
  const { members, refuse } = parseCodeDocument(bytes, where, ['flavour', 'entry', 'code', 'requirements', 'files'])
  const { flavour, entry, code, requirements, files } = members
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
  }
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
