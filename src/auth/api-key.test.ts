import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createKey, digestOf, formatExpiry, isKey, KEY_LENGTH, parseExpiry } from './api-key.ts'

describe('a new key', () => {
  test('is 256 random bits behind a prefix that tells what it is', () => {
    const keys = Array.from({ length: 100 }, createKey)
    for (const key of keys) {
      expect(key).toMatch(/^slw_[A-Za-z0-9_-]{43}$/)
      expect(key).toHaveLength(KEY_LENGTH)
      expect(isKey(key)).toBe(true)
      expect(Buffer.from(key.slice(4), 'base64url')).toHaveLength(32)
    }
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('is kept as the SHA-256 that sha256sum prints', () => {
    expect(digestOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  test.each(['', 'slw_', `slw_${'a'.repeat(42)}`, `slw_${'a'.repeat(44)}`, `slx_${'a'.repeat(43)}`])(
    'is not %j',
    (text) => expect(isKey(text)).toBe(false),
  )
})

describe('the end of a key', () => {
  test('is a day in UTC from its first moment, or a moment', () => {
    expect(parseExpiry('2027-01-31')).toBe(Date.UTC(2027, 0, 31))
    expect(parseExpiry('2028-02-29T23:59:59Z')).toBe(Date.UTC(2028, 1, 29, 23, 59, 59))
  })

  test.each([
    '',
    '2027',
    '2027-1-31',
    '2027-02-30',
    '2027-13-01',
    '31.01.2027',
    '2027-01-31T24:00:01Z',
    '2027-01-31 12:00',
  ])('is not %j', (text) => expect(parseExpiry(text)).toBeUndefined())

  test('is read as it is written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (seconds) => {
        expect(parseExpiry(formatExpiry(seconds * 1000))).toBe(seconds * 1000)
      }),
    )
    expect(formatExpiry(Date.UTC(2027, 0, 31))).toBe('2027-01-31')
  })
})
