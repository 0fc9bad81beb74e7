import { describe, expect, test } from 'vitest'
import { choicesOf } from '../../runtime/choices.fixture.ts'
import type { VersionStatistics } from '../../runtime/operations.ts'
import type { DataPlane, ServedModel } from '../../runtime/plane.ts'
import { ServingError } from '../../core/errors.ts'
import { fakeOperations } from '../oip/operations.fixture.ts'
import { createRouter } from '../router.ts'
import { createOipRest } from './oip-rest.ts'

const model: ServedModel = {
  name: 'times',
  version: '0123456789abcdef'.repeat(4),
  signature: {
    inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 2], columns: ['a', 'b'] }],
    outputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
  },
  example: new Map(),
  engines: ['onnxruntime', 'host-kernels'],
  batching: { rowsAreIndependent: true, reason: 'a test says so' },
  labels: ['2', 'stable', '10'],
  choices: choicesOf({ preferredRows: [2, 4], windowMs: 1.5, concurrency: 3 }),
  state: 'ready',
}
const dependent: ServedModel = {
  ...model,
  name: 'stats',
  version: 'f'.repeat(64),
  labels: [],
  engines: ['host-kernels'],
  batching: { ...model.batching, rowsAreIndependent: false },
}

const plane: DataPlane = {
  isReady: () => true,
  models: () => [dependent, model],
  model(name) {
    const found = [dependent, model].find((one) => one.name === name)
    if (found === undefined) throw new ServingError('not_found', 'there is no such model')
    return found
  },
  predict: () => Promise.reject(new Error('nothing runs here')),
}

const tally = (count: number, ms: number) => ({ count, ms })
const counted: VersionStatistics = {
  name: 'times',
  version: '0123456789ab',
  lastInferenceMs: 1_800_000_000_000,
  rows: 7,
  runs: 2,
  success: tally(3, 1.5),
  fail: tally(1, 0.000_001),
  queue: tally(3, 0.1),
  computeInput: tally(3, 0.2),
  computeInfer: tally(3, 1),
  computeOutput: tally(3, 0.2),
  batches: [
    { rows: 3, count: 1, ms: 0.5 },
    { rows: 128, count: 1, ms: 0.5 },
  ],
}

function start(statistics: readonly VersionStatistics[] = [counted]) {
  const { operations, asked } = fakeOperations(statistics)
  const handle = createRouter({
    protocols: [createOipRest('1.2.3', { operations, serverName: 'triton', timeoutMs: 60_000 })],
  })
  async function send(method: string, path: string, document?: unknown) {
    const text = document === undefined ? '' : typeof document === 'string' ? document : JSON.stringify(document)
    const request = { method, path: `/v2${path}`, query: '', headers: {}, body: Buffer.from(text) }
    const { status, body } = await handle(request, plane, { aborted: false })
    return { status, body: body.length === 0 ? undefined : (JSON.parse(body as string) as unknown) }
  }
  return { asked, send }
}

describe('the server', () => {
  test('tells the name that the operator gave it, and the extensions that work', async () => {
    const { body } = await start().send('GET', '')
    expect(body).toMatchObject({ name: 'triton', version: '1.2.3' })
    expect((body as { extensions: string[] }).extensions).toEqual(
      expect.arrayContaining(['model_configuration', 'statistics', 'model_repository', 'logging', 'trace']),
    )
  })

  test('that nobody operates answers neither of what operators ask, and tells of no such extension', async () => {
    const handle = createRouter({ protocols: [createOipRest('1.2.3')] })
    const ask = (path: string) =>
      handle({ method: 'GET', path, query: '', headers: {}, body: Buffer.of() }, plane, { aborted: false })
    expect((await ask('/v2/logging')).status).toBe(404)
    expect((await ask('/v2')).body).not.toContain('statistics')
    expect((await ask('/v2')).body).not.toContain('model_repository')
  })
})

describe('the configuration of a model', () => {
  test('whose rows run together leaves the dimension of rows out', async () => {
    for (const path of ['/models/times/config', '/models/times/versions/2/config']) {
      const { status, body } = await start().send('GET', path)
      expect(status).toBe(200)
      expect(body).toMatchObject({
        name: 'times',
        backend: 'onnxruntime',
        max_batch_size: 8,
        input: [{ name: 'x', data_type: 'TYPE_FP64', dims: [2] }],
        output: [{ name: 'text', data_type: 'TYPE_STRING', dims: [1], reshape: { shape: [] } }],
        dynamic_batching: {
          preferred_batch_size: [2, 4],
          max_queue_delay_microseconds: 1500,
          priority_levels: 3,
          default_priority_level: 2,
          default_queue_policy: {
            timeout_action: 'REJECT',
            default_timeout_microseconds: 60_000_000,
            allow_timeout_override: true,
            max_queue_size: 8,
          },
        },
        instance_group: [{ count: 3, kind: 'KIND_CPU' }],
        parameters: { digest: { string_value: model.version }, 'columns.x': { string_value: '["a","b"]' } },
      })
    }
  })

  test('whose rows do not has no batches, and whole dimensions', async () => {
    const { body } = await start().send('GET', '/models/stats/config')
    expect(body).toMatchObject({ backend: 'slipway', max_batch_size: 0, input: [{ dims: [-1, 2] }] })
    expect(body).not.toHaveProperty('dynamic_batching')
  })
})

describe('statistics', () => {
  const none = { count: 0, ns: 0 }

  test('have all durations in nanoseconds, and the sizes of batches', async () => {
    for (const path of ['/models/times/stats', '/models/times/versions/10/stats']) {
      const { body } = await start().send('GET', path)
      expect(body).toEqual({
        model_stats: [
          {
            name: 'times',
            version: '10',
            last_inference: 1_800_000_000_000,
            inference_count: 7,
            execution_count: 2,
            inference_stats: {
              success: { count: 3, ns: 1_500_000 },
              fail: { count: 1, ns: 1 },
              queue: { count: 3, ns: 100_000 },
              compute_input: { count: 3, ns: 200_000 },
              compute_infer: { count: 3, ns: 1_000_000 },
              compute_output: { count: 3, ns: 200_000 },
              cache_hit: none,
              cache_miss: none,
            },
            response_stats: {},
            batch_stats: [3, 128].map((batch_size) => ({
              batch_size,
              compute_input: { count: 1, ns: 0 },
              compute_infer: { count: 1, ns: 500_000 },
              compute_output: { count: 1, ns: 0 },
            })),
            memory_usage: [],
          },
        ],
      })
    }
  })

  test('are those of all models without a name, with zeros for who was never asked', async () => {
    const { body } = await start().send('GET', '/models/stats')
    expect(body).toMatchObject({
      model_stats: [
        { name: 'stats', version: 'ffffffffffff', last_inference: 0, inference_stats: { success: none } },
        { name: 'times', version: '10' },
      ],
    })
  })

  test('that are counted together with those of others are not told as zeros', async () => {
    const { send } = start([{ ...counted, name: 'other', version: '' }, counted])
    expect(await send('GET', '/models/times/stats')).toMatchObject({ body: { model_stats: [{ inference_count: 7 }] } })
    expect(await send('GET', '/models/stats/stats')).toMatchObject({
      status: 503,
      body: { error: expect.stringContaining('"stats" came after too many other versions') as string },
    })
    expect((await send('GET', '/models/stats')).body).toMatchObject({ model_stats: [{ name: 'times' }] })
  })

  test('stand in the way of no model that is called as they are', async () => {
    const { send } = start()
    expect(await send('GET', '/models/stats/config')).toMatchObject({ status: 200 })
    expect(await send('GET', '/models/stats/stats')).toMatchObject({ body: { model_stats: [{ name: 'stats' }] } })
    expect(await send('GET', '/models/nobody/stats')).toMatchObject({ status: 404 })
  })
})

describe('the repository', () => {
  test('has an index, of what is ready alone when asked so', async () => {
    const { send } = start()
    expect((await send('POST', '/repository/index')).body).toEqual([
      { name: 'times', version: '1', state: 'READY', reason: '' },
      { name: 'old', version: '2', state: 'UNAVAILABLE', reason: 'unloaded' },
    ])
    expect((await send('POST', '/repository/index', { ready: true })).body).toHaveLength(1)
    expect(await send('POST', '/repository/index', { ready: 1 })).toMatchObject({ status: 400 })
  })

  test.each([undefined, {}, { parameters: {} }, { parameters: { config: '{}' } }, { parameters: { config: null } }])(
    'loads and unloads a model, asked with %j',
    async (document) => {
      const { send, asked } = start()
      expect(await send('POST', '/repository/models/times/load', document)).toEqual({ status: 200, body: undefined })
      const unload = { parameters: { unload_dependents: true } }
      expect(await send('POST', '/repository/models/times/unload', unload)).toMatchObject({ status: 200 })
      expect(asked).toEqual([
        ['load', 'times'],
        ['unload', 'times'],
      ])
    },
  )

  test('says why it does not load', async () => {
    const { send } = start()
    expect(await send('POST', '/repository/models/broken/load')).toMatchObject({
      status: 400,
      body: { error: 'failed to load "broken": it is broken' },
    })
    expect(await send('POST', '/repository/models/nobody/unload')).toMatchObject({ status: 404 })
  })

  test.each([
    [{ config: '{"max_batch_size": 4}' }, 400, 'failed to load "times": a model is run as its files'],
    [{ config: 7 }, 400, 'leave "config" out'],
    [{ 'file:1/model.onnx': 'AAAA' }, 501, 'put the file there'],
    [{ [`file:${'x'.repeat(5000)}`]: 'AAAA' }, 501, 'put the file there'],
    [{ other: 1 }, 501, 'is unknown'],
    [7, 400, 'takes an object'],
  ])('takes a model from its place and as it is: %j is refused', async (parameters, status, text) => {
    const { send, asked } = start()
    const answer = await send('POST', '/repository/models/times/load', { parameters })
    expect(answer).toMatchObject({ status, body: { error: expect.stringContaining(text) as string } })
    expect(JSON.stringify(answer.body).length).toBeLessThan(1024)
    expect(asked).toEqual([])
  })
})

test.each([
  ['/repository/index', '{"ready":false,"ready":true}'],
  ['/repository/models/times/load', '{"parameters":{"config":"{}","config":""}}'],
  ['/repository/models/times/unload', '{"parameters":{},"parameters":{}}'],
  ['/logging', '{"log_info":true,"log_info":false}'],
  ['/trace/setting', '{"trace_rate":"1","trace_rate":"2"}'],
])('who asks %s and says one thing twice is refused: %s', async (path, body) => {
  const { send, asked } = start()
  expect(await send('POST', path, body)).toMatchObject({
    status: 400,
    body: { error: expect.stringMatching(/twice/) as string },
  })
  expect(asked).toEqual([])
})

describe('settings of the log', () => {
  test('are told, and changed one by one', async () => {
    const { send } = start()
    const before = {
      log_file: '',
      log_info: true,
      log_warning: true,
      log_error: true,
      log_verbose_level: 0,
      log_format: 'ISO8601',
    }
    expect((await send('GET', '/logging')).body).toEqual(before)
    const after = { ...before, log_info: false, log_verbose_level: 1 }
    expect(await send('POST', '/logging', { log_info: false, log_verbose_level: 3 })).toEqual({
      status: 200,
      body: after,
    })
    expect((await send('POST', '/logging', { log_file: '', log_format: 'ISO8601' })).body).toEqual(after)
  })

  test.each([
    [{ log_info: 'yes' }, 400],
    [{ log_verbose_level: -1 }, 400],
    [{ log_verbose_level: 0.5 }, 400],
    [{ other: true }, 400],
    [{ log_file: '/etc/passwd' }, 501],
    [{ log_format: 'default' }, 501],
    ['[]', 400],
    ['{', 400],
  ])('are not changed by %j', async (document, status) => {
    const { send, asked } = start()
    expect(await send('POST', '/logging', document)).toMatchObject({ status })
    expect(asked).toEqual([])
  })
})

describe('settings of traces', () => {
  test('are told and changed, of all models and of one', async () => {
    const { send, asked } = start()
    expect((await send('GET', '/trace/setting')).body).toEqual({
      trace_file: '',
      trace_mode: 'opentelemetry',
      trace_count: '-1',
      log_frequency: '0',
      trace_level: ['TIMESTAMPS'],
      trace_rate: '1',
    })
    expect((await send('POST', '/models/times/trace/setting', { trace_rate: '1000' })).body).toMatchObject({
      trace_rate: '1000',
    })
    expect((await send('GET', '/models/times/trace/setting')).body).toMatchObject({ trace_rate: '1000' })
    await send('POST', '/trace/setting', { trace_level: ['OFF'], trace_rate: 0 })
    await send('POST', '/trace/setting', { trace_level: 'TIMESTAMPS', trace_rate: null, trace_count: '-1' })
    expect(asked).toEqual([
      ['times', { ratio: 0.001 }],
      [undefined, { isOn: false, ratio: 0 }],
      [undefined, { isOn: true, ratio: null }],
    ])
    expect(await send('GET', '/models/nobody/trace/setting')).toMatchObject({ status: 404 })
  })

  test.each([
    [{ trace_level: ['TENSORS'] }, 501],
    [{ trace_level: ['TIMESTAMPS', 'OFF'] }, 400],
    [{ trace_level: [] }, 400],
    [{ trace_rate: '-1' }, 400],
    [{ trace_rate: 1.5 }, 400],
    [{ trace_rate: ['1', '2'] }, 400],
    [{ trace_file: '/tmp/x' }, 501],
    [{ trace_count: 5 }, 501],
    [{ other: 1 }, 400],
    [{ __proto__x: 1 }, 400],
  ])('are not changed by %j', async (document, status) => {
    const { send, asked } = start()
    expect(await send('POST', '/trace/setting', document)).toMatchObject({ status })
    expect(asked).toEqual([])
  })
})
