import { expect, test } from 'vitest'
import { createRoster, type Member } from './roster.ts'

function member(socket: string, state: { isOpen?: boolean; size?: number } = {}): Member<string> {
  const connection = { isOpen: true, size: 0, ...state }
  return { socket, connection, guest: undefined, overdue: new Set(), failures: 0, restingUntilMs: 0, rests: 0 }
}

/** Who is chosen, so many times. */
function chosen(members: readonly Member<string>[], times: number): string {
  const roster = createRoster(members, () => 0)
  return Array.from({ length: times }, () => roster.choose()?.socket).join(' ')
}

test('equals are chosen in turn, those with fewer runs under way before others', () => {
  expect(chosen([member('a'), member('b'), member('c')], 5)).toBe('a b c a b')
  expect(chosen([member('a', { size: 2 }), member('b', { size: 1 }), member('c', { size: 1 })], 4)).toBe('b c b c')
})

test('one that is away, has a guest or owes an answer is not chosen, and neither is one that refused', () => {
  const [a, b, c, d] = [member('a', { isOpen: false }), member('b'), member('c'), member('d')]
  b.guest = 'run'
  c.overdue.add('run')
  expect(chosen([a, b, c, d], 3)).toBe('d d d')
  const roster = createRoster([a, b, c, d], () => 0)
  expect(roster.usable).toBe(1)
  expect(roster.choose(new Set([d]))).toBeUndefined()
})

test('one that is to come last is chosen only when there is no other, rested or not', () => {
  const [a, b] = [member('a'), member('b', { size: 5 })]
  b.restingUntilMs = 1000
  const roster = createRoster([a, b], () => 0)
  expect([roster.choose(undefined, new Set(['a'])), roster.choose(undefined, new Set(['a']))]).toEqual([b, b])
  expect(roster.choose(undefined, new Set(['a', 'b']))).toBe(a)
  expect(roster.choose(new Set([b]), new Set(['a']))).toBe(a)
})

test('one that fails three times in a row rests while another does not fail at all', () => {
  const [a, b] = [member('a'), member('b')]
  const roster = createRoster([a, b], () => 0)
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) roster.note(a, true)
  }
  fail(2)
  roster.note(a, false)
  fail(2)
  expect(a.restingUntilMs).toBe(0)
  roster.note(b, true)
  fail(1)
  expect(a.restingUntilMs).toBe(0) // the other one fails as well
  roster.note(b, false)
  fail(1)
  expect(a.restingUntilMs).toBe(1000)
  expect([roster.choose(), roster.choose()]).toEqual([b, b])
  roster.note(b, true)
  roster.note(b, true)
  roster.note(b, true)
  expect(b.restingUntilMs).toBe(0) // it is the last one
})

test('each rest in a row is twice as long as the one before, up to the most, and a run that goes well ends the row', () => {
  const [a, b] = [member('a'), member('b')]
  let time = 0
  const roster = createRoster([a, b], () => time, { firstMs: 100, mostMs: 350 })
  const rests: number[] = []
  for (let i = 0; i < 7; i++) {
    roster.note(a, true)
    if (a.restingUntilMs > time) rests.push(a.restingUntilMs - time)
    time = Math.max(time, a.restingUntilMs)
  }
  expect(rests).toEqual([100, 200, 350, 350, 350])
  roster.note(a, false)
  for (let i = 0; i < 3; i++) roster.note(a, true)
  expect(a.restingUntilMs - time).toBe(100)
})
