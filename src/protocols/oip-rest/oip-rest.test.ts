import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ERROR_CODES, ServingError, type ErrorCode } from '../../core/errors.ts'
import { createLocalPlane, type LocalPlane } from '../../runtime/local-plane.ts'
import type { DataPlane, PredictContext } from '../../runtime/plane.ts'
import { timesBundle, timesEngine, type TimesEngine } from '../../runtime/times-bundle.fixture.ts'
import { tensor } from '../../tensor/tensor.ts'
import type { WireRequest } from '../protocol.ts'
import { createRouter } from '../router.ts'
import { INFERENCE_EXTENSIONS } from './extensions.ts'
import { createOipRest } from './oip-rest.ts'
import { choicesOf } from '../../runtime/choices.fixture.ts'

const protocol = createOipRest('1.2.3')
const handle = createRouter({ protocols: [protocol] })
const bundle = timesBundle()
const version = bundle.digest.slice(0, 12)

let engine: TimesEngine
let plane: LocalPlane
let time: number

beforeEach(async () => {
  time = 0
  engine = timesEngine()
  plane = createLocalPlane({
    engines: [engine],
    choose: () => choicesOf(),
    timeoutMs: 1000,
    now: () => time,
  })
  await plane.load(bundle)
  plane.setReady(true)
})

afterEach(() => plane.close())

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

async function send(request: Partial<WireRequest>, target: DataPlane = plane): Promise<Answer> {
  const whole = { method: 'GET', path: '/v2', query: '', headers: {}, body: new Uint8Array(), ...request }
  const answer = await handle(whole, target, { aborted: false })
  expect(answer.headers['content-type']).toBe('application/json')
  return { ...answer, body: JSON.parse(answer.body as string) as unknown }
}

function get(path: string, target?: DataPlane): Promise<Answer> {
  return send({ path }, target)
}

const X = { name: 'x', shape: [1, 2], datatype: 'FP64', data: [3, 4] }

interface InferOptions {
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly plane?: DataPlane
}

function infer(document: unknown, options: InferOptions = {}): Promise<Answer> {
  const { path = '/v2/models/times/infer', headers = {} } = options
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  return send({ method: 'POST', path, headers, body: new TextEncoder().encode(text) }, options.plane)
}

const PRODUCT = { name: 'product', datatype: 'FP64', shape: [1, 2], data: [6, 8] }
const ROWS = { name: 'rows', datatype: 'INT64', shape: [1], data: [1] }

describe('the server', () => {
  test('says its name, version and extensions', async () => {
    expect(await get('/v2')).toMatchObject({
      status: 200,
      body: {
        name: 'slipway',
        version: '1.2.3',
        extensions: expect.arrayContaining([...INFERENCE_EXTENSIONS]) as string[],
      },
    })
  })

  test('is live from the start, and ready when its plane is', async () => {
    expect(await get('/v2/health/live')).toMatchObject({ status: 200, body: { live: true } })
    expect(await get('/v2/health/ready')).toMatchObject({ status: 200, body: { ready: true, live: true } })
    plane.setReady(false)
    expect(await get('/v2/health/live')).toMatchObject({ status: 200, body: { live: true } })
    expect(await get('/v2/health/ready')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { ready: false, live: true },
    })
  })

  test('lists its models', async () => {
    await plane.load(timesBundle(), { name: 'another' })
    expect(await get('/v2/models')).toMatchObject({ status: 200, body: { models: ['another', 'times'] } })
  })

  test('lists a model of two versions once, and each version once: by its number, or else by its digest', async () => {
    const other = timesBundle({ factor: 5 })
    await plane.load(other, { labels: ['2', 'canary'], isDefault: false })
    expect(await get('/v2/models')).toMatchObject({ body: { models: ['times'] } })
    expect(await get('/v2/models/times')).toMatchObject({
      body: { versions: [version, '2'] },
    })
    expect((await get('/v2/models/times/versions/2')).body).toEqual(
      (await get('/v2/models/times/versions/canary')).body,
    )
    expect(await get('/v2/models/times/versions/canary')).toMatchObject({
      body: { properties: { digest: other.digest, labels: '["2","canary"]' } },
    })
  })

  test('takes a query on every path, and ignores it', async () => {
    const request = { path: '/v2/models/times/ready', query: 'version=1&version=2&__proto__[x]=1' }
    expect(await send(request)).toMatchObject({ status: 200, body: { ready: true } })
  })
})

describe('shared memory', () => {
  test.each(['systemsharedmemory', 'cudasharedmemory'])(
    'as %s is none: nothing is registered, or can be',
    async (kind) => {
      for (const path of [`/v2/${kind}`, `/v2/${kind}/region/mine`]) {
        expect(await get(`${path}/status`)).toMatchObject({ status: 200, body: [] })
        const request = { method: 'POST', path: `${path}/unregister`, query: '', headers: {}, body: new Uint8Array() }
        expect(await handle(request, plane, { aborted: false })).toMatchObject({ status: 200, body: '' })
      }
      expect(await send({ method: 'POST', path: `/v2/${kind}/region/mine/register` })).toMatchObject({
        status: 501,
        body: { code: 'unsupported', error: expect.stringContaining('send tensors in the body') as string },
      })
    },
  )
})

describe('a model', () => {
  const bases = [
    '/v2/models/times',
    `/v2/models/times/versions/${version}`,
    `/v2/models/times/versions/${bundle.digest}`,
  ]

  test.each(bases)('says at %s what it takes and gives', async (path) => {
    expect(await get(path)).toMatchObject({ status: 200 })
    expect((await get(path)).body).toEqual({
      name: 'times',
      versions: [version],
      platform: 'slipway_times',
      inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 2] }],
      outputs: [
        { name: 'product', datatype: 'FP64', shape: [-1, 2] },
        { name: 'rows', datatype: 'INT64', shape: [-1] },
      ],
      properties: {
        digest: bundle.digest,
        plan: 'in-tick: a test says so',
        max_batch_rows: '8: a test says so',
        'columns.x': '["a","b"]',
      },
    })
  })

  test.each(bases)('is ready, and answers, at %s', async (path) => {
    expect(await get(`${path}/ready`)).toMatchObject({ status: 200, body: { name: 'times', ready: true } })
    expect((await infer({ inputs: [X] }, { path: `${path}/infer` })).body).toEqual({
      model_name: 'times',
      model_version: version,
      outputs: [PRODUCT, ROWS],
    })
  })

  test('that is being taken out is unavailable to its readiness probe', async () => {
    const leaving: DataPlane = { ...plane, model: () => ({ ...plane.model('times'), state: 'unloading' }) }
    expect(await get('/v2/models/times/ready', leaving)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: { error: 'model times is unloading', code: 'unavailable' },
    })
  })

  test.each([
    '/v2/models/ghost',
    '/v2/models/__proto__',
    '/v2/models/..',
    '/v2/models/times/versions/9999',
    '/v2/models/times/versions/-1',
    '/v2/models/times/versions/latest',
    `/v2/models/times/versions/${version.slice(0, 11)}`,
  ])('%s is not found by any of its routes', async (path) => {
    for (const answer of [
      await get(path),
      await get(`${path}/ready`),
      await infer({ inputs: [X] }, { path: `${path}/infer` }),
    ])
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', error: expect.any(String) as string } })
  })

  test('is asked by POST and described by GET', async () => {
    expect(await get('/v2/models/times/infer')).toMatchObject({ status: 405, headers: { allow: 'POST' } })
    expect(await send({ method: 'POST', path: '/v2/models/times/ready' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    })
  })
})

describe('an inference', () => {
  test('echoes the id that it was given, and no other', async () => {
    expect((await infer({ id: 'r "1"', inputs: [X] })).body).toMatchObject({ id: 'r "1"' })
    for (const request of [{ inputs: [X] }, { id: '', inputs: [X] }])
      expect((await infer(request)).body).not.toHaveProperty('id')
  })

  test('gives the outputs asked for, in their order; all when none or an empty list is', async () => {
    const outputsFor = async (outputs?: unknown): Promise<unknown> =>
      ((await infer({ inputs: [X], outputs })).body as { outputs: unknown }).outputs
    expect(await outputsFor()).toEqual([PRODUCT, ROWS])
    expect(await outputsFor([])).toEqual([PRODUCT, ROWS])
    expect(await outputsFor([{ name: 'rows' }])).toEqual([ROWS])
    expect(await outputsFor([{ name: 'rows' }, { name: 'product' }])).toEqual([ROWS, PRODUCT])
  })

  test('is JSON whatever the content type says', async () => {
    for (const type of ['application/octet-stream', 'text/plain', ''])
      expect(await infer({ inputs: [X] }, { headers: { 'content-type': type } })).toMatchObject({ status: 200 })
  })

  test('takes whole numbers for a model of floats', async () => {
    const whole = { ...X, datatype: 'INT64', data: [3, 4] }
    expect((await infer({ inputs: [whole] })).body).toMatchObject({ outputs: [PRODUCT, ROWS] })
  })

  test.each<[string, unknown, string]>([
    ['no JSON', '{', 'the body is no JSON'],
    ['no inputs', {}, '"inputs" is missing'],
    ['an empty list of inputs', { inputs: [] }, 'input "x" is missing; the model takes "x"'],
    ['an unknown input', { inputs: [X, { ...X, name: 'z' }] }, 'input "z" is unknown'],
    ['another datatype', { inputs: [{ ...X, datatype: 'BYTES', data: ['a', 'b'] }] }, 'the model takes FP64'],
    ['another width', { inputs: [{ ...X, shape: [2, 1] }] }, 'has the shape [2,1], the model takes [-1,2]'],
    ['an unknown output', { inputs: [X], outputs: [{ name: 'ghost' }] }, 'output "ghost" is unknown'],
    ['an output twice', { inputs: [X], outputs: [{ name: 'rows' }, { name: 'rows' }] }, 'is asked for twice'],
  ])('of %s is a 400 that says why', async (_what, document, message) => {
    expect(await infer(document)).toMatchObject({
      status: 400,
      body: { code: 'invalid_argument', error: expect.stringContaining(message) as string },
    })
  })

  test('has the priority of its parameters, and ends when their timeout has passed, in microseconds', async () => {
    const contexts: PredictContext[] = []
    const spying: DataPlane = {
      ...plane,
      predict(model, inputs, context) {
        contexts.push(context)
        return plane.predict(model, inputs, context)
      },
    }
    await infer({ inputs: [X], parameters: { timeout: 2500, priority: 1 } }, { plane: spying })
    await infer({ inputs: [X] }, { plane: spying })
    expect(contexts.map((context) => context.timeoutMs)).toEqual([2.5, undefined])
    expect(contexts.map((context) => context.priority)).toEqual([1, undefined])
    const late = infer({ inputs: [X], parameters: { timeout: 2500 } })
    time = 3
    expect(await late).toMatchObject({ status: 504, body: { code: 'deadline_exceeded' } })
  })

  test('of a caller that has gone is not run', async () => {
    const body = new TextEncoder().encode(JSON.stringify({ inputs: [X] }))
    const request = { method: 'POST', path: '/v2/models/times/infer', query: '', headers: {}, body }
    expect(await handle(request, plane, { aborted: true })).toMatchObject({ status: 499 })
  })

  test('on which the model fails is a 500 without the text of the failure', async () => {
    const answer = await infer({ inputs: [{ ...X, data: [-1, 0] }] })
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } })
    expect(JSON.stringify(answer)).not.toContain('secret')
  })

  test('whose answer JSON cannot hold is refused, and not with bad JSON', async () => {
    const outputs = new Map([['y', tensor('FP64', [1], Float64Array.of(Number.NaN))]])
    const nan: DataPlane = { ...plane, predict: (model) => Promise.resolve({ model, outputs }) }
    expect(await infer({ inputs: [X] }, { plane: nan })).toMatchObject({
      status: 406,
      body: {
        code: 'unsupported',
        error: expect.stringContaining('output "y" is NaN at element 0, which has no JSON form; ask') as string,
      },
    })
  })

  test('may say that all of its body is JSON, which is no binary part', async () => {
    const length = String(JSON.stringify({ inputs: [X] }).length)
    expect(await infer({ inputs: [X] }, { headers: { 'inference-header-content-length': length } })).toMatchObject({
      status: 200,
      body: { outputs: [PRODUCT, ROWS] },
    })
  })
})

describe('a failure', () => {
  test.each<[ErrorCode, number]>([
    ['invalid_argument', 400],
    ['too_large', 413],
    ['unsupported', 501],
    ['refused', 422],
    ['unauthenticated', 401],
    ['permission_denied', 403],
    ['not_found', 404],
    ['conflict', 409],
    ['overloaded', 429],
    ['unavailable', 503],
    ['deadline_exceeded', 504],
    ['cancelled', 499],
    ['internal', 500],
  ])('%s has the status %d', (code, status) => {
    const answer = protocol.failure(new ServingError(code, 'what is wrong', { details: { path: 'kept here' } }))
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body as string)).toEqual({ error: 'what is wrong', code })
    expect(answer.headers['retry-after']).toBe(code === 'overloaded' || code === 'unavailable' ? '1' : undefined)
  })

  test('of every code stands in that table', () => {
    expect(ERROR_CODES).toHaveLength(13)
    for (const code of ERROR_CODES) expect(protocol.failure(new ServingError(code, 'x')).status).toBeGreaterThan(399)
  })
})
