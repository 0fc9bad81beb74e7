import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { createPerform } from './perform.ts'

function start() {
  const end = new AbortController()
  const queue: (() => Promise<void>)[] = []
  const perform = createPerform((work) => queue.push(work), end.signal)
  return { end, queue, perform, next: () => queue.shift()?.() }
}

test('whoever asked for work is told what came of it, once it is its turn', async () => {
  const { perform, next } = start()
  const answers = [perform(async () => 7), perform(() => Promise.reject(new Error('broken')))]
  const settled = Promise.allSettled(answers)
  await next()
  expect(await answers[0]).toBe(7)
  await next()
  expect(await settled).toMatchObject([{ value: 7 }, { reason: { message: 'broken' } }])
})

test('at the end, whoever waits is told so, and nothing else is begun', async () => {
  const { perform, queue, end, next } = start()
  const gate = Promise.withResolvers<void>()
  const waiting = Promise.allSettled([perform(() => gate.promise), perform(async () => {})])
  const underWay = next()
  end.abort()
  const ending = { status: 'rejected', reason: { code: 'unavailable', message: 'the server is ending' } }
  expect(await waiting).toMatchObject([ending, ending])
  gate.resolve()
  await underWay
  queue.length = 0
  await expect(perform(async () => {})).rejects.toMatchObject({ code: 'unavailable' })
  expect(queue).toEqual([])
})

test('work that is done leaves nothing behind that waits for the end', async () => {
  const { perform, next, end } = start()
  const before = getEventListeners(end.signal, 'abort').length
  for (let i = 0; i < 20; i++) {
    const done = perform(async () => i)
    await next()
    await done
  }
  expect(getEventListeners(end.signal, 'abort')).toHaveLength(before)
})
