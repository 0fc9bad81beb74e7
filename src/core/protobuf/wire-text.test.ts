import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeName, decodeText, textSize, writeText } from './wire-text.ts'

/** Texts of ASCII, of characters of one unit, and of any. Fast-check's own are slow to make from all characters. */
const anyText = fc
  .constantFrom(0x7f, 0xd7ff, 0x10_ffff)
  .chain((most) => fc.array(fc.nat(most), { maxLength: 50 }))
  .map((points) => String.fromCodePoint(...points).toWellFormed())

describe('a text', () => {
  test('is written and read as UTF-8, every time the same', () => {
    fc.assert(
      fc.property(anyText, fc.nat({ max: 5 }), (text, offset) => {
        const size = textSize(text)
        expect(size).toBe(Buffer.byteLength(text))
        const target = Buffer.alloc(offset + size + 3, 1)
        expect(writeText(target, offset, text, size)).toBe(offset + size)
        expect(target.subarray(offset, offset + size).equals(Buffer.from(text))).toBe(true)
        expect([...target.subarray(offset + size)]).toEqual([1, 1, 1])
        for (let i = 0; i < 2; i++) {
          expect(decodeName(target, offset, offset + size)).toBe(text)
          expect(decodeText(target, offset, offset + size)).toBe(text)
        }
      }),
    )
  })

  test('that is no UTF-8 is none, whatever was read before it', () => {
    for (let first = 0x80; first < 0x100; first++)
      for (let second = 0x7f; second < 0x100; second += 3) {
        const text = String.fromCharCode(first, second)
        const proper = Buffer.from(text)
        decodeName(proper, 0, proper.length)
        const bytes = Buffer.from(text, 'latin1')
        expect(decodeName(bytes, 0, 2)).toBe(decodeText(bytes, 0, 2))
        decodeName(Buffer.from(text[0] ?? ''), 0, 2)
        expect(decodeName(bytes, 0, 1)).toBeUndefined()
      }
  })

  test('keeps its byte order mark', () => {
    const bytes = Buffer.from('\ufeffname')
    expect(decodeName(bytes, 0, bytes.length)).toBe('\ufeffname')
  })
})
