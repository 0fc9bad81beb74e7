import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RouteTable } from '../../api/route-table.ts'
import { ServingError } from '../../core/errors.ts'
import { MODEL_NAME } from '../../core/names.ts'
import { quote } from '../../core/text.ts'
import { readPlainFile, writeAtomically } from '../../storage/local.ts'

/** Largest table that is read (bytes): some hundred thousand endpoints. */
const MAX_TABLE_BYTES = 256 * 2 ** 20
const SUFFIX = '.json'

/** Where the tables of all projects are kept: one file each, 0600, replaced as a whole. */
export interface RouteFiles {
  readonly folder: string
  write(table: RouteTable): Promise<void>
  /** @returns undefined where the project has none @throws {ServingError} `refused` for a file that is none of ours */
  read(project: string): Promise<RouteTable | undefined>
  remove(project: string): Promise<void>
  projects(): Promise<string[]>
  /** Changes whenever the table does. Undefined where there is none. */
  stamp(project: string): Promise<string | undefined>
}

/** @param folder made when it is not there, 0700 @param onDurable called after each change */
export function createRouteFiles(folder: string, onDurable?: () => void): RouteFiles {
  const pathOf = (project: string) => {
    if (!MODEL_NAME.test(project)) throw new Error(`${quote(project)} is no project's name; this is a bug`)
    return join(folder, `${project}${SUFFIX}`)
  }
  return {
    folder,
    async write(table) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeAtomically(pathOf(table.project), Buffer.from(JSON.stringify(table)), 0o600)
      onDurable?.()
    },
    async read(project) {
      const path = pathOf(project)
      let text: string
      try {
        text = Buffer.from(await readPlainFile(path, MAX_TABLE_BYTES)).toString('utf8')
      } catch (error) {
        if (ServingError.from(error).code === 'not_found') return undefined
        throw error
      }
      const table = parse(text)
      const isWhole = Array.isArray(table?.endpoints) && Array.isArray(table.keys)
      if (table?.formatVersion !== 1 || table.project !== project || !isWhole)
        throw new ServingError('refused', `${quote(path, 200)} is no route table of the project ${quote(project)}`)
      return table
    },
    async remove(project) {
      await rm(pathOf(project), { force: true })
      onDurable?.()
    },
    async projects() {
      const names = await readdir(folder).catch(() => [])
      const found = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length))
      return found.filter((name) => MODEL_NAME.test(name)).sort()
    },
    async stamp(project) {
      const found = await stat(pathOf(project), { bigint: true }).catch(() => undefined)
      return found && `${found.ino} ${found.mtimeNs} ${found.size}`
    },
  }
}

function parse(text: string): RouteTable | undefined {
  try {
    return JSON.parse(text) as RouteTable
  } catch {
    return undefined
  }
}
