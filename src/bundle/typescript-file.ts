import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { parseListedFiles, writeListedFiles } from './listed-files.ts'

/** What stands in the file of a step in TypeScript: how the files of the bundle are called where the code runs. */
export interface TypeScriptFile {
  /** The file whose functions are called. */
  readonly entry: string
  /** Path in the bundle of each file, by the path that the code knows it by. */
  readonly files: ReadonlyMap<string, string>
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the file of a step.
 * @param where the file's path in the bundle
 * @throws {ServingError} `refused` for what is none, and for paths that lead out of their folder
 */
export function parseTypeScriptFile(bytes: Uint8Array, where: string): TypeScriptFile {
  const refuse = (what: string): never => {
    throw new ServingError('refused', `${quote(where)} ${what}`)
  }
  let document: unknown
  try {
    document = JSON.parse(utf8.decode(bytes))
  } catch {
    refuse('is no JSON in UTF-8')
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) refuse('is no JSON object')
  const { entry, files, ...others } = document as Record<string, unknown>
  const [other] = Object.keys(others)
  if (other !== undefined) refuse(`has the unknown field ${quote(other)}`)
  const listed = parseListedFiles(files, refuse)
  if (typeof entry !== 'string' || !listed.has(entry)) return refuse('has an entry that is none of its files')
  return { entry, files: listed }
}

/** The bytes that `parseTypeScriptFile` reads; the same for the same content. */
export function writeTypeScriptFile({ entry, files }: TypeScriptFile): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ entry, files: writeListedFiles(files) }, undefined, 1)}\n`)
}
