import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ENGINES } from '../../engines/index.ts'
import { loadProgram } from '../../engines/program.ts'
import type { Dtype, NdArray, PyObject, PyValue } from '../../formats/python/values.ts'
import { numpySum } from './class-leaves.ts'
import { compileEstimator } from './compile-estimator.ts'
import { doubles, estimator, list, tuple } from './testing.fixture.ts'

type Node = readonly [left: number, right: number, feature?: number, threshold?: number, missingLeft?: number]

const dtype = (code: Dtype['code'], itemSize: number): Dtype => ({
  kind: 'dtype',
  code,
  itemSize,
  fields: undefined,
  unit: undefined,
})

function integers(data: readonly number[]): NdArray {
  const wide = BigInt64Array.from(data, BigInt)
  return { kind: 'ndarray', holds: 'numbers', dtype: dtype('i', 8), shape: [data.length], data: wide }
}

/** A tree as scikit-learn pickles it; leaves say so many classes. */
function treeOf(nodes: readonly Node[], values: readonly number[], classes: number): PyObject {
  const flags = Uint8Array.from(nodes, ([, , , , missing = 0]) => missing)
  const fields = new Map<string, NdArray>([
    ['left_child', integers(nodes.map(([left]) => left))],
    ['right_child', integers(nodes.map(([, right]) => right))],
    ['feature', integers(nodes.map(([, , feature = -2]) => feature))],
    ['threshold', doubles(nodes.map(([, , , threshold = -2]) => threshold))],
    ['n_node_samples', integers(nodes.map(() => 1))],
    [
      'missing_go_to_left',
      { kind: 'ndarray', holds: 'numbers', dtype: dtype('u', 1), shape: [nodes.length], data: flags },
    ],
  ])
  return estimator('sklearn.tree._tree.Tree', {
    nodes: { kind: 'ndarray', holds: 'records', dtype: dtype('V', 65), shape: [nodes.length], fields },
    values: doubles(values, [nodes.length, 1, classes]),
  })
}

const classifier = (nodes: readonly Node[], values: readonly number[], more: Record<string, PyValue> = {}) =>
  estimator('sklearn.tree._classes.DecisionTreeClassifier', {
    criterion: 'gini',
    splitter: 'best',
    n_features_in_: 2n,
    classes_: integers([7, 9]),
    tree_: treeOf(nodes, values, 2),
    ...more,
  })

/** Feature 1 at most 0.1: class 7, else class 9; missing values go left. */
const STUMP = [
  [1, 2, 1, 0.1, 1],
  [-1, -1],
  [-1, -1],
] as const
const VALUES = [0.5, 0.5, 0.75, 0.25, 0, 1]

async function predict(root: PyObject, rows: readonly (readonly number[])[], output: string): Promise<number[]> {
  const { program, files } = compileEstimator(root, { producer: 'a test' })
  const loaded = await loadProgram(program, ENGINES, (path) => files.get(path) as Uint8Array)
  const data = Float64Array.from(rows.flat())
  const answer = await loaded.run(new Map([['X', { datatype: 'FP64', shape: [rows.length, 2], data }]]), [output])
  loaded.release()
  return Array.from(answer.get(output)?.data as Float64Array, Number)
}

describe('a tree of scikit-learn', () => {
  test('compares what it rounds to float32 first', async () => {
    const single = Math.fround(0.1) // above 0.1
    const rows = [0.1, single, 0.09999999403953552, 0.1 - 1e-12, Number.NaN].map((value) => [0, value])
    expect(await predict(classifier(STUMP, VALUES), rows, 'predict')).toEqual([9, 9, 7, 9, 7])
  })

  test('gives the fractions of its leaves', async () => {
    expect(
      await predict(
        classifier(STUMP, VALUES),
        [
          [0, 0],
          [0, 1],
        ],
        'predict_proba',
      ),
    ).toEqual([0.75, 0.25, 0, 1])
  })

  test('of an old version divides counts by their sum', async () => {
    const old = classifier(STUMP, [8, 8, 6, 2, 0, 8], { _sklearn_version: '1.2.2' })
    expect(
      await predict(
        old,
        [
          [0, 0],
          [0, 1],
        ],
        'predict_proba',
      ),
    ).toEqual([0.75, 0.25, 0, 1])
  })

  test('of a version that takes no missing values refuses them', async () => {
    const old = classifier(STUMP, VALUES, { _sklearn_version: '1.2.2' })
    await expect(predict(old, [[0, Number.NaN]], 'predict')).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test.each([
    [
      'in a circle',
      [
        [1, 2, 0],
        [0, 2, 0],
        [-1, -1],
      ],
      'leads from node 1 to node 0',
    ],
    [
      'with branches that meet',
      [
        [1, 1, 0],
        [-1, -1],
        [-1, -1],
      ],
      'reaches node 1 twice',
    ],
    [
      'that tests feature 5 of 2',
      [
        [1, 2, 5],
        [-1, -1],
        [-1, -1],
      ],
      'tests feature 5',
    ],
  ] as const)('%s is refused', async (_what, nodes, message) => {
    await expect(predict(classifier(nodes, VALUES), [[0, 0]], 'predict')).rejects.toThrow(message)
  })

  test('whose leaves are of other classes than it says is refused', async () => {
    const odd = classifier(STUMP, VALUES, { classes_: integers([1, 2, 3]) })
    await expect(predict(odd, [[0, 0]], 'predict')).rejects.toThrow('tells 2 classes apart')
  })

  test('in a forest that is no tree of scikit-learn is refused by name', async () => {
    const forest = estimator('sklearn.ensemble._forest.RandomForestClassifier', {
      n_features_in_: 2n,
      n_outputs_: 1n,
      classes_: integers([7, 9]),
      estimators_: list(estimator('my.Tree', {})),
    })
    await expect(predict(forest, [[0, 0]], 'predict')).rejects.toThrow('my.Tree')
  })
})

test('numbers are added in pairs from eight on, as numpy adds them', () => {
  // what numpy 2.4 gives for so many tenths
  const sums = [7, 8, 9, 20, 200].map((count) => numpySum(new Float64Array(count).fill(0.1)))
  expect(sums).toEqual([0.7, 0.8, 0.9, 2.0000000000000004, 20])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 400 }), (numbers) => {
      expect(numpySum(Float64Array.from(numbers))).toBe(numbers.reduce((a, b) => a + b, 0))
    }),
  )
})

describe('an ensemble of imbalanced-learn', () => {
  /** Ensembles of their own note no version; the trees in them do. */
  const ensemble = (name: string, version: PyValue, more: Record<string, PyValue>) =>
    estimator(`imblearn.ensemble._x.${name}`, {
      _sklearn_version: null,
      n_features_in_: 2n,
      n_outputs_: 1n,
      classes_: integers([7, 9]),
      estimators_: list(
        classifier(STUMP, [8, 8, 6, 2, 0, 8], { _sklearn_version: version, classes_: integers([0, 1]) }),
      ),
      sampling_strategy: 'auto',
      replacement: false,
      ...more,
    })
  const rows = [
    [0, 0],
    [0, 1],
  ]

  test('answers as the scikit-learn that its estimators were made with', async () => {
    const forest = ensemble('BalancedRandomForestClassifier', '1.2.2', {})
    expect(await predict(forest, rows, 'predict_proba')).toEqual([0.75, 0.25, 0, 1])
    expect(await predict(forest, rows, 'predict')).toEqual([7, 9])
    const newer = ensemble('BalancedRandomForestClassifier', '1.5.2', {})
    expect(await predict(newer, rows, 'predict_proba')).toEqual([6, 2, 0, 8])
  })

  test('that does not say which that was is refused, and so is one that is not tested', async () => {
    const silent = ensemble('BalancedRandomForestClassifier', null, {})
    await expect(predict(silent, rows, 'predict')).rejects.toThrow('nothing in it says which scikit-learn')
    const old = ensemble('BalancedRandomForestClassifier', '0.9.0', {})
    await expect(predict(old, rows, 'predict')).rejects.toThrow('was written by scikit-learn 0.9')
  })

  test('runs the columns of pipelines whose samplers are done', async () => {
    const steps = (model: PyObject) =>
      estimator('imblearn.pipeline.Pipeline', {
        steps: list(
          tuple('sampler', estimator('imblearn.under_sampling._x.RandomUnderSampler', {})),
          tuple('own', estimator('imblearn.base.FunctionSampler', { func: null })),
          tuple('classifier', model),
        ),
      })
    const bagging = ensemble('BalancedBaggingClassifier', null, {
      estimators_: list(
        steps(classifier(STUMP, VALUES, { classes_: integers([0, 1]) })),
        steps(classifier(STUMP, [1, 1, 0.25, 0.75, 0, 1], { classes_: integers([0, 1]) })),
      ),
      estimators_features_: list(integers([0, 1]), integers([0, 1])),
    })
    expect(await predict(bagging, rows, 'predict_proba')).toEqual([0.5, 0.5, 0, 1])
  })
})
