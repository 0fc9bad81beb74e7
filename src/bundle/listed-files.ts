import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'

/** Most files, and longest path of one. */
const MAX_FILES = 10_000
const MAX_PATH = 1024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The document of a step that is code: its members, and how to refuse it. */
export interface CodeDocument {
  readonly members: Readonly<Record<string, unknown>>
  readonly refuse: (what: string) => never
}

/**
 * Reads the document of a step that is code.
 * @param where the file's path in the bundle
 * @param known its members
 * @throws {ServingError} `refused` for what is no JSON object, and for members that nobody knows
 */
export function parseCodeDocument(bytes: Uint8Array, where: string, known: readonly string[]): CodeDocument {
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
  const members = document as Readonly<Record<string, unknown>>
  const other = Object.keys(members).find((name) => !known.includes(name))
  if (other !== undefined) refuse(`has the unknown field ${quote(other)}`)
  return { members, refuse }
}

/**
 * The files of some code, as a document lists them: path in the bundle by the path that the code knows.
 * @param refuse throws; it is told what is wrong, as the end of a sentence
 */
export function parseListedFiles(files: unknown, refuse: (what: string) => never): Map<string, string> {
  if (typeof files !== 'object' || files === null || Array.isArray(files)) return refuse('lists no files')
  const listed = new Map<string, string>()
  for (const [path, file] of Object.entries(files)) {
    if (!isInside(path)) refuse(`names ${quote(path)}, which is no path inside a folder`)
    if (typeof file !== 'string' || file === '') return refuse(`gives no file for ${quote(path)}`)
    listed.set(path, file)
  }
  if (listed.size === 0 || listed.size > MAX_FILES) refuse(`lists ${listed.size} files; 1 to ${MAX_FILES} are taken`)
  const nested = nestedIn(listed)
  if (nested !== undefined) refuse(`names ${quote(nested)} as a file and as a folder`)
  return listed
}

/** Files as `parseListedFiles` reads them, the same for the same files. */
export function writeListedFiles(files: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Whether a path stays below its folder, on every system. */
export function isInside(path: string): boolean {
  if (path.length === 0 || path.length > MAX_PATH || /[\\:\p{Cc}]/u.test(path) || !path.isWellFormed()) return false
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

function nestedIn(files: ReadonlyMap<string, string>): string | undefined {
  for (const path of files.keys())
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1))
      if (files.has(path.slice(0, end))) return path.slice(0, end)
  return undefined
}
