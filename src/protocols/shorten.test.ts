import { expect, test } from 'vitest'
import { shorten } from './shorten.ts'

test.each(['', 'short', 'é'.repeat(400), 'x'.repeat(898)])('a message that fits stays as it is', (message) => {
  expect(shorten(message)).toBe(message)
})

test.each(['x', 'é', '"', '漢', '😀', '\u0001'])(
  'a long message of %j takes less than a kilobyte as JSON',
  (letter) => {
    const short = shorten(letter.repeat(2000))
    expect(Buffer.byteLength(JSON.stringify({ error: short }))).toBeLessThan(1000)
    expect(Buffer.byteLength(JSON.stringify(short))).toBeGreaterThan(700)
    expect(short.endsWith('…')).toBe(true)
  },
)
