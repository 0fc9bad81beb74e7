import { afterEach, describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { failure, startApiServer, type ApiServer, type Got, type Reply } from './api-server.fixture.ts'
import { createClient, realPace, type Client } from './client.ts'
import { createNodeTransport } from './node-transport.ts'
import type { Pace } from './send.ts'
import { createFetchTransport, TransportError, type Transport } from './transport.ts'

const key = `slw_${'k'.repeat(43)}`
const project = 'default'
const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

async function platform(reply: (got: Got, attempt: number) => Reply | Promise<Reply>): Promise<ApiServer> {
  const server = await startApiServer(reply)
  endings.push(() => server.close())
  return server
}

function nodeTransport(): Transport {
  const { transport, close } = createNodeTransport()
  endings.push(close)
  return transport
}

/** A clock that goes as fast as it is slept on. */
function quickPace(): Pace & { readonly slept: number[] } {
  const slept: number[] = []
  let nowMs = 0
  return {
    slept,
    now: () => nowMs,
    random: () => 0.5,
    sleep: async (ms) => {
      slept.push(ms)
      nowMs += ms
    },
  }
}

async function refused(work: Promise<unknown>): Promise<ServingError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof ServingError) return error
  throw new Error('it was not refused', { cause: error })
}

describe.each([
  ['over node:http', nodeTransport],
  ['over fetch', () => createFetchTransport()],
])('a call %s', (_name, transportOf) => {
  test('puts parameters, query, body, key and conditions where the table has them', async () => {
    const server = await platform(() => ({ body: { name: 'fraud' } }))
    const client = createClient({ url: `${server.url}/`, key, transport: transportOf() })
    await client.call('putEndpoint', {
      params: { project: 'a b', endpoint: 'x' },
      body: { spec: { variants: [{ model: 'm', version: 1 }] } },
      ifMatch: { uid: 'u1', etag: 7 },
    })
    await client.call('listEvents', { params: { project: '*' }, query: { after: 3, wait: 0, kind: undefined } })
    const [put, list] = server.got
    expect(put).toMatchObject({ name: 'putEndpoint', params: { project: 'a b', endpoint: 'x' } })
    expect(put?.headers).toMatchObject({
      authorization: `Bearer ${key}`,
      'if-match': '"u1.7"',
      'content-type': 'application/json',
    })
    expect(put?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/)
    expect(JSON.parse(String(put?.body))).toEqual({ spec: { variants: [{ model: 'm', version: 1 }] } })
    expect(list?.params).toEqual({ project: '*' })
    expect([...(list?.query ?? [])]).toEqual([
      ['after', '3'],
      ['wait', '0'],
    ])
    expect(list?.headers['idempotency-key']).toBeUndefined()
  })

  test('fails with what the platform says', async () => {
    const server = await platform(() => failure(404, 'not_found', 'there is no endpoint "x"', { name: 'x' }))
    const client = createClient({ url: server.url, transport: transportOf() })
    const error = await refused(client.call('getEndpoint', { params: { project, endpoint: 'x' } }))
    expect(error).toMatchObject({ code: 'not_found', message: 'there is no endpoint "x"', details: { name: 'x' } })
    expect(server.got).toHaveLength(1)
  })

  test('is sent again with the same idempotency key when its answer was lost', async () => {
    const server = await platform((_got, attempt) => (attempt === 1 ? 'break' : { body: { name: 'p' } }))
    const pace = quickPace()
    const client = createClient({ url: server.url, transport: transportOf(), pace })
    await client.call('createProject', { body: { name: 'p' } })
    expect(server.got).toHaveLength(2)
    const [first, second] = server.got.map(({ headers }) => headers['idempotency-key'])
    expect(first).toBe(second)
    expect(pace.slept).toHaveLength(1)
  })

  test('ends when its signal aborts', async () => {
    const server = await platform(() => new Promise(() => {}))
    const over = new AbortController()
    const client = createClient({ url: server.url, transport: transportOf() })
    const call = client.call('listEvents', { params: { project }, query: { wait: 30 }, signal: over.signal })
    const failed = refused(call)
    while (server.got.length === 0) await realPace().sleep(5)
    over.abort(new ServingError('cancelled', 'interrupted'))
    expect(await failed).toMatchObject({ code: 'cancelled', message: 'interrupted' })
  })

  test('to a port that nobody listens at says what to do, soon', async () => {
    const server = await platform(() => ({}))
    await server.close()
    const pace = quickPace()
    const client = createClient({ url: server.url, transport: transportOf(), pace })
    const error = await refused(client.call('getServer', {}))
    expect(error.code).toBe('unavailable')
    expect(error.message).toMatch(
      /^no platform answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\): start one with `slipway up`/,
    )
    expect(pace.now()).toBeLessThanOrEqual(500)
  })

  test('to something else says so', async () => {
    const server = await platform(() => ({ status: 200, body: '<html>' }))
    const client = createClient({ url: server.url, transport: transportOf() })
    expect((await refused(client.call('getServer', {}))).message).toContain('does something else listen there?')
    const other = createClient({ url: `${server.url}/elsewhere`, transport: transportOf() })
    expect(await refused(other.call('getServer', {}))).toMatchObject({ code: 'not_found', details: { status: 404 } })
  })
})

describe('a platform that restarts', () => {
  const busy = failure(503, 'unavailable', 'the store is busy', { reason: 'store' })

  test('is waited for within the budget, longer and longer', async () => {
    const server = await platform((_got, attempt) => (attempt < 6 ? busy : { body: { name: 'x' } }))
    const pace = quickPace()
    const client = createClient({ url: server.url, transport: nodeTransport(), pace, retryForMs: 20_000 })
    await client.call('getEndpoint', { params: { project, endpoint: 'x' } })
    expect(pace.slept).toEqual([37.5, 75, 150, 300, 600])
  })

  test('is told of once, with its own words, when a request is first sent again', async () => {
    const server = await platform((_got, attempt) => (attempt < 4 ? busy : { body: { name: 'x' } }))
    const told: unknown[] = []
    const onRetry = ({ message }: ServingError, forMs: number) => void told.push([message, forMs])
    const pace = quickPace()
    const client = createClient({ url: server.url, transport: nodeTransport(), pace, retryForMs: 9000, onRetry })
    await client.call('getServer', {})
    expect(told).toEqual([['the store is busy', 9000]])
    await server.close()
    const other = createClient({ url: server.url, transport: nodeTransport(), pace, onRetry })
    await refused(other.call('getServer', {}))
    expect(told).toHaveLength(1) // nobody was ever there: it fails soon
  })

  test('that stays away fails the call with its own last words', async () => {
    const server = await platform(() => busy)
    const pace = quickPace()
    const client = createClient({ url: server.url, transport: nodeTransport(), pace, retryForMs: 3000 })
    expect((await refused(client.call('getServer', {}))).message).toBe('the store is busy')
    expect(pace.now()).toBeLessThanOrEqual(3000)
  })

  test('once it has answered, is given the whole budget when nobody takes the connection', async () => {
    let isAway = false
    const transport: Transport = async () => {
      if (isAway) throw new TransportError('ECONNREFUSED', { isRefused: true })
      return { status: 200, text: '{}', header: () => 'application/json' }
    }
    const pace = quickPace()
    const client = createClient({ url: 'http://127.0.0.1:1', transport, pace, retryForMs: 8000 })
    await client.call('getServer', {})
    isAway = true
    await refused(client.call('getServer', {}))
    expect(pace.now()).toBeGreaterThan(5000)
  })

  test.each([
    ['a full disk', failure(507, 'unavailable', 'the disk is full', { reason: 'disk_full' })],
    ['a disk that is full, said as 503', failure(503, 'unavailable', 'the disk is full', { reason: 'disk_full' })],
    ['a conflict', failure(409, 'conflict', 'it is there')],
    ['a key that is none', failure(401, 'unauthenticated', 'no')],
    ['a defect', failure(500, 'internal', 'no')],
  ])('is not what %s means: it is told at once', async (_what, reply) => {
    const server = await platform(() => reply)
    await refused(createClient({ url: server.url, transport: nodeTransport() }).call('getServer', {}))
    expect(server.got).toHaveLength(1)
  })

  test('says itself how long to wait', async () => {
    const limited = failure(429, 'overloaded', 'too many', { retryAfterMs: 1234 })
    const server = await platform((_got, attempt) => (attempt === 1 ? limited : { body: {} }))
    const pace = quickPace()
    await createClient({ url: server.url, transport: nodeTransport(), pace }).call('getServer', {})
    expect(pace.slept).toEqual([1234])
  })
})

test.each(['', '127.0.0.1:8082', 'ftp://host', 'http://user:pass@host'])('%j is no address of a platform', (url) => {
  expect(() => createClient({ url })).toThrow(/is no address of a platform/)
})

test('a password in an address is not in the message', () => {
  const make = (): Client => createClient({ url: 'http://user:s3cret@host' })
  expect(make).toThrow(expect.not.stringContaining('s3cret'))
})
