import { ServingError } from '../../src/core/errors.ts'
import type { BenchOptions } from './options.ts'
import type { Failure } from './results.ts'
import type { Timeline } from './timeline.ts'

/** What the parts of one run share. */
export interface Run {
  readonly options: BenchOptions
  readonly timeline: Timeline
  readonly signal: AbortSignal
  /** What could not be measured so far; parts add to it. */
  readonly failures: Failure[]
}

/**
 * Does something of one server that may fail without ending the run: the failure is written down.
 * @returns undefined when it failed
 * @throws when the run itself was stopped, or the bench has a bug
 */
export async function tolerate<T>(
  run: Run,
  server: string,
  what: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (run.signal.aborted || !(error instanceof ServingError)) throw error
    run.failures.push({ server, what, reason: error.message })
    process.stderr.write(`\nbench: ${what}: ${server}: ${error.message}\n`)
    return undefined
  }
}
