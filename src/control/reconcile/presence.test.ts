import { expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import type { Environment } from '../environment.ts'
import type { Maker } from '../maker.ts'
import { createPresence } from './presence.ts'

type Answer = { readonly folder: string; readonly isOurs: boolean } | ServingError

/** A maker whose answers a test gives by hand. */
function setUp() {
  const clock = { nowMs: 0 }
  const asked: {
    digest: string
    isDoubted: boolean | undefined
    signal: AbortSignal
    say: (answer: Answer) => void
  }[] = []
  let changes = 0
  const environment: Environment = {
    wallMs: () => clock.nowMs,
    now: () => clock.nowMs,
    random: () => 0.5,
    newId: () => 'id',
    sleep: async () => undefined,
    log: () => undefined,
  }
  const maker: Maker = {
    make: () => new Promise<never>(() => undefined),
    ensure: (digest, signal, options) =>
      new Promise((resolve, reject) => {
        const say = (answer: Answer) => (answer instanceof ServingError ? reject(answer) : resolve(answer))
        signal.addEventListener('abort', () => reject(new ServingError('cancelled', 'interrupted')))
        asked.push({ digest, isDoubted: options?.isDoubted, signal, say })
      }),
    sweep: async () => 0,
  }
  const presence = createPresence({ maker, environment, onChange: () => changes++ })
  async function say(answer: Answer): Promise<void> {
    asked.shift()?.say(answer)
    await new Promise((resolve) => void setImmediate(resolve))
  }
  return { presence, clock, asked, say, changes: () => changes }
}

const HERE = { folder: '/bundles/a', isOurs: true }

test('a bundle is looked at once, and then it is known where it lies', async () => {
  const { presence, asked, say, changes } = setUp()
  expect(presence.of('a', false)).toBe('coming')
  expect(presence.of('a', false)).toBe('coming')
  expect(asked).toHaveLength(1)
  await say(HERE)
  expect(presence.of('a', false)).toEqual(HERE)
  expect([asked.length, changes()]).toEqual([0, 1])
})

test('one that cannot be had is tried again, less and less often', async () => {
  const { presence, clock, asked, say } = setUp()
  presence.of('a', false)
  await say(new ServingError('unavailable', 'the storage is away'))
  expect(presence.of('a', false)).toBe('missing')
  expect(asked).toHaveLength(0)
  let waits = 0
  for (; clock.nowMs < 300_000; clock.nowMs += 100) {
    presence.of('a', false)
    if (asked.length === 0) continue
    waits++
    await say(new ServingError('unavailable', 'the storage is away'))
  }
  expect(waits).toBeGreaterThan(8)
  expect(waits).toBeLessThan(14)
  clock.nowMs += 60_000
  expect(presence.of('a', false)).toBe('missing')
  await say(HERE)
  expect(presence.of('a', false)).toEqual(HERE)
})

test('what a runner did not find whole is looked at again, and is believed to be there meanwhile', async () => {
  const { presence, clock, asked, say } = setUp()
  presence.of('a', true)
  await say(HERE)
  presence.doubt('a')
  presence.doubt('a')
  expect(asked).toMatchObject([{ digest: 'a', isDoubted: true }])
  expect(presence.of('a', true)).toEqual(HERE)
  await say({ ...HERE, isOurs: false })
  expect(presence.of('a', true)).toEqual({ ...HERE, isOurs: false })
  // a runner that says so again and again does not keep the disk busy
  for (let i = 0; i < 10; i++) presence.doubt('a')
  expect(asked).toHaveLength(0)
  clock.nowMs += 1000
  presence.doubt('a')
  expect(asked).toHaveLength(1)
})

test('what nobody serves yet comes first, and two at once', async () => {
  const { presence, asked, say } = setUp()
  for (const digest of ['a', 'b', 'c', 'd']) presence.of(digest, true)
  presence.of('new', false)
  presence.of('d', false) // it is waited for now
  expect(asked.map(({ digest }) => digest)).toEqual(['a', 'b'])
  await say(HERE)
  await say(HERE)
  expect(asked.map(({ digest }) => digest)).toEqual(['new', 'd'])
})

test('what was made just now is known, and what nobody uses is forgotten', async () => {
  const { presence, asked, say } = setUp()
  presence.found('a', HERE)
  expect(presence.of('a', false)).toEqual(HERE)
  expect(asked).toHaveLength(0)
  presence.keepOnly(new Set())
  expect(presence.of('a', false)).toBe('coming')
  await say(HERE)
})

test('the end waits for nothing that is under way', async () => {
  const { presence, asked } = setUp()
  presence.of('a', false)
  await presence.stop()
  expect(asked[0]?.signal.aborted).toBe(true)
})
