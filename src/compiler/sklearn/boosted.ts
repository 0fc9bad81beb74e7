import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { bothColumns, classifier, indexByProba } from './classifier.ts'
import type { Opened } from './contract.ts'
import type { Features } from './features.ts'
import type { Labels } from './labels.ts'

export interface BoostedClassifier {
  readonly classes: Labels
  /** Raw predictions: [rows, 1] for two classes, [rows, classes] for more. */
  readonly raw: (x: Features) => Value
  /** What the raw prediction of two classes is multiplied with before it goes through the logistic function. */
  readonly scale: number
  /**
   * When the second of two classes wins: by its raw prediction (at zero it does, or does not), or by the larger of both
   * probabilities.
   */
  readonly decides: 'raw from zero' | 'raw above zero' | 'probabilities'
}

/** The methods of a boosted classifier. */
export function boostedClassifier(
  ops: Ops,
  { classes, raw, scale, decides }: BoostedClassifier,
): Omit<Opened, 'title' | 'input'> {
  if (classes.count > 2) {
    const proba = (x: Features) => ops.softmax(raw(x))
    return classifier(ops, {
      classes,
      index: (x) => indexByProba(ops, decides === 'probabilities' ? proba(x) : raw(x)),
      proba,
      decision: raw,
    })
  }
  const decision = (x: Features) => ops.squeeze(raw(x), 1)
  const proba = (x: Features) => {
    const d = decision(x)
    return bothColumns(ops, ops.sigmoid(scale === 1 ? d : ops.mul(d, scale)))
  }
  const isSecond = (d: Value) => (decides === 'raw from zero' ? ops.greaterOrEqual(d, 0) : ops.greater(d, 0))
  return classifier(ops, {
    classes,
    index: (x) =>
      decides === 'probabilities' ? indexByProba(ops, proba(x)) : ops.cast(isSecond(decision(x)), 'INT64'),
    proba,
    decision,
  })
}
