import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage, type Document } from '../../codecs/protobuf/messages.ts'
import { SERVICE_NAMES } from '../../codecs/protobuf/descriptors.ts'
import { METHODS } from '../../codecs/protobuf/tables.ts'
import { ERROR_CODES, ServingError } from '../../core/errors.ts'
import { choicesOf } from '../../runtime/choices.fixture.ts'
import { createLocalPlane, type LocalPlane } from '../../runtime/local-plane.ts'
import type { DataPlane, PredictContext } from '../../runtime/plane.ts'
import { timesBundle, timesEngine } from '../../runtime/times-bundle.fixture.ts'
import type { WireResponse } from '../protocol.ts'
import { createGrpcHandle } from './dispatch.ts'
import { createOipGrpc } from './oip-grpc.ts'
import { INFERENCE } from './rpc.ts'
import { GRPC_STATUS, grpcFailure } from './status.ts'

const failures: ServingError[] = []
const onFailure = (error: ServingError) => void failures.push(error)
const protocol = createOipGrpc({ serverVersion: '1.2.3', onFailure })
const handle = createGrpcHandle({ routes: protocol.routes, onFailure })
const bundle = timesBundle()
const version = bundle.digest.slice(0, 12)

let plane: LocalPlane

beforeEach(async () => {
  failures.length = 0
  plane = createLocalPlane({ engines: [timesEngine()], choose: () => choicesOf(), timeoutMs: 1000, now: () => 0 })
  await plane.load(bundle)
  plane.setReady(true)
})

afterEach(() => plane.close())

function send(
  path: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
  target: DataPlane = plane,
): Promise<WireResponse> {
  return handle({ method: 'POST', path, query: '', headers, body }, target, { aborted: false })
}

interface Answer {
  readonly status: number
  readonly message: string
  readonly document: Record<string, unknown>
}

/** A message and its answer, both as documents. */
async function call(
  path: string,
  document: Document = {},
  headers: Record<string, string> = {},
  target?: DataPlane,
): Promise<Answer> {
  const method = METHODS.get(path)
  if (method === undefined) throw new Error(`no method ${path}`)
  const answer = await send(path, encodeMessage(method.input, document), headers, target)
  return {
    status: Number(answer.headers['grpc-status']),
    message: answer.headers['grpc-message'] ?? '',
    document: typeof answer.body === 'string' ? {} : decodeMessage(method.output, answer.body),
  }
}

const ask = (rpc: string, document?: Document, target?: DataPlane) => call(`${INFERENCE}/${rpc}`, document, {}, target)
const TYPED = { name: 'x', datatype: 'FP64', shape: [1, 2], contents: { fp64_contents: [3, 4] } }
const RAW = Buffer.from(new Float64Array([3, 4]).buffer)

describe('the server', () => {
  test('is live from the start, and ready when its plane is', async () => {
    expect(await ask('ServerLive')).toMatchObject({ status: 0, document: { live: true } })
    expect(await ask('ServerReady')).toMatchObject({ document: { ready: true } })
    plane.setReady(false)
    expect(await ask('ServerLive')).toMatchObject({ document: { live: true } })
    expect(await ask('ServerReady')).toMatchObject({ status: 0, document: { ready: false } })
  })

  test('says its name, version and extensions', async () => {
    const { document } = await ask('ServerMetadata')
    expect(document).toMatchObject({ name: 'slipway', version: '1.2.3' })
    expect(document['extensions']).toContain('classification')
  })

  test('has no memory that clients could share', async () => {
    expect(await ask('SystemSharedMemoryStatus')).toMatchObject({ status: 0, document: { regions: {} } })
    expect(await ask('CudaSharedMemoryUnregister', { name: 'x' })).toMatchObject({ status: 0 })
    expect(await ask('SystemSharedMemoryRegister', { name: 'x', key: '/x' })).toMatchObject({ status: 12 })
  })

  test('does not know a method of another name, nor one in another case', async () => {
    for (const path of ['/no.Service/Method', `${INFERENCE}/modelInfer`, `${INFERENCE}/ModelInfer/`, '', '/']) {
      const { headers } = await send(path, new Uint8Array())
      expect(headers).toMatchObject({
        'grpc-status': '12',
        'grpc-message': `there is no method ${JSON.stringify(path)}`,
      })
    }
  })
})

describe('a model', () => {
  test('says what it takes and gives', async () => {
    expect(await ask('ModelMetadata', { name: 'times' })).toMatchObject({
      status: 0,
      document: {
        name: 'times',
        versions: [version],
        platform: 'slipway_times',
        inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 2] }],
        properties: { digest: bundle.digest },
      },
    })
  })

  test('is ready or not, and one that nobody knows is not', async () => {
    expect(await ask('ModelReady', { name: 'times', version })).toMatchObject({ document: { ready: true } })
    for (const unknown of [{ name: 'other' }, { name: 'times', version: 'ffff' }])
      expect(await ask('ModelReady', unknown)).toMatchObject({ status: 0, document: { ready: false } })
    expect(await ask('ModelMetadata', { name: 'other' })).toMatchObject({ status: 5 })
  })
})

describe('inference', () => {
  test('answers typed contents with typed contents', async () => {
    const { status, document } = await ask('ModelInfer', { model_name: 'times', id: 'a1', inputs: [TYPED] })
    expect(status).toBe(0)
    expect(document).toMatchObject({ model_name: 'times', model_version: version, id: 'a1', raw_output_contents: [] })
    expect(document['outputs']).toMatchObject([
      { name: 'product', datatype: 'FP64', shape: [1, 2], contents: { fp64_contents: [6, 8] } },
      { name: 'rows', datatype: 'INT64', shape: [1], contents: { int64_contents: [1] } },
    ])
  })

  test('answers raw contents with raw contents', async () => {
    const { contents: _, ...head } = TYPED
    const request = { inputs: [head], raw_input_contents: [RAW], outputs: [{ name: 'product' }] }
    const { document } = await ask('ModelInfer', request)
    expect(document['raw_output_contents']).toEqual([Buffer.from(new Float64Array([6, 8]).buffer)])
  })

  test('answers with classes where they are asked for', async () => {
    const outputs = [{ name: 'product', parameters: { classification: { int64_param: 1 } } }]
    const { document } = await ask('ModelInfer', { model_name: 'times', inputs: [TYPED], outputs })
    expect(document['outputs']).toMatchObject([
      { name: 'product', datatype: 'BYTES', shape: [1, 1], contents: { bytes_contents: [Buffer.from('8:1')] } },
    ])
  })

  test.each<[string, Document, number, RegExp]>([
    ['an unknown model', { model_name: 'other', inputs: [TYPED] }, 5, /"other"/],
    ['an unknown input', { inputs: [{ ...TYPED, name: 'y' }] }, 3, /"y"/],
    ['too few elements', { inputs: [{ ...TYPED, shape: [2, 2] }] }, 3, /"x"/],
    ['raw and typed contents', { inputs: [TYPED], raw_input_contents: [RAW] }, 3, /raw/],
    ['contents of another type', { inputs: [{ ...TYPED, contents: { int_contents: [1, 2] } }] }, 3, /"x"/],
    ['an unknown output', { inputs: [TYPED], outputs: [{ name: 'z' }] }, 3, /"z"/],
    [
      'shared memory',
      { inputs: [{ ...TYPED, parameters: { shared_memory_region: { string_param: 'r' } } }] },
      12,
      /shared memory/,
    ],
  ])('refuses %s', async (_what, document, status, message) => {
    const answer = await ask('ModelInfer', document)
    expect(answer.status).toBe(status)
    expect(answer.message).toMatch(message)
  })

  test.each([
    ['text', Buffer.from('{"inputs":[]}')],
    ['a length beyond the end', Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ['a number of 12 bytes', Buffer.of(0x18, ...Array<number>(12).fill(0xff))],
    ['groups in groups', Buffer.alloc(100_000, 0x7b)],
  ])('refuses %s in place of a message', async (_what, bytes) => {
    const { headers } = await send(`${INFERENCE}/ModelInfer`, bytes)
    expect(headers['grpc-status']).toBe('3')
  })

  test('waits as long as its caller does, and no longer than the request says', async () => {
    const contexts: PredictContext[] = []
    const listening: DataPlane = {
      isReady: () => true,
      models: () => plane.models(),
      model: (name, version) => plane.model(name, version),
      predict(model, inputs, context) {
        contexts.push(context)
        return plane.predict(model, inputs, context)
      },
    }
    const path = `${INFERENCE}/ModelInfer`
    await call(path, { inputs: [TYPED] }, {}, listening)
    await call(path, { inputs: [TYPED] }, { 'grpc-timeout': '250m' }, listening)
    const limited = { inputs: [TYPED], parameters: { timeout: { int64_param: 100_000 } } }
    await call(path, limited, { 'grpc-timeout': '250m' }, listening)
    await call(path, limited, { 'grpc-timeout': '50000u' }, listening)
    expect(contexts.map(({ timeoutMs }) => timeoutMs)).toEqual([undefined, 250, 100, 50])
    expect(await call(path, { inputs: [TYPED] }, { 'grpc-timeout': '-1S' }, listening)).toMatchObject({ status: 3 })
  })

  test('whose deadline has passed is not run', async () => {
    const { status } = await call(`${INFERENCE}/ModelInfer`, { inputs: [TYPED] }, { 'grpc-timeout': '0n' })
    expect(status).toBe(4)
  })
})

describe('inference on a stream', () => {
  test('answers with a response in a response', async () => {
    const { status, document } = await ask('ModelStreamInfer', { model_name: 'times', id: 'a1', inputs: [TYPED] })
    expect(status).toBe(0)
    expect(document).toMatchObject({ error_message: '', infer_response: { model_name: 'times', id: 'a1' } })
  })

  test('says what is wrong with a message in its answer, with its id', async () => {
    const { status, document } = await ask('ModelStreamInfer', { model_name: 'other', id: 'a1', inputs: [TYPED] })
    expect(status).toBe(0)
    expect(document['error_message']).toMatch(/"other"/)
    expect(document).toMatchObject({ infer_response: { id: 'a1' } })
  })

  test('says so for bytes that are no message as well', async () => {
    const path = `${INFERENCE}/ModelStreamInfer`
    const bytes = Buffer.concat([Buffer.of(0x1a, 2, 0x61, 0x31), Buffer.of(0x0a, 0xff, 0x7f)])
    const { status, headers, body } = await send(path, bytes)
    expect([status, headers['grpc-status']]).toEqual([400, '0'])
    const type = METHODS.get(path)?.output
    if (type === undefined) throw new Error('no type')
    expect(decodeMessage(type, body as Uint8Array)).toMatchObject({ infer_response: { id: 'a1' } })
  })

  test('tells its operator, and not its caller, of a defect', async () => {
    const broken: DataPlane = {
      ...NO_MODELS,
      model: () => plane.model('times'),
      predict: () => Promise.reject(new Error('/secret')),
    }
    const { document } = await ask('ModelStreamInfer', { inputs: [TYPED] }, broken)
    expect(document['error_message']).not.toContain('secret')
    expect(failures).toHaveLength(1)
  })
})

const NO_MODELS: DataPlane = {
  isReady: () => false,
  models: () => [],
  model() {
    throw new ServingError('unavailable', 'starting')
  },
  predict: () => Promise.reject(new ServingError('unavailable', 'starting')),
}

test('a model that is unloaded is not ready, and that is no failure to know', async () => {
  expect(await ask('ModelReady', { name: 'times' }, NO_MODELS)).toMatchObject({
    status: 0,
    document: { ready: false },
  })
  expect(await ask('ModelMetadata', { name: 'times' }, NO_MODELS)).toMatchObject({ status: 14 })
})

describe('health', () => {
  const check = (service: string, target?: DataPlane) => call('/grpc.health.v1.Health/Check', { service }, {}, target)

  test('is that of the server, of a service, and of each model', async () => {
    for (const name of ['', 'inference.GRPCInferenceService', 'grpc.health.v1.Health', 'times'])
      expect(await check(name)).toMatchObject({ status: 0, document: { status: 'SERVING' } })
    expect(await check('other')).toMatchObject({ status: 5 })
    expect(await check('', NO_MODELS)).toMatchObject({ document: { status: 'NOT_SERVING' } })
    expect(await check('times', NO_MODELS)).toMatchObject({ document: { status: 'NOT_SERVING' } })
  })

  test('is told of all at once, the server and its services beside its models', async () => {
    const list = (target?: DataPlane) => call('/grpc.health.v1.Health/List', {}, {}, target)
    const { document } = await list()
    expect(document).toEqual({
      statuses: Object.fromEntries(['', ...SERVICE_NAMES, 'times'].map((name) => [name, { status: 'SERVING' }])),
    })
    expect((await list(NO_MODELS)).document['statuses']).toMatchObject({ '': { status: 'NOT_SERVING' } })
  })

  test('can be watched, also of what is not known yet', async () => {
    expect(protocol.kinds.get('/grpc.health.v1.Health/Watch')).toBe('watch')
    expect(await call('/grpc.health.v1.Health/Watch', { service: 'other' })).toMatchObject({
      status: 0,
      document: { status: 'SERVICE_UNKNOWN' },
    })
  })
})

describe.each(['v1', 'v1alpha'])('reflection %s', (which) => {
  const reflect = (document: Document) =>
    call(`/grpc.reflection.${which}.ServerReflection/ServerReflectionInfo`, document)

  test('lists the services', async () => {
    const { document } = await reflect({ host: 'h', list_services: '' })
    expect(document).toMatchObject({ valid_host: 'h', original_request: { host: 'h' } })
    expect(JSON.stringify(document['list_services_response'])).toContain('inference.GRPCInferenceService')
  })

  test('knows files and symbols, and says what it does not know', async () => {
    for (const request of [
      { file_containing_symbol: 'inference.ModelInferRequest' },
      { file_by_filename: 'grpc_service.proto' },
    ]) {
      const { document } = await reflect(request)
      expect(document['file_descriptor_response']).toBeDefined()
    }
    for (const request of [
      { file_containing_symbol: 'no.Such' },
      { file_by_filename: 'x' },
      { all_extension_numbers_of_type: 'x' },
    ])
      expect((await reflect(request)).document).toMatchObject({ error_response: { error_code: 5 } })
    expect(await reflect({})).toMatchObject({ status: 3 })
  })
})

describe('a failure', () => {
  test.each(ERROR_CODES)('%s has a status of its own kind and a short message', (code) => {
    const answer = grpcFailure(new ServingError(code, 'm'.repeat(5000)))
    expect(answer.headers['grpc-status']).toBe(String(GRPC_STATUS[code]))
    expect(answer.headers['grpc-message']?.length).toBeLessThanOrEqual(1024)
  })

  test('that passes by itself says when', () => {
    const full = new ServingError('overloaded', 'full', { details: { retryAfterMs: 12.5 } })
    expect(grpcFailure(full).headers['grpc-retry-pushback-ms']).toBe('13')
    expect(grpcFailure(new ServingError('internal', 'x', { details: { retryAfterMs: 1 } })).headers).not.toHaveProperty(
      'grpc-retry-pushback-ms',
    )
  })
})
