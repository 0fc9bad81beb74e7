import { ServingError } from '../../core/errors.ts'
import type { XgboostModel, XgboostTree } from '../../formats/boosters/xgboost.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { categoryCodes, codedColumn } from '../sklearn/category-codes.ts'
import type { Features } from '../sklearn/features.ts'
import { ensemble, type Grown } from '../trees/ensemble.ts'
import { leafVectors } from '../trees/leaf-vectors.ts'
import { constantTree } from '../trees/constant-tree.ts'
import { checkTree, type Tree } from '../trees/tree.ts'
import { baseMargin, linkOf } from './xgboost-link.ts'

export interface MarginOptions {
  /** Iterations that count, from the first; all of them when undefined. */
  readonly iterations: number | undefined
  /** A number that stands for a missing value, beside NaN. */
  readonly missing: number
  /** Whether columns of categories hold their codes, because the model was trained on codes. */
  readonly areCodes: boolean
  readonly where: string
}

export interface Margin {
  /** Classes or targets. */
  readonly groups: number
  /** What the model's trees add up to: FP64 [rows, groups], of FP32's precision. */
  readonly sums: (x: Features) => Value
}

/**
 * The sums of an XGBoost model, rounded tree by tree as XGBoost's are.
 * @throws {ServingError} `refused` for trees that cannot be, `unsupported` for what is not covered
 */
export function xgboostMargin(ops: Ops, model: XgboostModel, options: MarginOptions): Margin {
  const groups = Math.max(model.classes, model.targets, 1)
  const { baseScores, features } = model
  if (baseScores.length !== 1 && baseScores.length !== groups)
    throw wrong(options, `it has ${baseScores.length} base scores for ${groups} classes or targets`)
  const link = linkOf(model.objective, options.where)
  const bases = Array.from({ length: groups }, (_, group) =>
    baseMargin(baseScores[baseScores.length === 1 ? 0 : group] as number, link),
  )
  if (bases.some((base) => Number.isNaN(base)))
    throw wrong(options, `its base score ${baseScores.join(', ')} has no meaning to ${model.objective}`)
  if (features === 0) throw wrong(options, 'it has no features')
  if (model.booster === 'gblinear') return { groups, sums: linearSums(ops, model, bases, options) }
  const rows = rowsOf(ops, model, options)
  const trees = chosenTrees(model, groups, options)
  const isVector = trees.some(({ source }) => source.leafVectors !== undefined)
  const sums = isVector ? vectorSums(ops, trees, bases, options) : scalarSums(ops, trees, bases, options)
  return { groups, sums: (x) => sums(rows(x)) }
}

interface Chosen {
  readonly source: XgboostTree
  readonly tree: Tree
  readonly group: number
  readonly weight: number
}

function chosenTrees(model: XgboostModel, groups: number, options: MarginOptions): readonly Chosen[] {
  const { trees, groups: groupOf, iterationStarts, weightDrop, features } = model
  const last = Math.min(options.iterations ?? Infinity, iterationStarts.length - 1)
  const count = iterationStarts[last] ?? trees.length
  if (weightDrop !== undefined && weightDrop.length !== trees.length)
    throw wrong(options, `it has ${weightDrop.length} weights for ${trees.length} trees`)
  return trees.slice(0, count).map((source, i) => {
    const group = groupOf[i] as number
    if (group < 0 || group >= groups) throw wrong(options, `tree ${i} is of group ${group}, of ${groups}`)
    return {
      source,
      group,
      tree: treeOf(source, features, `${options.where}, tree ${i}`),
      weight: weightDrop?.[i] ?? 1,
    }
  })
}

/** XGBoost goes left where the feature is less; a test of categories names those that go right. */
function treeOf(source: XgboostTree, features: number, where: string): Tree {
  const { left, right, condition, categories, defaultLeft } = source
  const whenTrue = left.slice()
  const whenFalse = right.slice()
  const missingTrue = defaultLeft.slice()
  const threshold = condition.slice()
  const members = new Map<number, Int32Array>()
  for (const [node, chosen] of categories) {
    if ((left[node] as number) < 0) continue
    if (chosen.length === 0) {
      threshold[node] = Infinity
      continue
    }
    members.set(node, chosen)
    whenTrue[node] = right[node] as number
    whenFalse[node] = left[node] as number
    missingTrue[node] = defaultLeft[node] === 1 ? 0 : 1
  }
  const tree = { whenTrue, whenFalse, feature: source.feature, threshold, missingTrue, members }
  checkTree(tree, features, where)
  return tree
}

function scalarSums(
  ops: Ops,
  trees: readonly Chosen[],
  bases: readonly number[],
  { where }: MarginOptions,
): (rows: Value) => Value {
  const grown = trees.map(({ source, tree, group, weight }): Grown => {
    if (source.leafVectors !== undefined) throw wrong({ where }, 'some of its trees say one number and some several')
    return {
      tree,
      target: group,
      leaves: weight === 1 ? source.condition : source.condition.map((leaf) => leaf * weight),
    }
  })
  const first = bases.map((base, group) => constantTree(base, group))
  const sums = ensemble(ops, [...first, ...grown], { targets: bases.length, test: 'less', datatype: 'FP32' })
  return (rows) => ops.cast(sums(rows), 'FP64')
}

/** Trees that say a number for every target. */
function vectorSums(
  ops: Ops,
  trees: readonly Chosen[],
  bases: readonly number[],
  { where }: MarginOptions,
): (rows: Value) => Value {
  const vectorTrees = trees.map(({ source, tree, weight }) => {
    if (source.leafVectors === undefined || source.leafSize !== bases.length)
      throw wrong({ where }, `its trees say ${source.leafSize} numbers for ${bases.length} targets`)
    return { tree, vectors: weight === 1 ? source.leafVectors : source.leafVectors.map((leaf) => leaf * weight) }
  })
  const vectors = leafVectors(ops, vectorTrees, bases.length, { test: 'less', datatype: 'FP32' })
  if (vectors.count > 2 ** 24)
    throw new ServingError('unsupported', `${where}: ${vectors.count} leaves of several numbers are too many`)
  return (rows) => ops.roundToFloat(ops.add(vectors.sum(rows), ops.numbers(bases)))
}

/** Σ weight · value over what is there, and the bias. */
function linearSums(
  ops: Ops,
  { weights, features }: XgboostModel,
  bases: readonly number[],
  options: MarginOptions,
): (x: Features) => Value {
  const groups = bases.length
  if (weights?.length !== (features + 1) * groups)
    throw wrong(options, `it has ${weights?.length ?? 0} weights for ${features} features and ${groups} groups`)
  const table = ops.numbers(weights.slice(0, features * groups), [features, groups])
  // it begins every group's sum with the first base score, also where there are several
  const bias = ops.numbers(
    bases.map((_, group) => (bases[0] as number) + (weights[features * groups + group] as number)),
  )
  return (x) => {
    const rows = ops.cast(floatRows(ops, x, x.matrix(), options), 'FP64')
    const filled = ops.where(ops.isNaN(rows), 0, rows)
    return ops.roundToFloat(ops.add(ops.matMul(filled, table), bias))
  }
}

/** Rows as FP32, with NaN for what is missing: also for the zeros that a sparse matrix does not keep. */
function floatRows(ops: Ops, x: Features, all: Value, { missing }: MarginOptions): Value {
  const scalar = (value: number) => ops.constant('FP32', [], Float32Array.of(value))
  let rows = ops.cast(all, 'FP32')
  for (const value of x.isStoredSparse === true ? [0, missing] : [missing])
    if (!Number.isNaN(value)) rows = ops.where(ops.equal(rows, scalar(value)), scalar(Number.NaN), rows)
  return rows
}

/** Rows as the trees see them, FP32 [rows, features]: missing values as NaN, categories as their codes. */
function rowsOf(ops: Ops, model: XgboostModel, options: MarginOptions): (x: Features) => Value {
  const { featureTypes, categories, features, featureNames } = model
  const places = Array.from({ length: features }, (_, i) => i)
  const coded = places.filter((i) => categories?.[i] !== undefined)
  const isCategorical = (i: number) => featureTypes?.[i] === 'c'
  const unnamed = places.filter((i) => isCategorical(i) && !coded.includes(i))
  if (unnamed.length > 0 && featureNames !== undefined && !options.areCodes)
    throw new ServingError(
      'unsupported',
      `${options.where}: the file does not say which categories the codes of column ${JSON.stringify(featureNames[unnamed[0] as number])} stand for, as XGBoost before 3.1 left them out; train with XGBoost 3.1 or newer, or put an OrdinalEncoder before the model`,
    )
  if (coded.length === 0) {
    const mask =
      unnamed.length === 0
        ? undefined
        : ops.constant(
            'BOOL',
            [features],
            Uint8Array.from(places, (i) => (unnamed.includes(i) ? 1 : 0)),
          )
    return (x) => {
      const rows = floatRows(ops, x, x.matrix(), options)
      return mask === undefined ? rows : ops.where(mask, ops.floor(rows), rows)
    }
  }
  const columns = coded.map((i) => codedColumn(categories?.[i]?.values ?? [], i, undefined))
  return (x) => {
    const codes = categoryCodes(ops, x, columns, { damaged: (reason) => wrong(options, reason) })
    const parts = places.map((i) => {
      const at = coded.indexOf(i)
      return at < 0 ? x.column(i).number() : ops.slice(codes, at, at + 1)
    })
    return floatRows(ops, x, ops.concat(parts, 1), options)
  }
}

function wrong({ where }: Pick<MarginOptions, 'where'>, reason: string): ServingError {
  return new ServingError('refused', `${where}: ${reason}; the file is damaged or was not written by XGBoost`)
}
