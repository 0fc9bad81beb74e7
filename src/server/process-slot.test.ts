import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { setLogLevel } from './log.ts'
import type { LookAtProcess } from './process-look.ts'
import { createProcessSlot, type ProcessSlot, type SlotOptions } from './process-slot.ts'

/** A process that does what a test says. */
class FakeChild extends EventEmitter {
  readonly pid = 1
  readonly connected = true
  readonly heard: string[] = []

  send({ type }: { type: string }): void {
    this.heard.push(type)
    if (type === 'drain') this.end(0)
  }

  kill(signal: string): void {
    this.heard.push(signal)
    this.end(null, signal)
  }

  say(message: object): void {
    this.emit('message', message)
  }

  end(code: number | null, signal: string | null = null): void {
    queueMicrotask(() => this.emit('exit', code, signal))
  }
}

let children: FakeChild[]
let slot: ProcessSlot
/** What the system says of a silent process. */
let look: ReturnType<LookAtProcess>

function create(options: Partial<SlotOptions> = {}): ProcessSlot {
  return createProcessSlot({
    what: 'runner',
    fields: {},
    spawn: () => {
      const child = new FakeChild()
      children.push(child)
      return child as unknown as ChildProcess
    },
    onStart: () => {},
    onMessage: () => {},
    drainMessage: () => ({ type: 'drain' }),
    drainTimeoutMs: 1000,
    silenceMs: 3000,
    look: () => look,
    ...options,
  })
}

/** The newest process. */
function newest(): FakeChild {
  const child = children.at(-1)
  if (child === undefined) throw new Error('nothing was started')
  return child
}

async function startReady(): Promise<void> {
  const started = slot.start()
  newest().say({ type: 'ready' })
  await started
}

/** Lets the newest live for so long and then die. @returns after how long the next was started (ms) */
async function dieAfter(livesMs: number): Promise<number> {
  const before = children.length
  await live(livesMs)
  newest().end(null, 'SIGKILL')
  let waitedMs = 0
  while (children.length === before) {
    await vi.advanceTimersByTimeAsync(1)
    waitedMs++
  }
  newest().say({ type: 'ready' })
  await vi.advanceTimersByTimeAsync(0)
  return waitedMs
}

/** Time in which the newest says once a second that it is there. */
async function live(ms: number, rssMiB = 10): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    await vi.advanceTimersByTimeAsync(Math.min(1000, ms - passed))
    newest().say({ type: 'alive', rssMiB })
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  setLogLevel('silent')
  children = []
  look = undefined
  slot = create()
})

afterEach(() => {
  vi.useRealTimers()
  setLogLevel('info')
})

test('a process that says that it lives, with a run beside its event loop that does not end, is ended', async () => {
  await startReady()
  newest().say({ type: 'alive', rssMiB: 10, longestRunMs: 3000 })
  expect(newest().heard).toEqual([])
  newest().say({ type: 'alive', rssMiB: 10, longestRunMs: 3001 })
  expect(newest().heard).toEqual(['SIGKILL'])
  await live(1000)
  expect([children.length, slot.restarts]).toEqual([2, 1])
})

describe('a process that dies', () => {
  test('is started again after longer and longer waits, which a long life ends', async () => {
    await startReady()
    const waits: number[] = []
    for (let i = 0; i < 10; i++) waits.push(await dieAfter(100))
    expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
    expect(await dieAfter(11_000)).toBe(50)
    expect(slot.restarts).toBe(11)
  })

  test('before it was ready for the first time is not started again, and says why', async () => {
    const started = slot.start()
    newest().say({ type: 'failed', code: 'refused', message: 'no', details: {} })
    newest().end(1)
    await expect(started).rejects.toEqual(new ServingError('refused', 'no'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(children).toHaveLength(1)
  })

  test('before it was ready again is started once more', async () => {
    await startReady()
    newest().end(1)
    await vi.advanceTimersByTimeAsync(50)
    newest().end(1)
    await vi.advanceTimersByTimeAsync(99)
    expect(children).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(children).toHaveLength(3)
  })
})

describe('a silent process', () => {
  test('is ended when it was ready, and another is started', async () => {
    await startReady()
    await vi.advanceTimersByTimeAsync(3000)
    expect(children[0]?.heard).toEqual([])
    await vi.advanceTimersByTimeAsync(1050)
    expect(children[0]?.heard).toEqual(['SIGKILL'])
    expect(children).toHaveLength(2)
  })

  test('is given more time while it loads', async () => {
    const started = slot.start()
    await vi.advanceTimersByTimeAsync(200_000)
    newest().say({ type: 'ready' })
    await started
    const loading = Promise.withResolvers<void>()
    void slot.serving?.patiently(loading.promise)
    await vi.advanceTimersByTimeAsync(200_000)
    expect(newest().heard).toEqual([])
    loading.resolve()
    await vi.advanceTimersByTimeAsync(3500)
    expect(newest().heard).toEqual(['SIGKILL'])
  })
})

describe('a silent process that does nothing', () => {
  beforeEach(async () => {
    slot = create({ silenceMs: 60_000 })
    await startReady()
  })

  /** @param next what the system says after another half second */
  async function silentFor(ms: number, next: () => typeof look): Promise<readonly string[]> {
    const [first] = children
    for (let passed = 0; passed < ms; passed += 500) {
      look = next()
      await vi.advanceTimersByTimeAsync(500)
    }
    return first?.heard ?? []
  }

  test('is ended within seconds where a signal stopped it, and another is started', async () => {
    expect(await silentFor(1500, () => ({ state: 'stopped', ticks: 7 }))).toEqual([])
    expect(await silentFor(500, () => ({ state: 'stopped', ticks: 7 }))).toEqual(['SIGKILL'])
    await vi.advanceTimersByTimeAsync(100)
    expect(children).toHaveLength(2)
  })

  test('is ended where its event loop waits for what does not come', async () => {
    expect(await silentFor(2500, () => ({ state: 'waiting', ticks: 7 }))).toEqual([])
    expect(await silentFor(500, () => ({ state: 'waiting', ticks: 7 }))).toEqual(['SIGKILL'])
  })

  test('and then computes has the time that a request has', async () => {
    let ticks = 0
    expect(await silentFor(20_000, () => ({ state: 'waiting', ticks: ticks++ }))).toEqual([])
    expect(await silentFor(20_000, () => ({ state: 'busy', ticks }))).toEqual([])
    expect(await silentFor(20_500, () => undefined)).toEqual(['SIGKILL'])
  })

  test('and says something again in between is left alone', async () => {
    for (let i = 0; i < 10; i++) {
      expect(await silentFor(1500, () => ({ state: 'stopped', ticks: 7 }))).toEqual([])
      newest().say({ type: 'alive', rssMiB: 10 })
    }
  })

  test('is given more time while it loads', async () => {
    void slot.serving?.patiently(new Promise(() => {}))
    expect(await silentFor(11_000, () => ({ state: 'stopped', ticks: 7 }))).toEqual([])
    expect(await silentFor(1500, () => ({ state: 'stopped', ticks: 7 }))).toEqual(['SIGKILL'])
  })
})

describe('a replacement', () => {
  test('is there before the old one is asked to end', async () => {
    await startReady()
    const replaced = slot.replace()
    await vi.advanceTimersByTimeAsync(1000)
    expect(children.map(({ heard }) => heard)).toEqual([[], []])
    newest().say({ type: 'ready' })
    await replaced
    expect(children.map(({ heard }) => heard)).toEqual([['drain'], []])
    expect(slot.restarts).toBe(0)
  })

  test('that fails leaves the old one where it is', async () => {
    await startReady()
    const replaced = slot.replace()
    newest().end(1)
    await expect(replaced).rejects.toThrow('the runner ended at its start (exit code 1)')
    await vi.advanceTimersByTimeAsync(2000)
    expect(children).toHaveLength(2)
    expect(children[0]?.heard).toEqual([])
  })

  test('takes over when the old one dies meanwhile, and no third is started', async () => {
    await startReady()
    void slot.replace()
    children[0]?.end(1)
    await vi.advanceTimersByTimeAsync(500)
    newest().say({ type: 'ready' })
    await vi.advanceTimersByTimeAsync(500)
    expect(children).toHaveLength(2)
    expect(slot.serving).toBeDefined()
  })

  test('that does not end in time is killed', async () => {
    await startReady()
    const [old] = children
    if (old !== undefined) old.send = () => {}
    const replaced = slot.replace()
    newest().say({ type: 'ready' })
    await vi.advanceTimersByTimeAsync(1000)
    await replaced
    expect(old?.heard).toEqual(['SIGKILL'])
  })
})

describe('a process that holds too much memory', () => {
  test('is replaced, and no sooner again than a dying one would be', async () => {
    slot = create({ memory: { mostMiB: 100, policy: 'replace' } })
    await startReady()
    await live(5000, 100)
    expect(children).toHaveLength(1)
    const startedAt: number[] = []
    const begun = performance.now()
    for (let count = 2; count <= 6; count++) {
      newest().say({ type: 'alive', rssMiB: 101 })
      newest().say({ type: 'alive', rssMiB: 101 })
      while (children.length < count) await vi.advanceTimersByTimeAsync(1)
      startedAt.push(Math.round(performance.now() - begun))
      newest().say({ type: 'ready' })
      await vi.advanceTimersByTimeAsync(0)
    }
    expect(startedAt).toEqual([50, 150, 350, 750, 1550])
    expect(children.map(({ heard }) => heard)).toEqual([['drain'], ['drain'], ['drain'], ['drain'], ['drain'], []])
  })

  test('is killed where that is asked for', async () => {
    slot = create({ memory: { mostMiB: 100, policy: 'kill' } })
    await startReady()
    newest().say({ type: 'alive', rssMiB: 101 })
    expect(newest().heard).toEqual(['SIGKILL'])
  })
})

describe('the end', () => {
  test('drains what is there and starts nothing more', async () => {
    await startReady()
    void slot.replace().catch(() => {})
    await slot.stop()
    expect(children.map(({ heard }) => heard)).toEqual([['drain'], ['drain']])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(children).toHaveLength(2)
    await expect(slot.replace()).rejects.toThrow('the server is ending')
  })

  test('does not wait for a restart that was due', async () => {
    await startReady()
    newest().end(1)
    await vi.advanceTimersByTimeAsync(10)
    await slot.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(children).toHaveLength(1)
  })
})
