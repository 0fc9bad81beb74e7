import { describe, expect, test } from 'vitest'
import { ERROR_CODES, ServingError } from '../../core/errors.ts'
import type { Signature } from '../../tensor/signature.ts'
import { tensor, type Tensor } from '../../tensor/tensor.ts'
import type { WireRequest, WireResponse } from '../protocol.ts'
import { createRouter } from '../router.ts'
import { rowsPlane, SUMS } from '../rows-plane.fixture.ts'
import { v1 } from './v1.ts'

const { plane } = rowsPlane([{ labels: ['2', 'stable'] }, { labels: ['1'] }, { name: 'other' }])
const PREDICT = '/v1/models/iris:predict'

function send(method: string, path: string, rest: Partial<WireRequest> = {}, on = plane): Promise<WireResponse> {
  const request: WireRequest = { method, path, query: '', headers: {}, body: new Uint8Array(), ...rest }
  return createRouter({ protocols: [v1] })(request, on, { aborted: false })
}

function post(path: string, body: string, headers: WireRequest['headers'] = {}, on = plane): Promise<WireResponse> {
  return send('POST', path, { body: Buffer.from(body), headers }, on)
}

async function get(path: string, on = plane): Promise<unknown> {
  const { status, body } = await send('GET', path, {}, on)
  return [status, JSON.parse(String(body))]
}

describe('a prediction', () => {
  test.each([
    ['rows', '{"instances":[[1,2,3,4],[5,6,7,8]]}'],
    ['rows by name', '{"instances":[{"x":[1,2,3,4]},{"x":[5,6,7,8]}]}'],
    ['rows with the signature named', '{"signature_name":"serving_default","instances":[[1,2,3,4],[5,6,7,8]]}'],
    ['rows with no signature named', '{"signature_name":"","instances":[[1,2,3,4],[5,6,7,8]]}'],
    ['rows beside keys that mean nothing here', '{"id":"7","instances":[[1,2,3,4],[5,6,7,8]],"extra":[1]}'],
  ])('of %s is given row by row', async (_name, body) => {
    expect(await post(PREDICT, body)).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"predictions":[{"row":0,"sums":[10,20]},{"row":1,"sums":[26,52]}]}',
    })
  })

  test.each(['{"inputs":[[1,2,3,4],[5,6,7,8]]}', '{"inputs":{"x":[[1,2,3,4],[5,6,7,8]]}}'])(
    'of columns is given by output: %s',
    async (body) => {
      expect((await post(PREDICT, body)).body).toBe('{"outputs":{"row":[0,1],"sums":[[10,20],[26,52]]}}')
    },
  )

  test('of a model with one output is that output alone', async () => {
    const signature = { ...SUMS, outputs: SUMS.outputs.slice(1) }
    const one = rowsPlane([{ signature }], () => new Map([['sums', tensor('FP32', [1, 2], Float32Array.of(1, 2))]]))
    expect((await post(PREDICT, '{"instances":[[1,2,3,4]]}', {}, one.plane)).body).toBe('{"predictions":[[1,2]]}')
    expect((await post(PREDICT, '{"inputs":[[1,2,3,4]]}', {}, one.plane)).body).toBe('{"outputs":[[1,2]]}')
  })

  test.each([
    ['/v1/models/iris', '01'],
    ['/v1/models/iris/versions/1', '02'],
    ['/v1/models/iris/versions/2', '01'],
    ['/v1/models/iris/labels/stable', '01'],
    [`/v1/models/iris/versions/${'02'.repeat(6)}`, '02'],
    ['/v1/models/other', '03'],
  ])('at %s is by the version that the path means', async (base, digits) => {
    const asked: string[] = []
    const watched = {
      ...plane,
      predict: (...all: Parameters<typeof plane.predict>) => {
        asked.push(all[0].version.slice(0, 2))
        return plane.predict(...all)
      },
    }
    expect((await post(`${base}:predict`, '{"instances":[[1,2,3,4]]}', {}, watched)).status).toBe(200)
    expect(asked).toEqual([digits])
  })

  test('takes and gives bytes as base64, by name where the name ends in _bytes', async () => {
    const bytes: Signature = {
      inputs: [{ name: 'image_bytes', datatype: 'BYTES', shape: [-1] }],
      outputs: [
        { name: 'image_bytes', datatype: 'BYTES', shape: [-1] },
        { name: 'text', datatype: 'BYTES', shape: [-1] },
      ],
    }
    const echo = rowsPlane([{ signature: bytes }], (inputs) => {
      const given = inputs.get('image_bytes') as Tensor
      return new Map([
        ['image_bytes', given],
        ['text', given],
      ])
    })
    const body = '{"instances":[{"image_bytes":{"b64":"aGk="}},{"b64":"/w=="},"hi"]}'
    expect((await post(PREDICT, body, {}, echo.plane)).body).toBe(
      '{"predictions":[{"image_bytes":{"b64":"aGk="},"text":"hi"},{"image_bytes":{"b64":"/w=="},"text":{"b64":"/w=="}},{"image_bytes":{"b64":"aGk="},"text":"hi"}]}',
    )
  })

  test.each([
    [
      'another signature',
      '{"signature_name":"other","instances":[[1,2,3,4]]}',
      400,
      'the model has the signature "serving_default", and one for each output: "row", "sums"',
    ],
    ['rows and columns at once', '{"instances":[[1,2,3,4]],"inputs":[[1,2,3,4]]}', 400, 'send the rows once'],
    ['neither', '{"rows":[]}', 400, '"instances" or "inputs" is missing'],
    ['a row that is too short', '{"instances":[[1,2,3,4],[1]]}', 400, 'row 2'],
    ['no JSON', '{"instances":[', 400, 'not valid JSON'],
    ['nothing', '', 400, 'the body is empty'],
    ['a name of a thousand letters', `{"instances":[{"${'é'.repeat(1e4)}":1}]}`, 400, 'is missing'],
  ])('of %s is refused as {"error"}, before the model is run', async (_name, body, status, message) => {
    const { plane: fresh, asked } = rowsPlane()
    const answer = await post(PREDICT, body, {}, fresh)
    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/json'])
    const document = JSON.parse(String(answer.body)) as { error: string }
    expect(Object.keys(document)).toEqual(['error'])
    expect(document.error).toContain(message)
    expect(Buffer.byteLength(answer.body)).toBeLessThanOrEqual(1024)
    expect(asked).toEqual([])
  })

  test('that JSON cannot hold is not acceptable', async () => {
    const { plane: nan } = rowsPlane([{ signature: { ...SUMS, outputs: SUMS.outputs.slice(1) } }], () => {
      return new Map([['sums', tensor('FP32', [1, 2], Float32Array.of(Number.NaN, 2))]])
    })
    const answer = await post(PREDICT, '{"instances":[[1,2,3,4]]}', {}, nan)
    expect(answer.status).toBe(406)
    expect(String(answer.body)).toContain('Open Inference Protocol')
  })
})

describe('an event', () => {
  const event = { 'ce-specversion': '1.0', 'ce-id': '36', 'ce-source': '/a', 'ce-type': 'b', 'ce-time': 'now' }
  const body = '{"instances":[[1,2,3,4]]}'

  test('whose data is the body is answered with an event of its id, from the model', async () => {
    expect(await post(PREDICT, body, event)).toEqual({
      status: 200,
      headers: {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': '36',
        'ce-source': 'io.kserve.inference.iris',
        'ce-type': 'io.kserve.inference.response',
      },
      body: '{"predictions":[{"row":0,"sums":[10,20]}]}',
    })
  })

  test.each<[string, WireRequest['headers'], number, string]>([
    ['of no id', { ...event, 'ce-id': undefined }, 400, 'ce-id is missing'],
    ['of no source', { ...event, 'ce-source': undefined }, 400, 'ce-source is missing'],
    ['of no type', { ...event, 'ce-type': ' ' }, 400, 'ce-type is no text'],
    ['whose id would end a header', { ...event, 'ce-id': 'a\r\nset-cookie: b' }, 400, 'printable ASCII'],
    ['with a long id', { ...event, 'ce-id': 'a'.repeat(257) }, 400, '1 to 256'],
    ['of another version', { ...event, 'ce-specversion': '2.0' }, 400, 'it is 1.0 or 0.3'],
    ['that stands in the body', { 'content-type': 'application/cloudevents+json' }, 501, 'send the binary mode'],
  ])('%s is refused', async (_name, headers, status, message) => {
    const answer = await post(PREDICT, body, headers)
    expect([answer.status, answer.body]).toEqual([status, expect.stringContaining(message)])
    expect(JSON.stringify(answer.headers)).not.toContain('cookie')
  })
})

describe('a model', () => {
  const version = (name: string, state = 'AVAILABLE') => ({
    version: name,
    state,
    status: { error_code: 'OK', error_message: '' },
  })

  test('tells clients of either kind that it is ready, with its versions', async () => {
    const ready = { name: 'iris', ready: true }
    expect(await get('/v1/models/iris')).toEqual([
      200,
      { ...ready, model_version_status: [version('2'), version('1')] },
    ])
    expect(await get('/v1/models/iris/versions/1')).toEqual([200, { ...ready, model_version_status: [version('1')] }])
    expect(await get('/v1/models/iris/labels/stable')).toEqual([
      200,
      { ...ready, model_version_status: [version('2')] },
    ])
  })

  test('without a number is called by its digest, which a path takes too', async () => {
    const [, status] = (await get('/v1/models/other')) as [number, { model_version_status: { version: string }[] }]
    const [{ version: name } = { version: '' }] = status.model_version_status
    expect(name).toBe('030303030303')
    expect((await post(`/v1/models/other/versions/${name}:predict`, '{"instances":[[1,2,3,4]]}')).status).toBe(200)
  })

  test('whose default version is going is not ready; another version that goes is said to', async () => {
    const { plane: going } = rowsPlane([{ state: 'unloading' }])
    expect(await send('GET', '/v1/models/iris', {}, going)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      body: '{"error":"model \\"iris\\" is unloading; ask again a little later"}',
    })
    const { plane: both } = rowsPlane([{ labels: ['2'] }, { labels: ['1'], state: 'unloading' }])
    expect(await get('/v1/models/iris', both)).toMatchObject([
      200,
      { model_version_status: [version('2'), version('1', 'UNLOADING')] },
    ])
  })

  test('describes itself as a saved model does', async () => {
    const dim = (size: string) => ({ size, name: '' })
    expect(await get('/v1/models/iris/labels/stable/metadata')).toEqual([
      200,
      {
        model_spec: { name: 'iris', signature_name: '', version: '2' },
        metadata: {
          signature_def: {
            signature_def: {
              serving_default: {
                inputs: {
                  x: {
                    dtype: 'DT_FLOAT',
                    tensor_shape: { dim: [dim('-1'), dim('4')], unknown_rank: false },
                    name: 'x:0',
                  },
                },
                outputs: {
                  row: { dtype: 'DT_INT64', tensor_shape: { dim: [dim('-1')], unknown_rank: false }, name: 'row:0' },
                  sums: {
                    dtype: 'DT_FLOAT',
                    tensor_shape: { dim: [dim('-1'), dim('2')], unknown_rank: false },
                    name: 'sums:0',
                  },
                },
                method_name: 'tensorflow/serving/predict',
              },
            },
          },
        },
      },
    ])
  })

  test('is listed once, whatever versions it has', async () => {
    expect(await get('/v1/models')).toEqual([200, { models: ['iris', 'other'] }])
  })

  test.each([
    ['GET', '/v1/models/nope', 'Latest(nope)'],
    ['GET', '/v1/models/nope/metadata', 'Latest(nope)'],
    ['POST', '/v1/models/nope:predict', 'Latest(nope)'],
    ['POST', '/v1/models/iris/versions/9:predict', 'Specific(iris, 9)'],
    ['GET', '/v1/models/iris/labels/canary', 'Specific(iris, canary)'],
    ['POST', '/v1/models/slw_abcdef0123456789:predict', 'Latest(slw_…)'],
  ])('that is not there is not found: %s %s', async (method, path, servable) => {
    const { status, body } = await send(method, path)
    expect(status).toBe(404)
    expect((JSON.parse(String(body)) as { error: string }).error).toContain(
      `Servable not found for request: ${servable}; `,
    )
  })

  test.each(['classify', 'regress', 'explain'])('is not asked to %s', async (verb) => {
    const answer = await post(`/v1/models/iris:${verb}`, '{}')
    expect([answer.status, answer.body]).toEqual([501, expect.stringContaining('send the rows to')])
    expect((await post(`/v1/models/nope:${verb}`, '{}')).status).toBe(404)
  })
})

test('every code of failure has a status, and some say when to ask again', () => {
  for (const code of ERROR_CODES) expect(v1.failure(new ServingError(code, 'no')).status).toBeGreaterThanOrEqual(400)
  expect(v1.failure(new ServingError('overloaded', 'full'))).toMatchObject({
    status: 429,
    headers: { 'retry-after': '1' },
    body: '{"error":"full"}',
  })
})
