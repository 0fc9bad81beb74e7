import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { json, type WireRequest } from '../../protocols/protocol.ts'
import { createCertificate } from './certificate.fixture.ts'
import { createHttpHost, type HttpHost, type HttpHostOptions } from './http-host.ts'
import { connectionsOf, NO_PLANE, openRaw, rawClient, stopHost, type RawClient } from './raw-client.fixture.ts'

const FIRST = createCertificate('first')
const SECOND = createCertificate('second')

let host: HttpHost
let port: number
let asked: WireRequest[]
const clients = new Set<RawClient['socket']>()

async function start(options: Partial<HttpHostOptions> = {}): Promise<void> {
  host = createHttpHost({
    handle: async (request) => {
      asked.push(request)
      if (request.path === '/big') return { status: 200, headers: {}, body: new Uint8Array(3_000_000) }
      return json(200, { path: request.path, length: request.body.length, peer: request.peer })
    },
    plane: NO_PLANE,
    maxBodyBytes: 10_000_000,
    maxConnections: 1000,
    headersTimeoutMs: 5_000,
    requestTimeoutMs: 5_000,
    keepAliveTimeoutMs: 5_000,
    tls: FIRST,
    ...options,
  })
  host.server.listen(0, '127.0.0.1')
  await once(host.server, 'listening')
  port = (host.server.address() as AddressInfo).port
}

beforeEach(() => {
  asked = []
  return start()
})

afterEach(async () => {
  for (const client of clients) client.destroy()
  clients.clear()
  await stopHost(host)
})

function connectTls(options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, ...options })
  clients.add(socket)
  return socket
}

async function openTls(options: ConnectionOptions = {}): Promise<RawClient & { readonly socket: TLSSocket }> {
  const socket = connectTls(options)
  const client = rawClient(socket)
  await once(socket, 'secureConnect')
  return { ...client, socket }
}

/** The code of the error that a handshake ends with. */
async function failureOf(options: ConnectionOptions): Promise<string | undefined> {
  const [error] = (await once(connectTls(options), 'error')) as [NodeJS.ErrnoException]
  return error.code
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(5)
}

const GOOD = 'GET /good HTTP/1.1\r\nHost: x\r\n\r\n'
const CHUNKS = 'POST /chunks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'

describe.each([
  ['the fast lane', true],
  ["Node's HTTP server", false],
])('over TLS, by %s', (_name, isFastLaneOn) => {
  beforeEach(async () => {
    await stopHost(host)
    await start({ isFastLaneOn })
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('requests of every form are answered by %s', async (version) => {
    const client = await openTls({ minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] })
    expect(client.socket.getProtocol()).toBe(version)
    expect(client.socket.alpnProtocol).toBe('http/1.1')
    client.socket.write(GOOD)
    await client.until('"path":"/good","length":0,"peer":"127.0.0.1"')
    const body = 'x'.repeat(2_000_000)
    client.socket.write(`POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    await client.until('"path":"/body","length":2000000')
    client.socket.write(CHUNKS)
    await client.until('"path":"/chunks","length":5')
    client.socket.write(GOOD)
    await client.until('"path":"/good"', 2)
    client.socket.write('GET /big HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => client.text().length > 3_000_000)
    expect(asked.map(({ path }) => path)).toEqual(['/good', '/body', '/chunks', '/good', '/big'])
  })

  test('records of a byte each that come in one packet keep their order', async () => {
    const tcp = connectTcp(port, '127.0.0.1')
    await once(tcp, 'connect')
    let held: Buffer[] | undefined
    const wire = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        if (held === undefined) tcp.write(chunk)
        else held.push(chunk)
        done()
      },
    })
    tcp.on('data', (chunk) => wire.push(chunk)).on('close', () => wire.push(null))
    clients.add(tcp)
    const client = await openTls({ socket: wire })
    client.socket.write(GOOD)
    await client.until('"path":"/good"')
    held = []
    for (const byte of CHUNKS + GOOD) await new Promise((resolve) => client.socket.write(byte, resolve))
    expect(held.length).toBeGreaterThanOrEqual(CHUNKS.length + GOOD.length)
    tcp.write(Buffer.concat(held))
    held = undefined
    await client.until('"path":"/good"', 2)
    expect(asked.map(({ path, body }) => [path, body.length])).toEqual([
      ['/good', 0],
      ['/chunks', 5],
      ['/good', 0],
    ])
  })

  test('nonsense is refused, the connection closed', async () => {
    const client = await openTls()
    client.socket.write('rubbish\r\n\r\n')
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('a reset, at once or over an answer, is no event', async () => {
    const tcp = openRaw(port)
    await once(tcp.socket, 'connect')
    tcp.socket.resetAndDestroy()
    const raw = connectTcp(port, '127.0.0.1')
    const client = await openTls({ socket: raw })
    client.socket.write('GET /big HTTP/1.1\r\nHost: x\r\n\r\n')
    await client.until('200 OK')
    raw.resetAndDestroy()
    await until(async () => (await connectionsOf(host)) === 0)
  })

  test('draining ends idle connections and open handshakes', async () => {
    await stopHost(host)
    await start({ isFastLaneOn, headersTimeoutMs: 300 })
    const client = await openTls()
    client.socket.write(GOOD)
    await client.until('"path":"/good"')
    const silent = openRaw(port)
    await until(async () => (await connectionsOf(host)) === 2)
    await host.drain()
    await Promise.all([client.closed(), silent.closed()])
  })

  test('destroying cuts secure connections and open handshakes', async () => {
    const client = await openTls()
    const silent = openRaw(port)
    await until(async () => (await connectionsOf(host)) === 2)
    host.destroy()
    await Promise.all([client.closed(), silent.closed()])
    await until(async () => (await connectionsOf(host)) === 0)
  })
})

describe('a host with TLS', () => {
  test('refuses plain HTTP', async () => {
    expect(await openRaw(port, GOOD).closed()).not.toContain('HTTP/1.1')
    expect(asked).toEqual([])
  })

  test('refuses TLS 1.1 and clients that know HTTP/2 alone', async () => {
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    expect(await failureOf(old)).toMatch(/PROTOCOL/)
    expect(await failureOf({ ALPNProtocols: ['h2'] })).toMatch(/NO_APPLICATION_PROTOCOL/)
    await openTls()
  })

  test('closes handshakes that do not end, and counts them as connections', async () => {
    await stopHost(host)
    await start({ headersTimeoutMs: 200, maxConnections: 20 })
    const silent = Array.from({ length: 30 }, () => openRaw(port, '\x16\x03\x01'))
    await Promise.all(silent.map((client) => client.closed()))
    const client = await openTls()
    client.socket.write(GOOD)
    await client.until('"path":"/good"')
  })

  test('shows a new certificate to new connections, while old ones go on', async () => {
    const old = await openTls()
    expect(old.socket.getPeerCertificate().subject.CN).toBe('first')
    host.renewTls(SECOND)
    const young = await openTls()
    expect(young.socket.getPeerCertificate().subject.CN).toBe('second')
    expect(await failureOf({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).toMatch(
      /PROTOCOL/,
    )
    for (const client of [old, young]) {
      client.socket.write(GOOD)
      await client.until('"path":"/good"')
    }
  })

  test.each([
    ['no PEM', { cert: 'x', key: 'y' }],
    ['an empty certificate', { cert: '', key: FIRST.key }],
    ['no certificate', { key: FIRST.key } as never],
    ['no key', { cert: FIRST.cert } as never],
    ['the key of another', { cert: FIRST.cert, key: SECOND.key }],
    ['a broken certificate', { cert: String(FIRST.cert).replace('A', '!'), key: FIRST.key }],
  ])('refuses %s, and keeps the certificate that it has', async (_what, credentials) => {
    const refusal = expect.objectContaining({
      code: 'invalid_argument',
      message: expect.stringMatching(/^the TLS (certificate and its key cannot be used: \w+|(cert|key) is empty)$/),
    })
    expect(() => host.renewTls(credentials)).toThrow(refusal)
    expect((await openTls()).socket.getPeerCertificate().subject.CN).toBe('first')
    await expect(start({ tls: credentials })).rejects.toThrow(refusal)
  })

  test('is what loads TLS: a host without it does not', async () => {
    const program = `
      const { createHttpHost } = await import(${JSON.stringify(new URL('http-host.ts', import.meta.url).href)})
      createHttpHost({ headersTimeoutMs: 1000, requestTimeoutMs: 1000 })
      console.log(process.moduleLoadList.filter((name) => /tls|https|http2/.test(name)).length)`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
    expect(stdout).toBe('0\n')
  })

  test('has a certificate to renew; one without has none', async () => {
    const plain = createHttpHost({
      handle: () => Promise.reject(new Error('not asked')),
      plane: NO_PLANE,
      maxBodyBytes: 1,
      maxConnections: 1,
      headersTimeoutMs: 0,
      requestTimeoutMs: 0,
      keepAliveTimeoutMs: 0,
    })
    expect(() => plain.renewTls(FIRST)).toThrow('this is a bug')
  })
})
