import { int, ints, type OnnxAttribute } from '../../../onnx/index.ts'
import { Dim } from '../dim.ts'
import { dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments, type Lower } from '../operator.ts'
import { unsupported, type TensorValue } from '../values.ts'
import { single } from './arithmetic.ts'
import { alike } from './linear.ts'

interface Convolution {
  readonly stride: readonly number[]
  readonly padding: readonly (readonly [before: number, after: number])[]
  readonly dilation: readonly number[]
  readonly groups: number
}

/** How long an axis is after a window of `kernel` has walked over it. */
export function windows(size: Dim, kernel: number, stride: number, padding: number, dilation: number): Dim {
  return size
    .plus(padding - dilation * (kernel - 1) - 1)
    .floorDivide(stride)
    .plus(1)
}

/** Runs on a batch of one where the model gives a sample without one. */
function batched(g: Lowering, x: TensorValue, rank: number, run: (x: TensorValue) => TensorValue): TensorValue {
  if (x.rank === rank) return run(x)
  if (g.isGuessing || x.rank !== rank - 1)
    throw unsupported(`a convolution of rank ${rank} over a tensor of rank ${x.rank}`)
  const made = run(g.unsqueeze(x, [0]))
  return g.squeeze(made, [0])
}

function convolve(
  g: Lowering,
  input: TensorValue,
  weight: TensorValue,
  bias: TensorValue | undefined,
  { stride, padding, dilation, groups }: Convolution,
): TensorValue {
  alike(single(input, 'convolution'), weight, 'convolution')
  return batched(g, input, weight.rank, (x) => {
    g.expect(dimOf(x.shape, 1), constant(dimOf(weight.shape, 1)) * groups, 'the channels of a convolution')
    const kernel = weight.shape.slice(2).map(constant)
    const spatial = kernel.map((size, i) => {
      const [before = 0, after = 0] = padding[i] ?? []
      return windows(dimOf(x.shape, i + 2), size, stride[i] ?? 1, before + after, dilation[i] ?? 1)
    })
    const attributes = {
      kernel_shape: ints(kernel),
      strides: ints(stride),
      dilations: ints(dilation),
      pads: ints([...padding.map(([before]) => before), ...padding.map(([, after]) => after)]),
      group: int(groups),
    }
    const inputs = bias === undefined ? [x, weight] : [x, weight, bias]
    return g.op('Conv', inputs, attributes, x.datatype, [dimOf(x.shape, 0), dimOf(weight.shape, 0), ...spatial])
  })
}

function deconvolve(
  g: Lowering,
  input: TensorValue,
  weight: TensorValue,
  bias: TensorValue | undefined,
  { stride, padding, dilation, groups }: Convolution,
  outputPadding: readonly number[],
): TensorValue {
  alike(single(input, 'convolution'), weight, 'convolution')
  return batched(g, input, weight.rank, (x) => {
    g.expect(dimOf(x.shape, 1), constant(dimOf(weight.shape, 0)), 'the channels of a transposed convolution')
    const kernel = weight.shape.slice(2).map(constant)
    const spatial = kernel.map((size, i) => {
      const [before = 0, after = 0] = padding[i] ?? []
      const reach = (dilation[i] ?? 1) * (size - 1) + (outputPadding[i] ?? 0) + 1 - before - after
      return dimOf(x.shape, i + 2)
        .minus(1)
        .times(stride[i] ?? 1)
        .plus(reach)
    })
    const attributes: Record<string, OnnxAttribute> = {
      kernel_shape: ints(kernel),
      strides: ints(stride),
      dilations: ints(dilation),
      pads: ints([...padding.map(([before]) => before), ...padding.map(([, after]) => after)]),
      output_padding: ints(outputPadding),
      group: int(groups),
    }
    const inputs = bias === undefined ? [x, weight] : [x, weight, bias]
    const channels = dimOf(weight.shape, 1).times(groups)
    return g.op('ConvTranspose', inputs, attributes, x.datatype, [dimOf(x.shape, 0), channels, ...spatial])
  })
}

function constant(dim: Dim): number {
  if (dim.constant === undefined) throw unsupported("a convolution's weight hangs on the size of an input")
  return dim.constant
}

/** Stride, padding, dilation and groups of a call, for as many axes. */
function settings(a: Arguments, rank: number, weight: TensorValue): Convolution {
  const count = rank
  const stride = a.ints('stride', count)
  const dilation = a.ints('dilation', count)
  const groups = a.int('groups')
  if ([...stride, ...dilation, groups].some((value) => value < 1)) throw unsupported('a convolution with steps below 1')
  return { stride, dilation, groups, padding: paddingOf(a, count, weight, dilation) }
}

function paddingOf(a: Arguments, count: number, weight: TensorValue, dilation: readonly number[]): [number, number][] {
  const given = a.value('padding')
  if (given === 'valid') return Array.from({ length: count }, () => [0, 0])
  if (given === 'same')
    return dilation.map((step, i) => {
      const total = step * (constant(dimOf(weight.shape, i + 2)) - 1)
      return [Math.floor(total / 2), total - Math.floor(total / 2)]
    })
  if (typeof given === 'string') throw unsupported(`a convolution with the padding ${given}`)
  return a.ints('padding', count).map((size) => {
    if (size < 0) throw unsupported('a convolution with negative padding')
    return [size, size]
  })
}

const forward: Lower = (g, a) => {
  const weight = a.tensor('weight')
  return convolve(g, a.tensor('input'), weight, a.optionalTensor('bias'), settings(a, weight.rank - 2, weight))
}

const transposed: Lower = (g, a) => {
  const weight = a.tensor('weight')
  const count = weight.rank - 2
  const how = settings(a, count, weight)
  return deconvolve(g, a.tensor('input'), weight, a.optionalTensor('bias'), how, a.ints('output_padding', count))
}

const either: Lower = (g, a) => (a.boolean('transposed') ? transposed(g, a) : forward(g, a))

const TAIL = 'stride:I[]=1, padding:I[]=0, dilation:I[]=1, groups:I=1'
const NAMED = 'stride:I[]=1, padding:s=valid, dilation:I[]=1, groups:I=1'
const BACK = 'stride:I[]=1, padding:I[]=0, output_padding:I[]=0, groups:I=1, dilation:I[]=1'
const ALL = 'stride:I[], padding:I[], dilation:I[], transposed:B, output_padding:I[], groups:I'

export const CONVOLUTIONS = [
  ...['conv1d', 'conv2d', 'conv3d'].flatMap((name) => [
    operator(`${name}(input:T, weight:T, bias:T?=None, ${TAIL})`, forward),
    operator(`${name}.padding(input:T, weight:T, bias:T?=None, ${NAMED})`, forward),
  ]),
  operator(`conv_transpose1d(input:T, weight:T, bias:T?=None, ${BACK})`, transposed),
  operator(`conv_transpose2d.input(input:T, weight:T, bias:T?=None, ${BACK})`, transposed),
  operator(`conv_transpose3d.input(input:T, weight:T, bias:T?=None, ${BACK})`, transposed),
  operator(`convolution(input:T, weight:T, bias:T?, ${ALL})`, either),
  operator(
    `_convolution(input:T, weight:T, bias:T?, ${ALL}, benchmark:B=False, deterministic:B=False, cudnn_enabled:B=False, allow_tf32:B=False)`,
    either,
  ),
  operator('_convolution_mode(input:T, weight:T, bias:T?, stride:I[], padding:s, dilation:I[], groups:I)', forward),
]
