import { ensemble, type Grown } from '../trees/ensemble.ts'
import { isLeaf, type Tree } from '../trees/tree.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import { treeIn } from './forests.ts'
import { columnLists } from './bagging.ts'
import { ignoreGrowing, readRegressionTree } from './trees.ts'
import { numbersOf } from './fitted.ts'

const EULER_GAMMA = 0.577_215_664_901_532_9

/** `IsolationForest`. @see scikit-learn, `IsolationForest._compute_score_samples` */
function isolationForest(fitted: Fitted, { ops }: Context): Opened {
  ignoreGrowing(fitted)
  fitted.ignore('n_estimators', 'contamination', 'max_samples', 'bootstrap', 'bootstrap_features', 'oob_score')
  fitted.ignore('estimator', 'base_estimator', 'estimator_params', 'criterion', 'splitter')
  const features = fitted.width()
  const estimators = fitted.list('estimators_')
  if (estimators.length === 0) throw fitted.damaged('it has no trees')
  const lists = columnLists(fitted, estimators.length, features)
  const isWhole = fitted.int('_max_features') === features
  const trees = estimators.map((value, i): Grown => {
    const columns = lists[i] as readonly number[]
    const options = isWhole ? { features } : { features: columns.length, columns }
    const { tree, samples } = readRegressionTree(treeIn(value, fitted, i), options)
    return { tree, target: 0, leaves: pathLengths(tree, samples) }
  })
  const samples = fitted.int(fitted.has('_max_samples') ? '_max_samples' : 'max_samples_')
  const denominator = trees.length * averagePathLength(samples)
  const depths = ensemble(ops, trees, { targets: 1, test: 'at-most', datatype: 'FP64' })
  const offset = numbersOf(fitted.value('offset_'), () => fitted.damaged('"offset_" is no number')).data[0] as number
  const isNaNAllowed = fitted.isSince(1, 6)
  const scores = (x: Features) => {
    const depth = ops.squeeze(depths(checked(ops, x, isNaNAllowed).matrix()), 1)
    // where training saw one row, all depths are of nothing, and scikit-learn divides one by one
    const share = denominator === 0 ? ops.add(ops.mul(depth, 0), 1) : ops.div(depth, denominator)
    return ops.neg(ops.pow(2, ops.neg(share)))
  }
  const decision = (x: Features) => ops.sub(scores(x), offset)
  const labels = ops.integers([1, -1])
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => ops.gather(labels, ops.cast(ops.less(decision(x), 0), 'INT64')),
    decisionFunction: decision,
    scoreSamples: scores,
  }
}

/** Of each leaf: nodes down to it, and the length of the path that its training rows would still need. */
function pathLengths(tree: Tree, samples: Float64Array): Float64Array {
  const { whenTrue, whenFalse } = tree
  const lengths = new Float64Array(whenTrue.length)
  const waiting = [0, 1]
  for (;;) {
    const nodes = waiting.pop()
    const node = waiting.pop()
    if (node === undefined || nodes === undefined) return lengths
    if (isLeaf(tree, node)) lengths[node] = nodes + averagePathLength(samples[node] as number) - 1
    else waiting.push(whenTrue[node] as number, nodes + 1, whenFalse[node] as number, nodes + 1)
  }
}

/** Of a binary search tree of so many rows. */
function averagePathLength(samples: number): number {
  if (samples <= 1) return 0
  if (samples === 2) return 1
  return 2 * (Math.log(samples - 1) + EULER_GAMMA) - (2 * (samples - 1)) / samples
}

export const ISOLATION_FORESTS: Openers = { 'sklearn.IsolationForest': isolationForest }
