import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { json, type Handle, type WireRequest } from '../../protocols/protocol.ts'
import { createHttpHost, type HttpHost, type HttpHostOptions } from './http-host.ts'
import { connectionsOf, NO_PLANE, openRaw, stopHost as stop, type RawClient } from './raw-client.fixture.ts'

/** Every test runs on both lanes: with the fast one in front, and on Node's HTTP server alone. */
let isFastLaneOn: boolean

/** What was asked since the test began, in order. */
let asked: WireRequest[]
/** Whether the caller of the last slow request had gone when its answer was ready. */
let sawCancellation: boolean | undefined
/** Lets the requests that wait at /slow go on. */
let release: PromiseWithResolvers<void>

/** Says what it was asked; `/slow` waits to be released, `/big/<bytes>` answers with that many. */
const handle: Handle = async (request, _plane, call) => {
  asked.push(request)
  if (request.path === '/slow') {
    await release.promise
    sawCancellation = call.aborted
  }
  if (request.path === '/unsendable') return { status: 200, headers: { 'x-bad': 'a\r\nb' }, body: '' }
  const big = /^\/big\/(\d+)$/.exec(request.path)
  if (big !== null) return { status: 200, headers: {}, body: new Uint8Array(Number(big[1])) }
  return json(200, { path: request.path, query: request.query, length: request.body.length })
}

const MAX_BODY_BYTES = 1000

let host: HttpHost
let port: number
let defects: unknown[]
const clients = new Set<RawClient['socket']>()

async function start(options: Partial<HttpHostOptions> = {}): Promise<void> {
  host = createHttpHost({
    handle,
    plane: NO_PLANE,
    isFastLaneOn,
    maxBodyBytes: MAX_BODY_BYTES,
    maxConnections: 100,
    headersTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
    keepAliveTimeoutMs: 5_000,
    onDefect: (error) => defects.push(error),
    ...options,
  })
  host.server.listen(0, '127.0.0.1')
  await once(host.server, 'listening')
  port = (host.server.address() as AddressInfo).port
}

/** With these, no timeout closes a connection within a test. */
const PATIENT = { headersTimeoutMs: 600_000, requestTimeoutMs: 600_000, keepAliveTimeoutMs: 600_000 }

beforeEach(async () => {
  asked = []
  defects = []
  sawCancellation = undefined
  release = Promise.withResolvers()
  await start()
})

afterEach(async () => {
  release.resolve()
  for (const client of clients) client.destroy()
  clients.clear()
  await stop(host)
})

function open(first: string | Uint8Array = ''): RawClient {
  const client = openRaw(port, first)
  clients.add(client.socket)
  return client
}

function connections(): Promise<number> {
  return connectionsOf(host)
}

const GOOD = 'GET /good HTTP/1.1\r\nHost: x\r\n\r\n'
const GOOD_ANSWER = '"path":"/good"'

/** After whatever happened, the next caller is served. */
async function expectAlive(): Promise<void> {
  const client = open(GOOD)
  await client.until(GOOD_ANSWER)
  client.socket.destroy()
}

function post(headers: string, body = ''): string {
  return `POST /infer HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`
}

/** Waits for something to become true; the test's own time limit ends a wait in vain. */
async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(5)
}

describe.each([
  ['the fast lane', true],
  ["Node's HTTP server", false],
])('by %s', (_name, isOn) => {
  beforeAll(() => void (isFastLaneOn = isOn))

  describe('what is no HTTP/1.1', () => {
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    test.each<[string, string, number | 'closed']>([
      ['a length and chunks', post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`), 400],
      ['two lengths', post('Content-Length: 5\r\nContent-Length: 6\r\n', `aaaaaa${smuggled}`), 400],
      ['a length twice', post('Content-Length: 5\r\nContent-Length: 5\r\n', `aaaaa${smuggled}`), 400],
      ['a length of +5', post('Content-Length: +5\r\n', `aaaaa${smuggled}`), 400],
      ['a length of 0x5', post('Content-Length: 0x5\r\n', `aaaaa${smuggled}`), 400],
      ['a length of -1', post('Content-Length: -1\r\n', smuggled), 400],
      ['a length of 5,5', post('Content-Length: 5,5\r\n', `aaaaa${smuggled}`), 400],
      ['a length of 20 digits', post('Content-Length: 99999999999999999999\r\n', smuggled), 400],
      ['an unknown transfer coding', post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${smuggled}`), 400],
      ['chunked before another coding', post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${smuggled}`), 400],
      ['a folded transfer coding', post('Transfer-Encoding:\r\n chunked\r\n', `0\r\n\r\n${smuggled}`), 400],
      [
        'chunked twice',
        post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`),
        400,
      ],
      ['a chunk of ffffffffffffffffff', post('Transfer-Encoding: chunked\r\n', `ffffffffffffffffff\r\nx`), 400],
      ['a chunk of -1', post('Transfer-Encoding: chunked\r\n', '-1\r\nx'), 400],
      ['a chunk without its line end', post('Transfer-Encoding: chunked\r\n', `1\r\naX${smuggled}`), 400],
      ['a chunk extension of 1 MiB', post('Transfer-Encoding: chunked\r\n', `1;${'x'.repeat(1 << 20)}\r\na\r\n`), 413],
      ['bare line feeds', 'GET / HTTP/1.1\nHost: x\n\n', 400],
      ['HTTP/9.9', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', 400],
      ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n', 400],
      ['a space before the colon', 'GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n', 400],
      ['a header without a name', 'GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n', 400],
      ['a header of 17 KiB', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(17 << 10)}\r\n\r\n`, 431],
      ['headers of 17 KiB', `GET / HTTP/1.1\r\nHost: x\r\n${`A: ${'b'.repeat(1000)}\r\n`.repeat(17)}\r\n`, 431],
      ['101 headers', `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(100)}\r\n`, 431],
      ['a path of 64 KiB', `GET /${'a'.repeat(64 << 10)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
      ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
      ['two Hosts', 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400],
      ['an unknown method', 'FETCH / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
      ['the first bytes of TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 400],
      ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
      ['CONNECT', 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n', 'closed'],
    ])('%s is refused, closed, and never run', async (_what, bytes, status) => {
      const client = open(Buffer.from(bytes, 'latin1'))
      const answer = await client.closed()
      if (status === 'closed') expect(answer).toBe('')
      else {
        expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
        expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1)
        expect(answer).toMatch(/\r\nconnection: close\r\n/i)
        const [head = '', body = ''] = answer.split('\r\n\r\n')
        expect(Number(/content-length: (\d+)/i.exec(head)?.[1])).toBe(body.length)
        expect(JSON.parse(body)).toEqual({ error: expect.any(String), code: expect.any(String) })
      }
      expect(asked).toEqual([])
      await expectAlive()
    })

    test('100 headers are taken, with all of them passed on', async () => {
      const client = open(
        `GET /good HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 99 }, (_, i) => `A${i}: b\r\n`).join('')}\r\n`,
      )
      await client.until(GOOD_ANSWER)
      expect(Object.keys(asked[0]?.headers ?? {})).toHaveLength(100)
    })

    test('what comes after a good request is refused without a second answer in front of the first', async () => {
      const client = open('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
      await until(() => asked.length === 1)
      client.socket.write('rubbish\r\n\r\n')
      expect(await client.closed()).toBe('')
      release.resolve()
      await expectAlive()
    })

    test('rubbish in the same packet as a good request gets no answer that could pass for its own', async () => {
      const client = open(`${GOOD}rubbish\r\n\r\n`)
      expect(await client.closed()).not.toContain('HTTP/1.1 200')
      await expectAlive()
    })

    test('a client that does not close after its refusal is cut', async () => {
      await stop(host)
      await start(PATIENT)
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      clients.add(socket)
      socket.on('error', () => {}).on('data', () => {})
      socket.write('rubbish\r\n\r\n')
      await until(async () => (await connections()) === 1)
      await until(async () => (await connections()) === 0)
    })
  })

  describe('bodies', () => {
    test.each([
      ['no body', post('Content-Length: 0\r\n'), 0],
      ['a body', post('Content-Length: 5\r\n', 'hello'), 5],
      [
        'a body exactly at the limit',
        post(`Content-Length: ${MAX_BODY_BYTES}\r\n`, 'x'.repeat(MAX_BODY_BYTES)),
        MAX_BODY_BYTES,
      ],
      ['chunks', post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'), 5],
      [
        'chunks exactly at the limit',
        post('Transfer-Encoding: chunked\r\n', `${'1\r\nx\r\n'.repeat(MAX_BODY_BYTES)}0\r\n\r\n`),
        MAX_BODY_BYTES,
      ],
    ])('%s of that length arrives', async (_what, bytes, length) => {
      await open(bytes).until(`"length":${length}`)
      expect(asked).toHaveLength(1)
    })

    test('a body in a great many chunks of a byte is refused before it costs much', async () => {
      await stop(host)
      await start({ maxBodyBytes: 3 << 20 })
      const client = open(post('Transfer-Encoding: chunked\r\n'))
      client.socket.write('1\r\nx\r\n'.repeat(3 << 20))
      await client.until('"error":"the body comes in over 10000 chunks of a few bytes: send larger ones"')
      await expectAlive()
    })

    test('a body in many chunks of a line arrives', async () => {
      await stop(host)
      await start({ maxBodyBytes: 3 << 20 })
      const chunks = `14\r\n${'x'.repeat(20)}\r\n`.repeat(20_000)
      await open(post('Transfer-Encoding: chunked\r\n', `${chunks}0\r\n\r\n`)).until('"length":400000')
    })

    test.each([
      ['a length over the limit', post(`Content-Length: ${MAX_BODY_BYTES + 1}\r\n`)],
      ['a length over the limit, and the body', post(`Content-Length: ${2 << 20}\r\n`, 'x'.repeat(2 << 20))],
      ['chunks over the limit', post('Transfer-Encoding: chunked\r\n', '3e9\r\n' + 'x'.repeat(1001))],
      [
        'a chunk that says it has 2^64-1 bytes',
        post('Transfer-Encoding: chunked\r\n', `ffffffffffffffff\r\n${'x'.repeat(1001)}`),
      ],
      ['chunks that never end', post('Transfer-Encoding: chunked\r\n', `ffff\r\n${'x'.repeat(0xffff)}\r\n`.repeat(30))],
      [
        'a length over the limit, asking to go on',
        post(`Expect: 100-continue\r\nContent-Length: ${MAX_BODY_BYTES + 1}\r\n`),
      ],
    ])('%s is too large, which the client gets to read', async (_what, bytes) => {
      const client = open(bytes)
      const answer = await client.until('"code":"too_large"}')
      for (let i = 0; i < 5; i++) {
        // what it still sends meets no reset, which could overtake the answer
        client.socket.write('x')
        await setTimeout(10)
      }
      expect(client.errors).toEqual([])
      client.socket.end()
      expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*connection: close/)
      expect(answer).toContain('{"error":"the body is larger than 1000 B, the most that is taken","code":"too_large"}')
      expect(answer).not.toContain('100 Continue')
      expect(asked).toEqual([])
      await expectAlive()
    })

    test('a client that asks to go on is told to', async () => {
      const client = open(post('Expect: 100-continue\r\nContent-Length: 5\r\n'))
      await client.until('HTTP/1.1 100 Continue\r\n\r\n')
      client.socket.write('hello')
      await client.until('"length":5')
    })

    test('a connection is closed soon after a refusal, whatever the client still sends', async () => {
      const client = open(post('Transfer-Encoding: chunked\r\n', `ffff\r\n${'x'.repeat(0xffff)}\r\n`))
      const timer = setInterval(() => client.socket.write('1\r\nx\r\n'), 20)
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 413 /)
      clearInterval(timer)
    })

    test('another expectation fails', async () => {
      expect(await open(post('Expect: garbage\r\nContent-Length: 5\r\n', 'hello')).closed()).toMatch(/^HTTP\/1\.1 417 /)
      expect(asked).toEqual([])
      await expectAlive()
    })

    test('the query stands apart from the path, both as they came', async () => {
      await open('GET /a%2fb?c=%20&d?e HTTP/1.1\r\nHost: x\r\n\r\n').until('"path":"/a%2fb","query":"c=%20&d?e"')
    })

    test('HEAD answers with the length and no body', async () => {
      const client = open('HEAD /good HTTP/1.1\r\nHost: x\r\n\r\n' + GOOD)
      const text = await client.until(GOOD_ANSWER)
      const [, one, two] = /content-length: (\d+)[^]*content-length: (\d+)/.exec(text) ?? []
      expect(one).toBe(two)
      expect(text.match(/"path"/g)).toHaveLength(1)
    })

    test.each(['websocket', 'h2c'])('an upgrade to %s is passed over', async (protocol) => {
      const client = open(`GET /good HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`)
      expect(await client.until(GOOD_ANSWER)).toMatch(/^HTTP\/1\.1 200 /)
    })

    test('1,000 requests in one packet are answered in order', async () => {
      const client = open(Array.from({ length: 1000 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
      const text = await client.until('"path":"/999"')
      const paths = [...text.matchAll(/"path":"\/(\d+)"/g)].map((match) => Number(match[1]))
      expect(paths).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    })
  })

  describe('clients that go or wait', () => {
    test.each([
      ['in the middle of the head', 'POST /infer HTT'],
      ['in the middle of the body', post('Content-Length: 500\r\n', 'x'.repeat(100))],
      ['in the middle of a chunk', post('Transfer-Encoding: chunked\r\n', 'ff\r\nxx')],
      ['before saying anything', ''],
    ])('a reset %s is no event', async (_what, bytes) => {
      const client = open(bytes)
      await once(client.socket, 'connect')
      await setTimeout(20)
      client.socket.resetAndDestroy()
      await until(async () => (await connections()) === 0)
      expect(asked).toEqual([])
      await expectAlive()
    })

    test('a reset while the answer is computed cancels it', async () => {
      const client = open('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
      await until(() => asked.length === 1)
      client.socket.resetAndDestroy()
      await until(async () => (await connections()) === 0)
      release.resolve()
      await until(() => sawCancellation !== undefined)
      expect(sawCancellation).toBe(true)
      await expectAlive()
      expect(defects).toEqual([])
    })

    test('a reset while a large answer is sent is no event', async () => {
      const client = open('GET /big/50000000 HTTP/1.1\r\nHost: x\r\n\r\n')
      await client.until('200 OK')
      client.socket.resetAndDestroy()
      await until(async () => (await connections()) === 0)
      await expectAlive()
      expect(defects).toEqual([])
    })

    test('one that takes nothing of its answer is cut, also where the answer waited behind another', async () => {
      await stop(host)
      await start({ writeTimeoutMs: 150 })
      for (const request of [
        'GET /big/50000000 HTTP/1.1\r\nHost: x\r\n\r\n',
        `${GOOD}GET /big/50000000 HTTP/1.1\r\nHost: x\r\n\r\n`,
      ]) {
        const client = open(request)
        client.socket.pause()
        await until(() => asked.at(-1)?.path === '/big/50000000')
        await until(async () => (await connections()) === 0)
        client.socket.destroy()
        asked = []
      }
      await expectAlive()
    })

    test('one that reads slowly but steadily gets all of its answer', async () => {
      await stop(host)
      await start({ writeTimeoutMs: 400 })
      const socket = connect(port, '127.0.0.1')
      clients.add(socket)
      socket.write('GET /big/8000000 HTTP/1.1\r\nHost: x\r\n\r\n')
      let received = 0
      while (received < 8_000_000) {
        await once(socket, 'readable')
        received += (socket.read() as Buffer | null)?.length ?? 0
        if (received % 3 === 0) await setTimeout(20)
      }
    })

    test('an idle connection is closed after its time, also after large answers', async () => {
      await stop(host)
      await start({ keepAliveTimeoutMs: 100 })
      for (const request of [GOOD, 'GET /big/1000000 HTTP/1.1\r\nHost: x\r\n\r\n']) {
        const client = open(request)
        await client.until('200 OK')
        await client.closed()
      }
    })

    test('many large answers on one connection leave no listeners behind', async () => {
      let warning: Error | undefined
      const listen = (found: Error) => (warning = found)
      process.on('warning', listen)
      const client = open()
      for (let i = 1; i <= 15; i++) {
        client.socket.write('GET /big/100000 HTTP/1.1\r\nHost: x\r\n\r\n')
        await until(() => client.text().length > i * 100_000)
      }
      await setTimeout(10)
      process.off('warning', listen)
      expect(warning).toBeUndefined()
    })

    test('heads and bodies that do not come in time get 408', async () => {
      await stop(host)
      await start({ headersTimeoutMs: 100, requestTimeoutMs: 300 })
      const slow = [open('GET / HTTP/1.1\r\nHos'), open(post('Content-Length: 5\r\n', 'he')), open()]
      const answers = await Promise.all(slow.map((client) => client.closed()))
      for (const answer of answers) expect(answer).toMatch(/^(HTTP\/1\.1 408 .*)?/)
      expect(answers[1]).toMatch(/^HTTP\/1\.1 408 /)
      expect(asked).toEqual([])
      await expectAlive()
    })

    test('more connections than allowed are closed as they come', async () => {
      await stop(host)
      await start({ maxConnections: 2 })
      const kept = [open(GOOD), open(GOOD)]
      await Promise.all(kept.map((client) => client.until(GOOD_ANSWER)))
      expect(await open(GOOD).closed()).toBe('')
      kept[0]?.socket.destroy()
      await until(async () => (await connections()) === 1)
      await expectAlive()
    })

    test('an answer that cannot be sent costs its own connection only, and is told', async () => {
      expect(await open('GET /unsendable HTTP/1.1\r\nHost: x\r\n\r\n').closed()).toBe('')
      expect(defects).toHaveLength(1)
      await expectAlive()
    })
  })

  describe('draining', () => {
    test('lets the request under way finish, and says that the connection ends', async () => {
      const client = open('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
      await until(() => asked.length === 1)
      const drained = host.drain()
      await until(() => !host.server.listening)
      release.resolve()
      expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*"path":"\/slow"/i)
      await drained
    })

    test('answers the next request of a kept connection, with Connection: close', async () => {
      const client = open(GOOD)
      await client.until(GOOD_ANSWER)
      expect(client.text()).not.toMatch(/connection: close/i)
      const drained = host.drain()
      await setTimeout(150)
      client.socket.write(GOOD)
      expect((await client.closed()).match(/connection: close/gi)).toHaveLength(1)
      expect(client.text().match(/"path":"\/good"/g)).toHaveLength(2)
      await drained
    })

    test('closes idle connections and those that never asked', async () => {
      await stop(host)
      await start(PATIENT)
      const idle = open(GOOD)
      const silent = open()
      await idle.until(GOOD_ANSWER)
      await until(async () => (await connections()) === 2)
      await host.drain()
      await Promise.all([idle.closed(), silent.closed()])
    })

    test('refuses new connections', async () => {
      const client = open('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
      await until(() => asked.length === 1)
      const drained = host.drain()
      await until(() => !host.server.listening)
      const late = connect(port, '127.0.0.1')
      const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
      expect(error.code).toBe('ECONNREFUSED')
      release.resolve()
      await client.closed()
      await drained
    })

    test('answers clients whose connections were made and not yet accepted', async () => {
      const before = open(GOOD)
      await before.until(GOOD_ANSWER)
      const waiting = Array.from({ length: 20 }, () => open(GOOD)) // the system has them: we get no turn to accept them
      await host.drain()
      for (const client of waiting) expect(await client.closed()).toContain(GOOD_ANSWER)
    })

    test('takes the whole body of a request that had begun', async () => {
      const client = open(post('Content-Length: 5\r\n', 'he'))
      await until(async () => (await connections()) === 1)
      await setTimeout(20)
      const drained = host.drain()
      await setTimeout(700) // longer than idle connections are kept
      client.socket.write('llo')
      expect(await client.closed()).toContain('"length":5')
      await drained
    })
  })
})
