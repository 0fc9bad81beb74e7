import { describe, expect, test } from 'vitest'
import type { PyValue } from '../../formats/python/values.ts'
import { compileEstimator } from './compile-estimator.ts'
import { doubles, estimator, list, objects } from './testing.fixture.ts'

const ENCODER = 'sklearn.preprocessing._encoders.OneHotEncoder'

function oneHot(categories: readonly PyValue[], others: Readonly<Record<string, PyValue>> = {}) {
  return estimator(ENCODER, {
    n_features_in_: BigInt(categories.length),
    feature_names_in_: objects(...categories.map((_, i) => `c${i}`)),
    categories_: list(...categories),
    handle_unknown: 'ignore',
    drop: null,
    _infrequent_enabled: false,
    _drop_idx_after_grouping: null,
    ...others,
  })
}

function compiled(root: PyValue) {
  const { program, files, inputs } = compileEstimator(root, { producer: 'scikit-learn 1.5.2' })
  const steps = program.steps.map((step) => (step.kind === 'kernel' ? step.kernel : 'onnx'))
  const [first] = program.steps
  const parameters =
    first?.kind === 'kernel' ? JSON.parse(Buffer.from(files.get(first.file) ?? []).toString()) : undefined
  return { steps, parameters, inputs: inputs.map(({ name, datatype }) => `${name} ${datatype}`) }
}

describe('OneHotEncoder', () => {
  test('all its columns are one step, whatever they hold', () => {
    const { steps, inputs } = compiled(oneHot([objects('a', 'b'), doubles([1, 2]), objects('x', Number.NaN)]))
    expect(steps).toEqual(['one-hot'])
    expect(inputs).toEqual(['c0 BYTES', 'c1 FP64', 'c2 BYTES'])
  })

  test('numbers alone, whose unknown ones are ignored, need no kernel', () => {
    expect(compiled(oneHot([doubles([1, 2]), doubles([0.5, Number.NaN])])).steps).toEqual(['onnx'])
  })

  test('a dropped category moves those behind it, and a missing one keeps its place', () => {
    const { parameters } = compiled(
      oneHot([objects('a', 'b', null), objects('x', 'y')], { _drop_idx_after_grouping: objects(1n, null) }),
    )
    expect(parameters).toMatchObject({
      width: 4,
      columns: [
        { values: ['a', 'b'], codes: [0, -1], missing: 1, unknown: -1 },
        { values: ['x', 'y'], codes: [2, 3], missing: -1, unknown: -1 },
      ],
    })
  })

  test('infrequent categories share a place, and unknown ones have it where they are told to', () => {
    const { parameters } = compiled(
      oneHot([objects('a', 'b', 'c')], {
        handle_unknown: 'infrequent_if_exist',
        _infrequent_enabled: true,
        _infrequent_indices: list(doubles([0, 2])),
        _default_to_infrequent_mappings: list(doubles([1, 0, 1])),
      }),
    )
    expect(parameters).toMatchObject({ width: 2, columns: [{ codes: [1, 0, 1], missing: 1, unknown: 1 }] })
  })

  test.each([
    ['unsupported', 'text and numbers together', oneHot([objects('a', 1n)])],
    ['unsupported', 'covered are "error"', oneHot([objects('a')], { handle_unknown: 'guess' })],
    ['unsupported', 'it has "sorting"', oneHot([objects('a')], { sorting: true })],
    ['unsupported', 'no columns at all', oneHot([objects('a')], { _drop_idx_after_grouping: objects(0n) })],
    ['refused', 'drops category 4 of 1', oneHot([objects('a')], { _drop_idx_after_grouping: objects(4n) })],
    ['refused', 'categories for 1 columns', oneHot([objects('a')], { feature_names_in_: objects('x', 'y') })],
    [
      'refused',
      'not among its categories',
      oneHot([objects('a')], {
        _infrequent_enabled: true,
        _infrequent_indices: list(doubles([7])),
        _default_to_infrequent_mappings: list(doubles([0])),
      }),
    ],
  ])('%s: %s', (code, message, root) => {
    expect(() => compiled(root)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })
})

test('an OrdinalEncoder gives missing values the code it says only where fitting saw them', () => {
  const dictOf = (entries: readonly (readonly [bigint, bigint])[]): PyValue => ({
    kind: 'dict',
    entries: [...entries],
    byName: new Map(),
  })
  const { parameters } = compiled(
    estimator('sklearn.preprocessing._encoders.OrdinalEncoder', {
      n_features_in_: 2n,
      feature_names_in_: objects('c0', 'c1'),
      categories_: list(objects('a', Number.NaN), objects('b', null)),
      handle_unknown: 'use_encoded_value',
      unknown_value: -2n,
      encoded_missing_value: -1n,
      _missing_indices: dictOf([[0n, 1n]]),
      _infrequent_enabled: false,
    }),
  )
  expect(parameters.columns).toMatchObject([
    { codes: [0], missing: -1, unknown: -2 },
    { codes: [0], missing: 1, unknown: -2 },
  ])
})
