import { expect, test } from 'vitest'
import type { Line } from './lines.ts'
import { replaceBetweenMarks, tables } from './tables.ts'

const about = {
  id: 'x',
  model: 'model.pkl',
  expect: 'compile-or-worker',
  estimators: [],
  outputs: [],
  original: { method: 'predict', one_row_p50_us: 200 },
} as const

function line(estimator: string, sklearn: string, isRight: boolean): Line {
  const libs = { sklearn, xgboost: '2.1.4' }
  const family = estimator.startsWith('XGB') ? 'xgboost' : 'linear'
  return {
    dir: `${sklearn}/${estimator}`,
    about: { ...about, family, estimator, libs },
    verdict: isRight
      ? { state: 'right', largest: 1e-9, oneRowUs: { all: 20, host: 4 } }
      : { state: 'refused', code: 'unsupported', reason: 'no' },
  }
}

test('a row tells how many cases of each version are right, and the faster of our times', () => {
  const text = tables([
    line('Ridge', '1.9.1', true),
    line('Ridge', '1.10.0', true),
    line('Ridge', '1.10.0', false),
    line('XGBClassifier', '1.9.1', true),
  ])
  expect(text).toContain('| estimator | 1.9.1 | 1.10.0 | largest difference | one row, µs | original, µs |')
  expect(text).toContain('| Ridge | 1 | 1 of 2 | 1e-9 | 4.0 | 200 |')
  expect(text).toContain('| XGBClassifier | 1 | 1e-9 | 4.0 | 200 |')
})

test('what needs its author’s code is in no table', () => {
  const own = line('Own', '1.9.1', false)
  expect(tables([{ ...own, about: { ...own.about, expect: 'refuse-or-worker' } }])).not.toContain('Own')
})

test('only what lies between the marks is replaced', () => {
  const page = 'before\n<!-- tables: begin -->\nold\n<!-- tables: end -->\nafter\n'
  const once = replaceBetweenMarks(page, 'new')
  expect(once).toBe('before\n<!-- tables: begin -->\n\nnew\n\n<!-- tables: end -->\nafter\n')
  expect(replaceBetweenMarks(once, 'new')).toBe(once)
  expect(() => replaceBetweenMarks('no marks', 'new')).toThrow('has no')
})
