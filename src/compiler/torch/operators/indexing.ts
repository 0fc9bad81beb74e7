import { int, string } from '../../../onnx/index.ts'
import { Dim, product } from '../dim.ts'
import { dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments } from '../operator.ts'
import { tuple, unsupported, type TensorValue } from '../values.ts'
import { reducedShape } from './linear.ts'

/** Indices as ONNX takes them: INT64 or INT32, negative ones counted from the end. */
function indices(g: Lowering, value: TensorValue): TensorValue {
  if (value.datatype === 'INT64' || value.datatype === 'INT32') return value
  if (value.datatype === 'BOOL' || value.datatype.startsWith('FP'))
    throw unsupported(`an index by a ${value.datatype} tensor: how many places it picks hangs on the data`)
  return g.cast(value, 'INT64')
}

function gather(g: Lowering, x: TensorValue, at: TensorValue, axis: number): TensorValue {
  const shape = [...x.shape.slice(0, axis), ...at.shape, ...x.shape.slice(axis + 1)]
  return g.op('Gather', [x, indices(g, at)], { axis: int(axis) }, x.datatype, shape)
}

/** One element for each index, along an axis; the other axes go side by side. */
function gatherElements(g: Lowering, x: TensorValue, at: TensorValue, axis: number): TensorValue {
  if (x.rank === 0) return x
  // torch lets the source be longer along other axes
  const cut = x.shape.reduce((value, length, i) => {
    const size = dimOf(at.shape, i)
    return i === axis || size.equals(length) ? value : g.slice(value, i, Dim.of(0), size, 1, size)
  }, x)
  return g.op('GatherElements', [cut, indices(g, at)], { axis: int(axis) }, x.datatype, at.shape)
}

interface AdvancedIndex {
  /** The axes that tensors index, and those tensors made as large as each other. */
  readonly axes: readonly number[]
  readonly places: readonly TensorValue[]
  readonly shape: readonly Dim[]
}

/** `x[a, :, b]`: a tensor of indices, or nothing, for each of the first axes. */
function advanced(g: Lowering, x: TensorValue, given: readonly (TensorValue | undefined)[]): AdvancedIndex {
  if (given.length > x.rank) throw unsupported(`${given.length} indices into a tensor of rank ${x.rank}`)
  const axes = given.flatMap((value, axis) => (value === undefined ? [] : [axis]))
  const values = given.flatMap((value) => (value === undefined ? [] : [indices(g, value)]))
  return { axes, places: values, shape: g.broadcast(values.map((value) => value.shape)) }
}

function index(g: Lowering, x: TensorValue, given: readonly (TensorValue | undefined)[]): TensorValue {
  const { axes, places, shape } = advanced(g, x, given)
  const [first, only] = [axes[0], places[0]]
  if (first === undefined || only === undefined) return x
  if (axes.length === 1) return gather(g, x, only, first)
  const rest = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]))
  const front = g.transpose(x, [...axes, ...rest])
  const picked = g.op('GatherND', [front, tuples(g, x, axes, places, shape)], {}, x.datatype, [
    ...shape,
    ...rest.map((axis) => dimOf(x.shape, axis)),
  ])
  // where the indexed axes stand side by side, what they pick stands in their place; else in front
  const isTogether = axes.every((axis, i) => axis === first + i)
  if (!isTogether || first === 0) return picked
  const all = picked.shape.map((_, axis) => axis)
  const before = all.slice(shape.length, shape.length + first)
  return g.transpose(picked, [...before, ...all.slice(0, shape.length), ...all.slice(shape.length + first)])
}

/** Index tensors as rows of whole indices, none of them negative. */
function tuples(
  g: Lowering,
  x: TensorValue,
  axes: readonly number[],
  places: readonly TensorValue[],
  shape: readonly Dim[],
) {
  const columns = places.map((place, i) => {
    const wide = g.cast(place, 'INT64')
    const length = g.scalar(dimOf(x.shape, axes[i] ?? 0), 'INT64')
    const isNegative = g.binary('Less', wide, g.scalar(Dim.of(0), 'INT64'), 'BOOL')
    const positive = g.where(isNegative, g.binary('Add', wide, length), wide)
    return g.unsqueeze(g.expand(positive, shape), [shape.length])
  })
  return g.concat(columns, shape.length)
}

function indexPut(g: Lowering, a: Arguments): TensorValue {
  const x = a.tensor('self')
  const given = a.optionalTensors('indices')
  const [mask] = given
  const values = g.cast(a.tensor('values'), x.datatype)
  if (mask?.datatype === 'BOOL' && given.length === 1 && values.rank === 0 && !a.boolean('accumulate')) {
    const wide = g.reshape(mask, [...mask.shape, ...x.shape.slice(mask.rank).map(() => Dim.of(1))])
    return g.where(wide, values, x)
  }
  const { axes, places, shape } = advanced(g, x, given)
  if (axes.length === 0) return g.expand(values, x.shape)
  const isFront = axes.every((axis, i) => axis === i)
  if (!isFront) throw unsupported('a change of places of an inner axis by index')
  const rest = x.shape.slice(axes.length)
  const updates = g.expand(values, [...shape, ...rest])
  const reduction = a.boolean('accumulate') ? { reduction: string('add') } : {}
  return g.like('ScatterND', [x, tuples(g, x, axes, places, shape), updates], reduction)
}

function scatter(
  g: Lowering,
  x: TensorValue,
  axis: number,
  at: TensorValue,
  source: TensorValue,
  reduction?: string,
): TensorValue {
  const places = indices(g, at)
  const cut = source.shape.reduce((value, length, i) => {
    const size = dimOf(places.shape, i)
    return size.equals(length) ? value : g.slice(value, i, Dim.of(0), size, 1, size)
  }, source)
  const attributes = { axis: int(axis), ...(reduction === undefined ? {} : { reduction: string(reduction) }) }
  return g.like('ScatterElements', [x, places, g.cast(cut, x.datatype)], attributes)
}

function scatterOf(g: Lowering, a: Arguments, reduction?: string): TensorValue {
  const x = a.tensor('self')
  const at = a.tensor('index')
  if (x.rank === 0) throw unsupported('scatter into a scalar')
  const source = a.entries.has('src') ? a.tensor('src') : g.filled(a.operand('value'), x.datatype, at.shape)
  return scatter(g, x, a.axis('dim', x.rank), at, source, reduction)
}

/** ONNX's word for how what is scattered to one place is put together. */
function reductionOf(text: string): string {
  const words: Record<string, string> = {
    add: 'add',
    sum: 'add',
    multiply: 'mul',
    prod: 'mul',
    amax: 'max',
    amin: 'min',
  }
  const word = Object.hasOwn(words, text) ? words[text] : undefined
  if (word === undefined) throw unsupported(`scatter with the reduction ${text}`)
  return word
}

function oneHot(g: Lowering, a: Arguments): TensorValue {
  const x = a.tensor('self')
  const count = a.int('num_classes')
  if (count < 1) throw unsupported('one_hot without num_classes: how wide it is hangs on the data')
  return g.cast(g.binary('Equal', g.unsqueeze(x, [x.rank]), range(g, Dim.of(count)), 'BOOL'), 'INT64')
}

/** Rows of a table, put together: one bag for each row of two-dimensional indices, or for each stretch between offsets. */
function embeddingBag(g: Lowering, a: Arguments): TensorValue {
  const [weight, at] = [a.tensor('weight'), a.tensor('indices')]
  const [mode, padding] = [a.int('mode'), a.isNone('padding_idx') ? -1 : a.int('padding_idx')]
  const weights = a.optionalTensor('per_sample_weights')
  if (at.rank !== 1) throw unsupported('embedding_bag over indices that are no list')
  const rows = gather(g, weight, at, 0)
  const [count, width] = [dimOf(at.shape, 0), dimOf(weight.shape, 1)]
  const offsets = a.tensor('offsets')
  const ends = a.boolean('include_last_offset')
  const bags = ends ? dimOf(offsets.shape, 0).minus(1) : dimOf(offsets.shape, 0)
  // which index lies in which bag: [bags, indices]
  const order = g.unsqueeze(range(g, count), [0])
  const starts = ends ? g.slice(offsets, 0, Dim.of(0), bags, 1, bags) : offsets
  const wide = (value: TensorValue) => g.unsqueeze(g.cast(value, 'INT64'), [1])
  const last = Dim.of(1)
  const stops = ends
    ? g.slice(offsets, 0, Dim.of(1), bags.plus(1), 1, bags)
    : g.concat(
        [
          g.slice(g.cast(offsets, 'INT64'), 0, Dim.of(1), bags, 1, bags.minus(1)),
          g.reshape(g.scalar(count, 'INT64'), [last]),
        ],
        0,
      )
  const isIn = g.binary(
    'And',
    g.binary('GreaterOrEqual', order, wide(starts), 'BOOL'),
    g.binary('Less', order, wide(stops), 'BOOL'),
  )
  let member = g.cast(isIn, weight.datatype)
  if (padding >= 0) {
    const isReal = g.op(
      'Not',
      [g.binary('Equal', at, g.scalar(Dim.of(padding), at.datatype), 'BOOL')],
      {},
      'BOOL',
      at.shape,
    )
    member = g.binary('Mul', member, g.cast(g.unsqueeze(isReal, [0]), weight.datatype))
  }
  if (mode === 2) {
    const lowest = g.scalar(-Infinity, weight.datatype)
    const isMember = g.unsqueeze(g.cast(member, 'BOOL'), [2])
    const picked = g.where(isMember, g.unsqueeze(rows, [0]), lowest)
    const most = g.op('ReduceMax', [picked, g.ints([1])], { keepdims: int(0) }, weight.datatype, [bags, width])
    return g.where(g.binary('Equal', most, lowest, 'BOOL'), g.scalar(0, weight.datatype), most)
  }
  const factors = weights === undefined ? member : g.binary('Mul', member, g.unsqueeze(weights, [0]))
  const sums = g.op('MatMul', [factors, rows], {}, weight.datatype, [bags, width])
  if (mode === 0) return sums
  const sizes = g.op('ReduceSum', [member, g.ints([1])], {}, weight.datatype, reducedShape(member.shape, [1], true))
  return g.binary('Div', sums, g.binary('Max', sizes, g.scalar(1, weight.datatype)))
}

/** 0, 1, 2, … as many as a size says. */
export function range(g: Lowering, count: Dim): TensorValue {
  const known = count.constant
  if (known !== undefined && known <= 65_536)
    return g.numbers(
      'INT64',
      [known],
      Array.from({ length: known }, (_, i) => i),
    )
  const bound = (value: Dim) => g.scalar(value, 'INT64')
  return g.op('Range', [bound(Dim.of(0)), bound(count), bound(Dim.of(1))], {}, 'INT64', [count])
}

function embedding(g: Lowering, a: Arguments): TensorValue {
  const [weight, at] = [a.tensor('weight'), a.tensor('indices')]
  return gather(g, weight, at, 0)
}

const BAG =
  'weight:T, indices:T, offsets:T, scale_grad_by_freq:B=False, mode:I=0, sparse:B=False, per_sample_weights:T?=None'

export const INDEXING = [
  operator('embedding(weight:T, indices:T, padding_idx:I=-1, scale_grad_by_freq:B=False, sparse:B=False)', embedding),
  operator(`embedding_bag(${BAG}, include_last_offset:B=False, padding_idx:I?=None)`, (g, a) =>
    tuple([embeddingBag(g, a), null, null, null]),
  ),
  operator(`embedding_bag.padding_idx(${BAG}, include_last_offset:B, padding_idx:I?)`, (g, a) =>
    tuple([embeddingBag(g, a), null, null, null]),
  ),
  ...['_embedding_bag', '_embedding_bag_forward_only'].map((name) =>
    operator(`${name}(${BAG}, include_last_offset:B=False, padding_idx:I=-1)`, (g, a) =>
      tuple([embeddingBag(g, a), null, null, null]),
    ),
  ),
  operator('index.Tensor(self:T, indices:T[])', (g, a) => index(g, a.tensor('self'), a.optionalTensors('indices'))),
  operator('_unsafe_index.Tensor(self:T, indices:T[])', (g, a) =>
    index(g, a.tensor('self'), a.optionalTensors('indices')),
  ),
  operator('index_put.default(self:T, indices:T[], values:T, accumulate:B=False)', indexPut),
  operator('_unsafe_index_put.default(self:T, indices:T[], values:T, accumulate:B=False)', indexPut),
  operator('index_select(self:T, dim:I, index:T)', (g, a) => {
    const [x, at] = [a.tensor('self'), a.tensor('index')]
    return gather(g, x, at.rank === 0 ? g.unsqueeze(at, [0]) : at, a.axis('dim', x.rank))
  }),
  operator('gather(self:T, dim:I, index:T, *, sparse_grad:B=False)', (g, a) => {
    const x = a.tensor('self')
    return gatherElements(g, x, a.tensor('index'), a.axis('dim', x.rank))
  }),
  operator('take_along_dim(self:T, indices:T, dim:I?=None)', (g, a) => {
    const [given, at] = [a.tensor('self'), a.tensor('indices')]
    if (a.isNone('dim'))
      return gatherElements(g, g.reshape(given, [product(given.shape)]), g.reshape(at, [product(at.shape)]), 0)
    const axis = a.axis('dim', given.rank)
    const others = (value: TensorValue) => value.shape.map((dim, i) => (i === axis ? Dim.of(1) : dim))
    const shape = g.broadcast([others(given), others(at)])
    const wide = (value: TensorValue) =>
      g.expand(
        value,
        shape.map((dim, i) => (i === axis ? dimOf(value.shape, i) : dim)),
      )
    return gatherElements(g, wide(given), wide(at), axis)
  }),
  operator('scatter.src(self:T, dim:I, index:T, src:T)', (g, a) => scatterOf(g, a)),
  operator('scatter.value(self:T, dim:I, index:T, value:S)', (g, a) => scatterOf(g, a)),
  operator('scatter.reduce(self:T, dim:I, index:T, src:T, *, reduce:s)', (g, a) =>
    scatterOf(g, a, reductionOf(a.text('reduce'))),
  ),
  operator('scatter.value_reduce(self:T, dim:I, index:T, value:S, *, reduce:s)', (g, a) =>
    scatterOf(g, a, reductionOf(a.text('reduce'))),
  ),
  operator('scatter_add(self:T, dim:I, index:T, src:T)', (g, a) => scatterOf(g, a, 'add')),
  operator('scatter_reduce.two(self:T, dim:I, index:T, src:T, reduce:s, *, include_self:B=True)', (g, a) => {
    if (!a.boolean('include_self') || a.text('reduce') === 'mean')
      throw unsupported('scatter_reduce by mean or without the tensor itself')
    return scatterOf(g, a, reductionOf(a.text('reduce')))
  }),
  operator('index_add(self:T, dim:I, index:T, source:T, *, alpha:S=1)', (g, a) => {
    const [x, source] = [a.tensor('self'), a.tensor('source')]
    const axis = a.axis('dim', x.rank)
    const shape = source.shape.map((_, i) => (i === axis ? dimOf(source.shape, i) : Dim.of(1)))
    const at = g.expand(g.reshape(a.tensor('index'), shape), source.shape)
    if (a.number('alpha') !== 1) throw unsupported('index_add with alpha')
    return scatter(g, x, axis, at, source, 'add')
  }),
  operator('index_copy(self:T, dim:I, index:T, source:T)', (g, a) => {
    const [x, source] = [a.tensor('self'), a.tensor('source')]
    const axis = a.axis('dim', x.rank)
    const shape = source.shape.map((_, i) => (i === axis ? dimOf(source.shape, i) : Dim.of(1)))
    return scatter(g, x, axis, g.expand(g.reshape(a.tensor('index'), shape), source.shape), source)
  }),
  operator('index_fill.int_Scalar|int_Tensor(self:T, dim:I, index:T, value:TS)', (g, a) => {
    const [x, at] = [a.tensor('self'), a.tensor('index')]
    const axis = a.axis('dim', x.rank)
    const length = dimOf(at.shape, 0)
    const shape = x.shape.map((dim, i) => (i === axis ? length : dim))
    const places = g.expand(
      g.reshape(
        at,
        shape.map((dim, i) => (i === axis ? dim : Dim.of(1))),
      ),
      shape,
    )
    return scatter(g, x, axis, places, g.filled(a.operand('value'), x.datatype, shape))
  }),
  operator('one_hot(self:T, num_classes:I=-1)', oneHot),
  operator('take(self:T, index:T)', (g, a) =>
    gather(g, g.reshape(a.tensor('self'), [product(a.tensor('self').shape)]), a.tensor('index'), 0),
  ),
]
