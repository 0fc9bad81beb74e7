/** A finished span, as a collector is told of it. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root. */
  readonly parentSpanId: string
  readonly traceState: string
  readonly name: string
  readonly kind: SpanKind
  /** ms since the epoch. */
  readonly startMs: number
  readonly endMs: number
  readonly attributes: readonly Attribute[]
  readonly isError: boolean
}

/** Whole numbers go as integers where they are exact, all others as doubles. */
export type Attribute = readonly [key: string, value: string | number]

/** Numbers of the protocol's enum. */
export const SPAN_KIND = { internal: 1, server: 2 } as const
export type SpanKind = (typeof SPAN_KIND)[keyof typeof SPAN_KIND]

export const STATUS_ERROR = 2

/** Who speaks: the resource, and the scope of what is traced. */
export interface SpanSource {
  readonly resource: readonly Attribute[]
  readonly scope: string
  readonly version: string
}

/** Nanoseconds since the epoch, to the microsecond: as much as the clock tells. */
export function toNanoseconds(epochMs: number): bigint {
  return BigInt(Math.round(epochMs * 1000)) * 1000n
}
