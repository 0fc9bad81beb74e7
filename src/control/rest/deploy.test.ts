import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testApi, type TestApi } from './api.fixture.ts'

let api: TestApi
beforeAll(async () => {
  api = await testApi()
  await api.addKey('ed', { role: 'editor' })
})
afterAll(() => api.close())

const P = '/api/v1/projects/default'
const key = 'ed'

describe('from a file to an endpoint', () => {
  test('an upload, a version of it, an endpoint on the version, and the events of it all', async () => {
    const file = Buffer.from('the model')
    const sha256 = createHash('sha256').update(file).digest('hex')
    const upload = await api.ask('POST', `${P}/uploads`, { key, body: { fileName: 'm.joblib', sizeBytes: 9, sha256 } })
    expect(upload).toMatchObject({
      status: 201,
      body: { fileName: 'm.joblib', partBytes: 4, parts: [], state: 'open' },
    })
    const U = `${P}/uploads/${upload.body.name}`
    for (const [part, from] of [
      [3, 8],
      [1, 0],
    ] as const)
      expect((await api.ask('PUT', `${U}/parts/${part}`, { key, payload: file.subarray(from, from + 4) })).status).toBe(
        200,
      )
    expect((await api.ask('GET', U, { key })).body.parts).toEqual([1, 3])
    expect(await api.ask('POST', `${U}/complete`, { key })).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict', details: { reason: 'parts_missing' } } },
    })
    await api.ask('PUT', `${U}/parts/2`, { key, payload: file.subarray(4, 8) })
    expect((await api.ask('POST', `${U}/complete`, { key })).body).toMatchObject({ state: 'complete', sha256 })

    const source = { type: 'upload', upload: upload.body.name }
    const version = await api.ask('POST', `${P}/models/fraud/versions`, { key, body: { source } })
    expect(version).toMatchObject({
      status: 201,
      body: { model: 'fraud', number: 1, state: 'pending', fileName: 'm.joblib' },
    })
    expect(api.pokes()).toBeGreaterThan(0)

    const body = { spec: { variants: [{ model: 'fraud', version: 1 }] } }
    const made = await api.ask('PUT', `${P}/endpoints/fraud`, { key, body })
    expect(made).toMatchObject({ status: 201, body: { name: 'fraud', revision: 1, state: 'creating' } })
    const waiting = await api.ask('GET', `${P}/endpoints/fraud/revisions/1`, { key })
    expect(waiting.body).toMatchObject({ by: 'default/ed', resolved: {} })

    const { body: before } = await api.ask('GET', `${P}/events?kind=endpoint`, { key })
    expect(before.items.map((event: { type: string }) => event.type)).toEqual(['endpoint-created'])
    const next = api.ask('GET', `${P}/events?kind=endpoint&name=fraud&after=${before.after}&wait=10`, { key })
    await api.finish('default', 'fraud/1')
    await api.ask('POST', `${P}/endpoints/fraud/pause`, { key })
    expect((await next).body.items).toMatchObject([
      { type: 'endpoint-changed', name: 'fraud', details: { revision: 2 } },
    ])
  })
})
