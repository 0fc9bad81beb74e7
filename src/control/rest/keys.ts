import type { NewKey } from '../../api/api-types.ts'
import { createKey, digestOf } from '../../auth/api-key.ts'
import type { KeyQuotas } from '../../auth/key-record.ts'
import { createAccessKeyPair, seal } from '../../auth/master-key.ts'
import { ALL_PROJECTS, grantedActions, mayGrant, type PlatformPrincipal } from '../../auth/permissions.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Kinds, Reader, Stored, Writer } from '../store/store.ts'
import { checkConditions, nothing, type Handlers } from './call.ts'
import type { ApiOptions } from './doors.ts'
import type { Keyring } from './keyring.ts'
import { projectOf } from './records.ts'
import { shownKey } from './shown.ts'

type Names = 'listKeys' | 'createKey' | 'getKey' | 'revokeKey'

/** Characters of a key by which people tell it from others. */
const HINT_LENGTH = 8

export function createKeyHandlers(options: ApiOptions, keyring: Keyring): Pick<Handlers, Names> {
  const { store, environment, masterKey } = options
  return {
    listKeys: {
      async read({ params: { project }, query }) {
        const page = await store.read(async (tx) => {
          await projectOrAll(tx, project)
          return tx.list('key', { project, ...query })
        })
        return { body: { ...page, items: page.items.map(shownKey) } }
      },
    },
    createKey: {
      change: async ({ params: { project }, body, principal }) => {
        checkTimes(body, environment.wallMs())
        const bearer = createKey()
        const { accessKeyId, secretAccessKey } = createAccessKeyPair()
        return async (tx) => {
          await refuseStronger(tx, principal, { project, ...body })
          const { name, role, actions, endpoints, notBeforeMs, expiresAtMs, quotas = {} } = body
          const document: Kinds['key'] = {
            project,
            name,
            role,
            ...(actions === undefined ? {} : { actions }),
            ...(endpoints === undefined ? {} : { endpoints }),
            ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
            ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
            hint: bearer.slice(0, HINT_LENGTH),
            accessKeyId,
            quotas,
            sha256: digestOf(bearer),
            encryptedSecret: seal(secretAccessKey, masterKey, accessKeyId),
          }
          const stored = await tx.insert('key', project, name, document)
          await event(tx, { project, name, type: 'key-created', message: `the key ${quote(name)} was made` })
          return {
            body: { key: shownKey(stored), bearer, accessKeyId, secretAccessKey },
            audit: { resource: `keys/${name}`, details: { role, ...(endpoints === undefined ? {} : { endpoints }) } },
            after: () => keyring.reload(),
          }
        }
      },
    },
    getKey: {
      async read({ params: { project, key } }) {
        const stored = await store.read(async (tx) => {
          await projectOrAll(tx, project)
          return keyOf(tx, project, key)
        })
        return { body: shownKey(stored) }
      },
    },
    revokeKey: {
      change: async ({ params: { project, key }, conditions }) => {
        return async (tx) => {
          const stored = await keyOf(tx, project, key)
          checkConditions(conditions, stored)
          if (stored.document.revokedAtMs !== undefined) return { body: shownKey(stored), isUnchanged: true }
          const revokedAtMs = environment.wallMs()
          await refuseLastAdmin(tx, stored, revokedAtMs)
          const now = await tx.update('key', project, key, stored.etag, { ...stored.document, revokedAtMs })
          await event(tx, { project, name: key, type: 'key-revoked', message: `the key ${quote(key)} was revoked` })
          return { body: shownKey(now), after: () => keyring.reload() }
        }
      },
    },
  }
}

async function projectOrAll(tx: Reader, project: string): Promise<void> {
  if (project !== ALL_PROJECTS) await projectOf(tx, project)
}

async function keyOf(tx: Reader, project: string, key: string): Promise<Stored<'key'>> {
  const stored = await tx.get('key', project, key)
  if (stored === undefined) throw nothing(`key ${quote(key)} in the project ${quote(project)}`)
  return stored
}

function checkTimes({ notBeforeMs, expiresAtMs }: NewKey, wallMs: number): void {
  if (expiresAtMs === undefined) return
  if (expiresAtMs <= wallMs) throw new ServingError('invalid_argument', 'body.expiresAtMs is in the past')
  if (notBeforeMs !== undefined && notBeforeMs >= expiresAtMs)
    throw new ServingError('invalid_argument', 'body.notBeforeMs is not before body.expiresAtMs')
}

/**
 * Nobody gives what they do not have: neither actions, nor endpoints, nor time, nor quota.
 * @throws {ServingError} `permission_denied`
 */
async function refuseStronger(
  tx: Reader,
  principal: PlatformPrincipal,
  wanted: NewKey & { readonly project: string },
): Promise<void> {
  const refuse = (what: string) =>
    new ServingError('permission_denied', `your key cannot make one that is stronger than itself: ${what}`, {
      details: { reason: 'stronger' },
    })
  if (!mayGrant(principal, wanted)) throw refuse('it lacks a role, action or endpoint of the new one')
  const own = (await tx.get('key', principal.project, principal.name))?.document
  if (own?.expiresAtMs !== undefined && !(wanted.expiresAtMs !== undefined && wanted.expiresAtMs <= own.expiresAtMs))
    throw refuse(`it expires at ${own.expiresAtMs}, and so must the new one, or before`)
  for (const [name, limit] of Object.entries(principal.quotas) as [keyof KeyQuotas, number | undefined][])
    if (limit !== undefined && !((wanted.quotas?.[name] ?? Infinity) <= limit))
      throw refuse(`its quota ${name} is ${limit}, and the new one's must be that or less`)
}

/** @throws {ServingError} `conflict` when nobody could administer the platform any more */
async function refuseLastAdmin(tx: Reader, stored: Stored<'key'>, wallMs: number): Promise<void> {
  const isAdmin = ({ document }: Stored<'key'>) =>
    document.project === ALL_PROJECTS &&
    document.revokedAtMs === undefined &&
    grantedActions(document.role, document.actions, document.endpoints).has('keys:write')
  if (!isAdmin(stored)) return
  // one that will end by itself, or has not begun, is nobody to rely on
  const others = (await tx.all('key', { project: ALL_PROJECTS })).filter(
    (other) =>
      other.uid !== stored.uid &&
      isAdmin(other) &&
      other.document.role === 'admin' &&
      other.document.actions === undefined &&
      other.document.expiresAtMs === undefined &&
      (other.document.notBeforeMs ?? 0) <= wallMs,
  )
  if (others.length === 0)
    throw new ServingError(
      'conflict',
      `the key ${quote(stored.name)} is the last that can administer the platform: make another admin key of project "*" first`,
      { details: { reason: 'last_admin' } },
    )
}

async function event(
  tx: Writer,
  {
    project,
    name,
    type,
    message,
  }: { readonly project: string; readonly name: string; readonly type: string; readonly message: string },
): Promise<void> {
  await tx.addEvent({ project, kind: 'key', name, type, level: 'info', message, details: {} })
}
