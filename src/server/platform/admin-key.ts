import type { KeyObject } from 'node:crypto'
import { digestOf } from '../../auth/api-key.ts'
import { seal } from '../../auth/master-key.ts'
import { ALL_PROJECTS } from '../../auth/permissions.ts'
import { DEFAULT_PROJECT } from '../../api/resources.ts'
import type { Store } from '../../control/store/store.ts'
import type { AdminCredentials } from './data-folder.ts'

/** Name of the first key. */
const ADMIN_KEY_NAME = 'admin'
/** Characters of a key by which people tell it from others. */
const HINT_LENGTH = 8

/**
 * What a platform has from its first start: the default project, and the admin's key. A key that was taken away later is not
 * made again as long as another one administers the platform.
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
    if (keys.some(({ document }) => document.role === 'admin' && document.revokedAtMs === undefined)) return
    const known = keys.find(({ name }) => name === ADMIN_KEY_NAME)
    const document = {
      project: ALL_PROJECTS,
      name: ADMIN_KEY_NAME,
      role: 'admin' as const,
      hint: adminKey.slice(0, HINT_LENGTH),
      accessKeyId,
      quotas: {},
      sha256: digestOf(adminKey),
      encryptedSecret: seal(secretAccessKey, masterKey, accessKeyId),
    }
    if (known === undefined) await tx.insert('key', ALL_PROJECTS, ADMIN_KEY_NAME, document)
    else await tx.update('key', ALL_PROJECTS, ADMIN_KEY_NAME, known.etag, document)
    await tx.addAudit({
      project: ALL_PROJECTS,
      principal: '',
      peer: '',
      action: 'keys:write',
      resource: `keys/${ADMIN_KEY_NAME}`,
      outcome: 'done',
      details: { reason: 'the first start' },
    })
  })
}
