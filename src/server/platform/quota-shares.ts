import type { DayTold, RunnerStatus } from '../../api/runner-status.ts'
import { shareOut } from '../../auth/quotas.ts'

/**
 * Shares the quotas of keys out among the runners of a project, by where their requests came in last.
 * @param statuses of the runners that are there
 * @returns by runner, by key's uid, as `ToDataPlane` tells it; keys that nobody used are in none
 */
export function planShares(statuses: readonly RunnerStatus[]): Map<string, Record<string, number>> {
  const planned = new Map<string, Record<string, number>>(statuses.map(({ runner }) => [runner, {}]))
  const uids = new Set(statuses.flatMap(({ demand }) => Object.keys(demand ?? {})))
  for (const uid of uids) {
    const fractions = shareOut(statuses.map(({ demand }) => demand?.[uid] ?? 0))
    for (const [i, { runner }] of statuses.entries()) {
      const shares = planned.get(runner)
      if (shares !== undefined) shares[uid] = fractions[i] ?? 0
    }
  }
  return planned
}

/** Requests by key's uid, those of long ago counting for less. */
export type Demand = Readonly<Record<string, number>>

/**
 * Adds what a runner tells: it tells now and then twice in a moment, and the last word alone would say that it has next to
 * nothing to do.
 */
export function addDemand(before: Demand = {}, told: Demand = {}): Demand {
  const sum: Record<string, number> = { ...before }
  for (const [uid, requests] of Object.entries(told)) sum[uid] = (sum[uid] ?? 0) + requests
  return sum
}

/** What is left of it once shares were made of it: callers that move to another runner take their shares along within seconds. */
export function fadeDemand(demand: Demand): Demand {
  return Object.fromEntries(
    Object.entries(demand).flatMap(([uid, requests]) => (requests < 1 ? [] : [[uid, requests / 2]])),
  )
}

/**
 * How far the day of each key that was used is used up, for each runner to know what is left to share.
 * @returns undefined while a runner is away, which may have given what is not known here, and about midnight, when runners
 * count different days: what they were told last holds on
 */
export function planDays(statuses: readonly RunnerStatus[]): Map<string, Record<string, DayTold>> | undefined {
  const day = statuses[0]?.usedToday?.day
  if (day === undefined || statuses.length !== statuses[0]?.count) return undefined
  if (!statuses.every(({ usedToday }) => usedToday?.day === day)) return undefined
  const planned = new Map<string, Record<string, DayTold>>(statuses.map(({ runner }) => [runner, {}]))
  for (const uid of new Set(statuses.flatMap(({ demand }) => Object.keys(demand ?? {})))) {
    const counted = statuses.map(({ usedToday }) => usedToday?.used[uid] ?? NOTHING)
    const all = [
      counted.reduce((sum, [requests]) => sum + requests, 0),
      counted.reduce((sum, [, rows]) => sum + rows, 0),
    ] as const
    for (const [i, { runner }] of statuses.entries()) {
      const days = planned.get(runner)
      if (days !== undefined) days[uid] = { day, own: counted[i] ?? NOTHING, all }
    }
  }
  return planned
}

const NOTHING = [0, 0] as const
