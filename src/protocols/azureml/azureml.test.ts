import { describe, expect, test } from 'vitest'
import { ERROR_CODES, ServingError } from '../../core/errors.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { empty, type Protocol, type WireResponse } from '../protocol.ts'
import { ask, HOUSES, IRIS, sumsPlane } from '../sums-plane.fixture.ts'
import { azureml } from './azureml.ts'
import { answeringProbes } from './liveness.ts'

function send(
  body: string,
  headers: Readonly<Record<string, string>> = {},
  path = '/score',
  plane: DataPlane = sumsPlane({ signature: HOUSES, labels: ['blue'] }),
): Promise<WireResponse> {
  const all = { 'content-type': 'application/json', ...headers }
  return ask([azureml], { path, headers: all, body: Buffer.from(body) }, plane)
}

describe('a scoring request', () => {
  test.each([
    ['input_data as a frame', '{"input_data":{"columns":["age","rooms"],"index":[0,1],"data":[[2,1],[4,3]]}}'],
    ['input_data as rows', '{"input_data":[[1,2],[3,4]]}'],
    ['input_data by column', '{"input_data":{"rooms":[1,3],"age":[2,4]},"params":{}}'],
    ['data', '{"data":[[1,2],[3,4]],"method":"predict"}'],
    ['data of objects', '{"data":[{"rooms":1,"age":2,"id":"a"},{"rooms":3,"age":4,"id":"b"}]}'],
    ['inputs', '{"inputs":[[1,2],[3,4]]}'],
    ['instances', '{"instances":[[1,2],[3,4]]}'],
    ['dataframe_split', '{"dataframe_split":{"columns":["rooms","age"],"data":[[1,2],[3,4]]}}'],
    ['bare rows', '[[1,2],[3,4]]'],
  ])('of %s is answered with the list of predictions', async (_name, body) => {
    for (const path of ['/score', '/']) expect(await send(body, {}, path)).toMatchObject({ status: 200, body: '[3,7]' })
  })

  test('of CSV too', async () => {
    expect((await send('rooms,age\n1,2\n', { 'content-type': 'text/csv' })).body).toBe('[3]')
  })

  test('to a model of several outputs is answered with objects', async () => {
    const plane = sumsPlane({ signature: IRIS })
    expect((await send('{"data":[[1,2,3,4]]}', {}, '/score', plane)).body).toBe('[{"label":0,"total":[10,20]}]')
  })

  test('goes to the deployment that it names, and says which answered', async () => {
    const header = 'azureml-model-deployment'
    expect((await send('[[1,2]]')).headers[header]).toBe('blue')
    expect((await send('[[1,2]]', { [header]: 'blue' })).headers[header]).toBe('blue')
    expect((await send('[[1,2]]', { [header]: 'green' })).status).toBe(404)
    const plane = sumsPlane({ signature: HOUSES })
    expect((await send('[[1,2]]', {}, '/score', plane)).headers[header]).toBe('a'.repeat(12))
  })

  test.each([
    ['no table', '{"method":"predict"}', 'application/json', 400],
    ['no JSON', '{', 'application/json', 400],
    ['a row too long', '[[1,2,3]]', 'application/json', 400],
    ['an image', '[[1,2]]', 'image/png', 415],
  ])('of %s is refused with a message', async (_name, body, type, status) => {
    const answer = await send(body, { 'content-type': type, 'x-ms-client-request-id': 'c1' })
    expect(answer).toMatchObject({ status, headers: { 'x-ms-client-request-id': 'c1' } })
    expect(JSON.parse(answer.body as string)).toMatchObject({ message: expect.any(String) })
    expect(Buffer.byteLength(answer.body)).toBeLessThanOrEqual(1024)
  })
})

describe('request ids', () => {
  const idsOf = async (headers: Record<string, string>): Promise<readonly (string | undefined)[]> => {
    const answer = await send('[[1,2]]', headers)
    return [answer.headers['x-ms-request-id'], answer.headers['x-ms-client-request-id'], answer.headers['traceid']]
  }

  test('come back, and either of the two stands for the other', async () => {
    expect(await idsOf({})).toEqual([undefined, undefined, undefined])
    expect(await idsOf({ 'x-ms-request-id': 'r' })).toEqual(['r', 'r', undefined])
    expect(await idsOf({ 'x-ms-client-request-id': 'c', traceid: 't' })).toEqual(['c', 'c', 't'])
    expect(await idsOf({ 'x-ms-request-id': 'r', 'x-ms-client-request-id': 'c' })).toEqual(['r', 'c', undefined])
    expect(await idsOf({ 'x-request-id': 'x' })).toEqual(['x', undefined, undefined])
  })

  test('that are not fit to be sent back are left out', async () => {
    expect(await idsOf({ 'x-ms-request-id': 'a\r\nset-cookie: b', traceid: 'é' })).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('have at most 100 characters', async () => {
    for (const header of ['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id']) {
      expect((await send('[[1,2]]', { [header]: 'a'.repeat(100) })).status).toBe(200)
      const { status, headers } = await send('[[1,2]]', { [header]: 'a'.repeat(101) })
      expect([status, headers[header]]).toEqual([431, undefined])
    }
  })
})

describe('the page at /', () => {
  const page: Protocol = {
    name: 'page',
    routes: [{ method: 'GET', path: '/', handle: () => ({ ...empty(200), body: '<html>' }) }],
    failure: () => empty(500),
  }
  const get = (headers: Record<string, string>, isReady = true) =>
    ask([answeringProbes(page)], { method: 'GET', path: '/', headers }, sumsPlane({ isReady }))

  test.each([
    ['a browser', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }, '<html>'],
    ['whoever takes anything', { accept: '*/*' }, '{"status":"alive"}'],
    ['whoever does not say', {}, '{"status":"alive"}'],
    ['whoever takes plain text alone', { accept: 'text/plain' }, '{"status":"alive"}'],
    ['whoever takes JSON alone', { accept: 'application/json' }, '{"status":"alive"}'],
  ])('for %s', async (_who, headers, body) => {
    expect(await get(headers as Record<string, string>)).toMatchObject({ status: 200, body })
  })

  test('tells machines when the server is not ready', async () => {
    expect(await get({ accept: '*/*' }, false)).toMatchObject({ status: 503, body: '{"status":"not ready"}' })
  })
})

test('every code of failure has a status', () => {
  for (const code of ERROR_CODES)
    expect(azureml.failure(new ServingError(code, 'no')).status).toBeGreaterThanOrEqual(400)
})
