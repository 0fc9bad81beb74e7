import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Opened } from './contract.ts'
import type { Features } from './features.ts'
import type { Fitted } from './fitted.ts'
import type { Labels } from './labels.ts'

/** The labels of a classifier of one target; undefined for anything else. */
export function labelsIn({ classes }: Opened): Labels | undefined {
  return classes === undefined || Array.isArray(classes) ? undefined : (classes as Labels)
}

type Label = Labels['values'][number]

/** Whether two labels are the same, as numpy compares them: 1, 1.0 and True are. */
export function isSameLabel(a: Label, b: Label): boolean {
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0
  return Number(a) === Number(b)
}

/** Where each label of `own` stands among `all`. @throws {ServingError} `refused` where one does not */
export function placesAmong(own: Labels, all: Labels, fitted: Fitted): readonly number[] {
  return own.values.map((label) => {
    const place = all.values.findIndex((other) => isSameLabel(label, other))
    if (place < 0) throw fitted.damaged('an estimator in it knows a class that it does not know itself')
    return place
  })
}

/** The position of an estimator's answer among `all`, INT64 [rows]; it was trained on labels of `all`, or on positions. */
export function positionsBy(
  ops: Ops,
  estimator: Opened,
  all: Labels,
  fitted: Fitted,
  isByPosition: boolean,
): (x: Features) => Value {
  const own = labelsIn(estimator)
  const { classIndex } = estimator
  if (own === undefined || classIndex === undefined)
    throw fitted.unsupported(`its ${estimator.title} is no classifier of one target`)
  const places = isByPosition ? placesByNumber(own, all.count, fitted) : placesAmong(own, all, fitted)
  const isSame = places.every((place, i) => place === i)
  return (x) => (isSame ? classIndex(x) : ops.gather(ops.integers(places), classIndex(x)))
}

function placesByNumber(own: Labels, count: number, fitted: Fitted): readonly number[] {
  return own.values.map((label) => {
    const place = label instanceof Uint8Array ? Number.NaN : Number(label)
    if (!Number.isInteger(place) || place < 0 || place >= count)
      throw fitted.damaged('an estimator in it knows a class that it does not know itself')
    return place
  })
}

/** One array of an estimator's method, where it has the method and has no list of arrays. */
export function single(values: Value | readonly Value[], fitted: Fitted): Value {
  if (Array.isArray(values)) throw fitted.unsupported('an estimator in it has several targets')
  return values as Value
}

/** As a vector: [rows] of [rows, 1] too. */
export function flat(ops: Ops, value: Value): Value {
  return value.shape.length === 2 && value.shape[1] === 1 ? ops.squeeze(value, 1) : value
}

/** What a two-class estimator says for its second class, FP64 [rows]. @see scikit-learn, `_predict_binary` */
export function binaryScore(
  ops: Ops,
  estimator: Opened,
  fitted: Fitted,
): { score: (x: Features) => Value; threshold: number } {
  const { decisionFunction, predictProba, predict, classes } = estimator
  if (classes === undefined && predict !== undefined && predictProba === undefined)
    return { score: (x) => flat(ops, predict(x)), threshold: 0.5 }
  if (decisionFunction !== undefined)
    return { score: (x) => flat(ops, single(decisionFunction(x), fitted)), threshold: 0 }
  if (predictProba === undefined)
    throw fitted.unsupported(`its ${estimator.title} has neither decisions nor probabilities`)
  return { score: (x) => secondColumn(ops, single(predictProba(x), fitted)), threshold: 0.5 }
}

/** Column 1 of probabilities of two classes. */
export function secondColumn(ops: Ops, proba: Value): Value {
  return ops.squeeze(ops.slice(proba, 1, 2), 1)
}

/** Vectors [rows] side by side: [rows, count]. */
export function stacked(ops: Ops, vectors: readonly Value[]): Value {
  return ops.concat(
    vectors.map((vector) => ops.unsqueeze(vector, 1)),
    1,
  )
}
