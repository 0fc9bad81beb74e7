import fc from 'fast-check'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { ServingError } from '../core/errors.ts'
import { createBodyMemory, EVERYBODY, type BodyMemory, type Claim, type Flow, type Wish } from './body-memory.ts'

const MOST = 1000

const flow = (name: string): Flow => ({ name, isOneOfMany: true })
const WEB = flow('web')
const CRON = flow('cron')
const BATCH = flow('batch')

interface Body {
  readonly claim: Claim
  hasHeard: boolean
  refused: ServingError | undefined
}

function ask(memory: BodyMemory, bytes: number, whose = WEB, more: Partial<Wish> = {}): Body {
  const heard: { hasHeard: boolean; refused: ServingError | undefined } = { hasHeard: false, refused: undefined }
  const claim = memory.claim({
    bytes,
    flow: whose,
    begunBytes: 0,
    isToCome: true,
    onRoom: () => (heard.hasHeard = true),
    onRefused: (error) => (heard.refused = error),
    ...more,
  })
  return Object.assign(heard, { claim })
}

describe('the memory for bodies', () => {
  test('gives room at once while there is some, and takes it back', () => {
    const memory = createBodyMemory(MOST, () => 0)
    const body = ask(memory, 300)
    expect(body).toMatchObject({ claim: { hasRoom: true }, hasHeard: false })
    expect(memory.bytes).toBe(300)
    body.claim.release()
    body.claim.release()
    expect(memory.bytes).toBe(0)
  })

  test('of one key is half of it; its other bodies wait, and those of others do not', () => {
    const memory = createBodyMemory(MOST, () => 0)
    const first = ask(memory, 400)
    const second = ask(memory, 200)
    expect(second.claim.hasRoom).toBe(false)
    expect(ask(memory, 500, CRON).claim.hasRoom).toBe(true)
    expect(memory).toMatchObject({ bytes: 900, waiting: 1 })
    first.claim.release()
    expect(second).toMatchObject({ claim: { hasRoom: true }, hasHeard: true })
  })

  test('is for whoever comes where nobody is asked for a key', () => {
    const memory = createBodyMemory(MOST, () => 0)
    expect(ask(memory, 700, EVERYBODY).claim.hasRoom).toBe(true)
    expect(memory.bytes).toBe(700)
  })

  test('lets a body in that is larger than all of it, alone', () => {
    const memory = createBodyMemory(MOST, () => 0)
    const small = ask(memory, 1, EVERYBODY)
    const large = ask(memory, 5000, EVERYBODY)
    expect(large.claim.hasRoom).toBe(false)
    const behind = ask(memory, 1, EVERYBODY)
    expect(behind.claim.hasRoom).toBe(false) // who came later takes nothing of what it waits for
    small.claim.release()
    expect(large.claim.hasRoom).toBe(true)
    large.claim.release()
    expect(behind.claim.hasRoom).toBe(true)
  })

  test('takes small bodies that are there already without asking whose they are, up to a quarter of it', () => {
    const memory = createBodyMemory(MOST, () => 0)
    expect(memory.take(250)).toBe(true)
    expect(memory.take(1)).toBe(false)
    memory.give(250)
    expect(memory.take(1)).toBe(true)
    ask(memory, 500, WEB)
    ask(memory, 499, CRON)
    expect(memory.take(1)).toBe(false)
  })

  test('goes to one key after the other when several wait', () => {
    const memory = createBodyMemory(MOST, () => 0)
    const full = [ask(memory, 500, WEB), ask(memory, 500, CRON)]
    const greedy = Array.from({ length: 10 }, () => ask(memory, 250, BATCH))
    const modest = ask(memory, 250, flow('modest'))
    full[0]?.claim.release()
    expect(modest.claim.hasRoom).toBe(true)
    expect(greedy.filter(({ claim }) => claim.hasRoom)).toHaveLength(1)
  })

  test('is refused to those who have waited for seconds, and to those who keep too much in the line', async () => {
    let nowMs = 0
    const memory = createBodyMemory(MOST, () => nowMs)
    ask(memory, 500).claim.complete()
    const late = ask(memory, 100, WEB, { begunBytes: 100 })
    expect(() => ask(memory, 100, WEB, { begunBytes: 100 })).toThrow(
      expect.objectContaining({
        code: 'overloaded',
        details: expect.objectContaining({ reason: 'body_memory_full', retryAfterMs: 1000 }),
      }),
    )
    nowMs = 5000
    while (late.refused === undefined) await setTimeout(20)
    expect(late.refused).toMatchObject({ code: 'overloaded', details: { reason: 'body_memory_full' } })
    expect(memory).toMatchObject({ bytes: 500, waiting: 0 })
  })

  test('is taken from those who send slowly, as soon as somebody waits for it', async () => {
    let nowMs = 0
    const memory = createBodyMemory(MOST * 1000, () => nowMs)
    const slow = ask(memory, 500_000)
    const quick = ask(memory, 500_000, CRON)
    nowMs = 3000
    slow.claim.came(90_000)
    quick.claim.came(100_000)
    await setTimeout(300)
    expect(slow.refused).toBeUndefined()
    const next = ask(memory, 200_000, BATCH)
    while (slow.refused === undefined) await setTimeout(20)
    expect(slow.refused).toMatchObject({ code: 'overloaded', details: { reason: 'slow_body' } })
    expect([quick.refused, next.hasHeard]).toEqual([undefined, true])
  })

  test('is not taken from a slow sender for somebody who waits for bodies of his own', async () => {
    let nowMs = 0
    const memory = createBodyMemory(MOST * 1000, () => nowMs)
    const slow = ask(memory, 10)
    ask(memory, 500_000, CRON).claim.complete()
    const own = ask(memory, 10, CRON)
    nowMs = 4000
    await setTimeout(300)
    expect([slow.refused, own.refused]).toEqual([undefined, undefined])
  })

  test('is never more than there is, whatever comes, and all of it is there in the end', () => {
    const step = fc.record({
      kind: fc.constantFrom('ask', 'ask', 'take', 'end', 'end', 'grow'),
      bytes: fc.integer({ min: 1, max: 700 }),
      who: fc.constantFrom(WEB, CRON, BATCH),
      which: fc.nat(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = createBodyMemory(MOST, () => 0)
        const bodies: Body[] = []
        const taken: number[] = []
        for (const { kind, bytes, who, which } of steps) {
          if (kind === 'ask') bodies.push(ask(memory, bytes, who))
          else if (kind === 'take' && memory.take(bytes)) taken.push(bytes)
          else if (kind === 'grow') bodies[which % bodies.length]?.claim.resize(bytes)
          else if (kind === 'end') bodies.splice(which % Math.max(1, bodies.length), 1)[0]?.claim.release()
          expect(memory.bytes).toBeLessThanOrEqual(MOST)
          expect(memory.bytes).toBeGreaterThanOrEqual(0)
          expect(memory.waiting).toBe(bodies.filter(({ claim }) => !claim.hasRoom).length)
        }
        for (const bytes of taken) memory.give(bytes)
        // whoever waits comes to his turn once those before him have ended
        for (let body = bodies.find(({ claim }) => claim.hasRoom); body !== undefined;) {
          bodies.splice(bodies.indexOf(body), 1)
          body.claim.release()
          body = bodies.find(({ claim }) => claim.hasRoom)
        }
        expect(bodies).toEqual([])
        expect(memory).toMatchObject({ bytes: 0, waiting: 0 })
      }),
      { numRuns: 300 },
    )
  })
})
