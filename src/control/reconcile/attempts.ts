import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'

/** Keeps the failures of one resource away from the others. */
export interface Attempts {
  /**
   * Does work of a resource, unless it failed lately: then nothing happens until its time has come. Never rejects.
   * @param resource `endpoint default/fraud`
   */
  attempt(resource: string, work: () => Promise<void>): Promise<void>
}

/** Shortest and longest time between two tries of what fails (ms). */
const SHORTEST_MS = 100
const LONGEST_MS = 30_000

/**
 * @param onConflict somebody changed what the work went by: it is read again before the next try, which comes at once the
 * first time
 */
export function createAttempts(environment: Environment, onConflict: () => void): Attempts {
  const failures = new Map<string, { readonly count: number; readonly untilMs: number }>()
  return {
    async attempt(resource, work) {
      const before = failures.get(resource)
      if (before !== undefined && environment.now() < before.untilMs) return
      try {
        await work()
        failures.delete(resource)
      } catch (thrown) {
        const error = ServingError.from(thrown)
        const count = (before?.count ?? 0) + 1
        const isConflict = error.code === 'conflict' || error.code === 'not_found'
        const doublings = isConflict ? count - 2 : count
        const delayMs = doublings < 0 ? 0 : Math.min(SHORTEST_MS * 2 ** doublings, LONGEST_MS)
        failures.set(resource, { count, untilMs: environment.now() + delayMs })
        onConflict()
        if (!isConflict)
          environment.log('warn', 'a step failed and is tried again', { resource, delayMs, error: thrown })
      }
    },
  }
}
