import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Answered, Handle, WireResponse } from '../../protocols/protocol.ts'
import type { ServedModel, Timing } from '../../runtime/plane.ts'
import { createHttpHost, type HttpHost, type HttpHostOptions } from './http-host.ts'
import { NO_PLANE, openRaw, stopHost, type RawClient } from './raw-client.fixture.ts'

let host: HttpHost
let port: number
let defects: unknown[]
let answered: Answered[]
const clients = new Set<RawClient['socket']>()

afterEach(async () => {
  for (const client of clients) client.destroy()
  clients.clear()
  await stopHost(host)
})

function open(first: string): RawClient {
  const client = openRaw(port, first)
  clients.add(client.socket)
  return client
}

const GET = 'GET /good?a=b HTTP/1.1\r\nHost: x\r\n\r\n'
const LAST = 'GET /good HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

const TIMING: Timing = {
  model: {} as ServedModel,
  rows: 1,
  arrivedAtMs: 0,
  queueMs: 1,
  waitedFor: 'run',
  runMs: 2,
  batchRows: 3,
}

describe.each([
  ['the fast lane', true],
  ["Node's HTTP server", false],
])('an answer by %s', (_name, isFastLaneOn) => {
  async function start(handle: Handle, options: Partial<HttpHostOptions> = {}): Promise<void> {
    host = createHttpHost({
      handle,
      plane: NO_PLANE,
      isFastLaneOn,
      maxBodyBytes: 1000,
      maxConnections: 100,
      headersTimeoutMs: 5_000,
      requestTimeoutMs: 5_000,
      keepAliveTimeoutMs: 5_000,
      onDefect: (error) => defects.push(error),
      onAnswered: (each) => answered.push(each),
      ...options,
    })
    host.server.listen(0, '127.0.0.1')
    await once(host.server, 'listening')
    port = (host.server.address() as AddressInfo).port
  }

  const give = (response: Partial<WireResponse>) =>
    start(async () => ({ status: 200, headers: {}, body: '', ...response }))

  /** The answer to a request, and the one to the next on the same connection to show where the first ended. */
  async function ask(request = GET): Promise<{ head: string; body: string }> {
    const client = open(request)
    await client.until('\r\n\r\n')
    client.socket.write(LAST)
    const text = await client.closed()
    const end = text.indexOf('\r\n\r\n') + 4
    return { head: text.slice(0, end), body: text.slice(end, text.lastIndexOf('HTTP/1.1 ')) }
  }

  beforeEach(() => {
    defects = []
    answered = []
  })

  test.each<[string, string | Uint8Array]>([
    ['nothing', ''],
    ['ASCII', 'hello'],
    ['text with umlauts', 'h\xe4ll\xf6'],
    ['text beyond Latin', 'héllo ✓ 漢字 😀'],
    ['half a pair', 'a\ud800b'],
    ['a long text with umlauts', '\xe4'.repeat(100_000)],
    ['bytes', Uint8Array.from({ length: 256 }, (_, i) => i)],
    ['a view of bytes', new Uint8Array(new ArrayBuffer(100), 10, 5).fill(7)],
    ['many bytes', new Uint8Array(200_000).fill(9)],
  ])('of %s arrives byte for byte', async (_what, body) => {
    await give({ body })
    const sent = Buffer.from(body as string)
    const { head, body: received } = await ask()
    expect(head).toContain(`content-length: ${sent.length}\r\n`)
    expect(Buffer.from(received, 'latin1').equals(sent)).toBe(true)
  })

  test.each([204, 304])('%i has no length and no body', async (status) => {
    await give({ status, body: 'x' })
    const { head, body } = await ask()
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} No`))
    expect(head).not.toMatch(/content-length|transfer-encoding/i)
    expect(body).toBe('')
  })

  test('says when it was made, to the second', async () => {
    await give({})
    const before = Math.floor(Date.now() / 1000)
    const { head } = await ask()
    const date = Date.parse(/^date: (.*)$/im.exec(head)?.[1] ?? '') / 1000
    expect(date).toBeGreaterThanOrEqual(before)
    expect(date).toBeLessThanOrEqual(Date.now() / 1000)
  })

  test.each<[string, Partial<WireResponse>]>([
    ['a line break in a header', { headers: { a: 'b\r\nc: d' } }],
    ['a NUL in a header', { headers: { a: 'b\0' } }],
    ['an umlaut in a header', { headers: { a: '\xe4' } }],
    ['a character beyond Latin in a header', { headers: { a: '✓' } }],
    ['a name that is no token', { headers: { 'a b': 'c' } }],
    ['a name in upper case', { headers: { A: 'b' } }],
    ['a length of its own', { headers: { 'content-length': '5' } }],
    ['a coding of its own', { headers: { 'transfer-encoding': 'chunked' } }],
    ['a will of its own about the connection', { headers: { connection: 'close' } }],
    ['a status that is none', { status: 42 }],
    ['an interim status', { status: 100 }],
    ['a broken status', { status: 200.5 }],
  ])('with %s is a defect, told once, and nothing is sent', async (_what, response) => {
    await give(response)
    expect(await open(GET).closed()).toBe('')
    expect(defects).toEqual([expect.objectContaining({ message: expect.stringMatching(/this is a bug$/) })])
    expect(answered).toEqual([])
  })

  test.each<[string, Handle]>([
    [
      'throws',
      () => {
        throw new Error('a bug')
      },
    ],
    ['rejects', () => Promise.reject(new Error('a bug'))],
  ])('that %s is a defect, told once', async (_what, handle) => {
    await start(handle)
    expect(await open(GET).closed()).toBe('')
    expect(defects).toEqual([new Error('a bug')])
    expect(answered).toEqual([])
  })

  test('of a request that reached a model says where its time went', async () => {
    await start(async (_request, _plane, call) => {
      call.timing = TIMING
      return { status: 200, headers: {}, body: '' }
    })
    expect((await ask()).head).toMatch(
      /\r\nserver-timing: queue;dur=1;desc="run", model;dur=2, batch;desc="3 rows", total;dur=[\d.]+\r\n/i,
    )
  })

  test('of one that did not says nothing', async () => {
    await give({})
    expect((await ask()).head).not.toMatch(/server-timing/i)
  })

  test.each([
    ['abc-1', true],
    ['!~', true],
    ['x'.repeat(128), true],
    ['x'.repeat(129), false],
    ['a b', false],
    ['', false],
  ])('repeats the request id %j: %j', async (id, isRepeated) => {
    await give({})
    const { head } = await ask(`GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\n\r\n`)
    expect(/^x-request-id: (.*)\r$/im.exec(head)?.[1]).toBe(isRepeated ? id : undefined)
  })

  test('without a request id has none', async () => {
    await give({})
    expect((await ask()).head).not.toMatch(/x-request-id/i)
  })

  test('is told once, with all that belongs to it', async () => {
    await start(async (_request, _plane, call) => {
      call.timing = TIMING
      await setTimeout(20)
      return { status: 404, headers: {}, body: 'é' }
    })
    const before = performance.now()
    const client = open(`POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc`)
    await client.until('404 Not Found')
    expect(answered).toEqual([
      {
        request: {
          method: 'POST',
          path: '/a',
          query: 'b',
          headers: { host: 'x', 'content-length': '3' },
          body: Buffer.from('abc'),
          peer: '127.0.0.1',
        },
        call: { aborted: false, timing: TIMING },
        status: 404,
        sentBytes: 2,
        receivedAtMs: expect.any(Number),
        totalMs: expect.any(Number),
      },
    ])
    expect(answered[0]?.totalMs).toBeGreaterThan(15)
    expect(answered[0]?.receivedAtMs).toBeGreaterThanOrEqual(before)
  })

  test('is told for each request of a connection, refused ones too', async () => {
    await start(async ({ path }) => ({ status: 200, headers: {}, body: path }))
    const tooLong = 'POST /long HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n'
    await open(GET + GET + 'HEAD /head HTTP/1.1\r\nHost: x\r\n\r\n' + tooLong).closed()
    const told = answered.map(({ request, status, sentBytes }) => `${request.path} ${status} ${sentBytes}`)
    expect(told.sort()).toEqual(['/good 200 5', '/good 200 5', '/head 200 0', '/long 413 85'])
  })

  test('to a client that has gone is not told', async () => {
    const begun = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    await start(async (_request, _plane, call) => {
      begun.resolve()
      while (!call.aborted) await setTimeout(5)
      ended.resolve()
      return { status: 200, headers: {}, body: '' }
    })
    const client = open(GET)
    await begun.promise
    client.socket.resetAndDestroy()
    await ended.promise
    await setTimeout(20)
    expect(answered).toEqual([])
    expect(defects).toEqual([])
  })

  test('goes out although whoever is told fails', async () => {
    await start(async () => ({ status: 200, headers: {}, body: 'x' }), {
      onAnswered() {
        throw new Error('the log is full')
      },
    })
    expect((await ask()).body).toBe('x')
    expect(defects).toEqual([new Error('the log is full'), new Error('the log is full')])
  })
})
