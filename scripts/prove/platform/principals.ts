import { setTimeout as sleep } from 'node:timers/promises'
import type { NewKey } from '../../../src/api/api-types.ts'
import { GUESSED_KEY } from '../../../test/support/principals.ts'
import { MODEL } from '../served.ts'
import type { ServedPlatform } from './served-platform.ts'

/** Whoever asks, by name, with the key that they show. */
export type Principals = ReadonlyMap<string, string | undefined>

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
    ['guess', GUESSED_KEY],
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
