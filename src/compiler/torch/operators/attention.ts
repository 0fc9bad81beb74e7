import { int } from '../../../onnx/index.ts'
import { Dim } from '../dim.ts'
import { dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments, type Lower } from '../operator.ts'
import { tuple, unsupported, type TensorValue } from '../values.ts'
import { softmax } from './activations.ts'
import { range } from './indexing.ts'
import { linear, matmul } from './linear.ts'

interface Mask {
  /** Added where of floats; of bools, true lets through. */
  readonly mask: TensorValue | undefined
  readonly isCausal: boolean
}

/** Softmax of queries by keys, over the values: [..., queries, width]. */
function attend(
  g: Lowering,
  q: TensorValue,
  k: TensorValue,
  v: TensorValue,
  { mask, isCausal }: Mask,
  scale?: number,
): { output: TensorValue; weights: TensorValue } {
  const width = dimOf(q.shape, q.rank - 1).constant
  if (scale === undefined && width === undefined) throw unsupported('attention whose width hangs on the input')
  const factor = scale ?? 1 / Math.sqrt(width ?? 1)
  const order = k.shape.map((_, axis) => (axis < k.rank - 2 ? axis : k.rank - 1 - (axis - (k.rank - 2))))
  let scores = matmul(g, g.binary('Mul', q, g.scalar(factor, q.datatype)), g.transpose(k, order))
  const lowest = g.scalar(-Infinity, q.datatype)
  if (isCausal) {
    const rows = g.unsqueeze(range(g, dimOf(q.shape, q.rank - 2)), [1])
    const isSeen = g.binary('GreaterOrEqual', rows, range(g, dimOf(k.shape, k.rank - 2)), 'BOOL')
    scores = g.where(isSeen, scores, lowest)
  }
  if (mask !== undefined)
    scores =
      mask.datatype === 'BOOL' ? g.where(mask, scores, lowest) : g.binary('Add', scores, g.cast(mask, q.datatype))
  let weights = softmax(g, 'Softmax', scores, -1)
  if (mask !== undefined) {
    // a query that sees nothing gives zeros
    const rows = [...scores.shape.slice(0, -1), Dim.of(1)]
    const most = g.op('ReduceMax', [scores, g.ints([-1])], {}, q.datatype, rows)
    weights = g.where(g.binary('Equal', most, lowest, 'BOOL'), g.scalar(0, q.datatype), weights)
  }
  return { output: matmul(g, weights, v), weights }
}

/** Keys or values repeated so that each group of query heads has its own. */
function perHead(g: Lowering, x: TensorValue, q: TensorValue): TensorValue {
  const [have, want] = [dimOf(x.shape, x.rank - 3), dimOf(q.shape, q.rank - 3)]
  if (have.equals(want)) return x
  const times = want.floorDivide(have)
  const axis = x.rank - 3
  const wide = g.unsqueeze(x, [axis + 1])
  const open = g.expand(
    wide,
    wide.shape.map((dim, i) => (i === axis + 1 ? times : dim)),
  )
  return g.reshape(
    open,
    x.shape.map((dim, i) => (i === axis ? want : dim)),
  )
}

const attention: Lower = (g, a) => {
  if (a.number('dropout_p') > 0)
    throw unsupported('dropout is on: the model was exported in training mode; call model.eval() first')
  const q = a.tensor('query')
  const isGrouped = a.entries.get('enable_gqa') === true
  const shared = (name: string) => (isGrouped ? perHead(g, a.tensor(name), q) : a.tensor(name))
  const mask = {
    mask: a.entries.has('attn_mask') ? a.optionalTensor('attn_mask') : undefined,
    isCausal: a.boolean('is_causal'),
  }
  return attend(g, q, shared('key'), shared('value'), mask, a.optionalNumber('scale')).output
}

interface Heads {
  readonly count: number
  readonly inWeight: TensorValue
  readonly inBias: TensorValue
  readonly outWeight: TensorValue
  readonly outBias: TensorValue
}

/** Several heads over one input, batch first; true in a mask shuts out. */
function selfAttention(
  g: Lowering,
  x: TensorValue,
  heads: Heads,
  mask: TensorValue | undefined,
  maskType: number | undefined,
): { output: TensorValue; weights: TensorValue } {
  const [rows, length, width] = [dimOf(x.shape, 0), dimOf(x.shape, 1), dimOf(x.shape, 2)]
  const projected = linear(g, x, heads.inWeight, heads.inBias)
  const parts = [0, 1, 2].map((i) => {
    const part = g.slice(projected, 2, width.times(i), width.times(i + 1), 1, width)
    const open = g.reshape(part, [rows, length, Dim.of(heads.count), width.floorDivide(heads.count)])
    return g.transpose(open, [0, 2, 1, 3])
  })
  const [q, k, v] = parts as [TensorValue, TensorValue, TensorValue]
  const made = attend(g, q, k, v, { mask: mask && openMask(g, mask, maskType), isCausal: false })
  const joined = g.reshape(g.transpose(made.output, [0, 2, 1, 3]), [rows, length, width])
  return { output: linear(g, joined, heads.outWeight, heads.outBias), weights: made.weights }
}

/** A mask that shuts out, over pairs (0) or over keys (1), as one that lets through. */
function openMask(g: Lowering, mask: TensorValue, type: number | undefined): TensorValue {
  const open = mask.datatype === 'BOOL' ? g.op('Not', [mask], {}, 'BOOL', mask.shape) : mask
  if (type === 1 && mask.rank === 2) return g.unsqueeze(open, [1, 2])
  if (type === 0 && mask.rank === 2) return open
  if (mask.rank === 4) return open
  throw unsupported('attention with a mask of an unknown form')
}

/** torch's shortcut for a whole layer of an encoder in evaluation. */
const encoderLayer: Lower = (g, a) => {
  const x = a.tensor('src')
  const heads = {
    count: a.int('num_heads'),
    inWeight: a.tensor('qkv_weight'),
    inBias: a.tensor('qkv_bias'),
    outWeight: a.tensor('proj_weight'),
    outBias: a.tensor('proj_bias'),
  }
  const isFirst = a.boolean('norm_first')
  const norm = (value: TensorValue, i: 1 | 2) =>
    g.like('LayerNormalization', [value, a.tensor(`norm_weight_${i}`), a.tensor(`norm_bias_${i}`)], epsilon(a))
  const mask = a.optionalTensor('mask')
  const type = a.isNone('mask_type') ? undefined : a.int('mask_type')
  const attended = selfAttention(g, isFirst ? norm(x, 1) : x, heads, mask, type).output
  const middle = g.binary('Add', attended, x)
  const between = isFirst ? middle : norm(middle, 1)
  const wide = linear(g, isFirst ? norm(between, 2) : between, a.tensor('ffn_weight_1'), a.tensor('ffn_bias_1'))
  const bent = a.boolean('use_gelu') ? gelu(g, wide) : g.like('Relu', [wide])
  const end = g.binary('Add', linear(g, bent, a.tensor('ffn_weight_2'), a.tensor('ffn_bias_2')), between)
  return isFirst ? end : norm(end, 2)
}

function epsilon(a: Arguments) {
  return { axis: { type: 'int', value: -1n }, epsilon: { type: 'float', value: Math.fround(a.number('eps')) } } as const
}

function gelu(g: Lowering, x: TensorValue): TensorValue {
  const error = g.like('Erf', [g.binary('Mul', x, g.scalar(Math.SQRT1_2, x.datatype))])
  const grown = g.binary('Mul', x, g.binary('Add', error, g.scalar(1, x.datatype)))
  return g.binary('Mul', grown, g.scalar(0.5, x.datatype))
}

const multiHead: Lower = (g, a) => {
  const [q, k, v] = ['query', 'key', 'value'].map((name) => a.tensor(name)) as [TensorValue, TensorValue, TensorValue]
  if (q.name !== k.name || q.name !== v.name)
    throw unsupported('_native_multi_head_attention over different inputs; export with torch.export')
  const heads = {
    count: a.int('num_head'),
    inWeight: a.tensor('qkv_weight'),
    inBias: a.tensor('qkv_bias'),
    outWeight: a.tensor('proj_weight'),
    outBias: a.tensor('proj_bias'),
  }
  const type = a.isNone('mask_type') ? undefined : a.int('mask_type')
  const { output, weights } = selfAttention(g, q, heads, a.optionalTensor('mask'), type)
  if (!a.boolean('need_weights')) return tuple([output, null])
  if (!a.boolean('average_attn_weights')) return tuple([output, weights])
  const shape = [dimOf(weights.shape, 0), dimOf(weights.shape, 2), dimOf(weights.shape, 3)]
  const mean = g.op('ReduceMean', [weights, g.ints([1])], { keepdims: int(0) }, weights.datatype, shape)
  return tuple([output, mean])
}

const LAYER = [1, 2].map((i) => `norm_weight_${i}:T, norm_bias_${i}:T`).join(', ')
const FEED = [1, 2].map((i) => `ffn_weight_${i}:T, ffn_bias_${i}:T`).join(', ')
const PROJECT = 'qkv_weight:T, qkv_bias:T, proj_weight:T, proj_bias:T'
const QKV = 'query:T, key:T, value:T'

export const ATTENTION = [
  operator(
    `scaled_dot_product_attention(${QKV}, attn_mask:T?=None, dropout_p:F=0, is_causal:B=False, *, scale:F?=None, enable_gqa:B=False)`,
    attention,
  ),
  operator(
    `_scaled_dot_product_flash_attention_for_cpu(${QKV}, dropout_p:F=0, is_causal:B=False, *, attn_mask:T?=None, scale:F?=None)`,
    (g, a) => tuple([attention(g, a), null]),
  ),
  operator(
    `_scaled_dot_product_attention_math(${QKV}, attn_mask:T?=None, dropout_p:F=0, is_causal:B=False, dropout_mask:X?=None, *, scale:F?=None, enable_gqa:B=False)`,
    (g, a) => tuple([attention(g, a), null]),
  ),
  operator(
    `_transformer_encoder_layer_fwd(src:T, embed_dim:I, num_heads:I, ${PROJECT}, use_gelu:B, norm_first:B, eps:F, ${LAYER}, ${FEED}, mask:T?=None, mask_type:I?=None)`,
    encoderLayer,
  ),
  operator(
    `_native_multi_head_attention(${QKV}, embed_dim:I, num_head:I, ${PROJECT}, mask:T?=None, need_weights:B=True, average_attn_weights:B=True, mask_type:I?=None)`,
    multiHead,
  ),
]
