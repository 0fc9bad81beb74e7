import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { varint64Size, varintSize } from './wire.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

function readerOf(writer: WireWriter): WireReader {
  return new WireReader(writer.finish(), (field, at, why) => new Error(`${field} at ${at} ${why}`) as never)
}

const words = (value: bigint) => [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))] as const

/** Bytes that a varint of 64 bits has by the rule: seven bits in each. */
const bytesOf = (value: bigint) => Math.max(1, Math.ceil(BigInt.asUintN(64, value).toString(2).length / 7))

describe('a writer', () => {
  test('writes every integer of 64 bits as short as it can be, and it is read as it was', () => {
    const anyBits = fc
      .tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.integer({ min: 0, max: 63 }))
      .map(([value, shift]) => value >> BigInt(shift))
    fc.assert(
      fc.property(anyBits, (value) => {
        const writer = new WireWriter(1)
        writer.varint64(...words(value))
        expect(writer.sizeBytes).toBe(bytesOf(value))
        expect(varint64Size(...words(value))).toBe(bytesOf(value))
        expect(BigInt(readerOf(writer).int64('x'))).toBe(value)
        writer.varint64(...words(value))
        expect(BigInt(readerOf(writer).uint64('x'))).toBe(BigInt.asUintN(64, value))
      }),
    )
  })

  test('knows the size of every integer at which the size changes', () => {
    for (let bits = 0n; bits < 64n; bits++)
      for (const value of [2n ** bits - 1n, 2n ** bits, -(2n ** bits)])
        expect(varint64Size(...words(value))).toBe(bytesOf(value))
  })

  test('writes whole numbers as the same bytes, whichever way they are given', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.nat(63), (exact, shift) => {
        const value = Math.trunc(exact / 2 ** shift)
        const one = new WireWriter()
        one.integer(value)
        const other = new WireWriter()
        other.varint64(...words(BigInt(value)))
        expect(one.written()).toEqual(other.written())
        if (value < 0 || value >= 2 ** 32) return
        expect(varintSize(value)).toBe(one.sizeBytes)
        other.varint(value)
        expect(other.written().subarray(one.sizeBytes)).toEqual(one.written())
      }),
    )
  })

  test('writes numbers of a fixed width with the low byte first', () => {
    const writer = new WireWriter(1)
    writer.fixed32(0xfedc_ba98)
    writer.fixed64(1, 0x8000_0000)
    writer.float(1.5)
    writer.double(-0)
    expect(Buffer.from(writer.written()).toString('hex')).toBe('98badcfe01000000000000800000c03f0000000000000080')
    const reader = readerOf(writer)
    reader.take('x', 12)
    expect([reader.float('x'), reader.double('x')]).toEqual([1.5, -0])
  })

  test.each([0, 1, 127, 128, 16_383, 16_384, 2_097_152])(
    'puts the length of a message of %i bytes in front of it, and of those around it',
    (sizeBytes) => {
      const bytes = new Uint8Array(sizeBytes).fill(7)
      const writer = new WireWriter(1)
      const outer = writer.open()
      writer.text('before')
      const inner = writer.open()
      writer.append(bytes)
      writer.close(inner)
      writer.close(outer)
      writer.bytes(bytes)
      const reader = readerOf(writer)
      const around = reader.enter('outer')
      expect(reader.text('x')).toBe('before')
      expect(reader.slice('x').equals(bytes)).toBe(true)
      expect(reader.at).toBe(reader.end)
      reader.leave(around)
      expect(reader.slice('x').equals(bytes)).toBe(true)
      expect(reader.at).toBe(reader.end)
    },
  )

  test('hands out what it wrote in memory of its own, and begins again', () => {
    const writer = new WireWriter()
    writer.varint(1)
    const first = writer.finish()
    expect([first.byteLength, first.buffer.byteLength, writer.sizeBytes]).toEqual([1, 1, 0])
    writer.varint(2)
    expect([...first, ...writer.written()]).toEqual([1, 2])
  })
})
