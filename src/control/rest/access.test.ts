import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { atApi, GUESSED_KEY, PRINCIPALS } from '../../../test/support/principals.ts'
import { pathOf, ROUTES } from '../../api/routes.ts'
import { ACTIONS } from '../../auth/permissions.ts'
import { testApi, type TestApi } from './api.fixture.ts'

let api: TestApi
beforeAll(async () => {
  api = await testApi()
  await api.ask('POST', '/api/v1/projects', { key: 'root', body: { name: 'other' } })
  for (const role of ['viewer', 'invoker', 'editor', 'admin'] as const) await api.addKey(role, { role })
  await api.addKey('stranger', { role: 'admin', project: 'other' })
  await api.addKey('bound', { role: 'editor', endpoints: ['e1'] })
  await api.addKey('few', { role: 'admin', actions: ['models:read'] })
  await api.addKey('revoked', { role: 'admin', revokedAtMs: 1 })
  await api.addKey('expired', { role: 'admin', expiresAtMs: 1 })
  await api.addKey('early', { role: 'admin', notBeforeMs: 9e12 })
})
afterAll(() => api.close())

/** Names that nothing has, so that whoever is let in changes nothing but what is made. */
const PARAMETERS = {
  project: 'default',
  model: 'm1',
  label: 'l1',
  version: 7,
  upload: 'u1',
  part: 1,
  endpoint: 'e1',
  revision: 3,
  rollout: 'r1',
  key: 'k1',
  capture: 'c1',
}

describe('who may do what', () => {
  test('every route says what it takes', () => {
    const known = new Set<string>([...ACTIONS, 'open', 'any-key'])
    expect(ROUTES.filter(({ action }) => !known.has(action))).toEqual([])
    const open = ROUTES.filter(({ action }) => action === 'open').map(({ name }) => name)
    expect(open).toEqual(['getHealth', 'getOpenApi', 'getCa'])
    // whoever only reads changes nothing
    const changing = ROUTES.filter(({ method, action }) => method !== 'GET' && !action.endsWith(':write'))
    expect(changing.map(({ name }) => name)).toEqual(['planEndpoint'])
    expect(new Set(ROUTES.map(({ name }) => name)).size).toBe(ROUTES.length)
  })

  describe.each(ROUTES.map((route) => [route.name, route] as const))('%s', (_name, route) => {
    test.each(PRINCIPALS)('%s', async (who) => {
      const key = who === 'nobody' ? undefined : who === 'guess' ? GUESSED_KEY : who
      const { status, body, headers } = await api.ask(route.method, pathOf(route, PARAMETERS), { key })
      // a body is looked at after the key: none is sent
      const wanted = atApi(who, route)
      const isHidden = status === 404 && body?.error.message === 'there is no project "default"'
      const seen = status === 401 || status === 403 ? status : isHidden ? 'out' : 'in'
      expect(seen).toBe(wanted)
      expect(status).toBeLessThan(500)
      if (status === 401) {
        expect(headers['www-authenticate']).toBe('Bearer realm="slipway"')
        expect(body.error.message).toContain('a valid key is needed')
      }
    })
  })

  test('what another project holds answers like what is not there', async () => {
    for (const url of ['models/m9', 'endpoints/e9', 'models/m9/versions/1', 'keys/admin', 'audit', 'events']) {
      const here = await api.ask('GET', `/api/v1/projects/default/${url}`, { key: 'stranger' })
      const nowhere = await api.ask('GET', `/api/v1/projects/nowhere/${url}`, { key: 'stranger' })
      const missing = await api.ask('GET', `/api/v1/projects/nowhere/${url}`, { key: 'root' })
      expect(here).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } })
      expect(here.text.replaceAll('default', 'nowhere')).toBe(nowhere.text)
      expect(missing.text).toBe(nowhere.text)
    }
  })

  test('endpoints that a key is not good for look as if there were none', async () => {
    const own = await api.ask('GET', '/api/v1/projects/default/endpoints/e2', { key: 'bound' })
    const missing = await api.ask('GET', '/api/v1/projects/default/endpoints/e2', { key: 'root' })
    expect(own.status).toBe(404)
    expect(own.text).toBe(missing.text)
  })

  test('refused access stands in the audit log of whoever was refused', async () => {
    api.advance(600_000)
    await api.ask('DELETE', '/api/v1/projects/default/models/m1', { key: 'viewer' })
    await api.ask('GET', '/api/v1/projects/default/models/m1', { key: 'stranger' })
    await api.ask('GET', '/api/v1/projects/default/keys')
    const { body } = await api.ask('GET', '/api/v1/projects/*/audit?limit=1000', { key: 'root' })
    const entry = (principal: string, resource: string) =>
      body.items.find(
        (item: { principal: string; resource: string }) => item.principal === principal && item.resource === resource,
      )
    expect(entry('default/viewer', 'models/m1')).toMatchObject({
      outcome: 'refused',
      code: 'permission_denied',
      project: 'default',
    })
    expect(entry('other/stranger', 'projects/default/models/m1')).toMatchObject({
      outcome: 'refused',
      project: 'other',
    })
    expect(entry('', 'projects/default/keys')).toMatchObject({
      outcome: 'refused',
      code: 'unauthenticated',
      project: '*',
    })
    const own = await api.ask('GET', '/api/v1/projects/other/audit', { key: 'stranger' })
    expect(own.body.items.every((item: { project: string }) => item.project === 'other')).toBe(true)
  })
})
