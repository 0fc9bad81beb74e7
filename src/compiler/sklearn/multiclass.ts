import type { PyValue } from '../../formats/python/values.ts'
import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { classifier } from './classifier.ts'
import { partialDistances } from './clusters.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { MatrixFeatures, type Features } from './features.ts'
import { Fitted, itemsIn, plain } from './fitted.ts'
import { countedLabels, type Labels } from './labels.ts'
import { binaryScore, flat, secondColumn, single, stacked } from './responses.ts'
import { confidences } from './svm.ts'

/** Estimators of two classes each; one that has seen a single class says that. */
function binaryEstimators(fitted: Fitted, context: Context): readonly Opened[] {
  const found = fitted.list('estimators_').map((value, i) => openBinary(value, `estimator ${i + 1}`, fitted, context))
  if (found.length === 0) throw fitted.damaged('it has no estimators')
  return found
}

function openBinary(value: PyValue, role: string, fitted: Fitted, context: Context): Opened {
  const object = plain(value)
  const isConstant =
    typeof object === 'object' &&
    object !== null &&
    'kind' in object &&
    object.kind === 'object' &&
    object.class.name === '_ConstantPredictor'
  if (!isConstant) return context.open(value, role, fitted)
  const [y] = new Fitted(object, `${fitted.where}, ${role}`).numbers('y_').data
  if (y !== 0 && y !== 1 && y !== -1) throw fitted.damaged(`its ${role} is always ${y}, and should be -1, 0 or 1`)
  const { ops } = context
  const second = (x: Features) => ops.fill(x.matrix(), y)
  return {
    title: '_ConstantPredictor',
    input: undefined,
    classes: countedLabels(2),
    predict: (x) => ops.cast(second(x), 'INT64'),
    decisionFunction: second,
    predictProba: (x) => stacked(ops, [ops.sub(1, second(x)), second(x)]),
  }
}

/** `OneVsRestClassifier`. */
function oneVsRest(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('estimator')
  const binarizer = binarizerOf(fitted)
  const type = binarizer.text('y_type_')
  const classes = binarizer.labels('classes_')
  const estimators = binaryEstimators(fitted, context)
  const scores = estimators.map((estimator) => binaryScore(ops, estimator, fitted))
  const isMultilabel = type.startsWith('multilabel')
  if (estimators.length !== (type === 'binary' ? 1 : classes.count))
    throw fitted.damaged(`it has ${estimators.length} estimators for ${classes.count} classes`)
  const proba = estimators.every(({ predictProba }) => predictProba !== undefined)
    ? (x: Features) => restProba(ops, estimators, isMultilabel, fitted, x)
    : undefined
  const decision = estimators.every(({ decisionFunction }) => decisionFunction !== undefined)
    ? (x: Features) => {
        const each = estimators.map(({ decisionFunction }) => single(decisionFunction?.(x) as Value, fitted))
        return each.length === 1
          ? (each[0] as Value)
          : stacked(
              ops,
              each.map((value) => flat(ops, value)),
            )
      }
    : undefined
  const common = { title: fitted.title, input: fitted.input() ?? inputOf(estimators) }
  const threshold = scores[0]?.threshold ?? 0
  if (isMultilabel) {
    const all = (x: Features) =>
      stacked(
        ops,
        scores.map(({ score }) => score(x)),
      )
    return {
      ...common,
      predict: (x) => ops.cast(ops.greater(all(x), threshold), 'INT64'),
      ...(proba && { predictProba: proba }),
      ...(decision && { decisionFunction: decision }),
    }
  }
  const index = (x: Features): Value => {
    const each = scores.map(({ score }) => score(x))
    if (type === 'binary') return ops.cast(ops.greater(each[0] as Value, threshold), 'INT64')
    if (fitted.isSince(1, 8)) return ops.argMax(stacked(ops, each), 1)
    // before 1.8 the last of equals wins
    const last = ops.argMax(stacked(ops, each.toReversed()), 1)
    return ops.sub(ops.integers([each.length - 1], []), last)
  }
  return { ...common, ...classifier(ops, { classes, index, proba, decision }) }
}

function inputOf(estimators: readonly Opened[]): Opened['input'] {
  return estimators.find(({ input }) => input !== undefined)?.input
}

function binarizerOf(fitted: Fitted): Fitted {
  const binarizer = fitted.raw('label_binarizer_')
  return fitted.inside(binarizer, '"label_binarizer_"', 'it has no "label_binarizer_"')
}

function restProba(ops: Ops, estimators: readonly Opened[], isMultilabel: boolean, fitted: Fitted, x: Features): Value {
  const each = estimators.map(({ predictProba }) => secondColumn(ops, single(predictProba?.(x) as Value, fitted)))
  const [only] = each
  const all = each.length === 1 && only !== undefined ? stacked(ops, [ops.sub(1, only), only]) : stacked(ops, each)
  if (isMultilabel) return all
  const sum = ops.sum(all, 1, true)
  // from 1.7 on, rows that no estimator takes keep their zeros; before, they are NaN
  return ops.div(all, fitted.isSince(1, 7) ? ops.where(ops.equal(sum, 0), 1, sum) : sum)
}

/** `OneVsOneClassifier`. */
function oneVsOne(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('estimator')
  const classes = fitted.labels('classes_')
  const estimators = binaryEstimators(fitted, context)
  const pairs = (classes.count * (classes.count - 1)) / 2
  if (estimators.length !== pairs)
    throw fitted.damaged(`it has ${estimators.length} estimators for ${pairs} pairs of classes`)
  const columns = fitted.has('pairwise_indices_') ? pairwise(fitted, pairs) : undefined
  const seen = (x: Features, pair: number) => (columns === undefined ? x : x.select(columns[pair] as readonly number[]))
  const scores = estimators.map((estimator) => binaryScore(ops, estimator, fitted))
  const decision = (x: Features) => {
    const wins = estimators.map(({ predict, title }, pair) => {
      const value = predict?.(seen(x, pair))
      if (value === undefined || value.datatype === 'BYTES')
        throw fitted.damaged(`its ${title} predicts neither 0 nor 1`)
      return ops.cast(value, 'FP64')
    })
    const sure = scores.map(({ score }, pair) => score(seen(x, pair)))
    const values = confidences(ops, stacked(ops, sure), stacked(ops, wins), classes.count)
    return classes.count === 2 ? secondColumn(ops, values) : values
  }
  const threshold = scores[0]?.threshold ?? 0
  const index = (x: Features) =>
    classes.count === 2 ? ops.cast(ops.greater(decision(x), threshold), 'INT64') : ops.argMax(decision(x), 1)
  return {
    title: fitted.title,
    input: fitted.input() ?? inputOf(estimators),
    ...classifier(ops, { classes, index, decision }),
  }
}

/** The training rows that each pair was trained on: of a precomputed kernel, its columns. */
function pairwise(fitted: Fitted, pairs: number): readonly (readonly number[])[] {
  const width = fitted.width()
  const lists = fitted.list('pairwise_indices_').map((list) => {
    const items = itemsIn(list)
    const numbers =
      typeof list === 'object' && list !== null && 'kind' in list && list.kind === 'ndarray' && list.holds === 'numbers'
        ? Array.from(list.data as ArrayLike<number | bigint>, Number)
        : (items ?? []).map(Number)
    if (numbers.some((each) => !Number.isInteger(each) || each < 0 || each >= width))
      throw fitted.damaged(`"pairwise_indices_" names a row that is not among ${width}`)
    return numbers
  })
  if (lists.length !== pairs) throw fitted.damaged(`"pairwise_indices_" has ${lists.length} lists for ${pairs} pairs`)
  return lists
}

/** `OutputCodeClassifier`: the class whose code is nearest. */
function outputCode(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  fitted.ignore('estimator', 'code_size')
  const classes: Labels = fitted.labels('classes_')
  const estimators = binaryEstimators(fitted, context)
  const { data, shape } = fitted.numbers('code_book_', 2)
  if (shape[0] !== classes.count || shape[1] !== estimators.length)
    throw fitted.damaged(`"code_book_" is of shape [${shape.join()}]`)
  const scores = estimators.map((estimator) => binaryScore(ops, estimator, fitted))
  const index = (x: Features) => {
    const answers = new MatrixFeatures(
      ops,
      stacked(
        ops,
        scores.map(({ score }) => score(x)),
      ),
    )
    return ops.argMin(partialDistances(ops, answers, { data, count: classes.count }), 1)
  }
  return { title: fitted.title, input: fitted.input() ?? inputOf(estimators), ...classifier(ops, { classes, index }) }
}

export const MULTICLASS: Openers = {
  'sklearn.OneVsRestClassifier': oneVsRest,
  'sklearn.OneVsOneClassifier': oneVsOne,
  'sklearn.OutputCodeClassifier': outputCode,
}
