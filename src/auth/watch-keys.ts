import { ServingError } from '../core/errors.ts'
import { stat } from 'node:fs/promises'
import { fileError, readKeyFile, stampOf, type KeyFile } from './key-file.ts'

/** How often a key file is looked at (ms): a key that was taken out of it works no longer than that. */
export const WATCH_INTERVAL_MS = 2000

/**
 * Looks at a key file again and again. A file that is broken or gone changes nothing: the keys of before stay, and that
 * is told once.
 * @param file as it was read first
 * @param onChange told of the file as it is now
 * @param onError told why a changed file is not taken over
 * @param intervalMs between two looks
 * @returns ends it
 */
export function watchKeys(
  file: KeyFile,
  onChange: (file: KeyFile) => void,
  onError: (error: unknown) => void,
  intervalMs = WATCH_INTERVAL_MS,
): () => void {
  const { path } = file
  let seen = file.stamp
  let hasEnded = false
  let timer = setTimeout(() => void look(), intervalMs).unref()

  async function look(): Promise<void> {
    const now = await stampNow()
    if (now !== seen && !hasEnded) {
      seen = now
      await takeOver()
    }
    if (!hasEnded) timer = setTimeout(() => void look(), intervalMs).unref()
  }

  /** @returns what the file system says of the file; why it says nothing, where it does not */
  async function stampNow(): Promise<string> {
    try {
      return stampOf(await stat(path, { bigint: true }))
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'unknown'
    }
  }

  async function takeOver(): Promise<void> {
    try {
      const read = await readKeyFile(path)
      seen = read.stamp // it may have changed since it was looked at
      if (!hasEnded) onChange(read)
    } catch (error) {
      if (!(error instanceof ServingError)) seen = '' // the system's trouble, not the file's: it is tried again
      if (!hasEnded) onError(fileError(error, path))
    }
  }

  return () => {
    hasEnded = true
    clearTimeout(timer)
  }
}
