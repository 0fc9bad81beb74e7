import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** A span as a collector reads it. */
export interface ReceivedSpan {
  traceId: string
  spanId: string
  parentSpanId: string
  traceState: string
  name: string
  kind: number
  startTimeUnixNano: bigint
  endTimeUnixNano: bigint
  attributes: Record<string, string | number>
  status: number
}

export interface ReceivedExport {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly resource: Record<string, string | number>
  readonly scope: string
  readonly spans: readonly ReceivedSpan[]
}

export interface Collector {
  readonly url: string
  readonly exports: ReceivedExport[]
  spans(): ReceivedSpan[]
  /** Fulfilled once so many spans have come. */
  until(spans: number): Promise<void>
  close(): Promise<void>
}

/** A collector on loopback that reads OTLP/HTTP in both encodings. @param answer in place of a plain 200 */
export async function startCollector(
  answer: (response: ServerResponse, requests: number) => void = (response) => response.end(),
): Promise<Collector> {
  const http = process.getBuiltinModule('node:http')
  const exports: ReceivedExport[] = []
  let requests = 0
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks)
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
      const isJson = request.headers['content-type'] === 'application/json'
      const read = isJson ? readJson(JSON.parse(body.toString())) : readProtobuf(body)
      exports.push({ path: request.url ?? '', headers: request.headers, ...read })
      answer(response, ++requests)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const spans = () => exports.flatMap((one) => [...one.spans])
  return {
    url: `http://127.0.0.1:${port}`,
    exports,
    spans,
    async until(count) {
      while (spans().length < count) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

type Read = Omit<ReceivedExport, 'path' | 'headers'>

interface JsonAttribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: string; readonly doubleValue?: number }
}

function readJson(document: {
  resourceSpans: [
    { resource: { attributes: JsonAttribute[] }; scopeSpans: [{ scope: { name: string }; spans: never[] }] },
  ]
}): Read {
  const [{ resource, scopeSpans }] = document.resourceSpans
  const attributes = (list: JsonAttribute[]) =>
    Object.fromEntries(
      list.map(({ key, value }) => [key, value.stringValue ?? value.doubleValue ?? Number(value.intValue)]),
    )
  return {
    resource: attributes(resource.attributes),
    scope: scopeSpans[0].scope.name,
    spans: scopeSpans[0].spans.map((span: Record<string, never>) => ({
      traceId: span.traceId ?? '',
      spanId: span.spanId ?? '',
      parentSpanId: span.parentSpanId ?? '',
      traceState: span.traceState ?? '',
      name: span.name ?? '',
      kind: span.kind ?? 0,
      startTimeUnixNano: BigInt(span.startTimeUnixNano ?? 0),
      endTimeUnixNano: BigInt(span.endTimeUnixNano ?? 0),
      attributes: attributes(span.attributes ?? []),
      status: (span.status as { code?: number } | undefined)?.code ?? 0,
    })),
  }
}

/** Fields of a protobuf message by number: a varint or fixed64 as BigInt, the rest as bytes. */
function fieldsOf(bytes: Buffer): Map<number, (bigint | Buffer)[]> {
  const fields = new Map<number, (bigint | Buffer)[]>()
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(bytes.readUInt8(at++))
      value |= (byte & 0x7fn) << shift
      if (byte < 0x80n) return value
    }
  }
  const take = (length: number) => {
    if (at + length > bytes.length) throw new RangeError('a field is longer than its message')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const wireType = tag & 7
    if (wireType > 2) throw new RangeError(`wire type ${wireType}`)
    const value = wireType === 0 ? varint() : take(wireType === 1 ? 8 : Number(varint()))
    const field = fields.get(tag >> 3)
    if (field === undefined) fields.set(tag >> 3, [value])
    else field.push(value)
  }
  return fields
}

function readProtobuf(bytes: Buffer): Read {
  const message = (fields: Map<number, (bigint | Buffer)[]>, number: number) => fieldsOf(bytesAt(fields, number))
  const bytesAt = (fields: Map<number, (bigint | Buffer)[]>, number: number) =>
    (fields.get(number)?.[0] as Buffer | undefined) ?? Buffer.alloc(0)
  const text = (fields: Map<number, (bigint | Buffer)[]>, number: number) => bytesAt(fields, number).toString()
  const attributes = (list: readonly (bigint | Buffer)[] = []) =>
    Object.fromEntries(
      list.map((one) => {
        const pair = fieldsOf(one as Buffer)
        const value = message(pair, 2)
        const integer = value.get(3)?.[0] as bigint | undefined
        if (integer !== undefined) return [text(pair, 1), Number(BigInt.asIntN(64, integer))]
        return [text(pair, 1), value.has(4) ? bytesAt(value, 4).readDoubleLE() : text(value, 1)]
      }),
    )
  const resourceSpans = message(fieldsOf(bytes), 1)
  const scopeSpans = message(resourceSpans, 2)
  return {
    resource: attributes(message(resourceSpans, 1).get(1)),
    scope: text(message(scopeSpans, 1), 1),
    spans: (scopeSpans.get(2) ?? []).map((one) => {
      const span = fieldsOf(one as Buffer)
      return {
        traceId: bytesAt(span, 1).toString('hex'),
        spanId: bytesAt(span, 2).toString('hex'),
        parentSpanId: bytesAt(span, 4).toString('hex'),
        traceState: text(span, 3),
        name: text(span, 5),
        kind: Number(span.get(6)?.[0] ?? 0),
        startTimeUnixNano: bytesAt(span, 7).readBigUInt64LE(),
        endTimeUnixNano: bytesAt(span, 8).readBigUInt64LE(),
        attributes: attributes(span.get(9)),
        status: Number(message(span, 15).get(3)?.[0] ?? 0),
      }
    }),
  }
}
