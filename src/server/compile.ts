import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { access, mkdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Manifest } from '../bundle/manifest.ts'
import { verifyBundle } from '../bundle/open.ts'
import { BundleStore, type SourceFile } from '../bundle/store.ts'
import { COMPILER_REVISION } from '../compiler/compile-onnx.ts'
import { ServingError } from '../core/errors.ts'
import { MODEL_NAME } from '../core/names.ts'
import { quote } from '../core/text.ts'
import type { Profile } from '../runtime/profile.ts'
import { DEFAULT_PROCESS_LIMITS, type ProcessLimits } from './limited-process.ts'
import { runProbation } from './probation.ts'
import { keepProfile, recallProfile } from './profile.ts'
import { isFolder } from './repository.ts'
import { unpackIntoStore } from './unpack.ts'
import { BUILD } from './version.ts'

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
  /** Name of the build that runs; bundles that the same one wrote need not be validated again. */
  readonly build?: string | undefined
}

/** A bundle on this machine, whole and checked. */
export interface LocatedBundle {
  readonly folder: string
  readonly manifest: Manifest
  readonly digest: string
  readonly warnings: readonly string[]
  /** Whether the bundle had been made before, and nothing was compiled. */
  readonly wasKnown: boolean
  /** Whether this very build of Slipway, on this machine, has validated the bundle's graphs and written them as they are. */
  readonly isOurs: boolean
  /** Names of the files beside the model file that became part of it. */
  readonly beside: readonly string[]
  /** What it costs on this machine, as far as that was measured before. */
  readonly profile: Profile | undefined
}

/**
 * The bundle of whatever the user names: a bundle's folder, a packed bundle, or a model file, which is compiled when it
 * has not been before.
 * @throws {ServingError} `not_found`, `unsupported`, `refused`; `invalid_argument` when the file's stem can be no name
 */
export async function openOrCompile(path: string, options: CompileOptions): Promise<LocatedBundle> {
  const store = new BundleStore(join(resolve(options.dataFolder), 'bundles'))
  const { limits = DEFAULT_PROCESS_LIMITS, signal, build = BUILD } = options
  if (await isFolder(path))
    return located(resolve(path), await verifyBundle(path), options.dataFolder, { wasKnown: true })
  await makeDataFolder(resolve(options.dataFolder))
  if (await isGzip(path)) {
    options.onProgress?.('unpacking')
    const job = { path: resolve(path), store: store.root, maxFileBytes: MAX_FILE_BYTES }
    const digest = await unpackIntoStore(job, { limits, signal })
    return located(store.folderOf(digest), { digest, manifest: await store.verify(digest) }, options.dataFolder, {})
  }
  const name = options.name ?? stemOf(path)
  const sha256 = await digestOf(path)
  const key = sourceKey(path, sha256, name, options.example)
  const known = await store.recall(key)
  // one that was never measured here, or by other engines, goes through probation again: it becomes the same bundle
  const measured = known && (await recallProfile(known.digest, resolve(options.dataFolder)))
  if (known !== undefined && measured !== undefined && (await areUnchanged(dirname(path), known.beside)))
    return located(store.folderOf(known.digest), known, options.dataFolder, {
      wasKnown: true,
      isOurs: build !== undefined && known.writtenBy === build,
      beside: known.beside,
      profile: measured,
    })
  const { digest, beside, warnings, profile } = await runProbation(
    { path: resolve(path), name, store: store.root, example: options.example, maxFileBytes: MAX_FILE_BYTES },
    { limits, signal, onProgress: options.onProgress },
  )
  const manifest = await store.verify(digest)
  if (profile !== undefined) await keepProfile(profile, resolve(options.dataFolder))
  // a file that was changed meanwhile became this bundle, but the one that was asked about did not
  if (manifest.provenance.source.sha256 === sha256) await store.remember(key, { digest, beside, writtenBy: build })
  return located(store.folderOf(digest), { digest, manifest }, options.dataFolder, { warnings, beside })
}

async function located(
  folder: string,
  { digest, manifest }: { readonly digest: string; readonly manifest: Manifest },
  dataFolder: string,
  {
    warnings = [],
    wasKnown = false,
    isOurs = false,
    beside = [],
    profile,
  }: {
    warnings?: readonly string[]
    wasKnown?: boolean
    isOurs?: boolean
    beside?: readonly SourceFile[]
    profile?: Profile
  },
): Promise<LocatedBundle> {
  return {
    folder: resolve(folder),
    manifest,
    digest,
    warnings,
    wasKnown,
    isOurs,
    beside: beside.map(({ name }) => name),
    profile: profile ?? (await recallProfile(digest, resolve(dataFolder))),
  }
}

/**
 * Makes the data folder, before a process is started that would find out the hard way.
 * @throws {ServingError} `invalid_argument` when it cannot be had
 */
async function makeDataFolder(path: string): Promise<void> {
  try {
    // one level at a time: Node's own recursion never ends where the system says that nothing can be made (/proc)
    const missing: string[] = []
    for (let folder = path; !(await exists(folder)); folder = dirname(folder)) missing.push(folder)
    for (const folder of missing.toReversed()) await mkdir(folder).catch(unlessThere)
    await access(path, constants.W_OK)
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new ServingError(
      'invalid_argument',
      `the data folder ${quote(path)} cannot be written (${code}): choose another with --data`,
      { cause },
    )
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
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
  const stem = basename(path).replace(/(\.pipeline)?\.[^.]+$/, '')
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
