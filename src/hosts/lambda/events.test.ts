import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromAnswer, toEvent, type FrontKind, type HttpRequest } from '../../../test/support/lambda-gateway.ts'
import { ServingError } from '../../core/errors.ts'
import { empty, json, type WireRequest } from '../../protocols/protocol.ts'
import { toWireRequest } from './events.ts'
import { toResponse } from './failure.ts'

const KINDS: readonly FrontKind[] = ['v1', 'v2', 'url', 'alb', 'alb-multi']

/** The least significant bits, all byte values, no UTF-8. */
const BINARY = Uint8Array.from({ length: 512 }, (_, i) => i & 255)

const CASES: Readonly<Record<string, HttpRequest>> = {
  'a JSON body': post(
    '/v2/models/m/infer',
    [['Content-Type', 'application/json']],
    '{"inputs":[{"data":["é","\\u0000"]}]}',
  ),
  'a binary body': post('/invocations', [['Content-Type', 'application/octet-stream']], BINARY),
  'repeated headers': post(
    '/invocations',
    [
      ['Accept', 'text/csv'],
      ['X-A', '1'],
      ['accept', 'application/json'],
    ],
    '1,2',
  ),
  'a query': post('/predict?a=1&a=2&b=x%20y&c=', [], ''),
  'a percent-encoded path': post('/v2/models/caf%C3%A9%20au%20lait/infer', [], ''),
  'an empty body': { method: 'GET', target: '/ping', headers: [['Host', 'h']], body: Buffer.alloc(0) },
}

function post(target: string, headers: [string, string][], body: string | Uint8Array): HttpRequest {
  return { method: 'POST', target, headers: [['Host', 'h'], ...headers], body: Buffer.from(body) }
}

/** What an HTTP server makes of it. */
function asHttpHost(kind: FrontKind, { method, target, headers, body }: HttpRequest): WireRequest {
  const [path = '', query = ''] = target.split('?')
  const joined: Record<string, string> = {}
  const separator = kind === 'v2' || kind === 'url' ? ',' : ', ' // those join themselves
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    // Without multi-value headers a load balancer keeps the last of them.
    joined[key] = joined[key] === undefined || kind === 'alb' ? value : `${joined[key]}${separator}${value}`
  }
  return { method, path, query: kind === 'alb' ? query.replace('a=1&', '') : query, headers: joined, body }
}

function read(event: unknown, basePath?: string): ReturnType<typeof toWireRequest> {
  return toWireRequest(Buffer.from(JSON.stringify(event)), basePath === undefined ? {} : { basePath })
}

function requestOf(event: unknown, basePath?: string): WireRequest {
  const { request } = read(event, basePath)
  if (request instanceof ServingError) throw request
  return { ...request, body: Buffer.from(request.body) }
}

describe.each(KINDS)('an event of kind %s', (kind) => {
  test.each(Object.entries(CASES))('with %s is the request that an HTTP server sees', (_name, request) => {
    expect(requestOf(toEvent(kind, request))).toStrictEqual(asHttpHost(kind, request))
  })

  test('keeps any body of any media type, byte for byte, both ways', () => {
    const types = fc.constantFrom('application/json', 'text/csv', 'application/octet-stream', 'image/png', '')
    const texts = fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text))
    fc.assert(
      fc.property(types, texts, fc.uint8Array(), (type, text, bytes) => {
        // Text media types carry UTF-8: gateways damage anything else on its way in.
        const body = /json|text/.test(type) ? text : Buffer.from(bytes)
        const event = toEvent(kind, post('/x', type === '' ? [] : [['content-type', type]], body))
        expect(requestOf(event).body).toStrictEqual(body)
        const headers = { 'content-type': type }
        const answer = read(event).respond({ status: 200, headers, body: Buffer.from(bytes) })
        expect(fromAnswer(kind, answer).body).toStrictEqual(Buffer.from(bytes))
      }),
    )
  })

  test('is answered with compressed bytes as base64, even where they could pass for text', () => {
    const body = Buffer.from('all of it ASCII')
    const headers = { 'content-type': 'application/json', 'content-encoding': 'deflate' }
    const answer = read(toEvent(kind, post('/x', [], ''))).respond({ status: 200, headers, body })
    expect(JSON.parse(answer)).toMatchObject({ isBase64Encoded: true })
    expect(fromAnswer(kind, answer).body).toStrictEqual(body)
  })

  test('says what encodings the client takes, unless a REST API would not carry them', () => {
    const { headers } = requestOf(toEvent(kind, post('/x', [['Accept-Encoding', 'gzip']], '')))
    expect(headers['accept-encoding']).toBe(kind === 'v1' ? undefined : 'gzip')
  })

  test('is answered with status, headers and text', () => {
    const answer = read(toEvent(kind, post('/x', [], ''))).respond(json(429, { ü: '"' }, { 'retry-after': '1' }))
    const { status, headers, body } = fromAnswer(kind, answer)
    expect(status).toBe(429)
    expect(headers).toEqual({ 'content-type': 'application/json', 'retry-after': '1' })
    expect(body.toString()).toBe('{"ü":"\\""}')
    expect(JSON.parse(answer)).toMatchObject({ isBase64Encoded: false })
  })

  test('is answered with an empty body', () => {
    const answer = read(toEvent(kind, post('/x', [], ''))).respond(empty(200))
    expect(fromAnswer(kind, answer)).toMatchObject({ status: 200, body: Buffer.alloc(0) })
  })

  test('whose answer lambda would not carry gets too_large in its place', () => {
    const answer = read(toEvent(kind, post('/x', [], ''))).respond(json(200, 'x'.repeat(6_300_000)))
    const { status, body } = fromAnswer(kind, answer)
    expect(status).toBe(413)
    expect(JSON.parse(body.toString()).error).toMatchObject({
      code: 'too_large',
      message: expect.stringContaining(kind.startsWith('alb') ? 'at most 1048576' : 'at most 6291556'),
    })
  })

  test.each([
    ['is an object', { a: 1 }, false, 'of type object'],
    ['is an array', [1], false, 'an array'],
    ['is a number', 7, false, 'of type number'],
    ['claims to be base64 and is not', '{"a":1}', true, 'not valid base64'],
  ])('whose body %s is answered with 400', (_name, body, isBase64Encoded, message) => {
    const { request, respond } = read({ ...toEvent(kind, post('/x', [], '')), body, isBase64Encoded })
    expect(request).toBeInstanceOf(ServingError)
    expect(request).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining(message) })
    expect(fromAnswer(kind, respond(toResponse(request as ServingError))).status).toBe(400)
  })
})

describe('the path', () => {
  const get = (target: string): HttpRequest => ({ method: 'GET', target, headers: [], body: new Uint8Array(0) })
  const pathOf = (event: unknown, basePath?: string): string => requestOf(event, basePath).path

  test.each(['v1', 'url', 'alb'] as const)('of a %s event stays encoded as it came, slashes too', (kind) => {
    expect(pathOf(toEvent(kind, get('/m/a%2Fb%25%c3%A9+;=@')))).toBe('/m/a%2Fb%25%c3%A9+;=@')
  })

  test('that an HTTP API has decoded is encoded again where it must be', () => {
    expect(pathOf(toEvent('v2', get('/m/a%20b%3Fc%23d%25%0A%22')))).toBe('/m/a%20b%3Fc%23d%25%0A%22')
  })

  test.each([
    ['prod', '/prod/v2/models', '/v2/models'],
    ['prod', '/prod', '/'],
    ['prod', '/production/v2', '/production/v2'],
    ['prod', '/v2/models/prod', '/v2/models/prod'],
    ['v2', '/v2/v2/models', '/v2/models'],
    ['$default', '/$default/x', '/$default/x'],
  ])('of an HTTP API loses the stage %s only where it is the first segment: %s', (stage, rawPath, path) => {
    const event = toEvent('v2', get('/'), { stage })
    expect(pathOf({ ...event, rawPath })).toBe(path)
  })

  test('of a REST API keeps a first segment that is called like its stage', () => {
    expect(pathOf(toEvent('v1', get('/prod/x'), { stage: 'prod' }))).toBe('/prod/x')
  })

  test('of an HTTP API with payload format 1.0 loses its stage', () => {
    expect(pathOf({ ...toEvent('v1', get('/prod/x'), { stage: 'prod' }), version: '1.0' })).toBe('/x')
  })

  test.each(['/ml', 'ml', '/ml/'])('loses the base path %s of a custom domain', (basePath) => {
    expect(pathOf(toEvent('v1', get('/ml/ping')), basePath)).toBe('/ping')
    expect(pathOf(toEvent('v1', get('/mlx/ping')), basePath)).toBe('/mlx/ping')
    expect(pathOf(toEvent('v1', get('/ping')), '/')).toBe('/ping')
  })
})

test('cookies of format 2.0 are a cookie header again', () => {
  const request = post('/x', [['Cookie', 'a=1; b=2']], '')
  expect(requestOf(toEvent('v2', request)).headers['cookie']).toBe('a=1; b=2')
})

test('an event of format 2.0 that has members of format 1.0 too is read as 2.0', () => {
  const event = toEvent('url', post('/x', [], '1'))
  expect(requestOf({ httpMethod: 'GET', path: '/other', ...event })).toMatchObject({ method: 'POST', path: '/x' })
  expect(read({ httpMethod: 'GET', ...event }).kind).toBe('function-url')
})

test('a byte order mark at the start of an answer is kept', () => {
  const body = Buffer.from('\uFEFFa,b')
  const answer = read(toEvent('v2', post('/x', [], ''))).respond({
    status: 200,
    headers: { 'content-type': 'text/csv' },
    body,
  })
  expect(fromAnswer('v2', answer).body).toStrictEqual(body)
})

test('a load balancer that sends lists of headers is answered with lists', () => {
  const answer = JSON.parse(read(toEvent('alb-multi', post('/x', [], ''))).respond(empty(404)))
  expect(answer).toMatchObject({ multiValueHeaders: {}, statusDescription: '404 Not Found' })
  expect(answer).not.toHaveProperty('headers')
})

test('a header may be called like a member that all objects have', () => {
  const payload = Buffer.from(
    JSON.stringify(toEvent('v1', post('/x', [], ''))).replace('"Host":["h"]', '"__proto__":["h"]'),
  )
  const { request } = toWireRequest(payload)
  expect(Object.entries((request as WireRequest).headers)).toEqual([['__proto__', 'h']])
})

test.each(KINDS)('members of a %s event that are null are as good as absent', (kind) => {
  const event = toEvent(kind, { method: 'GET', target: '/ping', headers: [['Host', 'h']], body: new Uint8Array(0) })
  const names = ['body', 'rawQueryString', 'cookies', 'queryStringParameters', 'multiValueQueryStringParameters']
  const nulls = Object.fromEntries(names.map((name) => [name, null]))
  expect(requestOf({ ...event, ...nulls })).toEqual(requestOf(event))
  expect(requestOf({ ...event, headers: null, multiValueHeaders: null }).headers).toEqual({})
})

test('an event whose method is missing says so', () => {
  const event = { version: '2.0', rawPath: '/', requestContext: { http: {} } }
  expect(read(event).request).toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining('method is missing'),
  })
})

describe('a direct invocation', () => {
  test.each([
    '{"instances": [[9007199254740993, 1e400, -0]]}',
    '[1,2]',
    'null',
    '"text"',
    '',
    'no JSON',
    '{"httpMethod": "POST", "path": "/ping"}',
    '{"version": "2.0", "rawPath": "/ping"}',
    '{"requestContext": {"elb": {}}}',
  ])('with %s is POST /invocations with those very bytes', (payload) => {
    const { kind, request } = toWireRequest(Buffer.from(payload))
    expect(kind).toBe('direct')
    expect(request).toEqual({
      method: 'POST',
      path: '/invocations',
      query: '',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: Buffer.from(payload),
    })
  })

  const { respond } = toWireRequest(Buffer.from('{"instances": []}'))

  test('is answered with the JSON itself, every digit of its numbers', () => {
    const body = '{"predictions":[9007199254740993]}'
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    expect(respond({ status: 200, headers, body })).toBe(body)
    expect(respond({ status: 200, headers, body: Buffer.from(body) })).toBe(body)
  })

  test('is answered with null for an empty answer, and a JSON string for other text', () => {
    expect(respond(empty(204))).toBe('null')
    expect(respond({ status: 200, headers: { 'content-type': 'text/csv' }, body: '1,"2"\n' })).toBe('"1,\\"2\\"\\n"')
  })

  test('refuses a binary answer', () => {
    const headers = { 'content-type': 'application/octet-stream' }
    expect(() => respond({ status: 200, headers, body: BINARY })).toThrow(
      expect.objectContaining({ code: 'unsupported' }),
    )
  })

  test('refuses an answer that lambda would not carry', () => {
    expect(() => respond(json(200, 'x'.repeat(6_300_000)))).toThrow(expect.objectContaining({ code: 'too_large' }))
  })

  test.each([
    [
      'our neutral form',
      json(404, new ServingError('not_found', 'no model "a"').toJSON()),
      'not_found',
      'no model "a"',
    ],
    ['the SageMaker form', json(400, { ErrorCode: 'unsupported', Message: 'not that' }), 'unsupported', 'not that'],
    ['the V2 form', json(429, { error: 'full' }), 'overloaded', 'full'],
    ['a form unknown, with a status known', json(503, {}), 'unavailable', '{}'],
    ['a status of no code of ours', { status: 418, headers: {}, body: 'tea' }, 'invalid_argument', 'tea'],
    ['a server status of no code of ours', { status: 502, headers: {}, body: 'x' }, 'internal', 'x'],
  ])('throws what a failed answer says: %s', (_name, response, code, message) => {
    expect(() => respond(response)).toThrow(expect.objectContaining({ code, message }))
  })
})
