import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ServingError } from '../core/errors.ts'
import { tensor, type Tensors } from '../tensor/tensor.ts'
import { createBatcher } from './batcher.ts'
import { choicesOf } from './choices.fixture.ts'
import type { ServedModel } from './plane.ts'
import { createQueueMemory } from './queue-memory.ts'
import { createRunCost } from './run-cost.ts'

const MODEL: ServedModel = {
  name: 'slow',
  version: '0'.repeat(64),
  signature: { inputs: [], outputs: [] },
  example: new Map(),
  engines: [],
  batching: { rowsAreIndependent: true, reason: '' },
  labels: [],
  choices: choicesOf(),
  state: 'ready',
}

const OUTPUTS = ['y']
const ROWS_A_RUN = 8
const DURATION_MS = 500

interface Outcome {
  asked: number
  answered: number
  longestMs: number
}

/**
 * A model that runs 8 rows in each millisecond, under load for half a second.
 * @param demand requests of each caller in each millisecond
 */
async function overload(
  demand: Readonly<Record<string, number>>,
  { hasKeys = true, maxQueueRows = 1000, timeoutMs = 50 } = {},
): Promise<Record<string, Outcome>> {
  let time = 0
  const cost = createRunCost()
  const run = (inputs: Tensors): Tensors => {
    time += 1
    const [rows = 0] = inputs.get('x')?.shape ?? []
    return new Map([['y', tensor('FP64', [rows], new Float64Array(rows))]])
  }
  const batcher = createBatcher({
    run,
    rowsAreIndependent: true,
    maxBatchRows: ROWS_A_RUN,
    maxQueueRows,
    place: 'in-tick',
    concurrency: 1,
    preferredRows: [],
    windowMs: 0,
    maxQueueDelayMs: Infinity,
    cost,
    model: () => MODEL,
    deadlines: { watch() {}, unwatch() {}, close() {} },
    memory: createQueueMemory(2 ** 30),
    now: () => time,
  })
  const inputs: Tensors = new Map([['x', tensor('FP64', [1, 1], new Float64Array(1))]])
  const outcomes = Object.fromEntries(
    Object.keys(demand).map((name): [string, Outcome] => [name, { asked: 0, answered: 0, longestMs: 0 }]),
  )
  const owed = new Map(Object.keys(demand).map((name) => [name, 0]))
  let seenMs = 0

  async function ask(name: string, outcome: Outcome): Promise<void> {
    const atMs = time
    outcome.asked++
    const call = { aborted: false, ...(hasKeys && { principal: { name, uid: name } }) }
    try {
      await batcher.submit({ inputs, rows: 1, wanted: OUTPUTS, deadlineMs: time + timeoutMs, priority: 2, call })
      outcome.answered++
      outcome.longestMs = Math.max(outcome.longestMs, time - atMs)
    } catch (error) {
      if (!['overloaded', 'deadline_exceeded'].includes((error as ServingError).code)) throw error
    }
  }

  const asked: Promise<void>[] = []
  while (time < DURATION_MS) {
    const elapsedMs = Math.max(1, time - seenMs)
    seenMs = time
    for (const [name, each] of Object.entries(demand)) {
      let due = (owed.get(name) ?? 0) + each * elapsedMs
      for (; due >= 1; due--) asked.push(ask(name, outcomes[name] as Outcome))
      owed.set(name, due)
    }
    await setImmediate()
    if (time === seenMs) time += 1
  }
  await batcher.idle()
  await Promise.all(asked)
  return outcomes
}

const part = ({ asked, answered }: Outcome | undefined = { asked: 1, answered: 0, longestMs: 0 }) => answered / asked

test('a caller with little to ask is answered at once while another asks for ten times what there is', async () => {
  const { greedy, modest } = await overload({ greedy: 80, modest: 1 })
  expect(part(modest)).toBe(1)
  expect(modest?.longestMs).toBeLessThan(10)
  expect(greedy?.answered).toBeGreaterThan(DURATION_MS * (ROWS_A_RUN - 1) * 0.9)
})

test('a full line makes room for who has less in it', async () => {
  const { greedy, modest } = await overload({ greedy: 80, modest: 1 }, { maxQueueRows: 40, timeoutMs: 10_000 })
  expect(part(modest)).toBe(1)
  expect(greedy?.answered).toBeGreaterThan(DURATION_MS * (ROWS_A_RUN - 1) * 0.9)
})

test('the same two without keys share by what they ask for', async () => {
  const { modest } = await overload({ greedy: 80, modest: 1 }, { hasKeys: false })
  expect(part(modest)).toBeLessThan(0.5)
})

test('three who ask for too much get alike, and what is there is used', async () => {
  const outcomes = await overload({ a: 4, b: 20, c: 60 })
  const answered = Object.values(outcomes).map((outcome) => outcome.answered)
  expect(Math.min(...answered) / Math.max(...answered)).toBeGreaterThan(0.8)
  expect(answered.reduce((sum, each) => sum + each)).toBeGreaterThan(DURATION_MS * ROWS_A_RUN * 0.9)
})
