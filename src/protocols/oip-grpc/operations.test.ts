import { describe, expect, test } from 'vitest'
import { decodeMessage, encodeMessage, type Document } from '../../codecs/protobuf/messages.ts'
import { METHODS } from '../../codecs/protobuf/tables.ts'
import type { DataPlane } from '../../runtime/plane.ts'
import { echoPlane } from '../oip-rest/echo-plane.fixture.ts'
import { createOipRest } from '../oip-rest/oip-rest.ts'
import { fakeOperations } from '../oip/operations.fixture.ts'
import { createRouter } from '../router.ts'
import { createGrpcHandle } from './dispatch.ts'
import { createOipGrpc } from './oip-grpc.ts'
import { INFERENCE } from './rpc.ts'

const { plane } = echoPlane([{ name: 'x', datatype: 'FP32', shape: [-1, 2] }])

function start(target: DataPlane = plane) {
  const { operations, asked } = fakeOperations()
  const { routes } = createOipGrpc({ serverVersion: '1.2.3', operations, timeoutMs: 1000 })
  const handle = createGrpcHandle({ routes })
  const rest = createRouter({ protocols: [createOipRest('1.2.3', { operations, timeoutMs: 1000 })] })
  async function call(name: string, document: Document = {}) {
    const path = `${INFERENCE}/${name}`
    const method = METHODS.get(path)
    if (method === undefined) throw new Error(`no method ${path}`)
    const body = encodeMessage(method.input, document)
    const answer = await handle({ method: 'POST', path, query: '', headers: {}, body }, target, { aborted: false })
    const status = Number(answer.headers['grpc-status'])
    const message = decodeURIComponent(answer.headers['grpc-message'] ?? '')
    return {
      status,
      message,
      document: typeof answer.body === 'string' ? {} : decodeMessage(method.output, answer.body),
    }
  }
  async function restDocument(path: string) {
    const request = { method: 'GET', path, query: '', headers: {}, body: new Uint8Array() }
    return JSON.parse((await rest(request, target, { aborted: false })).body as string) as Document
  }
  return { asked, call, restDocument }
}

describe('what the server says of a model', () => {
  test('is the same as over REST', async () => {
    const { call, restDocument } = start()
    const { document } = await call('ModelConfig', { name: 'echo' })
    expect(document['config']).toMatchObject(await restDocument('/v2/models/echo/config'))
    const statistics = await call('ModelStatistics', { name: 'echo' })
    expect(statistics.document).toMatchObject(await restDocument('/v2/models/echo/stats'))
    expect((await call('ModelStatistics')).document).toEqual(statistics.document)
  })
})

describe('the repository', () => {
  test('has an index', async () => {
    const { call } = start()
    expect((await call('RepositoryIndex')).document).toMatchObject({ models: [{ name: 'times' }, { name: 'old' }] })
    expect((await call('RepositoryIndex', { ready: true })).document['models']).toHaveLength(1)
  })

  test('loads and unloads, and says why it does not', async () => {
    const { call, asked } = start()
    const parameters = { config: { string_param: '{}' } }
    expect(await call('RepositoryModelLoad', { model_name: 'times', parameters })).toMatchObject({ status: 0 })
    const dependents = { unload_dependents: { bool_param: true } }
    expect(await call('RepositoryModelUnload', { model_name: 'times', parameters: dependents })).toMatchObject({
      status: 0,
    })
    expect(asked).toEqual([
      ['load', 'times'],
      ['unload', 'times'],
    ])
    expect(await call('RepositoryModelLoad', { model_name: 'broken' })).toMatchObject({ status: 3 })
    expect(await call('RepositoryModelUnload', { model_name: 'nobody' })).toMatchObject({ status: 5 })
    expect(await call('RepositoryModelLoad')).toMatchObject({ status: 3 })
    const config = { config: { string_param: '{"max_batch_size": 4}' } }
    expect(await call('RepositoryModelLoad', { model_name: 'times', parameters: config })).toMatchObject({
      status: 3,
      message: expect.stringContaining('failed to load "times": ') as string,
    })
    const file = { 'file:1/model.onnx': { bytes_param: Uint8Array.of(1) } }
    expect(await call('RepositoryModelLoad', { model_name: 'times', parameters: file })).toMatchObject({ status: 12 })
  })
})

describe('settings', () => {
  test('of the log are told in the types of their values, and changed', async () => {
    const { call, asked } = start()
    const settings = { log_info: { bool_param: false }, log_verbose_level: { uint32_param: 1 } }
    const { document } = await call('LogSettings', { settings })
    expect(document['settings']).toEqual({
      log_file: { string_param: '' },
      log_info: { bool_param: false },
      log_warning: { bool_param: true },
      log_error: { bool_param: true },
      log_verbose_level: { uint32_param: 1 },
      log_format: { string_param: 'ISO8601' },
    })
    expect((await call('LogSettings')).document).toEqual(document)
    expect(asked).toEqual([{ info: false, debug: true }])
    expect(await call('LogSettings', { settings: { other: { bool_param: true } } })).toMatchObject({ status: 3 })
  })

  test('of traces are lists of text, an empty one for what it was', async () => {
    const { call, asked } = start()
    const settings = { trace_rate: { value: ['4'] }, trace_level: { value: [] } }
    const { document } = await call('TraceSetting', { settings, model_name: 'echo' })
    expect(document['settings']).toMatchObject({ trace_rate: { value: ['4'] }, trace_level: { value: ['TIMESTAMPS'] } })
    expect(asked).toEqual([['echo', { ratio: 0.25, isOn: null }]])
    expect((await call('TraceSetting')).document['settings']).toMatchObject({ trace_rate: { value: ['1'] } })
  })
})
