import { isKind } from '../../formats/python/refs.ts'
import type { PyObject, PyValue } from '../../formats/python/values.ts'
import { jsonNumber, jsonNumbers, packNumbers, type Value } from '../program/builder.ts'
import { bothColumns, classifier } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, type Features } from './features.ts'
import { Fitted, numbersOf, plain } from './fitted.ts'
import { positionsBy } from './responses.ts'

/** Kernels in one another: more is no model. */
const MAX_DEPTH = 60

/** A kernel of a Gaussian process, as the host kernel takes it. @see scikit-learn, `sklearn.gaussian_process.kernels` */
function kernelOf(value: PyValue | undefined, parent: Fitted, width: number, depth = 0): object {
  const object = plain(value)
  if (!isKind(object, 'object')) throw parent.damaged('its kernel is no object')
  if (depth > MAX_DEPTH) throw parent.damaged(`its kernels stand in one another over ${MAX_DEPTH} deep`)
  const fitted = new Fitted(object, `${parent.where}, kernel ${object.class.name}`)
  const name = isOurs(object) ? object.class.name : undefined
  const inner = (attribute: string) => kernelOf(fitted.value(attribute), parent, width, depth + 1)
  const lengths = () => {
    const { data } = numbersOf(fitted.value('length_scale'), () => fitted.damaged('"length_scale" is no number'))
    if (data.length !== 1 && data.length !== width)
      throw fitted.damaged(`"length_scale" has ${data.length} numbers for ${width} features`)
    return jsonNumbers(data)
  }
  switch (name) {
    case 'RBF':
      return { kind: 'rbf', lengths: lengths() }
    case 'Matern': {
      const nu = fitted.number('nu')
      if (![0.5, 1.5, 2.5, Infinity].includes(nu))
        throw fitted.unsupported(`its "nu" is ${nu}; covered are 0.5, 1.5, 2.5 and infinity`)
      return { kind: 'matern', lengths: lengths(), nu: jsonNumber(nu) }
    }
    case 'RationalQuadratic':
      return { kind: 'rational', length: fitted.number('length_scale'), alpha: fitted.number('alpha') }
    case 'ExpSineSquared':
      return { kind: 'periodic', length: fitted.number('length_scale'), period: fitted.number('periodicity') }
    case 'DotProduct':
      return { kind: 'dot', offset: fitted.number('sigma_0') }
    case 'ConstantKernel':
      return { kind: 'constant', value: fitted.number('constant_value') }
    case 'WhiteKernel':
      return { kind: 'white', value: fitted.number('noise_level') }
    case 'Sum':
    case 'Product':
      return { kind: name === 'Sum' ? 'sum' : 'product', parts: [inner('k1'), inner('k2')] }
    case 'Exponentiation':
      return { kind: 'power', base: inner('kernel'), exponent: fitted.number('exponent') }
    default:
      throw parent.unsupported(
        `its kernel ${object.class.module}.${object.class.name} is not covered; covered are RBF, Matern, RationalQuadratic, ExpSineSquared, DotProduct, ConstantKernel, WhiteKernel, sums, products and powers`,
      )
  }
}

function isOurs({ class: { module } }: PyObject): boolean {
  return module === 'sklearn.gaussian_process.kernels'
}

/** The rows that it has seen and its kernel, as parameters. */
function processOf(fitted: Fitted): { parameters: object; count: number; width: number } {
  fitted.ignore('kernel', 'optimizer', 'n_restarts_optimizer', 'copy_X_train', 'alpha', 'normalize_y', 'n_targets')
  fitted.ignore('max_iter_predict')
  const { data, shape } = fitted.numbers('X_train_', 2)
  const [count = 0, width = 0] = shape
  const kernel = kernelOf(fitted.value('kernel_'), fitted, width)
  return { parameters: { width, count, points: packNumbers(data), kernel }, count, width }
}

/** `GaussianProcessRegressor`. */
function regressor(fitted: Fitted, { ops }: Context): Opened {
  const { parameters, count, width } = processOf(fitted)
  if (width !== fitted.width()) throw fitted.damaged(`it has seen rows of ${width} columns`)
  const weights = fitted.numbers('alpha_')
  const targets = weights.shape[1] ?? 1
  if (weights.shape[0] !== count)
    throw fitted.damaged(`"alpha_" is of shape [${weights.shape.join()}] for ${count} rows`)
  const mean = fitted.numbers('_y_train_mean').data
  const scale = fitted.numbers('_y_train_std').data
  if ([mean, scale].some(({ length }) => length !== 1 && length !== targets))
    throw fitted.damaged(`it has means for another number of targets than ${targets}`)
  const predict = (x: Features): Value => {
    const [raw] = ops.b.kernel(
      'process-mean',
      { ...parameters, targets, weights: packNumbers(weights.data) },
      [checked(ops, x).matrix()],
      [{ datatype: 'FP64', shape: [-1, targets] }],
    )
    const scaled = ops.add(ops.mul(raw as Value, ops.numbers(scale)), ops.numbers(mean))
    return targets === 1 ? ops.squeeze(scaled, 1) : scaled
  }
  return { title: fitted.title, input: fitted.input(), predict }
}

/** The classifier of two classes that others are made of. */
function binary(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('multi_class', 'rng', 'f_cached')
  const { parameters, count } = processOf(fitted)
  const classes = fitted.labels('classes_')
  if (classes.count !== 2) throw fitted.damaged(`it tells ${classes.count} classes apart`)
  const known = fitted.vector('y_train_', count)
  const likely = fitted.vector('pi_', count)
  const root = fitted.numbers('L_', 2)
  if (root.shape[0] !== count || root.shape[1] !== count)
    throw fitted.damaged(`"L_" is of shape [${root.shape.join()}]`)
  const all = {
    ...parameters,
    residuals: packNumbers(known.map((value, i) => value - (likely[i] as number))),
    scales: packNumbers(fitted.vector('W_sr_', count)),
    root: packNumbers(root.data),
  }
  const run = (x: Features) =>
    ops.b.kernel(
      'laplace-process',
      all,
      [checked(ops, x).matrix()],
      [
        { datatype: 'FP64', shape: [-1] },
        { datatype: 'FP64', shape: [-1] },
      ],
    ) as [Value, Value]
  return {
    title: fitted.title,
    input: fitted.input(),
    ...classifier(ops, {
      classes,
      index: (x) => ops.cast(ops.greater(run(x)[0], 0), 'INT64'),
      proba: (x) => bothColumns(ops, run(x)[1]),
    }),
  }
}

/** `GaussianProcessClassifier`: one process, or several of two classes each. */
function gaussianClassifier(fitted: Fitted, context: Context): Opened {
  fitted.ignore('kernel', 'optimizer', 'n_restarts_optimizer', 'max_iter_predict', 'copy_X_train')
  const classes = fitted.labels('classes_')
  const multi = fitted.choice('multi_class', ['one_vs_rest', 'one_vs_one'], 'one_vs_rest')
  const inner = context.open(fitted.value('base_estimator_'), 'processes', fitted)
  const { predictProba } = inner
  const hasProba = predictProba !== undefined && !(classes.count > 2 && multi === 'one_vs_one')
  return {
    title: fitted.title,
    input: fitted.input() ?? inner.input,
    ...classifier(context.ops, {
      classes,
      index: positionsBy(context.ops, inner, classes, fitted, false),
      ...(hasProba && { proba: (x: Features) => predictProba(x) as Value }),
    }),
  }
}

export const GAUSSIAN_PROCESSES: Openers = {
  'sklearn.GaussianProcessRegressor': regressor,
  'sklearn.GaussianProcessClassifier': gaussianClassifier,
  'sklearn._BinaryGaussianProcessClassifierLaplace': binary,
}
