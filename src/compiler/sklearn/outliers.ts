import type { Context, Opened, Openers } from './contract.ts'
import { checked, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import { inverse } from './matrices.ts'

/** `EllipticEnvelope`: how far from the centre, by the covariance of most rows. @see scikit-learn, `EllipticEnvelope` */
function ellipticEnvelope(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('store_precision', 'assume_centered', 'support_fraction', 'contamination')
  const width = fitted.width()
  const location = fitted.vector('location_', width)
  const name = fitted.has('precision_') ? 'precision_' : 'covariance_'
  const { data, shape } = fitted.numbers(name, 2)
  if (shape[0] !== width || shape[1] !== width) throw fitted.damaged(`"${name}" is of shape [${shape.join()}]`)
  const precision = name === 'precision_' ? data : inverse(data, width)
  if (precision === undefined) throw fitted.unsupported('its covariance has no inverse')
  const offset = fitted.number('offset_')
  const scores = (x: Features) => {
    const centred = ops.sub(checked(ops, x).matrix(), ops.numbers(location))
    const scaled = ops.matMul(centred, ops.numbers(precision, [width, width]))
    return ops.neg(ops.sum(ops.mul(scaled, centred), 1))
  }
  const decision = (x: Features) => ops.sub(scores(x), offset)
  const [one, minusOne] = [ops.integers([1], []), ops.integers([-1], [])]
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => ops.where(ops.greaterOrEqual(decision(x), 0), one, minusOne),
    decisionFunction: decision,
    scoreSamples: scores,
  }
}

export const OUTLIERS: Openers = { 'sklearn.EllipticEnvelope': ellipticEnvelope }
