import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import fc from 'fast-check'
import type { Answered, Handle, WireRequest } from '../../protocols/protocol.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { openGate, serveGate, type Gate } from './gate.ts'

const PLANE = {} as DataPlane
let folder: string
let path: string
let server: Server
let gate: Gate

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slw-gate-'))
  path = join(folder, 'g')
  server = createServer()
  gate = openGate(path)
})
afterEach(async () => {
  gate.close()
  server.close()
  await rm(folder, { recursive: true, force: true })
})

const listen = (at = server) => new Promise<void>((resolve) => at.listen(path, resolve))
const request = (more: Partial<WireRequest> = {}): WireRequest => ({
  method: 'POST',
  path: '/v2/models/m/infer',
  query: '',
  headers: {},
  body: Buffer.alloc(0),
  ...more,
})
const echo: Handle = async ({ path, query, headers, body, peer }) => ({
  status: 201,
  headers: { 'x-path': path, 'x-query': query, 'x-peer': peer ?? '', 'x-header': headers['x-a'] ?? '' },
  body,
})

test('a request and its answer come through as they are, whatever their bytes', async () => {
  serveGate(server, PLANE, { http: echo })
  await listen()
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200_000 }), fc.string(), fc.string(), async (body, query, header) => {
      const given = request({ body, query, headers: { 'x-a': header }, peer: '10.0.0.1' })
      const answer = await gate.ask('http', given, { aborted: false })
      expect(answer.status).toBe(201)
      expect(answer.headers).toEqual({
        'x-path': given.path,
        'x-query': query,
        'x-peer': '10.0.0.1',
        'x-header': header,
      })
      expect(Buffer.compare(Buffer.from(answer.body as Uint8Array), Buffer.from(body))).toBe(0)
    }),
    { numRuns: 50 },
  )
})

test('a text stays a text', async () => {
  serveGate(server, PLANE, { http: async () => ({ status: 200, headers: {}, body: 'grüße' }) })
  await listen()
  expect((await gate.ask('http', request(), { aborted: false })).body).toBe('grüße')
})

test('many at once get each their own answer', async () => {
  serveGate(server, PLANE, {
    http: async ({ body }) => {
      await wait(Number(body.at(0)) % 7)
      return { status: 200, headers: {}, body }
    },
  })
  await listen()
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => gate.ask('http', request({ body: Buffer.from([i]) }), { aborted: false })),
  )
  expect(answers.map(({ body }) => (body as Uint8Array)[0])).toEqual(Array.from({ length: 200 }, (_, i) => i))
})

test('who answers tells of each request as a host does', async () => {
  const told: Answered[] = []
  serveGate(server, PLANE, { http: echo }, (answered) => told.push(answered))
  await listen()
  await gate.ask('http', request({ path: '/v2/models/of-mine/infer', body: Buffer.from('abc') }), { aborted: false })
  expect(told).toMatchObject([{ request: { path: '/v2/models/of-mine/infer' }, status: 201, sentBytes: 3 }])
})

test('requests wait for a runner that is about to come up', async () => {
  const asked = gate.ask('http', request(), { aborted: false })
  await wait(150)
  serveGate(server, PLANE, { http: echo })
  await listen()
  expect((await asked).status).toBe(201)
})

test('a runner that goes before it has answered is unavailable, and the next one is found', async () => {
  const first = createServer((socket) => setTimeout(() => socket.destroy(), 20))
  await listen(first)
  await expect(gate.ask('http', request(), { aborted: false })).rejects.toMatchObject({ code: 'unavailable' })
  await new Promise((resolve) => first.close(resolve))
  serveGate(server, PLANE, { http: echo })
  await listen()
  expect((await gate.ask('http', request(), { aborted: false })).status).toBe(201)
})

test('a caller who goes is told of to whoever works for him', async () => {
  let isGone = false
  serveGate(server, PLANE, {
    http: async (_request, _plane, call) => {
      while (!call.aborted) await wait(5)
      isGone = true
      return { status: 200, headers: {}, body: '' }
    },
  })
  await listen()
  const call = { aborted: false }
  const asked = gate.ask('http', request(), call)
  await wait(20)
  call.aborted = true
  await expect(asked).rejects.toMatchObject({ code: 'cancelled' })
  await expect.poll(() => isGone).toBe(true)
})

test('a drain answers what is under way', async () => {
  const held = Promise.withResolvers<void>()
  const served = serveGate(server, PLANE, {
    http: async () => {
      await held.promise
      return { status: 200, headers: {}, body: 'done' }
    },
  })
  await listen()
  const asked = gate.ask('http', request(), { aborted: false })
  await wait(50)
  const drained = served.drain()
  held.resolve()
  expect((await asked).body).toBe('done')
  await drained
})

test('what is no frame ends its connection and nothing else', async () => {
  serveGate(server, PLANE, { http: echo })
  await listen()
  for (const bytes of [
    Buffer.alloc(16, 0xff),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0x7b]),
  ]) {
    const socket = connect(path)
    socket.on('error', () => {})
    socket.write(bytes)
    await new Promise((resolve) => socket.once('close', resolve))
  }
  expect((await gate.ask('http', request(), { aborted: false })).status).toBe(201)
})

test('what waits for a slow runner is bounded, and there is room again once it has answered', async () => {
  gate.close()
  gate = openGate(path, 1000)
  const begun = Promise.withResolvers<void>()
  const free = Promise.withResolvers<void>()
  serveGate(server, PLANE, {
    http: async (asked) => {
      begun.resolve()
      await free.promise
      return echo(asked, PLANE, { aborted: false })
    },
  })
  await listen()
  const ask = (bytes: number) => gate.ask('http', request({ body: Buffer.alloc(bytes) }), { aborted: false })
  const first = ask(2000) // one alone may be of any size
  await begun.promise
  await expect(ask(1)).rejects.toMatchObject({ code: 'overloaded', details: { retryAfterMs: expect.any(Number) } })
  free.resolve()
  expect(await first).toMatchObject({ status: 201 })
  const both = await Promise.all([ask(400), ask(600)])
  expect(both.map(({ status }) => status)).toEqual([201, 201])
})

test('what callers gave up counts as long as it has not been taken', async () => {
  gate.close()
  gate = openGate(path, 2 ** 20)
  server.on('connection', (socket) => socket.pause())
  await listen()
  const call = { aborted: false }
  const given = gate.ask('http', request({ body: Buffer.alloc(8 * 2 ** 20) }), call)
  setTimeout(() => (call.aborted = true), 50)
  await expect(given).rejects.toMatchObject({ code: 'cancelled' })
  const more = gate.ask('http', request({ body: Buffer.alloc(2 ** 20) }), { aborted: false })
  await expect(more).rejects.toMatchObject({ code: 'overloaded' })
})
