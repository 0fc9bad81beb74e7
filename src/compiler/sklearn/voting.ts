import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { classifier } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { MatrixFeatures, WholeFeatures, type Features } from './features.ts'
import { itemsIn, numbersOf, type Fitted } from './fitted.ts'
import { positionsBy, single, stacked } from './responses.ts'

/** The estimators that vote, opened, and their weights. */
function votersOf(fitted: Fitted, { open }: Context): { voters: readonly Opened[]; weights: Float64Array | undefined } {
  fitted.ignore('named_estimators_')
  const voters = fitted.list('estimators_').map((value, i) => open(value, `estimator ${i + 1}`, fitted))
  if (voters.length === 0) throw fitted.damaged('it has no estimators')
  if (!fitted.has('weights')) {
    fitted.ignore('estimators')
    return { voters, weights: undefined }
  }
  const all = numbersOf(fitted.value('weights'), () => fitted.damaged('its "weights" are no numbers')).data
  const isKept = fitted.list('estimators').map((pair) => itemsIn(pair)?.[1] !== 'drop')
  const weights = all.filter((_, i) => isKept[i] === true)
  if (weights.length !== voters.length || isKept.length !== all.length)
    throw fitted.damaged(`it has ${weights.length} weights for ${voters.length} estimators`)
  return { voters, weights }
}

/** The mean by weights, added up in the order of the estimators. @see numpy, `average` */
function average(ops: Ops, values: readonly Value[], weights: Float64Array | undefined): Value {
  const weighted = values.map((value, i) => (weights === undefined ? value : ops.mul(value, weights[i] as number)))
  const sum = weighted.reduce((a, b) => ops.add(a, b))
  return ops.div(sum, weights === undefined ? values.length : weights.reduce((a, b) => a + b, 0))
}

/** `VotingClassifier`. */
function votingClassifier(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('flatten_transform')
  const { voters, weights } = votersOf(fitted, context)
  const classes = fitted.labels('classes_')
  const isSoft = fitted.choice('voting', ['hard', 'soft'], 'hard') === 'soft'
  const common = { title: fitted.title, input: fitted.input() ?? voters[0]?.input }
  if (isSoft) {
    const probas = voters.map(({ predictProba, title }) => {
      if (predictProba === undefined) throw fitted.unsupported(`its ${title} has no probabilities to vote by`)
      return (x: Features) => {
        const proba = single(predictProba(x), fitted)
        if (proba.shape[1] !== classes.count) throw fitted.damaged(`its ${title} tells other classes apart`)
        return proba
      }
    })
    const each = (x: Features) => probas.map((proba) => proba(x))
    const proba = (x: Features) => average(ops, each(x), weights)
    // else it has an array of three dimensions, which are not rows first
    const isFlat = fitted.flag('flatten_transform', true)
    return {
      ...common,
      ...classifier(ops, { classes, index: (x) => ops.argMax(proba(x), 1), proba }),
      ...(isFlat && { transform: (x: Features) => new MatrixFeatures(ops, ops.concat(each(x), 1)) }),
    }
  }
  const positions = voters.map((voter) => positionsBy(ops, voter, classes, fitted, true))
  const ones = new Float64Array(classes.count ** 2).map((_, i) => (i % (classes.count + 1) === 0 ? 1 : 0))
  const votes = (x: Features) =>
    positions
      .map((position, i) => {
        const own = ops.gather(ops.numbers(ones, [classes.count, classes.count]), position(x))
        return weights === undefined ? own : ops.mul(own, weights[i] as number)
      })
      .reduce((a, b) => ops.add(a, b))
  return {
    ...common,
    ...classifier(ops, { classes, index: (x) => ops.argMax(votes(x), 1) }),
    transform: (x) =>
      new WholeFeatures(
        ops,
        ops.cast(
          stacked(
            ops,
            positions.map((position) => position(x)),
          ),
          'FP64',
        ),
      ),
  }
}

/** `VotingRegressor`. */
function votingRegressor(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  const { voters, weights } = votersOf(fitted, context)
  const each = (x: Features) =>
    voters.map(({ predict, title }) => {
      if (predict === undefined) throw fitted.unsupported(`its ${title} predicts nothing`)
      const value = predict(x)
      if (value.shape.length !== 1) throw fitted.unsupported(`its ${title} has several targets`)
      return value
    })
  return {
    title: fitted.title,
    input: fitted.input() ?? voters[0]?.input,
    predict: (x) => average(ops, each(x), weights),
    transform: (x) => new MatrixFeatures(ops, stacked(ops, each(x))),
  }
}

export const VOTING: Openers = {
  'sklearn.VotingClassifier': votingClassifier,
  'sklearn.VotingRegressor': votingRegressor,
}
