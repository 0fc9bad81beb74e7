import { parseCodeDocument, parseListedFiles, writeListedFiles } from './listed-files.ts'

/** What stands in the file of a step in TypeScript: how the files of the bundle are called where the code runs. */
export interface TypeScriptFile {
  /** The file whose functions are called. */
  readonly entry: string
  /** Path in the bundle of each file, by the path that the code knows it by. */
  readonly files: ReadonlyMap<string, string>
}

/**
 * Reads the file of a step.
 * @param where the file's path in the bundle
 * @throws {ServingError} `refused` for what is none, and for paths that lead out of their folder
 */
export function parseTypeScriptFile(bytes: Uint8Array, where: string): TypeScriptFile {
  const { members, refuse } = parseCodeDocument(bytes, where, ['entry', 'files'])
  const { entry, files } = members
  const listed = parseListedFiles(files, refuse)
  if (typeof entry !== 'string' || !listed.has(entry)) return refuse('has an entry that is none of its files')
  return { entry, files: listed }
}

/** The bytes that `parseTypeScriptFile` reads; the same for the same content. */
export function writeTypeScriptFile({ entry, files }: TypeScriptFile): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ entry, files: writeListedFiles(files) }, undefined, 1)}\n`)
}
