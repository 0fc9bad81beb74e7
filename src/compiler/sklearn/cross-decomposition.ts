import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { mapped, type Features } from './features.ts'
import type { Fitted, Numbers } from './fitted.ts'
import { transposed } from './linear.ts'

/** `PLSRegression`, `PLSCanonical` and `CCA`: scores of the components, and what is predicted from them. */
function partialLeastSquares(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_components', 'scale', 'algorithm', 'deflation_mode', 'mode')
  const width = fitted.width()
  const mean = fitted.vector('_x_mean', width)
  const scale = fitted.vector('_x_std', width)
  const rotations = matrixOf(fitted, 'x_rotations_', width)
  // 1.2 keeps the weights that count under a name of its own; from 1.5 on they count for columns that are not scaled
  const coef = fitted.numbers(fitted.has('_coef_') ? '_coef_' : 'coef_', 2)
  const [targets = 0, columns = 0] = coef.shape
  if (columns !== width) throw fitted.damaged(`its weights are for ${columns} features of ${width}`)
  const weights = transposed(coef.data, targets, width)
  const intercept = fitted.vector('intercept_', targets)
  const isScaled = !fitted.isSince(1, 5)
  const isFlat = fitted.has('_predict_1d') && fitted.flag('_predict_1d')
  const centred = (x: Value) => ops.sub(x, ops.numbers(mean))
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => {
      const from = isScaled ? ops.div(centred(x.matrix()), ops.numbers(scale)) : centred(x.matrix())
      const made = ops.add(ops.matMul(from, ops.numbers(weights, [width, targets])), ops.numbers(intercept))
      return isFlat ? ops.squeeze(made, 1) : made
    },
    transform: (x) => scored(ops, x, (value) => ops.div(centred(value), ops.numbers(scale)), rotations, fitted),
  }
}

/** `PLSSVD`: scores of the components. */
function leastSquaresSvd(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_components', 'scale')
  const width = fitted.width()
  const mean = fitted.vector('_x_mean', width)
  const scale = fitted.vector('_x_std', width)
  const weights = matrixOf(fitted, 'x_weights_', width)
  const scaled = (x: Value) => ops.div(ops.sub(x, ops.numbers(mean)), ops.numbers(scale))
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => scored(ops, x, scaled, weights, fitted),
  }
}

function matrixOf(fitted: Fitted, name: string, width: number): Numbers {
  const found = fitted.numbers(name, 2)
  if (found.shape[0] !== width) throw fitted.damaged(`its "${name}" is for ${found.shape[0]} features of ${width}`)
  return found
}

function scored(
  ops: Ops,
  x: Features,
  prepare: (x: Value) => Value,
  { data, shape }: Numbers,
  fitted: Fitted,
): Features {
  const names = x.names && componentNames(fitted.title, shape[1] ?? 0)
  return mapped(ops, x, (value) => ops.matMul(prepare(value), ops.numbers(data, shape)), names)
}

/** Names of columns that scikit-learn counts: the class name in small letters and a number. */
export function componentNames(title: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${title.toLowerCase()}${i}`)
}

export const CROSS_DECOMPOSITIONS: Openers = {
  'sklearn.PLSRegression': partialLeastSquares,
  'sklearn.PLSCanonical': partialLeastSquares,
  'sklearn.CCA': partialLeastSquares,
  'sklearn.PLSSVD': leastSquaresSvd,
}
