import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import type { Opened } from './contract.ts'
import type { Features } from './features.ts'
import type { Labels } from './labels.ts'

/** What a classifier of one target computes; `index` says which label wins. */
export interface ClassifierParts {
  readonly classes: Labels
  /** INT64 [rows]. */
  readonly index: (x: Features) => Value
  /** FP64 [rows, classes]. */
  readonly proba?: ((x: Features) => Value) | undefined
  /** FP64 [rows] or [rows, k]. */
  readonly decision?: ((x: Features) => Value) | undefined
}

/** The methods of a classifier of one target. */
export function classifier(
  ops: Ops,
  { classes, index, proba, decision }: ClassifierParts,
): Pick<Opened, 'classes' | 'classIndex' | 'predict' | 'predictProba' | 'decisionFunction'> {
  return {
    classes,
    classIndex: index,
    predict: (x) => classes.at(ops, index(x)),
    ...(proba && { predictProba: proba }),
    ...(decision && { decisionFunction: decision }),
  }
}

/** The winner by decision values: of [rows], the second class where it is greater than zero; of [rows, k], the largest. */
export function indexByDecision(ops: Ops, decision: Value): Value {
  return decision.shape.length === 1 ? ops.cast(ops.greater(decision, 0), 'INT64') : ops.argMax(decision, 1)
}

/** The winner by probabilities, FP64 [rows, classes]; the first of equals. */
export function indexByProba(ops: Ops, proba: Value): Value {
  return ops.argMax(proba, 1)
}

/** The probability of the second of two classes, [rows], as both columns. */
export function bothColumns(ops: Ops, second: Value): Value {
  const column = ops.unsqueeze(second, 1)
  return ops.concat([ops.sub(1, column), column], 1)
}
