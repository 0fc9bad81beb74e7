import { expect, test } from 'vitest'
import { Dice } from '../../core/dice.fixture.ts'
import { fuzzPickle } from './mutants.fixture.ts'

test('damaged pickles and random programs end in data or in a refusal in words', () => {
  let read = 0
  for (let seed = 0; seed < 6000; seed++) if (fuzzPickle(new Dice(seed))) read++
  // some damage does no harm, most does
  expect(read).toBeGreaterThan(600)
  expect(read).toBeLessThan(5000)
})
