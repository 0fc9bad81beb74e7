/** The API over a socket, with uploads on a disk: what `inject` cannot show. */
import { createHash, hash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCanary, expectNoCanary } from '../../../test/support/canary.ts'
import { createMasterKey, parseMasterKey, seal } from '../../auth/master-key.ts'
import { signatureOf, signingKey } from '../../auth/sigv4/canonical.ts'
import { ServingError } from '../../core/errors.ts'
import { createUploads } from '../../server/platform/intake/uploads.ts'
import { memoryUploads, testApi, type TestApi } from './api.fixture.ts'

const P = '/api/v1/projects/default'
const masterKey = parseMasterKey(createMasterKey())
const logged: string[] = []
let folder: string
let api: TestApi
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-api-'))
  const uploads = createUploads({ folder, now: Date.now })
  const log = (...said: unknown[]) => void logged.push(JSON.stringify(said))
  api = await testApi({ uploads, masterKey, environment: { log } as never })
  await api.addKey('ed', { role: 'editor' })
  url = await api.app.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await api.close()
  await rm(folder, { recursive: true })
})

interface Sent {
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly headers?: Record<string, string>
}
const send = async (method: string, path: string, { body, headers }: Sent = {}) => {
  const authorization = `Bearer ${api.keys.get('ed')}`
  const answer = await fetch(url + path, { method, headers: { authorization, ...headers }, body: body ?? null })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers }
}
const sendJson = (method: string, path: string, document: unknown) =>
  send(method, path, { body: JSON.stringify(document), headers: { 'content-type': 'application/json' } })

describe('uploads over a socket', () => {
  test('come in parts, in any order, are resumed, and are checked as a whole', async () => {
    const file = randomBytes(2_500_000)
    const sha256 = createHash('sha256').update(file).digest('hex')
    const begun = await sendJson('POST', `${P}/uploads`, {
      fileName: 'm.bin',
      sizeBytes: file.length,
      partBytes: 1_000_000,
      sha256,
    })
    const U = `${P}/uploads/${begun.body.name}`
    const part = (number: number) => file.subarray((number - 1) * 1_000_000, number * 1_000_000)
    const digest = createHash('sha256').update(part(3)).digest('base64')
    const sent = await Promise.all([
      send('PUT', `${U}/parts/3`, { body: part(3), headers: { 'content-digest': `sha-256=:${digest}:` } }),
      send('PUT', `${U}/parts/1`, { body: part(1), headers: { 'x-slipway-sha256': hash('sha256', part(1), 'hex') } }),
    ])
    expect(sent.map(({ status }) => status)).toEqual([200, 200])
    expect((await send('GET', U)).body.parts).toEqual([1, 3])
    const wrong = { 'x-slipway-sha256': '0'.repeat(64) }
    expect((await send('PUT', `${U}/parts/2`, { body: part(2), headers: wrong })).body.error.details.reason).toBe(
      'sha256',
    )
    expect((await send('PUT', `${U}/parts/2`, { body: part(3) })).status).toBe(400)
    expect((await send('PUT', `${U}/parts/4`, { body: part(3) })).status).toBe(400)
    expect((await send('PUT', `${U}/parts/0`, { body: part(3) })).status).toBe(400)
    expect((await send('PUT', `${U}/parts/10001`, { body: part(3) })).status).toBe(400)
    expect((await send('PUT', `${U}/parts/1`, { body: part(2) })).status).toBe(409)
    expect((await send('PUT', `${U}/parts/1`, { body: part(1) })).status).toBe(200)
    expect((await send('PUT', `${U}/parts/2`, { body: part(2) })).status).toBe(200)
    expect((await send('POST', `${U}/complete`)).body).toMatchObject({ state: 'complete', sha256, parts: [1, 2, 3] })
    expect((await send('POST', `${U}/complete`)).body).toMatchObject({ state: 'complete', sha256 })
    expect((await send('PUT', `${U}/parts/1`, { body: part(1) })).status).toBe(409)
    await sendJson('POST', `${P}/models/big/versions`, { source: { type: 'upload', upload: begun.body.name } })
    expect((await send('DELETE', U)).body.error.details).toEqual({ reason: 'in_use', version: 'big/1' })
    await api.finish('default', 'big/1')
    expect((await send('DELETE', U)).status).toBe(204)
    expect((await send('POST', `${U}/complete`)).status).toBe(404)
    expect(await readdir(join(folder, 'complete'))).toEqual([])
  })

  test('names that lead out of a folder are refused', async () => {
    for (const fileName of ['../a', 'a/b', 'a\\b', '..', 'a\0', 'x'.repeat(256), 'é'.repeat(128)])
      expect((await sendJson('POST', `${P}/uploads`, { fileName, sizeBytes: 1 })).status).toBe(400)
  })

  test('no room on the disk is 507, and it is well again when there is', async () => {
    let isFull = true
    const files = memoryUploads()
    const own = await testApi({
      uploads: {
        ...files,
        async begin(id, wish) {
          if (isFull) throw new ServingError('unavailable', 'the disk is full', { details: { reason: 'disk_full' } })
          return files.begin(id, wish)
        },
      },
    })
    const body = { fileName: 'a', sizeBytes: 1 }
    expect((await own.ask('POST', `${P}/uploads`, { key: 'root', body })).status).toBe(507)
    isFull = false
    expect((await own.ask('POST', `${P}/uploads`, { key: 'root', body })).status).toBe(201)
    await own.close()
  })
})

/** Writes bytes and gives what comes back until the other side ends, or a while after the last of it. */
function raw(text: string, more?: Buffer): Promise<string> {
  const { port, hostname } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let said = ''
    socket.on('data', (bytes) => {
      said += bytes.toString('latin1')
      socket.setTimeout(300)
    })
    socket.on('timeout', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => resolve(said))
    socket.write(text)
    if (more !== undefined) socket.write(more)
  })
}

describe('what a socket brings', () => {
  test('who has no key is answered before their body is read', async () => {
    const said = await raw(
      `POST ${P}/models HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n{`,
    )
    expect(said).toMatch(/^HTTP\/1\.1 401 /)
    expect(said.toLowerCase()).toContain('connection: close')
  })

  test('two credentials are none', async () => {
    const header = `authorization: Bearer ${api.keys.get('ed')}\r\n`
    const good = await raw(`GET ${P}/models HTTP/1.1\r\nhost: a\r\n${header}connection: close\r\n\r\n`)
    expect(good).toMatch(/^HTTP\/1\.1 200 /)
    const two = await raw(`GET ${P}/models HTTP/1.1\r\nhost: a\r\n${header}${header}connection: close\r\n\r\n`)
    expect(two).toMatch(/^HTTP\/1\.1 401 /)
  })

  test('a length that is too much is refused without reading', async () => {
    const header = `authorization: Bearer ${api.keys.get('ed')}\r\ncontent-type: application/json\r\n`
    const said = await raw(`POST ${P}/models HTTP/1.1\r\nhost: a\r\n${header}content-length: 1000000000\r\n\r\n{`)
    expect(said).toMatch(/^HTTP\/1\.1 413 /)
    const chunked = `POST ${P}/models HTTP/1.1\r\nhost: a\r\n${header}transfer-encoding: chunked\r\n\r\n200000\r\n`
    expect(await raw(chunked, Buffer.alloc(0x200000, 32))).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('methods that nobody has heard of are 405', async () => {
    const said = await raw(`QUERY ${P}/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    expect(said).toMatch(/^HTTP\/1\.1 405 /)
  })
})

describe('signatures', () => {
  const pair = { accessKeyId: `SLWA${'A'.repeat(16)}`, secret: 'slw_secret-of-forty-characters-and-more-00' }
  const sign = (method: string, path: string, { query = '', payload = '' } = {}) => {
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
    const scope = { date: time.slice(0, 8), region: 'us-east-1', service: 'slipway' }
    const headers = { 'content-type': 'application/json', host: new URL(url).host, 'x-amz-date': time }
    const signedHeaders = [...(payload === '' ? [] : ['content-type']), 'host', 'x-amz-date']
    const request = { method, path, query, headers, payload: hash('sha256', payload, 'hex') }
    const signature = signatureOf(
      request,
      { ...scope, form: 'header', signedHeaders, time },
      signingKey(pair.secret, scope),
    )
    const credential = `${pair.accessKeyId}/${scope.date}/${scope.region}/${scope.service}/aws4_request`
    return {
      'x-amz-date': time,
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
    }
  }

  test('are taken for the whole request, its body too', async () => {
    const own = await testApi({ masterKey })
    const encryptedSecret = seal(pair.secret, masterKey, pair.accessKeyId)
    await own.store.transact((tx) =>
      tx.insert('key', 'default', 'aws', {
        project: 'default',
        name: 'aws',
        role: 'editor',
        hint: '',
        quotas: {},
        sha256: '0'.repeat(64),
        accessKeyId: pair.accessKeyId,
        encryptedSecret,
      }),
    )
    own.advance(-3000) // signatures look at the calendar
    const before = url
    url = await own.app.listen({ port: 0, host: '127.0.0.1' })
    try {
      expect(
        (await send('GET', '/api/v1/principal', { headers: sign('GET', '/api/v1/principal') })).body,
      ).toMatchObject({ name: 'aws' })
      const body = '{"name":"signed"}'
      const type = { 'content-type': 'application/json' }
      const headers = { ...type, ...sign('POST', `${P}/models`, { payload: body }) }
      expect((await send('POST', `${P}/models`, { body, headers })).status).toBe(201)
      expect((await send('POST', `${P}/models`, { body: '{"name":"other"}', headers })).status).toBe(401)
      expect((await send('GET', `${P}/models?limit=5`, { headers: sign('GET', `${P}/models`) })).status).toBe(401)
    } finally {
      url = before
      await own.close()
    }
  })
})

test('secrets that come by are in no log, event, audit entry or list', async () => {
  const canary = createCanary()
  const { key, urlPassword, headerValue, secretAccessKey } = canary
  await send('GET', `${P}/models?key=${key}`)
  await send('GET', `${P}/models`, { headers: { authorization: `Bearer ${key}` } })
  await send('GET', `${P}/models/${key}`)
  await send('GET', `/api/v1/${key}`)
  await send('PUT', `${P}/models/${key}/labels/x`, { body: `{"version":"${secretAccessKey}"}` })
  await send('GET', `${P}/models`, { headers: { 'x-request-id': headerValue + ' ', cookie: headerValue } })
  for (const source of [
    { type: 'url', url: `https://user:${urlPassword}@example.com/m` },
    { type: 'url', url: `https://example.com/m?X-Amz-Signature=${urlPassword}` },
  ])
    await sendJson('POST', `${P}/models/canary/versions`, { source })
  const texts = [...logged]
  for (const path of [
    'projects/*/audit?limit=1000',
    'projects/*/events?limit=1000',
    'projects/default/models/canary/versions',
  ])
    texts.push((await api.ask('GET', `/api/v1/${path}`, { key: 'root' })).text)
  expect(texts.join('')).toContain('canary/1')
  expectNoCanary(canary, { texts, folders: [folder] })
})

test('a request with two Host headers is refused: what stands before may have gone by the other one', async () => {
  const ask = async (hosts: string) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(`GET /api/v1/openapi.json HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`)
    let text = ''
    for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString()
    return text
  }
  expect(await ask('Host: a\r\n')).toMatch(/^HTTP\/1\.1 200/)
  const refused = await ask('Host: a\r\nHost: b\r\n')
  expect(refused).toMatch(/^HTTP\/1\.1 400/)
  expect(refused).toContain('"message":"the request has more than one Host header: send one"')
})
