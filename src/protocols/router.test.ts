import { describe, expect, test } from 'vitest'
import { ServingError, type ErrorCode } from '../core/errors.ts'
import type { DataPlane } from '../runtime/plane.ts'
import { allProtocols } from './index.ts'
import {
  empty,
  json,
  retryHeaders,
  type Protocol,
  type Route,
  type WireRequest,
  type WireResponse,
} from './protocol.ts'
import { createRouter, type RouterOptions } from './router.ts'

const PLANE = {} as DataPlane
const CALLER = { aborted: false }

/** Answers with what it was called with. */
const echo: Route['handle'] = (request, _plane, _call, parameters) =>
  json(200, { method: request.method, query: request.query, parameters: { ...parameters } })

function failing(thrown: unknown): Route['handle'] {
  return () => {
    throw thrown
  }
}

const first: Protocol = {
  name: 'first',
  failure: (error) => ({ status: 418, headers: {}, body: `first: ${error.code}: ${error.message}` }),
  routes: [
    { method: 'GET', path: '/', handle: echo },
    { method: 'GET', path: '/models', handle: echo },
    { method: 'GET', path: '/models/{model}', handle: echo },
    { method: 'POST', path: '/models/{model}/infer', handle: echo },
    { method: 'GET', path: '/models/{model}/versions/{version}', handle: echo },
    { method: 'GET', path: '/refused', handle: failing(new ServingError('overloaded', 'too much')) },
    { method: 'GET', path: '/broken', handle: failing(new TypeError('secret at /srv/app/x.ts')) },
    { method: 'GET', path: '/late', handle: () => Promise.reject(new Error('secret')) },
    // oxlint-disable-next-line no-throw-literal
    { method: 'GET', path: '/odd', handle: failing('secret') },
  ],
}

const second: Protocol = {
  name: 'second',
  failure: (error) => ({ status: 419, headers: {}, body: `second: ${error.code}` }),
  routes: [
    { method: 'POST', path: '/invocations', handle: failing(new ServingError('not_found', 'no model')) },
    { method: 'POST', path: '/models', handle: () => empty(204) },
  ],
}

function send(
  method: string,
  path: string,
  options: Partial<RouterOptions> & { query?: string } = {},
): Promise<WireResponse> {
  const { query = '', ...rest } = options
  const request: WireRequest = { method, path, query, headers: {}, body: new Uint8Array() }
  return createRouter({ protocols: [first, second], ...rest })(request, PLANE, CALLER)
}

async function parametersOf(path: string): Promise<unknown> {
  const answer = await send('GET', path)
  if (answer.status !== 200) return answer.status
  return (JSON.parse(answer.body as string) as { parameters: unknown }).parameters
}

describe('finding a route', () => {
  test.each([
    ['/', {}],
    ['/models', {}],
    ['/models/fraud', { model: 'fraud' }],
    ['/models/models', { model: 'models' }],
    ['/models/fraud/versions/2', { model: 'fraud', version: '2' }],
    ['/models/versions/versions/infer', { model: 'versions', version: 'infer' }],
    ['/models/a%20b', { model: 'a b' }],
    ['/models/caf%C3%A9', { model: 'café' }],
    ['/models/a+b', { model: 'a+b' }],
    ['/models/50%25', { model: '50%' }],
    ['/models/%252e%252e', { model: '%2e%2e' }],
    ['/models/%252f', { model: '%2f' }],
    ['/models/__proto__', { model: '__proto__' }],
    ['/models/..', { model: '..' }],
    ['/models/%2e%2e', { model: '..' }],
    ['/models/fraud;jsessionid=1', { model: 'fraud;jsessionid=1' }],
    [`/models/${'x'.repeat(256)}`, { model: 'x'.repeat(256) }],
  ])('%s is decoded once, and says what it says', async (path, parameters) => {
    expect(await parametersOf(path)).toEqual(parameters)
  })

  test.each([
    '/nothing',
    '/models/',
    '//models',
    '/models//',
    '/models//infer',
    '/Models',
    '/MODELS/fraud',
    '/models/fraud/',
    '/models/fraud/nothing',
    '/models/fraud/versions',
    '/models/fraud/versions/',
    '/models/fraud/versions/2/infer',
    '/models/..%2f..%2fetc',
    '/models/..%2F..%2Fetc',
    '/models/..%5c..%5cetc',
    '/models/a/../b',
    '/models/latest%00',
    '/models/a%0d%0ab',
    '/models/a\u0085',
    '/models/100%',
    '/models/%',
    '/models/%zz',
    '/models/%c3',
    '/models/%ed%a0%80',
    '/models/%c0%af',
    `/models/${'x'.repeat(257)}`,
    '/%6dodels',
    '/models?x',
    'models',
    '*',
    '',
    'http://other/models',
    '/__proto__',
    '/constructor',
  ])('%j is nothing', async (path) => {
    for (const method of ['GET', 'POST', 'BREW']) {
      const answer = await send(method, path)
      expect(answer.status).toBe(404)
      expect(answer.headers['content-type']).toBe('application/json')
      expect(JSON.parse(answer.body as string)).toMatchObject({
        code: 'not_found',
        error: expect.stringMatching(/^nothing answers at "/) as string,
      })
    }
  })

  test('gives the handler the query as it came', async () => {
    const answer = await send('GET', '/models', { query: 'a=1&__proto__[x]=1' })
    expect(JSON.parse(answer.body as string)).toMatchObject({ query: 'a=1&__proto__[x]=1' })
  })

  test('is the same the second time, and after a thousand others', async () => {
    const handle = createRouter({ protocols: [first, second] })
    const ask = (method: string, path: string): Promise<WireResponse> =>
      handle({ method, path, query: '', headers: {}, body: new Uint8Array() }, PLANE, CALLER)
    const before = await ask('GET', '/models/fraud')
    expect(await ask('GET', '/models/fraud')).toEqual(before)
    expect((await ask('POST', '/models/fraud')).status).toBe(405)
    for (let i = 0; i < 1500; i++)
      expect(JSON.parse((await ask('GET', `/models/m${i}`)).body as string)).toMatchObject({
        parameters: { model: `m${i}` },
      })
    expect(await ask('GET', '/models/fraud')).toEqual(before)
    expect((await ask('POST', '/models/fraud')).status).toBe(405)
  })
})

test('a path that is asked for again and again is matched once, whatever was asked for before', async () => {
  const given: unknown[] = []
  const handle = createRouter({
    protocols: [
      {
        ...first,
        routes: [
          {
            method: 'GET',
            path: '/models/{model}',
            handle: (_request, _plane, _call, parameters) => {
              given.push(parameters)
              return empty(204)
            },
          },
        ],
      },
    ],
  })
  const ask = (path: string): Promise<WireResponse> =>
    handle({ method: 'GET', path, query: '', headers: {}, body: new Uint8Array() }, PLANE, CALLER)
  for (let i = 0; i < 5000; i++) {
    await ask(`/models/m${i}`)
    if (i % 100 === 0) await ask('/models/often')
  }
  expect(new Set(given).size).toBe(5001)
  await ask('/models/late')
  await ask('/models/late')
  expect(given.at(-1)).toBe(given.at(-2))
})

describe('asking for leave', () => {
  const wares: Protocol = {
    name: 'wares',
    failure: (error) => ({ status: 420, headers: { own: 'x' }, body: error.code }),
    routes: [
      { method: 'GET', path: '/open', access: 'open', handle: echo },
      { method: 'GET', path: '/ware/{name}', handle: echo },
      { method: 'GET', path: '/office', access: 'operations', handle: echo },
      { method: 'GET', path: '/shop', access: 'open', accessOf: () => 'operations', handle: echo },
    ],
  }
  const ask = (path: string, authorize: RouterOptions['authorize'] & object): Promise<WireResponse> =>
    send('GET', path, { protocols: [wares], authorize })

  test('is done with what the route needs; an open one needs nothing', async () => {
    const asked: unknown[] = []
    const authorize: RouterOptions['authorize'] = ({ method, path }, access) =>
      void asked.push([`${method} ${path}`, access])
    for (const path of ['/open', '/ware/x', '/office', '/shop', '/nothing']) await ask(path, authorize)
    await send('POST', '/office', { protocols: [wares], authorize })
    expect(asked).toEqual([
      ['GET /ware/x', 'metadata'],
      ['GET /office', 'operations'],
      ['GET /shop', 'operations'],
      ['GET /nothing', 'inference'],
      ['POST /office', 'inference'],
    ])
  })

  test('in vain is told by the protocol, and who is not known is told how to say so', async () => {
    const refuse = (code: ErrorCode) => () => {
      throw new ServingError(code, 'no')
    }
    expect(await ask('/ware/x', refuse('permission_denied'))).toEqual({
      status: 420,
      headers: { own: 'x' },
      body: 'permission_denied',
    })
    expect((await ask('/ware/x', refuse('unauthenticated'))).headers).toEqual({
      own: 'x',
      'www-authenticate': 'Bearer realm="slipway"',
    })
    expect((await ask('/nothing', refuse('permission_denied'))).status).toBe(404)
    expect(await ask('/nothing', refuse('unauthenticated'))).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="slipway"' },
    })
    expect((await ask('/nothing', refuse('overloaded'))).status).toBe(429)
  })

  test('of somebody who breaks lets nobody in', async () => {
    for (const path of ['/ware/x', '/nothing']) {
      const answer = await ask(path, () => {
        throw new TypeError('secret')
      })
      expect([420, 500]).toContain(answer.status)
      expect(JSON.stringify(answer)).toContain('internal')
    }
  })
})

test.each([
  ['overloaded', {}, '1'],
  ['unavailable', {}, '1'],
  ['overloaded', { retryAfterMs: 1 }, '1'],
  ['overloaded', { retryAfterMs: 1000 }, '1'],
  ['unavailable', { retryAfterMs: 1001 }, '2'],
  ['overloaded', { retryAfterMs: 59_400 }, '60'],
  ['overloaded', { retryAfterMs: 0 }, '1'],
  ['overloaded', { retryAfterMs: -5 }, '1'],
  ['overloaded', { retryAfterMs: Infinity }, '1'],
  ['overloaded', { retryAfterMs: Number.NaN }, '1'],
  ['overloaded', { retryAfterMs: '7' }, '1'],
  ['internal', { retryAfterMs: 7000 }, undefined],
  ['unauthenticated', {}, undefined],
] as const)('%s with %j is worth asking again after %s s', (code, details, seconds) => {
  expect(retryHeaders(new ServingError(code, 'no', { details }))['retry-after']).toBe(seconds)
})

describe('a placeholder with a suffix', () => {
  const named = (...paths: string[]): Protocol => ({
    ...first,
    routes: paths.map((path) => ({
      method: 'GET' as const,
      path,
      handle: (_request, _plane, _call, parameters) => json(200, { path, parameters: { ...parameters } }),
    })),
  })
  const PATHS = [
    '/models/{model}',
    '/models/{model}:run',
    '/models/{model}:dryrun',
    '/models/{model}:run/log',
    '/models/{model}/versions/{version}:run',
    '/models/{name}:stop',
    '/models/all:run',
  ]

  test.each([
    ['/models/fraud:run', '/models/{model}:run', { model: 'fraud' }],
    ['/models/fraud:dryrun', '/models/{model}:dryrun', { model: 'fraud' }],
    ['/models/fraud:stop', '/models/{name}:stop', { name: 'fraud' }],
    ['/models/a:b:run', '/models/{model}:run', { model: 'a:b' }],
    ['/models/fraud%3Arun', '/models/{model}:run', { model: 'fraud' }],
    ['/models/%66raud:run', '/models/{model}:run', { model: 'fraud' }],
    ['/models/fraud:run/log', '/models/{model}:run/log', { model: 'fraud' }],
    ['/models/all:run/log', '/models/{model}:run/log', { model: 'all' }],
    ['/models/all:run', '/models/all:run', {}],
    ['/models/fraud', '/models/{model}', { model: 'fraud' }],
    ['/models/:run', '/models/{model}', { model: ':run' }],
    ['/models/fraud:RUN', '/models/{model}', { model: 'fraud:RUN' }],
    ['/models/fraud:walk', '/models/{model}', { model: 'fraud:walk' }],
    ['/models/fraud/versions/2:run', '/models/{model}/versions/{version}:run', { model: 'fraud', version: '2' }],
    [
      '/models/fraud:run/versions/2:run',
      '/models/{model}/versions/{version}:run',
      { model: 'fraud:run', version: '2' },
    ],
  ])('%s is %s', async (asked, path, parameters) => {
    const answer = await send('GET', asked, { protocols: [named(...PATHS)] })
    expect(JSON.parse(String(answer.body))).toEqual({ path, parameters })
  })

  test.each(['/models/fraud/versions/2', '/models/fraud/versions/:run', '/models/fraud:stop/log'])(
    '%s is nothing',
    async (path) => {
      expect((await send('GET', path, { protocols: [named(...PATHS)] })).status).toBe(404)
    },
  )

  test('is asked for by the methods that it has', async () => {
    expect(await send('POST', '/models/fraud:run', { protocols: [named(...PATHS)] })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    })
  })

  test('is no part of a name for whoever asks by another method', async () => {
    const [route] = named('/models/{model}:run').routes
    const onlyPost = { ...first, routes: route === undefined ? [] : [{ ...route, method: 'POST' as const }] }
    expect(await send('GET', '/models/fraud:run', { protocols: [named('/models/{model}'), onlyPost] })).toMatchObject({
      status: 405,
      headers: { allow: 'POST' },
    })
  })

  test('is called alike by all that share it', () => {
    expect(() => createRouter({ protocols: [named('/a/{x}:run', '/a/{y}:run/b')] })).toThrow(
      '{y} and {x} share a place; this is a bug',
    )
  })
})

describe('a route that yields', () => {
  const yielding = (path: string): Protocol => ({
    name: 'yielding',
    failure: () => empty(420),
    routes: [{ method: 'GET', path, yields: true, handle: () => empty(204) }],
  })

  test.each(['/models', '/models/fraud', '/models/fraud/versions/2'])(
    'is left out where another answers, whichever comes first: %s',
    async (path) => {
      for (const protocols of [
        [yielding(path), first],
        [first, yielding(path)],
      ])
        expect((await send('GET', path, { protocols })).status).toBe(200)
    },
  )

  test.each(['/well', '/models/fraud/infer', '/models/fraud/versions', '/models/fraud:run'])(
    'answers where no other does, and hides none: %s',
    async (path) => {
      const protocols = [yielding(path), first]
      const isModel = path === '/models/fraud:run' // which is a model's name to who knows no better
      expect((await send('GET', path, { protocols })).status).toBe(isModel ? 200 : 204)
      expect((await send('POST', '/models/fraud/infer', { protocols })).status).toBe(200)
      expect((await send('GET', '/models/fraud/versions/2', { protocols })).status).toBe(200)
    },
  )
})

describe('a method', () => {
  test.each([
    ['POST', '/models/fraud', 'GET, HEAD'],
    ['GET', '/models/fraud/infer', 'POST'],
    ['HEAD', '/models/fraud/infer', 'POST'],
    ['DELETE', '/models', 'GET, POST, HEAD'],
    ['TRACE', '/models', 'GET, POST, HEAD'],
    ['get', '/models', 'GET, POST, HEAD'],
    ['__proto__', '/models', 'GET, POST, HEAD'],
    ['OPTIONS', '/invocations', 'POST'],
  ])('%s is refused at %s, with those that are allowed', async (method, path, allow) => {
    const answer = await send(method, path)
    expect(answer).toMatchObject({ status: 405, headers: { allow, 'content-type': 'application/json' } })
    expect(JSON.parse(answer.body as string)).toEqual({
      error: `"${path}" takes ${allow}, not "${method}"`,
      code: 'invalid_argument',
    })
  })

  test('HEAD is answered as GET is', async () => {
    const answer = await send('HEAD', '/models/fraud')
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body as string)).toMatchObject({ method: 'HEAD', parameters: { model: 'fraud' } })
  })

  test('is looked for in every protocol that has the path', async () => {
    expect((await send('POST', '/models')).status).toBe(204)
    expect((await send('GET', '/models')).status).toBe(200)
  })
})

describe('a failure', () => {
  test('is told in the form of the protocol that the path belongs to', async () => {
    expect(await send('GET', '/refused')).toEqual({ status: 418, headers: {}, body: 'first: overloaded: too much' })
    expect(await send('POST', '/invocations')).toEqual({ status: 419, headers: {}, body: 'second: not_found' })
  })

  test.each(['/broken', '/late', '/odd'])('that nobody foresaw (%s) is internal, without its text', async (path) => {
    const answer = await send('GET', path)
    expect(answer.body).toBe('first: internal: the server failed to answer; its log says why')
  })

  test('of ours is told to the host with its cause, and no other is', async () => {
    const told: [string, unknown, string][] = []
    const onFailure: RouterOptions['onFailure'] = (error, request) =>
      void told.push([error.code, error.cause, request.path])
    for (const path of ['/refused', '/models/fraud', '/nothing', '/odd']) await send('GET', path, { onFailure })
    expect(told).toEqual([['internal', 'secret', '/odd']])
  })
})

describe('a table of routes', () => {
  const routes = (...paths: string[]): Protocol => ({
    ...first,
    routes: paths.map((path) => ({ method: 'GET', path, handle: echo })),
  })

  test('in which a route stands twice is our bug', () => {
    expect(() => createRouter({ protocols: [routes('/a/{x}'), routes('/a/{x}')] })).toThrow(
      'GET /a/{x} stands twice; this is a bug',
    )
    expect(() => createRouter({ protocols: [routes('/a/{x}', '/a/{y}/b')] })).toThrow(
      '{y} and {x} share a place; this is a bug',
    )
  })

  test('of all our protocols holds together', () => {
    expect(() => createRouter({ protocols: allProtocols('1.0.0') })).not.toThrow()
  })
})
