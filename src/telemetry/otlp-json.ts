import { STATUS_ERROR, toNanoseconds, type Attribute, type Span, type SpanSource } from './span.ts'

/** An ExportTraceServiceRequest as JSON. @see OpenTelemetry Protocol, "JSON Protobuf Encoding" */
export function encodeJsonSpans(source: SpanSource, spans: readonly Span[]): Uint8Array {
  const scope = { name: source.scope, version: source.version }
  const document = {
    resourceSpans: [
      {
        resource: { attributes: source.resource.map(attribute) },
        scopeSpans: [{ scope, spans: spans.map(jsonSpan) }],
      },
    ],
  }
  return new TextEncoder().encode(JSON.stringify(document))
}

function jsonSpan(span: Span): Record<string, unknown> {
  const { traceId, spanId, parentSpanId, traceState, name, kind } = span
  return {
    traceId,
    spanId,
    ...(parentSpanId !== '' && { parentSpanId }),
    ...(traceState !== '' && { traceState }),
    name,
    kind,
    startTimeUnixNano: String(toNanoseconds(span.startMs)),
    endTimeUnixNano: String(toNanoseconds(span.endMs)),
    attributes: span.attributes.map(attribute),
    status: span.isError ? { code: STATUS_ERROR } : {},
  }
}

function attribute([key, value]: Attribute): Record<string, unknown> {
  if (typeof value === 'string') return { key, value: { stringValue: value } }
  return { key, value: Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value } }
}
