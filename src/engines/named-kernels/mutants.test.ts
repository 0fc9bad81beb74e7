import { expect, test } from 'vitest'
import { Dice } from '../../core/dice.fixture.ts'
import { NAMED_KERNELS } from './index.ts'
import { fuzzKernel, SAMPLED } from './mutants.fixture.ts'

test('there is a sample of every kernel', () => {
  expect([...NAMED_KERNELS.keys()].filter((name) => !SAMPLED.has(name))).toEqual([])
})

test.each([...NAMED_KERNELS.keys()])('%s gives rows as many as it is fed, or refuses in words', (name) => {
  let ran = 0
  for (let seed = 0; seed < 150; seed++) if (fuzzKernel(new Dice(seed), name)) ran++
  expect(ran).toBeGreaterThan(0)
})
