import { describe, expect, test } from 'vitest'
import { ERROR_CODES, ServingError } from '../../core/errors.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { invocations } from '../invocations/invocations.ts'
import type { WireResponse } from '../protocol.ts'
import { ask, HOUSES, IRIS, sumsPlane } from '../sums-plane.fixture.ts'
import { mlflowFailure } from './failure.ts'
import { createMlflow } from './mlflow.ts'

function send(
  body: string,
  type = 'application/json',
  plane: DataPlane = sumsPlane({ signature: HOUSES }),
): Promise<WireResponse> {
  const request = { path: '/endpoints/iris/invocations', headers: { 'content-type': type }, body: Buffer.from(body) }
  return ask([invocations], request, plane)
}

function get(path: string, plane: DataPlane = sumsPlane()): Promise<WireResponse> {
  return ask([createMlflow('1.2.3')], { method: 'GET', path }, plane)
}

describe('a scoring request', () => {
  test.each([
    ['a split frame in any order', '{"dataframe_split":{"columns":["age","rooms"],"data":[[2,1],[4,3]]}}'],
    ['a frame with a column more', '{"dataframe_split":{"columns":["id","age","rooms"],"data":[[9,2,1],[9,4,3]]}}'],
    ['records', '{"dataframe_records":[{"rooms":1,"age":2},{"age":4,"rooms":3}]}'],
    ['instances of lists', '{"instances":[[1,2],[3,4]]}'],
    ['instances of objects', '{"instances":[{"rooms":1,"age":2},{"rooms":3,"age":4}]}'],
    ['inputs by column', '{"inputs":{"rooms":[1,3],"age":[2,4]},"params":{"verbose":true}}'],
    ['inputs as rows', '{"inputs":[[1,2],[3,4]]}'],
    ['CSV with a header', 'age,rooms\n2,1\n4,3\n', 'text/csv'],
  ])('of %s is answered with bare values', async (_name, body, type = 'application/json') => {
    expect(await send(body, type)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"predictions":[3,7]}',
    })
  })

  test('to a model of several outputs is answered with records', async () => {
    const { body } = await send('{"inputs":[[1,2,3,4]]}', 'application/json', sumsPlane({ signature: IRIS }))
    expect(body).toBe('{"predictions":[{"label":0,"total":[10,20]}]}')
  })

  test('may have NaN where a number is missing, as pandas writes it', async () => {
    const plane = sumsPlane({ signature: HOUSES })
    const seen: unknown[] = []
    const watched: DataPlane = {
      ...plane,
      predict(model, inputs, context) {
        seen.push(inputs.get('x')?.data)
        return plane.predict(
          model,
          new Map([...inputs].map(([name, x]) => [name, { ...x, data: x.data.slice().fill(0 as never) } as typeof x])),
          context,
        )
      },
    }
    expect(
      (await send('{"dataframe_split":{"columns":["rooms","age"],"data":[[NaN,2.0]]}}', undefined, watched)).status,
    ).toBe(200)
    expect(seen).toEqual([Float32Array.of(Number.NaN, 2)])
  })

  test.each([
    ['a list', '[[1,2]]', 'BAD_REQUEST'],
    ['two forms', '{"inputs":[[1,2]],"instances":[[1,2]]}', 'BAD_REQUEST'],
    ['no form', '{"params":{}}', 'BAD_REQUEST'],
    ['no JSON', '{"inputs":', 'BAD_REQUEST'],
    ['a missing column', '{"dataframe_records":[{"rooms":1}]}', 'INVALID_PARAMETER_VALUE'],
    [
      'a text for a number',
      '{"dataframe_split":{"columns":["rooms","age"],"data":[["a",1]]}}',
      'INVALID_PARAMETER_VALUE',
    ],
    ['a row too short', '{"inputs":[[1]]}', 'INVALID_PARAMETER_VALUE'],
  ])('of %s is refused with 400', async (_name, body, code) => {
    const answer = await send(body)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body as string)).toEqual({ error_code: code, message: expect.any(String) })
  })

  test.each(['text/plain', '', 'application/json; charset=latin1', 'application/vnd.apache.parquet'])(
    'of the type "%s" is refused with 415',
    async (type) => {
      expect((await send('{"inputs":[[1,2]]}', type)).status).toBe(415)
    },
  )
})

test('an answer that JSON cannot hold is not acceptable', async () => {
  const answer = await send('{"inputs":[[3e38,3e38]]}')
  expect([answer.status, String(answer.body)]).toEqual([
    406,
    expect.stringContaining('JSON has no such number; ask for text/csv, or in binary by the Open Inference Protocol'),
  ])
})

test('an answer that is NaN names the values that its row came without', async () => {
  const body = '{"dataframe_split":{"columns":["rooms","age"],"data":[[1,2],[NaN,3]]}}'
  expect(String((await send(body)).body)).toContain('of row 2 is NaN (row 2 has no value for \\"rooms\\"), and JSON')
})

test.each([
  ['text/csv', '3\nNaN\n'],
  ['application/json;q=0.5, text/csv', '3\nNaN\n'],
  ['application/json', 406],
  ['*/*', 406],
  ['image/png', 406],
])('whoever accepts %s has CSV where that is preferred, else JSON', async (accept, expected) => {
  for (const path of ['/endpoints/iris/invocations', '/invocations']) {
    const headers = { 'content-type': 'application/json', accept }
    const body = Buffer.from('{"dataframe_records":[{"rooms":1,"age":2},{"rooms":1,"age":null}]}')
    const answer = await ask([invocations], { path, headers, body }, sumsPlane({ signature: HOUSES }))
    if (typeof expected === 'number') expect(answer.status).toBe(expected)
    else
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'content-type': 'text/csv; charset=utf-8' },
        body: expected,
      })
  }
})

test('a table as CSV may have columns more, as one in JSON may', async () => {
  expect((await send('id,age,rooms\nx,2,1\n', 'text/csv')).body).toBe('{"predictions":[3]}')
})

test("a body of the media type that curl's -d sends is told which to send", async () => {
  const answer = await send('{"inputs":[[1,2]]}', 'application/x-www-form-urlencoded')
  expect([answer.status, String(answer.body)]).toEqual([
    415,
    expect.stringContaining('send the header Content-Type: application/json'),
  ])
})

describe("what MLflow's clients ask besides", () => {
  test('health and version', async () => {
    expect((await get('/health')).status).toBe(200)
    expect((await get('/health', sumsPlane({ isReady: false }))).status).toBe(503)
    expect(await get('/version')).toMatchObject({ status: 200, body: '1.2.3' })
  })

  test('the endpoints of a deployment server: one for each model', async () => {
    const endpoint = {
      name: 'wine',
      endpoint_type: 'mlflow/pyfunc',
      model: { name: 'wine', provider: 'slipway' },
      endpoint_url: '/endpoints/wine/invocations',
      limit: null,
    }
    const plane = sumsPlane({ names: ['iris', 'wine'] })
    expect(JSON.parse((await get('/api/2.0/endpoints/', plane)).body as string)).toEqual({
      endpoints: [expect.objectContaining({ name: 'iris' }), endpoint],
      next_page_token: null,
    })
    expect(JSON.parse((await get('/api/2.0/endpoints/wine', plane)).body as string)).toEqual(endpoint)
    expect((await get('/api/2.0/endpoints/beer', plane)).status).toBe(404)
  })
})

test('every code of failure has a name and a status', () => {
  for (const code of ERROR_CODES) {
    const { status, body } = mlflowFailure(new ServingError(code, 'no'))
    expect(status).toBeGreaterThanOrEqual(400)
    expect((JSON.parse(body as string) as { error_code: string }).error_code).toMatch(/^[A-Z_]+$/)
  }
})
