import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { setTimeout } from 'node:timers/promises'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import { grpcAnswer, grpcFailure } from '../../protocols/oip-grpc/status.ts'
import { inTurn } from '../../protocols/content-encoding.ts'
import type { Answered, WireRequest } from '../../protocols/protocol.ts'
import type { Call } from '../../runtime/plane.ts'
import { EVERYBODY } from '../../runtime/body-memory.ts'
import { NO_PLANE } from '../http/raw-client.fixture.ts'
import { callWith, frame, openCall, openSession, stopGrpcHost } from './grpc-client.fixture.ts'
import { createGrpcHost, type GrpcHost, type GrpcHostOptions } from './grpc-host.ts'

const MAX_MESSAGE_BYTES = 1_000_000

let host: GrpcHost
let isOwnHttp2: boolean
let session: ClientHttp2Session
let asked: { request: WireRequest; call: Call }[]
let answered: Answered[]
let defects: unknown[]
/** Answers wait for these, by message. */
let gates: Map<string, Promise<void>>
let health: string

async function start(options: Partial<GrpcHostOptions> = {}): Promise<void> {
  host = createGrpcHost({
    handle: async (request, _plane, call) => {
      asked.push({ request, call })
      const text = Buffer.from(request.body).toString()
      if (request.path === '/test.Echo/Health') return grpcAnswer(Buffer.from(health))
      if (text.startsWith('fail')) return grpcFailure(new ServingError('invalid_argument', `50 % of ü: ${text}`))
      if (text === 'wait')
        return grpcFailure(new ServingError('overloaded', 'full', { details: { retryAfterMs: 1.5 } }))
      if (text === 'defect') throw new Error('a secret')
      if (text === 'big') return grpcAnswer(Buffer.alloc(3_000_000, 'x'))
      await gates.get(text)
      return grpcAnswer(request.body)
    },
    admit: ({ headers }) => {
      if (headers['who'] === 'a stranger') throw new ServingError('unauthenticated', 'nobody knows you')
      return EVERYBODY
    },
    plane: NO_PLANE,
    kinds: new Map([
      ['/test.Echo/Exchange', 'exchange'],
      ['/test.Echo/Health', 'watch'],
    ]),
    maxMessageBytes: MAX_MESSAGE_BYTES,
    maxConnections: 100,
    headersTimeoutMs: 5000,
    requestTimeoutMs: 5000,
    watchIntervalMs: 20,
    onAnswered: (given) => answered.push(given),
    onDefect: (error) => defects.push(error),
    isOwnHttp2,
    ...options,
  })
  host.server.listen(0, '127.0.0.1')
  await once(host.server, 'listening')
  session = await openSession(host)
}

describe.each([
  ['our HTTP/2', true],
  ["Node's HTTP/2", false],
])('over %s', (_what, isOwn) => {
  beforeAll(() => {
    isOwnHttp2 = isOwn
  })

  beforeEach(async () => {
    asked = []
    answered = []
    defects = []
    gates = new Map()
    health = 'ready'
    await start()
  })

  afterEach(async () => {
    session.destroy()
    await stopGrpcHost(host)
  })

  const UNARY = '/test.Echo/Unary'
  const EXCHANGE = '/test.Echo/Exchange'
  const WATCH = '/test.Echo/Health'

  describe('a unary call', () => {
    test('has one message, one answer, and trailers', async () => {
      const result = await callWith(session, UNARY, frame('hello'), { 'x-request-id': 'abc-1' })
      expect(result).toMatchObject({ status: 0, message: '', httpStatus: 200, resetCode: 0 })
      expect(result.messages.map(String)).toEqual(['hello'])
      expect(result.trailers['grpc-status']).toBe('0')
      expect(result.headers).toMatchObject({
        'content-type': 'application/grpc',
        'grpc-accept-encoding': 'identity,deflate,gzip',
        'x-request-id': 'abc-1',
      })
      expect(asked[0]?.request).toMatchObject({ method: 'POST', path: UNARY, query: '', peer: '127.0.0.1' })
      expect(answered).toMatchObject([{ status: 200, sentBytes: 5, request: { path: UNARY } }])
    })

    test('may have an empty message, and one in any number of pieces', async () => {
      expect((await callWith(session, UNARY, frame(''))).messages.map(String)).toEqual([''])
      const { stream, ended } = openCall(session, UNARY)
      for (const byte of frame('piece by piece')) {
        stream.write(Buffer.of(byte))
        await setTimeout(1)
      }
      stream.end()
      expect((await ended).messages.map(String)).toEqual(['piece by piece'])
    })

    test('has a message and an answer of megabytes', async () => {
      const message = Buffer.alloc(MAX_MESSAGE_BYTES, 'm')
      const result = await callWith(session, UNARY, frame(message))
      expect(result.messages[0]?.equals(message)).toBe(true)
      expect((await callWith(session, UNARY, frame('big'))).messages[0]?.length).toBe(3_000_000)
    })

    test('that fails has a status and a message that is percent-encoded', async () => {
      const result = await callWith(session, UNARY, frame('fail'))
      expect(result).toMatchObject({ status: 3, message: '50 % of ü: fail', httpStatus: 200, messages: [] })
      expect(result.headers['grpc-message']).toBe('50 %25 of %C3%BC: fail')
      expect(answered).toMatchObject([{ status: 400, sentBytes: 0 }])
    })

    test('that may be tried again says when', async () => {
      const result = await callWith(session, UNARY, frame('wait'))
      expect(result).toMatchObject({ status: 14, headers: { 'grpc-retry-pushback-ms': '2' } })
    })

    test('that fails by a defect says nothing of it to the client', async () => {
      const result = await callWith(session, UNARY, frame('defect'))
      expect(result.status).toBe(13)
      expect(result.message).not.toContain('secret')
      expect(defects).toHaveLength(1)
    })

    test.each([
      ['gzip', gzipSync('squeezed')],
      ['deflate', deflateSync('squeezed')],
    ])('has a message in %s', async (encoding, bytes) => {
      const result = await callWith(session, UNARY, frame(bytes, 1), { 'grpc-encoding': encoding })
      expect(result.messages.map(String)).toEqual(['squeezed'])
    })

    test('leaves its plane a call that knows when the client has gone', async () => {
      const gate = Promise.withResolvers<void>()
      gates.set('slow', gate.promise)
      const { stream, ended } = openCall(session, UNARY)
      stream.end(frame('slow'))
      while (asked.length === 0) await setTimeout(1)
      expect(asked[0]?.call.aborted).toBe(false)
      stream.close(8)
      await ended
      while (asked[0]?.call.aborted === false) await setTimeout(1)
      gate.resolve()
      expect((await callWith(session, UNARY, frame('next'))).status).toBe(0)
    })

    test('knows that the client has gone by the end of its connection', async () => {
      const gate = Promise.withResolvers<void>()
      gates.set('slow', gate.promise)
      openCall(session, UNARY).stream.end(frame('slow'))
      while (asked.length === 0) await setTimeout(1)
      session.destroy()
      while (asked[0]?.call.aborted === false) await setTimeout(1)
      gate.resolve()
      session = await openSession(host)
      expect((await callWith(session, UNARY, frame('next'))).status).toBe(0)
    })
  })

  describe('what is no proper call is refused', () => {
    const announced = (length: number) => {
      const prefix = Buffer.alloc(5)
      prefix.writeUInt32BE(length, 1)
      return prefix
    }

    test.each<[string, Uint8Array, Record<string, string | string[]>, number, RegExp]>([
      ['a message over the limit', frame(Buffer.alloc(MAX_MESSAGE_BYTES + 1)), {}, 8, /976.6 KiB is the most/],
      ['an announced 4 GiB', announced(0xffff_ffff), {}, 8, /a message of 4.0 GiB is announced/],
      [
        'a compressed message in an unknown coding',
        frame('x', 1),
        { 'grpc-encoding': 'zstd' },
        12,
        /"zstd" is not known/,
      ],
      ['a compressed message without a coding', frame('x', 1), {}, 3, /names no coding/],
      ['a damaged gzip', frame('xxxxxxxxxxx', 1), { 'grpc-encoding': 'gzip' }, 3, /no whole gzip/],
      ['half a gzip', frame(gzipSync('whole').subarray(0, 12), 1), { 'grpc-encoding': 'gzip' }, 3, /no whole gzip/],
      [
        'a gzip bomb',
        frame(gzipSync(Buffer.alloc(50_000_000)), 1),
        { 'grpc-encoding': 'gzip' },
        8,
        /when it is inflated/,
      ],
      ['an unknown flag', frame('x', 2), {}, 3, /the flag 2/],
      ['no message', Buffer.alloc(0), {}, 3, /no message/],
      ['half a prefix', Buffer.alloc(3), {}, 3, /in the middle of a message/],
      ['half a message', frame('whole').subarray(0, 7), {}, 3, /in the middle of a message/],
      ['two messages', Buffer.concat([frame('a'), frame('b')]), {}, 3, /several messages/],
      ['a timeout that is none', frame('x'), { 'grpc-timeout': '5' }, 3, /grpc-timeout is "5"/],
      ['binary metadata that is not base64', frame('x'), { 'trace-bin': '?!' }, 3, /"trace-bin" is binary/],
    ])('%s', async (_what, bytes, metadata, status, message) => {
      const result = await callWith(session, UNARY, bytes, metadata)
      expect(result.status).toBe(status)
      expect(result.message).toMatch(message)
      expect(asked).toEqual([])
      expect(answered).toHaveLength(1)
      expect((await callWith(session, UNARY, frame('next'))).status).toBe(0)
    })

    test.each([UNARY, EXCHANGE, WATCH])('a call that is not admitted, at its head: %s', async (path) => {
      const metadata = { who: 'a stranger', 'x-request-id': 'abc-2' }
      // nothing of a message has come
      const result = await openCall(session, path, metadata).ended
      expect(result).toMatchObject({ status: 16, message: 'nobody knows you', headers: { 'x-request-id': 'abc-2' } })
      expect(answered).toMatchObject([{ status: 401, request: { path } }])
      // a message that comes all the same is not looked at
      expect((await callWith(session, path, frame('x', 7), metadata)).status).toBe(16)
      expect(asked).toEqual([])
      expect((await callWith(session, UNARY, frame('x'))).status).toBe(0)
    })

    test('as many calls as strangers like, and their connection stays', async () => {
      const calls = Array.from({ length: 4000 }, () =>
        callWith(session, UNARY, frame(Buffer.alloc(1000)), { who: 'a stranger' }),
      )
      expect((await Promise.all(calls)).filter(({ status }) => status !== 16)).toEqual([])
      expect((await callWith(session, UNARY, frame('x'))).status).toBe(0)
    })

    test('an announced 4 GiB takes no memory, and is answered before they come', async () => {
      const before = process.memoryUsage().arrayBuffers
      const { stream, ended } = openCall(session, UNARY)
      stream.write(announced(0xffff_ffff))
      expect((await ended).status).toBe(8)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000)
    })

    test.each([
      ['of another content type', { 'content-type': 'application/json' }, 415],
      ['of gRPC-Web', { 'content-type': 'application/grpc-web+proto' }, 415],
      ['by another method', { ':method': 'GET' }, 405],
    ])('a request %s, by a status of HTTP', async (_what, metadata, httpStatus) => {
      const { stream, ended } = openCall(session, UNARY, metadata)
      stream.end()
      expect((await ended).httpStatus).toBe(httpStatus)
      expect(asked).toEqual([])
    })

    test.each(['application/grpc+proto', 'application/grpc; charset=utf-8'])('but not %s', async (type) => {
      expect((await callWith(session, UNARY, frame('x'), { 'content-type': type })).status).toBe(0)
    })

    test('metadata of 64 KiB', async () => {
      const result = await callWith(session, UNARY, frame('x'), { big: 'm'.repeat(65_536) })
      expect(result.status).toBe(-1)
      expect(result.resetCode).not.toBe(0)
      expect(asked).toEqual([])
    })
  })

  describe('a stream of messages', () => {
    test('is answered message by message, in their order', async () => {
      const gate = Promise.withResolvers<void>()
      gates.set('a', gate.promise)
      const { stream, messages, ended } = openCall(session, EXCHANGE)
      stream.write(frame('a'))
      stream.write(Buffer.concat([frame('b'), frame('c')]))
      while (asked.length < 3) await setTimeout(1)
      expect(messages).toEqual([])
      gate.resolve()
      stream.end()
      const result = await ended
      expect(result.status).toBe(0)
      expect(result.messages.map(String)).toEqual(['a', 'b', 'c'])
      expect(answered.map(({ status }) => status)).toEqual([200, 200, 200])
    })

    test('is answered while it goes on', async () => {
      const { stream, until, ended } = openCall(session, EXCHANGE)
      for (let i = 1; i <= 5; i++) {
        stream.write(frame(String(i)))
        expect((await until(i)).map(String).at(-1)).toBe(String(i))
      }
      stream.end()
      expect(await ended).toMatchObject({ status: 0 })
    })

    test('without messages ends well', async () => {
      expect(await callWith(session, EXCHANGE, Buffer.alloc(0))).toMatchObject({ status: 0, messages: [] })
    })

    test('has compressed messages beside plain ones', async () => {
      const bytes = Buffer.concat([frame(gzipSync('a'), 1), frame('b')])
      const result = await callWith(session, EXCHANGE, bytes, { 'grpc-encoding': 'gzip' })
      expect(result.messages.map(String)).toEqual(['a', 'b'])
    })

    test('ends with the first answer that has another status', async () => {
      const { stream, ended } = openCall(session, EXCHANGE)
      stream.write(Buffer.concat([frame('a'), frame('fail'), frame('b')]))
      const result = await ended
      expect(result).toMatchObject({ status: 3, message: '50 % of ü: fail' })
      expect(result.messages.map(String)).toEqual(['a'])
    })

    test.each<[string, Uint8Array, number]>([
      ['a message over the limit', frame(Buffer.alloc(MAX_MESSAGE_BYTES + 1)), 8],
      ['an end in the middle of a message', frame('whole').subarray(0, 7), 3],
      ['an unknown flag', frame('x', 7), 3],
    ])('ends by %s', async (_what, bytes, status) => {
      expect((await callWith(session, EXCHANGE, Buffer.concat([bytes]))).status).toBe(status)
      expect(answered).toHaveLength(1)
      expect((await callWith(session, EXCHANGE, frame('next'))).status).toBe(0)
    })

    test('is not read further than can be answered', async () => {
      const gate = Promise.withResolvers<void>()
      gates.set('m', gate.promise)
      const { stream, ended } = openCall(session, EXCHANGE)
      const writeAll = (async () => {
        for (let i = 0; i < 5000; i++)
          if (!stream.write(frame('m'))) await Promise.race([once(stream, 'drain'), setTimeout(50)])
      })()
      await setTimeout(300)
      expect(asked).toHaveLength(64)
      gate.resolve()
      await writeAll
      stream.end()
      const result = await ended
      expect(result.status).toBe(0)
      expect(result.messages).toHaveLength(5000)
    })

    test.each([
      ['inflated at once', false],
      ['waiting for their turn', true],
    ])(
      'takes for compressed messages the memory that they have once they are inflated: %s',
      async (_how, isWaiting) => {
        const gate = Promise.withResolvers<void>()
        const turns = Promise.withResolvers<void>()
        if (isWaiting) for (let i = 0; i < 100; i++) void inTurn(() => turns.promise)
        const message = Buffer.alloc(MAX_MESSAGE_BYTES / 2, 'z')
        gates.set(message.toString(), gate.promise)
        const { stream, ended } = openCall(session, EXCHANGE, { 'grpc-encoding': 'gzip' })
        for (let i = 0; i < 20; i++) {
          stream.write(frame(gzipSync(message), 1))
          await setTimeout(10)
        }
        turns.resolve()
        while (asked.length < 2) await setTimeout(1)
        await setTimeout(20)
        // what has come beyond the limit of one message holds back the next
        expect(asked.length).toBeGreaterThan(1)
        expect(asked.length).toBeLessThan(4)
        gate.resolve()
        stream.end()
        const result = await ended
        expect(result.status).toBe(0)
        expect(result.messages).toHaveLength(20)
      },
    )

    test('has compressed messages of few bytes, many of them under way', async () => {
      const gate = Promise.withResolvers<void>()
      gates.set('slow', gate.promise)
      const { stream, ended } = openCall(session, EXCHANGE, { 'grpc-encoding': 'gzip' })
      const message = frame(gzipSync('slow'), 1)
      for (const count of [50, 60]) {
        stream.write(Buffer.concat(Array.from({ length: count - asked.length }, () => message)))
        while (asked.length < count) await setTimeout(1)
      }
      gate.resolve()
      stream.end()
      expect((await ended).messages).toHaveLength(60)
    })

    test.each<[string, Uint8Array, number]>([
      ['half a message', frame('whole').subarray(0, 7), 3],
      ['an unknown flag', frame('x', 7), 3],
      ['one that fails', frame('fail'), 3],
      ['nothing', Buffer.alloc(0), 0],
    ])('has come whole, and waits to be read: many messages, and then %s', async (_what, last, status) => {
      const gate = Promise.withResolvers<void>()
      gates.set('m', gate.promise)
      const many = Buffer.concat(Array.from({ length: 200 }, () => frame('m')))
      const result = callWith(session, EXCHANGE, Buffer.concat([many, last]))
      while (asked.length < 64) await setTimeout(1)
      await setTimeout(20)
      expect(asked).toHaveLength(64)
      gate.resolve()
      expect((await result).status).toBe(status)
      expect(asked.length).toBeGreaterThanOrEqual(200 - 64)
      if (status === 0) expect((await result).messages).toHaveLength(200)
    })

    test('whose client leaves abandons what is under way', async () => {
      const gate = Promise.withResolvers<void>()
      gates.set('slow', gate.promise)
      const { stream } = openCall(session, EXCHANGE)
      stream.write(Buffer.concat([frame('slow'), frame('slow')]))
      while (asked.length < 2) await setTimeout(1)
      stream.close(8)
      while (asked.some(({ call }) => !call.aborted)) await setTimeout(1)
      gate.resolve()
      expect((await callWith(session, UNARY, frame('next'))).status).toBe(0)
    })
  })

  describe('a watched answer', () => {
    test('comes at once, and again when it has changed', async () => {
      const { stream, until, messages } = openCall(session, WATCH)
      stream.end(frame(''))
      await until(1)
      await setTimeout(100)
      expect(messages.map(String)).toEqual(['ready'])
      health = 'gone'
      expect((await until(2)).map(String)).toEqual(['ready', 'gone'])
      expect(answered).toHaveLength(1)
      stream.close(8)
    })

    test('is no longer looked at once its watcher has left', async () => {
      const { stream, until, ended } = openCall(session, WATCH)
      stream.end(frame(''))
      await until(1)
      stream.close(8)
      await ended
      await setTimeout(50)
      const before = asked.length
      await setTimeout(100)
      expect(asked.length).toBe(before)
    })
  })
})
