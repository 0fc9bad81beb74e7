import { jsonNumbers, type Value } from '../program/builder.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { MatrixFeatures, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'

/** `IsotonicRegression`: between the thresholds on a line, by a host kernel. */
function isotonicRegression(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('y_min', 'y_max', 'increasing')
  const outside = fitted.choice('out_of_bounds', ['nan', 'clip', 'raise'], 'nan')
  const known = fitted.vector('X_thresholds_')
  const values = fitted.vector('y_thresholds_', known.length)
  if (known.length === 0 || !known.every((each, i) => i === 0 || each >= (known[i - 1] ?? 0)))
    throw fitted.damaged('its "X_thresholds_" do not ascend')
  const { dtype } = fitted.array('X_thresholds_')
  const isSingle = dtype.code === 'f' && dtype.itemSize === 4
  const least = fitted.number('X_min_')
  const most = fitted.number('X_max_')
  const at = (x: Features): Value => {
    if (x.width !== 1) throw fitted.unsupported(`it takes one column, and gets ${x.width}`)
    const value = isSingle ? ops.roundToFloat(x.matrix()) : x.matrix()
    const parameters = { known: jsonNumbers(known), values: jsonNumbers(values), outside, least, most }
    return ops.b.kernel('interpolate', parameters, [value], [{ datatype: 'FP64', shape: [-1, 1] }])[0] as Value
  }
  return {
    title: fitted.title,
    input: fitted.input() ?? { kind: 'array', width: 1 },
    predict: (x) => ops.squeeze(at(x), 1),
    transform: (x) => new FlatFeatures(ops, at(x), x.names && ['isotonicregression0']),
  }
}

class FlatFeatures extends MatrixFeatures {
  readonly isFlat = true
}

export const ISOTONIC: Openers = { 'sklearn.IsotonicRegression': isotonicRegression }
