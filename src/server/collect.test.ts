import { expect, test } from 'vitest'
import { createCollector, createGatherer } from './collect.ts'

test('what is gathered waits for all who are asked', async () => {
  const gatherer = createGatherer()
  const asked: number[] = []
  let isDone = false
  const gathered = gatherer.gather([(id) => asked.push(id), (id) => asked.push(id)]).then(() => (isDone = true))
  gatherer.receive(asked[1] ?? 0)
  await new Promise((resolve) => setImmediate(resolve))
  expect(isDone).toBe(false)
  gatherer.receive(asked[0] ?? 0)
  await gathered
})

test('who does not answer is not waited for for ever', async () => {
  await createGatherer(10).gather([() => {}])
})

test('an answer goes to who asked for it', async () => {
  const asked: number[] = []
  const collector = createCollector((id) => asked.push(id))
  const [first, second] = [collector.collect(), collector.collect()]
  const collected = (runnerRestarts: number) => ({ snapshots: [], counters: { runnerRestarts, workerRestarts: 0 } })
  collector.receive(asked[1] ?? 0, collected(2))
  collector.receive(asked[0] ?? 0, collected(1))
  expect([(await first)?.counters.runnerRestarts, (await second)?.counters.runnerRestarts]).toEqual([1, 2])
})
