import { expect, test } from 'vitest'
import { Dice } from '../../core/dice.fixture.ts'
import { fuzzEstimator } from './mutants.fixture.ts'

test('a model with a damaged state is compiled or refused in words, whatever is damaged', () => {
  let compiled = 0
  for (let seed = 0; seed < 600; seed++) if (fuzzEstimator(new Dice(seed))) compiled++
  expect(compiled).toBeGreaterThan(100)
  expect(compiled).toBeLessThan(500)
})
