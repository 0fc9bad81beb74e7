import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { MANIFEST_FILE, type Manifest } from '../bundle/manifest.ts'
import { verifyBundle } from '../bundle/open.ts'
import { BundleStore, type SourceFile } from '../bundle/store.ts'
import { COMPILER_REVISION } from '../compiler/compile-onnx.ts'
import { ServingError } from '../core/errors.ts'
import { MODEL_NAME } from '../core/names.ts'
import { quote } from '../core/text.ts'
import { DEFAULT_PROCESS_LIMITS, type ProcessLimits } from './limited-process.ts'
import { runProbation } from './probation.ts'
import { unpackIntoStore } from './unpack.ts'

/** Largest model file and packed bundle that are read (bytes): ONNX files end at 2 GiB, weights beside them may be larger. */
export const MAX_FILE_BYTES = 4 * 2 ** 30

export interface CompileOptions {
  /** Folder for bundles and all else that Slipway keeps. */
  readonly dataFolder: string
  /** Name of the model; when absent the file's stem, or the bundle's own. */
  readonly name?: string | undefined
  /** Rows to run first and to record, as V2 JSON. */
  readonly example?: string | undefined
  readonly limits?: ProcessLimits
  readonly signal: AbortSignal
  readonly onProgress?: ((text: string) => void) | undefined
}

/** A bundle on this machine, whole and checked. */
export interface LocatedBundle {
  readonly folder: string
  readonly manifest: Manifest
  readonly digest: string
  readonly warnings: readonly string[]
  /** Whether the bundle had been made before, and nothing was compiled. */
  readonly wasKnown: boolean
}

/**
 * The bundle of whatever the user names: a bundle's folder, a packed bundle, or a model file, which is compiled when it
 * has not been before.
 * @throws {ServingError} `not_found`, `unsupported`, `refused`; `invalid_argument` when the file's stem can be no name
 */
export async function openOrCompile(path: string, options: CompileOptions): Promise<LocatedBundle> {
  const store = new BundleStore(join(resolve(options.dataFolder), 'bundles'))
  const { limits = DEFAULT_PROCESS_LIMITS, signal } = options
  if (await isFolder(path))
    return { ...(await verifyBundle(path)), folder: resolve(path), warnings: [], wasKnown: true }
  if (await isGzip(path)) {
    options.onProgress?.('unpacking')
    const job = { path: resolve(path), store: store.root, maxFileBytes: MAX_FILE_BYTES }
    const digest = await unpackIntoStore(job, { limits, signal })
    return located(store, digest, await store.verify(digest), [], false)
  }
  const name = options.name ?? stemOf(path)
  const sha256 = await digestOf(path)
  const key = sourceKey(path, sha256, name, options.example)
  const known = await store.recall(key)
  if (known !== undefined && (await areUnchanged(dirname(path), known.beside)))
    return located(store, known.digest, known.manifest, [], true)
  const { digest, beside, warnings } = await runProbation(
    { path: resolve(path), name, store: store.root, example: options.example, maxFileBytes: MAX_FILE_BYTES },
    { limits, signal, onProgress: options.onProgress },
  )
  const manifest = await store.verify(digest)
  // a file that was changed meanwhile became this bundle, but the one that was asked about did not
  if (manifest.provenance.source.sha256 === sha256) await store.remember(key, { digest, beside })
  return located(store, digest, manifest, warnings, false)
}

function located(
  store: BundleStore,
  digest: string,
  manifest: Manifest,
  warnings: readonly string[],
  wasKnown: boolean,
): LocatedBundle {
  return { folder: resolve(store.folderOf(digest)), manifest, digest, warnings, wasKnown }
}

/**
 * The models that a path stands for: itself, or what lies in a folder that is no bundle.
 * @throws {ServingError} `not_found`
 */
export async function expandPath(path: string): Promise<string[]> {
  if (!(await isFolder(path)) || (await exists(join(path, MANIFEST_FILE)))) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  const found: string[] = []
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inside = join(path, entry.name)
    if (entry.isDirectory() ? await exists(join(inside, MANIFEST_FILE)) : /\.(onnx|tar\.gz|tgz)$/i.test(entry.name))
      found.push(inside)
  }
  if (found.length === 0)
    throw new ServingError('not_found', `the folder ${quote(path)} holds neither a bundle nor an .onnx file`)
  return found
}

/** @throws {ServingError} `not_found` when nothing lies there; `refused` for pipes and devices, which may never end */
async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    throw new ServingError('not_found', `there is no file or folder ${quote(path)}`, { cause: error })
  })
  if (found.isDirectory()) return true
  if (found.isFile()) return false
  throw new ServingError('refused', `${quote(path)} is no plain file; plain files and folders only`)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

async function isGzip(path: string): Promise<boolean> {
  for await (const chunk of createReadStream(path, { end: 1 }))
    return (chunk as Buffer)[0] === 0x1f && (chunk as Buffer)[1] === 0x8b
  return false
}

function stemOf(path: string): string {
  const stem = basename(path).replace(/\.[^.]+$/, '')
  if (MODEL_NAME.test(stem)) return stem
  throw new ServingError(
    'invalid_argument',
    `${quote(stem)} cannot be a model's name (letters, digits, "_", "." and "-"): give one with --name`,
  )
}

/** Digest of all that decides what the bundle will be, but for files beside the model file: those are known once it is read. */
function sourceKey(path: string, sha256: string, name: string, example: string | undefined): string {
  const parts = [COMPILER_REVISION, name, basename(path), example ?? null, sha256]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function areUnchanged(folder: string, files: readonly SourceFile[]): Promise<boolean> {
  for (const { name, sha256 } of files)
    if (!(await exists(join(folder, name))) || (await digestOf(join(folder, name))) !== sha256) return false
  return true
}
