import type { RunnerStatus } from '../../api/runner-status.ts'
import { shareOut } from '../../auth/quotas.ts'

/**
 * Shares the quotas of keys out among the runners of a project, by where their requests came in last.
 * @param statuses of the runners that are there
 * @returns by runner, by key's uid, as `ToDataPlane` tells it; keys that nobody used are in none
 */
export function planShares(statuses: readonly RunnerStatus[]): Map<string, Record<string, number>> {
  const planned = new Map(statuses.map(({ runner }) => [runner, {} as Record<string, number>]))
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
