import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from './paths.ts'
import { checkPrediction, checkSize } from './question.ts'

const { expected } = JSON.parse(readFileSync(join(ROOT, 'examples/fraud/coefficients.json'), 'utf8')) as {
  expected: { predict: number[]; predict_proba: number[][] }
}
const label = expected.predict[0] ?? NaN
const [honest = NaN, fraud = NaN] = expected.predict_proba[0] ?? []

const answer = (labels: number[], probabilities: number[], status = 200) => ({
  status,
  text: JSON.stringify({
    outputs: [
      { name: 'predict_proba', data: probabilities },
      { name: 'predict', data: labels },
    ],
  }),
})

describe('a prediction', () => {
  test("is right when it is scikit-learn's, whatever the order of the outputs", () => {
    expect(checkPrediction(answer([label], [honest, fraud]))).toBeUndefined()
  })

  test.each([
    ['another label', answer([1 - label], [honest, fraud])],
    ['probabilities that are a little off', answer([label], [honest + 1e-6, fraud - 1e-6])],
    ['a probability too few', answer([label], [honest])],
    ['a probability too many', answer([label], [honest, fraud, 0])],
    ['a failure', answer([label], [honest, fraud], 500)],
    ['no JSON', { status: 200, text: 'hello' }],
  ])('with %s is wrong', (_what, given) => {
    expect(checkPrediction(given)).toBeTypeOf('string')
  })
})

test('a static answer is right by its size in bytes', () => {
  expect(checkSize(3)({ status: 200, text: 'é!' })).toBeUndefined()
  expect(checkSize(2)({ status: 200, text: 'é!' })).toContain('3 bytes')
})
