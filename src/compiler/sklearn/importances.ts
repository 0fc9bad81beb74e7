import { isKind } from '../../formats/python/refs.ts'
import type { PyObject, PyValue } from '../../formats/python/values.ts'
import { Fitted, plain, type Numbers } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'
import { largest } from './matrices.ts'
import { float64sOf, int32sOf, nodesOf } from './tree-state.ts'

/**
 * How much each feature counts in a fitted estimator: its weights, or what its trees gain by the feature.
 * @param getter `auto`, or the name of one of the two attributes
 * @param order of the norm that makes one number of the weights of several targets
 * @throws {ServingError} `unsupported` for an estimator that keeps neither
 * @see scikit-learn, `_get_feature_importances`
 */
export function importancesOf(model: Fitted, getter: PyValue, order: number, fitted: Fitted): Float64Array {
  if (getter === 'auto' || getter === 'coef_') {
    const name = model.has('_coef_') && getter === 'auto' ? '_coef_' : 'coef_'
    if (model.has(name)) return norms(model.numbers(name), order)
  }
  if (getter === 'auto' || getter === 'feature_importances_') {
    const gains = gainsOf(model)
    if (gains !== undefined) return gains
  }
  throw fitted.unsupported(
    `it selects by ${getter === 'auto' ? 'the importances' : describe(getter)} of ${model.title}, which its file does not keep`,
  )
}

function norms({ data, shape }: Numbers, order: number): Float64Array {
  const width = shape.at(-1) ?? 0
  const rows = shape.length === 1 ? 1 : (shape[0] ?? 0)
  if (shape.length === 1) return data.map(Math.abs)
  return Float64Array.from({ length: width }, (_, column) =>
    norm(
      Array.from({ length: rows }, (_each, row) => Math.abs(data[row * width + column] ?? 0)),
      order,
    ),
  )
}

function norm(sizes: readonly number[], order: number): number {
  if (order === Infinity) return largest(sizes)
  if (order === -Infinity) return -largest(sizes.map((size) => -size))
  if (order === 0) return sizes.filter((size) => size !== 0).length
  if (order === 1) return sum(sizes)
  if (order === 2) return Math.sqrt(sum(sizes.map((size) => size * size)))
  return sum(sizes.map((size) => size ** order)) ** (1 / order)
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

/** Of trees, forests and gradient boosting. */
function gainsOf(model: Fitted): Float64Array | undefined {
  if (model.has('tree_')) return shares(gainsOfTree(model))
  const isForest = /^(RandomForest|ExtraTrees)(Classifier|Regressor)$/.test(model.title)
  const isBoosted = /^GradientBoosting(Classifier|Regressor)$/.test(model.title)
  if (!isForest && !isBoosted) return undefined
  const trees = treesOf(model).map((tree) => new Fitted(tree, `${model.where}, one of its trees`))
  // trees that are a leaf alone say nothing
  const gains = trees.map(gainsOfTree).filter((each) => each.some((gain) => gain !== 0))
  const width = model.width()
  if (gains.some((each) => each.length !== width)) throw model.damaged('its trees are for other features')
  if (gains.length === 0) return new Float64Array(width)
  const each = isForest ? gains.map(shares) : gains
  return shares(Float64Array.from({ length: width }, (_, i) => sum(each.map((own) => own[i] ?? 0)) / each.length))
}

function treesOf(model: Fitted): PyObject[] {
  const value = model.value('estimators_')
  const items =
    typeof value === 'object' && value !== null && 'holds' in value && value.holds === 'objects'
      ? value.data
      : model.list('estimators_')
  return items.map((item) => {
    const tree = plain(item)
    if (isKind(tree, 'object')) return tree
    throw model.damaged('one of its trees is none')
  })
}

/** How much each feature's splits lower the impurity, by the share of rows that reach them. */
function gainsOfTree(tree: Fitted): Float64Array {
  const { state, field } = nodesOf(tree)
  const left = int32sOf(field('left_child'), state, 'left_child')
  const right = int32sOf(field('right_child'), state, 'right_child')
  const feature = int32sOf(field('feature'), state, 'feature')
  const impurity = float64sOf(field('impurity'), state, 'impurity')
  const weight = float64sOf(field('weighted_n_node_samples'), state, 'weighted_n_node_samples')
  const gains = new Float64Array(tree.width())
  const loss = (node: number) => (weight[node] ?? 0) * (impurity[node] ?? 0)
  for (let node = 0; node < left.length; node++) {
    const [a, b, by] = [left[node] as number, right[node] as number, feature[node] as number]
    if (a < 0) continue
    if (a >= left.length || b < 0 || b >= left.length || by < 0 || by >= gains.length)
      throw state.damaged(`node ${node} is no node of this tree`)
    gains[by] = (gains[by] as number) + (loss(node) - loss(a) - loss(b))
  }
  const rows = weight[0] ?? 1
  return gains.map((gain) => gain / rows)
}

function shares(gains: Float64Array): Float64Array {
  const total = sum(gains)
  return total > 0 ? gains.map((gain) => gain / total) : gains
}
