import { expect, test } from 'vitest'
import { Dice } from '../core/dice.fixture.ts'
import { FILE_TARGETS, makeFileMutant, readFileMutant } from './mutants.fixture.ts'

const MUTANTS = 500

test.each(Object.keys(FILE_TARGETS))('%s that was damaged is read or refused in words', (name) => {
  const target = FILE_TARGETS[name]
  if (target === undefined) throw new Error('no such target')
  let taken = 0
  for (let seed = 0; seed < MUTANTS; seed++) {
    const dice = new Dice(seed)
    if (readFileMutant(target, makeFileMutant(target, dice))) taken++
  }
  // else they are damaged so much that nothing behind the first check is seen
  expect(taken).toBeGreaterThan(MUTANTS / 100)
})
