import { versionName, type ServedModel, type Timing } from '../runtime/plane.ts'
import { SPAN_KIND, type Attribute, type Span } from './span.ts'

/** What is kept of a traced request until it is exported: no header, no body. */
export interface TracedRequest {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly traceState: string
  /** For the children; empty where there is none. */
  readonly queueSpanId: string
  readonly modelSpanId: string
  /** ms since the epoch. */
  readonly startMs: number
  readonly totalMs: number
  readonly method: string
  readonly path: string
  readonly peer: string | undefined
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly status: number
  readonly timing: Timing | undefined
}

/** @see OpenTelemetry semantic conventions, "HTTP", `http.request.method` */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY'])

/** How many spans `spansOf` makes of a request. */
export function countSpans(request: TracedRequest): number {
  return 1 + (request.queueSpanId === '' ? 0 : 1) + (request.modelSpanId === '' ? 0 : 1)
}

/**
 * The server span of a request, with what it waited for and its run as children. What is known of these is how long they
 * took: of the rest, half is taken as time before them (reading) and half as time after (writing).
 * @see OpenTelemetry semantic conventions, "HTTP server spans"
 */
export function spansOf(request: TracedRequest): Span[] {
  const { timing, startMs, totalMs, status } = request
  const route = timing === undefined ? undefined : routeOf(request.path, timing.model)
  const isKnown = METHODS.has(request.method)
  const attributes: Attribute[] = [
    ['http.request.method', isKnown ? request.method : '_OTHER'],
    ['url.path', request.path],
    ['http.response.status_code', status],
    ['http.request.body.size', request.receivedBytes],
    ['http.response.body.size', request.sentBytes],
  ]
  if (route !== undefined) attributes.push(['http.route', route])
  if (request.peer !== undefined) attributes.push(['client.address', request.peer])
  if (status >= 500) attributes.push(['error.type', String(status)])
  if (timing !== undefined) {
    attributes.push(...modelAttributes(timing.model), ['slipway.rows', timing.rows])
    attributes.push(['slipway.batch.rows', timing.batchRows])
  }
  const method = isKnown ? request.method : 'HTTP'
  const server: Span = {
    traceId: request.traceId,
    spanId: request.spanId,
    parentSpanId: request.parentSpanId,
    traceState: request.traceState,
    name: route === undefined ? method : `${method} ${route}`,
    kind: SPAN_KIND.server,
    startMs,
    endMs: startMs + totalMs,
    attributes,
    isError: status >= 500,
  }
  return timing === undefined ? [server] : [server, ...childrenOf(request, timing)]
}

function childrenOf(request: TracedRequest, { model, queueMs, runMs, batchRows, waitedFor }: Timing): Span[] {
  const { traceId, traceState, startMs, totalMs, queueSpanId, modelSpanId } = request
  const queueStartMs = startMs + Math.max(0, totalMs - queueMs - runMs) / 2
  const runStartMs = queueStartMs + queueMs
  const child = { traceId, traceState, parentSpanId: request.spanId, kind: SPAN_KIND.internal, isError: false }
  const own = modelAttributes(model)
  const children: Span[] = []
  if (queueSpanId !== '')
    children.push({
      ...child,
      spanId: queueSpanId,
      name: 'queue',
      startMs: queueStartMs,
      endMs: runStartMs,
      attributes: [...own, ['slipway.queue.waited_for', waitedFor]],
    })
  if (modelSpanId !== '')
    children.push({
      ...child,
      spanId: modelSpanId,
      name: 'model',
      startMs: runStartMs,
      endMs: runStartMs + runMs,
      attributes: [...own, ['slipway.batch.rows', batchRows]],
    })
  return children
}

function modelAttributes(model: ServedModel): Attribute[] {
  return [
    ['slipway.model.name', model.name],
    ['slipway.model.version', versionName(model)],
  ]
}

/**
 * The route that a path matched, with its placeholders. A path that led to a model has matched one, and its only other
 * segments name the model and the version, so names of spans stay few.
 */
function routeOf(path: string, model: ServedModel): string {
  const names = new Set([encodeURIComponent(model.name), model.name])
  return path
    .split('/')
    .map((segment) => {
      if (names.has(segment)) return '{model}'
      const isVersion = (segment.length >= 12 && model.version.startsWith(segment)) || model.labels.includes(segment)
      return isVersion ? '{version}' : segment
    })
    .join('/')
}
