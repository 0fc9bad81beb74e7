import type { Choices } from './choices.ts'

/**
 * Choices for a model that runs in processes of its own: whatever it costs, this process only waits for it, and for as
 * many runs at once as there are such processes.
 */
export function inProcesses(choices: Choices, processes: number): Choices {
  return {
    ...choices,
    plan: { value: 'off-loop', reason: 'it runs in processes of its own' },
    concurrency: { value: processes, reason: `it has ${processes} of them, each for one run at a time` },
    start: { value: 'optimized', reason: 'there is one way to load it' },
  }
}
