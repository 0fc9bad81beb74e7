import { isKind } from '../../formats/python/refs.ts'
import { plain, itemsIn, type Fitted } from './fitted.ts'
import type { PyValue } from '../../formats/python/values.ts'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { Context, Opened, Openers } from './contract.ts'
import type { Features } from './features.ts'

/** A step that hands its columns on as they are: `'passthrough'` or None. */
const PASSTHROUGH: Opened = { title: 'passthrough', input: undefined, transform: (x) => x }

/** `Pipeline`: each step's transform, then the last one's methods. imbalanced-learn's samplers do nothing when predicting. */
function pipeline(fitted: Fitted, context: Context): Opened {
  fitted.ignore('verbose', 'memory', 'transform_input')
  const steps = fitted.list('steps').map((step) => {
    const [name, estimator] = itemsIn(step) ?? []
    if (typeof name !== 'string') throw fitted.damaged('a step has no name')
    return openStep(name, estimator, fitted, context)
  })
  const last = steps.at(-1)
  if (last === undefined) throw fitted.damaged('it has no steps')
  const before = steps.slice(0, -1)
  const prepared = (x: Features) => before.reduce((features, step) => transformBy(step, features, fitted), x)
  const input = steps.find((step) => step.input !== undefined)?.input
  const { transform } = last
  return {
    ...after(last, prepared),
    title: fitted.title,
    input,
    ...(transform && { transform: (x: Features) => transform(prepared(x)) }),
  }
}

function openStep(name: string, estimator: PyValue | undefined, fitted: Fitted, context: Context): Opened {
  const value = plain(estimator)
  if (value === null || value === undefined || value === 'passthrough') return PASSTHROUGH
  const isSampler =
    isKind(value, 'object') &&
    (/^imblearn\.(over_sampling|under_sampling|combine)\b/.test(value.class.module) ||
      (value.class.module === 'imblearn.base' && value.class.name === 'FunctionSampler'))
  if (isSampler) return PASSTHROUGH
  return context.open(value, `step ${quote(name)}`, fitted)
}

function transformBy(step: Opened, x: Features, fitted: Fitted): Features {
  if (step.transform === undefined)
    throw fitted.unsupported(`its step ${step.title} does not transform, and stands before the last`)
  return step.transform(x)
}

/**
 * Estimators that run one after the other: each transforms for the next, and the last one's methods are theirs.
 * @throws {ServingError} `unsupported` where one before the last does not transform, or gives other columns than the next takes
 */
export function chain(parts: readonly Opened[]): Opened {
  const last = parts.at(-1)
  if (last === undefined) throw new Error('a chain of nothing; this is a bug')
  const before = parts.slice(0, -1)
  const unfit = before.find(({ transform }) => transform === undefined)
  if (unfit !== undefined)
    throw new ServingError('unsupported', `${unfit.title} does not transform, and stands before the last step`)
  const prepared = (x: Features) =>
    parts.slice(1).reduce((features, next, i) => {
      const given = before[i]?.transform?.(features) ?? features
      if (next.input?.kind === 'array' && next.input.width !== given.width)
        throw new ServingError(
          'unsupported',
          `${before[i]?.title} gives ${given.width} columns, ${next.title} was fitted on ${next.input.width}: they do not belong together in this order`,
        )
      return given
    }, x)
  const { transform } = last
  return {
    ...after(last, prepared),
    title: last.title,
    input: parts[0]?.input,
    ...(transform && { transform: (x: Features) => transform(prepared(x)) }),
  }
}

/** Every method of an estimator, on what `prepare` makes of the columns. `transform` is left to the caller. */
export function after(estimator: Opened, prepare: (x: Features) => Features): Omit<Opened, 'title' | 'input'> {
  const { classes, classIndex, predict, predictProba, decisionFunction, scoreSamples, kneighbors } = estimator
  return {
    ...(classes && { classes }),
    ...(classIndex && { classIndex: (x: Features) => classIndex(prepare(x)) }),
    ...(predict && { predict: (x: Features) => predict(prepare(x)) }),
    ...(predictProba && { predictProba: (x: Features) => predictProba(prepare(x)) }),
    ...(decisionFunction && { decisionFunction: (x: Features) => decisionFunction(prepare(x)) }),
    ...(scoreSamples && { scoreSamples: (x: Features) => scoreSamples(prepare(x)) }),
    ...(kneighbors && { kneighbors: (x: Features) => kneighbors(prepare(x)) }),
  }
}

export const PIPELINES: Openers = { 'sklearn.Pipeline': pipeline, 'imblearn.Pipeline': pipeline }
