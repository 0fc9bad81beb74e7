import type { Choices } from './choices.ts'

type Values = { readonly [K in keyof Choices]: Choices[K]['value'] }

/** Choices for tests: in the tick, one run at a time, small numbers. */
export function choicesOf(values: Partial<Values> = {}): Choices {
  const all: Values = {
    engines: ['times'],
    plan: 'in-tick',
    concurrency: 1,
    maxBatchRows: 8,
    preferredRows: [],
    windowMs: 0,
    maxQueueRows: 8,
    maxQueueDelayMs: 1000,
    start: 'optimized',
    ...values,
  }
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, { value, reason: 'a test says so' }]),
  ) as unknown as Choices
}
