import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { json, type WireRequest } from '../../protocols/protocol.ts'
import { createHttpHost, type HttpHost, type HttpHostOptions } from './http-host.ts'
import { connectionsOf, NO_PLANE, openRaw, stopHost, type RawClient } from './raw-client.fixture.ts'

let host: HttpHost
let port: number
let asked: WireRequest[]
/** Lets the requests that wait at /slow go on. */
let release: PromiseWithResolvers<void>
/** Calls at /slow whose callers had gone when they went on. */
let abandoned: string[]
/** The host's ends of the connections, in order. */
let accepted: Socket[]
const clients = new Set<RawClient['socket']>()

async function start(options: Partial<HttpHostOptions> = {}): Promise<void> {
  host = createHttpHost({
    async handle(request, _plane, call) {
      asked.push(request)
      if (request.path === '/slow') {
        await release.promise
        if (call.aborted) abandoned.push(request.query)
      }
      if (request.path === '/big') return { status: 200, headers: {}, body: new Uint8Array(20_000_000) }
      const digest = createHash('sha256').update(request.body).digest('hex')
      return json(200, { path: request.path, length: request.body.length, digest })
    },
    plane: NO_PLANE,
    maxBodyBytes: 10_000_000,
    maxConnections: 1000,
    headersTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
    keepAliveTimeoutMs: 60_000,
    ...options,
  })
  accepted = []
  host.server.on('connection', (socket: Socket) => accepted.push(socket))
  host.server.listen(0, '127.0.0.1')
  await once(host.server, 'listening')
  port = (host.server.address() as AddressInfo).port
}

beforeEach(() => {
  asked = []
  abandoned = []
  release = Promise.withResolvers()
  return start()
})

afterEach(async () => {
  release.resolve()
  for (const client of clients) client.destroy()
  clients.clear()
  await stopHost(host)
})

function open(first: string | Uint8Array = ''): RawClient {
  const client = openRaw(port, first)
  clients.add(client.socket)
  return client
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(5)
}

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`
const post = (length: number) => `POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`
const isByNode = (text: string) => /^keep-alive: /im.test(text)

describe('the fast lane', () => {
  test('answers plain requests itself, and leaves others to Node for good', async () => {
    const client = open(get('/a'))
    await client.until('"path":"/a"')
    expect(isByNode(client.text())).toBe(false)
    client.socket.write('HEAD /b HTTP/1.1\r\nHost: x\r\n\r\n')
    await client.until('HTTP/1.1 200 OK', 2)
    expect(isByNode(client.text())).toBe(true)
    client.socket.write(get('/c'))
    const text = await client.until('"path":"/c"')
    expect(text.match(/^keep-alive: /gim)).toHaveLength(2)
  })

  test('answers bodies that come after their heads, in any pieces', async () => {
    const client = open()
    client.socket.setNoDelay(true)
    for (const [length, step] of [
      [1, 1],
      [5, 2],
      [300, 1],
      [70_000, 999],
      [3_000_000, 65_536],
    ] as const) {
      const body = Buffer.alloc(length).map((_, i) => i * 7)
      client.socket.write(post(length))
      await setImmediate()
      for (let from = 0; from < length; from += step) {
        client.socket.write(body.subarray(from, from + step))
        if (length < 1000) await setImmediate()
      }
      await client.until(`"length":${length},"digest":"${createHash('sha256').update(body).digest('hex')}"`)
    }
    expect(isByNode(client.text())).toBe(false)
  })

  test('runs one request of a connection at a time, in order', async () => {
    const client = open(get('/slow?1'))
    await until(() => asked.length === 1)
    client.socket.write(get('/slow?2') + get('/slow?3'))
    client.socket.write(get('/slow?4'))
    await setTimeout(30)
    expect(asked.map(({ query }) => query)).toEqual(['1'])
    release.resolve()
    await client.until('"path":"/slow"', 4)
    expect(asked.map(({ query }) => query)).toEqual(['1', '2', '3', '4'])
    expect(client.text().match(/HTTP\/1\.1 200 OK/g)).toHaveLength(4)
  })

  test('goes on by itself with a request that came too early', async () => {
    const client = open(get('/slow?1'))
    await until(() => asked.length === 1)
    client.socket.write(post(4) + 'ab')
    await setTimeout(20)
    release.resolve()
    await client.until('"path":"/slow"')
    client.socket.write('cd')
    await client.until('"length":4')
    expect(isByNode(client.text())).toBe(false)
  })

  test('reads no more than a little ahead of the answer that is due, and all of it then', async () => {
    const client = open(get('/slow'))
    await until(() => asked.length === 1)
    const count = 40_000
    client.socket.write(Array.from({ length: count }, (_, i) => get(`/${i}`)).join(''))
    await setTimeout(100)
    expect(accepted[0]?.bytesRead).toBeLessThan(300_000)
    expect(asked).toHaveLength(1)
    release.resolve()
    await until(() => asked.length === count + 1)
    expect(asked.every(({ path }, i) => i === 0 || path === `/${i - 1}`)).toBe(true)
  })

  test('takes no further request before the client takes its answer', async () => {
    const client = open(get('/big'))
    client.socket.pause()
    await until(() => asked.length === 1)
    client.socket.write(get('/a'))
    await setTimeout(50)
    expect(asked).toHaveLength(1)
    client.socket.resume()
    await until(() => asked.length === 2)
    await until(() => client.text().slice(-500).includes('"path":"/a"'))
  })

  test('cuts a client that takes nothing of its last answer', async () => {
    await stopHost(host)
    await start({ writeTimeoutMs: 100 })
    const client = open(get('/slow'))
    await until(() => asked.length === 1)
    const bystander = open(get('/big'))
    bystander.socket.pause()
    const drained = host.drain()
    release.resolve()
    await client.closed()
    await drained
    bystander.socket.destroy()
  })

  test.each<[string, (socket: Socket) => unknown]>([
    ['resets', (socket) => socket.resetAndDestroy()],
    ['closes', (socket) => socket.destroy()],
    ['sends no more', (socket) => socket.end()],
  ])('tells the request under way when its client %s', async (_what, leave) => {
    const client = open(get('/slow?gone'))
    await until(() => asked.length === 1)
    leave(client.socket)
    await until(async () => (await connectionsOf(host)) === 0)
    release.resolve()
    await until(() => abandoned.length === 1)
    expect(client.text()).toBe('')
  })

  test('forgets what came too early when its client goes', async () => {
    const client = open(get('/slow?gone'))
    await until(() => asked.length === 1)
    client.socket.write(get('/never'))
    await setTimeout(20)
    client.socket.resetAndDestroy()
    release.resolve()
    await until(async () => (await connectionsOf(host)) === 0)
    expect(asked).toHaveLength(1)
  })

  test('gives half a body until the limit of a whole request, then answers 408', async () => {
    await stopHost(host)
    await start({ requestTimeoutMs: 100, headersTimeoutMs: 100 })
    const client = open(post(5) + 'he')
    const trickle = setInterval(() => client.socket.write(''), 20)
    expect(await client.closed()).toMatch(
      /^HTTP\/1\.1 408 [^]*{"error":"the request did not arrive in time","code":"deadline_exceeded"}$/,
    )
    clearInterval(trickle)
    expect(asked).toEqual([])
  })

  test('keeps connections for ever where timeouts are off', async () => {
    await stopHost(host)
    await start({ requestTimeoutMs: 0, headersTimeoutMs: 0, keepAliveTimeoutMs: 0 })
    const open3 = [open(), open(post(5)), open(get('/a'))]
    await setTimeout(1500)
    expect(open3.map(({ socket }) => socket.closed)).toEqual([false, false, false])
  })
})
