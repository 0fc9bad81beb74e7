import { float, int } from '../../../onnx/index.ts'
import { Dim, product } from '../dim.ts'
import { dimOf, type Lowering } from '../lowering.ts'
import { operator, type Lower } from '../operator.ts'
import { tuple, unsupported, type TensorValue } from '../values.ts'
import { alike, reducedShape } from './linear.ts'

/** Mean over axes, which stay with size 1. */
function mean(g: Lowering, x: TensorValue, axes: readonly number[]): TensorValue {
  return g.op('ReduceMean', [x, g.ints(axes)], {}, x.datatype, reducedShape(x.shape, axes, true))
}

/** Moved and scaled to mean 0 and variance 1 over axes. */
function standardized(g: Lowering, x: TensorValue, axes: readonly number[], eps: number): TensorValue {
  const centred = g.binary('Sub', x, mean(g, x, axes))
  const variance = mean(g, g.binary('Mul', centred, centred), axes)
  return g.binary('Div', centred, g.like('Sqrt', [g.binary('Add', variance, g.scalar(eps, x.datatype))]))
}

/** Times a weight and plus a bias for each channel, the second axis. */
function perChannel(g: Lowering, x: TensorValue, weight: TensorValue | undefined, bias: TensorValue | undefined) {
  const wide = (value: TensorValue) =>
    x.rank > 2
      ? g.unsqueeze(
          value,
          Array.from({ length: x.rank - 2 }, (_, i) => i + 1),
        )
      : value
  const scaled = weight === undefined ? x : g.binary('Mul', x, wide(weight))
  return bias === undefined ? scaled : g.binary('Add', scaled, wide(bias))
}

interface BatchNorm {
  readonly weight: TensorValue | undefined
  readonly bias: TensorValue | undefined
  readonly mean: TensorValue | undefined
  readonly variance: TensorValue | undefined
  readonly eps: number
}

function batchNorm(g: Lowering, x: TensorValue, { weight, bias, mean: centre, variance, eps }: BatchNorm): TensorValue {
  if (x.rank < 2) throw unsupported(`batch_norm over a tensor of rank ${x.rank}`)
  if (centre === undefined || variance === undefined) {
    const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]))
    if (!dimOf(x.shape, 0).is(1))
      g.warnings.add('a batch_norm without running statistics: what one row gives hangs on the others of its batch')
    return perChannel(g, standardized(g, x, axes, eps), weight, bias)
  }
  alike(x, centre, 'batch_norm')
  const channels = dimOf(centre.shape, 0)
  if (channels.constant !== undefined) g.expect(dimOf(x.shape, 1), channels.constant, 'the channels of batch_norm')
  const filled = (value: TensorValue | undefined, number: number) => value ?? g.filled(number, x.datatype, [channels])
  const inputs: [TensorValue, ...TensorValue[]] = [x, filled(weight, 1), filled(bias, 0), centre, variance]
  return g.like('BatchNormalization', inputs, { epsilon: float(eps) })
}

const batch: Lower = (g, a) => {
  const stats = [a.optionalTensor('running_mean'), a.optionalTensor('running_var')]
  const training = a.entries.get('training') === true
  if (training && stats[0] !== undefined)
    throw unsupported(
      'batch_norm changes its running statistics: the model was exported in training mode; call model.eval() first',
    )
  return batchNorm(g, a.tensor('input'), {
    weight: a.optionalTensor('weight'),
    bias: a.optionalTensor('bias'),
    mean: training ? undefined : stats[0],
    variance: training ? undefined : stats[1],
    eps: a.number('eps'),
  })
}

/** Gives its result alone: the statistics that come with it are for training. */
function withStatistics(lower: Lower): Lower {
  return (g, a) => tuple([lower(g, a), null, null])
}

const layer: Lower = (g, a) => {
  const x = a.tensor('input')
  const sizes = a.dims('normalized_shape')
  const [weight, bias] = [a.optionalTensor('weight'), a.optionalTensor('bias')]
  const first = x.rank - sizes.length
  if (first < 0) throw unsupported(`layer_norm over ${sizes.length} axes of a tensor of rank ${x.rank}`)
  for (const [i, size] of sizes.entries())
    if (size.constant !== undefined) g.expect(dimOf(x.shape, first + i), size.constant, 'the axis of layer_norm')
  const scale = weight ?? g.filled(1, x.datatype, sizes)
  const inputs: [TensorValue, ...TensorValue[]] = bias === undefined ? [x, scale] : [x, scale, bias]
  return g.like('LayerNormalization', inputs, { axis: int(first), epsilon: float(a.number('eps')) })
}

/** Normalized over each of some groups of channels. */
function grouped(g: Lowering, x: TensorValue, groups: number, eps: number): TensorValue {
  if (x.rank < 2) throw unsupported(`group_norm over a tensor of rank ${x.rank}`)
  const [rows, channels] = [dimOf(x.shape, 0), dimOf(x.shape, 1)]
  if (channels.constant !== undefined && (groups < 1 || channels.constant % groups !== 0))
    throw unsupported(`group_norm of ${channels.constant} channels in ${groups} groups`)
  const flat = g.reshape(x, [rows, Dim.of(groups), product(x.shape.slice(1)).floorDivide(groups)])
  return g.reshape(standardized(g, flat, [2], eps), x.shape)
}

const group: Lower = (g, a) => {
  const x = a.tensor('input')
  const made = grouped(g, x, a.int('num_groups'), a.number('eps'))
  return perChannel(g, made, a.optionalTensor('weight'), a.optionalTensor('bias'))
}

const instance: Lower = (g, a) => {
  const x = a.tensor('input')
  const [weight, bias, eps] = [a.optionalTensor('weight'), a.optionalTensor('bias'), a.number('eps')]
  const [centre, variance] = [a.optionalTensor('running_mean'), a.optionalTensor('running_var')]
  if (!a.boolean('use_input_stats')) return batchNorm(g, x, { weight, bias, mean: centre, variance, eps })
  if (centre !== undefined)
    throw unsupported(
      'instance_norm changes its running statistics: the model was exported in training mode; call model.eval() first',
    )
  const axes = Array.from({ length: x.rank - 2 }, (_, i) => i + 2)
  return perChannel(g, standardized(g, x, axes, eps), weight, bias)
}

const NATIVE = 'input:T, weight:T?, bias:T?'

export const NORMS = [
  operator(
    'batch_norm(input:T, weight:T?, bias:T?, running_mean:T?, running_var:T?, training:B, momentum:F, eps:F, cudnn_enabled:B=False)',
    batch,
  ),
  operator(
    `native_batch_norm(${NATIVE}, running_mean:T?, running_var:T?, training:B, momentum:F, eps:F)`,
    withStatistics(batch),
  ),
  operator(
    `_native_batch_norm_legit_no_training(${NATIVE}, running_mean:T, running_var:T, momentum:F, eps:F)`,
    withStatistics(batch),
  ),
  operator(`_native_batch_norm_legit.no_stats(${NATIVE}, training:B, momentum:F, eps:F)`, (g, a) =>
    tuple([
      batchNorm(g, a.tensor('input'), {
        weight: a.optionalTensor('weight'),
        bias: a.optionalTensor('bias'),
        mean: undefined,
        variance: undefined,
        eps: a.number('eps'),
      }),
      null,
      null,
    ]),
  ),
  operator(
    'layer_norm(input:T, normalized_shape:I[], weight:T?=None, bias:T?=None, eps:F=1e-5, cudnn_enable:B=True)',
    layer,
  ),
  operator('native_layer_norm(input:T, normalized_shape:I[], weight:T?, bias:T?, eps:F)', withStatistics(layer)),
  operator('group_norm(input:T, num_groups:I, weight:T?=None, bias:T?=None, eps:F=1e-5, cudnn_enabled:B=True)', group),
  operator('native_group_norm(input:T, weight:T?, bias:T?, N:I, C:I, HxW:I, group:I, eps:F)', (g, a) => {
    const made = grouped(g, a.tensor('input'), a.int('group'), a.number('eps'))
    return tuple([perChannel(g, made, a.optionalTensor('weight'), a.optionalTensor('bias')), null, null])
  }),
  operator(
    'instance_norm(input:T, weight:T?, bias:T?, running_mean:T?, running_var:T?, use_input_stats:B, momentum:F, eps:F, cudnn_enabled:B)',
    instance,
  ),
  operator('rms_norm(input:T, normalized_shape:I[], weight:T?=None, eps:F?=None)', (g, a) => {
    const x = a.tensor('input')
    const count = a.dims('normalized_shape').length
    const axes = Array.from({ length: count }, (_, i) => x.rank - count + i)
    const eps = a.optionalNumber('eps') ?? (x.datatype === 'FP64' ? 2 ** -52 : 2 ** -23)
    const squares = g.binary('Add', mean(g, g.binary('Mul', x, x), axes), g.scalar(eps, x.datatype))
    const made = g.binary('Div', x, g.like('Sqrt', [squares]))
    const weight = a.optionalTensor('weight')
    return weight === undefined ? made : g.binary('Mul', made, weight)
  }),
  operator('_weight_norm(v:T, g:T, dim:I=0)', (g, a) => {
    const v = a.tensor('v')
    const dim = a.int('dim')
    const axes = v.shape.flatMap((_, axis) => (axis === dim ? [] : [axis]))
    const norm = g.op('ReduceL2', [v, g.ints(axes)], {}, v.datatype, reducedShape(v.shape, axes, true))
    return g.binary('Mul', v, g.binary('Div', a.tensor('g'), norm))
  }),
]
