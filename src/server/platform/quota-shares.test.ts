import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RunnerStatus } from '../../api/runner-status.ts'
import { createQuotas } from '../../auth/quotas.ts'
import { addDemand, fadeDemand, planDays, planShares } from './quota-shares.ts'

const NOON = Date.UTC(2027, 0, 31, 12)

/** Runners that share a key's day, and control that shares it out. */
function group(count: number, limits: { requestsPerDay?: number; rowsPerDay?: number }) {
  let calendarMs = NOON
  const runners = Array.from({ length: count }, () => createQuotas({ now: () => 0, calendarNow: () => calendarMs }))
  for (const quotas of runners) quotas.setShare(1 / count)
  const principal = { name: 'k', uid: 'k', quotas: limits }

  /** @returns how many were let in */
  function ask(runner: number, requests: number, rows = 1): number {
    let count = 0
    for (let i = 0; i < requests; i++)
      try {
        runners[runner]?.take(principal, rows)()
        count++
      } catch {
        // its quota is used up
      }
    return count
  }

  function shareOut(away: readonly number[] = []): void {
    const statuses = runners.map((quotas, index): RunnerStatus => ({
      runner: `default-${index + 1}`,
      project: 'default',
      index,
      count,
      life: '1',
      revision: 1,
      memoryBytes: 1,
      replicas: [],
      traffic: [],
      demand: Object.fromEntries(quotas.takeDemand()),
      usedToday: quotas.snapshot(),
    }))
    const present = statuses.filter(({ index }) => !away.includes(index))
    const shares = planShares(present)
    const days = planDays(present)
    for (const { index, runner } of present) {
      for (const [uid, share] of Object.entries(shares.get(runner) ?? {})) runners[index]?.setShare(share, uid)
      for (const [uid, told] of Object.entries(days?.get(runner) ?? {})) runners[index]?.setDay(uid, told)
    }
  }

  const nextDay = () => (calendarMs += 86_400_000)
  return { ask, shareOut, nextDay }
}

test('a caller that stays at one runner gets the whole of its day', () => {
  for (const limit of [2, 3, 10, 100, 101]) {
    const { ask, shareOut } = group(2, { requestsPerDay: limit })
    let given = 0
    for (let round = 0; round < 20; round++) {
      given += ask(0, 200)
      shareOut()
    }
    expect(given).toBe(limit)
  }
})

test('a caller that goes from runner to runner gets its day once', () => {
  const { ask, shareOut, nextDay } = group(2, { requestsPerDay: 100 })
  for (let day = 0; day < 2; day++) {
    let given = 0
    for (let round = 0; round < 30; round++) {
      for (let again = 0; again < 3; again++) {
        given += ask(round % 2, 200)
        shareOut()
      }
    }
    expect(given).toBe(100)
    nextDay()
  }
})

test('wherever requests come in, and whichever runner is away, no day gives more than it has', () => {
  const step = fc.record({
    at: fc.array(fc.nat(60), { minLength: 4, maxLength: 4 }),
    rows: fc.integer({ min: 1, max: 9 }),
    away: fc.constantFrom<readonly number[]>([], [], [0], [1]),
  })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 4, max: 300 }),
      fc.array(step, { maxLength: 12 }),
      (count, limit, steps) => {
        const { ask, shareOut } = group(count, { requestsPerDay: limit, rowsPerDay: 3 * limit })
        let requests = 0
        let sum = 0
        for (const { at, rows, away } of steps) {
          for (let runner = 0; runner < count; runner++) {
            const given = ask(runner, at[runner] ?? 0, rows)
            requests += given
            sum += given * rows
          }
          shareOut(away)
        }
        expect(requests).toBeLessThanOrEqual(limit)
        expect(sum).toBeLessThanOrEqual(3 * limit)
      },
    ),
  )
})

test('what a runner told a moment before it told again still counts', () => {
  expect(addDemand(addDemand(undefined, { k: 470, l: 1 }), { k: 3 })).toEqual({ k: 473, l: 1 })
  expect(addDemand({ k: 470 }, undefined)).toEqual({ k: 470 })
})

test('demand that is over fades, and is gone in the end', () => {
  let demand = addDemand(undefined, { k: 1000 })
  const left: number[] = []
  for (let i = 0; i < 12; i++) left.push((demand = fadeDemand(demand))['k'] ?? 0)
  expect(left.slice(0, 3)).toEqual([500, 250, 125])
  expect(demand).toEqual({})
})
