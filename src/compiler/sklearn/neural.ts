import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { bothColumns, classifier } from './classifier.ts'
import type { Context, Opened, Openers } from './contract.ts'
import { checked, MatrixFeatures, product, type Features } from './features.ts'
import { Fitted, numbersOf } from './fitted.ts'
import { expit } from './element-functions.ts'

interface Layer {
  readonly weights: Float64Array
  readonly inputs: number
  readonly outputs: number
  readonly bias: Float64Array
}

/** Hyper-parameters of training. */
function ignoreTraining(fitted: Fitted): void {
  fitted.ignore('hidden_layer_sizes', 'solver', 'alpha', 'batch_size', 'learning_rate', 'learning_rate_init', 'power_t')
  fitted.ignore('loss', 'shuffle', 'momentum', 'nesterovs_momentum', 'early_stopping', 'validation_fraction')
  fitted.ignore('beta_1', 'beta_2', 'epsilon', 'n_iter_no_change', 'max_fun')
}

/** Layer after layer, each FP64 [rows, outputs]. @see scikit-learn, `BaseMultilayerPerceptron._forward_pass_fast` */
function forward(fitted: Fitted, { ops }: Context): { values: (x: Features) => Value; outputs: number } {
  ignoreTraining(fitted)
  const activation = fitted.choice('activation', ['identity', 'logistic', 'tanh', 'relu'], 'relu')
  const last = fitted.choice('out_activation_', ['identity', 'logistic', 'softmax', 'exp'])
  const wrong = () => fitted.damaged('"coefs_" and "intercepts_" are no layers')
  const biases = fitted.list('intercepts_').map((bias) => numbersOf(bias, wrong).data)
  let inputs = fitted.width()
  const layers = fitted.list('coefs_').map((coefs, i): Layer => {
    const { data, shape } = numbersOf(coefs, wrong)
    const [rows, outputs = 0] = shape
    const bias = biases[i]
    if (shape.length !== 2 || rows !== inputs || bias?.length !== outputs) throw wrong()
    const layer = { weights: data, inputs, outputs, bias }
    inputs = outputs
    return layer
  })
  if (layers.length === 0 || layers.length !== biases.length) throw wrong()
  const activate = (value: Value, name: typeof activation | typeof last): Value => {
    if (name === 'logistic') return expit(ops, value)
    if (name === 'tanh') return ops.tanh(value)
    if (name === 'relu') return ops.max(value, 0)
    if (name === 'softmax') return ops.softmax(value)
    return name === 'exp' ? ops.exp(value) : value
  }
  return {
    outputs: inputs,
    values: (x) => {
      const rows = checked(ops, x)
      return layers.reduce<Value | undefined>((value, { weights, inputs: width, outputs, bias }, i) => {
        const sum =
          value === undefined
            ? product(ops, rows, weights, outputs)
            : ops.matMul(value, ops.numbers(weights, [width, outputs]))
        return activate(ops.add(sum, ops.numbers(bias)), i === layers.length - 1 ? last : activation)
      }, undefined) as Value
    },
  }
}

/** `MLPClassifier`. */
function mlpClassifier(fitted: Fitted, context: Context): Opened {
  const { ops } = context
  const { values, outputs } = forward(fitted, context)
  const classes = fitted.labels('classes_')
  const common = { title: fitted.title, input: fitted.input() }
  if (isMultilabel(fitted)) {
    if (outputs !== classes.count) throw fitted.damaged(`it has ${outputs} outputs for ${classes.count} labels`)
    return {
      ...common,
      predict: (x) => ops.cast(ops.greater(values(x), 0.5), 'INT64'),
      predictProba: values,
    }
  }
  if (outputs !== (classes.count <= 2 ? 1 : classes.count))
    throw fitted.damaged(`it has ${outputs} outputs for ${classes.count} classes`)
  if (outputs > 1)
    return { ...common, ...classifier(ops, { classes, index: (x) => ops.argMax(values(x), 1), proba: values }) }
  const second = (x: Features) => ops.squeeze(values(x), 1)
  const isSecond = (x: Features) => ops.cast(ops.greater(second(x), 0.5), 'INT64')
  const first = (x: Features) => ops.mul(isSecond(x), ops.integers([0], []))
  return {
    ...common,
    ...classifier(ops, {
      classes,
      index: classes.count === 2 ? isSecond : first,
      proba: (x) => bothColumns(ops, second(x)),
    }),
  }
}

/** Whether several labels may hold for a row: its binarizer knows. */
function isMultilabel(fitted: Fitted): boolean {
  const binarizer = fitted.raw('_label_binarizer')
  return (
    fitted.inside(binarizer, '"_label_binarizer"', 'it has no "_label_binarizer"').text('y_type_') ===
    'multilabel-indicator'
  )
}

/** `MLPRegressor`. */
function mlpRegressor(fitted: Fitted, context: Context): Opened {
  const { values, outputs } = forward(fitted, context)
  return {
    title: fitted.title,
    input: fitted.input(),
    predict: (x) => (outputs === 1 ? context.ops.squeeze(values(x), 1) : values(x)),
  }
}

/** `BernoulliRBM`: the probability of each hidden unit. Its `score_samples` draws at random, and is left out. */
function bernoulliRbm(fitted: Fitted, { ops }: Context): Opened {
  fitted.ignore('n_components', 'learning_rate', 'batch_size', 'n_iter')
  const width = fitted.width()
  const { data, shape } = fitted.numbers('components_', 2)
  const [hidden = 0] = shape
  if (shape[1] !== width) throw fitted.damaged(`"components_" is of shape [${shape.join()}] for ${width} features`)
  const bias = fitted.vector('intercept_hidden_', hidden)
  const weights = new Float64Array(data.length)
  for (let i = 0; i < hidden; i++)
    for (let j = 0; j < width; j++) weights[j * hidden + i] = data[i * width + j] as number
  return {
    title: fitted.title,
    input: fitted.input(),
    transform: (x) => probabilitiesOf(ops, x, weights, bias, hidden),
  }
}

function probabilitiesOf(ops: Ops, x: Features, weights: Float64Array, bias: Float64Array, hidden: number): Features {
  return new MatrixFeatures(ops, expit(ops, ops.add(product(ops, checked(ops, x), weights, hidden), ops.numbers(bias))))
}

export const NEURAL: Openers = {
  'sklearn.MLPClassifier': mlpClassifier,
  'sklearn.MLPRegressor': mlpRegressor,
  'sklearn.BernoulliRBM': bernoulliRbm,
}
