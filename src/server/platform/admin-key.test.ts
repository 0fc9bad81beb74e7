import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createKey, digestOf } from '../../auth/api-key.ts'
import { createAccessKeyPair, createMasterKey, parseMasterKey } from '../../auth/master-key.ts'
import { testEnvironment } from '../../control/store/environment.fixture.ts'
import { openStore } from '../../control/store/open-store.ts'
import type { Store } from '../../control/store/store.ts'
import { ensureBeginnings, refuseLostState } from './admin-key.ts'
import { createRouteFiles } from './route-files.ts'

const masterKey = parseMasterKey(createMasterKey())
const credentials = () => ({ adminKey: createKey(), ...createAccessKeyPair() })

let folder: string
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slw-admin-'))
  store = await openStore({ dataFolder: folder, environment: testEnvironment() })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})
const keys = async () =>
  (await store.read((tx) => tx.all('key', { project: '*' }))).map(({ name, document }) => ({
    name,
    sha256: document.sha256,
    isRevoked: document.revokedAtMs !== undefined,
  }))
const revoke = (name: string) =>
  store.transact(async (tx) => {
    const stored = await tx.get('key', '*', name)
    if (stored === undefined) throw new Error('it is not there')
    await tx.update('key', '*', name, stored.etag, { ...stored.document, revokedAtMs: 1 })
  })

test('the first start makes the admin key, and later ones nothing', async () => {
  const first = credentials()
  for (let start = 0; start < 3; start++) await ensureBeginnings(store, first, masterKey)
  expect(await keys()).toEqual([{ name: 'admin', sha256: digestOf(first.adminKey), isRevoked: false }])
})

test('credentials that were lost and made anew are good, beside those before', async () => {
  const [first, second, third] = [credentials(), credentials(), credentials()]
  for (const each of [first, second, third, third]) await ensureBeginnings(store, each, masterKey)
  expect(await keys()).toEqual([
    { name: 'admin', sha256: digestOf(first.adminKey), isRevoked: false },
    { name: 'admin-2', sha256: digestOf(second.adminKey), isRevoked: false },
    { name: 'admin-3', sha256: digestOf(third.adminKey), isRevoked: false },
  ])
})

test('a key that was taken away comes back only where nobody else administers the platform', async () => {
  const [first, second] = [credentials(), credentials()]
  await ensureBeginnings(store, first, masterKey)
  await ensureBeginnings(store, second, masterKey)
  await revoke('admin')
  await ensureBeginnings(store, first, masterKey)
  expect(await keys()).toMatchObject([{ name: 'admin', isRevoked: true }, { name: 'admin-2' }])
  await revoke('admin-2')
  await ensureBeginnings(store, first, masterKey)
  const now = await keys()
  expect(now.filter(({ isRevoked }) => !isRevoked)).toMatchObject([{ sha256: digestOf(first.adminKey) }])
})

test('a store that is empty where endpoints are served is not taken for a first start', async () => {
  const routes = createRouteFiles(join(folder, 'routes'))
  await refuseLostState(store, routes) // nothing is there yet
  const table = { formatVersion: 1 as const, project: 'default', revision: 1, endpoints: [], keys: [] }
  await routes.write(table)
  await refuseLostState(store, routes)
  const endpoint = { name: 'fraud', isPaused: false, variants: [] }
  await routes.write({ ...table, endpoints: [endpoint] })
  await expect(refuseLostState(store, routes)).rejects.toMatchObject({
    code: 'refused',
    details: { reason: 'state_gone', endpoints: 1 },
  })
  await ensureBeginnings(store, credentials(), masterKey)
  await refuseLostState(store, routes)
})
