import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { ensemble } from '../trees/ensemble.ts'
import { leafVectors } from '../trees/leaf-vectors.ts'
import { classifyByVectors, classVectors, treeClasses, type TreeClasses } from './class-leaves.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import { readTree, type TreeOptions, type TreeState } from './tree-state.ts'

/** Hyper-parameters of trees, which have done their work when the tree has grown. */
const GROWING = [
  'max_depth',
  'min_samples_split',
  'min_samples_leaf',
  'min_weight_fraction_leaf',
  'max_features',
  'max_leaf_nodes',
  'min_impurity_decrease',
  'min_impurity_split',
  'ccp_alpha',
  'presort',
] as const

const CLASSIFYING = ['gini', 'log_loss', 'entropy'] as const
const REGRESSING = ['squared_error', 'friedman_mse', 'poisson'] as const

/** Marks what a tree, or the trees of a forest, were grown by as known. */
export function ignoreGrowing(fitted: Fitted): void {
  fitted.ignore(...GROWING)
}

/**
 * Whether scikit-learn takes NaN in rows for trees that were grown so.
 * @param tree the tree's class
 * @see scikit-learn, `allow_nan` of each version's trees
 */
export function allowsNaN(fitted: Fitted, tree: 'DecisionTree' | 'ExtraTree'): boolean {
  const criterion = fitted.text('criterion')
  const splitter = fitted.text('splitter', tree === 'ExtraTree' ? 'random' : 'best')
  const isMonotonic = fitted.has('monotonic_cst')
  if (!fitted.isSince(1, 3)) return false
  const isSplitting =
    tree === 'ExtraTree'
      ? splitter === 'random' && fitted.isSince(1, 6)
      : splitter === 'best' || (splitter === 'random' && fitted.isSince(1, 6))
  if (fitted.isSince(1, 9)) return isSplitting
  return isSplitting && !isMonotonic && ([...CLASSIFYING, ...REGRESSING] as readonly string[]).includes(criterion)
}

/** Whether the file keeps weighted counts of classes (or fractions that are divided once more), as up to 1.3. */
export function isNormalized(fitted: Fitted): boolean {
  return !fitted.isSince(1, 4)
}

/** A classifier's tree: its state, and its classes. */
export function readClassTree(fitted: Fitted, options: TreeOptions): { state: TreeState; classes: TreeClasses } {
  const state = readTree(fitted, options)
  const classes = treeClasses(fitted, state.outputs)
  const most = Math.max(...classes.outputs.map(({ count }) => count))
  if (most !== state.classes)
    throw fitted.damaged(`its tree tells ${state.classes} classes apart, and "classes_" are ${most}`)
  return { state, classes }
}

/** `DecisionTreeClassifier` and `ExtraTreeClassifier`. @see scikit-learn, `DecisionTreeClassifier.predict_proba` */
function treeClassifier(kind: 'DecisionTree' | 'ExtraTree') {
  return (fitted: Fitted, { ops }: Context): Opened => {
    ignoreGrowing(fitted)
    fitted.ignore('monotonic_cst', 'criterion', 'splitter')
    const isNaNAllowed = allowsNaN(fitted, kind)
    const { state, classes } = readClassTree(fitted, { features: fitted.width() })
    const width = classes.outputs.reduce((sum, { count }) => sum + count, 0)
    const vectors = leafVectors(ops, [classVectors(state, classes, isNormalized(fitted))], width)
    return {
      title: fitted.title,
      input: fitted.input(),
      ...classifyByVectors(ops, classes, (x) => vectors.sum(checked(ops, x, isNaNAllowed).matrix())),
    }
  }
}

/** `DecisionTreeRegressor` and `ExtraTreeRegressor`. */
function treeRegressor(kind: 'DecisionTree' | 'ExtraTree') {
  return (fitted: Fitted, { ops }: Context): Opened => {
    ignoreGrowing(fitted)
    fitted.ignore('monotonic_cst', 'criterion', 'splitter')
    const isNaNAllowed = allowsNaN(fitted, kind)
    const scores = addedTrees(ops, [readRegressionTree(fitted, { features: fitted.width() })])
    return {
      title: fitted.title,
      input: fitted.input(),
      predict: (x: Features) => scores(checked(ops, x, isNaNAllowed).matrix()),
    }
  }
}

export function readRegressionTree(fitted: Fitted, options: TreeOptions): TreeState {
  const state = readTree(fitted, options)
  if (state.classes !== 1) throw fitted.damaged(`its tree tells ${state.classes} classes apart, and it is a regressor`)
  return state
}

/** What the leaves of regressors say, added in their order: [rows], or [rows, outputs] where there are several. */
export function addedTrees(ops: Ops, states: readonly TreeState[]): (rows: Value) => Value {
  const outputs = states[0]?.outputs ?? 1
  if (outputs === 1) {
    const trees = states.map(({ tree, values }) => ({ tree, target: 0, leaves: values }))
    const scores = ensemble(ops, trees, { targets: 1, test: 'at-most', datatype: 'FP64' })
    return (rows) => ops.squeeze(scores(rows), 1)
  }
  const trees = states.map(({ tree, values }) => ({ tree, vectors: values }))
  return leafVectors(ops, trees, outputs).sum
}

export const TREES: Openers = {
  'sklearn.DecisionTreeClassifier': treeClassifier('DecisionTree'),
  'sklearn.DecisionTreeRegressor': treeRegressor('DecisionTree'),
  'sklearn.ExtraTreeClassifier': treeClassifier('ExtraTree'),
  'sklearn.ExtraTreeRegressor': treeRegressor('ExtraTree'),
}
