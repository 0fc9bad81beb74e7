import { isKind } from '../../formats/python/refs.ts'
import type { PyValue } from '../../formats/python/values.ts'
import { leafVectors } from '../trees/leaf-vectors.ts'
import { isLeaf } from '../trees/tree.ts'
import { classifyByVectors, classVectors, treeClasses } from './class-leaves.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, MatrixFeatures, type Features } from './features.ts'
import { Fitted, plain } from './fitted.ts'
import { addedTrees, allowsNaN, ignoreGrowing, isNormalized, readClassTree, readRegressionTree } from './trees.ts'

/** Hyper-parameters of forests that have done their work. */
function ignorePlanting(fitted: Fitted): void {
  ignoreGrowing(fitted)
  fitted.ignore('n_estimators', 'bootstrap', 'oob_score', 'max_samples', 'estimator', 'base_estimator')
  fitted.ignore('estimator_params', 'monotonic_cst', 'criterion', 'sparse_output')
}

/** The trees of a forest, as estimators of their own: none has hyper-parameters of another kind than the forest's. */
function planted(fitted: Fitted): readonly Fitted[] {
  const trees = fitted.list('estimators_').map((value, i) => treeIn(value, fitted, i))
  if (trees.length === 0) throw fitted.damaged('it has no trees')
  return trees
}

export function treeIn(value: PyValue, fitted: Fitted, index: number): Fitted {
  const found = plain(value)
  if (!isKind(found, 'object')) throw fitted.damaged(`its tree ${index + 1} is no estimator`)
  if (
    !/^(DecisionTree|ExtraTree)(Classifier|Regressor)$/.test(found.class.name) ||
    !found.class.module.startsWith('sklearn.')
  )
    throw fitted.unsupported(`its tree ${index + 1} is a ${found.class.module}.${found.class.name}`)
  return new Fitted(found, `${fitted.where}, tree ${index + 1}`)
}

/** Whether the forest takes NaN: its first tree says so. @see scikit-learn, `BaseForest._validate_X_predict` */
function forestAllowsNaN(fitted: Fitted, trees: readonly Fitted[], kind: 'DecisionTree' | 'ExtraTree'): boolean {
  const [first] = trees
  return first !== undefined && fitted.isSince(1, 4) && allowsNaN(first, kind)
}

/** `RandomForestClassifier` and `ExtraTreesClassifier`: the mean of the trees' probabilities, added in their order. */
export function forestClassifier(kind: 'DecisionTree' | 'ExtraTree') {
  return (fitted: Fitted, { ops }: Context): Opened => {
    ignorePlanting(fitted)
    const trees = planted(fitted)
    const features = fitted.width()
    const isNaNAllowed = forestAllowsNaN(fitted, trees, kind)
    const outputs = fitted.int('n_outputs_', 1)
    const classes = treeClasses(fitted, outputs)
    const width = classes.outputs.reduce((sum, { count }) => sum + count, 0)
    const grown = trees.map((tree) => {
      const { state, classes: own } = readClassTree(tree, { features })
      if (state.outputs !== outputs || own.outputs.some(({ count }, i) => count !== classes.outputs[i]?.count))
        throw tree.damaged('it tells other classes apart than its forest')
      return classVectors(state, classes, isNormalized(fitted))
    })
    const vectors = leafVectors(ops, grown, width)
    const mean = (x: Features) => ops.div(vectors.sum(checked(ops, x, isNaNAllowed).matrix()), trees.length)
    return { title: fitted.title, input: fitted.input(), ...classifyByVectors(ops, classes, mean) }
  }
}

/** `RandomForestRegressor` and `ExtraTreesRegressor`: the mean of the trees, added in their order. */
function forestRegressor(kind: 'DecisionTree' | 'ExtraTree') {
  return (fitted: Fitted, { ops }: Context): Opened => {
    ignorePlanting(fitted)
    const trees = planted(fitted)
    const features = fitted.width()
    const isNaNAllowed = forestAllowsNaN(fitted, trees, kind)
    const outputs = fitted.int('n_outputs_', 1)
    const states = trees.map((tree) => {
      const state = readRegressionTree(tree, { features })
      if (state.outputs !== outputs) throw tree.damaged(`it has ${state.outputs} outputs, its forest ${outputs}`)
      return state
    })
    const added = addedTrees(ops, states)
    return {
      title: fitted.title,
      input: fitted.input(),
      predict: (x: Features) => ops.div(added(checked(ops, x, isNaNAllowed).matrix()), trees.length),
    }
  }
}

/** `RandomTreesEmbedding`: for each tree, one column a leaf (in the order of the nodes), with a 1 for the leaf of the row. */
function randomTreesEmbedding(fitted: Fitted, { ops }: Context): Opened {
  ignorePlanting(fitted)
  const trees = planted(fitted)
  const features = fitted.width()
  const isNaNAllowed = forestAllowsNaN(fitted, trees, 'ExtraTree')
  const states = trees.map((tree) => readRegressionTree(tree, { features }))
  const [encoder] = [fitted.value('one_hot_encoder_')]
  const known = encodedLeaves(encoder, fitted, states.length)
  // the encoder knows the leaves that the training rows have reached: all of them
  states.forEach(({ tree }, i) => {
    const leaves = Array.from(tree.whenTrue.keys()).filter((node) => isLeaf(tree, node))
    if (known[i]?.join() !== leaves.join())
      throw fitted.unsupported('its encoder knows other leaves than its trees have')
  })
  const vectors = leafVectors(
    ops,
    states.map(({ tree, values }) => ({ tree, vectors: values })),
    1,
  )
  const columns = ops.integers(Array.from({ length: vectors.count }, (_, i) => i))
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x: Features) => {
      const leaves = ops.cast(vectors.leaves(checked(ops, x, isNaNAllowed).matrix()), 'INT64')
      const isLeafOf = ops.equal(ops.unsqueeze(leaves, 2), columns)
      return new MatrixFeatures(ops, ops.sum(ops.cast(isLeafOf, 'FP64'), 1))
    },
  }
}

function encodedLeaves(value: PyValue, fitted: Fitted, trees: number): readonly number[][] {
  const found = plain(value)
  const encoder = fitted.inside(found, '"one_hot_encoder_"', '"one_hot_encoder_" is no encoder')
  const lists = encoder.list('categories_')
  if (lists.length !== trees) throw encoder.damaged(`it has ${lists.length} lists of categories for ${trees} trees`)
  return lists.map((list) => {
    if (
      typeof list !== 'object' ||
      list === null ||
      !('kind' in list) ||
      list.kind !== 'ndarray' ||
      list.holds !== 'numbers'
    )
      throw encoder.damaged('"categories_" are no leaves')
    return Array.from(list.data as Float64Array, Number)
  })
}

export const FORESTS: Openers = {
  'sklearn.RandomForestClassifier': forestClassifier('DecisionTree'),
  'sklearn.RandomForestRegressor': forestRegressor('DecisionTree'),
  'sklearn.ExtraTreesClassifier': forestClassifier('ExtraTree'),
  'sklearn.ExtraTreesRegressor': forestRegressor('ExtraTree'),
  'sklearn.RandomTreesEmbedding': randomTreesEmbedding,
}
