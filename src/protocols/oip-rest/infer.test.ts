import { describe, expect, test } from 'vitest'
import type { DataPlane } from '../../runtime/plane.ts'
import type { TensorSpec } from '../../tensor/signature.ts'
import { tensor } from '../../tensor/tensor.ts'
import type { WireResponse } from '../protocol.ts'
import { createRouter } from '../router.ts'
import { echoPlane } from './echo-plane.fixture.ts'
import { createOipRest } from './oip-rest.ts'

const handle = createRouter({ protocols: [createOipRest('1.2.3')] })
const VERSION = '0123456789ab'

interface Sent {
  readonly plane: DataPlane
  readonly json: string
  readonly bytes?: Uint8Array
  /** What the header says; the length of the JSON when absent, no header when undefined. */
  readonly length?: string | undefined
  readonly path?: string
  readonly method?: string
}

function send({
  plane,
  json,
  bytes = new Uint8Array(),
  path = 'infer',
  method = 'POST',
  ...rest
}: Sent): Promise<WireResponse> {
  const length = 'length' in rest ? rest.length : String(Buffer.byteLength(json))
  const headers = length === undefined ? {} : { 'inference-header-content-length': length }
  const body = Buffer.concat([Buffer.from(json), bytes])
  return handle({ method, path: `/v2/models/echo/${path}`, query: '', headers, body }, plane, { aborted: false })
}

/** A binary answer, taken apart. */
function partsOf(answer: WireResponse): { document: unknown; bytes: Buffer } {
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/octet-stream' } })
  const body = Buffer.from(answer.body as Uint8Array)
  const length = Number(answer.headers['inference-header-content-length'])
  return { document: JSON.parse(body.toString('utf8', 0, length)) as unknown, bytes: body.subarray(length) }
}

const FP32: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, 2] }
const FLOATS = Buffer.from(Float32Array.of(1, Number.NaN).buffer)
const SIZED = '{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}'

describe('an inference with bytes behind its JSON', () => {
  test('is answered with bytes where it asks for them of all outputs', async () => {
    const { plane } = echoPlane([FP32])
    const json = `{"id":"r","inputs":[${SIZED}],"parameters":{"binary_data_output":true}}`
    const { document, bytes } = partsOf(await send({ plane, json, bytes: FLOATS }))
    expect(document).toEqual({
      model_name: 'echo',
      model_version: VERSION,
      id: 'r',
      outputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
    })
    expect(bytes).toEqual(FLOATS)
  })

  test('mixes both, in inputs and in outputs; an output decides for itself', async () => {
    const { plane, asked } = echoPlane([FP32, { name: 'n', datatype: 'INT64', shape: [-1] }])
    const inputs = `[{"name":"n","shape":[1],"datatype":"INT64","data":[9007199254740993]},${SIZED}]`
    const outputs = '[{"name":"x"},{"name":"n","parameters":{"binary_data":false}}]'
    const json = `{"inputs":${inputs},"outputs":${outputs},"parameters":{"binary_data_output":true}}`
    const whole = Buffer.from(Float32Array.of(1, 2).buffer)
    const answer = await send({ plane, json, bytes: whole })
    expect(asked[0]?.get('x')).toEqual(tensor('FP32', [1, 2], Float32Array.of(1, 2)))
    const { document, bytes } = partsOf(answer)
    expect(document).toMatchObject({ outputs: [{ name: 'x', parameters: { binary_data_size: 8 } }, { name: 'n' }] })
    expect(bytes).toEqual(whole)
    expect(Buffer.from(answer.body as Uint8Array).toString('latin1')).toContain('"data":[9007199254740993]')
  })

  test.each(['FP16', 'BF16'] as const)('carries %s both ways', async (datatype) => {
    const { plane, asked } = echoPlane([{ name: 'x', datatype, shape: [-1, 2] }])
    const json = `{"inputs":[${SIZED.replace('FP32', datatype).replace('8', '4')}],"outputs":[{"name":"x","parameters":{"binary_data":true}}]}`
    const bits = Buffer.from(Uint16Array.of(0x3c00, 0x7e01).buffer)
    expect(partsOf(await send({ plane, json, bytes: bits })).bytes).toEqual(bits)
    expect(asked[0]?.get('x')).toEqual(tensor(datatype, [1, 2], Uint16Array.of(0x3c00, 0x7e01)))
  })

  test.each(['FP16', 'BF16'] as const)('says of %s in JSON how it is sent and asked for', async (datatype) => {
    const { plane } = echoPlane([{ name: 'x', datatype, shape: [-1, 2] }])
    const sent = await send({
      plane,
      json: `{"inputs":[{"name":"x","shape":[1,2],"datatype":"${datatype}","data":[1,2]}]}`,
    })
    expect(sent).toMatchObject({ status: 400, headers: { 'content-type': 'application/json' } })
    expect(sent.body).toContain(`${datatype} cannot be sent as JSON; send it as binary data`)
    const json = `{"inputs":[${SIZED.replace('FP32', datatype).replace('8', '4')}]}`
    const asked = await send({ plane, json, bytes: Buffer.alloc(4) })
    expect(asked).toMatchObject({ status: 406, headers: { 'content-type': 'application/json' } })
    expect(asked.body).toContain(`is ${datatype}, which has no JSON form; ask for it as binary data`)
  })

  test('that is nothing but bytes, and does not say so, is told how to', async () => {
    const { plane } = echoPlane([FP32])
    const type = (name: string) => ({ 'content-type': name })
    const ask = async (body: Uint8Array, headers: Readonly<Record<string, string>>) => {
      const path = '/v2/models/echo/infer'
      const answer = await handle({ method: 'POST', path, query: '', headers, body }, plane, { aborted: false })
      return JSON.parse(answer.body as string) as { code: string; error: string }
    }
    const hint = 'send the header Inference-Header-Content-Length as 0'
    const told = await ask(FLOATS, type('application/octet-stream'))
    expect(told).toMatchObject({ code: 'invalid_argument', error: expect.stringContaining(hint) as string })
    expect((await ask(FLOATS, {})).error).not.toContain(hint)
    expect((await ask(FLOATS, type('application/json'))).error).not.toContain(hint)
    expect((await ask(Buffer.from(' {"inputs"'), type('application/octet-stream'))).error).not.toContain(hint)
  })

  test('that is refused is refused in JSON', async () => {
    const { plane } = echoPlane([FP32])
    const json = `{"inputs":[${SIZED}],"parameters":{"binary_data_output":true}}`
    const answer = await send({ plane, json, bytes: FLOATS.subarray(1) })
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(answer.body as string)).toMatchObject({ code: 'invalid_argument' })
  })

  test.each([
    ['', '""'],
    ['x', '"x"'],
    ['-1', '"-1"'],
    ['1.5', '"1.5"'],
    ['0x10', '"0x10"'],
    ['NaN', '"NaN"'],
    ['10, 10', '"10, 10"'],
    ['1000', '"1000"'],
    ['99999999999999999999', '"99999999999999999999"'],
    ['9'.repeat(500), `"${'9'.repeat(40)}…"`],
  ])('whose header is %j is refused', async (length, shown) => {
    const { plane, asked } = echoPlane([FP32])
    const answer = await send({ plane, json: `{"inputs":[${SIZED}]}`, bytes: FLOATS, length })
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'application/json' } })
    const { error } = JSON.parse(answer.body as string) as { error: string }
    expect(error).toContain(`the header Inference-Header-Content-Length is ${shown}`)
    expect(asked).toEqual([])
  })

  test('whose header is missing is told where the JSON ends', async () => {
    const { plane } = echoPlane([FP32])
    const cut = await send({ plane, json: `{"inputs":[${SIZED}]}`, length: undefined })
    expect(cut.status).toBe(400)
    expect(cut.body).toContain('0 bytes are left behind the JSON; the header Inference-Header-Content-Length says')
    expect((await send({ plane, json: `{"inputs":[${SIZED}]}`, bytes: FLOATS, length: undefined })).status).toBe(400)
  })
})

describe('an inference that is nothing but bytes', () => {
  test('has the shape that its length says, and is answered with bytes', async () => {
    const { plane, asked } = echoPlane([FP32])
    const { document, bytes } = partsOf(await send({ plane, json: '', bytes: FLOATS, length: '0' }))
    expect(document).toEqual({
      model_name: 'echo',
      model_version: VERSION,
      outputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
    })
    expect(bytes).toEqual(FLOATS)
    expect(asked[0]?.get('x')?.shape).toEqual([1, 2])
  })

  test('is one text, as it stands there', async () => {
    const { plane } = echoPlane([{ name: 'x', datatype: 'BYTES', shape: [-1] }])
    const { bytes } = partsOf(await send({ plane, json: 'hi', length: '0' }))
    expect(bytes).toEqual(Buffer.from([2, 0, 0, 0, 0x68, 0x69]))
  })

  test('does not fit a model of two inputs', async () => {
    const { plane } = echoPlane([FP32, { name: 'n', datatype: 'INT64', shape: [-1] }])
    expect(await send({ plane, json: '', bytes: FLOATS, length: '0' })).toMatchObject({ status: 400 })
  })
})

describe('an inference that asks for classes', () => {
  const SCORES = '{"name":"x","shape":[2,3],"datatype":"FP32","data":[0.1,0.7,0.2,3,1,2]}'
  const spec: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, 3], columns: ['a', 'b', 'c'] }

  test('is answered with the largest, as text with labels', async () => {
    const { plane } = echoPlane([spec])
    const answer = await send({
      plane,
      json: `{"inputs":[${SCORES}],"outputs":[{"name":"x","parameters":{"classification":2}}]}`,
    })
    expect(JSON.parse(answer.body as string)).toMatchObject({
      outputs: [{ name: 'x', datatype: 'BYTES', shape: [2, 2], data: ['0.7:1:b', '0.2:2:c', '3:0:a', '2:2:c'] }],
    })
  })

  test('may have them as bytes', async () => {
    const { plane } = echoPlane([spec])
    const parameters = '{"classification":1,"binary_data":true}'
    const answer = await send({
      plane,
      json: `{"inputs":[${SCORES}],"outputs":[{"name":"x","parameters":${parameters}}]}`,
    })
    expect(partsOf(answer).bytes.toString('latin1')).toBe('\x07\0\0\x000.7:1:b\x05\0\0\x003:0:a')
  })

  test('of text is refused before the model runs', async () => {
    const { plane, asked } = echoPlane([{ name: 'x', datatype: 'BYTES', shape: [-1] }])
    const json =
      '{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["a"]}],"outputs":[{"name":"x","parameters":{"classification":1}}]}'
    expect(await send({ plane, json })).toMatchObject({ status: 400 })
    expect(asked).toEqual([])
  })
})

describe('a request for text', () => {
  const specs: TensorSpec[] = [{ name: 'prompt', datatype: 'BYTES', shape: [-1] }]
  const outputs: TensorSpec[] = [{ name: 'reply', datatype: 'BYTES', shape: [-1] }]
  const reply = { model_name: 'echo', model_version: VERSION, reply: 'hi', text_output: 'hi' }

  test('is answered with the outputs by name', async () => {
    const { plane } = echoPlane(specs, outputs)
    for (const path of ['generate', `versions/${VERSION}/generate`]) {
      const answer = await send({ plane, json: '{"text_input":"hi"}', path })
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
      expect(JSON.parse(answer.body as string)).toEqual(reply)
    }
  })

  test('may be answered with a stream of one event', async () => {
    const { plane } = echoPlane(specs, outputs)
    for (const path of ['generate_stream', `versions/${VERSION}/generate_stream`]) {
      const answer = await send({ plane, json: '{"text_input":"hi"}', path })
      expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } })
      const [, event = ''] = /^data: ([^\n]+)\n\n$/.exec(answer.body as string) ?? []
      expect(JSON.parse(event)).toEqual(reply)
    }
  })

  test('to a model that takes none is refused, by its stream with a status too', async () => {
    const { plane } = echoPlane([FP32])
    for (const path of ['generate', 'generate_stream']) {
      const answer = await send({ plane, json: '{"text_input":"hi"}', path })
      expect(answer).toMatchObject({ status: 400, headers: { 'content-type': 'application/json' } })
      expect(answer.body).toContain('the model takes no text')
    }
  })

  test('without the text is refused', async () => {
    const { plane } = echoPlane(specs, outputs)
    const answer = await send({ plane, json: '{"parameters":{}}', path: 'generate' })
    expect(answer.status).toBe(400)
    expect(answer.body).toContain('input \\"prompt\\" is missing')
  })
})

test.each([
  'infer',
  'generate',
  'generate_stream',
  'versions/1/infer',
  'versions/1/generate',
  'versions/1/generate_stream',
])('%s is asked by POST alone', async (path) => {
  const { plane } = echoPlane([FP32])
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])
    expect(await send({ plane, json: '', path, method })).toMatchObject({ status: 405, headers: { allow: 'POST' } })
})
