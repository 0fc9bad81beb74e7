import type { Value } from '../program/builder.ts'
import { jsonNumbers } from '../program/builder.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, MatrixFeatures } from './features.ts'
import { Fitted, plain } from './fitted.ts'

/** Highest degree of the kernel. */
const MOST_DEGREES = 64

/** `SplineTransformer`: the B-splines of each column, by a host kernel. */
function splineTransformer(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_knots', 'knots', 'order', 'sparse_output')
  const degree = fitted.int('degree', 3)
  if (degree < 0 || degree > MOST_DEGREES)
    throw fitted.unsupported(`its degree is ${degree}; covered are 0 to ${MOST_DEGREES}`)
  const extrapolation = fitted.choice(
    'extrapolation',
    ['error', 'constant', 'linear', 'continue', 'periodic'],
    'constant',
  )
  const hasBias = fitted.flag('include_bias', true)
  const isMissingZero = fitted.choice('handle_missing', ['error', 'zeros'], 'error') === 'zeros'
  const width = fitted.width()
  const knots = fitted.list('bsplines_').map((item, i) => {
    const spline = plain(item)
    const state = fitted.inside(spline, `spline ${i + 1}`, 'one of its "bsplines_" is no BSpline')
    return state.vector(state.has('_t') ? '_t' : 't')
  })
  const [first] = knots
  if (first === undefined || knots.length !== width)
    throw fitted.damaged(`it has ${knots.length} splines for ${width} features`)
  const functions = first.length - degree - 1 - (extrapolation === 'periodic' ? degree : 0)
  if (functions < 1 || knots.some((each) => each.length !== first.length))
    throw fitted.damaged('its splines have too few knots')
  const kept = hasBias ? functions : functions - 1
  // scikit-learn counts `degree` up once it meets a low one with linear extrapolation, for the columns after it as well
  let reach = degree
  const columns = knots.map((each) => {
    const least = each[reach] ?? Number.NaN
    const most = each[each.length - reach - 1] ?? Number.NaN
    if (extrapolation === 'linear' && reach <= 1) reach++
    return { knots: jsonNumbers(each), least, most, edge: reach }
  })
  const outside = extrapolation === 'error' ? 'refuse' : extrapolation
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => {
      const parameters = {
        degree,
        functions,
        kept,
        outside,
        isMissingZero,
        columns: columns.map((column, i) => ({ name: x.names?.[i] ?? `X[${i}]`, ...column })),
      }
      const [made] = ops.b.kernel(
        'splines',
        parameters,
        [checked(ops, x, isMissingZero).matrix()],
        [{ datatype: 'FP64', shape: [-1, width * kept] }],
      )
      const names = x.names?.flatMap((name) => Array.from({ length: kept }, (_, i) => `${name}_sp_${i}`))
      const features: MatrixFeatures = new MatrixFeatures(ops, made as Value, names, () => features)
      return features
    },
  }
}

export const SPLINES: Openers = { 'sklearn.SplineTransformer': splineTransformer }
