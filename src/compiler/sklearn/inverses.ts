import { isKind } from '../../formats/python/refs.ts'
import type { PyValue } from '../../formats/python/values.ts'
import { packNumbers, type Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context } from './contract.ts'
import { Fitted, itemsIn, plain } from './fitted.ts'
import { functionOf } from './functions.ts'

/** Columns FP64 [rows, k] to what they were before a transformer. */
export type Inverse = (columns: Value) => Value

/** Transformers in one another: more is no model. */
const MAX_DEPTH = 16

/**
 * What undoes a transformer: scikit-learn's `inverse_transform`.
 * @throws {ServingError} `unsupported` for one that has none, or none that is covered
 */
export function inverseOf(value: PyValue, parent: Fitted, context: Context, depth = 0): Inverse {
  const object = plain(value)
  if (!isKind(object, 'object')) throw parent.damaged('its transformer is no estimator')
  if (depth > MAX_DEPTH) throw parent.damaged('transformers stand in one another too deep')
  const fitted = new Fitted(object, `${parent.where}, transformer (${object.class.name})`)
  const make = object.class.module.startsWith('sklearn.') ? INVERSES.get(object.class.name) : undefined
  if (make === undefined)
    throw fitted.unsupported(`its inverse is not covered; covered are those of ${[...INVERSES.keys()].join(', ')}`)
  return make(fitted, context, depth)
}

type MakeInverse = (fitted: Fitted, context: Context, depth: number) => Inverse

/** x * scale + shift, each where it is there. */
function affine(ops: Ops, scale: Float64Array | undefined, shift: Float64Array | undefined): Inverse {
  return (x) => {
    const scaled = scale === undefined ? x : ops.mul(x, ops.numbers(scale))
    return shift === undefined ? scaled : ops.add(scaled, ops.numbers(shift))
  }
}

function standard(fitted: Fitted, { ops }: Context): Inverse {
  return affine(
    ops,
    fitted.flag('with_std', true) ? fitted.vector('scale_') : undefined,
    fitted.flag('with_mean', true) ? fitted.vector('mean_') : undefined,
  )
}

function robust(fitted: Fitted, { ops }: Context): Inverse {
  return affine(
    ops,
    fitted.flag('with_scaling', true) ? fitted.vector('scale_') : undefined,
    fitted.flag('with_centering', true) ? fitted.vector('center_') : undefined,
  )
}

function minMax(fitted: Fitted, { ops }: Context): Inverse {
  const [scale, min] = [fitted.vector('scale_'), fitted.vector('min_')]
  return (x) => ops.div(ops.sub(x, ops.numbers(min)), ops.numbers(scale))
}

function maxAbs(fitted: Fitted, { ops }: Context): Inverse {
  return affine(ops, fitted.vector('scale_'), undefined)
}

/** `FunctionTransformer`: its `inverse_func`. */
function byFunction(fitted: Fitted, { ops }: Context): Inverse {
  const options = new Map<string, PyValue>()
  const given = fitted.raw('inv_kw_args')
  if (typeof given === 'object' && given !== null && 'kind' in given && given.kind === 'dict')
    for (const [name, value] of given.byName) options.set(name, value)
  const made = functionOf(fitted.raw('inverse_func'), options, fitted)
  return (x) => made?.make(ops, x) ?? x
}

/** `PowerTransformer`. @see scikit-learn, `PowerTransformer.inverse_transform` */
function power(fitted: Fitted, context: Context, depth: number): Inverse {
  const { ops } = context
  const lambdas = fitted.vector('lambdas_')
  const isBoxCox = fitted.choice('method', ['yeo-johnson', 'box-cox'], 'yeo-johnson') === 'box-cox'
  const unscale = fitted.flag('standardize', true)
    ? inverseOf(fitted.value('_scaler'), fitted, context, depth + 1)
    : (x: Value) => x
  const columns = (x: Value, make: (column: Value, lambda: number) => Value) =>
    ops.concat(
      Array.from(lambdas, (lambda, i) => make(ops.slice(x, i, i + 1), lambda)),
      1,
    )
  return (x) =>
    columns(unscale(x), (column, lambda) =>
      isBoxCox ? unBoxCox(ops, column, lambda) : unYeoJohnson(ops, column, lambda),
    )
}

/** (x l + 1)^(1 / l). @see scipy, `inv_boxcox` */
function unBoxCox(ops: Ops, x: Value, lambda: number): Value {
  return lambda === 0 ? ops.exp(x) : powerOf(ops, ops.add(ops.mul(x, lambda), 1), 1 / lambda)
}

function unYeoJohnson(ops: Ops, x: Value, lambda: number): Value {
  const up =
    Math.abs(lambda) < Number.EPSILON
      ? ops.sub(ops.exp(x), 1)
      : ops.sub(powerOf(ops, ops.add(ops.mul(x, lambda), 1), 1 / lambda), 1)
  const down =
    Math.abs(lambda - 2) > Number.EPSILON
      ? ops.sub(1, powerOf(ops, ops.add(ops.mul(x, lambda - 2), 1), 1 / (2 - lambda)))
      : ops.sub(1, ops.exp(ops.neg(x)))
  return ops.where(ops.greaterOrEqual(x, 0), up, down)
}

const powerOf = (ops: Ops, x: Value, exponent: number) => ops.pow(x, exponent)

/** `QuantileTransformer`, by a host kernel. */
function quantiles(fitted: Fitted, { ops }: Context): Inverse {
  const references = fitted.vector('references_')
  const { data, shape } = fitted.numbers('quantiles_', 2)
  const columns = shape[1] ?? 0
  if (shape[0] !== references.length || columns === 0)
    throw fitted.damaged(`its "quantiles_" are of shape [${shape.join()}] for ${references.length} references`)
  const isNormal = fitted.choice('output_distribution', ['uniform', 'normal'], 'uniform') === 'normal'
  const parameters = { references: packNumbers(references), quantiles: packNumbers(data), columns, isNormal }
  return (x) =>
    ops.b.kernel('inverse-quantiles', parameters, [x], [{ datatype: 'FP64', shape: [-1, columns] }])[0] as Value
}

/** `Pipeline`: backwards. */
function pipeline(fitted: Fitted, context: Context, depth: number): Inverse {
  const steps = fitted.list('steps').flatMap((step) => {
    const estimator = plain(itemsIn(step)?.[1])
    if (estimator === null || estimator === undefined || estimator === 'passthrough') return []
    return [inverseOf(estimator, fitted, context, depth + 1)]
  })
  return (x) => steps.reduceRight((value, step) => step(value), x)
}

const INVERSES: ReadonlyMap<string, MakeInverse> = new Map([
  ['StandardScaler', standard],
  ['RobustScaler', robust],
  ['MinMaxScaler', minMax],
  ['MaxAbsScaler', maxAbs],
  ['FunctionTransformer', byFunction],
  ['PowerTransformer', power],
  ['QuantileTransformer', quantiles],
  ['Pipeline', pipeline],
])
