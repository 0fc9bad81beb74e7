import type { Shape } from '../../tensor/shape.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { aroundAxis, countOf, floats, int64s, make, type Floats } from './arrays.ts'
import { axisOf, type Kernel, type KernelDatatype, type KernelNode, type Run } from './kernel.ts'

const FLOATS: readonly KernelDatatype[] = ['FP32', 'FP64']
const NUMBERS: readonly KernelDatatype[] = ['FP32', 'FP64', 'INT32', 'INT64']

/**
 * Softmax and LogSoftmax. Before operator set 13 the tensor counts as a matrix: dimensions before `axis` are its rows,
 * the rest its columns; from then on it runs along the one axis.
 */
function softmaxKernel(isLog: boolean): Kernel {
  return (node) => {
    node.expectInputs(1)
    const { datatype, shape } = node.input(0, FLOATS)
    const axis = axisOf(node, node.int('axis', node.opset < 13 ? 1 : -1), shape.length)
    const isFlat = node.opset < 13
    const run: Run = (inputs) => {
      const x = inputs[0] as Tensor
      const source = x.data as Floats
      const out = floats(datatype, source.length)
      const around = aroundAxis(x.shape, axis)
      const { outer } = around
      const length = isFlat ? around.length * around.inner : around.length
      const inner = isFlat ? 1 : around.inner
      for (let i = 0; i < outer; i++)
        for (let j = 0; j < inner; j++) softmaxOf(source, out, i * length * inner + j, length, inner, isLog)
      return [make(datatype, x.shape, out)]
    }
    return { outputs: [{ datatype, shape }], run }
  }
}

/** Softmax of `length` elements, `step` apart; the largest is taken off first, so that nothing overflows. */
function softmaxOf(source: Floats, out: Floats, from: number, length: number, step: number, isLog: boolean): void {
  const end = from + length * step
  let most = -Infinity
  for (let i = from; i < end; i += step) {
    const value = source[i] as number
    if (value > most) most = value
  }
  let sum = 0
  if (isLog) {
    for (let i = from; i < end; i += step) sum += Math.exp((source[i] as number) - most)
    const logSum = Math.log(sum)
    for (let i = from; i < end; i += step) out[i] = (source[i] as number) - most - logSum
    return
  }
  for (let i = from; i < end; i += step) {
    const e = Math.exp((source[i] as number) - most)
    out[i] = e
    sum += e
  }
  for (let i = from; i < end; i += step) out[i] = (out[i] as number) / sum
}

export const softmax = softmaxKernel(false)
export const logSoftmax = softmaxKernel(true)

/** The shape of a reduction over the axes from `first` to `last`. */
function reduced(shape: Shape, first: number, last: number, keepsDims: boolean): Shape {
  const middle = keepsDims ? shape.slice(first, last + 1).map(() => 1) : []
  return [...shape.slice(0, first), ...middle, ...shape.slice(last + 1)]
}

function argKernel(isBetter: (value: number, best: number) => boolean): Kernel {
  return (node) => {
    node.expectInputs(1)
    const { shape } = node.input(0, NUMBERS)
    const axis = axisOf(node, node.int('axis', 0), shape.length)
    const keepsDims = node.flag('keepdims', true)
    const selectsLast = node.opset >= 12 && node.flag('select_last_index', false)
    const run: Run = (inputs) => {
      const x = inputs[0] as Tensor
      const source = x.data as Floats
      const { outer, length, inner } = aroundAxis(x.shape, axis)
      if (length === 0 && outer * inner > 0) throw node.failure('there is nothing along the axis to choose from')
      const chosen = new Int32Array(outer * inner)
      for (let i = 0, at = 0; i < outer; i++)
        for (let j = 0; j < inner; j++) {
          const from = i * length * inner + j
          let best = source[from] as number
          let index = 0
          for (let k = 1; k < length; k++) {
            const value = source[from + k * inner] as number
            if (isBetter(value, best) || (selectsLast && value === best)) {
              best = value
              index = k
            }
          }
          chosen[at++] = index
        }
      return [make('INT64', reduced(x.shape, axis, axis, keepsDims), int64s(chosen))]
    }
    return { outputs: [{ datatype: 'INT64', shape: reduced(shape, axis, axis, keepsDims) }], run }
  }
}

export const argMax = argKernel((value, best) => value > best)
export const argMin = argKernel((value, best) => value < best)

interface Reduction {
  readonly datatypes: readonly KernelDatatype[]
  /** Operator set from which the axes are an input. */
  readonly inputSince: number
  /** Folds one group of elements, `step` apart, in float64 (FP32 is rounded once, at the end). */
  readonly fold: (source: Floats, from: number, end: number, step: number, count: number) => number
  /** Whether there is a result for no elements at all. */
  readonly isTotal?: true
  /** Whether it is the sum. */
  readonly isSum?: true
}

function reduction({ datatypes, inputSince, fold, isTotal, isSum }: Reduction): Kernel {
  return (node) => {
    node.expectInputs(1, node.opset >= inputSince ? 2 : 1)
    const { datatype, shape } = node.input(0, datatypes)
    const keepsDims = node.flag('keepdims', true)
    const axes = reducedAxes(node, inputSince, shape.length)
    if (axes === undefined) return { outputs: [{ datatype, shape }], run: (inputs) => [inputs[0] as Tensor] }
    const [first, last] = axes
    const run: Run = (inputs) => {
      const x = inputs[0] as Tensor
      const outer = countOf(x.shape.slice(0, first), node)
      const count = countOf(x.shape.slice(first, last + 1), node)
      const inner = countOf(x.shape.slice(last + 1), node)
      if (count === 0 && isTotal !== true && outer * inner > 0) throw node.failure('there is nothing to reduce')
      const source = x.data as Floats
      const out = datatype === 'INT32' ? new Int32Array(outer * inner) : floats(datatype, outer * inner)
      if (isSum === true && outer === 1 && inner > 1 && source instanceof Float64Array) {
        addRows(source, out as Float64Array)
        return [make(datatype, reduced(x.shape, first, last, keepsDims), out)]
      }
      for (let i = 0, at = 0; i < outer; i++)
        for (let j = 0; j < inner; j++) {
          const from = i * count * inner + j
          out[at++] = fold(source, from, from + count * inner, inner, count)
        }
      return [make(datatype, reduced(x.shape, first, last, keepsDims), out)]
    }
    return { outputs: [{ datatype, shape: reduced(shape, first, last, keepsDims) }], run }
  }
}

/** First and last of the axes, all of them when none is named; undefined when nothing is to be reduced. */
function reducedAxes(node: KernelNode, inputSince: number, rank: number): readonly [number, number] | undefined {
  const isInput = node.opset >= inputSince
  const named = isInput ? node.constantInts(1) : node.ints('axes')
  const isNoop = isInput && node.flag('noop_with_empty_axes', false)
  if (named === undefined || named.length === 0) return isNoop || rank === 0 ? undefined : [0, rank - 1]
  const axes = named.map((axis) => axisOf(node, axis, rank)).sort((a, b) => a - b)
  const first = axes[0] as number
  if (axes.some((axis, i) => axis !== first + i))
    throw node.refuse(`reduces the axes ${named.join(', ')}; only neighbouring ones are covered`)
  return [first, first + axes.length - 1]
}

const sumOf: Reduction['fold'] = (source, from, end, step) => {
  let sum = 0
  for (let i = from; i < end; i += step) sum += source[i] as number
  return sum
}

/** The sum of rows, in their order; reads the source as it lies. */
function addRows(source: Float64Array, out: Float64Array): void {
  out.fill(0)
  for (let at = 0; at < source.length;)
    for (let j = 0; j < out.length; j++) out[j] = (out[j] as number) + (source[at++] as number)
}

export const reduceSum = reduction({ datatypes: FLOATS, inputSince: 13, fold: sumOf, isTotal: true, isSum: true })

export const reduceMean = reduction({
  datatypes: FLOATS,
  inputSince: 18,
  fold: (source, from, end, step, count) => sumOf(source, from, end, step, count) / count,
})

export const reduceMax = reduction({
  datatypes: [...FLOATS, 'INT32'],
  inputSince: 18,
  fold: (source, from, end, step) => {
    let most = source[from] as number
    for (let i = from + step; i < end; i += step) most = Math.max(most, source[i] as number)
    return most
  },
})

export const reduceMin = reduction({
  datatypes: [...FLOATS, 'INT32'],
  inputSince: 18,
  fold: (source, from, end, step) => {
    let least = source[from] as number
    for (let i = from + step; i < end; i += step) least = Math.min(least, source[i] as number)
    return least
  },
})
