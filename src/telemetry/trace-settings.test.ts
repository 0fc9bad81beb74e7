import { describe, expect, test } from 'vitest'
import { readTraceSettings } from './trace-settings.ts'

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }

function read(env: Record<string, string>) {
  return readTraceSettings({ ...ENDPOINT, ...env })
}

describe('traces', () => {
  test('are off unless an endpoint is set', () => {
    expect(readTraceSettings({ OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' })).toEqual({ warnings: [] })
    expect(readTraceSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' })).toEqual({ warnings: [] })
  })

  test.each([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_SDK_DISABLED: 'TRUE' }, { OTEL_TRACES_EXPORTER: 'none' }])(
    'are off by %o',
    (env) => {
      expect(read(env)).toEqual({ warnings: [] })
    },
  )

  test.each([
    { OTEL_TRACES_EXPORTER: 'zipkin' },
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'not an address' },
  ])('are off, and that is said, where %o', (env) => {
    const { settings, warnings } = read(env)
    expect(settings).toBeUndefined()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('nothing is traced')
  })

  test('are as the specification says where nothing else is set', () => {
    const { settings, warnings } = read({})
    expect(warnings).toEqual([])
    expect(settings).toMatchObject({
      encoding: 'protobuf',
      isCompressed: false,
      timeoutMs: 10_000,
      ratio: 1,
      isParentBased: true,
      readsParent: true,
      delayMs: 5000,
      maxQueuedSpans: 2048,
      maxExportSpans: 512,
    })
    expect(settings?.url.href).toBe('http://collector:4318/v1/traces')
    expect(settings?.resource).toEqual({ 'service.name': 'slipway' })
  })

  test.each([
    ['https://c/base/', undefined, 'https://c/base/v1/traces'],
    ['http://c', 'http://own:1/exactly/this?x=1', 'http://own:1/exactly/this?x=1'],
    ['', 'http://own:1', 'http://own:1/'],
  ])('go from %j and %j to %s', (shared, own, url) => {
    const { settings } = read({
      OTEL_EXPORTER_OTLP_ENDPOINT: shared,
      ...(own !== undefined && { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own }),
    })
    expect(settings?.url.href).toBe(url)
  })

  test('take what is said of them before what is said of all signals', () => {
    const { settings } = read({
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'B=two%20words, c=x=y',
      OTEL_EXPORTER_OTLP_TIMEOUT: '1',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '2',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    })
    expect(settings).toMatchObject({ timeoutMs: 2, encoding: 'json', isCompressed: true })
    expect({ ...settings?.headers }).toEqual({ b: 'two words', c: 'x=y' })
  })

  test('name the service by its own variable before the list of attributes', () => {
    const attributes = { OTEL_RESOURCE_ATTRIBUTES: 'service.name=listed,team=a%2Cb' }
    expect(read(attributes).settings?.resource).toEqual({ 'service.name': 'listed', team: 'a,b' })
    expect(read({ ...attributes, OTEL_SERVICE_NAME: 'own' }).settings?.resource).toEqual({
      'service.name': 'own',
      team: 'a,b',
    })
  })

  test.each([
    ['always_on', undefined, 1, false],
    ['always_off', undefined, 0, false],
    ['traceidratio', '0.25', 0.25, false],
    ['parentbased_always_off', undefined, 0, true],
    ['parentbased_traceidratio', '0.5', 0.5, true],
    ['traceidratio', undefined, 1, false],
  ])('are sampled by %s with %s', (sampler, argument, ratio, isParentBased) => {
    const { settings, warnings } = read({
      OTEL_TRACES_SAMPLER: sampler,
      ...(argument !== undefined && { OTEL_TRACES_SAMPLER_ARG: argument }),
    })
    expect(settings).toMatchObject({ ratio, isParentBased })
    expect(warnings).toEqual([])
  })

  test('never export more spans at once than may wait', () => {
    expect(read({ OTEL_BSP_MAX_QUEUE_SIZE: '100' }).settings).toMatchObject({
      maxQueuedSpans: 100,
      maxExportSpans: 100,
    })
  })

  test('do not read the caller where another propagator is asked for', () => {
    expect(read({ OTEL_PROPAGATORS: 'b3' }).settings?.readsParent).toBe(false)
    expect(read({ OTEL_PROPAGATORS: 'baggage, tracecontext' }).settings?.readsParent).toBe(true)
  })

  test.each([
    { OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' },
    { OTEL_BSP_SCHEDULE_DELAY: '-1' },
    { OTEL_BSP_MAX_QUEUE_SIZE: '0' },
    { OTEL_TRACES_SAMPLER: 'jaeger_remote' },
    { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' },
    { OTEL_EXPORTER_OTLP_HEADERS: 'key=secret,broken' },
    { OTEL_EXPORTER_OTLP_HEADERS: 'key=secret%0d%0ainjected: yes' },
    { OTEL_RESOURCE_ATTRIBUTES: 'a=%zz' },
    { OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd' },
  ])('stay on, with a warning that tells no value, where %o', (env) => {
    const { settings, warnings } = read(env)
    expect(settings).toBeDefined()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).not.toContain('secret')
    expect({ ...settings?.headers }).toEqual({})
  })
})
