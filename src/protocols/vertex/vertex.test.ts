import { describe, expect, test } from 'vitest'
import { ERROR_CODES, ServingError } from '../../core/errors.ts'
import { tensor, type Tensor } from '../../tensor/tensor.ts'
import { allProtocols, type PlatformRoutes } from '../index.ts'
import type { Route, WireRequest, WireResponse } from '../protocol.ts'
import { createRouter } from '../router.ts'
import { rowsPlane, SUMS } from '../rows-plane.fixture.ts'
import { createVertex } from './vertex.ts'

const { plane } = rowsPlane([{ labels: ['7'] }, { name: 'other' }])
const ENDPOINT = '/v1/projects/p/locations/us-central1/endpoints'
const ROWS = '{"instances":[[1,2,3,4],[5,6,7,8]],"parameters":{"confidence":0.5}}'
const PREDICTIONS = '"predictions":[{"row":0,"sums":[10,20]},{"row":1,"sums":[26,52]}]'

interface Sent {
  readonly body?: string
  readonly headers?: WireRequest['headers']
  readonly routes?: PlatformRoutes
  readonly on?: typeof plane
}

function send(
  method: string,
  path: string,
  { body = '', headers = {}, routes, on = plane }: Sent = {},
): Promise<WireResponse> {
  const request: WireRequest = { method, path, query: '', headers, body: Buffer.from(body) }
  return createRouter({ protocols: allProtocols('1.0.0', routes) })(request, on, { aborted: false })
}

describe('a container', () => {
  const routes = { predictRoute: '/predict', healthRoute: '/well' }
  const own = '/v1/endpoints/123/deployedModels/456'

  test.each([
    [undefined, `${own}:predict`],
    [routes, `${own}:predict`],
    [routes, '/predict'],
    [{ predictRoute: `${own}:predict` }, `${own}:predict`],
    [{ predictRoute: '/v1/endpoints/123/predict' }, '/v1/endpoints/123/predict'],
  ])('with the routes %j predicts at %s by the default model', async (given, path) => {
    expect(await send('POST', path, { body: ROWS, ...(given && { routes: given }) })).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: `{${PREDICTIONS}}`,
    })
  })

  test.each([own, '/well'])('is asked at %s whether it is well', async (path) => {
    expect(await send('GET', path, { routes })).toMatchObject({ status: 200, body: '' })
    const { plane: starting } = rowsPlane([{}], undefined, false)
    expect(await send('GET', path, { routes, on: starting })).toMatchObject({ status: 503, body: '' })
  })

  test.each([
    [
      '/v2/models/iris/infer',
      '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,4],"data":[1,2,3,4]}]}',
      '"outputs"',
    ],
    ['/v1/models/iris:predict', '{"inputs":[[1,2,3,4]]}', '"outputs"'],
  ])('whose route is one of another protocol answers there as that does: %s', async (predictRoute, body, part) => {
    for (const routes of [undefined, { predictRoute, healthRoute: '/ping' }]) {
      const answer = await send('POST', predictRoute, { body, ...(routes && { routes }) })
      expect([answer.status, String(answer.body)]).toEqual([200, expect.stringContaining(part)])
    }
  })

  test('whose route begins like those of others hides none of them', async () => {
    const routes = { predictRoute: '/v1/models/iris/predict', healthRoute: '/v1/models/iris/well' }
    expect((await send('POST', '/v1/models/iris/predict', { body: ROWS, routes })).body).toBe(`{${PREDICTIONS}}`)
    expect((await send('GET', '/v1/models/iris', { routes })).status).toBe(200)
    expect((await send('GET', '/v1/models/iris/versions/7', { routes })).status).toBe(200)
  })

  test('that is told no routes has none but its own', async () => {
    for (const path of ['/predict', '/well']) expect((await send('POST', path, { body: ROWS })).status).toBe(404)
  })

  test('takes bytes as base64, and gives those that are no text so', async () => {
    const spec = { name: 'x', datatype: 'BYTES', shape: [-1] } as const
    const { plane: echo } = rowsPlane([{ signature: { inputs: [spec], outputs: [spec] } }], (inputs) => inputs)
    const body = '{"instances":[{"b64":"aGk="},{"x":{"b64":"/w=="}}]}'
    expect((await send('POST', `${own}:predict`, { body, on: echo })).body).toBe(
      '{"predictions":["hi",{"b64":"/w=="}]}',
    )
  })
})

describe('a client of an endpoint', () => {
  test.each(['v1', 'v1beta1'])('of %s gets the predictions and what gave them', async (version) => {
    const answer = await send('POST', `${ENDPOINT.replace('v1', version)}/iris:predict`, { body: ROWS })
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
    expect(answer.body).toBe(
      `{${PREDICTIONS},"deployedModelId":"010101010101","model":"projects/p/locations/us-central1/models/iris","modelDisplayName":"iris","modelVersionId":"7"}`,
    )
  })

  test('means the model that the endpoint names', async () => {
    const answer = await send('POST', `${ENDPOINT}/other:predict`, { body: ROWS })
    expect(JSON.parse(String(answer.body))).toMatchObject({ modelDisplayName: 'other', modelVersionId: '020202020202' })
  })

  test.each([
    ['no instances', `${ENDPOINT}/iris:predict`, '{}', 400, 'INVALID_ARGUMENT', '"instances" is missing'],
    [
      'columns',
      `${ENDPOINT}/iris:predict`,
      '{"inputs":[[1,2,3,4]]}',
      400,
      'INVALID_ARGUMENT',
      '"instances" is missing',
    ],
    ['a bad row', `${ENDPOINT}/iris:predict`, '{"instances":[[1]]}', 400, 'INVALID_ARGUMENT', 'row 1'],
    [
      'parameters that are none',
      `${ENDPOINT}/iris:predict`,
      '{"instances":[[1,2,3,4]],"parameters":1}',
      400,
      'INVALID_ARGUMENT',
      'it is an object',
    ],
    ['an unknown endpoint', `${ENDPOINT}/nope:predict`, ROWS, 404, 'NOT_FOUND', 'nope'],
    ['an unknown endpoint for bodies', `${ENDPOINT}/nope:rawPredict`, ROWS, 404, 'NOT_FOUND', 'nope'],
    ['a wish for explanations', `${ENDPOINT}/iris:explain`, ROWS, 501, 'UNIMPLEMENTED', 'send the instances'],
    [
      'long names',
      `${ENDPOINT}/iris:predict`,
      `{"instances":[{"${'é'.repeat(1e4)}":1}]}`,
      400,
      'INVALID_ARGUMENT',
      'is missing',
    ],
  ])("that sends %s is told so in Google's form", async (_name, path, body, code, status, message) => {
    const answer = await send('POST', path, { body })
    expect(answer.status).toBe(code)
    expect(JSON.parse(String(answer.body))).toEqual({
      error: { code, status, message: expect.stringContaining(message) as string },
    })
    expect(Buffer.byteLength(answer.body)).toBeLessThanOrEqual(1024)
  })

  test('is told of an answer that JSON cannot hold', async () => {
    const signature = { ...SUMS, outputs: SUMS.outputs.slice(1) }
    const { plane: nan } = rowsPlane([{ signature }], () => {
      return new Map<string, Tensor>([['sums', tensor('FP32', [1, 2], Float32Array.of(Infinity, 2))]])
    })
    const answer = await send('POST', `${ENDPOINT}/iris:predict`, { body: '{"instances":[[1,2,3,4]]}', on: nan })
    expect(JSON.parse(String(answer.body))).toMatchObject({ error: { code: 400, status: 'FAILED_PRECONDITION' } })
  })
})

describe('a body that is passed on', () => {
  const GAPIC = { 'x-goog-api-client': 'gl-python/3.12 rest@2.34 gapic/2.7.0', 'content-type': 'application/json' }

  /** Answers with what it was given. */
  const echo: Route['handle'] = ({ headers, body }, on) => ({
    status: 200,
    headers: { 'content-type': headers['content-type'] ?? 'none', 'x-model': on.model().name },
    body,
  })

  function pass(body: string, headers: WireRequest['headers']): Promise<WireResponse> {
    const invocations: Route = { method: 'POST', path: '/echo', handle: echo }
    const path = `${ENDPOINT}/other:rawPredict`
    const request: WireRequest = { method: 'POST', path, query: '', headers, body: Buffer.from(body) }
    return createRouter({ protocols: [createVertex({ invocations })] })(request, plane, { aborted: false })
  }

  test('reaches the model of the endpoint as it is', async () => {
    for (const [body, headers] of [
      ['1,2,3,4', { 'content-type': 'text/csv' }],
      ['{"httpBody":{}}', { 'content-type': 'application/json' }],
      ['{"instances":[]}', GAPIC],
      ['no JSON', GAPIC],
    ] as const) {
      const answer = await pass(body, headers)
      expect(String(answer.body)).toBe(body)
      expect(answer.headers).toEqual({ 'content-type': headers['content-type'], 'x-model': 'other' })
    }
  })

  test('in the envelope of a generated client is taken out of it, and so is the answer put into one', async () => {
    const body = JSON.stringify({
      httpBody: { contentType: 'text/csv', data: Buffer.from('1,é,\0').toString('base64') },
    })
    expect(await pass(body, GAPIC)).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json', 'x-model': 'other' },
      body: JSON.stringify({ contentType: 'text/csv', data: Buffer.from('1,é,\0').toString('base64') }),
    })
  })

  test.each(['{"data":1}', '{"data":"ü"}', '{"contentType":1,"data":""}'])(
    'in a broken envelope is refused: %s',
    async (inner) => {
      const answer = await pass(`{"httpBody":${inner}}`, GAPIC)
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('no base64')])
    },
  )

  test('is read as /invocations reads it', async () => {
    const answer = await send('POST', `${ENDPOINT}/iris:rawPredict`, {
      body: '1,2,3,4',
      headers: { 'content-type': 'text/csv' },
    })
    expect([answer.status, answer.body]).toEqual([200, '0,10,20\n'])
  })
})

test('every code of failure has a status that Google has a word for', () => {
  const vertex = createVertex()
  for (const code of ERROR_CODES) {
    const answer = vertex.failure(new ServingError(code, 'no'))
    const { error } = JSON.parse(String(answer.body)) as { error: { code: number; status: string } }
    expect(error.code).toBe(answer.status)
    expect(error.status).toMatch(/^[A-Z_]+$/)
  }
  expect(vertex.failure(new ServingError('overloaded', 'full'))).toMatchObject({
    status: 429,
    headers: { 'retry-after': '1' },
  })
})
