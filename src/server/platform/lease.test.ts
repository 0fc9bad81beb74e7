import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { testEnvironment } from '../../control/store/environment.fixture.ts'
import { openSqliteStore } from '../../control/store/open-store.ts'
import type { Store } from '../../control/store/store.ts'
import { holdLease } from './lease.ts'

let store: Store
let now = 0
const wallMs = () => now
const nothing = () => {}

beforeEach(async () => {
  now = 1_000_000
  store = await openSqliteStore({ path: ':memory:', environment: testEnvironment() })
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(async () => {
  vi.useRealTimers()
  await store.close()
})

/** Lets time pass, in which leases are renewed. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    now += 1000
    vi.advanceTimersByTime(1000)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

test('one platform has a database, as long as it lives, and whoever comes next once it has gone', async () => {
  const release = await holdLease({ store, holder: 'a', wallMs, onLost: nothing })
  await pass(60_000)
  await expect(holdLease({ store, holder: 'b', wallMs, onLost: nothing })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('"a"') as string,
    details: { reason: 'database_in_use', holder: 'a' },
  })
  const again = await holdLease({ store, holder: 'a', wallMs, onLost: nothing }) // its next life, at once
  await release()
  await again()
  await (
    await holdLease({ store, holder: 'b', wallMs, onLost: nothing })
  )()
})

test('one that was killed is followed after a while, and told so if it lives after all', async () => {
  const lost: string[] = []
  await holdLease({ store, holder: 'a', wallMs, onLost: ({ code }) => lost.push(code) })
  now += 20_000 // frozen: nothing was renewed
  const release = await holdLease({ store, holder: 'b', wallMs, onLost: nothing })
  await pass(6000)
  expect(lost).toEqual(['conflict'])
  await release()
})
