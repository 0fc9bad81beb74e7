import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createDeadlines, Deadline, type Deadlines } from './deadlines.ts'

class Told extends Deadline {
  readonly tell: () => void

  constructor(deadlineMs: number, tell: () => void) {
    super(deadlineMs)
    this.tell = tell
  }

  override expire(): void {
    this.tell()
  }
}

/** @returns what gives the watch back */
function watch(deadlines: Deadlines, deadlineMs: number, tell: () => void): () => void {
  const deadline = new Told(deadlineMs, tell)
  deadlines.watch(deadline)
  return () => deadlines.unwatch(deadline)
}

describe('deadlines', () => {
  let deadlines: Deadlines
  let expired: string[]
  const at = (deadlineMs: number, name: string): (() => void) => watch(deadlines, deadlineMs, () => expired.push(name))

  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_003 })
    deadlines = createDeadlines(() => Date.now() - 1_000_000)
    expired = []
  })

  afterEach(() => {
    deadlines.close()
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  test('expire once, in their order, never early and at most 20 ms late', () => {
    const due = new Map([
      ['a', 50],
      ['b', 59],
      ['c', 61],
      ['d', 1000.5],
      ['e', 60_000],
    ])
    for (const [name, deadlineMs] of due) at(deadlineMs, name)
    let told = 0
    for (let step = 0; step < 60_100; step++) {
      vi.advanceTimersByTime(1)
      for (const name of expired.slice(told)) {
        const late = Date.now() - 1_000_000 - (due.get(name) ?? 0)
        expect(late).toBeGreaterThanOrEqual(0)
        expect(late).toBeLessThanOrEqual(20)
      }
      told = expired.length
    }
    expect(expired).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('are forgotten once the watch is given back, even after they expired', () => {
    const giveBack = at(30, 'a')
    at(30, 'b')
    giveBack()
    vi.advanceTimersByTime(50)
    expect(expired).toEqual(['b'])
    giveBack()
    at(200, 'c')
    giveBack()
    vi.advanceTimersByTime(300)
    expect(expired).toEqual(['b', 'c'])
  })

  test('share one timer, which runs only while something is watched', () => {
    expect(vi.getTimerCount()).toBe(0)
    const watches = Array.from({ length: 100 }, (_, i) => at(1000 + i, String(i)))
    expect(vi.getTimerCount()).toBe(1)
    for (const giveBack of watches) giveBack()
    vi.advanceTimersByTime(20)
    expect(vi.getTimerCount()).toBe(0)
    at(100, 'again')
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(200)
    expect(expired).toEqual(['again'])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('that have passed already expire at the next turn of the timer', () => {
    at(-5, 'past')
    at(3, 'now')
    vi.advanceTimersByTime(20)
    expect(expired).toEqual(['past', 'now'])
  })

  test('may be set while others expire', () => {
    watch(deadlines, 10, () => {
      expired.push('first')
      at(0, 'second')
    })
    vi.advanceTimersByTime(10)
    expect(expired).toEqual(['first'])
    vi.advanceTimersByTime(20)
    expect(expired).toEqual(['first', 'second'])
  })

  test('that never come are never told', () => {
    const giveBack = at(Infinity, 'never')
    vi.advanceTimersByTime(1_000_000)
    expect(expired).toEqual([])
    giveBack()
    vi.advanceTimersByTime(10)
  })

  test('all go when the timer is closed', () => {
    at(10, 'a')
    deadlines.close()
    vi.advanceTimersByTime(100)
    expect(expired).toEqual([])
  })
})
