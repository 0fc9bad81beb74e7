import { STATUS_ERROR, type Attribute, type Span, type SpanSource } from './span.ts'

/**
 * An ExportTraceServiceRequest as protobuf.
 * @see opentelemetry-proto, trace/v1/trace.proto, resource/v1, common/v1: the numbers of the fields
 */
export function encodeProtobufSpans(source: SpanSource, spans: readonly Span[]): Uint8Array {
  const out = createWriter()
  out.message(1, () => {
    out.message(1, () => writeAttributes(out, 1, source.resource))
    out.message(2, () => {
      out.message(1, () => {
        out.text(1, source.scope)
        out.text(2, source.version)
      })
      for (const span of spans) out.message(2, () => writeSpan(out, span))
    })
  })
  return out.bytes()
}

function writeSpan(out: Writer, span: Span): void {
  out.hex(1, span.traceId)
  out.hex(2, span.spanId)
  out.text(3, span.traceState)
  out.hex(4, span.parentSpanId)
  out.text(5, span.name)
  out.number(6, span.kind)
  out.nanoseconds(7, span.startMs)
  out.nanoseconds(8, span.endMs)
  writeAttributes(out, 9, span.attributes)
  if (span.isError) out.message(15, () => out.number(3, STATUS_ERROR))
}

function writeAttributes(out: Writer, field: number, attributes: readonly Attribute[]): void {
  for (const [key, value] of attributes) {
    out.message(field, () => {
      out.text(1, key)
      out.message(2, () => {
        if (typeof value === 'string') out.text(1, value)
        else if (Number.isInteger(value)) out.number(3, value)
        else out.double(4, value)
      })
    })
  }
}

/** Writes fields of a protobuf message, in the order of the calls. Empty text and bytes are left out. */
interface Writer {
  text(field: number, value: string): void
  hex(field: number, digits: string): void
  /** A varint, also below 0. */
  number(field: number, value: number): void
  /** A time as nanoseconds since the epoch in 64 bits, to the microsecond. */
  nanoseconds(field: number, epochMs: number): void
  double(field: number, value: number): void
  message(field: number, write: () => void): void
  bytes(): Uint8Array
}

/** A nested message is written in place, behind a length of a fixed number of bytes: varints may be longer than they must. */
const LENGTH_BYTES = 4

/** Up to this, characters are copied one by one: for so few, a call into Node costs more. */
const SHORT_TEXT = 64

function createWriter(): Writer {
  let buffer = Buffer.allocUnsafe(64 * 1024)
  let end = 0

  function need(bytes: number): void {
    if (end + bytes <= buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, end + bytes))
    buffer.copy(larger, 0, 0, end)
    buffer = larger
  }

  function varint(value: number): void {
    need(10)
    let rest = value
    while (rest >= 0x80) {
      buffer[end++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    buffer[end++] = rest
  }

  function tag(field: number, wireType: number): void {
    varint(field * 8 + wireType)
  }

  /** Writes text of ASCII alone; of other text nothing. */
  function asciiText(value: string): boolean {
    const start = end
    varint(value.length)
    need(value.length)
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i)
      if (unit >= 0x80) {
        end = start
        return false
      }
      buffer[end++] = unit
    }
    return true
  }

  return {
    text(field, value) {
      if (value === '') return
      tag(field, 2)
      if (value.length <= SHORT_TEXT && asciiText(value)) return
      const length = Buffer.byteLength(value)
      varint(length)
      need(length)
      end += buffer.write(value, end)
    },
    hex(field, digits) {
      if (digits === '') return
      tag(field, 2)
      varint(digits.length / 2)
      need(digits.length / 2)
      for (let i = 0; i < digits.length; i += 2)
        buffer[end++] = (digitOf(digits.charCodeAt(i)) << 4) | digitOf(digits.charCodeAt(i + 1))
    },
    number(field, value) {
      tag(field, 0)
      if (value >= 0) return varint(value)
      need(10)
      // two's complement in 64 bits
      for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
        buffer[end++] = Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0)
        if (rest <= 0x7fn) return
      }
    },
    nanoseconds(field, epochMs) {
      tag(field, 1)
      need(8)
      // microseconds times 1000 in two halves: the product has more bits than a number holds
      const microseconds = Math.round(epochMs * 1000)
      const low = (microseconds % 2 ** 32) * 1000
      const high = Math.floor(microseconds / 2 ** 32) * 1000 + Math.floor(low / 2 ** 32)
      for (const half of [low % 2 ** 32, high]) {
        buffer[end++] = half & 0xff
        buffer[end++] = (half >>> 8) & 0xff
        buffer[end++] = (half >>> 16) & 0xff
        buffer[end++] = (half >>> 24) & 0xff
      }
    },
    double(field, value) {
      tag(field, 1)
      need(8)
      end = buffer.writeDoubleLE(value, end)
    },
    message(field, write) {
      tag(field, 2)
      need(LENGTH_BYTES)
      const start = end
      end += LENGTH_BYTES
      write()
      let length = end - start - LENGTH_BYTES
      for (let i = 0; i < LENGTH_BYTES; i++) {
        buffer[start + i] = (length & 0x7f) | (i < LENGTH_BYTES - 1 ? 0x80 : 0)
        length >>>= 7
      }
    },
    bytes: () => buffer.subarray(0, end),
  }
}

/** Value of a hexadecimal digit in lower case. */
function digitOf(unit: number): number {
  return unit < 0x61 ? unit - 0x30 : unit - 0x57
}
