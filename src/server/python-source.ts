import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative, resolve, sep } from 'node:path'
import { MANIFEST_FILE } from '../bundle/manifest.ts'
import { findPythonCode, needPythonCode, type PythonCode } from '../compiler/python/find-python-code.ts'
import { ServingError } from '../core/errors.ts'
import { formatBytes, quote } from '../core/text.ts'
import { readNamedFile } from '../storage/local.ts'

/** Code in Python as it lies on disk: one file, or a folder. */
export interface PythonSource {
  readonly code: PythonCode
  /** Where each file lies, by its path in the folder. */
  readonly paths: ReadonlyMap<string, string>
  readonly fileName: string
  /** Of the file; of a folder, of the names and digests of its files. */
  readonly sha256: string
  readonly sizeBytes: number
}

/** What lies in folders and is no part of a model. */
const LEFT_OUT = /^(\.|__pycache__$|venv$|node_modules$|mlruns$)|\.pyc$/

/** Files that a library alone can load, by the end of their names. */
const OBJECT_FILE = /\.(pkl|pickle|joblib|sav|dill|pt|pth|cbm|keras|h5)$/i

const MAX_FILES = 10_000
const MAX_DEPTH = 16

/**
 * Whether a path is code in Python, or a file that Python alone can load, as far as names tell.
 * @returns false for bundles, for what is compiled, and for what is not there
 */
export async function isPythonSource(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() === true) return OBJECT_FILE.test(path)
  return found?.isDirectory() === true && (await findInFolder(path)) !== undefined
}

/** What code a folder holds; undefined for none, and for a bundle. @throws {ServingError} as `findPythonCode` */
export async function findInFolder(folder: string): Promise<PythonCode | undefined> {
  const names = await readdir(folder)
  if (names.includes(MANIFEST_FILE)) return undefined
  // most folders of models have neither: they are not walked through
  const isLikely = names.some((name) => /\.py$|^MLmodel$|^(code|src|onlinescoring)$/.test(name))
  return isLikely ? findPythonCode(await lookInto(await listFiles(folder))) : undefined
}

/**
 * What is to be run in Python, with the digest of all of it.
 * @throws {ServingError} `unsupported` where nothing of it is; `too_large`; `refused`
 */
export async function openPythonSource(path: string, maxBytes: number): Promise<PythonSource> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new ServingError('not_found', `there is no file or folder ${quote(path)}`)
  const paths = found.isDirectory() ? await listFiles(path) : new Map([[basename(path), path]])
  const code = needPythonCode(await lookInto(paths), path)
  return {
    code,
    paths,
    fileName: basename(resolve(path)),
    ...(await measureFiles(path, paths, maxBytes, found.isDirectory())),
  }
}

/** Size and digest of some files: of a folder, that of their names and digests. @throws {ServingError} `too_large` */
export async function measureFiles(
  path: string,
  paths: ReadonlyMap<string, string>,
  maxBytes: number,
  isFolder: boolean,
): Promise<{ readonly sha256: string; readonly sizeBytes: number }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  let digest = ''
  for (const [name, file] of paths) {
    sizeBytes += (await stat(file)).size
    if (sizeBytes > maxBytes)
      throw new ServingError('too_large', `${quote(path)} holds over ${formatBytes(maxBytes)}, which is the most`)
    digest = await digestOf(file)
    hash.update(JSON.stringify([name, digest]))
  }
  const sha256 = isFolder ? hash.digest('hex') : digest
  return { sha256, sizeBytes }
}

/** The content of all files. @throws {ServingError} `too_large` */
export async function readFiles(
  paths: ReadonlyMap<string, string>,
  maxBytes: number,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  let left = maxBytes
  for (const [name, path] of paths) {
    const bytes = await readNamedFile(path, left, name)
    left -= bytes.byteLength
    files.set(name, bytes)
  }
  return files
}

/** Files of a folder by their paths in it, in one order; links to files are followed, those to folders are not. */
export async function listFiles(folder: string): Promise<Map<string, string>> {
  const found: string[] = []
  async function walk(at: string, depth: number): Promise<void> {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      if (LEFT_OUT.test(entry.name)) continue
      const path = join(at, entry.name)
      const kind = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry
      if (kind?.isDirectory() === true && !entry.isSymbolicLink() && depth < MAX_DEPTH) await walk(path, depth + 1)
      if (kind?.isFile() !== true) continue
      if (found.length === MAX_FILES)
        throw new ServingError(
          'too_large',
          `the folder ${quote(folder)} holds over ${MAX_FILES} files; give one with the model's alone`,
        )
      found.push(path)
    }
  }
  await walk(folder, 0)
  const named = found.map((path): [string, string] => [relative(folder, path).split(sep).join('/'), path])
  return new Map(named.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** The files with the content of those that tell what they are; the others stand there empty. */
async function lookInto(paths: ReadonlyMap<string, string>): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const [name, path] of paths) {
    const isTelling = name === 'MLmodel' || (name.endsWith('.py') && name.split('/').length <= 2)
    files.set(
      name,
      isTelling ? await readNamedFile(path, 2 ** 24, name).catch(() => new Uint8Array()) : new Uint8Array(),
    )
  }
  return files
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
