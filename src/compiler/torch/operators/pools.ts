import { int, ints } from '../../../onnx/index.ts'
import { isFloating } from '../datatypes.ts'
import { Dim } from '../dim.ts'
import { checkCount, dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments, type Lower } from '../operator.ts'
import { tuple, unsupported, type TensorValue } from '../values.ts'
import { single } from './arithmetic.ts'
import { windows } from './convolution.ts'
import { reducedShape } from './linear.ts'

/** Runs on a batch of one where the model gives a sample without one. */
function batched(g: Lowering, x: TensorValue, count: number, run: (x: TensorValue) => TensorValue): TensorValue {
  if (x.rank === count + 2) return run(x)
  if (g.isGuessing || x.rank !== count + 1) throw unsupported(`a pool over ${count} axes of a tensor of rank ${x.rank}`)
  return g.squeeze(run(g.unsqueeze(x, [0])), [0])
}

interface Pool {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
}

function settings(a: Arguments, count: number): Pool {
  const kernel = a.ints('kernel_size', count)
  const stride = a.dims('stride').length === 0 ? kernel : a.ints('stride', count)
  const padding = a.ints('padding', count)
  const dilation = a.entries.has('dilation') ? a.ints('dilation', count) : kernel.map(() => 1)
  if ([...kernel, ...stride, ...dilation].some((value) => value < 1) || padding.some((value) => value < 0))
    throw unsupported('a pool with a kernel, stride or dilation below 1 or a negative padding')
  return { kernel, stride, padding, dilation }
}

/**
 * How many places each axis needs behind its padding so that windows that begin inside, and end outside, count too.
 */
function extras(x: TensorValue, { kernel, stride, padding, dilation }: Pool, isCeil: boolean): number[] {
  return kernel.map((size, i) => {
    if (!isCeil) return 0
    const [step = 1, pad = 0, spread = 1] = [stride[i], padding[i], dilation[i]]
    const length = dimOf(x.shape, i + 2).constant
    if (length === undefined) throw unsupported('a pool with ceil_mode over an axis whose size hangs on the input')
    const span = length + 2 * pad - spread * (size - 1) - 1
    let count = Math.ceil(span / step) + 1
    if ((count - 1) * step >= length + pad) count--
    return Math.max(0, (count - 1) * step - span)
  })
}

function pooledShape(x: TensorValue, { kernel, stride, padding, dilation }: Pool, extra: readonly number[]): Dim[] {
  const spatial = kernel.map((size, i) =>
    windows(dimOf(x.shape, i + 2), size, stride[i] ?? 1, 2 * (padding[i] ?? 0) + (extra[i] ?? 0), dilation[i] ?? 1),
  )
  return [dimOf(x.shape, 0), dimOf(x.shape, 1), ...spatial]
}

function maxPool(count: number): Lower {
  return (g, a) =>
    batched(g, a.tensor('self'), count, (x) => {
      const pool = settings(a, count)
      const extra = extras(x, pool, a.boolean('ceil_mode'))
      const attributes = {
        kernel_shape: ints(pool.kernel),
        strides: ints(pool.stride),
        dilations: ints(pool.dilation),
        pads: ints([...pool.padding, ...pool.padding.map((pad, i) => pad + (extra[i] ?? 0))]),
      }
      // a pad has to be smaller than the kernel: what ceil_mode adds may make it larger
      const isPlain = pool.padding.every((pad, i) => pad + (extra[i] ?? 0) < (pool.kernel[i] ?? 0))
      if (!isFloating(x.datatype)) throw unsupported('a pool over whole numbers')
      if (isPlain) return g.op('MaxPool', [x], attributes, x.datatype, pooledShape(x, pool, extra))
      const wide = padded(g, x, pool.padding, extra, -Infinity)
      const bare = { ...attributes, pads: ints([...pool.padding, ...pool.padding].map(() => 0)) }
      return g.op('MaxPool', [wide], bare, x.datatype, pooledShape(x, pool, extra))
    })
}

function padded(g: Lowering, x: TensorValue, padding: readonly number[], extra: readonly number[], value: number) {
  const after = padding.map((pad, i) => pad + (extra[i] ?? 0))
  const shape = x.shape.map((dim, i) => (i < 2 ? dim : dim.plus((padding[i - 2] ?? 0) + (after[i - 2] ?? 0))))
  const pads = g.ints([0, 0, ...padding, 0, 0, ...after])
  return g.op('Pad', [x, pads, g.scalar(value, x.datatype)], {}, x.datatype, shape)
}

function averagePool(count: number): Lower {
  return (g, a) =>
    batched(g, single(a.tensor('self'), 'avg_pool'), count, (x) => {
      const pool = settings(a, count)
      const extra = extras(x, pool, a.boolean('ceil_mode'))
      const divisor = a.entries.has('divisor_override') ? a.optionalNumber('divisor_override') : undefined
      const countsPadding = a.boolean('count_include_pad')
      const shape = pooledShape(x, pool, extra)
      const window = pool.kernel.reduce((size, side) => size * side, 1)
      if (extra.every((places) => places === 0)) {
        const attributes = {
          kernel_shape: ints(pool.kernel),
          strides: ints(pool.stride),
          pads: ints([...pool.padding, ...pool.padding]),
          count_include_pad: int(countsPadding || divisor !== undefined ? 1 : 0),
        }
        const made = g.op('AveragePool', [x], attributes, x.datatype, shape)
        return divisor === undefined ? made : g.binary('Mul', made, g.scalar(window / divisor, x.datatype))
      }
      // sums over all windows, each divided by how many places of it count
      const wide = padded(g, x, pool.padding, extra, 0)
      const attributes = { kernel_shape: ints(pool.kernel), strides: ints(pool.stride) }
      const means = g.op('AveragePool', [wide], attributes, x.datatype, shape)
      const factors = divisor === undefined ? counts(g, x, pool, extra, countsPadding, window) : window / divisor
      return g.binary('Mul', means, typeof factors === 'number' ? g.scalar(factors, x.datatype) : factors)
    })
}

/** Kernel places divided by those that count, for each window. */
function counts(
  g: Lowering,
  x: TensorValue,
  pool: Pool,
  extra: readonly number[],
  countsPadding: boolean,
  window: number,
) {
  const perAxis = pool.kernel.map((size, i) => {
    const [step = 1, pad = 0] = [pool.stride[i], pool.padding[i]]
    const length = dimOf(x.shape, i + 2).constant ?? 0
    const span = length + 2 * pad + (extra[i] ?? 0)
    const total = Math.max(0, Math.floor((span - size) / step) + 1)
    checkCount(total, 'a pool')
    const [low, high] = countsPadding ? [-pad, length + pad] : [0, length]
    return Array.from({ length: total }, (_, at) => {
      const start = at * step - pad
      return Math.min(start + size, high) - Math.max(start, low)
    })
  })
  checkCount(
    perAxis.reduce((count, axis) => count * axis.length, 1),
    'a pool',
  )
  const values = perAxis.reduce((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1])
  const shape = [1, 1, ...perAxis.map((axis) => axis.length)]
  return g.numbers(
    x.datatype,
    shape,
    values.map((places) => window / places),
  )
}

/** Where each of `out` windows over `size` places begins and ends. */
function bins(size: number, out: number): [start: number, end: number][] {
  return Array.from({ length: out }, (_, i) => [Math.floor((i * size) / out), Math.ceil(((i + 1) * size) / out)])
}

function targets(a: Arguments, x: TensorValue, count: number): (number | undefined)[] {
  const sizes = a.dims('output_size')
  return Array.from({ length: count }, (_, i) => {
    const size = sizes.length === 1 ? sizes[0] : sizes[i]
    if (size === undefined) throw unsupported('an adaptive pool with too few sizes')
    if (size.equals(dimOf(x.shape, i + 2))) return undefined
    if (size.constant === undefined) throw unsupported('an adaptive pool whose size hangs on the input')
    return size.constant
  })
}

function adaptive(count: number, opType: 'ReduceMean' | 'ReduceMax'): Lower {
  return (g, a) =>
    batched(g, a.tensor('self'), count, (x) => {
      const sizes = targets(a, x, count)
      if (sizes.every((size) => size === 1))
        return reduced(
          g,
          opType,
          x,
          sizes.map((_, i) => i + 2),
        )
      return sizes.reduce((value, size, i) => (size === undefined ? value : along(g, opType, value, i + 2, size)), x)
    })
}

/** One axis after the other: windows are products of spans, so means of means and maxima of maxima are theirs. */
function along(
  g: Lowering,
  opType: 'ReduceMean' | 'ReduceMax',
  x: TensorValue,
  axis: number,
  out: number,
): TensorValue {
  if (out === 1) return reduced(g, opType, x, [axis])
  const size = dimOf(x.shape, axis).constant
  if (size === undefined) throw unsupported('an adaptive pool over an axis whose size hangs on the input')
  if (size === out) return x
  if (out < 1 || out > 4096) throw unsupported(`an adaptive pool to a size of ${out}`)
  if (size % out === 0) {
    const split = [...x.shape.slice(0, axis), Dim.of(out), Dim.of(size / out), ...x.shape.slice(axis + 1)]
    const folded = reduced(g, opType, g.reshape(x, split), [axis + 1])
    return g.squeeze(folded, [axis + 1])
  }
  const parts = bins(size, out).map(([start, end]) => {
    const part = g.slice(x, axis, Dim.of(start), Dim.of(end), 1, Dim.of(end - start))
    return reduced(g, opType, part, [axis])
  })
  return g.concat(parts, axis)
}

function reduced(g: Lowering, opType: string, x: TensorValue, axes: number[]): TensorValue {
  return g.op(opType, [x, g.ints(axes)], {}, x.datatype, reducedShape(x.shape, axes, true))
}

/** The result without the places of the maxima: whoever uses those is told so. */
function withIndices(lower: Lower): Lower {
  return (g, a) => tuple([lower(g, a), { kind: 'other', what: 'the indices of a max_pool, which are not compiled' }])
}

const MAX = 'self:T, kernel_size:I[], stride:I[]=[], padding:I[]=0, dilation:I[]=1, ceil_mode:B=False'
const MEAN = 'self:T, kernel_size:I[], stride:I[]=[], padding:I[]=0, ceil_mode:B=False, count_include_pad:B=True'

export const POOLS = [1, 2, 3].flatMap((count) => [
  operator(`max_pool${count}d(${MAX})`, maxPool(count)),
  operator(`max_pool${count}d_with_indices(${MAX})`, withIndices(maxPool(count))),
  operator(`avg_pool${count}d(${MEAN}${count === 1 ? '' : ', divisor_override:I?=None'})`, averagePool(count)),
  operator(`adaptive_avg_pool${count}d(self:T, output_size:I[])`, adaptive(count, 'ReduceMean')),
  operator(`_adaptive_avg_pool${count}d(self:T, output_size:I[])`, adaptive(count, 'ReduceMean')),
  operator(`adaptive_max_pool${count}d(self:T, output_size:I[])`, withIndices(adaptive(count, 'ReduceMax'))),
])
