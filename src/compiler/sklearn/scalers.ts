import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, mapped, SparseFeatures, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'

/** A transformer that keeps its columns and works on each number alone. */
function elementwise(fitted: Fitted, { ops }: Context, make: (x: Value) => Value): Opened {
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => mapped(ops, x, make, x.names),
  }
}

/** `StandardScaler`: (x - mean) / scale, each only where it was asked for. */
function standardScaler(fitted: Fitted, context: Context): Opened {
  const width = fitted.width()
  const mean = fitted.flag('with_mean') ? fitted.vector('mean_', width) : undefined
  const scale = fitted.flag('with_std') ? fitted.vector('scale_', width) : undefined
  return scaler(fitted, context, mean, scale)
}

/** `RobustScaler`: (x - center) / scale. */
function robustScaler(fitted: Fitted, context: Context): Opened {
  fitted.ignore('quantile_range', 'unit_variance')
  const width = fitted.width()
  const center = fitted.flag('with_centering') ? fitted.vector('center_', width) : undefined
  const scale = fitted.flag('with_scaling') ? fitted.vector('scale_', width) : undefined
  return scaler(fitted, context, center, scale)
}

function scaler(
  fitted: Fitted,
  { ops }: Context,
  mean: Float64Array | undefined,
  scale: Float64Array | undefined,
): Opened {
  const make = (x: Value): Value => {
    let value = x
    if (mean !== undefined) value = ops.sub(value, ops.numbers(mean))
    if (scale !== undefined) value = ops.div(value, ops.numbers(scale))
    return value
  }
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) =>
      mean === undefined && x.sparse !== undefined
        ? scaledSparse(ops, x, scale, x.sparse)
        : mapped(ops, x, make, x.names),
  }
}

/** Sparse rows by the scale of their columns, still sparse. */
function scaledSparse(
  ops: Ops,
  x: Features,
  scale: Float64Array | undefined,
  { indices, values }: NonNullable<Features['sparse']>,
): Features {
  if (scale === undefined) return x
  const divisors = ops.gather(ops.numbers(scale), indices)
  return new SparseFeatures(ops, x.width, { indices, values: ops.div(values, divisors) }, x.names)
}

/** `MinMaxScaler`: x * scale + min, clipped to the range where it says so. */
function minMaxScaler(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  const width = fitted.width()
  const scale = fitted.vector('scale_', width)
  const min = fitted.vector('min_', width)
  const range = fitted.numbers('feature_range').data
  const [least, most] = range
  if (range.length !== 2 || least === undefined || most === undefined)
    throw fitted.damaged('its "feature_range" is no pair of numbers')
  const isClipped = fitted.flag('clip', false)
  return elementwise(fitted, context, (x) => {
    const value = ops.add(ops.mul(x, ops.numbers(scale)), ops.numbers(min))
    return isClipped ? clipped(ops, value, least, most) : value
  })
}

/** `MaxAbsScaler`: x / scale, clipped to -1 … 1 where it says so (scikit-learn 1.8 on). */
function maxAbsScaler(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  const scale = fitted.vector('scale_', fitted.width())
  if (!fitted.flag('clip', false)) return scaler(fitted, context, undefined, scale)
  return elementwise(fitted, context, (x) => clipped(ops, ops.div(x, ops.numbers(scale)), -1, 1))
}

/** As `numpy.clip` has it: NaN stays NaN. */
export function clipped(ops: Ops, x: Value, least: number, most: number): Value {
  const low = ops.where(ops.less(x, least), least, x)
  return ops.where(ops.greater(low, most), most, low)
}

/** `Normalizer`: each row by its norm; rows of norm 0 stay. */
function normalizer(fitted: Fitted, { ops }: Context): Opened {
  const norm = fitted.choice('norm', ['l1', 'l2', 'max'], 'l2')
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => {
      const divided = (value: Value) => ops.div(value, handleZeros(ops, rowNorm(ops, value, norm)))
      if (x.sparse === undefined) return mapped(ops, x, divided, x.names)
      const { indices, values } = x.sparse
      return new SparseFeatures(ops, x.width, { indices, values: divided(values) }, x.names)
    },
  }
}

/** FP64 [rows, 1]. */
function rowNorm(ops: Ops, x: Value, norm: 'l1' | 'l2' | 'max'): Value {
  if (norm === 'l2') return ops.sqrt(ops.sum(ops.mul(x, x), 1, true))
  return norm === 'l1' ? ops.sum(ops.abs(x), 1, true) : ops.most(ops.abs(x), 1, true)
}

/** scikit-learn divides by 1 where a norm is 0. */
export function handleZeros(ops: Ops, norm: Value): Value {
  return ops.where(ops.equal(norm, 0), 1, norm)
}

/** `Binarizer`: 1 where x is greater than the threshold. */
function binarizer(fitted: Fitted, { ops }: Context): Opened {
  const threshold = fitted.number('threshold', 0)
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x: Features) =>
      mapped(ops, checked(ops, x), (value) => ops.cast(ops.greater(value, threshold), 'FP64'), x.names),
  }
}

/** `KernelCenterer`, of a kernel matrix [rows, samples]. */
function kernelCenterer(fitted: Fitted, { ops }: Context): Opened {
  const rows = fitted.vector('K_fit_rows_')
  const all = fitted.number('K_fit_all_')
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => mapped(ops, x, (value) => centredKernel(ops, value, rows, all)),
  }
}

/** K - the mean of each of its columns when fitted - the mean of each of its rows + the mean of all when fitted. */
export function centredKernel(ops: Ops, kernel: Value, rows: Float64Array, all: number): Value {
  const means = ops.div(ops.sum(kernel, 1, true), rows.length)
  return ops.add(ops.sub(ops.sub(kernel, ops.numbers(rows)), means), all)
}

export const SCALERS: Openers = {
  'sklearn.StandardScaler': standardScaler,
  'sklearn.RobustScaler': robustScaler,
  'sklearn.MinMaxScaler': minMaxScaler,
  'sklearn.MaxAbsScaler': maxAbsScaler,
  'sklearn.Normalizer': normalizer,
  'sklearn.Binarizer': binarizer,
  'sklearn.KernelCenterer': kernelCenterer,
}
