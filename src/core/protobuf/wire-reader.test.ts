import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../errors.ts'
import { END_GROUP, FIXED32, FIXED64, LENGTH, START_GROUP, tagOf, VARINT } from './wire.ts'
import { WireReader, type Malformed } from './wire-reader.ts'

const malformed: Malformed = (field, at, why) => new ServingError('refused', `${field} at ${at} ${why}`)

function readerOf(...bytes: readonly number[]): WireReader {
  return new WireReader(Uint8Array.from(bytes), malformed)
}

/** What a reader says of bytes when everything in them is passed over. */
function passOver(...bytes: readonly number[]): string {
  const reader = readerOf(...bytes)
  try {
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) reader.skip(tag)
  } catch (error) {
    if (error instanceof ServingError) return error.message
    throw error
  }
  return `all ${reader.at}`
}

const ONES = Array<number>(9).fill(0xff)

describe('a reader', () => {
  test('takes the part of the bytes that it is given, and no Buffer is needed', () => {
    const reader = new WireReader(Uint8Array.of(9, 9, 0x0a, 1, 0x61, 9), malformed, 2, 5)
    expect(reader.tag()).toBe(tagOf(1, LENGTH))
    expect(reader.text('x')).toBe('a')
    expect(reader.tag()).toBe(0)
  })

  test('ends where the message does that it is in, and goes on behind it', () => {
    const reader = readerOf(0x0a, 2, 0x10, 7, 0x10, 8)
    expect(reader.tag()).toBe(tagOf(1, LENGTH))
    const outer = reader.enter('inner')
    expect([reader.tag(), reader.int64('x'), reader.tag()]).toEqual([tagOf(2, VARINT), 7, 0])
    reader.leave(outer)
    expect([reader.tag(), reader.int64('x'), reader.tag()]).toEqual([tagOf(2, VARINT), 8, 0])
  })

  test('cannot be led out of the message that it is in', () => {
    const reader = readerOf(0x0a, 2, 0x0a, 3, 0x61, 0x62, 0x63)
    reader.tag()
    reader.enter('outer')
    reader.tag()
    expect(() => reader.text('inner')).toThrow('inner at 3 says that it is 3 bytes long, 0 are left')
  })

  test('passes over fields of every wire type, and over groups within groups', () => {
    const field = (wire: number, ...bytes: readonly number[]) => [tagOf(5, wire), ...bytes]
    const group = [...field(START_GROUP), ...field(VARINT, 1), ...field(START_GROUP), ...field(END_GROUP)]
    const bytes = [
      ...field(VARINT, ...ONES, 1),
      ...field(FIXED64, 1, 2, 3, 4, 5, 6, 7, 8),
      ...field(LENGTH, 2, 0xff, 0xff),
      ...field(FIXED32, 1, 2, 3, 4),
      ...group,
      ...field(END_GROUP),
    ]
    expect(passOver(...bytes)).toBe(`all ${bytes.length}`)
  })

  test.each([
    ['a varint without an end', [0x08, 0x80], 'field 1 at 1 ends within a varint'],
    ['a varint that is not there', [0x08], 'field 1 at 1 ends within a varint'],
    ['a varint of eleven bytes', [0x08, ...ONES, 0x81, 0], 'field 1 at 1 is a varint of over 64 bits'],
    ['a varint of 65 bits', [0x08, ...ONES, 2], 'field 1 at 1 is a varint of over 64 bits'],
    ['a field number above all', [0x80, 0x80, 0x80, 0x80, 0x10], 'a tag at 0 has a field number above 536870911'],
    ['the field number 0', [0x02], 'a tag at 0 has the field number 0'],
    ['the wire type 7', [0x0f], 'field 1 at 0 has the unknown wire type 7'],
    ['a length beyond the end', [0x0a, 2, 0], 'field 1 at 1 says that it is 2 bytes long, 1 are left'],
    ['a length above 2^32', [0x0a, ...ONES, 1], 'field 1 at 1 says that it is over 4294967295 bytes long, 0 are left'],
    ['half of eight bytes', [0x09, 1, 2, 3, 4], 'field 1 at 1 takes 8 bytes, 4 are left'],
    ['half of four bytes', [0x0d, 1, 2], 'field 1 at 1 takes 4 bytes, 2 are left'],
    ['a group without an end', [0x0b, 0x10, 1], 'field 1 at 3 is a group without an end'],
    ['the end of another group', [0x0b, 0x14], 'field 2 at 2 ends a group that was not begun'],
    ['groups too deep', Array<number>(33).fill(0x0b), 'field 1 at 33 is over 32 groups deep'],
  ])('says what is wrong with %s, and where', (_what, bytes, message) => {
    expect(passOver(...bytes)).toBe(message)
  })

  test('refuses a text that is no UTF-8, kept or not', () => {
    for (const take of ['text', 'name'] as const)
      expect(() => readerOf(2, 0xc3, 0x28)[take]('x')).toThrow('x at 1 is no UTF-8 text')
  })

  test('refuses a field it knows in another wire type, and passes over one that it does not', () => {
    const reader = readerOf(1, 2)
    reader.pass(tagOf(2, VARINT), [undefined, 'one'])
    expect(() => reader.pass(tagOf(1, VARINT), [undefined, 'one'])).toThrow('one at 1 came as a varint')
  })

  test('reads any bytes to their end, or refuses them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(passOver(...bytes)).toMatch(new RegExp(`^all ${bytes.length}$|^(a tag|field \\d+) at \\d+ `))
      }),
    )
  })
})
