import type { Value } from '../program/builder.ts'
import type { Context, Opened, Openers } from './contract.ts'
import type { Fitted } from './fitted.ts'
import { inverseOf } from './inverses.ts'

/** `TransformedTargetRegressor`: what the regressor predicts, transformed back. */
function transformedTarget(fitted: Fitted, context: Context): Opened {
  const { ops, open } = context
  fitted.ignore('regressor', 'transformer', 'func', 'inverse_func', 'check_inverse')
  const regressor = open(fitted.value('regressor_'), 'regressor', fitted)
  const { predict } = regressor
  if (predict === undefined) throw fitted.unsupported(`its ${regressor.title} predicts nothing`)
  const inverse = inverseOf(fitted.value('transformer_'), fitted, context)
  const isFlat = fitted.int('_training_dim') === 1
  return {
    title: fitted.title,
    input: fitted.input() ?? regressor.input,
    predict: (x) => {
      const raw = predict(x)
      const back: Value = inverse(raw.shape.length === 1 ? ops.unsqueeze(raw, 1) : raw)
      return isFlat && back.shape[1] === 1 ? ops.squeeze(back, 1) : back
    },
  }
}

export const TARGETS: Openers = { 'sklearn.TransformedTargetRegressor': transformedTarget }
