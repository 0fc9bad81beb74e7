import { describe, expect, test } from 'vitest'
import { createKey, digestOf, type Scope } from '../auth/api-key.ts'
import { createAuthorizer } from '../auth/authorizer.ts'
import { MAX_FAILURES } from '../auth/failure-limit.ts'
import { ServingError } from '../core/errors.ts'
import type { DataPlane } from '../runtime/plane.ts'
import { allProtocols } from './index.ts'
import { createMetricsProtocol } from './metrics/metrics.ts'
import { fakeOperations } from './oip/operations.fixture.ts'
import type { Handle, Protocol, WireRequest, WireResponse } from './protocol.ts'
import { createRouter } from './router.ts'

const noModel = (): never => {
  throw new ServingError('not_found', 'there is no such model')
}
const PLANE: DataPlane = { isReady: () => true, models: () => [], model: noModel, predict: noModel }

const { operations } = fakeOperations()
const protocols = [...allProtocols('1.0.0', {}, operations), createMetricsProtocol(() => Promise.resolve('up 1\n'))]

const NOW = Date.UTC(2026, 0, 1)
const principals = {
  none: undefined,
  inference: createKey(),
  operations: createKey(),
  both: createKey(),
  expired: createKey(),
  wrong: createKey(),
} as const
type Who = keyof typeof principals

const keys = (
  [
    ['inference', ['inference'], undefined],
    ['operations', ['operations'], undefined],
    ['both', ['inference', 'operations'], NOW + 1],
    ['expired', ['inference', 'operations'], NOW],
  ] as const
).map(([name, scopes, expiresAtMs]) => ({
  name,
  scopes: [...scopes] as Scope[],
  sha256: digestOf(principals[name]),
  ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
}))

function createGuarded(): Handle {
  const { authorize } = createAuthorizer(keys, { now: () => 0, calendarNow: () => NOW })
  return createRouter({ protocols, authorize })
}

function request(method: string, path: string, who: Who, rest: Partial<WireRequest> = {}): WireRequest {
  const key = principals[who]
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` }
  return { method, path, query: '', headers, body: new Uint8Array(), ...rest }
}

function send(method: string, path: string, who: Who, rest: Partial<WireRequest> = {}): Promise<WireResponse> {
  return createGuarded()(request(method, path, who, rest), PLANE, { aborted: false })
}

/** Routes that anybody may call. Whoever makes another route open adds it here, and thinks twice. */
const OPEN = [
  'GET /', // a probe's question: people's is asked for below
  'GET /v2',
  'GET /v2/health/live',
  'GET /v2/health/ready',
  'GET /ping',
  'GET /health',
  'GET /version',
  'GET /v1/endpoints/{endpoint}/deployedModels/{deployedModel}',
]
const OPERATIONS = [
  'GET /metrics',
  'POST /models',
  'DELETE /models/{model}',
  'GET /v2/models/stats',
  'GET /v2/models/{model}/stats',
  'GET /v2/models/{model}/versions/{version}/stats',
  'POST /v2/repository/index',
  'POST /v2/repository/models/{model}/load',
  'POST /v2/repository/models/{model}/unload',
  'GET /v2/logging',
  'POST /v2/logging',
  'GET /v2/trace/setting',
  'POST /v2/trace/setting',
  'GET /v2/models/{model}/trace/setting',
  'POST /v2/models/{model}/trace/setting',
]

function expected(route: string, who: Who): 'in' | 401 | 403 {
  if (OPEN.includes(route)) return 'in'
  if (who === 'none' || who === 'expired' || who === 'wrong') return 401
  const needed = OPERATIONS.includes(route) ? 'operations' : 'inference'
  return who === needed || who === 'both' ? 'in' : 403
}

const cases = protocols.flatMap(({ name, routes }) =>
  routes.flatMap(({ method, path }) =>
    [method, ...(method === 'GET' ? ['HEAD'] : [])].flatMap((sent) =>
      (Object.keys(principals) as Who[]).map(
        (who) => [sent, path, who, expected(`${method} ${path}`, who), name] as const,
      ),
    ),
  ),
)

describe('who may call what', () => {
  test.each(cases)('%s %s by %s: %s', async (method, path, who, outcome) => {
    const { status, headers } = await send(method, path.replaceAll(/\{\w+\}/g, 'fraud'), who)
    if (outcome === 'in') expect([401, 403]).not.toContain(status)
    else expect(status).toBe(outcome)
    expect(headers['www-authenticate']).toBe(status === 401 ? 'Bearer realm="slipway"' : undefined)
  })

  test('is asked of every route, and answered without the route being run', async () => {
    const spied: Protocol[] = protocols.map((protocol) => ({
      ...protocol,
      routes: protocol.routes.map((route) => ({
        ...route,
        handle: () => {
          throw new Error('it was run')
        },
      })),
    }))
    const failures: unknown[] = []
    const { authorize } = createAuthorizer(keys, { now: () => 0, calendarNow: () => NOW })
    const handle = createRouter({ protocols: spied, authorize, onFailure: (error) => void failures.push(error) })
    for (const [method, path, who, outcome] of cases)
      if (outcome !== 'in')
        await handle(request(method, path.replaceAll(/\{\w+\}/g, 'x'), who), PLANE, { aborted: false })
    expect(failures).toEqual([])
  })
})

describe('the root', () => {
  test.each([
    ['a probe that takes anything', '*/*', 'none', 200, 'alive'],
    ['a probe that wants JSON', 'application/json', 'wrong', 200, 'alive'],
    ['a browser', 'text/html,*/*;q=0.8', 'none', 401, 'key'],
    ['a browser', 'text/html,*/*;q=0.8', 'wrong', 401, 'key'],
    ['a browser', 'text/html,*/*;q=0.8', 'operations', 403, 'inference'],
    ['a browser', 'text/html,*/*;q=0.8', 'inference', 200, '<!doctype html>'],
  ] as const)('answers %s (%s) with the key "%s": %i', async (_what, accept, who, status, part) => {
    const { headers } = request('GET', '/', who)
    for (const method of ['GET', 'HEAD'])
      expect(await send(method, '/', who, { headers: { ...headers, accept } })).toMatchObject({
        status,
        body: expect.stringContaining(part) as string,
      })
  })
})

describe('a failure to show a key', () => {
  test.each([
    ['POST', '/v2/models/fraud/infer', (body: string) => JSON.parse(body) as { error: string; code: string }],
    [
      'POST',
      '/invocations',
      (body: string) => {
        const { Message, ErrorCode } = JSON.parse(body) as { Message: string; ErrorCode: string }
        return { error: Message, code: ErrorCode }
      },
    ],
    ['GET', '/nothing', (body: string) => JSON.parse(body) as { error: string; code: string }],
  ])('at %s %s is told in the form of its protocol', async (method, path, read) => {
    const { status, body } = await send(method, path, 'wrong')
    expect(status).toBe(401)
    expect(read(body as string)).toEqual({
      code: 'unauthenticated',
      error: expect.stringMatching(/^a valid key is needed: send it as "Authorization: Bearer KEY"/),
    })
  })

  test('on a page is a page', async () => {
    const { status, headers, body } = await send('GET', '/', 'none', { headers: { accept: 'text/html' } })
    expect([status, headers['content-type']]).toEqual([401, 'text/html; charset=utf-8'])
    expect(body).toContain('a valid key is needed')
  })

  test('again and again is a 429 that says how long to wait', async () => {
    const handle = createGuarded()
    const wrong = request('POST', '/v2/models/fraud/infer', 'wrong', { peer: '192.0.2.1' })
    for (let i = 0; i < MAX_FAILURES; i++) expect((await handle(wrong, PLANE, { aborted: false })).status).toBe(401)
    const answer = await handle(wrong, PLANE, { aborted: false })
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '60'])
    const good = request('GET', '/v2/models', 'inference', { peer: '192.0.2.1' })
    expect((await handle(good, PLANE, { aborted: false })).status).toBe(200)
  })

  test.each(['/v2/models/fraud/infer', '/invocations', '/nothing', '/'])(
    'tells nobody the key that was sent to %s',
    async (path) => {
      const canary = createKey()
      const method = path === '/' ? 'GET' : 'POST'
      const requests = [
        { headers: { authorization: `Bearer ${canary}` } },
        { headers: { 'x-api-key': canary } },
        { query: `api_key=${canary}` },
        { headers: { authorization: `Bearer ${principals.inference}` }, path: `${path}/${canary}` },
      ]
      const failures: unknown[] = []
      const { authorize } = createAuthorizer(keys, { now: () => 0, calendarNow: () => NOW })
      const handle = createRouter({ protocols, authorize, onFailure: (error) => void failures.push(error) })
      for (const { headers, ...rest } of requests) {
        const asking = request(method, path, 'none', { ...rest, headers: { accept: 'text/html', ...headers } })
        const answer = await handle(asking, PLANE, { aborted: false })
        expect(answer.status).toBeGreaterThan(400)
        expect(JSON.stringify(answer)).not.toContain(canary.slice(4, 20))
      }
      expect(failures).toEqual([])
    },
  )
})

describe('what does not exist', () => {
  test.each(['/nothing', '/v2/models/', '//v2', '/V2', '/v2/models/a%2fb', '/v2/health/live/', '/metrics/'])(
    '(%s) is a 404 to who has a key, and 401 to strangers',
    async (path) => {
      for (const who of Object.keys(principals) as Who[]) {
        const isHolder = who === 'inference' || who === 'operations' || who === 'both'
        expect([who, (await send('GET', path, who)).status]).toEqual([who, isHolder ? 404 : 401])
      }
    },
  )

  test.each(['/v2/models', '/v2/repository/index', '/invocations', '/ping', '/nothing', '/'])(
    'as a method of %s is told to who has a key; strangers do not learn which paths there are',
    async (path) => {
      for (const who of ['none', 'expired', 'wrong'] as const) {
        const answer = await send('BREW', path, who)
        expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="slipway"' } })
        expect(answer).toEqual(await send('BREW', '/nothing', who))
      }
    },
  )

  test('as a method is a 405 to who has a key, with those that there are', async () => {
    for (const who of ['inference', 'operations', 'both'] as const)
      expect(await send('DELETE', '/v2/models', who)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  })
})

describe('without keys', () => {
  test('everybody is let in everywhere', async () => {
    const handle = createRouter({ protocols })
    for (const [method, path, who] of cases) {
      const { status } = await handle(request(method, path, who), PLANE, { aborted: false })
      expect([401, 403]).not.toContain(status)
    }
  })
})
