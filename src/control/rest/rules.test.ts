import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { urlOf } from '../store/source-url.ts'
import type { Writer } from '../store/store.ts'
import { testApi, type TestApi } from './api.fixture.ts'

let api: TestApi
beforeAll(async () => {
  api = await testApi()
  await api.addKey('admin', { role: 'admin' })
  await api.ask('POST', `${P}/models`, { key, body: { name: 'm' } })
})
afterAll(() => api.close())

const P = '/api/v1/projects/default'
const key = 'admin'

describe('what the log of the platform shows', () => {
  test('is changed for the whole platform, with an entry in the audit log', async () => {
    const path = '/api/v1/log-levels'
    expect(await api.ask('PATCH', path, { key: 'root', body: { runners: 'debug' } })).toMatchObject({
      status: 200,
      body: { control: 'info', runners: 'debug' },
    })
    expect(await api.ask('PATCH', path, { key: 'root', body: {} })).toMatchObject({ status: 200 })
    expect((await api.ask('PATCH', path, { key: 'root', body: { runners: 'loud' } })).status).toBe(400)
    expect((await api.ask('GET', path, { key: 'root' })).body).toEqual({ control: 'info', runners: 'debug' })
    const { body } = await api.ask('GET', '/api/v1/projects/*/audit?limit=2', { key: 'root' })
    expect(body.items[0]).toMatchObject({ action: 'platform:write', resource: 'log-levels', outcome: 'done' })
    expect(body.items[0].details).toMatchObject({ from: { runners: 'info' }, to: { runners: 'debug' } })
    expect(body.items[1]?.resource).not.toBe('log-levels')
    expect((await api.ask('GET', path, { key })).status).toBe(403)
  })
})

describe('the form of requests', () => {
  test.each([
    ['limit=-1', 'limit is -1'],
    ['limit=0', 'limit is 0'],
    ['limit=1000000000', 'limit is 1000000000'],
    ['limit=NaN', 'limit is the text "NaN"'],
    ['limit=1e2', 'limit is the text "1e2"'],
    ['limit=', 'limit is the text ""'],
    ['limit=1&limit=2', '"limit" came twice'],
    ['sort=password', '"sort" is not known here'],
    ['cursor=broken', 'cursor'],
    ['__proto__=1', '"__proto__" is not known'],
    ['prefix=%00', 'NUL'],
    [`prefix=${'a'.repeat(64)}`, '64 characters'],
  ])('a query %s is refused', async (query, said) => {
    const { status, body } = await api.ask('GET', `${P}/models?${query}`, { key })
    expect(status).toBe(400)
    expect(body.error.code).toBe('invalid_argument')
    expect(body.error.message).toContain(said)
  })

  test.each([
    [{ name: 'a', project: 'other' }, 'body.project is not known here'],
    [{ name: 'a', meta: {} }, 'body.meta'],
    [{ name: 'a', labels: { stable: 1 } }, 'body.labels'],
    [{ name: 'a', lastNumber: 5 }, 'body.lastNumber'],
    [{ name: '../a' }, 'body.name is "../a"'],
    [{ name: '' }, 'body.name'],
    [{ name: 'a\n' }, 'body.name'],
    [{ name: 7 }, 'body.name is 7, not text'],
    [{ name: ['a'] }, 'body.name is a list'],
    [{}, 'body.name is missing'],
    [[], 'body is a list, not an object'],
    [{ name: 'a', description: 'x'.repeat(1001) }, 'body.description has 1001 characters'],
    [{ name: 'a', description: 'x\0' }, 'NUL'],
  ])('a body %j is refused', async (document, said) => {
    const { status, body } = await api.ask('POST', `${P}/models`, { key, body: document })
    expect(status).toBe(400)
    expect(body.error.message).toContain(said)
  })

  test.each([
    ['{"name":"a","__proto__":{"x":1}}', 400, '__proto__'],
    ['{"name":', 400, 'not JSON'],
    ['\ufeff', 400, 'not JSON'],
    [Buffer.from([0x22, 0xff, 0x22]), 400, 'not JSON in UTF-8'],
    ['['.repeat(200_000), 400, 'not JSON'],
    [`{"name":"a","description":${'['.repeat(100)}${']'.repeat(100)}}`, 400, '32 lists and objects deep'],
    ['', 400, 'the body is empty'],
    [`{"name":"${'a'.repeat(1_048_576)}"}`, 413, 'a body is at most'],
  ])('a body that is no document of ours is refused (%#)', async (payload, status, said) => {
    const answer = await api.ask('POST', `${P}/models`, {
      key,
      payload,
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(status)
    expect(answer.body.error.message).toContain(said)
  })

  test('bodies of other kinds are refused by name', async () => {
    const headers = { 'content-type': 'text/plain' }
    expect((await api.ask('POST', `${P}/models`, { key, payload: '{}', headers })).status).toBe(415)
    const zipped = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    expect((await api.ask('POST', `${P}/models`, { key, payload: '{}', headers: zipped })).status).toBe(415)
    expect((await api.ask('DELETE', `${P}/models/none`, { key, payload: 'x', headers })).status).toBe(400)
    const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await api.ask('POST', `${P}/models`, { key, payload: 'name=a', headers: urlencoded })).status).toBe(415)
  })

  test('a path that is not ours is 404, a method that it does not take 405 with those that it does', async () => {
    expect(await api.ask('GET', '/api/v1/nothing', { key })).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    })
    expect(await api.ask('GET', `${P}/models/m/`, { key })).toMatchObject({ status: 404 })
    expect(await api.ask('GET', '/api/v1/projects/%zz', { key })).toMatchObject({ status: 400 })
    const wrong = await api.ask('PATCH', `${P}/models`, { key })
    expect(wrong.status).toBe(405)
    expect(wrong.headers['allow']).toBe('GET, POST, HEAD')
  })

  test.each(['..%2F..%2Fetc', 'a%00b', 'a%2Fb', 'x'.repeat(64), '%E2%80%AE', '-a', '*'])(
    'a name %s in a path is refused',
    async (name) => {
      for (const url of [`${P}/models/${name}`, `${P}/models/m/labels/${name}`, `${P}/endpoints/${name}`]) {
        const { status } = await api.ask(url.includes('labels') ? 'PUT' : 'GET', url, { key, body: undefined })
        expect(status).toBe(400)
      }
    },
  )

  test('HEAD answers as GET without the body', async () => {
    const { status, text, headers } = await api.ask('HEAD', `${P}/models/m`, { key })
    expect(status).toBe(200)
    expect(text).toBe('')
    expect(headers['etag']).toMatch(/^"[0-9a-z-]+\.1"$/)
  })

  test('a request id that is one comes back, another is replaced', async () => {
    const given = await api.ask('GET', `${P}/models/m`, { key, headers: { 'x-request-id': 'abc-1' } })
    expect(given.headers['x-request-id']).toBe('abc-1')
    const bad = await api.ask('GET', `${P}/models/m`, { key, headers: { 'x-request-id': 'a b{"' } })
    expect(bad.headers['x-request-id']).toMatch(/^[0-9a-z]{16}$/)
  })

  test('a key in the URL is refused', async () => {
    const { status } = await api.ask('GET', `${P}/models?key=${api.keys.get('admin')}`, { key })
    expect(status).toBe(401)
  })
})

describe('ETags', () => {
  test('a change made from another state is refused with 412', async () => {
    const made = await api.ask('POST', `${P}/models`, { key, body: { name: 'etags' } })
    const etag = String(made.headers['etag'])
    const url = `${P}/models/etags`
    const change = (ifMatch: string) =>
      api.ask('PATCH', url, { key, body: { description: 'x' }, headers: { 'if-match': ifMatch } })
    expect((await change('"nonsense"')).status).toBe(412)
    const done = await change(etag)
    expect(done.status).toBe(200)
    expect(done.headers['etag']).not.toBe(etag)
    expect(await change(etag)).toMatchObject({
      status: 412,
      body: { error: { code: 'conflict', details: { reason: 'etag', etag: done.headers['etag'] } } },
    })
    expect((await change('no quotes')).status).toBe(400)
    expect((await change('*')).status).toBe(200)
    expect((await api.ask('DELETE', url, { key, headers: { 'if-match': etag } })).status).toBe(412)
    expect((await api.ask('DELETE', url, { key })).status).toBe(204)
    // one of the same name is another
    const again = await api.ask('POST', `${P}/models`, { key, body: { name: 'etags' } })
    expect(again.headers['etag']).not.toBe(etag)
    expect((await change(etag)).status).toBe(412)
  })

  test('what is known already is not sent again', async () => {
    const { headers } = await api.ask('GET', `${P}/models/m`, { key })
    const again = await api.ask('GET', `${P}/models/m`, { key, headers: { 'if-none-match': String(headers['etag']) } })
    expect([again.status, again.text]).toEqual([304, ''])
  })
})

describe('idempotency keys', () => {
  const post = (name: string, idempotencyKey: string, as = key) =>
    api.ask('POST', `${P}/models`, { key: as, body: { name }, headers: { 'idempotency-key': idempotencyKey } })

  test('the same request gets the same answer, and is done once', async () => {
    const first = await post('once', 'k-1')
    const second = await post('once', 'k-1')
    expect(first.status).toBe(201)
    expect([second.status, second.text, second.headers['etag']]).toEqual([201, first.text, first.headers['etag']])
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect((await post('once', 'k-2')).status).toBe(409)
  })

  test('another request under the same key is refused with 422', async () => {
    await post('other1', 'k-3')
    expect(await post('other2', 'k-3')).toMatchObject({
      status: 422,
      body: { error: { code: 'conflict', details: { reason: 'idempotency' } } },
    })
  })

  test('keys of others are their own, and after a day a key is a new one', async () => {
    await post('day', 'k-4')
    expect((await post('day', 'k-4', 'root')).status).toBe(409)
    api.advance(25 * 3_600_000)
    expect((await post('day', 'k-4')).status).toBe(409)
  })

  test('of many at once, one is done', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => post('race', 'k-5')))
    expect(new Set(all.map(({ text }) => text)).size).toBe(1)
    expect(all.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1)
  })

  test('of two that both found nothing yet, one is done', async () => {
    const own = await testApi()
    const transact = own.store.transact.bind(own.store)
    let arrived = 0
    const { promise: both, resolve } = Promise.withResolvers<void>()
    own.store.transact = async (work) => {
      if (++arrived === 2) resolve()
      await both
      return transact(work)
    }
    const headers = { 'idempotency-key': 'k' }
    const ask = () => own.ask('POST', `${P}/models`, { key: 'root', body: { name: 'two' }, headers })
    const [first, second] = await Promise.all([ask(), ask()])
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.text).toBe(first.text)
    await own.close()
  })

  test('a key that is none is refused', async () => {
    expect((await post('bad', 'x'.repeat(201))).status).toBe(400)
    expect((await post('bad', 'a b')).status).toBe(400)
  })
})

describe('lists', () => {
  test('come page by page, and cursors are good for their own list only', async () => {
    await api.ask('POST', '/api/v1/projects', { key: 'root', body: { name: 'lists' } })
    const L = '/api/v1/projects/lists'
    for (let i = 0; i < 5; i++) await api.ask('POST', `${L}/models`, { key: 'root', body: { name: `m${i}` } })
    const names: string[] = []
    let cursor: string | undefined
    do {
      const { body } = await api.ask('GET', `${L}/models?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`, {
        key: 'root',
      })
      names.push(...body.items.map((item: { name: string }) => item.name))
      cursor = body.cursor
      if (cursor !== undefined) {
        expect((await api.ask('GET', `${P}/models?limit=2&cursor=${cursor}`, { key: 'root' })).status).toBe(400)
        expect((await api.ask('GET', `${L}/models?prefix=m&cursor=${cursor}`, { key: 'root' })).status).toBe(400)
      }
    } while (cursor !== undefined)
    expect(names).toEqual(['m0', 'm1', 'm2', 'm3', 'm4'])
  })

  test('versions come the newest first', async () => {
    const source = { type: 'url', url: 'https://example.com/m.onnx' }
    for (let i = 0; i < 12; i++) await api.ask('POST', `${P}/models/many/versions`, { key, body: { source } })
    await api.ask('DELETE', `${P}/models/many/versions/9`, { key })
    const first = await api.ask('GET', `${P}/models/many/versions?limit=5`, { key })
    expect(first.body.items.map((item: { number: number }) => item.number)).toEqual([12, 11, 10, 8, 7])
    const rest = await api.ask('GET', `${P}/models/many/versions?cursor=${first.body.cursor}`, { key })
    expect(rest.body.items.map((item: { number: number }) => item.number)).toEqual([6, 5, 4, 3, 2, 1])
    expect(rest.body.cursor).toBeUndefined()
    expect((await api.ask('GET', `${P}/models/m/versions?cursor=${first.body.cursor}`, { key })).status).toBe(400)
    await api.finish('default', 'many/3')
    for (const path of ['endpoints', 'rollouts', 'uploads', 'models/many/versions']) {
      const { status, body } = await api.ask('GET', `${P}/${path}?state=bogus`, { key })
      expect([status, body.error?.message]).toEqual([
        400,
        expect.stringMatching(/state is "bogus": it is one of these states, or several joined by commas: \w+, /),
      ])
    }
    const ready = await api.ask('GET', `${P}/models/many/versions?state=ready`, { key })
    expect(ready.body.items.map((item: { number: number }) => item.number)).toEqual([3])
  })
})

describe('what stays', () => {
  test('each change stands in the audit log, and one that failed as failed', async () => {
    await api.ask('POST', `${P}/models`, { key, body: { name: 'audited' } })
    await api.ask('POST', `${P}/models`, { key, body: { name: 'audited' } })
    const { body } = await api.ask('GET', `${P}/audit?limit=2`, { key })
    expect(body.items).toMatchObject([
      { principal: 'default/admin', action: 'models:write', outcome: 'failed', code: 'conflict' },
      { principal: 'default/admin', action: 'models:write', outcome: 'done', resource: 'models/audited' },
    ])
  })

  test('numbers of versions are given once, to many at the same time', async () => {
    const source = { type: 'url', url: 'https://example.com/m.onnx' }
    const all = await Promise.all(
      Array.from({ length: 30 }, () => api.ask('POST', `${P}/models/race2/versions`, { key, body: { source } })),
    )
    expect(all.map(({ body }) => body.number).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 1),
    )
  })

  test.each([
    ['http://user:word@example.com/m', 'credentials'],
    ['https://@example.com/m', 'credentials'],
    ['file:///etc/passwd', 'by https or http'],
    ['gopher://example.com/', 'by https or http'],
    ['no url at all', 'is no URL'],
  ])('the URL %s is refused', async (url, said) => {
    const { status, text } = await api.ask('POST', `${P}/models/m/versions`, {
      key,
      body: { source: { type: 'url', url } },
    })
    expect(status).toBe(400)
    expect(text).toContain(said)
    expect(text).not.toContain('word')
  })

  test('what signs a URL is kept for the fetch and not shown', async () => {
    const url = 'https://example.com/folder/m.onnx?X-Amz-Signature=canary77'
    const { body, text } = await api.ask('POST', `${P}/models/signed/versions`, {
      key,
      body: { source: { type: 'url', url } },
    })
    expect(body.fileName).toBe('m.onnx')
    expect(text).not.toContain('canary77')
    expect((await api.ask('GET', `${P}/events?kind=version&name=signed/1`, { key })).text).not.toContain('canary77')
    expect((await api.ask('GET', `${P}/audit`, { key })).text).not.toContain('canary77')
    const stored = await api.store.read((tx) => tx.get('version', 'default', 'signed/1'))
    expect(JSON.stringify(stored)).not.toContain('canary77')
    expect(stored && urlOf(stored.document, api.masterKey)).toBe(url)
  })
})

describe('when the store fails', () => {
  test('there is no change without its audit entry, and none that was answered is missing', async () => {
    const own = await testApi()
    const transact = own.store.transact.bind(own.store)
    const post = (name: string) => own.ask('POST', `${P}/models`, { key: 'root', body: { name } })
    own.store.transact = (work) =>
      transact((tx) => {
        const fail = async () => {
          throw new ServingError('unavailable', 'no', { details: { reason: 'store' } })
        }
        const broken = new Proxy(tx, {
          get: (of, name) => (name === 'addAudit' ? fail : (of[name as keyof Writer] as () => unknown).bind(of)),
        })
        return work(broken)
      })
    expect((await post('a')).status).toBe(503)
    own.store.transact = async (work) => {
      await transact(work)
      throw new ServingError('unavailable', 'it is not known whether it was written', { details: { reason: 'store' } })
    }
    expect((await post('b')).status).toBe(503)
    own.store.transact = transact
    const { body } = await own.ask('GET', `${P}/models`, { key: 'root' })
    expect(body.items.map((item: { name: string }) => item.name)).toEqual(['b'])
    const audit = await own.ask('GET', `${P}/audit`, { key: 'root' })
    expect(audit.body.items.map((item: { resource: string }) => item.resource)).toEqual(['models/b'])
    await own.close()
  })

  test('strangers cannot fill the audit log', async () => {
    const own = await testApi()
    for (let i = 0; i < 300; i++) await own.ask('GET', `${P}/models`)
    own.advance(60_000)
    await own.ask('GET', `${P}/models`)
    const { body } = await own.ask('GET', '/api/v1/projects/*/audit?limit=1000', { key: 'root' })
    expect(body.items.length).toBeGreaterThan(90)
    expect(body.items.length).toBeLessThan(120)
    // what was left out is told
    expect(body.items[0].details.leftOutBefore).toBeGreaterThan(180)
    await own.close()
  })
})

describe('projects', () => {
  test('the platform sees all of them, others their own', async () => {
    const names = async (key: string) =>
      (await api.ask('GET', '/api/v1/projects', { key })).body.items.map((item: { name: string }) => item.name)
    expect(await names('root')).toEqual(['default', 'lists'])
    expect(await names('admin')).toEqual(['default'])
  })

  test('two never differ by upper and lower case alone', async () => {
    const root = { key: 'root' }
    expect((await api.ask('POST', '/api/v1/projects', { ...root, body: { name: 'shop' } })).status).toBe(201)
    expect(await api.ask('POST', '/api/v1/projects', { ...root, body: { name: 'SHOP' } })).toMatchObject({
      status: 409,
      body: { error: { details: { reason: 'exists', name: 'shop' } } },
    })
    expect((await api.ask('DELETE', '/api/v1/projects/shop', root)).status).toBe(204)
    expect((await api.ask('POST', '/api/v1/projects', { ...root, body: { name: 'SHOP' } })).status).toBe(201)
    expect((await api.ask('DELETE', '/api/v1/projects/SHOP', root)).status).toBe(204)
  })

  test('one is deleted once it holds nothing, with its keys', async () => {
    const root = { key: 'root' }
    await api.ask('POST', '/api/v1/projects', { ...root, body: { name: 'short' } })
    const made = await api.ask('POST', '/api/v1/projects/short/keys', { ...root, body: { name: 'k', role: 'admin' } })
    const own = { key: made.body.bearer as string }
    await api.ask('POST', '/api/v1/projects/short/models', { ...own, body: { name: 'm' } })
    expect(await api.ask('DELETE', '/api/v1/projects/short', own)).toMatchObject({
      status: 409,
      body: { error: { details: { reason: 'in_use', kind: 'model', name: 'm' } } },
    })
    await api.ask('DELETE', '/api/v1/projects/short/models/m', own)
    expect((await api.ask('GET', '/api/v1/projects', own)).body.items).toHaveLength(1)
    expect((await api.ask('DELETE', '/api/v1/projects/short', own)).status).toBe(204)
    api.advance(3000)
    expect((await api.ask('GET', '/api/v1/projects', own)).status).toBe(401)
    expect((await api.ask('DELETE', '/api/v1/projects/default', root)).status).toBe(409)
  })
})
