import { expect, test } from 'vitest'
import { Dice } from '../../core/dice.fixture.ts'
import { fuzzTorch } from './mutants.fixture.ts'

test('damaged files of torch end in a graph or in a refusal in words', () => {
  let compiled = 0
  for (let seed = 0; seed < 600; seed++) if (fuzzTorch(new Dice(seed))) compiled++
  // some damage does no harm, most does
  expect(compiled).toBeGreaterThan(60)
  expect(compiled).toBeLessThan(500)
})
