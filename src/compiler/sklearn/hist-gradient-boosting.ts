import type { NdArray, PyValue } from '../../formats/python/values.ts'
import { constantTree } from '../trees/constant-tree.ts'
import { ensemble, type Grown } from '../trees/ensemble.ts'
import { checkTree, followOnly, type Tree } from '../trees/tree.ts'
import type { Value } from '../program/builder.ts'
import { boostedClassifier } from './boosted.ts'
import { categoricalInput, type CategoricalInput } from './hist-categories.ts'
import type { Context, Opened, Openers } from './contract.ts'
import type { Features } from './features.ts'
import { Fitted, itemsIn, plain } from './fitted.ts'
import { bytesIn, float64sOf, int32sOf } from './tree-state.ts'

function ignoreBoosting(fitted: Fitted): void {
  fitted.ignore('learning_rate', 'max_leaf_nodes', 'max_depth', 'min_samples_leaf', 'l2_regularization', 'max_features')
  fitted.ignore('max_bins', 'monotonic_cst', 'interaction_cst', 'categorical_features', 'early_stopping', 'scoring')
  fitted.ignore('validation_fraction', 'n_iter_no_change', 'quantile')
}

/** Raw predictions [rows, targets]: the baseline, then each iteration's trees. @see scikit-learn, `_raw_predict` */
function rawPredictions(fitted: Fitted, { ops }: Context): { raw: (x: Features) => Value; targets: number } {
  const baseline = fitted.numbers('_baseline_prediction').data
  const targets = fitted.int('n_trees_per_iteration_')
  if (targets < 1 || (baseline.length !== targets && baseline.length !== 1))
    throw fitted.damaged(`it has ${baseline.length} baselines for ${targets} trees an iteration`)
  const features = fitted.width()
  const categorical = categoricalInput(fitted, ops, features)
  const trees: Grown[] = Array.from({ length: targets }, (_, target) =>
    constantTree(baseline[baseline.length === 1 ? 0 : target] as number, target),
  )
  for (const [i, iteration] of fitted.list('_predictors').entries()) {
    const items = itemsIn(iteration)
    if (items?.length !== targets) throw fitted.damaged(`iteration ${i + 1} has not ${targets} trees`)
    items.forEach((item, target) => trees.push({ ...readPredictor(item, fitted, features, categorical, i), target }))
  }
  const added = ensemble(ops, trees, { targets, test: 'at-most', datatype: 'FP64' })
  return { targets, raw: (x) => added(categorical.rows(x)) }
}

/** One `TreePredictor`. @see scikit-learn, `_predictor.pyx`, `_predict_one_from_raw_data` */
function readPredictor(
  value: PyValue,
  fitted: Fitted,
  features: number,
  { known }: CategoricalInput,
  iteration: number,
): Omit<Grown, 'target'> {
  const found = plain(value)
  const predictor = fitted.inside(found, `iteration ${iteration + 1}`, `a tree of iteration ${iteration + 1} is none`)
  const nodes = predictor.array('nodes')
  if (nodes.holds !== 'records' || nodes.shape.length !== 1) throw predictor.damaged('"nodes" are no list of records')
  const field = (name: string): NdArray => {
    const array = nodes.fields.get(name)
    if (array === undefined) throw predictor.damaged(`"nodes" have no ${name}`)
    return array
  }
  const isLeaf = bytesIn(field('is_leaf'), predictor, 'is_leaf')
  const missingLeft = bytesIn(field('missing_go_to_left'), predictor, 'missing_go_to_left')
  const whenTrue = int32sOf(field('left'), predictor, 'left').map((child, node) => (isLeaf[node] === 1 ? -1 : child))
  const whenFalse = int32sOf(field('right'), predictor, 'right')
  const feature = int32sOf(field('feature_idx'), predictor, 'feature_idx')
  const threshold = float64sOf(field('num_threshold'), predictor, 'num_threshold')
  const leaves = float64sOf(field('value'), predictor, 'value')
  const categorical = nodes.fields.get('is_categorical')
  const isCategorical = categorical === undefined ? undefined : bytesIn(categorical, predictor, 'is_categorical')
  const members = new Map<number, number[]>()
  const tree: Tree = { whenTrue, whenFalse, feature, threshold, missingTrue: missingLeft, members }
  checkTree(tree, features, predictor.where)
  const only = new Map<number, number>()
  if (isCategorical?.includes(1) === true) {
    const bitsets = readBitsets(predictor)
    const rows = int32sOf(field('bitset_idx'), predictor, 'bitset_idx')
    for (let node = 0; node < whenTrue.length; node++) {
      if (isCategorical[node] !== 1 || isLeaf[node] === 1) continue
      const row = rows[node] as number
      const own = known.get(feature[node] as number)
      if (own === undefined || row < 0 || 8 * row + 8 > bitsets.length)
        throw predictor.damaged(`node ${node} tests categories that it does not have`)
      const isLeft = (category: number) =>
        (((bitsets[8 * row + (category >> 5)] as number) >>> (category & 31)) & 1) === 1
      // what is unknown goes where missing values go: the test asks for the known ones of the other side
      const isMissingLeft = missingLeft[node] === 1
      if (isMissingLeft) [whenTrue[node], whenFalse[node]] = [whenFalse[node] as number, whenTrue[node] as number]
      const asked = isMissingLeft ? own.filter((category) => !isLeft(category)) : allLeft(isLeft, own)
      missingLeft[node] = 0
      if (asked.length === 0) only.set(node, whenFalse[node] as number)
      else members.set(node, asked)
    }
  }
  followOnly(tree, leaves, only)
  return { tree, leaves }
}

/** Categories that go left; scikit-learn looks there before it asks whether it knows the category at all. */
function allLeft(isLeft: (category: number) => boolean, known: readonly number[]): number[] {
  const all = Array.from({ length: 256 }, (_, category) => category).filter(isLeft)
  return all.some((category) => !known.includes(category)) ? all : known.filter(isLeft)
}

function readBitsets(predictor: Fitted): Uint32Array {
  const array = predictor.array('raw_left_cat_bitsets')
  if (array.holds !== 'numbers' || !(array.data instanceof Uint32Array) || array.shape[1] !== 8)
    throw predictor.damaged('"raw_left_cat_bitsets" are no sets of categories')
  return array.data
}

function histGradientBoostingClassifier(fitted: Fitted, context: Context): Opened {
  ignoreBoosting(fitted)
  fitted.choice('loss', ['log_loss', 'auto', 'binary_crossentropy', 'categorical_crossentropy'])
  const classes = fitted.labels('classes_')
  const { raw, targets } = rawPredictions(fitted, context)
  if (targets !== (classes.count > 2 ? classes.count : 1))
    throw fitted.damaged(`it has ${targets} trees an iteration, and ${classes.count} classes`)
  const decides = fitted.isSince(1, 5) ? 'raw above zero' : 'probabilities'
  return {
    title: fitted.title,
    input: fitted.input(),
    ...boostedClassifier(context.ops, { classes, raw, scale: 1, decides }),
  }
}

function histGradientBoostingRegressor(fitted: Fitted, context: Context): Opened {
  ignoreBoosting(fitted)
  const { ops } = context
  const losses = [
    'squared_error',
    'absolute_error',
    'gamma',
    'poisson',
    'quantile',
    'least_squares',
    'least_absolute_deviation',
  ] as const
  const loss = fitted.choice('loss', losses)
  const { raw, targets } = rawPredictions(fitted, context)
  if (targets !== 1) throw fitted.damaged(`it has ${targets} trees an iteration`)
  const isLog = loss === 'gamma' || loss === 'poisson'
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => {
      const value = ops.squeeze(raw(x), 1)
      return isLog ? ops.exp(value) : value
    },
  }
}

export const HIST_GRADIENT_BOOSTING: Openers = {
  'sklearn.HistGradientBoostingClassifier': histGradientBoostingClassifier,
  'sklearn.HistGradientBoostingRegressor': histGradientBoostingRegressor,
}
