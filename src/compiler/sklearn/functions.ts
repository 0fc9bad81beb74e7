import { isKind } from '../../formats/python/refs.ts'
import type { PyValue } from '../../formats/python/values.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { elementFunction, type ElementFunction } from './element-functions.ts'
import { checked, MatrixFeatures, type Features } from './features.ts'
import { plain, type Fitted } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'
import { clipped } from './scalers.ts'

/** `FunctionTransformer`: nothing, or a known function of numpy's on each number. */
function functionTransformer(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('inverse_func', 'inv_kw_args', 'check_inverse', 'accept_sparse', 'validate')
  const options = keywordsOf(fitted)
  const naming = fitted.raw('feature_names_out')
  const make = functionOf(fitted.raw('func'), options, fitted)
  if (make === undefined && options.size > 0) throw fitted.unsupported('it has "kw_args" and no function')
  return {
    title: fitted.title,
    input: fitted.input(),
    // functions of numpy's hand a data frame's names on; a function for names is the user's own code
    transform: (x: Features) => {
      if (make === undefined) return x
      const isNamed = naming === undefined || naming === null || naming === 'one-to-one'
      const names = isNamed ? x.names : undefined
      // what a function makes is looked at behind it: a logarithm makes NaN of numbers, and others hide it
      const { inKernel } = make
      return new MatrixFeatures(ops, make.make(ops, x.matrix()), names, (isNaNAllowed) =>
        checked(ops, new MatrixFeatures(ops, inKernel(ops, x.matrix()), names), isNaNAllowed),
      )
    },
  }
}

/**
 * What a function of a model file does to numbers; undefined for one that does nothing.
 * @param value None, or a global: the file names it, and carries no code of it
 * @throws {ServingError} `unsupported` for any other function, naming it
 */
export function functionOf(
  value: PyValue | undefined,
  options: ReadonlyMap<string, PyValue>,
  fitted: Fitted,
): ElementFunction | undefined {
  if (value === undefined || value === null) return undefined
  const ref = isKind(value, 'global') ? value : undefined
  if (ref === undefined)
    throw fitted.unsupported(
      `its function is ${describe(value)}: code of yours, which is not run; numpy's functions are compiled, and --runtime python runs any`,
    )
  const { module, name } = ref
  if (/^sklearn\.preprocessing\._function_transformer$/.test(module) && name === '_identity') return undefined
  if (/^(numpy|scipy\.special)\b/.test(module)) {
    const made = withOptions(name, options, fitted)
    if (made !== undefined) return { make: made, inKernel: made }
    const known = options.size > 0 ? undefined : elementFunction(name)
    if (known !== undefined) return known
  }
  throw fitted.unsupported(
    `its function is ${module}.${name}${options.size > 0 ? ` with ${[...options.keys()].join(', ')}` : ''}, which the compiler does not know; functions of one number of numpy's are compiled, and --runtime python runs any`,
  )
}

/** Functions that take more than the number. */
function withOptions(
  name: string,
  options: ReadonlyMap<string, PyValue>,
  fitted: Fitted,
): ElementFunction['make'] | undefined {
  const number = (key: string, missing?: number): number | undefined => {
    const value = plain(options.get(key))
    if (value === undefined || value === null) return missing
    if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
    throw fitted.unsupported(`its function's ${JSON.stringify(key)} is no number`)
  }
  const only = (...names: readonly string[]) => [...options.keys()].every((key) => names.includes(key))
  if (name === 'clip' && only('a_min', 'a_max', 'min', 'max')) {
    const least = number('a_min') ?? number('min') ?? -Infinity
    const most = number('a_max') ?? number('max') ?? Infinity
    return (ops, x) => clipped(ops, x, least, most)
  }
  if ((name === 'nan_to_num' || name === 'nan_to_num_') && only('copy', 'nan', 'posinf', 'neginf')) {
    const nan = number('nan', 0) as number
    const positive = number('posinf', Number.MAX_VALUE) as number
    const negative = number('neginf', -Number.MAX_VALUE) as number
    return (ops, x) => {
      const infinite = ops.where(ops.equal(x, Infinity), positive, ops.where(ops.equal(x, -Infinity), negative, x))
      return ops.where(ops.isNaN(x), nan, infinite)
    }
  }
  if (/^(round|around|round_)$/.test(name) && only('decimals')) {
    const decimals = number('decimals', 0) as number
    if (decimals === 0) return (ops, x) => ops.op('Round', [x], x)
    const scale = 10 ** Math.abs(decimals)
    return (ops, x) =>
      decimals > 0
        ? ops.div(ops.op('Round', [ops.mul(x, scale)], x), scale)
        : ops.mul(ops.op('Round', [ops.div(x, scale)], x), scale)
  }
  return undefined
}

/** `kw_args`. */
function keywordsOf(fitted: Fitted): ReadonlyMap<string, PyValue> {
  const value = fitted.raw('kw_args')
  if (value === undefined || value === null) return new Map()
  if (isKind(value, 'dict')) return value.byName
  throw fitted.damaged('its "kw_args" are no dict')
}

export const FUNCTIONS: Openers = { 'sklearn.FunctionTransformer': functionTransformer }
