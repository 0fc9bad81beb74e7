import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { narrowToHalves, widenHalves, type HalfDatatype } from './half.ts'

const BITS = Uint16Array.from({ length: 0x1_0000 }, (_, bits) => bits)
const isNaNOf: Record<HalfDatatype, (bits: number) => boolean> = {
  FP16: (bits) => (bits & 0x7fff) > 0x7c00,
  BF16: (bits) => (bits & 0x7fff) > 0x7f80,
}

describe.each<HalfDatatype>(['FP16', 'BF16'])('%s', (datatype) => {
  const wide = widenHalves(datatype, BITS)
  /** Finite values that are not negative, rising. */
  const rising = [...new Set(wide)].filter((value) => value >= 0 && value < Infinity).sort((a, b) => a - b)

  test('comes back from its numbers bit for bit; NaN as a NaN', () => {
    const again = narrowToHalves(datatype, wide)
    for (const bits of BITS) {
      if (isNaNOf[datatype](bits)) expect(isNaNOf[datatype](again[bits] ?? 0)).toBe(true)
      else expect(again[bits]).toBe(bits)
    }
  })

  test('is the nearest to a number, the even one of two', () => {
    const largest = rising.at(-1) ?? 0
    const number = fc.oneof(
      fc.double({ noNaN: true, min: -largest, max: largest }),
      fc.nat(rising.length - 2).map((i) => ((rising[i] ?? 0) + (rising[i + 1] ?? 0)) / 2),
      // a hair off the middle: rounding twice would make a tie of it
      fc
        .tuple(fc.nat(rising.length - 2), fc.constantFrom(1 + 2 ** -50, 1 - 2 ** -50))
        .map(([i, hair]) => (((rising[i] ?? 0) + (rising[i + 1] ?? 0)) / 2) * hair),
    )
    fc.assert(
      fc.property(number, (value) => {
        const size = Math.abs(value)
        let low = 0
        let high = rising.length - 1
        while (low < high) {
          const middle = (low + high + 1) >> 1
          if ((rising[middle] ?? 0) <= size) low = middle
          else high = middle - 1
        }
        const below = rising[low] ?? 0
        const above = rising[low + 1] ?? below
        const isUp = size - below > above - size || (size - below === above - size && low % 2 === 1)
        const expected = (isUp ? above : below) * (value < 0 || Object.is(value, -0) ? -1 : 1)
        expect(widenHalves(datatype, narrowToHalves(datatype, [value]))[0]).toBe(expected)
      }),
      { numRuns: 3000 },
    )
  })

  test('is infinite for what is far too large', () => {
    const found = widenHalves(datatype, narrowToHalves(datatype, [1e39, -1e39, 1e300, Infinity, -Infinity]))
    expect([...found]).toEqual([Infinity, -Infinity, Infinity, Infinity, -Infinity])
  })
})
