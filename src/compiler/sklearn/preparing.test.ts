import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import type { PyValue } from '../../formats/python/values.ts'
import { columnsOf } from './columns.ts'
import { compileEstimator } from './compile-estimator.ts'
import { Fitted } from './fitted.ts'
import { dict, doubles, estimator, global, list, objects, tuple } from './testing.fixture.ts'

const SCALER = 'sklearn.preprocessing._data.StandardScaler'
const NAMED = { feature_names_in_: objects('a', 'b'), n_features_in_: 2n }

const scaler = (state: Readonly<Record<string, PyValue>> = NAMED) =>
  estimator(SCALER, { ...state, with_mean: true, with_std: true, mean_: doubles([1, 2]), scale_: doubles([3, 4]) })
const imputer = (others: Readonly<Record<string, PyValue>> = {}) =>
  estimator('sklearn.impute._base.SimpleImputer', {
    ...NAMED,
    missing_values: Number.NaN,
    strategy: 'mean',
    fill_value: null,
    statistics_: doubles([1, 2]),
    ...others,
  })
const logistic = (others: Readonly<Record<string, PyValue>> = {}) =>
  estimator('sklearn.linear_model._logistic.LogisticRegression', {
    n_features_in_: 2n,
    solver: 'lbfgs',
    classes_: doubles([0, 1]),
    coef_: doubles([1, 2], [1, 2]),
    intercept_: doubles([0]),
    ...others,
  })
const pipeline = (...steps: readonly PyValue[]) =>
  estimator('sklearn.pipeline.Pipeline', { steps: list(...steps.map((step, i) => tuple(`s${i}`, step))) })

function compiled(root: PyValue) {
  const { program, files, inputs } = compileEstimator(root, { producer: 'scikit-learn 1.5.2' })
  const kernels = program.steps.flatMap((step) =>
    step.kind === 'kernel'
      ? [{ kernel: step.kernel, ...JSON.parse(Buffer.from(files.get(step.file) ?? []).toString()) }]
      : [],
  )
  return { steps: program.steps.map((step) => (step.kind === 'kernel' ? step.kernel : 'onnx')), kernels, inputs }
}

const refusalIn = (root: PyValue) => refusal(() => compiled(root))

describe('missing values', () => {
  test('a classifier refuses them at the inputs of its pipeline, by their names, in front of one graph', () => {
    const { steps, kernels } = compiled(pipeline(scaler(), logistic()))
    expect(steps[0]).toBe('refuse-missing')
    expect(steps.filter((step) => step === 'refuse-missing')).toHaveLength(1)
    expect(kernels[0]).toMatchObject({ names: ['a', 'b'], isNaNAllowed: false })
  })

  test('behind an imputer only infinities are refused', () => {
    expect(compiled(pipeline(imputer(), scaler(), logistic())).kernels).toEqual([
      { kernel: 'refuse-missing', names: ['a', 'b'], columns: null, isNaNAllowed: true },
    ])
  })

  test('a transformer that keeps them refuses none', () => {
    expect(compiled(scaler()).steps).toEqual(['onnx'])
  })
})

describe('SimpleImputer', () => {
  test('a column that was all missing is dropped, unless it is to be kept', () => {
    const width = (root: PyValue) => compileEstimator(root, { producer: '' }).outputs[0]?.shape?.[1]
    const empty = { statistics_: doubles([1, Number.NaN]) }
    expect(width(imputer(empty))).toBe(1)
    expect(width(imputer({ ...empty, keep_empty_features: true }))).toBe(2)
    expect(width(imputer({ ...empty, strategy: 'constant' }))).toBe(2)
    expect(width(imputer({ ...empty, strategy: 'constant', _sklearn_version: '1.8.0' }))).toBe(1)
  })

  test('text is filled as text', () => {
    const { steps, inputs } = compiled(imputer({ statistics_: objects('x', 'y'), strategy: 'most_frequent' }))
    expect(steps).toContain('fill-text')
    expect(inputs.map(({ datatype }) => datatype)).toEqual(['BYTES', 'BYTES'])
  })
})

describe('columns of a ColumnTransformer', () => {
  const fitted = new Fitted(estimator('sklearn.compose._column_transformer.ColumnTransformer', {}), 'test')
  const names = ['a', 'b', 'c', 'd']
  const slice = (...args: readonly PyValue[]): PyValue => ({
    ...estimator('builtins.slice', {}),
    class: global('builtins.slice'),
    made: 'call',
    args,
  })
  const columns = (specifier: PyValue) => columnsOf(specifier, 4, names, fitted)

  test.each<[string, PyValue, number[]]>([
    ['a name', 'c', [2]],
    ['a negative position', -1n, [3]],
    ['names', list('d', 'a'), [3, 0]],
    ['an array of positions', doubles([2, 0]), [2, 0]],
    ['a mask', list(true, false, false, true), [0, 3]],
    ['a slice of names with its end', slice('b', 'c', null), [1, 2]],
    ['a slice of names without a start', slice(null, 'b', null), [0, 1]],
    ['nothing', list(), []],
  ])('by %s', (_what, specifier, expected) => {
    expect(columns(specifier)).toEqual(expected)
  })

  test('a slice of positions takes what Python takes', () => {
    const bound = fc.option(fc.integer({ min: -6, max: 6 }), { nil: null })
    const step = fc.constantFrom(null, 1, 2, 3, -1, -2)
    fc.assert(
      fc.property(bound, bound, step, (start, stop, by) => {
        const given = [start, stop, by].map((value) => (value === null ? null : BigInt(value)))
        expect(columns(slice(...given))).toEqual(pythonSlice(start, stop, by ?? 1))
      }),
    )
  })

  test('columns that are not there are refused, and functions are not guessed', () => {
    expect(refusal(() => columns('e')).code).toBe('refused')
    expect(refusal(() => columns(4n)).code).toBe('refused')
    expect(refusal(() => columns(global('builtins.len'))).code).toBe('unsupported')
  })

  /** Python's rule, from the positions themselves. */
  function pythonSlice(start: number | null, stop: number | null, step: number): number[] {
    const at = (value: number) => (value < 0 ? value + 4 : value)
    const order = step > 0 ? [0, 1, 2, 3] : [3, 2, 1, 0]
    const from = start === null ? order[0] : at(start)
    const first = order.findIndex((i) => (step > 0 ? i >= (from as number) : i <= (from as number)))
    if (first < 0) return []
    return order
      .slice(first)
      .filter((_, i) => i % Math.abs(step) === 0)
      .filter((i) => stop === null || (step > 0 ? i < at(stop) : i > at(stop)))
  }
})

describe('what is not understood is refused by name', () => {
  const transformer = (func: PyValue, others: Readonly<Record<string, PyValue>> = {}) =>
    pipeline(
      scaler(),
      estimator('sklearn.preprocessing._function_transformer.FunctionTransformer', { func, ...others }),
    )

  test('functions of the user, of other libraries, and options that change what numpy does', () => {
    expect(refusalIn(transformer(global('__main__.double'))).message).toContain('__main__.double')
    expect(refusalIn(transformer(global('numpy.log1p'), { kw_args: dict({ where: true }) })).message).toContain('where')
    expect(compiled(transformer(global('numpy.core._multiarray_umath.log1p'))).steps).toEqual(['onnx'])
  })

  test('a hyper-parameter that no version has', () => {
    expect(refusalIn(logistic({ temperature: 2 })).message).toContain('"temperature"')
  })

  test('answers by chance', () => {
    const dummy = estimator('sklearn.dummy.DummyClassifier', { strategy: 'stratified' })
    expect(refusalIn(dummy).message).toContain('drawn by chance')
  })

  test.each<[string, PyValue]>([
    ['features without end', scaler({ n_features_in_: 2n ** 50n })],
    [
      'a polynomial of any degree',
      estimator('sklearn.preprocessing._polynomial.PolynomialFeatures', { n_features_in_: 1n, degree: 10n ** 9n }),
    ],
    ['weights for other features', logistic({ coef_: doubles([1, 2, 3], [1, 3]) })],
    [
      'samples without end',
      estimator('sklearn.kernel_approximation.AdditiveChi2Sampler', {
        n_features_in_: 1n,
        sample_steps: 10n ** 9n,
        sample_interval: 1,
      }),
    ],
  ])('%s', (_what, root) => {
    expect(['refused', 'unsupported']).toContain(refusalIn(root).code)
  })
})
