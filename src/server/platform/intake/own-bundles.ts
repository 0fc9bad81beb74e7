import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '../../../storage/local.ts'

/** Which bundles of this machine were written by which build: their graphs were validated then. */
export interface OwnBundles {
  add(digest: string): Promise<void>
  /** Whether this very build wrote it here; another one validates it at each load. */
  has(digest: string): Promise<boolean>
  remove(digest: string): Promise<void>
}

/** @param build name of the build that runs; one without a name owns nothing */
export function createOwnBundles(dataFolder: string, build: string | undefined): OwnBundles {
  const folder = join(dataFolder, 'bundles', 'ours')
  return {
    async add(digest) {
      if (build === undefined) return
      await mkdir(folder, { recursive: true })
      await writeAtomically(join(folder, digest), Buffer.from(build))
    },
    async has(digest) {
      return build !== undefined && (await readFile(join(folder, digest), 'utf8').catch(() => undefined)) === build
    },
    remove: (digest) => rm(join(folder, digest), { force: true }),
  }
}
