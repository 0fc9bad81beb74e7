import type { KeyObject } from 'node:crypto'
import { digestOf } from '../../auth/api-key.ts'
import { seal } from '../../auth/master-key.ts'
import { ALL_PROJECTS } from '../../auth/permissions.ts'
import { DEFAULT_PROJECT } from '../../api/resources.ts'
import type { Store } from '../../control/store/store.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { AdminCredentials } from './data-folder.ts'
import type { RouteFiles } from './route-files.ts'

/** Name of the first key. */
const ADMIN_KEY_NAME = 'admin'
/** Characters of a key by which people tell it from others. */
const HINT_LENGTH = 8

/**
 * What a platform has from its first start: the default project, and the admin's key. A key that was taken away later is not
 * made again as long as another one administers the platform. One that the store has never seen, because the file was lost
 * and made anew, is added: whoever holds the data folder administers the platform.
 */
export async function ensureBeginnings(
  store: Store,
  { adminKey, accessKeyId, secretAccessKey }: AdminCredentials,
  masterKey: KeyObject,
): Promise<void> {
  await store.transact(async (tx) => {
    if ((await tx.get('project', '', DEFAULT_PROJECT)) === undefined)
      await tx.insert('project', '', DEFAULT_PROJECT, { name: DEFAULT_PROJECT, description: 'there from the start' })
    const keys = await tx.all('key', { project: ALL_PROJECTS })
    const sha256 = digestOf(adminKey)
    const hasAdmin = keys.some(({ document }) => document.role === 'admin' && document.revokedAtMs === undefined)
    if (hasAdmin && keys.some(({ document }) => document.sha256 === sha256)) return
    const known = hasAdmin ? undefined : keys.find(({ name }) => name === ADMIN_KEY_NAME)
    const name = known?.name ?? freeName(new Set(keys.map((key) => key.name)))
    const document = {
      project: ALL_PROJECTS,
      name,
      role: 'admin' as const,
      hint: adminKey.slice(0, HINT_LENGTH),
      accessKeyId,
      quotas: {},
      sha256,
      encryptedSecret: seal(secretAccessKey, masterKey, accessKeyId),
    }
    if (known === undefined) await tx.insert('key', ALL_PROJECTS, name, document)
    else await tx.update('key', ALL_PROJECTS, name, known.etag, document)
    await tx.addAudit({
      project: ALL_PROJECTS,
      principal: '',
      peer: '',
      action: 'keys:write',
      resource: `keys/${name}`,
      outcome: 'done',
      details: { reason: keys.length === 0 ? 'the first start' : 'the credentials were made anew' },
    })
  })
}

/**
 * Keeps a store that is empty, because its file was lost or another database was named, from being taken for what is wanted:
 * all that is served would be taken away, and the bundles with it.
 * @throws {ServingError} `refused` where tables of endpoints are there that the store knows nothing of
 */
export async function refuseLostState(
  store: Store,
  routes: Pick<RouteFiles, 'folder' | 'projects' | 'read'>,
): Promise<void> {
  if ((await store.read((tx) => tx.get('project', '', DEFAULT_PROJECT))) !== undefined) return
  let endpoints = 0
  for (const project of await routes.projects())
    endpoints += (await routes.read(project).catch(() => undefined))?.endpoints.length ?? 0
  if (endpoints === 0) return
  throw new ServingError(
    'refused',
    `the store is empty, and ${endpoints} ${endpoints === 1 ? 'endpoint is' : 'endpoints are'} served by the tables in ${quote(routes.folder, 200)}: restore the state (state.db with its -wal), or name the database that has it with --database-url; to begin anew without these endpoints, take that folder away`,
    { details: { reason: 'state_gone', endpoints } },
  )
}

function freeName(taken: ReadonlySet<string>): string {
  let name = ADMIN_KEY_NAME
  for (let number = 2; taken.has(name); number++) name = `${ADMIN_KEY_NAME}-${number}`
  return name
}
