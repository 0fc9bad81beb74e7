/** Where a request belongs among the spans of its callers. */
export interface TraceParent {
  /** 32 hexadecimal digits, lower case. */
  readonly traceId: string
  /** 16 hexadecimal digits, lower case. */
  readonly spanId: string
  readonly isSampled: boolean
}

const PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/**
 * Reads a `traceparent` header; undefined when there is none that is well formed.
 * @see W3C Trace Context, "traceparent Header"; of later versions what the first one has is read
 */
export function parseTraceParent(header: string | undefined): TraceParent | undefined {
  if (header === undefined) return undefined
  const found = PARENT.exec(header)
  if (found === null) return undefined
  const [, version, traceId = '', spanId = '', flags = '', rest] = found
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** A `tracestate` header that may be passed on; empty when it may not. @see W3C Trace Context, "tracestate Limits" */
export function cleanTraceState(header: string | undefined): string {
  return header !== undefined && header.length <= 512 && /^[\x20-\x7e]*$/.test(header) ? header : ''
}
