import { FIXED64, LENGTH, tagOf, upperWord, VARINT } from '../core/protobuf/wire.ts'
import { WireWriter } from '../core/protobuf/wire-writer.ts'
import { STATUS_ERROR, type Attribute, type Span, type SpanSource } from './span.ts'

/** Bytes that an export has room for at first: about two hundred spans. */
const FIRST_BYTES = 64 * 1024

/**
 * An ExportTraceServiceRequest as protobuf.
 * @see opentelemetry-proto, trace/v1/trace.proto, resource/v1, common/v1: the numbers of the fields
 */
export function encodeProtobufSpans(source: SpanSource, spans: readonly Span[]): Uint8Array {
  const out = new WireWriter(FIRST_BYTES)
  const resourceSpans = open(out, 1)
  const resource = open(out, 1)
  writeAttributes(out, 1, source.resource)
  out.close(resource)
  const scopeSpans = open(out, 2)
  const scope = open(out, 1)
  writeText(out, 1, source.scope)
  writeText(out, 2, source.version)
  out.close(scope)
  for (const span of spans) writeSpan(out, 2, span)
  out.close(scopeSpans)
  out.close(resourceSpans)
  return out.written()
}

function writeSpan(out: WireWriter, field: number, span: Span): void {
  const at = open(out, field)
  writeId(out, 1, span.traceId)
  writeId(out, 2, span.spanId)
  writeText(out, 3, span.traceState)
  writeId(out, 4, span.parentSpanId)
  writeText(out, 5, span.name)
  out.varint(tagOf(6, VARINT))
  out.varint(span.kind)
  writeNanoseconds(out, 7, span.startMs)
  writeNanoseconds(out, 8, span.endMs)
  writeAttributes(out, 9, span.attributes)
  if (span.isError) {
    const status = open(out, 15)
    out.varint(tagOf(3, VARINT))
    out.varint(STATUS_ERROR)
    out.close(status)
  }
  out.close(at)
}

function writeAttributes(out: WireWriter, field: number, attributes: readonly Attribute[]): void {
  for (const [key, value] of attributes) {
    const entry = open(out, field)
    writeText(out, 1, key)
    const any = open(out, 2)
    if (typeof value === 'string') writeText(out, 1, value)
    else if (Number.isSafeInteger(value)) {
      out.varint(tagOf(3, VARINT))
      out.integer(value)
    } else {
      out.varint(tagOf(4, FIXED64))
      out.double(value)
    }
    out.close(any)
    out.close(entry)
  }
}

/** Begins a message. @returns what `close` takes */
function open(out: WireWriter, field: number): number {
  out.varint(tagOf(field, LENGTH))
  return out.open()
}

/** A text; an empty one is left out. */
function writeText(out: WireWriter, field: number, text: string): void {
  if (text === '') return
  out.varint(tagOf(field, LENGTH))
  out.text(text)
}

/** Where an id's bytes are put together, by how many they are. */
const ID_BYTES = new Map([8, 16].map((sizeBytes) => [sizeBytes, new Uint8Array(sizeBytes)]))

/** An id in hexadecimal digits, as its bytes; an empty one is left out. */
function writeId(out: WireWriter, field: number, digits: string): void {
  if (digits === '') return
  const bytes = ID_BYTES.get(digits.length / 2)
  if (bytes === undefined) throw new Error(`an id of ${digits.length} digits; this is a bug`)
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = (digitOf(digits.charCodeAt(2 * i)) << 4) | digitOf(digits.charCodeAt(2 * i + 1))
  out.varint(tagOf(field, LENGTH))
  out.bytes(bytes)
}

/** Value of a hexadecimal digit in lower case. */
function digitOf(unit: number): number {
  return unit < 0x61 ? unit - 0x30 : unit - 0x57
}

/** A time as nanoseconds since the epoch in 64 bits, to the microsecond. */
function writeNanoseconds(out: WireWriter, field: number, epochMs: number): void {
  out.varint(tagOf(field, FIXED64))
  // microseconds times 1000 in two halves: the product has more bits than a number holds
  const microseconds = Math.round(epochMs * 1000)
  const low = (microseconds % 2 ** 32) * 1000
  const high = Math.floor(microseconds / 2 ** 32) * 1000 + upperWord(low)
  out.fixed64(low % 2 ** 32, high)
}
