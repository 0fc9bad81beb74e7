import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'

/** log(sum(exp(x))) along each row, FP64 [rows, 1]. @see scipy, `logsumexp` */
export function logSumExp(ops: Ops, x: Value): Value {
  const largest = ops.most(x, 1, true)
  // where all are -Infinity nothing may be taken off, or NaN would come out
  const shift = ops.where(ops.less(ops.abs(largest), Infinity), largest, 0)
  return ops.add(ops.log(ops.sum(ops.exp(ops.sub(x, shift)), 1, true)), shift)
}

/** Joint logarithms [rows, classes] to probabilities. @see scikit-learn, `_BaseNB.predict_proba` */
export function probabilities(ops: Ops, joint: Value): Value {
  return ops.exp(ops.sub(joint, logSumExp(ops, joint)))
}

/** The logarithmic derivative of the gamma function, for numbers above 0. @see NIST DLMF, 5.11.2 and 5.5.2 */
export function digamma(x: number): number {
  let value = x
  let below = 0
  // the series is exact in float64 from 10 on
  for (; value < 10; value++) below += 1 / value
  const square = 1 / (value * value)
  const series =
    square *
    (1 / 12 -
      square *
        (1 / 120 -
          square *
            (1 / 252 -
              square *
                (1 / 240 - square * (1 / 132 - square * (691 / 32760 - square * (1 / 12 - (square * 3617) / 8160)))))))
  return Math.log(value) - 0.5 / value - series - below
}
