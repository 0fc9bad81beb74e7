import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What is not finished for so long, nobody works on any more (ms). */
const ABANDONED_AFTER_MS = 24 * 3_600_000

/** As `temporaryBeside` names what is not finished. */
const TEMPORARY = /\.[0-9a-f]{12}\.tmp$/

/**
 * Removes what killed processes left half written in the data folder, once it is older than a day. What cannot be
 * removed is left for another time.
 * @param now milliseconds since 1970
 * @returns the paths that were removed
 */
export async function sweepDataFolder(dataFolder: string, now: number): Promise<string[]> {
  const profiles = join(dataFolder, 'profiles')
  const folders = [
    join(dataFolder, 'bundles', 'sha256'),
    join(dataFolder, 'bundles', 'sources'),
    ...(await namesIn(profiles)).map((name) => join(profiles, name)),
  ]
  const removed: string[] = []
  for (const folder of folders)
    for (const name of (await namesIn(folder)).filter((each) => TEMPORARY.test(each))) {
      const path = join(folder, name)
      try {
        if (now - (await stat(path)).mtimeMs < ABANDONED_AFTER_MS) continue
        await rm(path, { recursive: true })
        removed.push(path)
      } catch {
        // finished meanwhile, or not ours to remove
      }
    }
  return removed
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
