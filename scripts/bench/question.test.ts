import { describe, expect, test } from 'vitest'
import { checkSize, mlflowExchange, nest, v2Exchange, type Question } from './question.ts'

const question: Question = {
  model: 'tiny',
  rows: 2,
  inputs: [{ name: 'X', shape: [2, 2], datatype: 'FP64', data: [1, 2, 3, 4.5] }],
  outputs: [
    { name: 'predict', shape: [2], datatype: 'INT64', data: [0, 1] },
    { name: 'predict_proba', shape: [2, 2], datatype: 'FP64', data: [0.75, 0.25, 0.125, 0.875] },
  ],
}
const { inputs } = question

const answer = (labels: number[], probabilities: number[], status = 200) => ({
  status,
  text: JSON.stringify({
    outputs: [
      { name: 'predict_proba', data: probabilities },
      { name: 'predict', data: labels },
    ],
  }),
})

describe('by the Open Inference Protocol', () => {
  const exchange = v2Exchange(question, { authorization: 'Bearer key' })

  test('a question is the inputs as they are, with the headers of its server', () => {
    expect(exchange.path).toBe('/v2/models/tiny/infer')
    expect(JSON.parse(exchange.body)).toEqual({ inputs })
    expect(exchange.headers).toEqual({ 'content-type': 'application/json', authorization: 'Bearer key' })
  })

  test('an answer is right whatever the order of the outputs', () => {
    expect(exchange.check(answer([0, 1], [0.75, 0.25, 0.125, 0.875]))).toBeUndefined()
  })

  test.each([
    ['another label', answer([1, 1], [0.75, 0.25, 0.125, 0.875])],
    ['probabilities that are a little off', answer([0, 1], [0.75 + 1e-6, 0.25, 0.125, 0.875])],
    ['a probability too few', answer([0, 1], [0.75, 0.25, 0.125])],
    ['a probability too many', answer([0, 1], [0.75, 0.25, 0.125, 0.875, 0])],
    ['a failure', answer([0, 1], [0.75, 0.25, 0.125, 0.875], 500)],
    ['no JSON', { status: 200, text: 'hello' }],
  ])('an answer with %s is wrong', (_what, given) => {
    expect(exchange.check(given)).toBeTypeOf('string')
  })
})

describe("by MLflow's protocol", () => {
  const exchange = mlflowExchange(question)

  test('a question is nested lists by name', () => {
    expect(exchange.path).toBe('/invocations')
    expect(JSON.parse(exchange.body)).toEqual({
      inputs: {
        X: [
          [1, 2],
          [3, 4.5],
        ],
      },
    })
  })

  test('an answer is read from its lists', () => {
    const predictions = {
      predict: [0, 1],
      predict_proba: [
        [0.75, 0.25],
        [0.125, 0.875],
      ],
    }
    expect(exchange.check({ status: 200, text: JSON.stringify({ predictions }) })).toBeUndefined()
    const wrong = { ...predictions, predict: [1, 1] }
    expect(exchange.check({ status: 200, text: JSON.stringify({ predictions: wrong }) })).toContain('"predict"')
  })
})

test('flat data become lists by their shape', () => {
  expect(nest([1, 2, 3, 4, 5, 6], [1, 3, 2])).toEqual([
    [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  ])
})

test('a static answer is right by its size in bytes', () => {
  expect(checkSize(3)({ status: 200, text: 'é!' })).toBeUndefined()
  expect(checkSize(2)({ status: 200, text: 'é!' })).toContain('3 bytes')
})
