import { describe, expect, test } from 'vitest'
import { decodeNpy, encodeNpy } from '../../codecs/npy.ts'
import { ERROR_CODES, ServingError } from '../../core/errors.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import type { Signature, TensorSpec } from '../../tensor/signature.ts'
import { tensor } from '../../tensor/tensor.ts'
import { invocations } from '../invocations/invocations.ts'
import type { WireRequest, WireResponse } from '../protocol.ts'
import { ask, HOUSES, IRIS, sumsPlane } from '../sums-plane.fixture.ts'

function planeOf(signature: Signature = IRIS, isReady = true): DataPlane {
  return sumsPlane({ signature, isReady })
}

function send(request: Partial<WireRequest>, plane = planeOf()): Promise<WireResponse> {
  return ask([invocations], { path: '/invocations', ...request }, plane)
}

function post(
  body: string | Uint8Array,
  contentType?: string,
  accept?: string,
  plane?: DataPlane,
): Promise<WireResponse> {
  const headers = { 'content-type': contentType, accept }
  return send({ headers, body: typeof body === 'string' ? Buffer.from(body) : body }, plane)
}

const TWO_ROWS = '{"predictions":[{"label":0,"total":[10,20]},{"label":1,"total":[26,52]}]}'

describe('SageMaker', () => {
  test('/ping tells whether the plane is ready, and nothing else', async () => {
    expect(await send({ method: 'GET', path: '/ping' })).toMatchObject({ status: 200, body: '' })
    expect(await send({ method: 'GET', path: '/ping' }, planeOf(IRIS, false))).toMatchObject({ status: 503, body: '' })
  })

  test.each([
    ['an object of instances', '{"instances":[[1,2,3,4],[5,6,7,8]]}', 'application/json'],
    [
      'an object of features',
      '{"instances":[{"features":[1,2,3,4]},{"x":[5,6,7,8]}]}',
      'application/json; charset=UTF-8',
    ],
    ['a bare array of rows', '[[1,2,3,4],[5,6,7,8]]', 'application/json'],
    ['CSV', '1,2,3,4\n5,6,7,8\n', 'text/csv'],
    ['CSV with a header', 'x_3,x_2,x_1,x_0\n4,3,2,1\n8,7,6,5\n', 'text/csv; header=present'],
    ['JSON lines', '[1,2,3,4]\n{"features":[5,6,7,8]}\n', 'application/jsonlines'],
    ['NDJSON', '[1,2,3,4]\n[5,6,7,8]', 'application/x-ndjson'],
  ])('%s gives the same predictions', async (_name, body, contentType) => {
    const answer = await post(body, contentType, 'application/json')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.body).toBe(TWO_ROWS)
  })

  test.each(['[1,2,3,4]', '{"features":[1,2,3,4]}', '{"x":[1,2,3,4]}'])('the single row %s is taken', async (body) => {
    expect((await post(body, 'application/json')).body).toBe('{"predictions":[{"label":0,"total":[10,20]}]}')
  })

  test('bare values are rows of their own for a model of one column', async () => {
    const plane = planeOf({ ...IRIS, inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }] })
    const answer = await post('[5,6]', 'application/json', undefined, plane)
    expect(answer.body).toBe('{"predictions":[{"label":0,"total":[5,10]},{"label":1,"total":[6,12]}]}')
  })

  test.each<[string, string | undefined, string]>([
    ['application/json', undefined, 'application/json'],
    ['text/csv', undefined, 'text/csv; charset=utf-8'],
    ['text/csv', '', 'text/csv; charset=utf-8'],
    ['text/csv', '*/*', 'text/csv; charset=utf-8'],
    ['text/csv', 'application/*', 'application/json'],
    ['application/json', 'text/*', 'text/csv; charset=utf-8'],
    ['application/json', 'text/csv;q=0.5, application/jsonlines', 'application/jsonlines'],
    ['application/json', 'text/csv, application/jsonlines', 'text/csv; charset=utf-8'],
    ['application/json', 'text/html, */*;q=0.1', 'application/json'],
    ['application/json', 'application/json;q=0, */*;q=0.1', 'text/csv; charset=utf-8'],
    ['application/json', 'application/x-ndjson', 'application/x-ndjson'],
    ['application/jsonl', undefined, 'application/jsonl'],
  ])('a request of %s that accepts %j is answered with %s', async (contentType, accept, expected) => {
    const body = contentType === 'text/csv' ? '1,2,3,4' : '[1,2,3,4]'
    const answer = await post(body, contentType, accept)
    expect(answer.headers['content-type']).toBe(expected)
    expect(answer.body).toBe(
      expected.startsWith('text/csv')
        ? '0,10,20\n'
        : expected === 'application/json'
          ? '{"predictions":[{"label":0,"total":[10,20]}]}'
          : '{"label":0,"total":[10,20]}\n',
    )
  })

  test.each<[string, string | Uint8Array, string | undefined, string | undefined, number, string]>([
    ['no media type', '1,2,3,4', undefined, undefined, 415, 'send one of application/json, text/csv'],
    ['an empty media type', '1,2,3,4', ' ', undefined, 415, 'no content-type'],
    ['bytes', '1', 'application/octet-stream', undefined, 415, '"application/octet-stream" is not taken'],
    ['recordio', '1', 'application/x-recordio-protobuf', undefined, 415, 'is not taken'],
    ['another charset', '[]', 'application/json; charset=utf-16', undefined, 415, 'the charset "utf-16"'],
    ['an unknown accept', '[1,2,3,4]', 'application/json', 'image/png', 406, 'the answer can be application/json'],
    ['an accept that allows nothing', '[1,2,3,4]', 'application/json', '*/*;q=0', 406, 'accept is'],
    [
      'bytes that are not UTF-8',
      Uint8Array.of(0x5b, 0xc3, 0x28, 0x5d),
      'application/json',
      undefined,
      400,
      'not valid UTF-8',
    ],
    ['an empty body', '', 'application/json', undefined, 400, 'the body is empty'],
    ['null', 'null', 'application/json', undefined, 400, '"inputs" is missing'],
    ['an empty array', '[]', 'application/json', undefined, 400, 'no rows'],
    ['a text', '"x"', 'application/json', undefined, 400, '"inputs" is missing'],
    ['a number', '1', 'application/json', undefined, 400, '"inputs" is missing'],
    ['an empty object', '{}', 'application/json', undefined, 400, '"inputs" is missing'],
    ['no instances', '{"instances":[]}', 'application/json', undefined, 400, 'at least one row'],
    [
      'instances that are no array',
      '{"instances":{"length":3}}',
      'application/json',
      undefined,
      400,
      'no array of rows',
    ],
    ['100,000 arrays', '['.repeat(100_000), 'application/json', undefined, 400, 'not valid JSON'],
    ['100,000 closed arrays', '['.repeat(1e5) + ']'.repeat(1e5), 'application/json', undefined, 400, 'row 1'],
    ['100,000 objects', '{"a":'.repeat(100_000), 'application/json', undefined, 400, 'more than 64 deep'],
    ['only __proto__', '{"instances":[{"__proto__":[1,2,3,4]}]}', 'application/json', undefined, 400, 'is missing'],
    ['a million-digit number', `[[1,2,3,${'9'.repeat(1e6)}]]`, 'application/json', undefined, 400, 'out of the range'],
    [
      '300,000 keys',
      `{"instances":[{${Array.from({ length: 3e5 }, (_, i) => `"k${i}":1`).join()}}]}`,
      'application/json',
      undefined,
      400,
      'over 10005 keys',
    ],
    ['NaN', '[[NaN,1,2,3]]', 'application/json', undefined, 400, 'not valid JSON'],
    ['a trailing comma', '[[1,2,3,4],]', 'application/json', undefined, 400, 'not valid JSON'],
    ['ragged CSV', '1,2,3,4\n1,2', 'text/csv', undefined, 400, 'row 2: 2 fields where 4'],
    ['empty CSV', '', 'text/csv', undefined, 400, 'is empty'],
    ['a broken JSON line', '[1,2,3,4]\n[1,', 'application/jsonlines', undefined, 400, 'line 2 is not valid JSON'],
  ])("%s is refused in SageMaker's form", async (_name, body, contentType, accept, status, message) => {
    const answer = await post(body, contentType, accept)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/json')
    const document = JSON.parse(String(answer.body)) as { ErrorCode: string; Message: string }
    expect(document.Message).toContain(message)
    expect(Object.keys(document)).toEqual(['ErrorCode', 'Message'])
    expect(Buffer.byteLength(answer.body)).toBeLessThanOrEqual(1024)
    expect((await post('[1,2,3,4]', 'application/json')).status).toBe(200)
  })

  test('1e999 is refused alike as CSV and as JSON', async () => {
    for (const [body, contentType] of [
      ['1e999,1,1,1', 'text/csv'],
      ['[[1e999,1,1,1]]', 'application/json'],
    ] as const)
      expect(String((await post(body, contentType)).body)).toContain('out of the range of FP32')
  })

  test('an answer that JSON cannot hold is not acceptable, and comes as CSV', async () => {
    const body = '[[3e38,3e38,0,0]]'
    const answer = await post(body, 'application/json')
    expect(answer.status).toBe(406)
    expect(String(answer.body)).toContain('ask for text/csv')
    expect((await post(body, 'application/json', 'text/csv')).body).toBe('0,inf,inf\n')
  })

  test('the target model is looked up by its name, and only names are looked up', async () => {
    const target = (name: string): Promise<WireResponse> =>
      send({
        headers: { 'content-type': 'text/csv', 'x-amzn-sagemaker-target-model': name },
        body: Buffer.from('1,2,3,4'),
      })
    expect((await target('iris')).status).toBe(200)
    expect((await target('other')).status).toBe(404)
    for (const name of ['../../x', '', 'a/b', 'a\0', '.', 'x'.repeat(64)]) expect((await target(name)).status).toBe(400)
  })

  test('a model with one output answers instances with bare values, and rows with objects', async () => {
    const plane = planeOf(HOUSES)
    const answerTo = async (body: string): Promise<unknown> => (await post(body, 'application/json', '', plane)).body
    expect(await answerTo('{"instances":[[1,2],{"age":4,"rooms":3}]}')).toBe('{"predictions":[3,7]}')
    expect(await answerTo('[[1,2],[3,4]]')).toBe('{"predictions":[{"total":3},{"total":7}]}')
  })

  describe('npy', () => {
    const TABLE = encodeNpy(tensor('FP64', [2, 4], Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8)))

    test('comes as rows, and is answered with the only output as it is', async () => {
      const rows = encodeNpy(tensor('FP32', [2, 2], Float32Array.of(1, 2, 3, 4)))
      const answer = await post(rows, 'application/x-npy', undefined, planeOf(HOUSES))
      expect(answer.headers['content-type']).toBe('application/x-npy')
      expect(decodeNpy(answer.body as Uint8Array)).toEqual(tensor('FP32', [2], Float32Array.of(3, 7)))
    })

    test('holds several outputs side by side, as the fields of CSV are', async () => {
      const answer = await post(TABLE, 'application/x-npy', 'application/x-npy')
      expect(decodeNpy(answer.body as Uint8Array)).toEqual(
        tensor('FP64', [2, 3], Float64Array.of(0, 10, 20, 1, 26, 52)),
      )
      expect((await post(TABLE, 'application/x-npy', 'text/csv')).body).toBe('0,10,20\n1,26,52\n')
    })

    test('that cannot hold text among other outputs gives way to JSON, and is refused where nothing else is taken', async () => {
      const total: TensorSpec = { name: 'total', datatype: 'FP32', shape: [-1, 2] }
      const plane = planeOf({ ...IRIS, outputs: [{ name: 'name', datatype: 'BYTES', shape: [-1] }, total] })
      const answered = { ...plane, predict: planeOf().predict.bind(plane) }
      for (const accept of [undefined, '*/*'])
        expect((await post(TABLE, 'application/x-npy', accept, answered)).headers['content-type']).toBe(
          'application/json',
        )
      const refused = await post(TABLE, 'application/x-npy', 'application/x-npy', answered)
      expect([refused.status, String(refused.body)]).toEqual([406, expect.not.stringContaining('or application/x-npy')])
    })

    test.each([
      ['no npy', Buffer.from('1,2,3,4')],
      ['a cut file', TABLE.subarray(0, -1)],
      ['another width', encodeNpy(tensor('FP64', [1, 3], Float64Array.of(1, 2, 3)))],
      [
        'texts',
        encodeNpy(
          tensor(
            'BYTES',
            [1, 4],
            ['1', '2', '3', '4'].map((text) => Buffer.from(text)),
          ),
        ),
      ],
    ])('of %s is refused', async (_name, body) => {
      expect((await post(body, 'application/x-npy')).status).toBe(400)
    })
  })

  describe("SageMaker's headers", () => {
    const withHeaders = (headers: Record<string, string>, plane?: DataPlane): Promise<WireResponse> =>
      send({ headers: { 'content-type': 'text/csv', ...headers }, body: Buffer.from('1,2,3,4') }, plane)

    test('custom attributes come back, where SageMaker would let them pass', async () => {
      const attributes = 'x-amzn-sagemaker-custom-attributes'
      const longest = 'a'.repeat(1024)
      expect((await withHeaders({ [attributes]: longest })).headers[attributes]).toBe(longest)
      expect((await withHeaders({})).headers).not.toHaveProperty(attributes)
      for (const bad of ['a'.repeat(1025), 'é', 'a\r\nset-cookie: b', 'a\0'])
        expect(await withHeaders({ [attributes]: bad })).toMatchObject({
          status: 400,
          headers: { 'content-type': 'application/json' },
        })
    })

    test('an inference id has 1 to 64 characters', async () => {
      const id = 'x-amzn-sagemaker-inference-id'
      expect((await withHeaders({ [id]: 'a'.repeat(64) })).status).toBe(200)
      for (const bad of ['', 'a'.repeat(65), 'a\n']) expect((await withHeaders({ [id]: bad })).status).toBe(400)
    })

    test('a target variant is a label, and an unknown one is refused', async () => {
      const plane = sumsPlane({ labels: ['stable'] })
      const variant = 'x-amzn-sagemaker-target-variant'
      for (const known of ['stable', 'AllTraffic'])
        expect((await withHeaders({ [variant]: known }, plane)).status).toBe(200)
      for (const bad of ['canary', '', '../x', 'a b']) {
        const answer = await withHeaders({ [variant]: bad }, plane)
        expect([bad, answer.status]).toEqual([bad, 400])
      }
    })

    test('a target model may be called as its file is', async () => {
      const plane = sumsPlane({ names: ['iris', 'wine', 'odd.tar.gz'] })
      const target = 'x-amzn-sagemaker-target-model'
      for (const name of ['wine', 'wine.tar.gz', 'odd.tar.gz'])
        expect([name, (await withHeaders({ [target]: name }, plane)).status]).toEqual([name, 200])
      expect((await withHeaders({ [target]: 'beer.tar.gz' }, plane)).status).toBe(404)
    })
  })

  test('every code of failure has a status', () => {
    for (const code of ERROR_CODES)
      expect(invocations.failure(new ServingError(code, 'no')).status).toBeGreaterThanOrEqual(400)
    expect(invocations.failure(new ServingError('overloaded', 'full')).status).toBe(429)
    expect(invocations.failure(new ServingError('deadline_exceeded', 'late')).status).toBe(504)
  })
})
