import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import type { PyObject, PyValue } from '../../formats/python/values.ts'
import { compileEstimator } from './compile-estimator.ts'
import { digamma } from './log-sums.ts'
import { dict, doubles, estimator, global, list, tuple } from './testing.fixture.ts'

type State = Readonly<Record<string, PyValue>>

function compiled(root: PyValue) {
  const { outputs, warnings } = compileEstimator(root, { producer: 'scikit-learn 1.5.2' })
  return { outputs: outputs.map(({ name }) => name), warnings: warnings ?? [] }
}
const refusalIn = (root: PyValue) => refusal(() => compiled(root))

const logistic = (others: State = {}) =>
  estimator('sklearn.linear_model._logistic.LogisticRegression', {
    n_features_in_: 2n,
    solver: 'lbfgs',
    classes_: doubles([0, 1]),
    coef_: doubles([1, 2], [1, 2]),
    intercept_: doubles([0]),
    ...others,
  })
const ridge = (others: State = {}) =>
  estimator('sklearn.linear_model._ridge.Ridge', {
    n_features_in_: 2n,
    coef_: doubles([1, 2]),
    intercept_: 0.5,
    ...others,
  })
const neighbors = (name: string, others: State = {}) =>
  estimator(`sklearn.neighbors._x.${name}`, {
    n_features_in_: 2n,
    n_samples_fit_: 3n,
    n_neighbors: 2n,
    _fit_method: 'brute',
    _fit_X: doubles([0, 0, 1, 1, 2, 2], [3, 2]),
    effective_metric_: 'euclidean',
    effective_metric_params_: dict({}),
    ...others,
  })
const classifierOf = (others: State = {}) =>
  neighbors('KNeighborsClassifier', {
    weights: 'uniform',
    _y: doubles([0, 1, 1]),
    classes_: doubles([5, 7]),
    outputs_2d_: false,
    ...others,
  })

describe('neighbours', () => {
  test('a classifier has what scikit-learn gives it', () => {
    expect(compiled(classifierOf()).outputs).toEqual(['predict', 'predict_proba', 'kneighbors_0', 'kneighbors_1'])
    expect(compiled(neighbors('NearestNeighbors')).outputs).toEqual(['kneighbors_0', 'kneighbors_1'])
  })

  test.each([
    ["one's own metric", { effective_metric_: global('__main__.distance') }, '__main__.distance'],
    ["one's own weights", { weights: global('__main__.weigh') }, '__main__.weigh'],
    ['more neighbours than rows', { n_neighbors: 4n }, '4 neighbours among 3 rows'],
    ['a metric without its numbers', { effective_metric_: 'mahalanobis' }, '"VI"'],
  ])('%s is not covered', (_name, others, words) => {
    const error = refusalIn(classifierOf(others))
    expect(error).toMatchObject({ code: 'unsupported' })
    expect(error.message).toContain(words)
  })

  test.each([
    ['rows of another number', { n_samples_fit_: 4n }, '"_fit_X"'],
    ['a class that is none', { _y: doubles([0, 1, 2]) }, 'not among 2'],
    ['a tree that is none', { _fit_method: 'kd_tree', _tree: 1n }, '"_tree"'],
  ])('%s is damage', (_name, others, words) => {
    const error = refusalIn(classifierOf(others))
    expect(error).toMatchObject({ code: 'refused' })
    expect(error.message).toContain(words)
  })

  test('an outlier factor without novelty answers for no other rows', () => {
    const error = refusalIn(neighbors('LocalOutlierFactor', { novelty: false }))
    expect(error).toMatchObject({ code: 'unsupported' })
    expect(error.message).toContain('novelty=True')
  })

  test('where equals are left to chance, it is said', () => {
    expect(compiled(classifierOf()).warnings).toEqual([])
    expect(compiled(classifierOf({ effective_metric_: 'hamming' })).warnings[0]).toContain('equally near')
  })
})

describe('estimators in others', () => {
  const voting = (others: State = {}) =>
    estimator('sklearn.ensemble._voting.VotingClassifier', {
      estimators: list(tuple('a', logistic()), tuple('b', 'drop')),
      estimators_: list(logistic()),
      voting: 'soft',
      weights: null,
      flatten_transform: true,
      classes_: doubles([5, 7]),
      ...others,
    })

  test('soft voting has probabilities, hard voting has none, and weights of who was dropped do not count', () => {
    expect(compiled(voting()).outputs).toEqual(['predict', 'predict_proba', 'transform'])
    expect(compiled(voting({ voting: 'hard', weights: list(2n, 3n) })).outputs).toEqual(['predict', 'transform'])
    expect(refusalIn(voting({ weights: list(1n) })).code).toBe('refused')
  })

  test('soft voting by an estimator without probabilities is not covered', () => {
    expect(refusalIn(voting({ estimators_: list(ridge()) }))).toMatchObject({ code: 'unsupported' })
  })

  test('a search that was not refitted has no estimator to ask', () => {
    const search = (state: State) => estimator('sklearn.model_selection._search.GridSearchCV', state)
    expect(compiled(search({ best_estimator_: logistic(), refit: true })).outputs).toContain('predict_proba')
    const error = refusalIn(search({ refit: false, n_splits_: 2n }))
    expect(error).toMatchObject({ code: 'unsupported' })
    expect(error.message).toContain('refit=True')
  })

  test('estimators that stand in one another without end are refused', () => {
    const search: PyObject = estimator('sklearn.model_selection._search.GridSearchCV', {})
    search.attributes.set('best_estimator_', search)
    expect(refusalIn(search)).toMatchObject({ code: 'refused' })
  })

  test("a target's transformer whose inverse is code of one's own is not covered", () => {
    const target = (transformer: PyValue) =>
      estimator('sklearn.compose._target.TransformedTargetRegressor', {
        regressor_: ridge(),
        transformer_: transformer,
        _training_dim: 1n,
        n_features_in_: 2n,
      })
    const byFunction = (inverse: PyValue) =>
      estimator('sklearn.preprocessing._function_transformer.FunctionTransformer', { inverse_func: inverse })
    expect(compiled(target(byFunction(global('numpy.expm1')))).outputs).toEqual(['predict'])
    expect(refusalIn(target(byFunction(global('__main__.back')))).message).toContain('__main__.back')
    expect(refusalIn(target(logistic())).message).toContain('its inverse is not covered')
  })

  test('a threshold is for two classes only', () => {
    const fixed = (inner: PyValue, others: State = {}) =>
      estimator('sklearn.model_selection._classification_threshold.FixedThresholdClassifier', {
        estimator_: inner,
        threshold: 'auto',
        response_method: 'auto',
        pos_label: null,
        n_features_in_: 2n,
        ...others,
      })
    expect(compiled(fixed(logistic())).outputs).toEqual(['predict', 'predict_proba', 'decision_function'])
    const three = {
      classes_: doubles([0, 1, 2]),
      coef_: doubles([1, 2, 3, 4, 5, 6], [3, 2]),
      intercept_: doubles([0, 0, 0]),
    }
    expect(refusalIn(fixed(logistic(three)))).toMatchObject({ code: 'unsupported' })
    expect(refusalIn(fixed(logistic(), { pos_label: 9n }))).toMatchObject({ code: 'refused' })
  })
})

describe('support vectors', () => {
  const svc = (others: State = {}) =>
    estimator('sklearn.svm._classes.SVC', {
      n_features_in_: 2n,
      kernel: 'rbf',
      _gamma: 0.5,
      coef0: 0,
      degree: 3n,
      probability: false,
      classes_: doubles([0, 1]),
      support_: doubles([0, 1]),
      support_vectors_: doubles([0, 0, 1, 1], [2, 2]),
      _n_support: doubles([1, 1]),
      _dual_coef_: doubles([1, -1], [1, 2]),
      _intercept_: doubles([0]),
      _probA: doubles([]),
      _probB: doubles([]),
      ...others,
    })

  test('there are probabilities where they were asked for in training', () => {
    expect(compiled(svc()).outputs).toEqual(['predict', 'decision_function'])
    const fitted = { probability: true, _probA: doubles([-1]), _probB: doubles([0]) }
    expect(compiled(svc(fitted)).outputs).toEqual(['predict', 'predict_proba', 'decision_function'])
    expect(compiled(svc({ ...fitted, probability: false })).outputs).toEqual(['predict', 'decision_function'])
  })

  test.each([
    ['support_vectors_', { support_vectors_: doubles([0, 0], [1, 2]) }],
    ['_dual_coef_', { _dual_coef_: doubles([1], [1, 1]) }],
    ['_n_support', { _n_support: doubles([1, 1, 1]) }],
  ])('"%s" of another shape is damage', (name, others) => {
    const error = refusalIn(svc(others))
    expect(error).toMatchObject({ code: 'refused' })
    expect(error.message).toContain(`"${name}"`)
  })

  test("a kernel of one's own is not covered", () => {
    expect(refusalIn(svc({ kernel: global('__main__.kernel') })).code).toBe('unsupported')
  })
})

test.each([
  [0.5, -1.9635100260214235],
  [1, -0.5772156649015329],
  [20.25, 2.983260263975308],
  [1e6, 13.81551005796419],
])('digamma(%d) is %d', (x, value) => expect(digamma(x)).toBeCloseTo(value, 13))
