import { int } from '../../../onnx/index.ts'
import { floatOf, isFloating } from '../datatypes.ts'
import { Dim, product } from '../dim.ts'
import { checkCount, dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments } from '../operator.ts'
import { TensorValue, tuple, unsupported } from '../values.ts'
import { reducedShape, vectorNorm } from './linear.ts'

function reduce(g: Lowering, opType: string, x: TensorValue, axes: readonly number[], keep: boolean): TensorValue {
  if (axes.length === 0 || x.rank === 0) return x
  return g.op(opType, [x, g.ints(axes)], { keepdims: int(keep ? 1 : 0) }, x.datatype, reducedShape(x.shape, axes, keep))
}

/** The axes of a call that may leave them out. */
function axesOf(a: Arguments, x: TensorValue): number[] {
  return a.entries.has('dim') ? a.axes('dim', x.rank) : x.shape.map((_, axis) => axis)
}

const keeps = (a: Arguments) => a.entries.get('keepdim') === true

/** Sums and products of whole numbers are INT64. */
function accumulated(g: Lowering, a: Arguments, x: TensorValue): TensorValue {
  const asked = a.entries.has('dtype') ? a.datatype('dtype') : undefined
  return g.cast(x, asked ?? (isFloating(x.datatype) ? x.datatype : 'INT64'))
}

function mean(g: Lowering, a: Arguments): TensorValue {
  const x = a.tensor('self')
  const datatype = a.datatype('dtype')
  if (datatype === undefined && !isFloating(x.datatype)) throw unsupported('the mean of whole numbers')
  return reduce(g, 'ReduceMean', g.cast(x, datatype ?? x.datatype), axesOf(a, x), keeps(a))
}

/** Mean squared distance from the mean, over as many as there are less a correction. */
function variance(g: Lowering, a: Arguments): { mean: TensorValue; variance: TensorValue } {
  const x = a.tensor('self')
  const axes = axesOf(a, x)
  const correction = correctionOf(a)
  const centre = reduce(g, 'ReduceMean', x, axes, true)
  const distance = g.binary('Sub', x, centre)
  const squares = g.binary('Mul', distance, distance)
  const count = product(axes.map((axis) => dimOf(x.shape, axis)))
  const sum = reduce(g, 'ReduceSum', squares, axes, keeps(a))
  const over = count.constant === undefined ? undefined : Math.max(0, count.constant - correction)
  let divisor: TensorValue
  if (over === undefined) {
    const rest = g.binary('Sub', g.scalar(count, x.datatype), g.scalar(correction, x.datatype))
    divisor = g.binary('Max', rest, g.scalar(0, x.datatype))
  } else divisor = g.scalar(over, x.datatype)
  const mean_ = keeps(a) ? centre : g.squeeze(centre, axes)
  return { mean: mean_, variance: g.binary('Div', sum, divisor) }
}

function correctionOf(a: Arguments): number {
  if (a.entries.has('unbiased')) return a.boolean('unbiased') ? 1 : 0
  return a.isNone('correction') ? 1 : a.number('correction')
}

const root = (g: Lowering, x: TensorValue) => g.like('Sqrt', [x])

/** The largest or smallest along axes. */
function extreme(
  g: Lowering,
  opType: 'ReduceMax' | 'ReduceMin',
  x: TensorValue,
  axes: readonly number[],
  keep: boolean,
): TensorValue {
  if (x.datatype === 'BOOL') return g.cast(reduce(g, opType, g.cast(x, 'INT32'), axes, keep), 'BOOL')
  return g.through(x, (wide) => reduce(g, opType, wide, axes, keep))
}

/** The place of the first of the largest or smallest along an axis. */
function place(g: Lowering, x: TensorValue, axis: number, keep: boolean, isLargest: boolean): TensorValue {
  if (x.rank === 0) return g.scalar(Dim.of(0), 'INT64')
  const shape = reducedShape(x.shape, [axis], keep)
  if (x.datatype === 'FP32' || x.datatype === 'FP64' || x.datatype === 'INT32') {
    const attributes = { axis: int(axis), keepdims: int(keep ? 1 : 0) }
    return g.op(isLargest ? 'ArgMax' : 'ArgMin', [x], attributes, 'INT64', shape)
  }
  const [, places] = ranked(g, g.computable(x.datatype === 'FP16' ? g.cast(x, 'FP32') : x), axis, Dim.of(1), isLargest)
  return keep ? places : g.squeeze(places, [axis])
}

/** The k largest or smallest along an axis, in order, and their places; equal ones in the order of their places. */
function ranked(g: Lowering, x: TensorValue, axis: number, k: Dim, isLargest: boolean): [TensorValue, TensorValue] {
  if (x.rank === 0) return [x, g.scalar(Dim.of(0), 'INT64')]
  const shape = x.shape.map((dim, i) => (i === axis ? k : dim))
  const wide = g.computable(x)
  const attributes = { axis: int(axis), largest: int(isLargest ? 1 : 0), sorted: int(1) }
  const [values = '', places = ''] = g.node('TopK', [wide, g.sizes([k])], attributes, 2)
  const picked = new TensorValue(values, wide.datatype, shape)
  return [g.cast(picked, x.datatype), new TensorValue(places, 'INT64', shape)]
}

function sorted(g: Lowering, a: Arguments): [TensorValue, TensorValue] {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  return ranked(g, x, axis, x.rank === 0 ? Dim.of(1) : dimOf(x.shape, axis), a.boolean('descending'))
}

function argument(isLargest: boolean) {
  return (g: Lowering, a: Arguments): TensorValue => {
    const x = a.tensor('self')
    if (!a.isNone('dim')) return place(g, x, a.axis('dim', x.rank), a.boolean('keepdim'), isLargest)
    const flat = place(g, g.reshape(x, [product(x.shape)]), 0, false, isLargest)
    return a.boolean('keepdim')
      ? g.reshape(
          flat,
          x.shape.map(() => Dim.of(1)),
        )
      : flat
  }
}

function along(isLargest: boolean) {
  return (g: Lowering, a: Arguments) => {
    const x = a.tensor('self')
    const axis = a.axis('dim', x.rank)
    const values = extreme(
      g,
      isLargest ? 'ReduceMax' : 'ReduceMin',
      x,
      x.rank === 0 ? [] : [axis],
      a.boolean('keepdim'),
    )
    return tuple([values, place(g, x, axis, a.boolean('keepdim'), isLargest)])
  }
}

function truth(isAny: boolean) {
  return (g: Lowering, a: Arguments): TensorValue => {
    const x = a.tensor('self')
    const asNumber = g.cast(g.cast(x, 'BOOL'), 'INT32')
    return g.cast(reduce(g, isAny ? 'ReduceMax' : 'ReduceMin', asNumber, axesOf(a, x), keeps(a)), 'BOOL')
  }
}

function cumulative(g: Lowering, a: Arguments): TensorValue {
  const x = accumulated(g, a, a.tensor('self'))
  if (x.rank === 0) return x
  return g.like('CumSum', [x, g.numbers('INT64', [], [a.axis('dim', x.rank)])])
}

/** Each the product of those up to it: logarithms would not do for zeros and negative ones. */
function cumulativeProduct(g: Lowering, a: Arguments): TensorValue {
  const x = accumulated(g, a, a.tensor('self'))
  if (x.rank === 0) return x
  const axis = a.axis('dim', x.rank)
  const length = dimOf(x.shape, axis).constant
  if (length === undefined || length > 512)
    throw unsupported('cumprod along an axis of over 512 places, or whose size hangs on the input')
  const parts: TensorValue[] = []
  for (let i = 0; i < length; i++) {
    const part = g.slice(x, axis, Dim.of(i), Dim.of(i + 1), 1, Dim.of(1))
    const before = parts.at(-1)
    parts.push(before === undefined ? part : g.binary('Mul', before, part))
  }
  return g.concat(parts, axis)
}

function logSumExp(g: Lowering, x: TensorValue, axes: readonly number[], keep: boolean): TensorValue {
  return reduce(g, 'ReduceLogSumExp', g.cast(x, floatOf(x.datatype)), axes, keep)
}

/** A matrix or vector norm with axes, or of everything. */
function norm(g: Lowering, a: Arguments, name: string): TensorValue {
  const x = a.tensor('self')
  const asked = a.entries.has('dtype') ? a.datatype('dtype') : undefined
  const p = a.isNone(name) ? 2 : a.value(name) === 'fro' ? 2 : a.number(name)
  return vectorNorm(g, asked === undefined ? x : g.cast(x, asked), p, axesOf(a, x), keeps(a))
}

/** The middle one of all; the lower one of two. */
function median(g: Lowering, x: TensorValue, axis: number, keep: boolean): [TensorValue, TensorValue] {
  const length = dimOf(x.shape, axis).constant
  if (length === undefined || length === 0) throw unsupported('the median along an axis whose size hangs on the input')
  const middle = Math.floor((length - 1) / 2)
  return ranked(g, x, axis, Dim.of(middle + 1), false).map((value) => {
    const last = g.slice(value, axis, Dim.of(middle), Dim.of(middle + 1), 1, Dim.of(1))
    return keep ? last : g.squeeze(last, [axis])
  }) as [TensorValue, TensorValue]
}

const EACH = 'dim:I[]?, keepdim:B=False'

export const REDUCTIONS = [
  operator('sum(self:T, *, dtype:D?=None)', (g, a) => total(g, a, 'ReduceSum')),
  operator(`sum.dim_IntList(self:T, ${EACH}, *, dtype:D?=None)`, (g, a) => total(g, a, 'ReduceSum')),
  operator('nansum(self:T, dim:I[]?=None, keepdim:B=False, *, dtype:D?=None)', (g, a) => {
    const x = a.tensor('self')
    if (!isFloating(x.datatype)) return total(g, a, 'ReduceSum')
    const isNaN = g.op('IsNaN', [x], {}, 'BOOL', x.shape)
    return total(g, a.with('self', g.where(isNaN, g.scalar(0, x.datatype), x)), 'ReduceSum')
  }),
  operator('prod(self:T, *, dtype:D?=None)', (g, a) => total(g, a, 'ReduceProd')),
  operator('prod.dim_int(self:T, dim:I, keepdim:B=False, *, dtype:D?=None)', (g, a) => total(g, a, 'ReduceProd')),
  operator('mean(self:T, *, dtype:D?=None)', mean),
  operator(`mean.dim(self:T, ${EACH}, *, dtype:D?=None)`, mean),
  operator('amax(self:T, dim:I[]=[], keepdim:B=False)', (g, a) =>
    extreme(g, 'ReduceMax', a.tensor('self'), axesOf(a, a.tensor('self')), keeps(a)),
  ),
  operator('amin(self:T, dim:I[]=[], keepdim:B=False)', (g, a) =>
    extreme(g, 'ReduceMin', a.tensor('self'), axesOf(a, a.tensor('self')), keeps(a)),
  ),
  operator('max(self:T)', (g, a) => extreme(g, 'ReduceMax', a.tensor('self'), axesOf(a, a.tensor('self')), false)),
  operator('min(self:T)', (g, a) => extreme(g, 'ReduceMin', a.tensor('self'), axesOf(a, a.tensor('self')), false)),
  operator('max.dim(self:T, dim:I, keepdim:B=False)', along(true)),
  operator('min.dim(self:T, dim:I, keepdim:B=False)', along(false)),
  operator('aminmax(self:T, *, dim:I?=None, keepdim:B=False)', (g, a) => {
    const x = a.tensor('self')
    const axes = a.isNone('dim') ? x.shape.map((_, axis) => axis) : [a.axis('dim', x.rank)]
    return tuple([extreme(g, 'ReduceMin', x, axes, keeps(a)), extreme(g, 'ReduceMax', x, axes, keeps(a))])
  }),
  operator('argmax(self:T, dim:I?=None, keepdim:B=False)', argument(true)),
  operator('argmin(self:T, dim:I?=None, keepdim:B=False)', argument(false)),
  operator('any(self:T)', truth(true)),
  operator('any.dim|dims(self:T, dim:I[]?=None, keepdim:B=False)', truth(true)),
  operator('all(self:T)', truth(false)),
  operator('all.dim|dims(self:T, dim:I[]?=None, keepdim:B=False)', truth(false)),
  operator('count_nonzero(self:T, dim:I?=None)', countNonZero),
  operator('count_nonzero.dim_IntList(self:T, dim:I[])', countNonZero),
  ...(['var', 'std'] as const).flatMap((name) => {
    const one = (g: Lowering, a: Arguments) => {
      const made = variance(g, a).variance
      return name === 'std' ? root(g, made) : made
    }
    const both = (g: Lowering, a: Arguments) => {
      const made = variance(g, a)
      return tuple([name === 'std' ? root(g, made.variance) : made.variance, made.mean])
    }
    return [
      operator(`${name}(self:T, unbiased:B=True)`, one),
      operator(`${name}.dim(self:T, dim:I[]?, unbiased:B=True, keepdim:B=False)`, one),
      operator(`${name}.correction(self:T, dim:I[]?=None, *, correction:S?=None, keepdim:B=False)`, one),
      operator(`${name}_mean(self:T, unbiased:B=True)`, both),
      operator(`${name}_mean.dim(self:T, dim:I[]?, unbiased:B=True, keepdim:B=False)`, both),
      operator(`${name}_mean.correction(self:T, dim:I[]?=None, *, correction:S?=None, keepdim:B=False)`, both),
    ]
  }),
  operator('norm.Scalar(self:T, p:S=2)', (g, a) => norm(g, a, 'p')),
  operator('norm.ScalarOpt_dim(self:T, p:S?, dim:I[], keepdim:B=False)', (g, a) => norm(g, a, 'p')),
  operator('norm.ScalarOpt_dtype(self:T, p:S?, *, dtype:D)', (g, a) => norm(g, a, 'p')),
  operator('norm.ScalarOpt_dim_dtype(self:T, p:S?, dim:I[], keepdim:B, *, dtype:D)', (g, a) => norm(g, a, 'p')),
  operator('frobenius_norm.dim(self:T, dim:I[], keepdim:B=False)', (g, a) =>
    vectorNorm(g, a.tensor('self'), 2, axesOf(a, a.tensor('self')), keeps(a)),
  ),
  operator('linalg_vector_norm(self:T, ord:S=2, dim:I[]?=None, keepdim:B=False, *, dtype:D?=None)', (g, a) =>
    norm(g, a, 'ord'),
  ),
  operator('linalg_norm(self:T, ord:S?=None, dim:I[]?=None, keepdim:B=False, *, dtype:D?=None)', (g, a) => {
    const axes = a.isNone('dim') ? a.tensor('self').rank : a.dims('dim').length
    if (!a.isNone('ord') && axes > 1) throw unsupported('a matrix norm of a named order')
    return norm(g, a, 'ord')
  }),
  operator('logsumexp(self:T, dim:I[], keepdim:B=False)', (g, a) =>
    logSumExp(g, a.tensor('self'), axesOf(a, a.tensor('self')), keeps(a)),
  ),
  operator('cumsum(self:T, dim:I, *, dtype:D?=None)', cumulative),
  operator('cumprod(self:T, dim:I, *, dtype:D?=None)', cumulativeProduct),
  operator('topk(self:T, k:I, dim:I=-1, largest:B=True, sorted:B=True)', (g, a) => {
    const x = a.tensor('self')
    return tuple(ranked(g, x, a.axis('dim', x.rank), a.dim('k'), a.boolean('largest')))
  }),
  operator('sort(self:T, dim:I=-1, descending:B=False)', (g, a) => tuple(sorted(g, a))),
  operator('sort.stable(self:T, *, stable:B?, dim:I=-1, descending:B=False)', (g, a) => tuple(sorted(g, a))),
  operator('argsort(self:T, dim:I=-1, descending:B=False)', (g, a) => sorted(g, a)[1]),
  operator('argsort.stable(self:T, *, stable:B, dim:I=-1, descending:B=False)', (g, a) => sorted(g, a)[1]),
  operator('median.dim(self:T, dim:I, keepdim:B=False)', (g, a) => {
    const x = a.tensor('self')
    return tuple(median(g, x, a.axis('dim', x.rank), keeps(a)))
  }),
  operator(
    'median(self:T)',
    (g, a) => median(g, g.reshape(a.tensor('self'), [product(a.tensor('self').shape)]), 0, false)[0],
  ),
  operator('trace(self:T)', (g, a) => {
    const x = a.tensor('self')
    const size = dimOf(x.shape, 0).constant
    if (size === undefined || x.rank !== 2) throw unsupported('the trace of a matrix whose size hangs on the input')
    checkCount(size * size, 'the trace of a matrix')
    const eye = g.numbers(
      x.datatype,
      [size, size],
      Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0)),
    )
    return reduce(g, 'ReduceSum', g.binary('Mul', x, eye), [0, 1], false)
  }),
]

function total(g: Lowering, a: Arguments, opType: string): TensorValue {
  const x = accumulated(g, a, a.tensor('self'))
  return reduce(g, opType, x, axesOf(a, x), keeps(a))
}

function countNonZero(g: Lowering, a: Arguments): TensorValue {
  const x = a.tensor('self')
  return reduce(g, 'ReduceSum', g.cast(g.cast(x, 'BOOL'), 'INT64'), axesOf(a, x), false)
}
