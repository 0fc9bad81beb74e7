import type { Tensor } from '../../tensor/tensor.ts'
import { asFloat32, asFloat64, countOf, broadcast, floats, make, repeatable, type Floats } from './arrays.ts'
import type { Kernel, KernelDatatype, KernelNode, Prepared, Run, Value } from './kernel.ts'
import { readLabels } from './labels.ts'
import { floatLogistic, transformOf, transformScores } from './scores.ts'

const FLOATS: readonly KernelDatatype[] = ['FP32', 'FP64']

/**
 * Rows times columns: each result is one dot product, summed in float64 and rounded once, so that a row's result does
 * not depend on the rows around it.
 * @param columns one column after the other, each `depth` long
 */
function multiplyInto(a: Floats, columns: Float64Array, out: Floats, rows: number, depth: number, width: number): void {
  for (let row = 0, at = 0, start = 0; row < rows; row++, start += depth)
    for (let column = 0, k = 0; column < width; column++) {
      let sum = 0
      for (let i = start; i < start + depth; i++) sum += (a[i] as number) * (columns[k++] as number)
      out[at++] = sum
    }
}

/** A [depth, width] matrix as its columns, one after the other. */
function columnsOf(matrix: Floats | Float64Array, depth: number, width: number): Float64Array {
  const columns = new Float64Array(depth * width)
  for (let i = 0; i < depth; i++)
    for (let j = 0; j < width; j++) columns[j * depth + i] = matrix[i * width + j] as number
  return columns
}

/** MatMul of a matrix with a matrix or a vector. */
export const matMul: Kernel = (node) => {
  node.expectInputs(2)
  const a = node.input(0, FLOATS)
  const { datatype } = a
  const b = node.input(1, [datatype])
  if (a.shape.length !== 2 || b.shape.length < 1 || b.shape.length > 2)
    throw node.refuse(`multiplies ranks ${a.shape.length} and ${b.shape.length}; 2 by 2 and 2 by 1 are covered`)
  expectDepth(node, a.shape[1] as number, b.shape[0] as number)
  const isVector = b.shape.length === 1
  const prepared = b.constant === undefined ? undefined : prepareColumns(b.constant)
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    const { depth, width, columns } = prepared ?? prepareColumns(inputs[1] as Tensor)
    const rows = x.shape[0] as number
    if (x.shape[1] !== depth) throw node.failure(`a row of ${x.shape[1]} meets a column of ${depth}`)
    const shape = isVector ? [rows] : [rows, width]
    const out = floats(datatype, countOf(shape, node))
    multiplyInto(x.data as Floats, columns, out, rows, depth, width)
    return [make(datatype, shape, out)]
  }
  const rows = a.shape[0] as number
  return { outputs: [{ datatype, shape: isVector ? [rows] : [rows, b.shape[1] as number] }], run }
}

function prepareColumns(b: Tensor): { depth: number; width: number; columns: Float64Array } {
  const [depth = 0, width = 1] = b.shape
  return { depth, width, columns: columnsOf(b.data as Floats, depth, width) }
}

function expectDepth(node: KernelNode, a: number, b: number): void {
  if (a !== b && a !== -1 && b !== -1) throw node.refuse(`multiplies rows of ${a} with columns of ${b}`)
}

/** Gemm: alpha times A times B, plus beta times C. */
export const gemm: Kernel = (node) => {
  node.expectInputs(node.opset < 11 ? 3 : 2, 3)
  const a = node.input(0, FLOATS)
  const { datatype } = a
  const b = node.input(1, [datatype])
  const c = node.inputs[2] === undefined ? undefined : node.input(2, [datatype])
  if (a.shape.length !== 2 || b.shape.length !== 2) throw node.refuse('multiplies other than two matrices')
  const alpha = node.float('alpha', 1)
  const beta = node.float('beta', 1)
  const turnsA = node.flag('transA', false)
  const turnsB = node.flag('transB', false)
  const [rows, depth] = turned(a, turnsA)
  const [depthB, width] = turned(b, turnsB)
  expectDepth(node, depth, depthB)
  const product = [rows, width]
  // C may only be stretched to the product's shape, never the product to C's.
  if (
    c !== undefined &&
    (c.shape.length > 2 || c.shape.some((size, i) => !fits(size, product[i + 2 - c.shape.length] as number)))
  )
    throw node.refuse(`adds a C of shape [${c.shape.join(',')}] to a product of shape [${product.join(',')}]`)
  const prepared = b.constant === undefined ? undefined : gemmColumns(b.constant, turnsB)
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    const { depth, width, columns } = prepared ?? gemmColumns(inputs[1] as Tensor, turnsB)
    const [rows, depthA] = turned(x, turnsA)
    if (depthA !== depth) throw node.failure(`a row of ${depthA} meets a column of ${depth}`)
    const shape = [rows, width]
    const count = countOf(shape, node)
    const source = turnsA ? columnsOf(x.data as Floats, x.shape[0] as number, x.shape[1] as number) : (x.data as Floats)
    // The product stays in float64 until alpha and C have been seen to.
    const sums = new Float64Array(count)
    multiplyInto(source, columns, sums, rows, depth, width)
    const out = floats(datatype, count)
    const added = inputs[2]
    if (added === undefined || count === 0) {
      for (let i = 0; i < count; i++) out[i] = alpha * (sums[i] as number)
      return [make(datatype, shape, out)]
    }
    if (broadcast(added.shape, shape)?.every((size, i) => size === shape[i]) !== true)
      throw node.failure(`a C of shape [${added.shape.join(',')}] does not fit a product of shape [${shape.join(',')}]`)
    const bias = repeatable(added, shape, node) as Floats
    for (let i = 0, j = 0; i < count; i++) {
      out[i] = alpha * (sums[i] as number) + beta * (bias[j] as number)
      if (++j === bias.length) j = 0
    }
    return [make(datatype, shape, out)]
  }
  return { outputs: [{ datatype, shape: product }], run }
}

function turned({ shape }: { readonly shape: readonly number[] }, isTurned: boolean): readonly [number, number] {
  const [rows, columns] = shape as readonly [number, number]
  return isTurned ? [columns, rows] : [rows, columns]
}

function fits(size: number, whole: number): boolean {
  return size === whole || size === 1 || size === -1 || whole === -1
}

function gemmColumns(b: Tensor, isTurned: boolean): { depth: number; width: number; columns: Float64Array } {
  if (!isTurned) return prepareColumns(b)
  const [width = 0, depth = 0] = b.shape
  return { depth, width, columns: asFloat64(b) }
}

/** Coefficients of a linear model of the classical operators: all FP32, one target or class after the other. */
function readLinear(node: KernelNode, x: Value, targets: number): { depth: number; weights: Float64Array } {
  const coefficients = node.floats('coefficients')
  if (coefficients === undefined || coefficients.length === 0) throw node.refuse('has no coefficients')
  const depth = coefficients.length / targets
  if (!Number.isInteger(depth)) throw node.refuse(`has ${coefficients.length} coefficients for ${targets} targets`)
  if (x.shape.length !== 2) throw node.refuse(`takes a tensor of rank ${x.shape.length}; 2 is covered`)
  const [, width] = x.shape as readonly [number, number]
  if (width !== -1 && width !== depth) throw node.refuse(`has ${depth} coefficients for ${width} features`)
  return { depth, weights: Float64Array.from(coefficients) }
}

/** Scores of a linear model, each rounded to FP32: [rows, targets]. */
function linearScores(
  node: KernelNode,
  x: Tensor,
  weights: Float64Array,
  intercepts: Float32Array,
  depth: number,
): Float32Array {
  const [rows, width] = x.shape as readonly [number, number]
  if (width !== depth) throw node.failure(`rows have ${width} features, the model takes ${depth}`)
  const targets = intercepts.length
  const source = asFloat32(x)
  const scores = new Float32Array(countOf([rows, targets], node))
  for (let row = 0, at = 0, start = 0; row < rows; row++, start += depth)
    for (let target = 0, k = 0; target < targets; target++) {
      let sum = 0
      for (let i = start; i < start + depth; i++) sum += (source[i] as number) * (weights[k++] as number)
      scores[at++] = sum + (intercepts[target] as number)
    }
  return scores
}

export const linearRegressor: Kernel = (node) => {
  node.expectInputs(1)
  const x = node.input(0, ['FP32'])
  const targets = node.int('targets', 1)
  if (!(targets >= 1)) throw node.refuse(`has ${targets} targets; it should have 1 or more`)
  const given = node.floats('intercepts')
  const transform = transformOf(node)
  if (given !== undefined && given.length !== 0 && given.length !== targets)
    throw node.refuse(`has ${given.length} intercepts for ${targets} targets`)
  const { depth, weights } = readLinear(node, x, targets)
  const intercepts = given === undefined || given.length === 0 ? new Float32Array(targets) : given
  // With one target, engines leave out every transform but PROBIT.
  const isApplied = transform !== 'NONE' && (targets > 1 || transform === 'PROBIT')
  const run: Run = (inputs) => {
    const x = inputs[0] as Tensor
    const rows = x.shape[0] as number
    const scores = linearScores(node, x, weights, intercepts, depth)
    if (isApplied) for (let row = 0; row < rows; row++) transformScores(scores, row * targets, targets, transform)
    return [make('FP32', [rows, targets], scores)]
  }
  return { outputs: [{ datatype: 'FP32', shape: [x.shape[0] as number, targets] }], run }
}

/**
 * LinearClassifier: labels and scores. One row of coefficients and two labels make a binary model, whose second score is
 * the row's and whose first is one less that (LOGISTIC is applied to both; engines leave out the other transforms).
 */
export const linearClassifier: Kernel = (node) => {
  node.expectInputs(1)
  const x = node.input(0, ['FP32', 'FP64', 'INT32', 'INT64'])
  node.ignore('multi_class')
  const intercepts = node.floats('intercepts') ?? new Float32Array(0)
  const classes = intercepts.length
  if (classes === 0) throw node.refuse('has no intercepts')
  const transform = transformOf(node)
  const labels = readLabels(node, 'classlabels_ints', 'classlabels_strings')
  const { depth, weights } = readLinear(node, x, classes)
  if (classes === 1) {
    if (labels.count !== 2) throw node.refuse(`has ${labels.count} labels for one row of coefficients; 2 are covered`)
    if (transform === 'PROBIT') throw node.refuse('has PROBIT for two classes, which engines answer with one score')
  } else if (labels.count !== classes) throw node.refuse(`has ${labels.count} labels for ${classes} classes`)
  const rowsType = x.shape[0] as number
  const outputs: Prepared['outputs'] = [
    { datatype: labels.datatype, shape: [rowsType] },
    { datatype: 'FP32', shape: [rowsType, labels.count] },
  ]
  const binary: Run = (inputs) => {
    const x = inputs[0] as Tensor
    const rows = x.shape[0] as number
    const raw = linearScores(node, x, weights, intercepts, depth)
    const scores = new Float32Array(rows * 2)
    const chosen = new Int32Array(rows)
    for (let row = 0; row < rows; row++) {
      const score = raw[row] as number
      scores[2 * row] = transform === 'LOGISTIC' ? floatLogistic(-score) : 1 - score
      scores[2 * row + 1] = transform === 'LOGISTIC' ? floatLogistic(score) : score
      if (score > 0) chosen[row] = 1
    }
    return [make(labels.datatype, [rows], labels.pick(chosen)), make('FP32', [rows, 2], scores)]
  }
  const multiple: Run = (inputs) => {
    const x = inputs[0] as Tensor
    const rows = x.shape[0] as number
    const scores = linearScores(node, x, weights, intercepts, depth)
    const chosen = new Int32Array(rows)
    for (let row = 0, start = 0; row < rows; row++, start += classes) {
      let best = 0
      for (let i = 1; i < classes; i++) if ((scores[start + i] as number) > (scores[start + best] as number)) best = i
      chosen[row] = best
      transformScores(scores, start, classes, transform)
    }
    return [make(labels.datatype, [rows], labels.pick(chosen)), make('FP32', [rows, classes], scores)]
  }
  return { outputs, run: classes === 1 ? binary : multiple }
}
