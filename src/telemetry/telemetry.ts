import type { Answered } from '../protocols/protocol.ts'
import type { EndpointCounts, EndpointState } from './endpoint-counts.ts'
import { sampleLoop } from './loop-sampler.ts'
import { createMetrics, type ModelGauges, type Run } from './metrics.ts'
import type { MetricsSnapshot, ProcessState } from './snapshot.ts'
import { parseTraceParent } from './trace-context.ts'
import type { TraceSettings } from './trace-settings.ts'
import type { Sampling, SpanIds, Tracer } from './tracer.ts'

export interface TelemetryOptions {
  /** Name of this process among those of one server: `runner-1`. */
  readonly process: string
  /** Version of the program. */
  readonly version: string
  /** Milliseconds, never going back: `performance.now()`. */
  readonly now: () => number
  /** Milliseconds since the epoch: `Date.now()`. */
  readonly epochNow: () => number
  /** What the plane's models are doing, asked at each snapshot. */
  readonly gauges?: () => readonly ModelGauges[]
  /** Whether this process is meant to take requests. */
  readonly isReady?: () => boolean
  /** Of a runner of the platform: what it says of its endpoints, asked at each snapshot. */
  readonly endpoints?: () => { readonly counts: EndpointCounts; readonly state: EndpointState } | undefined
  /** Writes a line for each request; absent for none. */
  readonly accessLog?: ((answered: Answered, span: SpanIds | undefined) => void) | undefined
  /** Log lines that were dropped so far. */
  readonly droppedLogLines?: () => number
  /** From `readTraceSettings`; absent when nothing is traced. */
  readonly traces?: TraceSettings | undefined
  /** Told of exports that fail, now and then. */
  readonly warn?: (message: string, fields: Readonly<Record<string, unknown>>) => void
}

/** What one process knows about the requests that it answers. */
export interface Telemetry {
  onAnswered(answered: Answered): void
  onRun(run: Run): void
  /** From now on requests are traced so, where there is somewhere to send traces to. */
  setSampling(sampling: Sampling): void
  /** Everything counted so far, and how the process is now. Plain data. */
  snapshot(): MetricsSnapshot
  /** Exports the spans that wait, for two seconds at most. */
  close(): Promise<void>
}

/** Over which saturation is measured (ms). */
const INTERVAL_MS = 5000

/**
 * Counts requests and runs, and, where that is asked for, traces and logs each request.
 * @throws {Error} when a PEM file that the trace settings name cannot be read
 */
export async function createTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { now, epochNow, accessLog, traces, gauges } = options
  const metrics = createMetrics(now())
  const sampler = sampleLoop(now, INTERVAL_MS, (nowMs) => metrics.endInterval(nowMs))
  const life = `${process.pid}-${epochNow()}`
  const startedAt = (epochNow() - process.uptime() * 1000) / 1000
  const tracer = traces === undefined ? undefined : await startTracer(traces, options, life)

  function traceAndLog(answered: Answered): void {
    metrics.onAnswered(answered)
    const span = tracer?.onAnswered(answered)
    accessLog?.(answered, span ?? parseTraceParent(answered.request.headers.traceparent))
  }

  function state(endpoints: EndpointState | undefined): ProcessState {
    const { user, system } = process.cpuUsage()
    return {
      isReady: options.isReady?.() ?? false,
      startedAt,
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      loopBusySeconds: performance.eventLoopUtilization().active / 1000,
      models: metrics.loaded(gauges?.() ?? []),
      ...(endpoints && { endpoints }),
    }
  }

  return {
    onAnswered: tracer === undefined && accessLog === undefined ? metrics.onAnswered : traceAndLog,
    onRun: metrics.onRun,
    setSampling: (sampling) => tracer?.setSampling(sampling),
    snapshot() {
      const spans = tracer?.counts()
      const endpoints = options.endpoints?.()
      return {
        process: options.process,
        life,
        ...(endpoints && { endpoints: endpoints.counts }),
        state: state(endpoints?.state), // before the counts: a version that was loaded and never asked has counts, all of them 0
        series: metrics.series(epochNow() - now()),
        totals: {
          loopDelay: sampler.delay.slice(),
          spansExported: spans?.exported ?? 0,
          spansDropped: spans?.dropped ?? 0,
          logLinesDropped: options.droppedLogLines?.() ?? 0,
        },
      }
    },
    async close() {
      sampler.stop()
      await tracer?.close()
    },
  }
}

/** Loaded here: most processes trace nothing. */
async function startTracer(settings: TraceSettings, options: TelemetryOptions, life: string): Promise<Tracer> {
  const { createTracer } = await import('./tracer.ts')
  return createTracer({
    settings,
    version: options.version,
    resource: { 'service.instance.id': life, 'process.pid': process.pid, 'slipway.process': options.process },
    now: options.now,
    epochNow: options.epochNow,
    warn: options.warn ?? (() => {}),
  })
}
