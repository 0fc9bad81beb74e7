import type { Tensor } from '../../tensor/tensor.ts'
import { asFloat32, asFloat64, countOf, floats, make, type Floats } from './arrays.ts'
import { AGGREGATES, addTrees, type Aggregate, type Forest } from './forest.ts'
import { layLanes, type ForestLanes } from './forest-lanes.ts'
import { laySteps, type ForestSteps } from './forest-steps.ts'
import type { Kernel, KernelDatatype, KernelNode, Prepared, Run, Value } from './kernel.ts'
import { readLabels } from './labels.ts'
import { withTable } from './leaf-table.ts'
import { TRANSFORMS, floatLogistic, floatProbit, transformOf, transformScores, type Transform } from './scores.ts'
import { floatsOf, readIndexedTrees, readNamedTrees } from './tree-nodes.ts'

/** The [rows, features] tensor that trees look at. */
function treesInput(node: KernelNode, datatypes: readonly KernelDatatype[]): Value {
  node.expectInputs(1)
  const x = node.input(0, datatypes)
  if (x.shape.length !== 2) throw node.refuse(`takes a tensor of rank ${x.shape.length}; 2 is covered`)
  return x
}

/** What a forest says, before base values: [rows, targets] in the datatype of its thresholds. */
type Scorer = (x: Tensor) => { rows: number; scores: Floats; scored: Uint8Array }

/** Laying a forest out pays from so many trees on. */
const LEAST_TREES = 8

/**
 * Vectors of bytes follow every branch, for sixteen rows at once: they are quicker than walking each row's way where rows
 * are many and trees small.
 */
const LEAST_LANE_ROWS = 8
const LANE_BRANCHES_PER_ROW = 4
const MOST_LANE_BRANCHES = 96

interface ScorerOptions {
  readonly x: Value
  readonly forest: Forest
  readonly aggregate: Aggregate
  readonly targets: number
  /** What sums are rounded to. */
  readonly scoreType: 'FP32' | 'FP64'
}

/** @throws {ServingError} `refused` when a branch looks at a feature that the input has not */
function scorerOf(node: KernelNode, { x, forest, aggregate, targets, scoreType }: ScorerOptions): Scorer {
  const width = x.shape[1] as number
  const tooNarrow = `looks at feature ${forest.lastFeature} of rows of`
  if (width !== -1 && forest.lastFeature >= width) throw node.refuse(`${tooNarrow} ${width}`)
  if (forest.roots.length === 0) throw node.refuse('has no trees')
  const isFloat = x.datatype === 'FP32' || x.datatype === 'FP64'
  const isSum = aggregate === 'SUM' || aggregate === 'AVERAGE'
  const isMany = isSum && forest.roots.length >= LEAST_TREES
  const branches = forest.thresholds.length / forest.roots.length
  const leastLaneRows =
    branches <= MOST_LANE_BRANCHES ? Math.max(LEAST_LANE_ROWS, branches / LANE_BRANCHES_PER_ROW) : Infinity
  const steps = once(() => (isMany ? laySteps(forest, targets) : undefined))
  const lanes = once(() => (isMany ? layLanes(forest, targets, scoreType === 'FP64') : undefined))
  return (x) => {
    const [rows, width] = x.shape as readonly [number, number]
    if (forest.lastFeature >= width) throw node.failure(`it ${tooNarrow} ${width}`)
    const scores = floats(scoreType, countOf([rows, targets], node))
    const scored = new Uint8Array(scores.length)
    const way: ForestLanes | ForestSteps | undefined = (rows >= leastLaneRows ? lanes() : undefined) ?? steps()
    // Trees compare in FP32 what is not FP64; as float64, an FP32 value compares the same.
    if (way !== undefined) way.addTrees(isFloat ? (x.data as Floats) : asFloat32(x), rows, width, scores, scored)
    else {
      const source = isFloat ? asFloat64(x) : Float64Array.from(asFloat32(x))
      addTrees(forest, aggregate, source, rows, width, targets, scores, scored)
    }
    return { rows, scores, scored }
  }
}

/** Makes something when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** Means, base values and transform of a regression, done in place; each step is rounded to the scores' datatype. */
function finishRegression(
  scores: Floats,
  scored: Uint8Array,
  rows: number,
  targets: number,
  trees: number,
  base: ArrayLike<number>,
  aggregate: Aggregate,
  transform: Transform,
): void {
  for (let row = 0, at = 0; row < rows; row++)
    for (let target = 0; target < targets; target++, at++) {
      if (aggregate === 'AVERAGE') scores[at] = (scores[at] as number) / trees
      if (scored[at] === 0) scores[at] = 0
      if (base.length > 0) scores[at] = (scores[at] as number) + (base[target] as number)
    }
  if (transform === 'NONE') return
  if (targets > 1) for (let row = 0; row < rows; row++) transformScores(scores, row * targets, targets, transform)
  // With one target, engines leave out every transform but this.
  else if (transform === 'PROBIT') for (let row = 0; row < rows; row++) scores[row] = floatProbit(scores[row] as number)
}

interface Regression {
  readonly node: KernelNode
  readonly x: Value
  readonly forest: Forest
  readonly targets: number
  readonly aggregate: Aggregate
  readonly transform: Transform
  readonly base: ArrayLike<number>
  readonly datatype: 'FP32' | 'FP64'
}

function regression({ node, x, forest, targets, aggregate, transform, base, datatype }: Regression): Prepared {
  if (targets === 1 && forest.leaves.start.some((start, leaf) => start !== leaf))
    throw node.refuse('has a leaf with several weights for its one target')
  const score = scorerOf(node, { x, forest, aggregate, targets, scoreType: x.datatype === 'FP64' ? 'FP64' : 'FP32' })
  const trees = forest.roots.length
  const run: Run = (inputs) => {
    const { rows, scores, scored } = score(inputs[0] as Tensor)
    finishRegression(scores, scored, rows, targets, trees, base, aggregate, transform)
    const tensor = make(x.datatype === 'FP64' ? 'FP64' : 'FP32', [rows, targets], scores)
    return [make(datatype, tensor.shape, datatype === 'FP32' ? asFloat32(tensor) : scores)]
  }
  return { outputs: [{ datatype, shape: [x.shape[0] as number, targets] }], run }
}

function targetsOf(node: KernelNode): number {
  const targets = node.int('n_targets', 0)
  if (!(targets >= 1 && targets <= 0x7fff_ffff)) throw node.refuse(`has ${targets} targets; 1 or more are allowed`)
  return targets
}

/** TreeEnsembleRegressor of all operator sets; its output is FP32 whatever its input. */
export const treeEnsembleRegressor: Kernel = (node) => {
  const x = treesInput(node, ['FP32', 'FP64'])
  const targets = targetsOf(node)
  const name = node.text('aggregate_function', 'SUM')
  const aggregate = AGGREGATES.find((each) => each === name)
  if (aggregate === undefined)
    throw node.refuse(`has the aggregate function ${name}; ${AGGREGATES.join(', ')} are covered`)
  const transform = transformOf(node)
  const base = floatsOf(node, 'base_values', x.datatype)
  if (base.length !== 0 && base.length !== targets)
    throw node.refuse(`has ${base.length} base values for ${targets} targets`)
  const forest = readNamedTrees(node, 'target', targets, x.datatype)
  return regression({ node, x, forest, targets, aggregate, transform, base, datatype: 'FP32' })
}

/** TreeEnsemble of operator set 5; its output has its input's datatype. */
export const treeEnsemble: Kernel = (node) => {
  node.expectOpset(5)
  const x = treesInput(node, ['FP32', 'FP64'])
  const targets = targetsOf(node)
  const aggregate = AGGREGATES[node.int('aggregate_function', 1)]
  const transform = TRANSFORMS[node.int('post_transform', 0)]
  if (aggregate === undefined || transform === undefined)
    throw node.refuse('has an aggregate function or a transform that ONNX does not define')
  if (transform === 'SOFTMAX' || transform === 'LOGISTIC')
    throw node.refuse(`has the post_transform ${transform}, whose number engines read as another's`)
  const forest = readIndexedTrees(node, targets, x.datatype)
  const datatype = x.datatype === 'FP64' ? 'FP64' : 'FP32'
  return regression({ node, x, forest, targets, aggregate, transform, base: [], datatype })
}

/**
 * A TreeEnsemble whose scores are the numbers of leaves, and a table of what leaves say, added up tree after tree: FP64
 * [rows, width].
 * @returns undefined for a forest that is not of that kind
 */
export function treeTable(node: KernelNode, table: Tensor): Prepared | undefined {
  node.expectOpset(5)
  const x = treesInput(node, ['FP32', 'FP64'])
  const trees = targetsOf(node)
  if (node.int('aggregate_function', 1) !== AGGREGATES.indexOf('SUM') || node.int('post_transform', 0) !== 0)
    return undefined
  const forest = withTable(readIndexedTrees(node, trees, x.datatype), trees, table)
  if (forest === undefined) return undefined
  const targets = table.shape[1] as number
  const score = scorerOf(node, { x, forest, aggregate: 'SUM', targets, scoreType: 'FP64' })
  const run: Run = (inputs) => {
    const { rows, scores } = score(inputs[0] as Tensor)
    return [make('FP64', [rows, targets], scores)]
  }
  return { outputs: [{ datatype: 'FP64', shape: [x.shape[0] as number, targets] }], run }
}

/** TreeEnsembleClassifier of all operator sets: labels, and scores in FP32. */
export const treeEnsembleClassifier: Kernel = (node) => {
  const x = treesInput(node, ['FP32', 'FP64', 'INT32', 'INT64'])
  const labels = readLabels(node, 'classlabels_int64s', 'classlabels_strings')
  const classes = labels.count
  if (classes < 2) throw node.refuse('has one class; 2 or more are covered')
  const transform = transformOf(node)
  const base = floatsOf(node, 'base_values', x.datatype)
  const forest = readNamedTrees(node, 'class', classes, x.datatype)
  const scoreType = x.datatype === 'FP64' ? 'FP64' : 'FP32'
  const score = scorerOf(node, { x, forest, aggregate: 'SUM', targets: classes, scoreType })
  const decide =
    classes === 2 ? decideBinary(node, forest, base, transform) : decideMultiple(node, base, classes, transform)
  const run: Run = (inputs) => {
    const { rows, scores, scored } = score(inputs[0] as Tensor)
    const chosen = new Int32Array(rows)
    for (let row = 0; row < rows; row++) chosen[row] = decide(scores, scored, row * classes)
    const shape = [rows, classes]
    const result = asFloat32(make(scores instanceof Float64Array ? 'FP64' : 'FP32', shape, scores))
    return [make(labels.datatype, [rows], labels.pick(chosen)), make('FP32', shape, result)]
  }
  const rows = x.shape[0] as number
  return {
    outputs: [
      { datatype: labels.datatype, shape: [rows] },
      { datatype: 'FP32', shape: [rows, classes] },
    ],
    run,
  }
}

/** Chooses the class of the row whose scores begin at `from`, and turns its scores into what is given out. */
type Decide = (scores: Floats, scored: Uint8Array, from: number) => number

/** Three classes or more: the first of the largest scores, of those that any leaf gave. */
function decideMultiple(node: KernelNode, base: ArrayLike<number>, classes: number, transform: Transform): Decide {
  if (base.length !== 0 && base.length !== classes)
    throw node.refuse(`has ${base.length} base values for ${classes} classes`)
  return (scores, scored, from) => {
    let best = -1
    for (let i = 0; i < classes; i++) {
      if (base.length > 0) scores[from + i] = (scores[from + i] as number) + (base[i] as number)
      else if (scored[from + i] === 0) continue
      if (best === -1 || (scores[from + i] as number) > (scores[from + best] as number)) best = i
    }
    transformScores(scores, from, classes, transform)
    return best
  }
}

/**
 * Two classes, with weights for one of them alone. The operator's text says little of this case; what stands here is what
 * ONNX Runtime does: the positive class wins above 0.5 when no weight is negative (they are probabilities then), else
 * above 0.
 */
function decideBinary(node: KernelNode, forest: Forest, base: ArrayLike<number>, transform: Transform): Decide {
  const scoredClass = forest.leaves.targets[0] as number
  if (forest.leaves.targets.some((target) => target !== scoredClass))
    throw node.refuse('has weights for both of two classes; for one of them is covered')
  if (base.length > 1) throw node.refuse(`has ${base.length} base values for two classes; one is covered`)
  const areProbabilities = forest.leaves.weights.every((weight) => !(weight < 0))
  const threshold = areProbabilities ? 0.5 : 0
  if (scoredClass === 1) {
    if (base.length > 0) throw node.refuse('has a base value, but no weights for the class that takes it')
    return (scores, _scored, from) => {
      const chosen = (scores[from + 1] as number) > threshold ? 1 : 0
      transformScores(scores, from, 2, transform)
      return chosen
    }
  }
  if (transform === 'PROBIT') throw node.refuse('has PROBIT for two classes, which engines answer with one score')
  return (scores, _scored, from) => {
    if (base.length > 0) scores[from] = (scores[from] as number) + (base[0] as number)
    const score = scores[from] as number
    if (transform === 'LOGISTIC') {
      scores[from] = floatLogistic(-score)
      scores[from + 1] = floatLogistic(score)
    } else {
      // Engines leave out the other transforms here.
      scores[from] = areProbabilities ? 1 - score : -score
      scores[from + 1] = score
    }
    return score > threshold ? 1 : 0
  }
}
