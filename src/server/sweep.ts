import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { sweepTemporaries } from '../storage/temporaries.ts'

/** Folders of the data folder in which files are written beside their names; '' is itself. */
const WRITTEN = [
  '',
  'bundles/sha256',
  'bundles/sources',
  'bundles/ours',
  'routes',
  'quotas',
  'tls',
  'uploads/open',
  'uploads/complete',
  'uploads/sha256',
]

/** Folders whose folders are such. */
const WRITTEN_BELOW = ['profiles', 'uploads/open']

/**
 * Removes what killed processes left half written in the data folder; nothing that is being written. What cannot be removed
 * is left for another time.
 * @param now milliseconds since 1970
 * @returns the paths that were removed
 */
export async function sweepDataFolder(dataFolder: string, now: number): Promise<string[]> {
  const folders = WRITTEN.map((folder) => join(dataFolder, folder))
  for (const folder of WRITTEN_BELOW)
    for (const name of await readdir(join(dataFolder, folder)).catch(() => []))
      folders.push(join(dataFolder, folder, name))
  const removed: string[] = []
  for (const folder of folders) removed.push(...(await sweepTemporaries(folder, now)))
  return removed
}
