import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { json } from '../../protocols/protocol.ts'
import { createHttpHost, type HttpHost, type HttpHostOptions } from './http-host.ts'
import { connectionsOf, NO_PLANE, openRaw, stopHost } from './raw-client.fixture.ts'

let host: HttpHost
let port: number
let asked: number
let unhandled: unknown[]
const sockets = new Set<Socket>()

const note = (error: unknown) => void unhandled.push(error)

beforeEach(() => {
  asked = 0
  unhandled = []
  process.on('uncaughtExceptionMonitor', note).on('unhandledRejection', note).on('warning', note)
})

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  await stopHost(host)
  process.off('uncaughtExceptionMonitor', note).off('unhandledRejection', note).off('warning', note)
  expect(unhandled).toEqual([])
})

/** More than the system itself keeps for a connection. */
const BIG = new Uint8Array(20_000_000)

const GOOD = 'GET /good HTTP/1.1\r\nHost: x\r\n\r\n'

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(10)
}

/** Waits until the host has closed a connection. */
async function closed(socket: Socket): Promise<void> {
  socket.resume()
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

/** Memory outside the heap and in it, after the garbage is gone (bytes). */
function memory(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

/**
 * Waits until what connections held is gone.
 * @param before memory then (bytes)
 */
async function nothingIsLeft(before: number): Promise<void> {
  sockets.clear()
  await until(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'))
  await until(() => memory() - before < 2 << 20)
}

const areAllClosed = () => until(async () => (await connectionsOf(host)) === 0)

describe.each([
  ['the fast lane', true],
  ["Node's HTTP server", false],
])('many connections by %s', (_name, isFastLaneOn) => {
  async function start(options: Partial<HttpHostOptions> = {}): Promise<void> {
    host = createHttpHost({
      async handle({ path, body }) {
        asked++
        if (path === '/big') return { status: 200, headers: {}, body: BIG }
        return json(200, { path, length: body.length })
      },
      plane: NO_PLANE,
      isFastLaneOn,
      maxBodyBytes: 10_000_000,
      maxConnections: 3000,
      headersTimeoutMs: 500,
      requestTimeoutMs: 500,
      keepAliveTimeoutMs: 500,
      writeTimeoutMs: 500,
      ...options,
    })
    host.server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
    await once(host.server, 'listening')
    port = (host.server.address() as AddressInfo).port
  }

  function openMany(count: number, bytes: string): Socket[] {
    return Array.from({ length: count }, () => {
      const socket = connect(port, '127.0.0.1')
      sockets.add(socket)
      socket.on('error', () => {})
      if (bytes !== '') socket.write(bytes)
      return socket
    })
  }

  async function expectGoodAnswer(): Promise<void> {
    const client = openRaw(port, GOOD)
    await client.until('"path":"/good"')
    client.socket.destroy()
  }

  test('500 with slow heads are closed, while others are served', async () => {
    await start()
    const slow = openMany(500, 'GET / HTTP/1.1\r\nHo')
    const trickle = setInterval(() => slow.forEach((socket) => socket.writable && socket.write('x')), 100)
    await expectGoodAnswer()
    await Promise.all(slow.map(closed))
    clearInterval(trickle)
    await areAllClosed()
    expect(asked).toBe(1)
  })

  test('300 with slow bodies are closed, their bodies forgotten', async () => {
    await start()
    await expectGoodAnswer()
    const before = memory()
    const slow = openMany(300, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\nx')
    const trickle = setInterval(() => slow.forEach((socket) => socket.writable && socket.write('x')), 100)
    await expectGoodAnswer()
    await Promise.all(slow.map(closed))
    clearInterval(trickle)
    await areAllClosed()
    expect(asked).toBe(2)
    slow.length = 0
    await nothingIsLeft(before)
  })

  test('50 that take nothing of their answers are cut', async () => {
    await start({ keepAliveTimeoutMs: 60_000, requestTimeoutMs: 60_000, headersTimeoutMs: 60_000 })
    openMany(50, 'GET /big HTTP/1.1\r\nHost: x\r\n\r\n').forEach((socket) => socket.pause())
    await until(() => asked === 50)
    await expectGoodAnswer()
    await areAllClosed()
  })

  test('200 that reset amid their bodies or answers are no event', async () => {
    await start()
    const halves = openMany(100, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\nx')
    const answers = openMany(100, 'GET /big HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => asked === 100)
    for (const socket of [...halves, ...answers]) socket.resetAndDestroy()
    await areAllClosed()
    await expectGoodAnswer()
  })

  test('2,000 that are idle are closed, and new ones served', async () => {
    await start({ headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 })
    await expectGoodAnswer()
    const before = memory()
    const idle = openMany(2000, GOOD)
    await until(() => asked === 2001)
    await Promise.all(idle.map(closed))
    await areAllClosed()
    await expectGoodAnswer()
    idle.length = 0
    await nothingIsLeft(before)
  })

  test('over the limit are closed as they come, whichever way they are served', async () => {
    await start({ maxConnections: 10, keepAliveTimeoutMs: 60_000, headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 })
    openMany(5, GOOD)
    openMany(5, 'HEAD /good HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => asked === 10)
    const late = openMany(20, GOOD)
    await Promise.all(late.map(closed))
    expect(asked).toBe(10)
  })
})
