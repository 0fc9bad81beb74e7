import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Models lie at most so deep below a served path: `name/1/bundle/folder/file`. */
const MAX_DEPTH = 5

/**
 * What changes when anything at these paths does: names, sizes, times and identities of the files, links followed.
 * @returns a digest
 */
export async function fingerprint(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) await add(path, MAX_DEPTH)
  return hash.digest('hex')

  async function add(path: string, depth: number): Promise<void> {
    const found = await stat(path, { bigint: true }).catch(() => undefined)
    if (found === undefined) return void hash.update(`${path}\0gone\0`)
    if (!found.isDirectory()) return void hash.update(`${path}\0${found.size} ${found.mtimeNs} ${found.ino}\0`)
    const names = depth === 0 ? [] : await readdir(path).catch(() => [])
    hash.update(`${path}\0`)
    for (const name of names.sort()) if (!name.startsWith('.')) await add(join(path, name), depth - 1)
  }
}

/** Looks again and again whether something has changed. */
export interface Watcher {
  stop(): void
}

export interface WatchOptions {
  readonly intervalMs: number
  /** What is looked at, as text that differs when it does. */
  readonly look: () => Promise<string>
  /** Called when something has changed and then stayed as it is for one interval: it is whole by then. */
  readonly onChange: () => void
}

/** @param first how things were when they were last read */
export function watch(first: string, options: WatchOptions): Watcher {
  const { intervalMs } = options
  const step = createSettling(first)
  let hasEnded = false
  let timer = setTimeout(() => void look(), intervalMs).unref()

  async function look(): Promise<void> {
    const isSettled = step(await options.look())
    if (hasEnded) return
    if (isSettled) options.onChange()
    timer = setTimeout(() => void look(), intervalMs).unref()
  }

  return {
    stop() {
      hasEnded = true
      clearTimeout(timer)
    },
  }
}

/** Tells of each look whether it shows, for the second time in a row, something else than what was told last. */
export function createSettling(first: string): (seen: string) => boolean {
  let told = first
  let before = first
  return (seen) => {
    const isSettled = seen === before && seen !== told
    before = seen
    if (isSettled) told = seen
    return isSettled
  }
}
