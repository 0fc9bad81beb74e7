import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createHash, type KeyObject } from 'node:crypto'
import { join, resolve } from 'node:path'
import { VERSION_PHASES, type VersionPhase } from '../../../api/resources.ts'
import { BundleStore } from '../../../bundle/store.ts'
import type { Maker } from '../../../control/maker.ts'
import { urlOf } from '../../../control/store/source-url.ts'
import type { Kinds } from '../../../control/store/store.ts'
import { ServingError } from '../../../core/errors.ts'
import { quote } from '../../../core/text.ts'
import type { ObjectStorage } from '../../../storage/object-storage.ts'
import { sweepDataFolder } from '../../sweep.ts'
import { openOrCompile, MAX_FILE_BYTES, type LocatedBundle } from '../../compile.ts'
import { DEFAULT_PROCESS_LIMITS, type ProcessLimits } from '../../limited-process.ts'
import type { PlaneSettings } from '../../settings.ts'
import { BUILD } from '../../version.ts'
import { inWords } from '../../../storage/disk.ts'
import { fileNameOfUrl } from './fetch-target.ts'
import { fetchModel, type FetchLimits, type Lookup } from './fetch-url.ts'
import { isFileName } from './file-name.ts'
import { createLogTail, type LogTail } from './log-tail.ts'
import { createOwnBundles } from './own-bundles.ts'
import { fetchBundle, removeStoredBundle, storeBundle } from './stored-bundles.ts'
import { summarise } from './summarise.ts'
import type { Uploads } from './uploads.ts'

export interface MakerOptions {
  readonly dataFolder: string
  readonly uploads: Uploads
  /** By which URLs with secrets in them are sealed in the store. */
  readonly masterKey?: KeyObject | undefined
  /** Where ready bundles are kept besides the data folder; nowhere else when absent. */
  readonly storage?: ObjectStorage | undefined
  /** How bundles will be run, and which code of users may be. */
  readonly plane: Pick<PlaneSettings, 'engines' | 'timeoutMs' | 'python' | 'typescript'>
  /** Runners of a project's group: they share the cores. */
  readonly runners: number
  /** Hosts in private networks that models may be fetched from: `host` or `host:port`. */
  readonly fetchFrom?: readonly string[] | undefined
  readonly fetchLimits?: Partial<FetchLimits> | undefined
  readonly lookup?: Lookup | undefined
  /** Of the processes that read files of users. */
  readonly limits?: ProcessLimits | undefined
  /** ms since 1970. */
  readonly now: () => number
  /** Name of the build that runs. */
  readonly build?: string | undefined
}

/** A bundle that was found whole is believed to be so for a while; whoever loads it checks it in any case (ms). */
const BELIEVED_FOR_MS = 600_000

/** What nobody uses is left for so long: whoever had it made may be about to write it down (ms). */
const UNUSED_FOR_MS = 3_600_000

/** Makes versions of uploads and of what is fetched, in processes with limits. */
export function createMaker(options: MakerOptions): Maker {
  const { uploads, storage, plane, runners, limits = DEFAULT_PROCESS_LIMITS, now, build = BUILD } = options
  const dataFolder = resolve(options.dataFolder)
  const store = new BundleStore(join(dataFolder, 'bundles'))
  const own = createOwnBundles(dataFolder, build)
  const settings: PlaneSettings = { ...plane, defaultModel: undefined, overrides: {} }
  /** When bundles were found whole (ms since 1970), by digest. */
  const wholeAt = new Map<string, number>()
  /** When bundles were asked for or made (ms since 1970), by digest. */
  const usedAt = new Map<string, number>()
  /** Folders that somebody works in. */
  const busy = new Set<string>()
  const bringing = new Map<string, Promise<void>>()

  const folderOf = ({ project, model, number }: Kinds['version']) =>
    join(
      dataFolder,
      'making',
      createHash('sha256')
        .update(JSON.stringify([project, model, number]))
        .digest('hex')
        .slice(0, 32),
    )

  async function make(version: Kinds['version'], signal: AbortSignal, onPhase: OnPhase): Promise<Made> {
    const tail = createLogTail()
    const folder = folderOf(version)
    const tell = inOrder(onPhase)
    busy.add(folder)
    try {
      await rm(folder, { recursive: true, force: true }) // of a try that was killed
      tell('fetching')
      const source = await obtain(version, folder, signal, tell)
      tell('reading')
      const bundle = await compile(version, source.path, signal, tell, tail)
      tell('storing')
      if (bundle.isOurs) await own.add(bundle.digest)
      if (storage !== undefined)
        await storeBundle(storage, bundle.folder, bundle.digest, signal, (fraction) => tell('storing', fraction))
      wholeAt.set(bundle.digest, now())
      usedAt.set(bundle.digest, now())
      const { folder: made, isOurs, warnings } = bundle
      return {
        bundle: summarise(bundle, settings, runners),
        folder: made,
        isOurs,
        warnings: [...source.warnings, ...warnings],
      }
    } catch (error) {
      throw failureOf(error, tail, signal)
    } finally {
      busy.delete(folder)
      await rm(folder, { recursive: true, force: true }).catch(() => {}) // else it is swept
    }
  }

  /** The file that a version is made from, on this machine. */
  async function obtain(
    version: Kinds['version'],
    folder: string,
    signal: AbortSignal,
    tell: OnPhase,
  ): Promise<{ readonly path: string; readonly warnings: readonly string[] }> {
    const { source, fileName } = version
    if (source.type === 'upload') return { path: (await uploads.openComplete(source.upload)).path, warnings: [] }
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const url = urlOf(version, options.masterKey)
    return fetchModel(url, {
      folder,
      fileName: isFileName(fileName) ? fileName : fileNameOfUrl(url),
      sha256: source.sha256,
      limits: { maxBytes: MAX_FILE_BYTES, ...options.fetchLimits },
      allowFrom: options.fetchFrom,
      lookup: options.lookup,
      signal,
      onProgress: (fraction) => tell('fetching', fraction),
    })
  }

  async function compile(
    { model, how }: Kinds['version'],
    path: string,
    signal: AbortSignal,
    tell: OnPhase,
    tail: LogTail,
  ): Promise<LocatedBundle> {
    const { allowUntested, steps, runtime } = how
    const compileOptions = {
      dataFolder,
      name: model,
      how: { allowUntested, ...(steps !== undefined && { steps }) },
      python: runtime === 'python' ? allowed(plane.python, 'Python') : undefined,
      // it has neither files nor network: who deploys it need not ask for it
      typescript: runtime === 'typescript' ? allowed(plane.typescript, 'TypeScript') : plane.typescript,
      limits,
      signal,
      build,
      onProgress: (text: string, phase?: VersionPhase) => (phase === undefined ? tail.add(`${text}\n`) : tell(phase)),
      onWords: (text: string) => tail.add(text),
    }
    const bundle = await openOrCompile(path, compileOptions).catch((error: unknown) => {
      if (ServingError.from(error).details['reason'] === 'needs_typescript') allowed(plane.typescript, 'TypeScript')
      throw error
    })
    // what this build has written is ours once it is found to be whole: then it need not be validated at each load
    return bundle.wasKnown || build === undefined ? bundle : openOrCompile(path, compileOptions)
  }

  async function ensure(
    digest: string,
    signal: AbortSignal,
    { isDoubted = false }: { isDoubted?: boolean | undefined } = {},
  ) {
    const folder = store.folderOf(digest)
    usedAt.set(digest, now())
    if (isDoubted) wholeAt.delete(digest)
    const isKnown = now() - (wholeAt.get(digest) ?? -Infinity) < BELIEVED_FOR_MS && (await isFolder(folder))
    if (!isKnown) {
      const before = bringing.get(digest) ?? Promise.resolve()
      const turn = before.catch(() => {}).then(() => bring(digest, folder, signal))
      bringing.set(digest, turn)
      try {
        await turn
      } catch (error) {
        throw failureOf(error, createLogTail(), signal)
      } finally {
        if (bringing.get(digest) === turn) bringing.delete(digest)
      }
      wholeAt.set(digest, now())
    }
    return { folder, isOurs: await own.has(digest) }
  }

  async function bring(digest: string, folder: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    try {
      await store.verify(digest)
    } catch (error) {
      const { code } = ServingError.from(error)
      if (storage === undefined || (code !== 'not_found' && code !== 'refused')) throw missing(digest, error)
      await own.remove(digest) // what comes from elsewhere is validated at each load
      await fetchBundle(storage, folder, digest, signal)
    }
  }

  async function sweep(used: { readonly digests: ReadonlySet<string>; readonly uploads: ReadonlySet<string> }) {
    let removed = await uploads.sweep(used.uploads)
    removed += (await sweepDataFolder(dataFolder, now())).length
    for (const name of await namesIn(join(dataFolder, 'making')))
      if (!busy.has(join(dataFolder, 'making', name)))
        await rm(join(dataFolder, 'making', name), { recursive: true, force: true })
    // a store without a single bundle may be one that was lost: what serves needs its files as long as nobody has looked
    if (used.digests.size === 0) return removed
    const gone = new Set<string>()
    for (const digest of await namesIn(join(store.root, 'sha256'))) {
      if (!/^[0-9a-f]{64}$/.test(digest) || used.digests.has(digest) || !(await isUnused(digest))) continue
      wholeAt.delete(digest)
      usedAt.delete(digest)
      await rm(store.folderOf(digest), { recursive: true, force: true })
      await rm(join(dataFolder, 'profiles', digest), { recursive: true, force: true })
      await own.remove(digest)
      if (storage !== undefined) await removeStoredBundle(storage, digest)
      gone.add(digest)
      removed++
    }
    if (gone.size > 0) await forgetSources(gone)
    return removed
  }

  async function isUnused(digest: string): Promise<boolean> {
    const { mtimeMs } = await stat(store.folderOf(digest)).catch(() => ({ mtimeMs: Infinity }))
    return now() - Math.max(mtimeMs, usedAt.get(digest) ?? 0) >= UNUSED_FOR_MS
  }

  /** Which source became a bundle that is gone need not be known any more. */
  async function forgetSources(gone: ReadonlySet<string>): Promise<void> {
    for (const key of await namesIn(join(store.root, 'sources'))) {
      const path = join(store.root, 'sources', key)
      const digest = /"digest":"([0-9a-f]{64})"/.exec(await readFile(path, 'utf8').catch(() => ''))?.[1]
      if (digest !== undefined && gone.has(digest)) await rm(path, { force: true })
    }
  }

  return { make, ensure, sweep }
}

type Made = Awaited<ReturnType<Maker['make']>>
type OnPhase = Parameters<Maker['make']>[2]

/** Each phase once, and never one that has passed. */
function inOrder(onPhase: OnPhase): OnPhase {
  let reached = -1
  return (phase, progress) => {
    const place = VERSION_PHASES.indexOf(phase)
    if (place < reached || (place === reached && progress === undefined)) return
    reached = place
    if (progress === undefined) onPhase(phase)
    else onPhase(phase, Math.min(1, Math.max(0, progress)))
  }
}

/** An error as it is kept with a version: a full disk in words, with what the process that failed had said. */
function failureOf(error: unknown, tail: LogTail, signal: AbortSignal): ServingError {
  if (signal.aborted) return new ServingError('cancelled', 'interrupted', { cause: error })
  // from a process of ours only the text of an unknown error comes back
  const said = /\b(ENOSPC|EDQUOT)\b/.exec((ServingError.from(error).cause as Error | undefined)?.message ?? '')
  const found = ServingError.from(inWords(said === null ? error : Object.assign(new Error(said[0]), { code: said[0] })))
  const lines = tail.lines()
  if (lines.length === 0) return found
  const { code, message, cause, details } = found
  return new ServingError(code, message, { cause, details: { ...details, logTail: lines } })
}

function allowed<T>(settings: T | undefined, language: string): T {
  if (settings !== undefined) return settings
  throw new ServingError(
    'refused',
    `code in ${language} ${language === 'Python' ? 'is run with the rights of this platform, and its operator has not allowed that' : 'is not run here: the operator of this platform has not allowed it'}: slipway up --runtime ${language.toLowerCase()} does`,
    { details: { reason: `needs_${language.toLowerCase()}` } },
  )
}

function missing(digest: string, cause: unknown): ServingError {
  const { code, message } = ServingError.from(cause)
  return new ServingError(
    code,
    `the bundle ${quote(digest.slice(0, 12))} is not whole on this machine, and nowhere else: deploy its file again (${message})`,
    { cause, details: { reason: 'bundle_missing' } },
  )
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true
}

async function namesIn(path: string): Promise<readonly string[]> {
  return readdir(path).catch(() => [])
}
