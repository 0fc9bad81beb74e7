import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import type { Principal } from './authorizer.ts'
import type { KeyQuotas } from './key-record.ts'
import { checkQuotas, createQuotas, shareOut, type Quotas } from './quotas.ts'

const DAY_MS = 86_400_000
const NOON = Date.UTC(2027, 0, 31, 12)

interface World {
  readonly quotas: Quotas
  nowMs: number
  calendarMs: number
}

function world(): World {
  const times = { nowMs: 0, calendarMs: NOON }
  const quotas = createQuotas({ now: () => times.nowMs, calendarNow: () => times.calendarMs })
  return Object.assign(times, { quotas })
}

function key(quotas: KeyQuotas, uid = 'a'): Principal {
  return { name: uid, uid, quotas }
}

/** How many of so many requests are let in at once; none of them ends. */
function letIn(quotas: Quotas, principal: Principal | undefined, requests = 1000, rows = 1): number {
  let count = 0
  for (let i = 0; i < requests; i++) if (attempt(quotas, principal, rows) !== undefined) count++
  return count
}

function attempt(quotas: Quotas, principal: Principal | undefined, rows = 1): (() => void) | undefined {
  try {
    return quotas.take(principal, rows)
  } catch (error) {
    if (error instanceof ServingError && error.details['reason'] === 'quota') return undefined
    throw error
  }
}

function refusal(quotas: Quotas, principal: Principal, rows = 1): ServingError {
  try {
    quotas.take(principal, rows)
  } catch (error) {
    return error as ServingError
  }
  throw new Error('it was let in')
}

describe('of a thousand requests that come at once', () => {
  test.each<[KeyQuotas, number, number]>([
    [{}, 1, 1000],
    [{ concurrent: 7 }, 1, 7],
    [{ requestsPerSecond: 50 }, 1, 50],
    [{ requestsPerSecond: 50, burst: 80 }, 1, 80],
    [{ requestsPerSecond: 0.5 }, 1, 1],
    [{ rowsPerSecond: 100 }, 10, 10],
    [{ rowsPerSecond: 100 }, 1000, 1],
    [{ rowsPerSecond: 100 }, 0, 1000],
    [{ requestsPerDay: 123 }, 1, 123],
    [{ rowsPerDay: 100 }, 7, 14],
    [{ rowsPerDay: 100 }, 101, 0],
    [{ concurrent: 9, requestsPerSecond: 5, rowsPerDay: 7 }, 1, 5],
  ])('under %j, with %d rows each, %d are let in', async (limits, rows, expected) => {
    const { quotas } = world()
    expect(letIn(quotas, key(limits), 1000, rows)).toBe(expected)
    const other = world().quotas
    const all = await Promise.all(Array.from({ length: 1000 }, async () => attempt(other, key(limits), rows)))
    expect(all.filter((release) => release !== undefined)).toHaveLength(expected)
  })

  test('as many of each key are', () => {
    const { quotas } = world()
    expect(letIn(quotas, key({ concurrent: 3 }, 'a'))).toBe(3)
    expect(letIn(quotas, key({ concurrent: 4 }, 'b'))).toBe(4)
  })

  test('all are of nobody, and of a key of files', () => {
    const { quotas } = world()
    expect(letIn(quotas, undefined)).toBe(1000)
    expect(letIn(quotas, { name: 'web' })).toBe(1000)
  })

  test.each([-1, Number.NaN, -Infinity, Infinity, 1e300, 0, Number.MIN_VALUE / 2])(
    'none are under a limit of %d, which makes no sense',
    (limit) => {
      for (const name of ['concurrent', 'requestsPerSecond', 'rowsPerSecond', 'requestsPerDay', 'rowsPerDay'])
        expect(letIn(world().quotas, key({ [name]: limit }))).toBe(0)
    },
  )
})

describe('a refusal', () => {
  test.each<[KeyQuotas, string, number, number]>([
    [{ concurrent: 1 }, 'concurrent', 1, 100],
    [{ requestsPerSecond: 4, burst: 1 }, 'requestsPerSecond', 4, 250],
    [{ requestsPerSecond: 0.01 }, 'requestsPerSecond', 0.01, 100_000],
    [{ rowsPerSecond: 1 }, 'rowsPerSecond', 1, 1000],
    [{ requestsPerDay: 1 }, 'requestsPerDay', 1, DAY_MS / 2],
    [{ rowsPerDay: 1 }, 'rowsPerDay', 1, DAY_MS / 2],
  ])('under %j names %s, the most (%d), and when it is over (%d ms)', (limits, limit, most, retryAfterMs) => {
    const { quotas } = world()
    quotas.take(key(limits), 1)
    expect(refusal(quotas, key(limits))).toMatchObject({
      code: 'overloaded',
      details: { reason: 'quota', limit, most, retryAfterMs },
    })
  })

  test('keeps what it promises: who waits so long is let in, and not before', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1000, noNaN: true }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 100 }),
        (rowsPerSecond, rows, times) => {
          const made = world()
          const principal = key({ rowsPerSecond })
          for (let i = 0; i < times; i++) {
            if (attempt(made.quotas, principal, rows) !== undefined) continue
            const waitMs = Number(refusal(made.quotas, principal, rows).details['retryAfterMs'])
            if (waitMs >= DAY_MS) return
            const early = Math.min(waitMs, 2)
            made.nowMs += waitMs - early
            if (waitMs > 1) expect(attempt(made.quotas, principal, rows)).toBeUndefined()
            made.nowMs += early
            expect(attempt(made.quotas, principal, rows)).toBeDefined()
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  test('uses up nothing: no other quota, and no time', () => {
    const made = world()
    const principal = key({
      concurrent: 1,
      requestsPerSecond: 10,
      requestsPerDay: 10,
      rowsPerDay: 10,
      rowsPerSecond: 10,
    })
    const release = made.quotas.take(principal, 1)
    expect(letIn(made.quotas, principal)).toBe(0)
    release()
    expect(made.quotas.snapshot().used).toEqual({ a: [1, 1] })
    for (let i = 0; i < 9; i++) made.quotas.take(principal, 1)()
    expect(refusal(made.quotas, principal).details['limit']).toBe('requestsPerSecond')
    made.nowMs = 60_000
    expect(refusal(made.quotas, principal).details['limit']).toBe('requestsPerDay')
  })
})

describe('a request that ends', () => {
  test('makes room for one, however often that is said', () => {
    const { quotas } = world()
    const principal = key({ concurrent: 2 })
    const release = quotas.take(principal, 1)
    quotas.take(principal, 1)
    for (let i = 0; i < 5; i++) release()
    expect(letIn(quotas, principal)).toBe(1)
  })

  test('counts also when its key has got other quotas meanwhile, or had none', () => {
    const { quotas } = world()
    const release = quotas.take(key({ concurrent: 5 }), 1)
    expect(letIn(quotas, key({ concurrent: 2 }))).toBe(1)
    release()
    expect(letIn(quotas, key({ concurrent: 2 }))).toBe(1)
  })

  test('is forgotten with its key only when it has ended', () => {
    const { quotas } = world()
    const release = quotas.take(key({ concurrent: 1 }), 1)
    quotas.retain(new Set())
    expect(letIn(quotas, key({ concurrent: 1 }))).toBe(0)
    release()
    quotas.retain(new Set())
    expect(letIn(quotas, key({ concurrent: 1 }))).toBe(1)
  })
})

describe('a rate', () => {
  test('is kept over any time, however the requests come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 }),
        (requestsPerSecond, burst, gaps) => {
          const made = world()
          let count = 0
          for (const gap of gaps) {
            made.nowMs += gap
            count += letIn(made.quotas, key({ requestsPerSecond, burst }), 30)
            expect(count).toBeLessThanOrEqual(burst + (made.nowMs / 1000) * requestsPerSecond + 1e-3)
          }
        },
      ),
    )
  })

  test('is reached by who always asks', () => {
    const made = world()
    let count = 0
    for (; made.nowMs < 10_000; made.nowMs++) count += letIn(made.quotas, key({ requestsPerSecond: 30, burst: 5 }), 2)
    expect(count).toBe(5 + 299)
  })

  test('of rows is paid back after a request of more rows than a second has', () => {
    const made = world()
    const principal = key({ rowsPerSecond: 10 })
    expect(attempt(made.quotas, principal, 25)).toBeDefined()
    made.nowMs = 1500
    expect(attempt(made.quotas, principal, 1)).toBeUndefined()
    made.nowMs = 1600
    expect(attempt(made.quotas, principal, 1)).toBeDefined()
  })

  test('neither gives nor takes anything for a clock that goes back', () => {
    const made = world()
    const principal = key({ requestsPerSecond: 10 })
    made.nowMs = 5000
    expect(letIn(made.quotas, principal, 4)).toBe(4)
    made.nowMs = 0
    expect(letIn(made.quotas, principal)).toBe(6)
    for (const nowMs of [0, 5000, 1000, 5000]) {
      made.nowMs = nowMs
      expect(letIn(made.quotas, principal)).toBe(0)
    }
  })
})

describe("a day's quota", () => {
  const principal = key({ requestsPerDay: 10 })

  test('begins anew at midnight, UTC', () => {
    const made = world()
    expect(letIn(made.quotas, principal)).toBe(10)
    made.calendarMs = NOON + DAY_MS / 2 - 1
    expect(letIn(made.quotas, principal)).toBe(0)
    expect(refusal(made.quotas, principal).details['retryAfterMs']).toBe(1)
    made.calendarMs += 1
    expect(letIn(made.quotas, principal)).toBe(10)
  })

  test('is given once for each day, however the clock goes back', () => {
    const made = world()
    letIn(made.quotas, principal)
    for (const days of [-1, 0, -400, 0]) {
      made.calendarMs = NOON + days * DAY_MS
      expect(letIn(made.quotas, principal)).toBe(0)
    }
    made.calendarMs = NOON + DAY_MS
    expect(letIn(made.quotas, principal)).toBe(10)
    made.calendarMs = NOON
    expect(letIn(made.quotas, principal)).toBe(0)
  })

  test('outlives a restart, in the same day', () => {
    const before = world()
    letIn(before.quotas, principal, 4)
    const kept: unknown = JSON.parse(JSON.stringify(before.quotas.snapshot()))
    const after = world()
    expect(letIn(after.quotas, principal, 1)).toBe(1)
    after.quotas.restore(kept)
    expect(letIn(after.quotas, principal)).toBe(5)
    const tomorrow = world()
    tomorrow.calendarMs = NOON + DAY_MS
    tomorrow.quotas.restore(kept)
    expect(letIn(tomorrow.quotas, principal)).toBe(10)
    const yesterday = world()
    yesterday.calendarMs = NOON - DAY_MS
    yesterday.quotas.restore(kept)
    expect(letIn(yesterday.quotas, principal)).toBe(6)
    yesterday.calendarMs = NOON
    expect(letIn(yesterday.quotas, principal)).toBe(0)
  })

  test.each([
    undefined,
    null,
    7,
    [],
    {},
    { formatVersion: 2, day: 1, used: {} },
    { formatVersion: 1, day: -1, used: {} },
    { formatVersion: 1, day: 1, used: { a: [-5, 0] } },
    { formatVersion: 1, day: 1, used: { a: [1e300, 0] } },
    { formatVersion: 1, day: 1, used: { a: [1] } },
    { formatVersion: 1, day: 1, used: { a: ['1', '2'] } },
  ])('is not restored from %j', (kept) => {
    expect(() => world().quotas.restore(kept)).toThrow(expect.objectContaining({ code: 'refused' }))
  })
})

describe('processes that share', () => {
  test.each<[KeyQuotas, number[], number]>([
    [{ concurrent: 10 }, [0.25, 0.25, 0.25, 0.25], 8],
    [{ concurrent: 10 }, [0.7, 0.1, 0.1, 0.1], 10],
    [{ concurrent: 2 }, [0.25, 0.25, 0.25, 0.25], 4],
    [{ requestsPerSecond: 100 }, [0.5, 0.5], 100],
    [{ requestsPerDay: 1000 }, [0.333, 0.333, 0.334], 1000],
    [{ rowsPerDay: 3 }, [1 / 3, 1 / 3, 1 / 3], 3],
  ])('%j by %j let in %d together', (limits, shares, expected) => {
    const together = shares.map((share) => {
      const { quotas } = world()
      quotas.setShare(share)
      return letIn(quotas, key(limits))
    })
    expect(together.reduce((sum, each) => sum + each)).toBe(expected)
  })

  test('may share one key otherwise than the others', () => {
    const { quotas } = world()
    quotas.setShare(0.5)
    quotas.setShare(0.9, 'a')
    expect(letIn(quotas, key({ concurrent: 10 }, 'a'))).toBe(9)
    expect(letIn(quotas, key({ concurrent: 10 }, 'b'))).toBe(5)
  })

  test('get nothing at once by a larger share, and lose what is above a smaller one', () => {
    const made = world()
    const principal = key({ requestsPerSecond: 100 })
    made.quotas.setShare(0.5)
    expect(letIn(made.quotas, principal)).toBe(50)
    made.quotas.setShare(1)
    expect(letIn(made.quotas, principal)).toBe(0)
    made.nowMs = 1000
    made.quotas.setShare(0.2)
    expect(letIn(made.quotas, principal)).toBe(20)
  })

  test('share by what each is asked for', () => {
    const { quotas } = world()
    letIn(quotas, key({ concurrent: 1 }, 'a'), 7)
    letIn(quotas, key({}, 'b'), 7)
    expect([...quotas.takeDemand()]).toEqual([['a', 7]])
    expect([...quotas.takeDemand()]).toEqual([])
    expect(shareOut([0, 0])).toEqual([0.5, 0.5])
    expect(shareOut([3, 1]).map((share) => share.toFixed(3))).toEqual(['0.725', '0.275'])
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 8 }), (demand) => {
        const shares = shareOut(demand)
        expect(shares.reduce((sum, each) => sum + each)).toBeCloseTo(1, 9)
        for (const share of shares) expect(share).toBeGreaterThan(0)
      }),
    )
  })
})

describe('quotas to be kept', () => {
  test.each<KeyQuotas>([
    {},
    { requestsPerSecond: 0.5, burst: 3, concurrent: 1, rowsPerSecond: 1e6, requestsPerDay: 1, rowsPerDay: 1e12 },
    { concurrent: undefined },
  ])('may be %j', (quotas) => {
    expect(() => checkQuotas(quotas)).not.toThrow()
  })

  test.each<[KeyQuotas, string]>([
    [{ concurrent: 0 }, 'concurrent'],
    [{ concurrent: 1.5 }, 'concurrent'],
    [{ requestsPerSecond: -1 }, 'requestsPerSecond'],
    [{ requestsPerSecond: Number.NaN }, 'requestsPerSecond'],
    [{ rowsPerSecond: Infinity }, 'rowsPerSecond'],
    [{ requestsPerDay: 2 ** 53 }, 'requestsPerDay'],
    [{ rowsPerDay: 1e13 }, 'rowsPerDay'],
    [{ burst: 3 }, 'burst'],
  ])('may not be %j', (quotas, quota) => {
    expect(() => checkQuotas(quotas)).toThrow(expect.objectContaining({ code: 'invalid_argument', details: { quota } }))
  })
})
