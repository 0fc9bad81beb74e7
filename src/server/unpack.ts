import { basename } from 'node:path'
import { unpackBundle } from '../bundle/pack.ts'
import { BundleStore } from '../bundle/store.ts'
import { readNamedFile } from '../storage/local.ts'
import { runLimited, serveOneJob, type ProcessLimits } from './limited-process.ts'

interface UnpackJob {
  /** The packed bundle. */
  readonly path: string
  /** Folder of the bundle store. */
  readonly store: string
  readonly maxFileBytes: number
}

/**
 * Unpacks a bundle into the store, in a process with limits: an archive may unpack to far more than it has.
 * @returns the bundle's digest
 * @throws {ServingError} what `unpackBundle` refuses; `refused` when the archive breaks its process
 */
export function unpackIntoStore(
  job: UnpackJob,
  options: { readonly limits: ProcessLimits; readonly signal: AbortSignal },
): Promise<string> {
  return runLimited('unpacking', job, options)
}

/** The process that unpacks. */
export function runUnpackingWorker(): void {
  serveOneJob(async ({ path, store, maxFileBytes }: UnpackJob): Promise<string> => {
    const bundle = await unpackBundle(await readNamedFile(path, maxFileBytes, basename(path)))
    await new BundleStore(store).put(bundle)
    return bundle.digest
  })
}
