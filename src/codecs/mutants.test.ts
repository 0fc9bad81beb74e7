import { describe, expect, test } from 'vitest'
import { Dice } from '../core/dice.fixture.ts'
import { makeMutant, readMutant, TARGETS } from './mutants.fixture.ts'

/** Of each form; `npm run fuzz` takes many more. */
const MUTANTS = 2000

describe('good bodies, damaged in thousands of ways', () => {
  test.each(Object.entries(TARGETS))('%s: are read, or refused in words for the caller', (name, target) => {
    let taken = 0
    for (let seed = 0; seed < MUTANTS; seed++) {
      const dice = new Dice(seed)
      const mutant = makeMutant(target, dice)
      try {
        if (readMutant(target, mutant, dice)) taken++
      } catch (error) {
        throw new Error(`${name}, seed ${seed}: ${mutant.body.toString('latin1').slice(0, 2000)}`, { cause: error })
      }
    }
    // both ways of ending are walked
    expect(taken).toBeGreaterThan(MUTANTS / 100)
    expect(taken).toBeLessThan(MUTANTS)
  })
})
