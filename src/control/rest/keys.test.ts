import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { testApi, type TestApi } from './api.fixture.ts'

let api: TestApi
beforeAll(async () => {
  api = await testApi()
  await api.addKey('admin', { role: 'admin' })
})
afterAll(() => api.close())

const P = '/api/v1/projects/default'

describe('keys', () => {
  test('a new key is good at once, its secrets are shown once, and a revoked one is none', async () => {
    const made = await api.ask('POST', `${P}/keys`, { key: 'admin', body: { name: 'ci', role: 'editor' } })
    expect(made.status).toBe(201)
    const { bearer, accessKeyId, secretAccessKey, key } = made.body
    expect(key).toMatchObject({ name: 'ci', project: 'default', role: 'editor', hint: bearer.slice(0, 8), accessKeyId })
    expect((await api.ask('GET', `${P}/models`, { key: bearer })).status).toBe(200)
    expect((await api.ask('GET', '/api/v1/principal', { key: bearer })).body).toMatchObject({
      name: 'ci',
      role: 'editor',
    })
    for (const url of ['keys', 'keys/ci', 'audit', 'events']) {
      const { text } = await api.ask('GET', `${P}/${url}`, { key: 'admin' })
      expect(text).not.toContain(bearer)
      expect(text).not.toContain(secretAccessKey)
      expect(text).not.toMatch(/sha256|encryptedSecret/)
    }
    expect((await api.ask('DELETE', `${P}/keys/ci`, { key: 'admin' })).body.revokedAtMs).toBeGreaterThan(0)
    expect((await api.ask('GET', `${P}/models`, { key: bearer })).status).toBe(401)
    // its name stays taken, so that the audit log tells the two apart
    const again = await api.ask('POST', `${P}/keys`, { key: 'admin', body: { name: 'ci', role: 'editor' } })
    expect(again.status).toBe(409)
  })

  test('what was answered to an idempotency key is kept without its secrets in clear', async () => {
    const headers = { 'idempotency-key': 'key-1' }
    const body = { name: 'twice', role: 'viewer' }
    const first = await api.ask('POST', `${P}/keys`, { key: 'admin', body, headers })
    const second = await api.ask('POST', `${P}/keys`, { key: 'admin', body, headers })
    expect(second.body).toEqual(first.body)
    const everything: string[] = []
    await api.store.read(async (tx) => {
      everything.push(JSON.stringify(await tx.all('key')))
      everything.push(JSON.stringify(await tx.audit({ limit: 1000 })), JSON.stringify(await tx.events({ limit: 1000 })))
    })
    expect(everything.join('')).not.toContain(first.body.bearer)
    expect(everything.join('')).not.toContain(first.body.secretAccessKey)
  })

  test.each([
    ['a role that does not exist', { role: 'owner' }, 400],
    ['a field of another', { role: 'viewer', project: '*' }, 400],
    ['a hash of its own', { role: 'viewer', sha256: 'a'.repeat(64) }, 400],
    ['a quota below nothing', { role: 'viewer', quotas: { concurrent: -1 } }, 400],
    ['a quota beyond counting', { role: 'viewer', quotas: { requestsPerDay: 1e300 } }, 400],
    ['an end in the past', { role: 'viewer', expiresAtMs: 5 }, 400],
    ['an end before its beginning', { role: 'viewer', notBeforeMs: 5e12, expiresAtMs: 4e12 }, 400],
  ])('one with %s is refused', async (_what, fields, status) => {
    const answer = await api.ask('POST', `${P}/keys`, { key: 'admin', body: { name: 'bad', ...fields } })
    expect(answer.status).toBe(status)
  })

  test('nobody makes a key that is stronger than their own', async () => {
    await api.addKey('short', { role: 'admin', expiresAtMs: Date.now() + 9e9 })
    await api.addKey('slow', { role: 'admin', quotas: { requestsPerSecond: 5 } })
    await api.addKey('keysonly', { role: 'admin', actions: ['keys:write', 'models:read'] })
    const make = (key: string, fields: object, project = 'default') =>
      api.ask('POST', `/api/v1/projects/${project}/keys`, {
        key,
        body: { name: `n${Math.random()}`.slice(0, 20), ...fields },
      })
    expect((await make('admin', { role: 'admin' }, '*')).status).toBe(403)
    expect((await make('admin', { role: 'admin' }, 'nowhere')).status).toBe(404)
    expect((await make('short', { role: 'viewer' })).status).toBe(403)
    expect((await make('short', { role: 'viewer', expiresAtMs: Date.now() + 8e9 })).status).toBe(201)
    expect((await make('slow', { role: 'viewer' })).status).toBe(403)
    expect((await make('slow', { role: 'viewer', quotas: { requestsPerSecond: 4 } })).status).toBe(201)
    expect((await make('keysonly', { role: 'viewer' })).status).toBe(403)
    expect((await make('keysonly', { role: 'viewer', actions: ['models:read'] })).status).toBe(201)
    expect((await make('root', { role: 'admin' }, '*')).status).toBe(201)
  })

  test('the last key that administers the platform stays', async () => {
    const own = await testApi()
    const revoke = (name: string) => own.ask('DELETE', `/api/v1/projects/*/keys/${name}`, { key: 'root' })
    expect(await revoke('root')).toMatchObject({ status: 409, body: { error: { details: { reason: 'last_admin' } } } })
    // one that ends by itself is nobody to rely on
    await own.addKey('brief', { project: '*', role: 'admin', expiresAtMs: Date.now() + 9e9 })
    expect((await revoke('root')).status).toBe(409)
    await own.addKey('second', { project: '*', role: 'admin' })
    expect((await revoke('second')).status).toBe(200)
    expect((await revoke('root')).status).toBe(409)
    await own.close()
  })

  test('a call that waits ends when its key is revoked', async () => {
    const { body } = await api.ask('POST', `${P}/keys`, { key: 'admin', body: { name: 'waiter', role: 'viewer' } })
    const waiting = api.ask('GET', `${P}/events?after=100000&wait=30`, { key: body.bearer })
    await new Promise((resolve) => setTimeout(resolve, 50))
    await api.ask('DELETE', `${P}/keys/waiter`, { key: 'admin' })
    expect((await waiting).status).toBe(401)
  })

  test('keys that are known stay good while the store is away, for a minute; then nobody is let in', async () => {
    const own = await testApi()
    await own.ask('GET', '/api/v1/principal', { key: 'root' })
    const real = own.store.read.bind(own.store)
    own.store.read = async () => {
      throw new Error('the store is away')
    }
    own.advance(30_000)
    expect((await own.ask('GET', '/api/v1/principal', { key: 'root' })).status).toBe(200)
    own.advance(31_000)
    expect((await own.ask('GET', '/api/v1/principal', { key: 'root' })).status).toBe(503)
    own.store.read = async () => {
      throw new ServingError('unavailable', 'the database cannot be reached; try again', {
        details: { reason: 'store' },
      })
    }
    expect((await own.ask('GET', '/api/v1/principal', { key: 'root' })).body.error).toEqual({
      code: 'unavailable',
      message: 'it cannot be read which keys there are: the database cannot be reached; try again',
      details: { reason: 'store' },
    })
    own.store.read = real
    expect((await own.ask('GET', '/api/v1/principal', { key: 'root' })).status).toBe(200)
    await own.close()
  })
})
