import { hash } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RouteTable } from '../../api/route-table.ts'
import { isKey } from '../../auth/api-key.ts'
import { ALL_PROJECTS } from '../../auth/permissions.ts'
import { DEFAULT_PROJECT } from '../../api/resources.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { WireRequest } from '../../protocols/protocol.ts'
import { readPlainFile, writeAtomically } from '../../storage/local.ts'

/**
 * Which project a key belongs to, for the runners that take connections: they hand over what is another project's. It holds
 * hashes and public ids, no secret; whether a key is good is decided by the runner of its project.
 */
export interface Directory {
  readonly formatVersion: 1
  /** Projects that have endpoints, besides the default one. */
  readonly projects: readonly string[]
  /** By SHA-256 of a bearer key in hexadecimal, and by access key id. Without those of the default project. */
  readonly keys: Readonly<Record<string, string>>
}

const FILE = 'directory'
const MAX_BYTES = 64 * 2 ** 20

/** Which project a request is for, where a key of the whole platform is used. */
export const PROJECT_HEADER = 'x-slipway-project'

export function planDirectory(tables: Iterable<RouteTable>): Directory {
  const projects: string[] = []
  const keys: Record<string, string> = {}
  for (const { project, endpoints, keys: own } of tables) {
    if (project === DEFAULT_PROJECT) continue
    if (endpoints.length > 0) projects.push(project)
    for (const key of own) {
      if (key.project === ALL_PROJECTS) continue
      keys[key.sha256] = project
      if (key.accessKeyId !== undefined) keys[key.accessKeyId] = project
    }
  }
  return { formatVersion: 1, projects: projects.sort(), keys }
}

export async function writeDirectory(folder: string, directory: Directory): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeAtomically(join(folder, FILE), Buffer.from(JSON.stringify(directory)), 0o600)
}

/**
 * @returns an empty one where there is none yet
 * @throws {ServingError} `refused` for a file that is none of ours: control writes it anew when it starts
 */
export async function readDirectory(folder: string): Promise<Directory> {
  const path = join(folder, FILE)
  let directory: Partial<Directory> | null
  try {
    directory = JSON.parse(Buffer.from(await readPlainFile(path, MAX_BYTES)).toString('utf8')) as typeof directory
  } catch (cause) {
    if (ServingError.from(cause).code === 'not_found') return NO_PROJECTS
    throw damaged(path, cause)
  }
  const { formatVersion, projects, keys } = directory ?? {}
  if (formatVersion !== 1 || !Array.isArray(projects) || typeof keys !== 'object') throw damaged(path)
  return { formatVersion, projects, keys }
}

function damaged(path: string, cause?: unknown): ServingError {
  return new ServingError('refused', `${quote(path, 200)} does not say which project a key belongs to`, { cause })
}

export async function stampOfDirectory(folder: string): Promise<string | undefined> {
  const found = await stat(join(folder, FILE), { bigint: true }).catch(() => undefined)
  return found && `${found.ino} ${found.mtimeNs} ${found.size}`
}

/** Of a platform where the default project alone has endpoints. */
export const NO_PROJECTS: Directory = { formatVersion: 1, projects: [], keys: {} }

/** Headers whose project is known; longer ones are signatures, each of its own, or nothing. */
const MAX_REMEMBERED = 10_000
const MAX_REMEMBERED_LENGTH = 128

/** Finds out which project a request is for. */
export interface ProjectFinder {
  /** @returns undefined for the default one, and for whoever is unknown */
  (request: Pick<WireRequest, 'headers' | 'query'>): string | undefined
  /** Whose key comes with it, whatever project it names. @returns undefined for those of the default one, of the whole platform, and for what is none */
  ofKey(request: Pick<WireRequest, 'headers' | 'query'>): string | undefined
  /** Whether a request names a project with the key of another one. Signatures, of which the public id alone is known here, never do. */
  isOfAnother(request: Pick<WireRequest, 'headers'>): boolean
}

export function createProjectFinder({ keys, projects }: Directory): ProjectFinder {
  const known = new Set(projects)
  const remembered = new Map<string, string | undefined>()

  function ofCredential(header: string): string | undefined {
    const signed = /Credential=([A-Z0-9]+)\//.exec(header)?.[1]
    if (signed !== undefined) return keys[signed]
    const token = header.replace(/^bearer +/i, '').trim()
    return isKey(token) ? keys[hash('sha256', token, 'hex')] : undefined
  }

  function projectOf(request: Pick<WireRequest, 'headers' | 'query'>): string | undefined {
    const named = request.headers[PROJECT_HEADER]
    // a key of another project that names one is refused there
    if (named !== undefined) return named !== DEFAULT_PROJECT && known.has(named) ? named : undefined
    return known.size === 0 ? undefined : ofKey(request)
  }

  function ofKey({ headers, query }: Pick<WireRequest, 'headers' | 'query'>): string | undefined {
    const header = headers['authorization'] ?? headers['x-api-key']
    if (header === undefined) {
      const presigned = /(?:^|&)X-Amz-Credential=([A-Z0-9]+)(?:%2F|\/)/.exec(query)?.[1]
      return presigned === undefined ? undefined : keys[presigned]
    }
    if (header.length > MAX_REMEMBERED_LENGTH) return ofCredential(header)
    if (remembered.has(header)) return remembered.get(header)
    const project = ofCredential(header)
    if (remembered.size >= MAX_REMEMBERED) remembered.clear()
    remembered.set(header, project)
    return project
  }

  function isOfAnother({ headers }: Pick<WireRequest, 'headers'>): boolean {
    const named = headers[PROJECT_HEADER]
    const header = headers['authorization'] ?? headers['x-api-key']
    if (named === undefined || header === undefined || header.includes('Credential=')) return false
    const own = ofKey({ headers, query: '' })
    return own !== undefined && own !== named
  }

  return Object.assign(projectOf, { ofKey, isOfAnother })
}
