import { afterEach, describe, expect, test } from 'vitest'
import { answered, servedModel } from './answered.fixture.ts'
import { startCollector, type Collector } from './collector.fixture.ts'
import { createTelemetry, type Telemetry } from './telemetry.ts'
import { readTraceSettings } from './trace-settings.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const fraud = servedModel('fraud', 'aaaaaaaaaaaa', ['stable'])

let collector: Collector | undefined
let telemetry: Telemetry | undefined

afterEach(async () => {
  await telemetry?.close()
  await collector?.close()
  telemetry = collector = undefined
})

interface Started {
  readonly telemetry: Telemetry
  readonly warned: string[]
}

async function trace(env: Record<string, string>): Promise<Started> {
  const { settings } = readTraceSettings({ OTEL_BSP_SCHEDULE_DELAY: '10', ...env })
  const warned: string[] = []
  telemetry = await createTelemetry({
    process: 'runner-1',
    version: '1.2.3',
    now: () => 5000,
    epochNow: () => 1_800_000_000_000,
    traces: settings,
    warn: (message, fields) => warned.push(`${message} ${JSON.stringify(fields)}`),
  })
  return { telemetry, warned }
}

function spansOf(started: Telemetry): { exported: number; dropped: number } {
  const { spansExported, spansDropped } = started.snapshot().totals
  return { exported: spansExported, dropped: spansDropped }
}

describe.each(['http/protobuf', 'http/json'])('a request traced over %s', (protocol) => {
  test('is a server span under the span of its caller, with its waiting and its run below', async () => {
    collector = await startCollector()
    const { telemetry } = await trace({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=abc',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=prüfung',
    })
    telemetry.onAnswered(
      answered({
        model: fraud,
        receivedAtMs: 4000,
        path: '/v2/models/fraud/versions/stable/infer',
        headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1' },
      }),
    )
    await collector.until(3)
    const [received] = collector.exports
    expect(received?.path).toBe('/v1/traces')
    expect(received?.headers['x-api-key']).toBe('abc')
    expect(received?.resource).toMatchObject({
      'service.name': 'slipway',
      'service.version': '1.2.3',
      'slipway.process': 'runner-1',
      'process.pid': process.pid,
      'deployment.environment.name': 'prüfung',
    })
    const [server, queue, model] = collector.spans()
    expect(server).toMatchObject({
      traceId: TRACE,
      parentSpanId: SPAN,
      traceState: 'vendor=1',
      name: 'POST /v2/models/{model}/versions/{version}/infer',
      kind: 2,
      // 4000 ms on a clock that stands at 5000 when the calendar says 1.8e12
      startTimeUnixNano: 1_799_999_999_000_000_000n,
      endTimeUnixNano: 1_799_999_999_001_000_000n,
      status: 0,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v2/models/{model}/versions/{version}/infer',
        'url.path': '/v2/models/fraud/versions/stable/infer',
        'http.response.status_code': 200,
        'http.request.body.size': 11,
        'http.response.body.size': 250,
        'client.address': '192.0.2.7',
        'slipway.model.name': 'fraud',
        'slipway.model.version': 'aaaaaaaaaaaa',
        'slipway.rows': 3,
        'slipway.batch.rows': 5,
      },
    })
    expect(queue).toMatchObject({ traceId: TRACE, parentSpanId: server?.spanId, name: 'queue', kind: 1 })
    expect(queue?.attributes).toMatchObject({ 'slipway.queue.waited_for': 'tick' })
    expect(model).toMatchObject({ traceId: TRACE, parentSpanId: server?.spanId, name: 'model', kind: 1 })
    expect(model?.attributes).toMatchObject({ 'slipway.batch.rows': 5 })
    // 0.1 ms and 0.6 ms in the middle of 1 ms
    const micros = (time: bigint | undefined) => Number((time ?? 0n) - (server?.startTimeUnixNano ?? 0n)) / 1000
    expect([queue?.startTimeUnixNano, queue?.endTimeUnixNano].map(micros)).toEqual([150, 250])
    expect([model?.startTimeUnixNano, model?.endTimeUnixNano].map(micros)).toEqual([250, 850])
    expect(new Set(collector.spans().map((span) => span.spanId)).size).toBe(3)
  })

  test('tells nothing of headers, query and body', async () => {
    collector = await startCollector()
    const { telemetry } = await trace({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    })
    telemetry.onAnswered(answered({ model: fraud }))
    await collector.until(3)
    const text = JSON.stringify(collector.exports, (_, value) => (typeof value === 'bigint' ? String(value) : value))
    expect(text).not.toContain('secret')
  })

  test('that reached no model is one span, named by its method alone', async () => {
    collector = await startCollector()
    const { telemetry } = await trace({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    })
    telemetry.onAnswered(answered({ status: 503, method: 'BREW', path: `/${'ä'.repeat(200)}` }))
    await collector.until(1)
    const [span] = collector.spans()
    expect(span).toMatchObject({ name: 'HTTP', parentSpanId: '', status: 2 })
    expect(span?.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(span?.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'error.type': '503',
      'url.path': `/${'ä'.repeat(200)}`,
    })
  })
})

describe('sampling', () => {
  test.each([
    ['parentbased_always_on', '00', 0],
    ['parentbased_always_on', '01', 1],
    ['parentbased_always_off', '01', 1],
    ['parentbased_always_off', undefined, 0],
    ['parentbased_always_on', undefined, 1],
    ['always_on', '00', 1],
    ['always_off', '01', 0],
  ])('by %s with a caller that says %s traces %d', async (sampler, flags, count) => {
    collector = await startCollector()
    const { telemetry } = await trace({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: sampler })
    const headers = flags === undefined ? {} : { traceparent: `00-${TRACE}-${SPAN}-${flags}` }
    telemetry.onAnswered(answered({ headers }))
    await telemetry.close()
    expect(collector.spans()).toHaveLength(count)
  })

  test('by a ratio is decided by the trace, alike everywhere', async () => {
    collector = await startCollector()
    const { telemetry } = await trace({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    })
    for (const byte of ['00', '7f', 'bf', 'c0', 'ff'])
      telemetry.onAnswered(
        answered({ headers: { traceparent: `00-${TRACE.slice(0, 18)}${byte}00000000000f-${SPAN}-00` } }),
      )
    await telemetry.close()
    expect(collector.spans().map((span) => span.traceId.slice(18, 20))).toEqual(['c0', 'ff'])
  })
})

describe('exporting', () => {
  test('is done in batches, the last of them at the end', async () => {
    collector = await startCollector()
    const { telemetry } = await trace({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_BSP_SCHEDULE_DELAY: '60000',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '6',
    })
    for (let i = 0; i < 5; i++) telemetry.onAnswered(answered({ model: fraud }))
    await telemetry.close()
    expect(collector.exports.map((one) => one.spans.length)).toEqual([6, 6, 3])
    expect(collector.exports[0]?.headers['content-encoding']).toBe('gzip')
    expect(spansOf(telemetry)).toEqual({ exported: 15, dropped: 0 })
  })

  test('loses what the queue cannot hold while the collector is slow, and counts it', async () => {
    collector = await startCollector(() => {}) // never answers
    const { telemetry, warned } = await trace({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
      OTEL_BSP_MAX_QUEUE_SIZE: '9',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '9',
    })
    for (let i = 0; i < 3; i++) telemetry.onAnswered(answered({ model: fraud }))
    await collector.until(9)
    for (let i = 0; i < 10; i++) telemetry.onAnswered(answered({ model: fraud }))
    expect(spansOf(telemetry)).toEqual({ exported: 0, dropped: 21 })
    await telemetry.close()
    expect(spansOf(telemetry)).toEqual({ exported: 0, dropped: 39 })
    expect(warned).toHaveLength(1)
    expect(warned[0]).toContain('did not answer in time')
  })

  test('tries again when the collector says that it may pass', async () => {
    collector = await startCollector((response, requests) => {
      if (requests === 1) response.writeHead(503, { 'retry-after': '0.05' })
      response.end()
    })
    const { telemetry } = await trace({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    telemetry.onAnswered(answered())
    await collector.until(2)
    await telemetry.close()
    expect(collector.exports).toHaveLength(2)
    expect(spansOf(telemetry)).toEqual({ exported: 1, dropped: 0 })
  })

  test('does not try again what the collector refuses, and does not tell it more than once a minute', async () => {
    collector = await startCollector((response) => response.writeHead(400).end('no'))
    const { telemetry, warned } = await trace({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20exporter-secret',
    })
    telemetry.onAnswered(answered())
    await collector.until(1)
    telemetry.onAnswered(answered())
    await telemetry.close()
    expect(spansOf(telemetry)).toEqual({ exported: 0, dropped: 2 })
    expect(warned).toHaveLength(1)
    expect(warned[0]).toContain('status 400')
    expect(warned[0]).not.toContain('secret')
  })

  test('to nobody costs the spans and nothing else', async () => {
    collector = await startCollector()
    const { url } = collector
    await collector.close()
    const { telemetry } = await trace({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_TIMEOUT: '50' })
    telemetry.onAnswered(answered({ model: fraud }))
    await telemetry.close()
    expect(spansOf(telemetry)).toEqual({ exported: 0, dropped: 3 })
  })
})

test('which requests are traced can be changed, for all and for single models', async () => {
  collector = await startCollector()
  const { telemetry } = await trace({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const askAll = () => {
    telemetry.onAnswered(answered({ model: fraud, path: '/fraud' }))
    telemetry.onAnswered(answered({ model: servedModel('other'), path: '/other' }))
    telemetry.onAnswered(answered({ path: '/none', headers: { traceparent: `00-${TRACE}-${SPAN}-01` } }))
  }
  const off = { isOn: false, ratio: 1 }
  telemetry.setSampling({ all: off, models: { fraud: { isOn: true, ratio: 1 } } })
  askAll()
  telemetry.setSampling({ all: { isOn: true, ratio: 0 }, models: { fraud: off } })
  askAll()
  await telemetry.close()
  const paths = collector.spans().flatMap(({ attributes }) => String(attributes['url.path'] ?? ''))
  expect(paths.filter((path) => path !== '').toSorted()).toEqual(['/fraud', '/none'])
})

describe('the ids of a request', () => {
  test('that the log is told are those of its span, or of its caller where it is not traced', async () => {
    collector = await startCollector()
    const told: unknown[] = []
    const { settings } = readTraceSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    const common = { process: 'p', version: '1', now: () => 0, epochNow: () => 0 }
    telemetry = await createTelemetry({ ...common, traces: settings, accessLog: (_, span) => told.push(span) })
    const headers = { traceparent: `00-${TRACE}-${SPAN}-01` }
    telemetry.onAnswered(answered({ headers }))
    await telemetry.close()
    const [span] = collector.spans()
    expect(told[0]).toMatchObject({ traceId: TRACE, spanId: span?.spanId })
    const plain = await createTelemetry({ ...common, accessLog: (_, span) => told.push(span) })
    plain.onAnswered(answered({ headers }))
    plain.onAnswered(answered())
    await plain.close()
    expect(told[1]).toMatchObject({ traceId: TRACE, spanId: SPAN })
    expect(told[2]).toBeUndefined()
  })
})
