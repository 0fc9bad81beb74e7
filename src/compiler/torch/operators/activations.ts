import { float, int } from '../../../onnx/index.ts'
import type { NumericDatatype } from '../../../tensor/datatype.ts'
import { floatOf } from '../datatypes.ts'
import { Dim } from '../dim.ts'
import { axisOf, dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments, type Lower } from '../operator.ts'
import { unsupported, type TensorValue } from '../values.ts'
import { bounded, single } from './arithmetic.ts'

type Compute = (g: Lowering, x: TensorValue) => TensorValue

const scalar = (g: Lowering, x: TensorValue, number: number) => g.scalar(number, x.datatype)
const add = (g: Lowering, x: TensorValue, number: number) => g.binary('Add', x, scalar(g, x, number))
const multiply = (g: Lowering, x: TensorValue, number: number) => g.binary('Mul', x, scalar(g, x, number))
const isPositive = (g: Lowering, x: TensorValue) => g.binary('Greater', x, scalar(g, x, 0), 'BOOL')
const sigmoid: Compute = (g, x) => g.like('Sigmoid', [x])

/** log(1 + e^x) without overflow. */
const softplus: Compute = (g, x) => {
  const negative = g.like('Neg', [g.like('Abs', [x])])
  return g.binary('Add', g.binary('Max', x, scalar(g, x, 0)), g.like('Log', [add(g, g.like('Exp', [negative]), 1)]))
}

const expMinusOne: Compute = (g, x) => add(g, g.like('Exp', [x]), -1)

/** `x` where positive, `scale * (e^(x * rate) - 1)` elsewhere. */
function exponentialUnit(g: Lowering, x: TensorValue, scale: number, rate = 1): TensorValue {
  const low = g.binary('Min', x, scalar(g, x, 0))
  return g.where(isPositive(g, x), x, multiply(g, expMinusOne(g, rate === 1 ? low : multiply(g, low, rate)), scale))
}

/** An operator of one float tensor. */
function activation(name: string, compute: Compute) {
  return operator(`${name}(self:T)`, (g, a) => compute(g, asFloat(g, a.tensor('self'))))
}

function asFloat(g: Lowering, x: TensorValue): TensorValue {
  return g.cast(x, floatOf(x.datatype))
}

function gelu(g: Lowering, x: TensorValue, approximate: string): TensorValue {
  if (approximate === 'none') {
    const error = g.like('Erf', [multiply(g, single(x, 'gelu'), Math.SQRT1_2)])
    return multiply(g, g.binary('Mul', x, add(g, error, 1)), 0.5)
  }
  if (approximate !== 'tanh') throw unsupported(`gelu with the approximation ${approximate}`)
  const cubed = g.binary('Mul', g.binary('Mul', x, x), x)
  const inner = multiply(g, g.binary('Add', x, multiply(g, cubed, 0.044715)), Math.sqrt(2 / Math.PI))
  return multiply(g, g.binary('Mul', x, add(g, g.like('Tanh', [inner]), 1)), 0.5)
}

const hardSigmoid: Compute = (g, x) => {
  const moved = add(g, x, 3)
  return g.binary('Div', bounded(g, moved, 0, 6), scalar(g, x, 6))
}

function leaky(g: Lowering, x: TensorValue, slope: number): TensorValue {
  if (x.datatype === 'FP32') return g.like('LeakyRelu', [x], { alpha: float(slope) })
  return g.where(isPositive(g, x), x, multiply(g, x, slope))
}

const SLOPES = 'lower:S=0.125, upper:S=0.3333333333333333, training:B=False, generator:X?=None'

/** Slopes are drawn at random in training; else their mean is taken. */
function randomLeaky(g: Lowering, a: Arguments): TensorValue {
  if (a.boolean('training')) throw unsupported('rrelu is random in training; call model.eval() before exporting')
  return leaky(g, a.tensor('self'), (a.number('lower') + a.number('upper')) / 2)
}

function parametric(g: Lowering, a: Arguments): TensorValue {
  const [x, weight] = [a.tensor('self'), a.tensor('weight')]
  const slopes = weight.rank === 1 && x.rank > 2 ? g.unsqueeze(weight, range(1, x.rank - 1)) : weight
  return g.where(isPositive(g, x), x, g.binary('Mul', x, slopes))
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
}

/** Softmax or its logarithm along an axis. */
export function softmax(
  g: Lowering,
  opType: 'Softmax' | 'LogSoftmax',
  x: TensorValue,
  axis: Dim | number,
  datatype?: NumericDatatype,
): TensorValue {
  const value = g.cast(x, datatype ?? floatOf(x.datatype))
  if (value.rank === 0) return g.reshape(softmax(g, opType, g.unsqueeze(value, [0]), 0), [])
  return g.like(opType, [value], { axis: int(axisOf(axis, value.rank)) })
}

function softmaxOf(opType: 'Softmax' | 'LogSoftmax'): Lower {
  return (g, a) => softmax(g, opType, a.tensor('self'), a.dim('dim'), a.datatype('dtype'))
}

function decomposedSoftmax(opType: 'Softmax' | 'LogSoftmax'): Lower {
  return (g, a) => {
    const x = a.tensor('self')
    return softmax(g, opType, x, a.dim('dim'), a.boolean('half_to_float') ? 'FP32' : undefined)
  }
}

/** What does nothing but in training. */
const dropout: Lower = (_, a) => {
  if (a.entries.get('train') === true && a.number('p') > 0)
    throw unsupported('dropout is on: the model was exported in training mode; call model.eval() first')
  return a.value('input')
}

export const ACTIVATIONS = [
  operator('relu(self:T)', (g, a) => g.through(a.tensor('self'), (x) => g.binary('Max', x, scalar(g, x, 0)))),
  operator('relu6(self:T)', (g, a) => bounded(g, a.tensor('self'), Dim.of(0), Dim.of(6))),
  operator('hardtanh(self:T, min_val:S=-1, max_val:S=1)', (g, a) =>
    bounded(g, a.tensor('self'), a.scalar('min_val'), a.scalar('max_val')),
  ),
  operator('leaky_relu(self:T, negative_slope:S=0.01)', (g, a) =>
    leaky(g, a.tensor('self'), a.number('negative_slope')),
  ),
  operator(`rrelu(self:T, ${SLOPES})`, randomLeaky),
  operator(`rrelu_with_noise(self:T, noise:T, ${SLOPES})`, randomLeaky),
  operator(`rrelu_with_noise_functional(self:T, noise:T, ${SLOPES})`, (g, a) => ({
    kind: 'tuple',
    items: [randomLeaky(g, a), null],
  })),
  operator('prelu(self:T, weight:T)', parametric),
  operator('_prelu_kernel(self:T, weight:T)', parametric),
  operator('elu(self:T, alpha:S=1, scale:S=1, input_scale:S=1)', (g, a) => {
    const [x, alpha, scale, rate] = [a.tensor('self'), a.number('alpha'), a.number('scale'), a.number('input_scale')]
    const made = exponentialUnit(g, x, alpha, rate)
    return scale === 1 ? made : multiply(g, made, scale)
  }),
  operator('selu(self:T)', (g, a) =>
    multiply(g, exponentialUnit(g, a.tensor('self'), 1.6732632423543772), 1.0507009873554805),
  ),
  operator('celu(self:T, alpha:S=1)', (g, a) => {
    const alpha = a.number('alpha')
    return exponentialUnit(g, a.tensor('self'), alpha, 1 / alpha)
  }),
  operator('gelu(self:T, *, approximate:s=none)', (g, a) => gelu(g, a.tensor('self'), a.text('approximate'))),
  activation('sigmoid', sigmoid),
  activation('special_expit', sigmoid),
  activation('tanh', (g, x) => g.like('Tanh', [x])),
  activation('silu', (g, x) => g.binary('Mul', x, sigmoid(g, x))),
  activation('mish', (g, x) => g.binary('Mul', x, g.like('Tanh', [softplus(g, x)]))),
  activation('hardsigmoid', hardSigmoid),
  activation('hardswish', (g, x) => g.binary('Mul', x, hardSigmoid(g, x))),
  activation('log_sigmoid', (g, x) => g.like('Neg', [softplus(g, g.like('Neg', [x]))])),
  operator('log_sigmoid_forward(self:T)', (g, a) => {
    const x = a.tensor('self')
    return { kind: 'tuple', items: [g.like('Neg', [softplus(g, g.like('Neg', [x]))]), null] }
  }),
  operator('softplus(self:T, beta:S=1, threshold:S=20)', (g, a) => {
    const [x, beta, threshold] = [a.tensor('self'), a.number('beta'), a.number('threshold')]
    const steep = beta === 1 ? x : multiply(g, x, beta)
    const curve = softplus(g, steep)
    const made = beta === 1 ? curve : g.binary('Div', curve, scalar(g, x, beta))
    return g.where(g.binary('Greater', steep, scalar(g, x, threshold), 'BOOL'), x, made)
  }),
  operator('softshrink(self:T, lambd:S=0.5)', (g, a) => {
    const [x, lambda] = [a.tensor('self'), a.number('lambd')]
    const above = g.binary('Greater', x, scalar(g, x, lambda), 'BOOL')
    const below = g.binary('Less', x, scalar(g, x, -lambda), 'BOOL')
    return g.where(above, add(g, x, -lambda), g.where(below, add(g, x, lambda), scalar(g, x, 0)))
  }),
  operator('hardshrink(self:T, lambd:S=0.5)', (g, a) => {
    const [x, lambda] = [a.tensor('self'), a.number('lambd')]
    return g.where(g.binary('LessOrEqual', g.like('Abs', [x]), scalar(g, x, lambda), 'BOOL'), scalar(g, x, 0), x)
  }),
  operator('threshold(self:T, threshold:S, value:S)', (g, a) => {
    const x = a.tensor('self')
    const isLow = g.binary('LessOrEqual', x, g.scalar(a.scalar('threshold'), x.datatype), 'BOOL')
    return g.where(isLow, g.scalar(a.scalar('value'), x.datatype), x)
  }),
  operator('glu(self:T, dim:I=-1)', (g, a) => {
    const x = a.tensor('self')
    const axis = a.axis('dim', x.rank)
    const half = dimOf(x.shape, axis).floorDivide(2)
    const front = g.slice(x, axis, Dim.of(0), half, 1, half)
    return g.binary('Mul', front, sigmoid(g, g.slice(x, axis, half, half.times(2), 1, half)))
  }),
  operator('logit(self:T, eps:F?=None)', (g, a) => {
    const eps = a.optionalNumber('eps')
    const self = asFloat(g, a.tensor('self'))
    const x = eps === undefined ? self : bounded(g, self, eps, 1 - eps)
    return g.like('Log', [g.binary('Div', x, g.binary('Sub', scalar(g, x, 1), x))])
  }),
  operator('softmax.int(self:T, dim:I, dtype:D?=None)', softmaxOf('Softmax')),
  operator('special_softmax.int(self:T, dim:I, dtype:D?=None)', softmaxOf('Softmax')),
  operator('log_softmax.int(self:T, dim:I, dtype:D?=None)', softmaxOf('LogSoftmax')),
  operator('special_log_softmax.int(self:T, dim:I, *, dtype:D?=None)', softmaxOf('LogSoftmax')),
  operator('_softmax(self:T, dim:I, half_to_float:B)', decomposedSoftmax('Softmax')),
  operator('_safe_softmax(self:T, dim:I, dtype:D?=None)', (g, a) => {
    const x = a.tensor('self')
    const made = softmax(g, 'Softmax', x, a.dim('dim'), a.datatype('dtype'))
    // a row of nothing but minus infinities gives zeros
    const axis = a.axis('dim', x.rank)
    const rows = x.shape.map((dim, i) => (i === axis ? Dim.of(1) : dim))
    const most = g.op('ReduceMax', [x, g.ints([axis])], {}, x.datatype, rows)
    const isMasked = g.binary('Equal', most, scalar(g, x, -Infinity), 'BOOL')
    return g.where(isMasked, scalar(g, made, 0), made)
  }),
  operator('_log_softmax(self:T, dim:I, half_to_float:B)', decomposedSoftmax('LogSoftmax')),
  operator('dropout(input:T, p:F, train:B)', dropout, 'same'),
  operator('feature_dropout(input:T, p:F, train:B)', dropout, 'same'),
  operator('alpha_dropout(input:T, p:F, train:B)', dropout, 'same'),
  operator('feature_alpha_dropout(input:T, p:F, train:B)', dropout, 'same'),
  operator('native_dropout(input:T, p:F, train:B?)', (g, a) => ({ kind: 'tuple', items: [dropout(g, a), null] })),
]
