import { once } from 'node:events'
import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { grpcAnswer } from '../../protocols/oip-grpc/status.ts'
import type { Call } from '../../runtime/plane.ts'
import { createCertificate } from '../http/certificate.fixture.ts'
import { NO_PLANE } from '../http/raw-client.fixture.ts'
import { callWith, frame, openCall, openSession, portOf, stopGrpcHost } from './grpc-client.fixture.ts'
import { createGrpcHost, type GrpcHost, type GrpcHostOptions } from './grpc-host.ts'

let host: GrpcHost
let isOwnHttp2: boolean
const sessions: ClientHttp2Session[] = []
const sockets: Socket[] = []
let calls: Call[] = []
let gate = Promise.withResolvers<void>()

async function start(options: Partial<GrpcHostOptions> = {}): Promise<void> {
  calls = []
  gate = Promise.withResolvers<void>()
  host = createGrpcHost({
    handle: async (request, _plane, call) => {
      calls.push(call)
      const text = Buffer.from(request.body).toString()
      if (text === 'slow') await gate.promise
      return grpcAnswer(text === 'big' ? Buffer.alloc(30_000_000) : request.body)
    },
    plane: NO_PLANE,
    kinds: new Map([
      ['/exchange', 'exchange'],
      ['/watch', 'watch'],
    ]),
    maxMessageBytes: 1_000_000,
    maxConnections: 100,
    headersTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
    isOwnHttp2,
    ...options,
  })
  host.server.listen(0, '127.0.0.1')
  await once(host.server, 'listening')
}

async function open(): Promise<ClientHttp2Session> {
  const session = await openSession(host)
  sessions.push(session)
  return session
}

/** The first bytes of a client: the preface, and settings that say nothing. @see RFC 9113, "HTTP/2 Connection Preface" */
const PREFACE = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), h2Frame(4, 0, 0)])

function h2Frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

function openSocket(bytes: string | Buffer): Socket {
  const socket = connectTcp(portOf(host), '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  if (bytes.length > 0) socket.write(bytes)
  return socket
}

function closed(socket: Socket): Promise<void> {
  socket.resume()
  return new Promise((resolve) => (socket.closed ? resolve() : void socket.once('close', () => resolve())))
}

function sessionClosed(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => (session.destroyed ? resolve() : void session.once('close', () => resolve())))
}

async function isServing(): Promise<boolean> {
  const { status } = await callWith(await open(), '/unary', frame('x'))
  return status === 0
}

describe.each([
  ['our HTTP/2', true],
  ["Node's HTTP/2", false],
])('over %s', (_what, isOwn) => {
  beforeAll(() => {
    isOwnHttp2 = isOwn
  })

  afterEach(async () => {
    gate.resolve()
    for (const session of sessions.splice(0)) session.destroy()
    for (const socket of sockets.splice(0)) socket.destroy()
    await stopGrpcHost(host)
  })

  describe('draining', () => {
    test('answers what is under way, and what the client begins before it knows', async () => {
      await start()
      const session = await open()
      const goaways: number[] = []
      session.on('goaway', (_code, last) => goaways.push(last ?? -1))
      const { stream, ended } = openCall(session, '/unary')
      stream.end(frame('slow'))
      while (calls.length === 0) await setTimeout(1)
      const drained = host.drain()
      const late = callWith(session, '/unary', frame('late'))
      expect((await late).status).toBe(0)
      expect(session.destroyed).toBe(false)
      gate.resolve()
      expect((await ended).status).toBe(0)
      await drained
      await sessionClosed(session)
      expect(goaways[0]).toBe(2 ** 31 - 1)
    })

    test('ends streams on which nothing happens, by UNAVAILABLE', async () => {
      await start({ drainGraceMs: 30 })
      const session = await open()
      const exchange = openCall(session, '/exchange')
      exchange.stream.write(frame('a'))
      await exchange.until(1)
      const watch = openCall(session, '/watch')
      watch.stream.end(frame('w'))
      await watch.until(1)
      await host.drain()
      expect(await exchange.ended).toMatchObject({ status: 14 })
      expect(await watch.ended).toMatchObject({ status: 14 })
    })

    test('waits for a stream that has messages under way', async () => {
      await start({ drainGraceMs: 30 })
      const { stream, ended } = openCall(await open(), '/exchange')
      stream.write(Buffer.concat([frame('slow'), frame('b')]))
      while (calls.length < 2) await setTimeout(1)
      const drained = host.drain()
      await setTimeout(150)
      stream.end()
      gate.resolve()
      expect((await ended).messages.map(String)).toEqual(['slow', 'b'])
      await drained
    })

    test('answers a client that was accepted and has not been heard yet', async () => {
      await start()
      const socket = connectTcp(portOf(host), '127.0.0.1')
      sockets.push(socket)
      await Promise.all([once(socket, 'connect'), once(host.server, 'connection')])
      const drained = host.drain()
      await setTimeout(20)
      const session = connect('http://127.0.0.1', { createConnection: () => socket })
      session.on('error', () => {})
      sessions.push(session)
      expect(await callWith(session, '/unary', frame('x'))).toMatchObject({ status: 0 })
      await drained
    })

    test('closes connections that have said nothing', async () => {
      await start()
      const socket = openSocket('')
      await once(socket, 'connect')
      await host.drain()
      await closed(socket)
    })
  })

  describe('TLS', () => {
    const first = createCertificate('first')

    function certificateOf(): Promise<string> {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      const socket = connectTls({
        port: portOf(host),
        host: '127.0.0.1',
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
      })
      socket.on('error', reject)
      socket.on('secureConnect', () => {
        resolve(String(socket.getPeerCertificate().subject.CN))
        socket.destroy()
      })
      return promise
    }

    test('carries calls, to those who ask for HTTP/2', async () => {
      await start({ tls: first })
      const session = connect(`https://127.0.0.1:${portOf(host)}`, { rejectUnauthorized: false })
      sessions.push(session)
      expect((await callWith(session, '/unary', frame('secret'))).messages.map(String)).toEqual(['secret'])
    })

    test('refuses those who do not', async () => {
      await start({ tls: first })
      const socket = connectTls({ port: portOf(host), host: '127.0.0.1', rejectUnauthorized: false })
      sockets.push(socket)
      socket.on('error', () => {})
      await closed(socket)
      await closed(openSocket(PREFACE))
    })

    test('takes a new certificate for the connections to come', async () => {
      await start({ tls: first })
      expect(await certificateOf()).toBe('first')
      host.renewTls(createCertificate('second'))
      expect(await certificateOf()).toBe('second')
      expect(() => host.renewTls({ cert: 'x', key: 'y' })).toThrow(/cannot be used/)
      expect(await certificateOf()).toBe('second')
    })
  })

  describe('who is too slow', () => {
    test('to say that it speaks HTTP/2 is cut', async () => {
      await start({ headersTimeoutMs: 50 })
      await closed(openSocket(''))
      await closed(openSocket('PRI * HT'))
    })

    test('to send a message is told so', async () => {
      await start({ requestTimeoutMs: 50 })
      for (const path of ['/unary', '/exchange', '/watch']) {
        const { stream, ended } = openCall(await open(), path)
        stream.write(frame('whole').subarray(0, 6))
        expect((await ended).status).toBe(4)
      }
    })

    test('is told of its own deadline, while it still sends and while a stream is open', async () => {
      await start()
      for (const path of ['/unary', '/exchange', '/watch']) {
        const { stream, ended } = openCall(await open(), path, { 'grpc-timeout': '20m' })
        stream.write(frame('whole').subarray(0, 6))
        expect((await ended).status).toBe(4)
      }
    })

    test('to take its answer loses the call, and its memory is free again', async () => {
      await start({ writeTimeoutMs: 20, slowestReadBytesPerMs: 30_000 })
      const session = await open()
      const stream = session.request({ ':method': 'POST', ':path': '/unary', 'content-type': 'application/grpc' })
      stream.on('error', () => {})
      stream.end(frame('big'))
      await once(stream, 'response')
      stream.pause()
      // 30 MB are to be taken in a second, and nobody reads
      while (stream.rstCode !== constants.NGHTTP2_CANCEL) await setTimeout(10)
      expect(await isServing()).toBe(true)
    })

    test('an idle connection is closed, one with a call is not', async () => {
      await start({ idleTimeoutMs: 50 })
      const busy = await open()
      const { stream, until } = openCall(busy, '/exchange')
      const idle = await open()
      await sessionClosed(idle)
      stream.write(frame('still here'))
      await until(1)
      expect(busy.closed).toBe(false)
    })

    test('a client that has gone without a word is found out', async () => {
      await start({ pingIntervalMs: 20 })
      // a call of `watch`, and then silence: pings are not answered
      const headers = Buffer.concat([
        Buffer.from([0x83, 0x86, 0x44, 6]),
        Buffer.from('/watch'),
        Buffer.from([0x41, 1]),
        Buffer.from('x'),
        Buffer.from([0x5f, 16]),
        Buffer.from('application/grpc'),
      ])
      const socket = openSocket(Buffer.concat([PREFACE, h2Frame(1, 4, 1, headers), h2Frame(0, 1, 1, frame('w'))]))
      await once(socket, 'connect')
      while (calls.length === 0) await setTimeout(5)
      await closed(socket)
    })
  })

  describe('who sends too much', () => {
    test('calls beyond the limit of a connection wait for their turn', async () => {
      await start({ maxConcurrentStreams: 20 })
      const session = await open()
      const results = Array.from({ length: 2000 }, () => callWith(session, '/unary', frame('x')))
      expect((await Promise.all(results)).filter(({ status }) => status !== 0)).toEqual([])
    })

    test('calls beyond the limit of a client that does not care for it are refused', async () => {
      await start({ maxConcurrentStreams: 20 })
      const headers = Buffer.concat([Buffer.from([0x83, 0x86, 0x84, 0x41, 1]), Buffer.from('x')])
      const flood = Array.from({ length: 10_000 }, (_, i) => h2Frame(1, 4, 2 * i + 1, headers))
      await closed(openSocket(Buffer.concat([PREFACE, ...flood])))
      expect(await isServing()).toBe(true)
    })

    test.each<[string, (i: number) => Buffer]>([
      ['pings', () => h2Frame(6, 0, 0, Buffer.alloc(8))],
      ['settings', () => h2Frame(4, 0, 0)],
      [
        'calls and resets',
        (i) => Buffer.concat([callHeaders(2 * i + 1), h2Frame(3, 0, 2 * i + 1, Buffer.of(0, 0, 0, 8))]),
      ],
      [
        'headers without end',
        (i) => (i === 0 ? h2Frame(1, 0, 1, Buffer.of(0x83)) : h2Frame(9, 0, 1, Buffer.alloc(50, 0x83))),
      ],
      ['frames of an unknown call', (i) => h2Frame(0, 0, 2 * i + 1, Buffer.from('x'))],
    ])('a flood of %s ends its connection, and no other', async (_what, make) => {
      await start()
      const neighbour = await open()
      const socket = openSocket(PREFACE)
      await once(socket, 'connect')
      // nothing is read: answers to pings and settings pile up
      for (let i = 0; i < 200_000 && !socket.closed; i += 1000) {
        const part = Buffer.concat(Array.from({ length: 1000 }, (_, j) => make(i + j)))
        if (!socket.write(part)) await Promise.race([once(socket, 'drain').catch(() => {}), setTimeout(20)])
      }
      await closed(socket)
      expect((await callWith(neighbour, '/unary', frame('x'))).status).toBe(0)
    })

    test('HTTP/1.1 is no HTTP/2', async () => {
      await start()
      await closed(openSocket('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
      expect(await isServing()).toBe(true)
    })

    test('connections beyond the limit are closed', async () => {
      await start({ maxConnections: 2 })
      await Promise.all([open(), open()])
      await closed(openSocket(PREFACE))
    })
  })
})

function callHeaders(stream: number): Buffer {
  const headers = Buffer.concat([Buffer.from([0x83, 0x86, 0x84, 0x41, 1]), Buffer.from('x')])
  return h2Frame(1, 4, stream, headers)
}
