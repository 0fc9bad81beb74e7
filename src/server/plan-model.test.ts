import { expect, test } from 'vitest'
import { copiesIn } from './plan-model.ts'

test.each([
  [1, 4, 1],
  [2, 4, 2],
  [4, 2, 2],
  [0, 4, 1],
])('%d replicas on %d runners share the cores %d ways', (replicas, runners, copies) => {
  expect(copiesIn(runners, { replicas })).toBe(copies)
})
