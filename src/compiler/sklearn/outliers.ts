import type { Value } from '../program/builder.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, type Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import { inverse } from './matrices.ts'
import { ignoreSearch, neighborSearch } from './neighbor-search.ts'

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

/** `LocalOutlierFactor` with novelty: how much thinner the neighbourhood of a row is than that of its neighbours. */
function localOutlierFactor(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  ignoreSearch(fitted)
  fitted.ignore('contamination', 'negative_outlier_factor_')
  if (!fitted.flag('novelty', false))
    throw fitted.unsupported(
      'it was fitted without novelty=True: it knows its training rows only, and answers for no others',
    )
  const search = neighborSearch(fitted, context)
  const k = fitted.int('n_neighbors_')
  if (k < 1 || k > search.count) throw fitted.damaged(`it has ${k} neighbours among ${search.count} rows`)
  const kth = fitted.numbers('_distances_fit_X_', 2)
  const columns = kth.shape[1] ?? 0
  if (kth.shape[0] !== search.count || columns < k) throw fitted.damaged('"_distances_fit_X_" is of another shape')
  const reach = Float64Array.from({ length: search.count }, (_, row) => kth.data[row * columns + k - 1] as number)
  const density = fitted.vector('_lrd', search.count)
  const offset = fitted.number('offset_')
  const scores = (x: Features) => {
    const [distances, positions] = search.nearest(x, k)
    const reached = ops.max(distances, ops.gather(ops.numbers(reach), positions))
    const own = ops.div(1, ops.add(ops.mean(reached, 1), 1e-10))
    const ratios = ops.div(ops.gather(ops.numbers(density), positions), ops.unsqueeze(own, 1))
    return ops.neg(ops.mean(ratios, 1))
  }
  const decision = (x: Features) => ops.sub(scores(x), offset)
  const [one, minusOne] = [1, -1].map((value) => ops.integers([value], []))
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => ops.where(ops.less(decision(x), 0), minusOne as Value, one as Value),
    decisionFunction: decision,
    scoreSamples: scores,
    // its own `n_neighbors`, where the fitted ones may be fewer
    ...(fitted.int('n_neighbors') <= search.count && {
      kneighbors: (x: Features) => search.nearest(x, fitted.int('n_neighbors')),
    }),
  }
}

export const OUTLIERS: Openers = {
  'sklearn.EllipticEnvelope': ellipticEnvelope,
  'sklearn.LocalOutlierFactor': localOutlierFactor,
}
