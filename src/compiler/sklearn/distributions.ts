import type { Value } from '../program/builder.ts'
import { jsonNumbers } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { expm1, log1p } from './element-functions.ts'
import { mapped, MatrixFeatures, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'

/** Below this a power counts as 0. @see scikit-learn, `np.spacing(1.0)` */
const NOTHING = Number.EPSILON

/** `PowerTransformer`: Yeo-Johnson or Box-Cox, then scaled where it was asked for. */
function powerTransformer(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  const method = fitted.choice('method', ['yeo-johnson', 'box-cox'], 'yeo-johnson')
  const lambdas = fitted.vector('lambdas_', fitted.width())
  const isScaled = fitted.flag('standardize', true)
  const scale = isScaled ? context.open(fitted.value('_scaler'), 'scaler', fitted).transform : (x: Features) => x
  if (scale === undefined) throw fitted.damaged('its scaler does not transform')
  const make = (x: Value) => (method === 'box-cox' ? boxCox(ops, x, lambdas) : yeoJohnson(ops, x, lambdas))
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => scale(mapped(ops, x, make, x.names)),
  }
}

/** ((x + 1)^l - 1) / l for x >= 0, and -((1 - x)^(2 - l) - 1) / (2 - l) below. */
function yeoJohnson(ops: Ops, x: Value, lambdas: Float64Array): Value {
  const isUp = ops.greaterOrEqual(x, 0)
  const logarithm = log1p(ops, ops.abs(x))
  const up = powered(ops, logarithm, lambdas)
  const down = powered(
    ops,
    logarithm,
    lambdas.map((each) => 2 - each),
  )
  return ops.where(isUp, up, ops.neg(down))
}

/** (x^l - 1) / l; NaN for what is not greater than 0, which scikit-learn refuses. */
function boxCox(ops: Ops, x: Value, lambdas: Float64Array): Value {
  const logarithm = ops.log(ops.where(ops.greater(x, 0), x, Number.NaN))
  return powered(ops, logarithm, lambdas)
}

/** (e^(l y) - 1) / l, which is y itself for l = 0. */
function powered(ops: Ops, y: Value, lambdas: Float64Array): Value {
  const isNothing = lambdas.map((each) => (Math.abs(each) < NOTHING ? 1 : 0))
  const divisors = ops.numbers(lambdas.map((each, i) => (isNothing[i] === 1 ? 1 : each)))
  const power = ops.div(expm1(ops, ops.mul(y, divisors)), divisors)
  if (!isNothing.includes(1)) return power
  const nothing = ops.constant('BOOL', [lambdas.length], Uint8Array.from(isNothing))
  return ops.where(nothing, y, power)
}

/** `QuantileTransformer`, by a host kernel. */
function quantileTransformer(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_quantiles', 'subsample')
  const width = fitted.width()
  const isNormal = fitted.choice('output_distribution', ['uniform', 'normal'], 'uniform') === 'normal'
  const isZeroKept = fitted.flag('ignore_implicit_zeros', false)
  const references = fitted.vector('references_')
  const { data, shape } = fitted.numbers('quantiles_', 2)
  if (shape[0] !== references.length || shape[1] !== width)
    throw fitted.damaged(
      `its "quantiles_" are [${shape.join()}] for ${references.length} references, ${width} features`,
    )
  const columns = Array.from({ length: width }, (_, column) =>
    jsonNumbers(Array.from(references, (_each, i) => data[i * width + column] ?? Number.NaN)),
  )
  if (columns.flat().some((each) => typeof each === 'string'))
    throw fitted.unsupported('it was fitted on a column that holds missing values only')
  const transform = (x: Features): Features => {
    const parameters = {
      references: [...references],
      columns,
      isNormal,
      isZeroKept: isZeroKept || x.sparse !== undefined,
    }
    const [made] = ops.b.kernel('quantiles', parameters, [x.matrix()], [{ datatype: 'FP64', shape: [-1, width] }])
    return new MatrixFeatures(ops, made as Value, x.names)
  }
  return { title: fitted.title, input: fitted.input(), transform }
}

export const DISTRIBUTIONS: Openers = {
  'sklearn.PowerTransformer': powerTransformer,
  'sklearn.QuantileTransformer': quantileTransformer,
}
