import type { Listeners } from './probation.ts'
import { runLimited, type ProcessLimits } from './limited-process.ts'

export interface UnpackJob {
  /** The packed bundle. */
  readonly path: string
  /** Folder of the bundle store. */
  readonly store: string
  readonly maxFileBytes: number
  /** Whether it is unpacked as the files that it holds. */
  readonly asFiles?: boolean
}

/**
 * Unpacks a bundle into the store, in a process with limits: an archive may unpack to far more than it has.
 * @returns the bundle's digest; undefined where the file is no packed bundle, but something else that was compressed
 * @throws {ServingError} what `unpackBundle` refuses; `refused` when the archive breaks its process
 */
export function unpackIntoStore(
  job: UnpackJob,
  options: Pick<Listeners, 'onWords'> & { readonly limits: ProcessLimits; readonly signal: AbortSignal },
): Promise<string | undefined> {
  return runLimited('unpacking', job, options)
}

/**
 * Unpacks an archive that is no bundle, such as SageMaker's `model.tar.gz`, into a folder of its own, once for its content;
 * in a process with limits too.
 * @param job `store` is where such folders lie
 * @returns the folder; undefined for a bundle
 * @throws {ServingError} `refused` and `too_large`, as `readTar`
 */
export function unpackFiles(
  job: UnpackJob,
  options: Pick<Listeners, 'onWords'> & { readonly limits: ProcessLimits; readonly signal: AbortSignal },
): Promise<string | undefined> {
  return runLimited('unpacking', { ...job, asFiles: true }, options)
}
