import fc from 'fast-check'
import { expect, test } from 'vitest'
import { easedShare, isWorthAChange } from './ease-in.ts'

const share = () => fc.double({ min: 0.001, max: 1, noNaN: true })
const rate = () => fc.double({ min: 0, max: 1e5, noNaN: true })

test('what few requests come for has its whole share at once', () => {
  expect(easedShare({ wanted: 0.1, perSecond: 200, seen: 0 })).toBe(0.1)
  expect(easedShare({ wanted: 0.3, perSecond: 0, seen: 0 })).toBe(0.3)
})

test('of many requests it gets some each second at first, and more the more it has answered', () => {
  expect(easedShare({ wanted: 0.3, perSecond: 1000, seen: 0 })).toBe(0.02)
  expect(easedShare({ wanted: 0.3, perSecond: 1000, seen: 150 })).toBe(0.02)
  expect(easedShare({ wanted: 0.3, perSecond: 1000, seen: 250 })).toBe(0.07)
  expect(easedShare({ wanted: 0.3, perSecond: 1000, seen: 10_000 })).toBe(0.3)
})

test('it is never nothing, never more than is wanted, and never shrinks as more is seen', () => {
  fc.assert(
    fc.property(share(), rate(), fc.nat(1e6), fc.nat(1e6), (wanted, perSecond, seen, more) => {
      const eased = easedShare({ wanted, perSecond, seen })
      expect(eased).toBeGreaterThan(0)
      expect(eased).toBeLessThanOrEqual(wanted)
      expect(easedShare({ wanted, perSecond, seen: seen + more })).toBeGreaterThanOrEqual(eased)
    }),
  )
})

test('it has its whole share within a minute', () => {
  fc.assert(
    fc.property(share(), rate(), (wanted, perSecond) => {
      let given = easedShare({ wanted, perSecond, seen: 0 })
      let seen = 0
      for (let second = 0; second < 60; second++) {
        seen += given * perSecond
        const eased = easedShare({ wanted, perSecond, seen })
        if (isWorthAChange(given, eased, wanted)) given = eased
      }
      expect(given).toBe(wanted)
    }),
  )
})

test('a share is changed only by much, and to what it shall be in the end', () => {
  expect(isWorthAChange(0.1, 0.12, 0.3)).toBe(false)
  expect(isWorthAChange(0.1, 0.16, 0.3)).toBe(true)
  expect(isWorthAChange(0.28, 0.3, 0.3)).toBe(true)
  expect(isWorthAChange(0.3, 0.3, 0.3)).toBe(false)
})
