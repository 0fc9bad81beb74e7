import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { grpcAnswer } from '../../protocols/oip-grpc/status.ts'
import { createBodyMemory, type BodyMemory } from '../../runtime/body-memory.ts'
import { NO_PLANE } from '../http/raw-client.fixture.ts'
import { callWith, frame, openCall, openSession, stopGrpcHost } from './grpc-client.fixture.ts'
import { createGrpcHost, type GrpcHost } from './grpc-host.ts'

const MIB = 2 ** 20
const UNARY = '/test.Echo/Unary'
const EXCHANGE = '/test.Echo/Exchange'

describe.each([
  ['ours', true],
  ["Node's", false],
])('by HTTP/2 of %s', (_name, isOwnHttp2) => {
  let host: GrpcHost
  let session: ClientHttp2Session
  let memory: BodyMemory
  let nowMs: number
  let asked: number
  let gate: PromiseWithResolvers<void>

  beforeEach(async () => {
    nowMs = 0
    asked = 0
    gate = Promise.withResolvers()
    memory = createBodyMemory(8 * MIB, () => nowMs)
    host = createGrpcHost({
      async handle({ body, headers }) {
        asked++
        if (headers['slow'] !== undefined) await gate.promise
        return grpcAnswer(Buffer.from(String(body.length)))
      },
      admit: ({ headers }) => ({ name: headers['who'] ?? '', isOneOfMany: true }),
      plane: NO_PLANE,
      memory,
      kinds: new Map([[EXCHANGE, 'exchange']]),
      maxMessageBytes: 4 * MIB,
      maxConnections: 10,
      headersTimeoutMs: 20_000,
      requestTimeoutMs: 20_000,
      isOwnHttp2,
    })
    host.server.listen(0, '127.0.0.1')
    await once(host.server, 'listening')
    session = await openSession(host)
  })

  afterEach(async () => {
    gate.resolve()
    session.destroy()
    await stopGrpcHost(host)
  })

  const until = async (isTrue: () => boolean): Promise<void> => {
    while (!isTrue()) await setTimeout(5)
  }
  const big = frame(Buffer.alloc(3 * MIB))

  test.each([UNARY, EXCHANGE])('messages of %s take room until they are answered, and wait for it', async (path) => {
    const first = callWith(session, path, big, { who: 'a', slow: 'yes' })
    await until(() => asked === 1)
    expect(memory.bytes).toBe(3 * MIB)
    const second = callWith(session, path, big, { who: 'a' })
    await until(() => memory.waiting === 1)
    const other = await callWith(session, path, big, { who: 'b' })
    expect(String(other.messages[0])).toBe(String(3 * MIB))
    expect([asked, memory.waiting]).toEqual([2, 1])
    gate.resolve()
    for (const { status, messages } of await Promise.all([first, second]))
      expect([status, String(messages[0])]).toEqual([0, String(3 * MIB)])
    expect(memory).toMatchObject({ bytes: 0, waiting: 0 })
  })

  test.each([UNARY, EXCHANGE])('a message of %s that finds no room for seconds is refused', async (path) => {
    const first = callWith(session, path, big, { who: 'a', slow: 'yes' })
    await until(() => asked === 1)
    const second = callWith(session, path, big, { who: 'a' })
    await until(() => memory.waiting === 1)
    nowMs = 6000
    expect(await second).toMatchObject({ status: 14, message: expect.stringContaining('the memory that there is') })
    gate.resolve()
    await first
    expect(memory).toMatchObject({ bytes: 0, waiting: 0 })
  })

  test.each([UNARY, EXCHANGE])('small, compressed and broken-off messages of %s give their room back', async (path) => {
    await callWith(session, path, frame('small'))
    await callWith(session, path, frame(gzipSync(Buffer.alloc(100_000)), 1), { 'grpc-encoding': 'gzip' })
    await callWith(session, path, frame('no gzip', 1), { 'grpc-encoding': 'gzip' })
    const { stream } = openCall(session, path)
    stream.write(big.subarray(0, 100_000))
    await until(() => memory.bytes === 3 * MIB)
    stream.close()
    await until(() => memory.bytes === 0)
  })
})
