import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { OnnxReader } from './onnx-reader.ts'
import { MessageWriter } from './message-writer.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

/** Field 1 as a varint of these bytes. */
function varint(...values: number[]): OnnxReader {
  const reader = new OnnxReader(bytes(8, ...values))
  reader.next()
  return reader
}

test('every 64-bit integer is read as it was written', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
      const writer = new MessageWriter()
      writer.int64(1, value)
      const reader = new OnnxReader(writer.finish())
      expect(reader.next()).toBe(true)
      expect(reader.int64('x')).toBe(value)
      expect(reader.next()).toBe(false)
    }),
  )
})

test('every float is read as it was written', () => {
  fc.assert(
    fc.property(fc.float(), (value) => {
      const writer = new MessageWriter()
      writer.float32(1, value)
      const reader = new OnnxReader(writer.finish())
      reader.next()
      expect(reader.float32('x')).toBe(value)
    }),
  )
})

test('a varint of ten bytes holds 64 bits and no more', () => {
  const ones = Array<number>(9).fill(0xff)
  expect(varint(...ones, 0x01).int64('x')).toBe(-1n)
  expect(() => varint(...ones, 0x02).int64('x')).toThrow('x is a varint of over 64 bits (at byte 1)')
  expect(() => varint(...ones, 0x81, 0x00).int64('x')).toThrow('over 64 bits')
})

test('a varint that the end cuts off is refused', () => {
  expect(() => varint(0xff, 0xff).int64('x')).toThrow('x ends within a varint (at byte 1)')
  expect(() => varint().int64('x')).toThrow('x ends within a varint (at byte 1)')
})

test('integers are refused where their type has no room', () => {
  expect(varint(0x80, 0x80, 0x80, 0x80, 0xf8, 0xff, 0xff, 0xff, 0xff, 0x01).int32('x')).toBe(-(2 ** 31))
  expect(() => varint(0x80, 0x80, 0x80, 0x80, 0x08).int32('x')).toThrow('x does not fit 32 bits')
  expect(varint(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f).safeInteger('x')).toBe(2 ** 53 - 1)
  expect(() => varint(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10).safeInteger('x')).toThrow('x is beyond 2^53')
})

test('a length beyond the bytes that are left is refused, however large', () => {
  const claims = [[5], [0xff, 0xff, 0xff, 0xff, 0x07], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]]
  for (const claim of claims) {
    const reader = new OnnxReader(bytes(10, ...claim, 1, 2, 3, 4))
    reader.next()
    expect(() => reader.bytes('TensorProto.raw_data')).toThrow(
      /TensorProto.raw_data says that it is (over )?\d+ bytes long, 4 are left/,
    )
  }
})

test('a message cannot reach beyond the field that holds it', () => {
  const outer = new OnnxReader(bytes(10, 2, 10, 9, 65, 66, 67, 68, 69, 70, 71, 72, 73))
  outer.next()
  const inner = outer.message('outer')
  inner.next()
  expect(() => inner.bytes('inner')).toThrow('inner says that it is 9 bytes long, 0 are left (at byte 3)')
})

test.each([
  ['group', 0x0b, 'field 1 is a group'],
  ['end of a group', 0x0c, 'field 1 is the end of a group'],
  ['wire type 6', 0x0e, 'field 1 has the unknown wire type 6'],
  ['wire type 7', 0x0f, 'field 1 has the unknown wire type 7'],
  ['field number 0', 0x02, 'a tag has the field number 0 (at byte 0)'],
])('a tag with a %s is refused', (_what, tag, message) => {
  expect(() => new OnnxReader(bytes(tag, 0)).next()).toThrow(message)
})

test('a tag above 32 bits is refused', () => {
  expect(() => new OnnxReader(bytes(0x80, 0x80, 0x80, 0x80, 0x10, 0)).next()).toThrow(
    'a tag has a field number above 536870911',
  )
})

test('fields that nobody knows are passed over, whatever their wire type', () => {
  const known = [0x50, 42] // field 10
  const reader = new OnnxReader(
    bytes(0x08, 0x80, 0x01, 0x11, ...Array<number>(8).fill(0xff), 0x1a, 2, 9, 9, 0x25, 1, 2, 3, 4, ...known),
  )
  const fields: number[] = []
  while (reader.next())
    if (reader.field === 10) expect(reader.safeInteger('x')).toBe(42)
    else {
      fields.push(reader.field)
      reader.skip()
    }
  expect(fields).toEqual([1, 2, 3, 4])
})

test('text that is no UTF-8 is refused, and a byte order mark is kept', () => {
  const read = (...text: number[]) => {
    const reader = new OnnxReader(bytes(10, text.length, ...text))
    reader.next()
    return reader.text('NodeProto.name', 100)
  }
  expect(() => read(0xc3, 0x28)).toThrow('NodeProto.name is no UTF-8 text (at byte 2)')
  expect(() => read(0xed, 0xa0, 0x80)).toThrow('no UTF-8')
  expect(read(0xef, 0xbb, 0xbf, 0x61)).toBe('\uFEFFa')
})

test('text that UTF-8 cannot spell is not written', () => {
  expect(() => new MessageWriter().text(1, 'a\uD800')).toThrow('half a surrogate pair')
})

test('a field of another wire type than the schema says is refused, with its byte in the details', () => {
  const reader = new OnnxReader(bytes(0x08, 1))
  reader.next()
  try {
    reader.bytes('TensorProto.raw_data')
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(ServingError)
    expect((error as ServingError).details).toEqual({ offset: 0 })
    expect((error as ServingError).message).toContain(
      'TensorProto.raw_data is a varint, it should be bytes with a length',
    )
  }
})

test('any bytes are read to their end or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (input) => {
      const reader = new OnnxReader(input)
      try {
        while (reader.next()) reader.skip()
      } catch (error) {
        expect(error).toBeInstanceOf(ServingError)
      }
    }),
  )
})
