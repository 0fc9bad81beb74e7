import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { access, mkdir, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Manifest } from '../bundle/manifest.ts'
import { verifyBundle } from '../bundle/open.ts'
import { codeIn } from '../bundle/program.ts'
import { BundleStore, type SourceFile } from '../bundle/store.ts'
import { FLAVOUR_NAMES } from '../compiler/python/find-python-code.ts'
import { COMPILER_REVISION } from '../compiler/revision.ts'
import { modelOfMlflow } from '../formats/folders.ts'
import { digestNamedFile, readPlainFile } from '../storage/local.ts'
import { ServingError } from '../core/errors.ts'
import { MODEL_NAME } from '../core/names.ts'
import { quote } from '../core/text.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import type { TypeScriptSettings } from '../engines/typescript/settings.ts'
import type { Profile } from '../runtime/profile.ts'
import { DEFAULT_PROCESS_LIMITS, type ProcessLimits } from './limited-process.ts'
import type { FoundInFile } from './describe-contents.ts'
import { runProbation, type Listeners } from './probation.ts'
import { keepProfile, recallProfile } from './profile.ts'
import { notAllowed, pythonKey, readyPython, readySource } from './python-models.ts'
import { findInFolder, isPythonSource, openPythonSource } from './python-source.ts'
import { isFolder } from './repository.ts'
import { typescriptKey, typescriptNotAllowed } from './typescript-models.ts'
import { isTypeScriptSource, openTypeScriptSource } from './typescript-source.ts'
import { unpackFiles, unpackIntoStore } from './unpack.ts'
import { BUILD } from './version.ts'

/** Largest model file and packed bundle that are read (bytes): ONNX files end at 2 GiB, weights beside them may be larger. */
export const MAX_FILE_BYTES = 4 * 2 ** 30

/** What the user says of how model files are to be compiled; it is part of what decides what a bundle will be. */
export interface HowToCompile {
  /** Compile what untested versions of a library have written too. */
  readonly allowUntested: boolean
  /** Of a dict or list of estimators: keys or places of those that run one after the other. */
  readonly steps?: readonly string[]
}

const AS_USUAL: HowToCompile = { allowUntested: false }

export interface CompileOptions {
  /** Folder for bundles and all else that Slipway keeps. */
  readonly dataFolder: string
  /** Name of the model; when absent the file's stem, or the bundle's own. */
  readonly name?: string | undefined
  /** Rows to run first and to record, as V2 JSON. */
  readonly example?: string | undefined
  /** How code in Python is run; it is refused when absent. */
  readonly python?: PythonSettings | undefined
  /** How code in TypeScript is run; it is refused when absent. */
  readonly typescript?: TypeScriptSettings | undefined
  /** The usual way when absent. */
  readonly how?: HowToCompile | undefined
  readonly limits?: ProcessLimits
  readonly signal: AbortSignal
  readonly onProgress?: Listeners['onProgress']
  /** Told of what the processes that do it write to their standard error output, piece by piece. */
  readonly onWords?: Listeners['onWords']
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
  /** What its model file holds; undefined where it was compiled elsewhere. */
  readonly found: FoundInFile | undefined
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
  const { python, typescript } = options
  if (await isTypeScriptSource(path)) {
    if (typescript === undefined) throw typescriptNotAllowed(quote(path))
    return compileInTypeScript(path, options, typescript)
  }
  if (python !== undefined) {
    if (await isPythonSource(path)) return compileInPython(path, options, python)
    const unpacked = /\.(tar\.gz|tgz)$/i.test(path) ? await unpackCode(path, options) : undefined
    if (unpacked !== undefined) return compileInPython(unpacked, options, python)
  }
  const inside = python === undefined && (await isFolder(path)) ? await modelInFolder(path) : undefined
  if (inside !== undefined)
    return openOrCompileHere(inside, { ...options, name: options.name ?? stemOf(resolve(path)) })
  const code = python === undefined && (await isFolder(path)) ? await findInFolder(path) : undefined
  if (code !== undefined) throw notAllowed(`${quote(path)} (${FLAVOUR_NAMES[code.flavour]})`)
  const opened = await openOrCompileHere(path, options).catch(async (error: unknown) => {
    // code around a model, in an archive: it is run as from a folder
    if (ServingError.from(error).details.reason !== 'code_around') throw error
    const unpacked = await unpackCode(path, options)
    if (unpacked === undefined) throw error
    return openOrCompile(await folderOfCode(unpacked), { ...options, name: options.name ?? stemOf(path) })
  })
  if (typescript === undefined && codeIn(opened.manifest.program) === 'typescript')
    throw typescriptNotAllowed(`the bundle ${quote(opened.manifest.name)}`)
  await readyPython(opened, python, options)
  return opened
}

/** The same, of what needs no Python, and of bundles. */
async function openOrCompileHere(path: string, options: CompileOptions): Promise<LocatedBundle> {
  const store = new BundleStore(join(resolve(options.dataFolder), 'bundles'))
  const { limits = DEFAULT_PROCESS_LIMITS, signal, build = BUILD } = options
  if (await isFolder(path))
    return located(resolve(path), await verifyBundle(path), options.dataFolder, { wasKnown: true })
  await makeDataFolder(resolve(options.dataFolder))
  if (await isGzip(path)) {
    options.onProgress?.('unpacking', 'reading')
    const job = { path: resolve(path), store: store.root, maxFileBytes: MAX_FILE_BYTES }
    const digest = await unpackIntoStore(job, { limits, signal, onWords: options.onWords })
    if (digest !== undefined)
      return located(store.folderOf(digest), { digest, manifest: await store.verify(digest) }, options.dataFolder, {})
  }
  const name = options.name ?? stemOf(path)
  const sha256 = await digestOf(path)
  const how = options.how ?? AS_USUAL
  const key = sourceKey(path, sha256, { name, example: options.example ?? null, ...how })
  const known = await store.recall(key)
  // one that was never measured here, or by other engines, goes through probation again: it becomes the same bundle
  const measured = known && (await recallProfile(known.digest, resolve(options.dataFolder)))
  if (known !== undefined && measured !== undefined && (await areUnchanged(dirname(path), known.beside)))
    return located(store.folderOf(known.digest), known, options.dataFolder, {
      wasKnown: true,
      isOurs: build !== undefined && known.writtenBy === build,
      beside: known.beside,
      profile: measured,
      warnings: known.warnings ?? [],
      found: known.found,
    })
  const { digest, beside, warnings, profile, found } = await runProbation(
    { path: resolve(path), name, store: store.root, example: options.example, how, maxFileBytes: MAX_FILE_BYTES },
    { limits, signal, onProgress: options.onProgress, onWords: options.onWords },
  )
  const manifest = await store.verify(digest)
  if (profile !== undefined) await keepProfile(profile, resolve(options.dataFolder))
  // a file that was changed meanwhile became this bundle, but the one that was asked about did not
  if (manifest.provenance.source.sha256 === sha256)
    await store.remember(key, { digest, beside, writtenBy: build, warnings, found })
  return located(store.folderOf(digest), { digest, manifest }, options.dataFolder, { warnings, beside, found })
}

/** The file of an MLflow model's folder that holds the model itself, where it is one that is compiled. */
async function modelInFolder(folder: string): Promise<string | undefined> {
  const text = await readPlainFile(join(folder, 'MLmodel'), 2 ** 20, 'MLmodel').catch(() => undefined)
  const name = text === undefined ? undefined : modelOfMlflow(Buffer.from(text).toString('utf8'))
  return name === undefined || !(await exists(join(folder, name))) ? undefined : join(folder, name)
}

/** The folder that an archive of code was unpacked to; undefined for a packed bundle, and for no file. */
async function unpackCode(path: string, options: CompileOptions): Promise<string | undefined> {
  const { limits = DEFAULT_PROCESS_LIMITS, signal, dataFolder } = options
  if ((await isFolder(path)) || !(await isGzip(path))) return undefined
  await makeDataFolder(resolve(dataFolder))
  const store = join(resolve(dataFolder), 'unpacked')
  return unpackFiles({ path: resolve(path), store, maxFileBytes: MAX_FILE_BYTES }, { limits, signal })
}

/** The bundle of code in Python, or of a file that only its libraries load. */
async function compileInPython(path: string, options: CompileOptions, python: PythonSettings): Promise<LocatedBundle> {
  const { limits = DEFAULT_PROCESS_LIMITS, signal, onProgress, onWords, example, dataFolder } = options
  await makeDataFolder(resolve(dataFolder))
  const store = new BundleStore(join(resolve(dataFolder), 'bundles'))
  const source = await openPythonSource(path, MAX_FILE_BYTES)
  await readySource(source, python, options)
  const name = options.name ?? stemOf(path)
  const key = pythonKey(source, python, { name, example: example ?? null })
  const known = await store.recall(key)
  if (known !== undefined) return located(store.folderOf(known.digest), known, dataFolder, { wasKnown: true })
  const how = options.how ?? AS_USUAL
  const job = { path: resolve(path), name, store: store.root, example, how, maxFileBytes: MAX_FILE_BYTES, python }
  const { digest, warnings, profile } = await runProbation(job, { limits, signal, onProgress, onWords })
  const manifest = await store.verify(digest)
  if (profile !== undefined) await keepProfile(profile, resolve(dataFolder))
  if (manifest.provenance.source.sha256 === source.sha256) await store.remember(key, { digest, beside: [] })
  return located(store.folderOf(digest), { digest, manifest }, dataFolder, { warnings })
}

/** The folder that has the code at its top: what was packed as one folder has it in that. */
async function folderOfCode(unpacked: string): Promise<string> {
  const names = await readdir(unpacked)
  const inside = join(unpacked, names[0] ?? '')
  return names.length === 1 && (await isTypeScriptSource(inside)) ? inside : unpacked
}

/** The bundle of a folder with code in TypeScript around a model. */
async function compileInTypeScript(
  path: string,
  options: CompileOptions,
  typescript: TypeScriptSettings,
): Promise<LocatedBundle> {
  const { limits = DEFAULT_PROCESS_LIMITS, signal, onProgress, onWords, example, dataFolder } = options
  await makeDataFolder(resolve(dataFolder))
  const store = new BundleStore(join(resolve(dataFolder), 'bundles'))
  const source = await openTypeScriptSource(path, MAX_FILE_BYTES)
  const name = options.name ?? stemOf(resolve(path))
  const how = options.how ?? AS_USUAL
  const key = typescriptKey(source, { name, example: example ?? null, ...how })
  const known = await store.recall(key)
  if (known !== undefined) return located(store.folderOf(known.digest), known, dataFolder, { wasKnown: true })
  const job = { path: resolve(path), name, store: store.root, example, how, maxFileBytes: MAX_FILE_BYTES, typescript }
  const { digest, warnings, profile } = await runProbation(job, { limits, signal, onProgress, onWords })
  const manifest = await store.verify(digest)
  if (profile !== undefined) await keepProfile(profile, resolve(dataFolder))
  if (manifest.provenance.source.sha256 === source.sha256) await store.remember(key, { digest, beside: [] })
  return located(store.folderOf(digest), { digest, manifest }, dataFolder, { warnings })
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
    found,
  }: {
    warnings?: readonly string[]
    wasKnown?: boolean
    isOurs?: boolean
    beside?: readonly SourceFile[]
    profile?: Profile
    found?: FoundInFile | undefined
  },
): Promise<LocatedBundle> {
  return {
    folder: resolve(folder),
    manifest,
    digest,
    warnings,
    wasKnown,
    isOurs,
    found,
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
  const stem = basename(path).replace(/(\.pipeline|\.tar|\.joblib|\.pkl)?\.[^.]+$/, '')
  if (MODEL_NAME.test(stem)) return stem
  throw new ServingError(
    'invalid_argument',
    `${quote(stem)} cannot be a model's name (letters, digits, "_", "." and "-"): give one with --name`,
  )
}

/** Digest of all that decides what the bundle will be, but for files beside the model file: those are known once it is read. */
function sourceKey(path: string, sha256: string, choices: object): string {
  const parts = [COMPILER_REVISION, choices, basename(path), sha256]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function digestOf(path: string): Promise<string> {
  return digestNamedFile(path, MAX_FILE_BYTES, basename(path))
}

async function areUnchanged(folder: string, files: readonly SourceFile[]): Promise<boolean> {
  for (const { name, sha256 } of files)
    if (!(await exists(join(folder, name))) || (await digestOf(join(folder, name))) !== sha256) return false
  return true
}
