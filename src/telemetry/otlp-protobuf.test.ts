import { expect, test } from 'vitest'
import { LENGTH, tagOf } from '../core/protobuf/wire.ts'
import { WireReader } from '../core/protobuf/wire-reader.ts'
import { encodeProtobufSpans } from './otlp-protobuf.ts'
import { SPAN_KIND, type Attribute } from './span.ts'

/** Values of a span's attributes as they stand in an export. */
function sent(attributes: readonly Attribute[]): unknown[] {
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: '',
    traceState: '',
    name: 'POST /',
    kind: SPAN_KIND.server,
    startMs: 1,
    endMs: 2,
    attributes,
    isError: false,
  }
  const bytes = encodeProtobufSpans({ resource: [], scope: 'a', version: 'b' }, [span])
  const reader = new WireReader(bytes, (field, at, why) => new Error(`${field} at ${at} ${why}`) as never)
  const enter = (...fields: readonly number[]) => {
    for (const field of fields) {
      const wanted = tagOf(field, LENGTH)
      let tag = reader.tag()
      for (; tag !== wanted && tag !== 0; tag = reader.tag()) reader.skip(tag)
      if (tag === 0) return false
      reader.enter(`field ${field}`)
    }
    return true
  }
  enter(1, 2, 2)
  const values: unknown[] = []
  const { end } = reader
  while (enter(9, 2)) {
    const tag = reader.tag()
    values.push(tag >>> 3 === 1 ? reader.text('text') : tag >>> 3 === 3 ? reader.int64('int') : reader.double('double'))
    expect(reader.at).toBe(reader.end)
    reader.end = end
  }
  return values
}

test('an attribute is sent as the number or the text that it is, whatever its size and sign', () => {
  const values = [
    0,
    1,
    -1,
    2 ** 31,
    -(2 ** 40),
    Number.MAX_SAFE_INTEGER,
    0.5,
    -1e300,
    Number.MIN_SAFE_INTEGER,
    'é',
    'x'.repeat(300),
  ]
  const received = sent(values.map((value, i) => [`key ${i}`, value]))
  expect(received).toEqual(values)
})
