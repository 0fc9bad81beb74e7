import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Case } from './cases.ts'
import { median, planTurns } from './schedule.ts'

const cases = (...connections: number[]): Case[] =>
  connections.map((count) => ({ model: 'tiny', rows: 1, connections: count }))

describe('the order of turns', () => {
  test('has every server in every case once a round', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(), (rounds, seed) => {
        const turns = planTurns(['a', 'b', 'c'], cases(1, 64), rounds, seed)
        for (let round = 0; round < rounds; round++) {
          const own = turns.slice(round * 6, round * 6 + 6)
          expect(own.every((turn) => turn.round === round)).toBe(true)
          expect(new Set(own.map((turn) => `${turn.server} ${turn.connections}`)).size).toBe(6)
        }
      }),
    )
  })

  test('leaves out what a server cannot be asked', () => {
    const turns = planTurns(
      ['a', 'b'],
      cases(1, 8),
      2,
      1,
      (server, { connections }) => server === 'a' || connections === 8,
    )
    expect(turns.map(({ round, server, connections }) => `${round} ${server} ${connections}`).toSorted()).toEqual([
      '0 a 1',
      '0 a 8',
      '0 b 8',
      '1 a 1',
      '1 a 8',
      '1 b 8',
    ])
  })

  test('is the same for the same seed, and another for another', () => {
    const order = (seed: number) => JSON.stringify(planTurns(['a', 'b', 'c', 'd'], cases(1, 8, 64), 2, seed))
    expect(order(1)).toBe(order(1))
    expect(order(1)).not.toBe(order(2))
  })

  test('differs from round to round', () => {
    const turns = planTurns(['a', 'b', 'c', 'd'], cases(1, 8, 64), 2, 1)
    const names = turns.map((turn) => `${turn.server} ${turn.connections}`)
    expect(names.slice(0, 12)).not.toEqual(names.slice(12))
  })
})

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 3, 2], 2.5],
  [[7], 7],
])('the median of %j is %d', (values, middle) => expect(median(values)).toBe(middle))

test('nothing has no median', () => expect(median([])).toBeNaN())
