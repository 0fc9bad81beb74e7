import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseEvictions, type HeldReplica } from './evict.ts'

const replica = (id: string, changes: Partial<HeldReplica> = {}): HeldReplica => ({
  id,
  memoryBytes: 100,
  lastUsedMs: 0,
  isBusy: false,
  isWanted: false,
  ...changes,
})

describe('evictions', () => {
  test('are none while there is room', () => {
    expect(chooseEvictions([replica('a'), replica('b')], 100, 300)).toEqual({ evict: [], fits: true, missingBytes: 0 })
    expect(chooseEvictions([replica('a')], 1e12, Infinity).fits).toBe(true)
  })

  test('take first what was not asked for the longest', () => {
    const held = [
      replica('new', { lastUsedMs: 30 }),
      replica('old', { lastUsedMs: 10 }),
      replica('mid', { lastUsedMs: 20 }),
    ]
    expect(chooseEvictions(held, 100, 300).evict).toEqual(['old'])
    expect(chooseEvictions(held, 200, 300).evict).toEqual(['old', 'mid'])
  })

  test('never take what is busy', () => {
    const held = [replica('busy', { isBusy: true, lastUsedMs: 1 }), replica('idle', { lastUsedMs: 2 })]
    expect(chooseEvictions(held, 100, 200).evict).toEqual(['idle'])
    expect(chooseEvictions(held, 200, 200)).toEqual({ evict: [], fits: false, missingBytes: 100 })
  })

  test('take what shall always be loaded only when nothing else helps', () => {
    const held = [replica('wanted', { isWanted: true, lastUsedMs: 1 }), replica('other', { lastUsedMs: 2 })]
    expect(chooseEvictions(held, 100, 200).evict).toEqual(['other'])
    expect(chooseEvictions(held, 200, 200).evict).toEqual(['other', 'wanted'])
  })

  test('leave alone what need not go once a bigger one goes', () => {
    const held = [replica('small', { lastUsedMs: 1, memoryBytes: 10 }), replica('big', { lastUsedMs: 2 })]
    expect(chooseEvictions(held, 100, 110).evict).toEqual(['big'])
  })

  test('bring it as near to the budget as can be where nothing is to be loaded', () => {
    const held = [replica('busy', { isBusy: true }), replica('idle')]
    expect(chooseEvictions(held, 0, 50)).toEqual({ evict: ['idle'], fits: false, missingBytes: 50 })
  })

  test('a figure that is no number evicts nothing by itself', () => {
    expect(chooseEvictions([replica('a', { memoryBytes: Number.NaN })], 100, 100).evict).toEqual([])
    expect(chooseEvictions([replica('a')], 100, Number.NaN).evict).toEqual([])
    expect(chooseEvictions([replica('a', { lastUsedMs: Number.NaN }), replica('b')], 100, 200).evict).toEqual(['a'])
  })

  test('fit, take none that is busy, none in vain, and none that is wanted for want of trying', () => {
    const held = fc.array(
      fc.record({
        memoryBytes: fc.integer({ min: 0, max: 50 }),
        lastUsedMs: fc.integer({ min: 0, max: 20 }),
        isBusy: fc.boolean(),
        isWanted: fc.boolean(),
      }),
      { maxLength: 12 },
    )
    const size = fc.integer({ min: 0, max: 200 })
    fc.assert(
      fc.property(held, size, size, (records, needed, budget) => {
        const all = records.map((record, i) => ({ ...record, id: `r${i}` }))
        const { evict, fits } = chooseEvictions(all, needed, budget)
        const gone = new Set(evict)
        const left = all.filter(({ id }) => !gone.has(id)).reduce((sum, one) => sum + one.memoryBytes, 0)
        expect(all.some(({ id, isBusy }) => gone.has(id) && isBusy)).toBe(false)
        const least = all.filter(({ isBusy }) => isBusy).reduce((sum, one) => sum + one.memoryBytes, 0)
        expect(fits).toBe(least + needed <= budget || (evict.length === 0 && left + needed <= budget))
        if (!fits) return
        expect(left + needed).toBeLessThanOrEqual(budget)
        for (const one of all.filter(({ id }) => gone.has(id)))
          expect(left + one.memoryBytes + needed).toBeGreaterThan(budget)
        const idle = all.filter(({ isBusy, isWanted }) => !isBusy && !isWanted)
        const withoutWanted =
          all.reduce((sum, one) => sum + one.memoryBytes, 0) - idle.reduce((sum, one) => sum + one.memoryBytes, 0)
        if (withoutWanted + needed <= budget)
          expect(all.some(({ id, isWanted }) => gone.has(id) && isWanted)).toBe(false)
      }),
    )
  })
})
