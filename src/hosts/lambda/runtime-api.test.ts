import { afterEach, expect, test } from 'vitest'
import { startLambdaEmulator, type LambdaEmulator } from '../../../test/support/lambda-emulator.ts'
import { ServingError } from '../../core/errors.ts'
import { json, type Handle } from '../../protocols/protocol.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { reportInitError, runLambda, type LambdaOptions } from './runtime-api.ts'

const plane: DataPlane = {
  isReady: () => true,
  models: () => [],
  model: () => {
    throw new ServingError('not_found', 'no models here')
  },
  predict: () => Promise.reject(new ServingError('not_found', 'no models here')),
}

/** Says what it was asked. */
const echo: Handle = async ({ body, ...request }) =>
  json(200, { ...request, body: Buffer.from(body).toString('latin1') })

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

interface Running {
  readonly emulator: LambdaEmulator
  readonly logged: string[]
  readonly done: Promise<void>
  stop(): void
}

async function start(handle: Handle, options: Partial<LambdaOptions> = {}, prefix = ''): Promise<Running> {
  const emulator = await startLambdaEmulator(prefix)
  const controller = new AbortController()
  const logged: string[] = []
  const done = runLambda({
    api: emulator.api,
    handle,
    plane,
    signal: controller.signal,
    now: Date.now,
    log: (message) => logged.push(message),
    retryDelayMs: 1,
    ...options,
  })
  const ended = done.catch(() => undefined)
  cleanups.push(async () => {
    controller.abort()
    await ended
    await emulator.close()
  })
  return { emulator, logged, done, stop: () => controller.abort() }
}

const post = (body: string | Uint8Array, type = 'application/json') =>
  ({ method: 'POST', target: '/echo?a=1', headers: [['Content-Type', type]], body: Buffer.from(body) }) as const

test.each(['v1', 'v2', 'url', 'alb', 'alb-multi'] as const)(
  'a %s request reaches the handler and its answer the client',
  async (kind) => {
    const { emulator } = await start(echo)
    const response = await emulator.fromHttp(kind, post('{"a":[1]}'))
    expect(response.status).toBe(200)
    expect(JSON.parse(response.body.toString())).toEqual({
      method: 'POST',
      path: '/echo',
      query: 'a=1',
      headers: { 'content-type': 'application/json' },
      body: '{"a":[1]}',
    })
  },
)

test('a direct invocation gets the answer itself, and its failures as function errors with our code', async () => {
  const { emulator } = await start(async ({ path, body }) =>
    body.length > 2 ? json(200, path) : json(404, { error: { code: 'not_found', message: 'no such model' } }),
  )
  expect(await emulator.invoke({ instances: [[1]] })).toEqual({ payload: '"/invocations"', isFunctionError: false })
  const failed = await emulator.invoke({})
  expect(failed.isFunctionError).toBe(true)
  expect(JSON.parse(failed.payload)).toEqual({ errorType: 'not_found', errorMessage: 'no such model', stackTrace: [] })
})

test('an address with a path, as emulators of many functions have, is spoken to', async () => {
  const { emulator } = await start(echo, {}, '/.rt/function')
  expect((await emulator.invoke({ a: 1 })).isFunctionError).toBe(false)
})

test.each(['', 'localhost', 'localhost:0', 'localhost:70000', 'http://localhost:1', ':9001', 'a:1?b', 'a b:1'])(
  'the address %j is refused',
  async (api) => {
    const options = {
      api,
      handle: echo,
      plane,
      signal: new AbortController().signal,
      now: Date.now,
      log: () => undefined,
    }
    await expect(runLambda(options)).rejects.toMatchObject({ code: 'invalid_argument' })
  },
)

test('a handler that throws is reported and logged, its text kept from the caller, and the loop goes on', async () => {
  let calls = 0
  const { emulator, logged } = await start((request, plane, call) => {
    if (calls++ === 0) throw new Error('/secret/path')
    return calls === 2 ? Promise.reject(new ServingError('overloaded', 'full')) : echo(request, plane, call)
  })
  const first = await emulator.invoke({})
  expect(first.isFunctionError).toBe(true)
  expect(JSON.parse(first.payload)).toMatchObject({ errorType: 'internal' })
  expect(first.payload).not.toContain('secret')
  expect(logged).toEqual([expect.stringContaining('failed')])
  expect(JSON.parse((await emulator.invoke({})).payload)).toMatchObject({
    errorType: 'overloaded',
    errorMessage: 'full',
  })
  expect((await emulator.fromHttp('v2', post('1'))).status).toBe(200)
})

test('an event that is no request is answered with 400 and never reaches the handler', async () => {
  const { emulator } = await start(() => Promise.reject(new Error('not to be called')))
  const event = { version: '2.0', rawPath: '/', requestContext: { http: { method: 'POST' } }, body: {} }
  const { payload, isFunctionError } = await emulator.invoke(event)
  expect(isFunctionError).toBe(false)
  const answer = JSON.parse(payload)
  expect(answer.statusCode).toBe(400)
  expect(JSON.parse(answer.body).error.code).toBe('invalid_argument')
})

test('the trace goes to the handler, unless the caller sent one', async () => {
  const { emulator } = await start(async ({ headers }) => json(200, headers['x-amzn-trace-id'] ?? null))
  expect((await emulator.invoke({}, { traceId: 'Root=1-a' })).payload).toBe('"Root=1-a"')
  expect((await emulator.invoke({})).payload).toBe('null')
  const request = { ...post('1'), headers: [['X-Amzn-Trace-Id', 'Root=1-b']] as const }
  const response = await emulator.fromHttp('v1', request, { traceId: 'Root=1-a' })
  expect(response.body.toString()).toBe('"Root=1-b"')
})

test('a handler that has not answered before the deadline is cancelled and the client gets 504', async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<boolean>()
  const { emulator } = await start(async (_request, _plane, call) => {
    expect(call.aborted).toBe(false)
    while (!call.aborted) await new Promise((later) => setTimeout(later, 5))
    resolve(true)
    return new Promise(() => undefined) // never answers
  })
  const response = await emulator.fromHttp('v2', post('1'), { deadlineMs: Date.now() + 300, timeoutMs: 20_000 })
  expect(response.status).toBe(504)
  expect(JSON.parse(response.body.toString()).error).toMatchObject({ code: 'deadline_exceeded' })
  expect(await cancelled).toBe(true)
})

test('a direct invocation past its deadline is a function error', async () => {
  const { emulator } = await start(() => new Promise(() => undefined))
  const { payload } = await emulator.invoke({}, { deadlineMs: Date.now() + 300, timeoutMs: 20_000 })
  expect(JSON.parse(payload)).toMatchObject({ errorType: 'deadline_exceeded' })
})

test.each([
  ['in the past', 1_000],
  ['too far ahead', Date.now() + 24 * 3_600_000],
  ['missing', null],
  ['no number', Number.NaN],
])('a deadline %s leaves the handler a minute', async (_name, deadlineMs) => {
  let clock = 5_000_000
  const seen: boolean[] = []
  const handle: Handle = async (request, plane, call) => {
    for (const passed of [59_000, 60_000]) {
      clock = 5_000_000 + passed
      seen.push(call.aborted)
    }
    clock = 5_000_000
    return echo(request, plane, call)
  }
  const { emulator } = await start(handle, { now: () => clock })
  expect((await emulator.invoke({}, { deadlineMs })).isFunctionError).toBe(false)
  expect(seen).toEqual([false, true])
})

test('an event of 5 MB goes in and out', async () => {
  const { emulator } = await start(async ({ body, headers }) => ({
    status: 200,
    headers: { 'content-type': headers['content-type'] ?? '' },
    body,
  }))
  const text = Buffer.from(JSON.stringify('x'.repeat(5_000_000)))
  expect((await emulator.fromHttp('v2', post(text))).body.equals(text)).toBe(true)
  const bytes = Buffer.alloc(4_000_000, 0xe9)
  expect((await emulator.fromHttp('v1', post(bytes, 'application/x-npy'))).body.equals(bytes)).toBe(true)
  expect((await emulator.invoke(text)).payload === text.toString()).toBe(true)
})

test('an answer that lambda would not carry becomes a clear one, and the loop goes on', async () => {
  const { emulator } = await start(async ({ path }) => json(200, path === '/echo' ? 'é'.repeat(3_200_000) : path))
  const response = await emulator.fromHttp('url', post('1'))
  expect(response.status).toBe(413)
  expect(JSON.parse(response.body.toString()).error.code).toBe('too_large')
  expect((await emulator.invoke({})).payload).toBe('"/invocations"')
})

test('the API that closes while an event is handled ends the loop after its tries, saying why', async () => {
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>()
  const { promise: left, resolve: leave } = Promise.withResolvers<void>()
  const { emulator, done, logged } = await start(async () => {
    enter()
    await left
    return json(200, 1)
  })
  const invoked = emulator.invoke({}).catch((error: Error) => error.message)
  await entered
  await emulator.close()
  expect(await invoked).toBe('the emulator was closed')
  leave()
  await expect(done).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('5 tries') })
  expect(logged.filter((line) => line.startsWith('lambda took no answer'))).toHaveLength(1)
  expect(logged.filter((line) => line.startsWith('try '))).toHaveLength(4)
})

test('an answer of the API other than an event is a failed try', async () => {
  const emulator = await startLambdaEmulator('/.rt/function')
  cleanups.push(() => emulator.close())
  const { done } = await start(echo, { api: emulator.api.replace('/function', '/other') })
  await expect(done).rejects.toMatchObject({
    code: 'unavailable',
    cause: { message: expect.stringContaining('answered GET /invocation/next with status 404') },
  })
})

test('the loop ends when told to: at once while it waits, after the answer while it works', async () => {
  const waiting = await start(echo)
  await waiting.emulator.invoke({})
  await expect.poll(() => waiting.emulator.asked()).toBe(2) // it waits for the next event
  waiting.stop()
  await waiting.done

  const working: Running = await start(async () => {
    working.stop()
    return json(200, 'still answered')
  })
  expect((await working.emulator.invoke({})).payload).toBe('"still answered"')
  await working.done
  expect(working.emulator.asked()).toBe(1)
})

test('why a function cannot start is reported', async () => {
  const emulator = await startLambdaEmulator()
  cleanups.push(() => emulator.close())
  await reportInitError(emulator.api, new ServingError('refused', 'the bundle is damaged'))
  await reportInitError(emulator.api, new Error('/secret/path'))
  expect(emulator.initErrors.map((text) => JSON.parse(text))).toMatchObject([
    { errorType: 'refused', errorMessage: 'the bundle is damaged' },
    { errorType: 'internal', errorMessage: expect.not.stringContaining('secret') },
  ])
})
