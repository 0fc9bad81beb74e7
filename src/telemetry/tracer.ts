import { hideKeys } from '../core/text.ts'
import type { Answered } from '../protocols/protocol.ts'
import type { TraceSampling } from '../runtime/operations.ts'
import { createOtlpExporter } from './otlp-exporter.ts'
import { encodeJsonSpans } from './otlp-json.ts'
import { encodeProtobufSpans } from './otlp-protobuf.ts'
import { countSpans, spansOf, type TracedRequest } from './request-spans.ts'
import type { Attribute, SpanSource } from './span.ts'
import { cleanTraceState, parseTraceParent, type TraceParent } from './trace-context.ts'
import type { TraceSettings } from './trace-settings.ts'

export interface TracerOptions {
  readonly settings: TraceSettings
  /** Version of the program. */
  readonly version: string
  /** More resource attributes; what the operator set goes before them. */
  readonly resource: Readonly<Record<string, string | number>>
  /** ms since the epoch. */
  readonly epochNow: () => number
  /** The clock of `Answered`. */
  readonly now: () => number
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** Which span a request has, for its line in the log. */
export interface SpanIds {
  readonly traceId: string
  readonly spanId: string
}

/** Which requests are traced: of models that are not named, and of those that are. */
export interface Sampling {
  readonly all: TraceSampling
  readonly models: Readonly<Record<string, TraceSampling>>
}

export interface Tracer {
  /** Makes the spans of a request that has been answered. @returns its own ids; undefined when it is not traced */
  onAnswered(answered: Answered): SpanIds | undefined
  /** From now on requests are traced so; at first as the settings say. */
  setSampling(sampling: Sampling): void
  counts(): { readonly exported: number; readonly dropped: number }
  /** Exports what waits, for as long as that is worth waiting for. */
  close(): Promise<void>
}

/** How long the end of the process waits for the collector (ms). */
const CLOSE_MS = 2000

/** Failures to export are logged once in this time (ms). */
const WARN_EVERY_MS = 60_000

/**
 * Traces requests after the fact: serving hands over what it measured, and a bounded queue of that is turned into spans
 * and posted in batches, one at a time. What the queue cannot hold or the collector does not take is dropped and counted.
 */
export function createTracer(options: TracerOptions): Tracer {
  const { settings, now, epochNow, warn } = options
  const { isParentBased, readsParent, maxQueuedSpans, maxExportSpans } = settings
  const exporter = createOtlpExporter(settings, now)
  const encode = settings.encoding === 'json' ? encodeJsonSpans : encodeProtobufSpans
  const source = sourceOf(options)
  const newId = createIds()
  let all: TraceSampling = { isOn: true, ratio: settings.ratio }
  /** Of models that are traced in another way than all. */
  let ofModels: ReadonlyMap<string, TraceSampling> = new Map()
  let queue: TracedRequest[] = []
  let queuedSpans = 0
  let exported = 0
  let dropped = 0
  let warnedAtMs = -Infinity
  let underWay: Promise<void> | undefined
  // where the monotonic clock stands on the calendar; looked up again with each export
  let offsetMs = epochNow() - now()
  const timer = setInterval(exportSoon, settings.delayMs)
  timer.unref()

  function onAnswered(answered: Answered): SpanIds | undefined {
    const { isOn, ratio } = samplingOf(answered)
    if (!isOn) return undefined
    const { headers } = answered.request
    const parent = readsParent ? parseTraceParent(headers.traceparent) : undefined
    const traceId = parent?.traceId ?? newId(16)
    if (!isSampled(parent, traceId, ratio)) return undefined
    const request = take(answered, parent, traceId)
    const spans = countSpans(request)
    if (queuedSpans + spans > maxQueuedSpans) {
      dropped += spans
      return request
    }
    queue.push(request)
    queuedSpans += spans
    if (queuedSpans >= maxExportSpans && underWay === undefined) setImmediate(exportSoon)
    return request
  }

  function samplingOf({ call }: Answered): TraceSampling {
    const model = ofModels.size === 0 ? undefined : (call.timing?.model ?? call.model)
    return (model && ofModels.get(model.name)) ?? all
  }

  function isSampled(parent: TraceParent | undefined, traceId: string, ratio: number): boolean {
    if (isParentBased && parent !== undefined) return parent.isSampled
    if (ratio === 1 || ratio === 0) return ratio === 1
    // the last 56 bits are random: those of one trace are kept or left by every server alike
    return Number.parseInt(traceId.slice(18), 16) >= (1 - ratio) * 2 ** 56
  }

  function take(answered: Answered, parent: TraceParent | undefined, traceId: string): TracedRequest {
    const { request, call, status, sentBytes, receivedAtMs, totalMs } = answered
    const { timing } = call
    return {
      traceId,
      spanId: newId(8),
      parentSpanId: parent?.spanId ?? '',
      traceState: parent === undefined ? '' : cleanTraceState(request.headers.tracestate),
      queueSpanId: timing === undefined ? '' : newId(8),
      modelSpanId: timing === undefined || timing.runMs === 0 ? '' : newId(8),
      startMs: receivedAtMs + offsetMs,
      totalMs,
      method: request.method,
      path: hideKeys(request.path),
      peer: request.peer,
      receivedBytes: request.body.byteLength,
      sentBytes,
      status,
      timing,
    }
  }

  function exportSoon(): void {
    if (underWay !== undefined || queue.length === 0) return
    underWay = exportOne().finally(() => {
      underWay = undefined
      if (queuedSpans >= maxExportSpans) exportSoon()
    })
  }

  /** Never rejects: whatever goes wrong costs the batch, and nothing else. */
  async function exportOne(): Promise<void> {
    const batch = takeBatch()
    const spans = batch.flatMap(spansOf)
    offsetMs = epochNow() - now()
    let failure: string | undefined
    try {
      failure = await exporter.post(encode(source, spans))
    } catch (error) {
      failure = String(error)
    }
    if (failure === undefined) {
      exported += spans.length
      return
    }
    dropped += spans.length
    if (now() - warnedAtMs < WARN_EVERY_MS) return
    warnedAtMs = now()
    warn('spans were not exported', { collector: settings.url.host, why: failure, droppedSpans: dropped })
  }

  function takeBatch(): TracedRequest[] {
    let spans = 0
    let end = 0
    for (const request of queue) {
      const more = countSpans(request)
      if (end > 0 && spans + more > maxExportSpans) break
      spans += more
      end++
    }
    const batch = queue.slice(0, end)
    queue = queue.slice(end)
    queuedSpans -= spans
    return batch
  }

  async function close(): Promise<void> {
    clearInterval(timer)
    const giveUp = setTimeout(() => exporter.close(), CLOSE_MS)
    while (underWay !== undefined || queue.length > 0) {
      exportSoon()
      await underWay
    }
    clearTimeout(giveUp)
    exporter.close()
  }

  return {
    onAnswered,
    setSampling(sampling) {
      all = sampling.all
      ofModels = new Map(Object.entries(sampling.models))
    },
    counts: () => ({ exported, dropped }),
    close,
  }
}

function sourceOf({ settings, version, resource }: TracerOptions): SpanSource {
  const attributes: Record<string, string | number> = {
    'service.version': version,
    'telemetry.sdk.name': 'slipway',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': version,
    ...resource,
    ...settings.resource,
  }
  const list: readonly Attribute[] = Object.entries(attributes)
  return { resource: list, scope: 'slipway', version }
}

/** Random ids as hexadecimal digits, drawn from the system some hundreds at a time. */
function createIds(): (bytes: number) => string {
  const pool = Buffer.alloc(4096)
  let next = pool.length
  return function newId(bytes): string {
    if (next + bytes > pool.length) {
      crypto.getRandomValues(pool)
      next = 0
    }
    const id = pool.toString('hex', next, next + bytes)
    next += bytes
    return /^0+$/.test(id) ? newId(bytes) : id
  }
}
