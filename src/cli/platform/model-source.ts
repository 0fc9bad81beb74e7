import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack as createPack } from 'tar-stream'
import type { VersionSource } from '../../api/resources.ts'
import type { Client } from '../../client/client.ts'
import { uploadFile } from '../../client/upload-file.ts'
import { ServingError } from '../../core/errors.ts'
import { MODEL_NAME } from '../../core/names.ts'
import { quote } from '../../core/text.ts'
import { UsageError } from '../options.ts'

/** What a person named to be deployed. */
export type Named =
  | { readonly type: 'url'; readonly url: string; readonly fileName: string }
  | { readonly type: 'file' | 'folder'; readonly path: string; readonly fileName: string }

/** Most files of a folder that is deployed. */
const MAX_FILES = 10_000

/** What lies beside a model and is none of it. */
const LEFT_OUT = new Set(['.git', '.venv', 'venv', '__pycache__', 'node_modules', '.ipynb_checkpoints', '.DS_Store'])

/**
 * What a word on the command line stands for: an address, a file, or a folder.
 * @throws {ServingError} `not_found`, `refused`; `permission_denied` for an address with a password in it
 */
export async function nameSource(word: string): Promise<Named> {
  if (/^https?:\/\//i.test(word)) {
    const url = URL.canParse(word) ? new URL(word) : undefined
    if (url === undefined) throw new UsageError(`${quote(word)} is no address`)
    if (url.username !== '' || url.password !== '')
      throw new UsageError(
        'the address has a name or a password in it, which would be kept: use an address that is signed for a time',
      )
    return { type: 'url', url: word, fileName: decodeURIComponent(basename(url.pathname)) || url.hostname }
  }
  const path = resolve(word)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new ServingError('not_found', `there is no file or folder ${quote(word, 200)}`)
  if (found.isFile() && found.size === 0)
    throw new ServingError('refused', `${quote(word, 200)} is empty: it holds no model`)
  if (found.isFile()) return { type: 'file', path, fileName: basename(path) }
  if (found.isDirectory()) return { type: 'folder', path, fileName: `${basename(path)}.tar.gz` }
  throw new ServingError('refused', `${quote(word, 200)} is neither a file nor a folder`)
}

/**
 * The name that a file gives to a model and its endpoint: its stem.
 * @throws {UsageError} when nothing could be called so
 */
export function stemOf(fileName: string): string {
  const stem = fileName.replace(/(\.pipeline|\.tar|\.joblib|\.pkl)?\.[^.]+$/, '')
  if (MODEL_NAME.test(stem)) return stem
  throw new UsageError(
    `${quote(stem)} cannot be the name of a model (letters, digits, "_", "." and "-"): give one with --model`,
  )
}

/** SHA-256 of the file that it is, or of the one that a folder is packed as. */
export async function sha256Of(named: Exclude<Named, { type: 'url' }>, signal: AbortSignal): Promise<string> {
  return withFile(named, signal, async (path) => {
    const digest = createHash('sha256')
    await pipeline(createReadStream(path), digest, { signal })
    return digest.digest('hex')
  })
}

export interface BringOptions {
  readonly project: string
  readonly signal: AbortSignal
  readonly onProgress: (doneBytes: number, totalBytes: number) => void
}

/** Brings it to the platform, where it is no address: a folder as one `.tar.gz`. */
export async function bringSource(client: Client, named: Named, options: BringOptions): Promise<VersionSource> {
  if (named.type === 'url') return { type: 'url', url: named.url }
  const { fileName } = named
  return withFile(named, options.signal, async (path) => {
    const upload = await uploadFile(client, path, { ...options, fileName })
    return { type: 'upload', upload: upload.name }
  })
}

/** Works with a file: a folder is packed for as long. */
async function withFile<T>(
  { type, path }: Exclude<Named, { type: 'url' }>,
  signal: AbortSignal,
  work: (path: string) => Promise<T>,
): Promise<T> {
  if (type === 'file') return work(path)
  const temporary = await mkdtemp(join(tmpdir(), 'slipway-deploy-'))
  try {
    const packed = join(temporary, 'folder.tar.gz')
    await packFolder(path, packed, signal)
    return await work(packed)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** The same folder gives the same bytes: sorted, no times, no owners. Links to files are followed. */
async function packFolder(folder: string, target: string, signal: AbortSignal): Promise<void> {
  const files = (await filesIn(folder, '')).sort((a, b) => (a.name < b.name ? -1 : 1))
  if (files.length === 0) throw new ServingError('refused', `${quote(folder, 200)} holds no files`)
  const pack = createPack()
  const written = pipeline(pack, createGzip({ level: 1 }), createWriteStream(target, { mode: 0o600 }), { signal })
  written.catch(() => {}) // told below, once no file is read any more
  try {
    for (const { name, path, sizeBytes } of files) {
      const header = { name, size: sizeBytes, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' }
      await pipeline(createReadStream(path), pack.entry(header), { signal })
    }
    pack.finalize()
  } catch (error) {
    pack.destroy()
    if (signal.aborted) throw ServingError.from(signal.reason)
    throw new ServingError('refused', `${quote(folder, 200)} cannot be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
  await written
}

interface FileIn {
  /** Below the folder, with slashes. */
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
}

async function filesIn(folder: string, prefix: string, depth = 0): Promise<FileIn[]> {
  if (depth > 16)
    throw new ServingError('refused', `${quote(folder, 200)} lies over 16 folders deep: is it a loop of links?`)
  const found: FileIn[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name)) continue
    const path = join(folder, entry.name)
    const name = `${prefix}${entry.name}`
    const target = await stat(path).catch(() => undefined)
    if (target?.isDirectory() === true) found.push(...(await filesIn(path, `${name}/`, depth + 1)))
    else if (target?.isFile() === true) found.push({ name, path, sizeBytes: target.size })
    else throw new ServingError('refused', `${quote(path, 200)} is no plain file, or a link to nothing`)
    if (found.length > MAX_FILES)
      throw new ServingError('too_large', `${quote(folder, 200)} holds over ${MAX_FILES} files`)
  }
  return found
}
