import { describe, expect, test } from 'vitest'
import { callerOf, createFailureLimit, MAX_CALLERS, MAX_FAILURES, WINDOW_MS } from './failure-limit.ts'

describe('failed attempts', () => {
  test('of one caller are too many after a hundred in a minute, until the minute is over', () => {
    let now = 5
    const limit = createFailureLimit(() => now)
    for (let i = 0; i < MAX_FAILURES; i++) expect(limit.add('192.0.2.1')).toBeUndefined()
    now += 1000
    expect(limit.add('192.0.2.1')).toBe(WINDOW_MS - 1000)
    expect(limit.add('192.0.2.2')).toBeUndefined()
    now += WINDOW_MS - 1001
    expect(limit.add('192.0.2.1')).toBe(1)
    now += 1
    expect(limit.add('192.0.2.1')).toBeUndefined()
  })

  test('of very many callers take bounded memory, and those who go on are remembered', () => {
    const limit = createFailureLimit(() => 0)
    for (let i = 0; i < MAX_FAILURES; i++) limit.add('192.0.2.1')
    for (let i = 0; i < MAX_CALLERS - 1; i++) limit.add(`10.0.${i >> 8}.${i & 255}`)
    expect(limit.add('192.0.2.1')).toBe(WINDOW_MS)
    for (let i = 0; i < MAX_CALLERS / 2; i++) limit.add(`10.2.${i >> 8}.${i & 255}`)
    expect(limit.add('192.0.2.1')).toBe(WINDOW_MS)
    for (let i = 0; i < MAX_CALLERS; i++) limit.add(`10.1.${i >> 8}.${i & 255}`)
    expect(limit.add('192.0.2.1')).toBeUndefined()
  })

  test('without an address are counted together', () => {
    const limit = createFailureLimit(() => 0)
    for (let i = 0; i < MAX_FAILURES; i++) limit.add(undefined)
    expect(limit.add(undefined)).toBe(WINDOW_MS)
  })

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2'],
    ['2001:db8::5', '2001:db8:0:0'],
    ['2001:db8:1:2:3::5:6', '2001:db8:1:2'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0'],
    ['', ''],
  ])('of %j count for %j', (address, caller) => expect(callerOf(address)).toBe(caller))
})
