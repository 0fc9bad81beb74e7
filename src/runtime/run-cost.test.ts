import { expect, test } from 'vitest'
import { createRunCost } from './run-cost.ts'

test('nothing is known before the first run', () => {
  expect(createRunCost().of(1)).toBeUndefined()
})

test('a size that was seen costs what it cost, one between two what lies between', () => {
  const cost = createRunCost([
    { rows: 1, ms: 2 },
    { rows: 8, ms: 9 },
    { rows: 64, ms: 37 },
  ])
  expect(cost.of(1)).toBe(2)
  expect(cost.of(8)).toBe(9)
  expect(cost.of(4)).toBe(5)
  expect(cost.of(36)).toBe(23)
})

test('less than the smallest costs as much, more than the largest in proportion', () => {
  const cost = createRunCost([{ rows: 8, ms: 4 }])
  expect(cost.of(1)).toBe(4)
  expect(cost.of(80)).toBe(40)
})

test('follows what runs cost now', () => {
  const cost = createRunCost([{ rows: 4, ms: 10 }])
  for (let i = 0; i < 100; i++) cost.learn(4, 30)
  expect(cost.of(4)).toBeCloseTo(30, 2)
  cost.learn(4, 1000)
  expect(cost.of(4)).toBeLessThan(130)
})

test('takes runs of no rows and of very many', () => {
  const cost = createRunCost()
  cost.learn(0, 1)
  cost.learn(2 ** 30, 1000)
  expect(cost.of(1)).toBe(1)
  expect(cost.of(2 ** 30)).toBeCloseTo(1000)
})
