import { describe, expect, test } from 'vitest'
import type { PyValue } from '../../formats/python/values.ts'
import { compileEstimator } from './compile-estimator.ts'
import { dict, doubles, estimator, global, list, tuple } from './testing.fixture.ts'

const STATE = {
  input: 'content',
  encoding: 'utf-8',
  decode_error: 'strict',
  strip_accents: null,
  preprocessor: null,
  tokenizer: null,
  analyzer: 'word',
  lowercase: true,
  token_pattern: '(?u)\\b\\w\\w+\\b',
  stop_words: null,
  max_df: 1,
  min_df: 1n,
  max_features: null,
  ngram_range: tuple(1n, 1n),
  vocabulary: null,
  binary: false,
  dtype: global('numpy.int64'),
  vocabulary_: dict({ two: 1n, one: 0n }),
} satisfies Record<string, PyValue>

const counter = (others: Readonly<Record<string, PyValue>> = {}) =>
  estimator('sklearn.feature_extraction.text.CountVectorizer', { ...STATE, ...others })

function compiled(root: PyValue) {
  const { program, files, inputs, outputs } = compileEstimator(root, { producer: 'scikit-learn 1.5.2' })
  const kernels = program.steps.flatMap((step) =>
    step.kind === 'kernel'
      ? [{ kernel: step.kernel, parameters: JSON.parse(Buffer.from(files.get(step.file) ?? []).toString()) }]
      : [],
  )
  return { kernels, inputs, outputs }
}

describe('vectorizers of text', () => {
  test('a model of text alone takes a list of texts, and gives counts as integers', () => {
    const { kernels, inputs, outputs } = compiled(counter())
    expect(inputs).toMatchObject([{ name: 'X', datatype: 'BYTES', shape: [-1] }])
    expect(outputs).toMatchObject([{ name: 'transform', datatype: 'INT64', shape: [-1, 2] }])
    expect(kernels[0]).toMatchObject({
      kernel: 'count-text',
      parameters: { vocabulary: ['one', 'two'], weights: null },
    })
  })

  test('as many places for hashes as there can be cost nothing to compile', () => {
    const { vocabulary_: _, vocabulary: _none, max_df: _max, min_df: _min, max_features: _most, ...state } = STATE
    const hashing = estimator('sklearn.feature_extraction.text.HashingVectorizer', {
      ...state,
      n_features: 2n ** 31n - 1n,
      alternate_sign: true,
      norm: 'l2',
      dtype: global('numpy.float64'),
    })
    expect(compiled(hashing).outputs).toMatchObject([{ shape: [-1, 2 ** 31 - 1] }])
  })

  test('the weights of a TfidfTransformer join the kernel that counts', () => {
    const weights = estimator('sklearn.feature_extraction.text.TfidfTransformer', {
      n_features_in_: 2n,
      norm: 'l2',
      use_idf: true,
      smooth_idf: true,
      sublinear_tf: true,
      idf_: doubles([1, 3]),
    })
    const { kernels } = compiled(
      estimator('sklearn.pipeline.Pipeline', { steps: list(tuple('count', counter()), tuple('weigh', weights)) }),
    )
    expect(kernels.map(({ kernel }) => kernel)).toEqual(['count-text', 'dense'])
    expect(kernels[0]?.parameters.weights).toEqual({ isSublinear: true, idf: [1, 3], norm: 'l2' })
  })

  test.each([
    ['unsupported', 'its "tokenizer" is code (__main__.cut)', { tokenizer: global('__main__.cut') }],
    ['unsupported', 'its "analyzer" is code', { analyzer: global('builtins.list') }],
    ['unsupported', 'its "strip_accents" is code', { strip_accents: global('__main__.strip') }],
    ['unsupported', '"input" is "filename"', { input: 'filename' }],
    ['unsupported', 'has the flag "i"', { token_pattern: '(?i)[a-z]+' }],
    ['unsupported', '"stop_words" are "german"', { stop_words: 'german' }],
    ['unsupported', '"ngram_range" is (2, 1)', { ngram_range: tuple(2n, 1n) }],
    ['unsupported', '"dtype" is int8', { dtype: global('numpy.int8') }],
    ['unsupported', 'it has "stemmer"', { stemmer: 'porter' }],
    ['refused', 'its vocabulary has 2 terms, and "two" at 7', { vocabulary_: dict({ one: 0n, two: 7n }) }],
    ['refused', 'its vocabulary has 2 terms, and "two" at 0', { vocabulary_: dict({ one: 0n, two: 0n }) }],
    ['refused', 'its vocabulary is empty', { vocabulary_: dict({}) }],
  ])('%s: %s', (code, message, state) => {
    expect(() => compiled(counter(state))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })
})
