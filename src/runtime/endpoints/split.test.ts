import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseByWeight, chooseFor, variantsNamed, type Share } from './split.ts'

function shareOf(name: string, weight: number, more: Partial<Share> = {}): Share {
  return { name, weight, digest: `${name}0123456789abcdef`, number: 1, labels: [], ...more }
}

const weights = fc.array(
  fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }), fc.double({ min: 1e-3, max: 1e3 })),
  {
    minLength: 1,
    maxLength: 6,
  },
)
const sharesOf = (all: readonly number[]) => all.map((weight, i) => shareOf(`v${i}`, weight))
const VALUES = Array.from({ length: 4000 }, (_, i) => `caller-${i}`)

describe('by chance', () => {
  test('each variant gets its part of the units between 0 and 1, and one without weight none', () => {
    fc.assert(
      fc.property(weights, (all) => {
        const shares = sharesOf(all)
        const total = all.reduce((sum, weight) => sum + weight, 0)
        fc.pre(total > 0)
        const counts = new Map<string, number>()
        for (let i = 0; i < 2000; i++) {
          const name = chooseByWeight(shares, (i + 0.5) / 2000)?.name ?? ''
          counts.set(name, (counts.get(name) ?? 0) + 1)
        }
        for (const { name, weight } of shares) {
          const expected = (weight / total) * 2000
          expect(Math.abs((counts.get(name) ?? 0) - expected)).toBeLessThanOrEqual(1)
          if (weight === 0) expect(counts.has(name)).toBe(false)
        }
      }),
    )
  })

  test('weights that are no positive numbers count as none', () => {
    const odd = [shareOf('a', Number.NaN), shareOf('b', -1), shareOf('c', Infinity), shareOf('d', 2)]
    for (let i = 0; i < 100; i++) {
      expect(chooseByWeight(odd, i / 100)?.name).toBe('d')
      expect(chooseFor(odd, `caller-${i}`)?.name).toBe('d')
    }
    expect(chooseByWeight([shareOf('a', 0), shareOf('b', 0)], 0.9)?.name).toBe('a')
    expect(chooseByWeight([], 0.9)).toBeUndefined()
  })
})

describe('for a value', () => {
  test('it is always the same under the same weights, whatever their scale and order, and never one without weight', () => {
    fc.assert(
      fc.property(weights, fc.string(), (all, value) => {
        const shares = sharesOf(all)
        fc.pre(all.some((weight) => weight > 0))
        const chosen = chooseFor(shares, value)
        expect(chosen?.weight).toBeGreaterThan(0)
        expect(chooseFor(shares.toReversed(), value)?.name).toBe(chosen?.name)
        const doubled = shares.map((share) => ({ ...share, weight: share.weight * 2 }))
        expect(chooseFor(doubled, value)?.name).toBe(chosen?.name)
      }),
    )
  })

  test('many values are split as the weights say', () => {
    const shares = [shareOf('main', 7), shareOf('canary', 1), shareOf('old', 2)]
    const counts = new Map<string, number>()
    for (const value of VALUES) {
      const name = chooseFor(shares, value)?.name ?? ''
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    for (const { name, weight } of shares)
      expect(Math.abs((counts.get(name) ?? 0) / VALUES.length - weight / 10)).toBeLessThan(0.03)
  })

  test('raising one weight moves values to that variant alone, and no more than its share grows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 5 }),
        fc.nat(4),
        fc.integer({ min: 1, max: 20 }),
        (all, which, more) => {
          const raised = which % all.length
          const before = sharesOf(all)
          const after = sharesOf(all.map((weight, i) => (i === raised ? weight + more : weight)))
          let moved = 0
          for (const value of VALUES.slice(0, 500)) {
            const [from, to] = [chooseFor(before, value)?.name, chooseFor(after, value)?.name]
            if (from === to) continue
            moved++
            expect(to).toBe(`v${raised}`)
          }
          const total = all.reduce((sum, weight) => sum + weight, 0)
          const own = all[raised] ?? 0
          const growth = (own + more) / (total + more) - own / total
          expect(moved / 500).toBeLessThan(growth + 0.12)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('who has been given to a name stays with it when its version changes, step by step', () => {
    const old = (weight: number) => shareOf('main', weight, { digest: 'a'.repeat(64) })
    const next = (weight: number) => shareOf('main', weight, { digest: 'b'.repeat(64), number: 2 })
    const other = shareOf('other', 50)
    const moved = new Set<string>()
    for (let share = 0; share <= 50; share += 10) {
      const variants = [old(50 - share), next(share), other]
      for (const value of VALUES.slice(0, 500)) {
        const chosen = chooseFor(variants, value)
        expect(chosen?.name).toBe(chooseFor([old(50), other], value)?.name)
        if (chosen?.number === 2) moved.add(value)
        else expect(moved.has(value)).toBe(false) // nobody goes back
      }
    }
  })
})

describe('named', () => {
  const a = shareOf('a', 1, { number: 2, labels: ['stable', 'b'], digest: 'f'.repeat(64) })
  const b = shareOf('b', 0, { number: 3, labels: ['2'], digest: 'e'.repeat(64) })

  test.each([
    ['a', [a]],
    ['b', [b]],
    ['2', [a]],
    ['stable', [a]],
    ['ffffffffffff', [a]],
    ['f'.repeat(64), [a]],
    ['fffffffffff', []],
    ['A', []],
    ['', []],
  ])('%j', (word, expected) => {
    expect(variantsNamed([a, b], word)).toEqual(expected)
  })
})
