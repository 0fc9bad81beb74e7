import { once } from 'node:events'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAuthorizer } from '../../auth/authorizer.ts'
import { createKey, digestOf } from '../../auth/api-key.ts'
import { createBodyMemory, type BodyMemory } from '../../runtime/body-memory.ts'
import { json, type Answered, type Protocol } from '../../protocols/protocol.ts'
import { createFrontDesk } from '../../protocols/router.ts'
import { createCertificate } from './certificate.fixture.ts'
import { createHttpHost, type HttpHost } from './http-host.ts'
import { NO_PLANE, rawClient, stopHost, type RawClient } from './raw-client.fixture.ts'

/** What is decided of a body before it is read: who may send it, and whether there is room. */
const KEY = createKey()
const OTHER_KEY = createKey()
const TLS = createCertificate('bodies')
const MIB = 2 ** 20
const MAX_BODY_BYTES = 4 * MIB
const MEMORY_BYTES = 6 * MIB

let host: HttpHost
let memory: BodyMemory
let nowMs: number
let asked: number[]
let answered: Answered[]
/** Answers to POST /slow wait for this. */
let gate: PromiseWithResolvers<void>
const clients = new Set<RawClient['socket']>()

const protocol: Protocol = {
  name: 'test',
  routes: ['/infer', '/slow'].map((path) => ({
    method: 'POST',
    path,
    async handle({ body }) {
      asked.push(body.length)
      if (path === '/slow') await gate.promise
      return json(200, { length: body.length })
    },
  })),
  failure: (error) => json(error.code === 'unauthenticated' ? 401 : 429, { ours: error.code, ...error.details }),
}

describe.each([
  ['the fast lane', true, false],
  ['the fast lane, by TLS', true, true],
  ["Node's HTTP server", false, false],
  ["Node's HTTP server, by TLS", false, true],
])('by %s', (_name, isFastLaneOn, isTls) => {
  beforeEach(async () => {
    asked = []
    answered = []
    nowMs = 0
    gate = Promise.withResolvers()
    memory = createBodyMemory(MEMORY_BYTES, () => nowMs)
    const keys = [KEY, OTHER_KEY].map((key, i) => ({
      name: `key ${i}`,
      scopes: ['inference' as const],
      sha256: digestOf(key),
    }))
    const { authorize } = createAuthorizer(keys, { now: () => 0, calendarNow: () => 0 })
    host = createHttpHost({
      ...createFrontDesk({ protocols: [protocol], authorize, memory, maxBodyBytes: MAX_BODY_BYTES }),
      plane: NO_PLANE,
      memory,
      isFastLaneOn,
      maxBodyBytes: MAX_BODY_BYTES,
      maxConnections: 100,
      headersTimeoutMs: 20_000,
      requestTimeoutMs: 20_000,
      keepAliveTimeoutMs: 20_000,
      onAnswered: (each) => answered.push(each),
      ...(isTls && { tls: TLS }),
    })
    host.server.listen(0, '127.0.0.1')
    await once(host.server, 'listening')
  })

  afterEach(async () => {
    gate.resolve()
    for (const client of clients) client.destroy()
    clients.clear()
    await stopHost(host)
  })

  function open(text: string | Uint8Array): RawClient {
    const at = { port: (host.server.address() as AddressInfo).port, host: '127.0.0.1' }
    const socket = isTls ? connectTls({ ...at, rejectUnauthorized: false }) : connectTcp(at)
    clients.add(socket)
    const client = rawClient(socket)
    socket.write(text)
    return client
  }

  function post(key: string | undefined, headers: string, path = '/infer'): string {
    const credential = key === undefined ? '' : `Authorization: Bearer ${key}\r\n`
    return `POST ${path} HTTP/1.1\r\nHost: x\r\n${credential}${headers}\r\n\r\n`
  }

  const until = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) await setTimeout(5)
  }

  const CHUNKED = 'Transfer-Encoding: chunked'

  test.each([
    ['of a known length', 'Content-Length: 4000000', 'x', 'x'.repeat(100_000)],
    ['of which nothing has come', 'Content-Length: 4000000', '', 'x'.repeat(100_000)],
    ['in chunks', CHUNKED, '1\r\nx\r\n', `186a0\r\n${'x'.repeat(100_000)}\r\n`],
  ])('a body %s of nobody with a key is refused by its head', async (_what, headers, begun, more) => {
    const client = open(post(undefined, headers) + begun)
    const answer = await client.until('"ours":"unauthenticated"')
    expect(answer).toMatch(/^HTTP\/1\.1 401 .*www-authenticate: Bearer/s)
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
    // it goes on sending, and is not reset before it has read that
    client.socket.write(more)
    client.socket.end()
    await client.closed()
    expect(client.errors).toEqual([])
    expect(asked).toEqual([])
    expect(memory.bytes).toBe(0)
    expect(answered).toMatchObject([{ status: 401, request: { path: '/infer' } }])
  })

  test('nobody is told to continue who will be refused', async () => {
    const refused = open(post(undefined, 'Content-Length: 10\r\nExpect: 100-continue'))
    expect(await refused.closed()).toMatch(/^HTTP\/1\.1 401 /)
    const taken = open(post(KEY, 'Content-Length: 10\r\nExpect: 100-continue'))
    await taken.until('HTTP/1.1 100 Continue')
    taken.socket.write('0123456789')
    expect(await taken.until('"length":10')).toContain('HTTP/1.1 200 OK')
  })

  test('a request behind another one is refused after the answer to that', async () => {
    const client = open(`${post(KEY, 'Content-Length: 2')}ab${post(undefined, 'Content-Length: 4000000')}x`)
    await client.until('"ours":"unauthenticated"')
    expect(client.text().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401'])
    expect(asked).toEqual([2])
  })

  test('a body takes its room until it is answered, also when its sender has gone', async () => {
    const client = open(post(KEY, 'Content-Length: 1000000', '/slow'))
    await until(() => memory.bytes === 1_000_000)
    client.socket.write(Buffer.alloc(1_000_000))
    await until(() => asked.length === 1)
    client.socket.destroy()
    const small = open(`${post(KEY, 'Content-Length: 5', '/slow')}12345`)
    await until(() => asked.length === 2)
    await setTimeout(20)
    expect(memory.bytes).toBeGreaterThanOrEqual(1_000_005)
    gate.resolve()
    await small.until('"length":5')
    expect(memory.bytes).toBe(0)
  })

  test('a body that breaks off gives its room back', async () => {
    const clients = [open(post(KEY, 'Content-Length: 1000000')), open(post(KEY, CHUNKED) + '5\r\nabcde\r\n')]
    await until(() => memory.bytes > 1_000_000)
    for (const { socket } of clients) socket.destroy()
    await until(() => memory.bytes === 0)
  })

  test('a body that finds no room waits unread, and is taken when there is some', async () => {
    const first = open(post(KEY, 'Content-Length: 3000000', '/slow'))
    first.socket.write(Buffer.alloc(3_000_000))
    await until(() => asked.length === 1)
    const second = open(Buffer.concat([Buffer.from(post(KEY, 'Content-Length: 3000000')), Buffer.alloc(3_000_000)]))
    await until(() => memory.waiting === 1)
    const other = open(
      Buffer.concat([Buffer.from(post(OTHER_KEY, 'Content-Length: 2000000')), Buffer.alloc(2_000_000)]),
    )
    await other.until('"length":2000000') // one key does not stand in the way of the others
    expect(memory.waiting).toBe(1)
    gate.resolve()
    await first.until('"length":3000000')
    await second.until('"length":3000000')
    expect(memory).toMatchObject({ bytes: 0, waiting: 0 })
  })

  test('a body that has waited for seconds is refused', async () => {
    const first = open(post(KEY, 'Content-Length: 3000000', '/slow'))
    first.socket.write(Buffer.alloc(3_000_000))
    await until(() => asked.length === 1)
    const second = open(post(KEY, 'Content-Length: 3000000\r\nExpect: 100-continue'))
    await until(() => memory.waiting === 1)
    nowMs = 6000
    expect(await second.closed()).toMatch(/^HTTP\/1\.1 429 .*"ours":"overloaded","reason":"body_memory_full"/s)
  })

  test('a body in chunks that outgrows the room there is for it is refused', async () => {
    const first = open(post(KEY, 'Content-Length: 2500000', '/slow'))
    await until(() => memory.bytes === 2_500_000)
    const client = open(post(KEY, CHUNKED))
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    for (let i = 0; i < 20; i++) client.socket.write(chunk)
    await client.until('"reason":"body_memory_full"')
    first.socket.destroy()
    await until(() => memory.bytes === 0)
  })

  test('many who announce much and send nothing take the room of nobody else', async () => {
    const silent = Array.from({ length: 8 }, () => open(post(KEY, 'Content-Length: 4000000')))
    await until(() => memory.waiting === 7)
    const other = open(
      Buffer.concat([Buffer.from(post(OTHER_KEY, 'Content-Length: 3000000')), Buffer.alloc(3_000_000)]),
    )
    await other.until('"length":3000000')
    nowMs = 3000 // and among themselves, who sends nothing goes
    await silent[0]?.until('"reason":"slow_body"')
  })
})
