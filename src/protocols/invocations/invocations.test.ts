import { describe, expect, test } from 'vitest'
import { ServingError, type ErrorCode } from '../../core/errors.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import type { WireResponse } from '../protocol.ts'
import { ask, HOUSES, sumsPlane } from '../sums-plane.fixture.ts'
import { invocations } from './invocations.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const SIGNED = { authorization: 'AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/sagemaker/aws4_request, Signature=0' }

function send(
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
  plane: DataPlane = sumsPlane({ signature: HOUSES, labels: ['stable'] }),
): Promise<WireResponse> {
  return ask([invocations], { path, headers, body: Buffer.from(body) }, plane)
}

describe('/ping', () => {
  test('tells whether the plane is ready, and nothing else', async () => {
    for (const [isReady, status] of [
      [true, 200],
      [false, 503],
    ] as const)
      expect(await ask([invocations], { method: 'GET', path: '/ping' }, sumsPlane({ isReady }))).toMatchObject({
        status,
        body: '',
      })
  })
})

describe('/invocations', () => {
  test.each([
    ['dataframe_split', '{"dataframe_split":{"columns":["age","rooms"],"index":[7],"data":[[2,1]]}}'],
    ['dataframe_records', ' {\n "dataframe_records" : [{"rooms":1,"age":2}]}'],
    ['instances', '{"instances":[[1,2]]}'],
    ['inputs', '{"inputs":[[1,2]]}'],
    ['params first', '{"params":{"a":1},"inputs":[[1,2]]}'],
    ['a byte order mark', '\ufeff{"inputs":{"rooms":[1],"age":[2]}}'],
  ])('gives the same predictions for %s', async (_name, body) => {
    expect(await send('/invocations', body)).toMatchObject({ status: 200, body: '{"predictions":[3]}' })
  })

  test.each([
    ['{"dataframe_split":1}', 'mlflow'],
    ['{"dataframe_records":[]}', 'mlflow'],
    ['{"inputs":[[1]]}', 'mlflow'],
    ['{"instances":[[1]]}', 'sagemaker'],
    ['[[1]]', 'sagemaker'],
    ['{', 'sagemaker'],
    ['"dataframe_split"', 'sagemaker'],
  ])('tells what is wrong with %s in the words of %s', async (body, dialect) => {
    const { status, body: told } = await send('/invocations', body)
    expect(status).toBe(400)
    const keys = Object.keys(JSON.parse(told as string) as object)
    expect(keys).toEqual(dialect === 'mlflow' ? ['error_code', 'message'] : ['ErrorCode', 'Message'])
  })

  test('names every form that is taken, to whoever sends none of them', async () => {
    const told = JSON.parse((await send('/invocations', '{"foo":1}')).body as string) as { Message: string }
    for (const form of ['instances', 'dataframe_split', 'dataframe_records', 'inputs'])
      expect(told.Message).toContain(`{"${form}": `)
    expect(told.Message).toContain('an array of rows')
    const late = await send('/invocations', '{"foo":1,"dataframe_split":{"columns":["rooms","age"],"data":[[1,2]]}}')
    expect(String(late.body)).toContain('has to be the first')
    const form = await send('/invocations', '[[1,2]]', { 'content-type': 'application/x-www-form-urlencoded' })
    expect([form.status, String(form.body)]).toEqual([415, expect.stringContaining('Content-Type: application/json')])
  })

  test("takes SageMaker's headers with MLflow's body, as MLflow's own images on SageMaker do", async () => {
    const attributes = { 'x-amzn-sagemaker-custom-attributes': 'c=1' }
    expect(await send('/invocations', '{"inputs":[[1,2]]}', { ...JSON_TYPE, ...attributes })).toMatchObject({
      body: '{"predictions":[3]}',
      headers: attributes,
    })
  })
})

describe('/endpoints/{model}/invocations', () => {
  const PATH = '/endpoints/iris/invocations'
  const CSV = { 'content-type': 'text/csv' }

  test("speaks MLflow's words to whoever signs nothing", async () => {
    expect(await send(PATH, '1,2\n', CSV)).toMatchObject({ status: 200, body: '{"predictions":[3]}' })
    expect(await send('/endpoints/other/invocations', '1,2\n', CSV)).toMatchObject({
      status: 404,
      body: expect.stringContaining('RESOURCE_DOES_NOT_EXIST'),
    })
  })

  test.each([
    ['a signature', SIGNED],
    ["a header of SageMaker's", { 'x-amzn-sagemaker-custom-attributes': 'c=1' }],
    ["a header of AWS's clients", { authorization: 'Bearer key', 'amz-sdk-request': 'attempt=1' }],
  ])("speaks SageMaker's to %s, and says which variant answered", async (_what, headers) => {
    expect(await send(PATH, '1,2\n', { ...CSV, ...headers })).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/csv; charset=utf-8', 'x-amzn-invoked-production-variant': 'stable' },
      body: '3\n',
    })
  })

  test('names the variant that was asked for', async () => {
    const headers = { ...CSV, ...SIGNED, 'x-amzn-sagemaker-target-variant': 'AllTraffic' }
    expect((await send(PATH, '1,2\n', headers)).headers['x-amzn-invoked-production-variant']).toBe('AllTraffic')
  })

  test('of several models means the one that the header names', async () => {
    const plane = sumsPlane({ signature: HOUSES, names: ['iris', 'wine'] })
    const headers = { ...CSV, ...SIGNED, 'x-amzn-sagemaker-target-model': 'wine.tar.gz' }
    expect((await send('/endpoints/all-of-them/invocations', '1,2\n', headers, plane)).status).toBe(200)
  })

  test("tells what the model's container refused as its failure, with its status", async () => {
    for (const [body, type, status] of [
      ['1,2,3\n', 'text/csv', 400],
      ['1,2\n', 'image/png', 415],
    ] as const) {
      const answer = await send(PATH, body, { ...SIGNED, 'content-type': type })
      expect(answer).toMatchObject({ status: 424, headers: { 'x-amzn-errortype': 'ModelError' } })
      expect(JSON.parse(answer.body as string)).toMatchObject({
        Message: expect.stringContaining(`Received client error (${status}) from primary`),
        OriginalStatusCode: status,
      })
      expect(Buffer.byteLength(answer.body)).toBeLessThanOrEqual(1024)
    }
  })

  test.each<[ErrorCode, number, string, number | undefined]>([
    ['internal', 424, 'ModelError', 500],
    ['deadline_exceeded', 424, 'ModelError', 0],
    ['overloaded', 503, 'ServiceUnavailable', undefined],
    ['unavailable', 503, 'ServiceUnavailable', undefined],
  ])('tells a run that ended with %s as %i %s', async (code, status, type, original) => {
    const plane = sumsPlane({ signature: HOUSES, fails: new ServingError(code, 'why') })
    const answer = await send(PATH, '1,2\n', { ...CSV, ...SIGNED }, plane)
    expect(answer).toMatchObject({ status, headers: { 'x-amzn-errortype': type } })
    expect((JSON.parse(answer.body as string) as { OriginalStatusCode?: number }).OriginalStatusCode).toBe(original)
  })

  test('tells an unknown endpoint, variant or header as a validation error', async () => {
    for (const answer of [
      await send('/endpoints/other/invocations', '1,2\n', { ...CSV, ...SIGNED }),
      await send(PATH, '1,2\n', { ...CSV, ...SIGNED, 'x-amzn-sagemaker-target-variant': 'canary' }),
      await send(PATH, '1,2\n', { ...CSV, ...SIGNED, 'x-amzn-sagemaker-inference-id': 'a'.repeat(65) }),
    ])
      expect(answer).toMatchObject({ status: 400, headers: { 'x-amzn-errortype': 'ValidationError' } })
  })
})
