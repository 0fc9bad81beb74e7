/** What the standard variables of OpenTelemetry say about traces. */
export interface TraceSettings {
  /** Where spans are posted; http or https. */
  readonly url: URL
  readonly encoding: 'protobuf' | 'json'
  readonly isCompressed: boolean
  /** Sent along with spans; may hold secrets. */
  readonly headers: Readonly<Record<string, string>>
  /** Longest that an export may take, its repetitions included (ms). */
  readonly timeoutMs: number
  /** Paths of PEM files: who signs the collector's certificate, and ours. */
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
  /** Share of requests that are traced when the caller does not say; 0 to 1. */
  readonly ratio: number
  /** Whether the caller's own decision counts. */
  readonly isParentBased: boolean
  /** Whether `traceparent` is read. */
  readonly readsParent: boolean
  /** Resource attributes, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>
  /** How long spans wait for others (ms). */
  readonly delayMs: number
  readonly maxQueuedSpans: number
  readonly maxExportSpans: number
}

export interface ReadTraceSettings {
  /** Absent when nothing is to be traced. */
  readonly settings?: TraceSettings
  /** What was not understood, for the log; without values, which may be secrets. */
  readonly warnings: readonly string[]
}

const PREFIX = 'OTEL_EXPORTER_OTLP_'

/**
 * Reads OpenTelemetry's standard variables. Traces are on when an endpoint is set, and nothing turns them off.
 * A value that is not understood is warned of and treated as unset.
 * @see OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry Protocol Exporter"
 */
export function readTraceSettings(env: Readonly<Record<string, string | undefined>>): ReadTraceSettings {
  const warnings: string[] = []
  const read = (name: string) => env[name]?.trim() || undefined // empty means unset
  /** What is said of traces goes before what is said of all signals. */
  const readExporter = (name: string) => read(`${PREFIX}TRACES_${name}`) ?? read(`${PREFIX}${name}`)

  function choose<T extends string>(name: string, value: string | undefined, allowed: readonly T[], otherwise: T): T {
    if (value === undefined) return otherwise
    const found = allowed.find((one) => one === value.toLowerCase())
    if (found === undefined) warnings.push(`${name} is not one of ${allowed.join(', ')}: taken as ${otherwise}`)
    return found ?? otherwise
  }

  function readCount(name: string, otherwise: number, value = read(name), least = 1): number {
    if (value === undefined) return otherwise
    const count = Number(value)
    if (Number.isInteger(count) && count >= least && count < 2 ** 31) return count
    warnings.push(`${name} is no whole number from ${least}: taken as ${otherwise}`)
    return otherwise
  }

  if (read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return { warnings }
  const endpoint = readEndpoint(read)
  if (endpoint === undefined) return { warnings }
  const exporter = read('OTEL_TRACES_EXPORTER') ?? 'otlp'
  if (exporter === 'none') return { warnings }
  if (!exporter.split(',').includes('otlp'))
    return { warnings: ['OTEL_TRACES_EXPORTER names none that is known here (otlp, none): nothing is traced'] }
  const url = parseEndpoint(endpoint)
  if (url === undefined) return { warnings: [`${endpoint.name} is no http or https address: nothing is traced`] }
  const protocol = readExporter('PROTOCOL')
  if (protocol === 'grpc')
    return { warnings: [`${PREFIX}PROTOCOL is grpc; http/protobuf and http/json are spoken: nothing is traced`] }

  const headers = parsePairs(readExporter('HEADERS'), true)
  if (headers === undefined) warnings.push(`${PREFIX}HEADERS is no list of name=value: no header is sent`)
  const attributes = parsePairs(read('OTEL_RESOURCE_ATTRIBUTES'), false)
  if (attributes === undefined) warnings.push('OTEL_RESOURCE_ATTRIBUTES is no list of key=value: none is taken')
  const sampler = choose('OTEL_TRACES_SAMPLER', read('OTEL_TRACES_SAMPLER'), SAMPLERS, 'parentbased_always_on')
  const maxQueuedSpans = readCount('OTEL_BSP_MAX_QUEUE_SIZE', 2048)
  const serviceName = read('OTEL_SERVICE_NAME') ?? attributes?.['service.name'] ?? 'slipway'
  const propagators = read('OTEL_PROPAGATORS')?.split(',') ?? ['tracecontext']
  return {
    warnings,
    settings: {
      url,
      encoding:
        choose(`${PREFIX}PROTOCOL`, protocol, ['http/protobuf', 'http/json'], 'http/protobuf') === 'http/json'
          ? 'json'
          : 'protobuf',
      isCompressed: choose(`${PREFIX}COMPRESSION`, readExporter('COMPRESSION'), ['none', 'gzip'], 'none') === 'gzip',
      headers: headers ?? {},
      timeoutMs: readCount(`${PREFIX}TIMEOUT`, 10_000, readExporter('TIMEOUT')),
      caFile: readExporter('CERTIFICATE'),
      certFile: readExporter('CLIENT_CERTIFICATE'),
      keyFile: readExporter('CLIENT_KEY'),
      ratio: readRatio(sampler, read('OTEL_TRACES_SAMPLER_ARG'), warnings),
      isParentBased: sampler.startsWith('parentbased'),
      readsParent: propagators.some((name) => name.trim() === 'tracecontext'),
      resource: { ...attributes, 'service.name': serviceName },
      delayMs: readCount('OTEL_BSP_SCHEDULE_DELAY', 5000),
      maxQueuedSpans,
      maxExportSpans: Math.min(readCount('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512), maxQueuedSpans),
    },
  }
}

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

interface Endpoint {
  readonly name: string
  readonly value: string
  /** Whether spans go to `v1/traces` below it. */
  readonly isBase: boolean
}

function readEndpoint(read: (name: string) => string | undefined): Endpoint | undefined {
  const own = read(`${PREFIX}TRACES_ENDPOINT`)
  if (own !== undefined) return { name: `${PREFIX}TRACES_ENDPOINT`, value: own, isBase: false }
  const shared = read(`${PREFIX}ENDPOINT`)
  return shared === undefined ? undefined : { name: `${PREFIX}ENDPOINT`, value: shared, isBase: true }
}

function parseEndpoint({ value, isBase }: Endpoint): URL | undefined {
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  if (isBase) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`
  return url
}

function readRatio(sampler: (typeof SAMPLERS)[number], argument: string | undefined, warnings: string[]): number {
  if (sampler.endsWith('always_on')) return 1
  if (sampler.endsWith('always_off')) return 0
  const ratio = argument === undefined ? 1 : Number(argument)
  if (ratio >= 0 && ratio <= 1) return ratio
  warnings.push('OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1: taken as 1')
  return 1
}

/**
 * Pairs as W3C Baggage writes them: `name=value,name=value`, values percent-encoded. Undefined when they are not.
 * @param areHeaders names in lower case, and only what may stand in a header
 */
function parsePairs(text: string | undefined, areHeaders: boolean): Record<string, string> | undefined {
  const pairs: Record<string, string> = Object.create(null)
  for (const part of (text ?? '').split(',')) {
    if (part.trim() === '') continue
    const mark = part.indexOf('=')
    const name = part.slice(0, Math.max(mark, 0)).trim()
    const value = decode(part.slice(mark + 1).trim())
    if (name === '' || value === undefined) return undefined
    if (areHeaders && !(/^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value))) return undefined
    pairs[areHeaders ? name.toLowerCase() : name] = value
  }
  return pairs
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // broken percent-encoding
  }
}
