import { setTimeout as sleep } from 'node:timers/promises'
import type { NewKey } from '../../../src/api/api-types.ts'
import type { ApiRoute } from '../../../src/api/routes.ts'
import { MODEL } from '../served.ts'
import type { ServedPlatform } from './served-platform.ts'

/** Whoever asks, by name, with the key that they show. */
export type Principals = ReadonlyMap<string, string | undefined>

const READS = ['projects:read', 'models:read', 'endpoints:read', 'events:read', 'metrics:read']
const EDITS = [...READS, 'endpoints:invoke', 'models:write', 'endpoints:write', 'captures:read']
const ALL = [...EDITS, 'projects:write', 'keys:read', 'keys:write', 'audit:read']

/** What each may do in the default project, in words of our own: it is not read from what it checks. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  viewer: READS,
  invoker: ['endpoints:read', 'endpoints:invoke'],
  editor: EDITS,
  admin: ALL,
  few: ['models:read'],
  bound: EDITS,
  root: ALL,
}

/** Whose key is none, or none any more. */
const UNKNOWN = ['nobody', 'guess', 'revoked', 'expired', 'early']

/** `out`: 401 or 404, in words that tell nothing. */
export type Verdict = 'in' | 401 | 403 | 'out'

const EXPIRES_AFTER_MS = 1500

/** Makes a key of each kind, and a project of strangers. With a planted fault the viewer's role is another. */
export async function makePrincipals({ platform }: ServedPlatform, isPlanted: boolean): Promise<Principals> {
  const { client } = platform
  const make = async (body: NewKey, project = 'default') =>
    (await client.call('createKey', { params: { project }, body })).bearer
  const beganMs = Date.now()
  await client.call('createProject', { body: { name: 'other' } })
  const principals = new Map<string, string | undefined>([
    ['nobody', undefined],
    ['guess', `slw_${'A'.repeat(43)}`],
    ['expired', await make({ name: 'expired', role: 'admin', expiresAtMs: beganMs + EXPIRES_AFTER_MS })],
    ['early', await make({ name: 'early', role: 'admin', notBeforeMs: beganMs + 86_400_000 })],
    ['viewer', await make({ name: 'viewer', role: isPlanted ? 'editor' : 'viewer' })],
    ['invoker', await make({ name: 'invoker', role: 'invoker' })],
    ['editor', await make({ name: 'editor', role: 'editor' })],
    ['admin', await make({ name: 'admin', role: 'admin' })],
    ['few', await make({ name: 'few', role: 'admin', actions: ['models:read'] })],
    ['bound', await make({ name: 'bound', role: 'editor', endpoints: [MODEL] })],
    ['stranger', await make({ name: 'stranger', role: 'admin' }, 'other')],
    ['root', platform.key],
  ])
  principals.set('revoked', await make({ name: 'revoked', role: 'admin' }))
  await statusBecomes(platform, principals.get('revoked'), 200)
  await client.call('revokeKey', { params: { project: 'default', key: 'revoked' } })
  await statusBecomes(platform, principals.get('revoked'), 401)
  await sleep(Math.max(0, beganMs + EXPIRES_AFTER_MS - Date.now()))
  return principals
}

/** Waits until the runners know of a key, or know it no more. */
async function statusBecomes(platform: ServedPlatform['platform'], key = '', wanted: number): Promise<void> {
  const headers = { authorization: `Bearer ${key}` }
  while ((await fetch(`${platform.url}/v2/models/${MODEL}`, { headers })).status !== wanted) await sleep(250)
}

/** Who gets in at a route of the API. */
export function atApi(who: string, { action, path, method }: ApiRoute): Verdict {
  if (action === 'open') return 'in'
  if (UNKNOWN.includes(who)) return 401
  if (action === 'any-key') return 'in'
  const isInProject = path.includes(':project')
  const isOfPlatform = !isInProject && method !== 'GET'
  if (who === 'stranger') return isInProject ? 'out' : isOfPlatform ? 403 : 'in'
  if (isOfPlatform && who !== 'root') return 403
  if (who === 'bound' && !path.includes(':endpoint') && isTelling(action)) return 403
  return MAY[who]?.includes(action) === true ? 'in' : 403
}

/** Who gets in at a route of the data plane, or a method of gRPC. */
export function atDataPlane(who: string, access: 'open' | 'inference' | 'operations'): Verdict {
  if (access === 'open') return 'in'
  if (UNKNOWN.includes(who)) return 401
  if (who === 'stranger') return 'out'
  const action = access === 'inference' ? 'endpoints:invoke' : 'metrics:read'
  if (who === 'bound' && isTelling(action)) return 403
  return MAY[who]?.includes(action) === true ? 'in' : 403
}

/** What tells of endpoints, whichever they are. */
function isTelling(action: string): boolean {
  return ['events:read', 'captures:read', 'metrics:read'].includes(action)
}
