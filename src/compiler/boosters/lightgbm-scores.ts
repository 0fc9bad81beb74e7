import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { DEFAULT_LEFT, IS_CATEGORICAL, type LightgbmModel, type LightgbmTree } from '../../formats/boosters/lightgbm.ts'
import { packNumbers, type Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { categoryCodes, codedColumn } from '../sklearn/category-codes.ts'
import type { Features } from '../sklearn/features.ts'
import { ensemble, type Grown } from '../trees/ensemble.ts'
import { leafVectors } from '../trees/leaf-vectors.ts'
import { checkTree, previousDouble, type Tree } from '../trees/tree.ts'

/** What counts as zero: smaller values are taken for it. @see LightGBM, `kZeroThreshold` */
const ZERO = Math.fround(1e-35)

type Missing = 'none' | 'zero' | 'NaN'

const MISSING: readonly Missing[] = ['none', 'zero', 'NaN']

export interface LightgbmOptions {
  /** Iterations that count, from the first; all of them when undefined. */
  readonly iterations: number | undefined
  readonly where: string
}

/** FP64 [rows, trees an iteration]. */
export interface LightgbmScores {
  /** The sum of the trees. */
  readonly raw: (x: Features) => Value
  /** What goes into the objective's transform: the mean over iterations, where the model averages. */
  readonly scores: (x: Features) => Value
}

/**
 * What the trees of a LightGBM model add up to.
 * @throws {ServingError} `refused`, `unsupported`
 */
export function lightgbmScores(ops: Ops, model: LightgbmModel, { iterations, where }: LightgbmOptions): LightgbmScores {
  const { features, treesPerIteration: targets } = model
  const all = model.trees.length / targets
  const count = iterations === undefined ? all : Math.min(iterations, all)
  const zeros = new Uint8Array(features)
  const categorical = new Set<number>()
  const missing = new Map<number, Missing>()
  const trees = model.trees.slice(0, count * targets).map((source, i): Grown => {
    const place = `${where}, tree ${i}`
    const tree = treeOf(source, features, place, (feature, kind) => {
      if (kind === 'categories') {
        categorical.add(feature)
        return
      }
      const known = missing.get(feature)
      if (known !== undefined && known !== kind)
        throw new ServingError('unsupported', `${place}: feature ${feature} has missing values of two kinds`)
      missing.set(feature, kind)
      if (kind === 'zero') zeros[feature] = 1
    })
    const leaves = new Float64Array(tree.whenTrue.length)
    leaves.set(source.values, source.leaves - 1)
    return { tree, target: i % targets, leaves }
  })
  if (trees.length === 0) throw new ServingError('unsupported', `${where}: it has no trees`)
  const read = (x: Features) => plainRows(ops, model, x, where)
  const tested = (rows: Value) => testedRows(ops, rows, zeros, categorical, model)
  const isLinear = model.trees.slice(0, trees.length).some(({ linear }) => linear !== undefined)
  const sums = isLinear
    ? linearSums(ops, model, trees, where)
    : ensemble(ops, trees, { targets, test: 'at-most', datatype: 'FP64' })
  const raw = (x: Features) => {
    const rows = read(x)
    return sums(tested(rows), rows)
  }
  return { raw, scores: model.isAveraged ? (x) => ops.div(raw(x), count) : raw }
}

/** @param note told of each test: the feature, and what missing values of it are */
function treeOf(
  source: LightgbmTree,
  features: number,
  where: string,
  note: (feature: number, kind: Missing | 'categories') => void,
): Tree {
  const { leaves, left, right, feature, decision, threshold, categoryStarts, categoryBits } = source
  const branches = leaves - 1
  const size = branches + leaves
  const child = (id: number) => (id < 0 ? branches + ~id : id)
  const tree = {
    whenTrue: new Int32Array(size).fill(-1),
    whenFalse: new Int32Array(size),
    feature: new Int32Array(size),
    threshold: new Float64Array(size),
    missingTrue: new Uint8Array(size),
    members: new Map<number, number[]>(),
  }
  for (let node = 0; node < branches; node++) {
    const kind = decision[node] as number
    tree.whenTrue[node] = child(left[node] as number)
    tree.whenFalse[node] = child(right[node] as number)
    tree.feature[node] = feature[node] as number
    if ((tree.whenTrue[node] as number) < 0)
      throw new ServingError('refused', `${where} leads nowhere; the file is damaged`)
    if ((kind & IS_CATEGORICAL) !== 0) {
      const set = threshold[node] as number
      const [from, to] = [categoryStarts[set], categoryStarts[set + 1]]
      if (from === undefined || to === undefined)
        throw new ServingError('refused', `${where} tests categories that it does not have; the file is damaged`)
      const members = membersOf(categoryBits.subarray(from, to))
      // without a category nothing is true, not even what is missing
      if (members.length === 0) tree.threshold[node] = -Infinity
      else tree.members.set(node, members)
      note(feature[node] as number, 'categories')
      continue
    }
    const missing = MISSING[(kind >> 2) & 3]
    if (missing === undefined)
      throw new ServingError('refused', `${where} has a test of an unknown kind; the file is damaged`)
    note(feature[node] as number, missing)
    const cut = threshold[node] as number
    // values about zero are zero before they are compared
    tree.threshold[node] = cut >= 0 && cut < ZERO ? ZERO : cut < 0 && cut >= -ZERO ? previousDouble(-ZERO) : cut
    const isTrue = missing === 'none' ? cut >= 0 : (kind & DEFAULT_LEFT) !== 0
    tree.missingTrue[node] = isTrue ? 1 : 0
  }
  checkTree(tree, features, where)
  return tree
}

function membersOf(bits: Uint32Array): number[] {
  const found: number[] = []
  bits.forEach((word, i) => {
    for (let bit = 0; bit < 32; bit++) if (((word >>> bit) & 1) === 1) found.push(32 * i + bit)
  })
  return found
}

/** Sums of trees of which some have leaves that are linear models of the row. */
function linearSums(
  ops: Ops,
  { treesPerIteration: targets, features, trees: sources }: LightgbmModel,
  trees: readonly Grown[],
  where: string,
): (tested: Value, rows: Value) => Value {
  const numbered = leafVectors(
    ops,
    trees.map(({ tree }) => ({ tree, vectors: new Float64Array() })),
    0,
  )
  const constants: number[] = []
  const values: number[] = []
  const starts = [0]
  const used: number[] = []
  const coefficients: number[] = []
  for (let i = 0; i < trees.length; i++) {
    const { linear, values: own } = sources[i] as LightgbmTree
    for (let leaf = 0; leaf < own.length; leaf++) {
      constants.push((linear?.constants ?? own)[leaf] as number)
      values.push(own[leaf] as number)
      const end = linear?.starts[leaf + 1] ?? 0
      for (let at = linear?.starts[leaf] ?? 0; at < end; at++) {
        used.push(linear?.features[at] as number)
        coefficients.push(linear?.coefficients[at] as number)
      }
      starts.push(used.length)
    }
  }
  if (used.some((feature) => feature >= features))
    throw new ServingError('refused', `${where}: its leaves are of features that it does not have; the file is damaged`)
  const parameters = {
    targets,
    constants: packNumbers(constants),
    values: packNumbers(values),
    starts: packNumbers(starts),
    features: packNumbers(used),
    coefficients: packNumbers(coefficients),
  }
  return (tested, rows) => {
    const leaves = ops.cast(numbered.leaves(tested), 'FP64')
    const output = { datatype: 'FP64' as const, shape: [-1, targets] }
    return ops.b.kernel('linear-leaves', parameters, [leaves, rows], [output])[0] as Value
  }
}

/** Rows with the codes of categories. */
function plainRows(ops: Ops, model: LightgbmModel, x: Features, where: string): Value {
  const { features, featureNames } = model
  const codes = categoriesByFeature(model, where)
  if (codes.size === 0) return x.matrix()
  // pandas makes what it does not know a missing value
  const columns = Array.from(codes, ([i, list]) =>
    codedColumn(valuesOf(list, featureNames[i] as string), i, Number.NaN),
  )
  const made = categoryCodes(ops, x, columns, {
    damaged: (reason) => new ServingError('refused', `${where}: ${reason}`),
  })
  const order = Array.from(codes.keys())
  const parts = Array.from({ length: features }, (_, i) => {
    const at = order.indexOf(i)
    return at < 0 ? x.column(i).number() : ops.slice(made, at, at + 1)
  })
  return ops.concat(parts, 1)
}

/** Of features that were columns of categories, what their codes stand for. */
function categoriesByFeature(
  { pandasCategorical, categoricalFeatures }: LightgbmModel,
  where: string,
): ReadonlyMap<number, readonly (string | number | boolean)[]> {
  if (pandasCategorical !== undefined && pandasCategorical.length !== categoricalFeatures.length)
    throw new ServingError(
      'unsupported',
      `${where}: its data frame had ${pandasCategorical.length} columns of categories, and ${categoricalFeatures.length} features are categorical; which belongs to which the file does not say: make all of them unordered categories`,
    )
  return new Map(pandasCategorical?.map((list, i) => [categoricalFeatures[i] as number, list]))
}

/** Rows as the trees test them: categories that were numbers cut to whole ones, and zero as missing where it is. */
function testedRows(
  ops: Ops,
  rows: Value,
  zeros: Uint8Array,
  categorical: ReadonlySet<number>,
  model: LightgbmModel,
): Value {
  const { features, pandasCategorical, categoricalFeatures } = model
  const isCut = (i: number) =>
    categorical.has(i) && !(pandasCategorical !== undefined && categoricalFeatures.includes(i))
  const flags = (of: (i: number) => boolean) =>
    ops.constant(
      'BOOL',
      [features],
      Uint8Array.from({ length: features }, (_, i) => (of(i) ? 1 : 0)),
    )
  let tested = rows
  if (Array.from(categorical).some(isCut)) {
    const whole = ops.where(ops.less(rows, 0), ops.neg(ops.floor(ops.neg(rows))), ops.floor(rows))
    tested = ops.where(flags(isCut), whole, rows)
  }
  if (!zeros.includes(1)) return tested
  const isZero = ops.lessOrEqual(ops.abs(tested), ZERO)
  return ops.where(
    ops.and(
      isZero,
      flags((i) => zeros[i] === 1),
    ),
    Number.NaN,
    tested,
  )
}

function valuesOf(list: readonly (string | number | boolean)[], name: string): readonly (string | number)[] {
  const values = list.map((value) => (typeof value === 'boolean' ? Number(value) : value))
  if (new Set(values.map((value) => typeof value)).size > 1)
    throw new ServingError('unsupported', `column ${quote(name)} has categories of text and of numbers`)
  return values
}
