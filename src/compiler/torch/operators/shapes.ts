import { Dim, product } from '../dim.ts'
import { axisOf, dimOf, shapeText, type Lowering } from '../lowering.ts'
import { operator, type Arguments, type Lower } from '../operator.ts'
import { list, unsupported, type TensorValue } from '../values.ts'

/** A shape with its -1 worked out. */
function resolved(x: TensorValue, sizes: readonly Dim[]): Dim[] {
  const open = sizes.flatMap((dim, i) => (dim.is(-1) ? [i] : []))
  const [at] = open
  const all = product(x.shape)
  if (open.length > 1) throw unsupported('a shape with more than one -1')
  const rest = product(sizes.filter((_, i) => i !== at))
  if (at === undefined) {
    if (all.constant !== undefined && rest.constant !== undefined && all.constant !== rest.constant)
      throw unsupported(`${shapeText(x.shape)} in the shape ${shapeText(sizes)}`)
    return [...sizes]
  }
  if (rest.is(0)) throw unsupported('an empty tensor in another shape')
  if (all.constant !== undefined && rest.constant !== undefined && all.constant % rest.constant !== 0)
    throw unsupported(`${shapeText(x.shape)} in the shape ${shapeText(sizes)}`)
  return sizes.map((dim, i) => (i === at ? all.floorDivide(rest) : dim))
}

const view =
  (name: string): Lower =>
  (g, a) => {
    const x = a.tensor('self')
    return g.reshape(x, resolved(x, a.dims(name)))
  }

/** Back to the base's shape. */
export const shapedBack = (g: Lowering, base: TensorValue, changed: TensorValue) => g.reshape(changed, base.shape)

export function flatten(g: Lowering, x: TensorValue, from: Dim | number, to: Dim | number): TensorValue {
  if (x.rank === 0) return g.reshape(x, [Dim.of(1)])
  const [start, end] = [axisOf(from, x.rank), axisOf(to, x.rank)]
  if (start === end) return x
  if (start > end) throw unsupported('flatten from a later axis to an earlier one')
  return g.reshape(x, [...x.shape.slice(0, start), product(x.shape.slice(start, end + 1)), ...x.shape.slice(end + 1)])
}

/** The order that undoes another. */
export function inverse(order: readonly number[]): number[] {
  const back: number[] = []
  for (const [i, axis] of order.entries()) back[axis] = i
  return back
}

function swapped(rank: number, a: Dim | number, b: Dim | number): number[] {
  const order = Array.from({ length: rank }, (_, i) => i)
  if (rank === 0) return order
  const [x, y] = [axisOf(a, rank), axisOf(b, rank)]
  order[x] = y
  order[y] = x
  return order
}

const swap = (g: Lowering, x: TensorValue, a: Dim | number, b: Dim | number) => g.transpose(x, swapped(x.rank, a, b))

function moved(x: TensorValue, a: Arguments): number[] {
  const from = a.dims('source').map((dim) => axisOf(dim, x.rank))
  const to = a.dims('destination').map((dim) => axisOf(dim, x.rank))
  const rest = x.shape.flatMap((_, axis) => (from.includes(axis) ? [] : [axis]))
  return x.shape.map((_, place) => {
    const at = to.indexOf(place)
    return (at >= 0 ? from[at] : rest.shift()) ?? 0
  })
}

/** Axes of size 1 among some; a size that hangs on the inputs is taken not to be 1. */
function single(g: Lowering, x: TensorValue, axes: readonly number[]): number[] {
  return axes.filter((axis) => {
    const dim = dimOf(x.shape, axis)
    if (dim.constant === undefined && dim.lowest <= 1)
      g.warnings.add('an axis whose size may vary is not squeezed away when its size is 1')
    return dim.is(1)
  })
}

export const everyAxis = (x: TensorValue) => x.shape.map((_, axis) => axis)

function expanded(g: Lowering, x: TensorValue, sizes: readonly Dim[]): TensorValue {
  const front = sizes.length - x.rank
  if (front < 0) throw unsupported(`a tensor of rank ${x.rank} expanded to rank ${sizes.length}`)
  const shape = sizes.map((dim, i) => {
    if (i < front) return dim
    const own = dimOf(x.shape, i - front)
    if (dim.is(-1) || dim.equals(own)) return own
    if (own.constant !== undefined && own.constant !== 1 && dim.constant !== undefined)
      throw unsupported(`${shapeText(x.shape)} expanded to ${shapeText(sizes)}`)
    return dim
  })
  return g.expand(x, shape)
}

function repeat(g: Lowering, x: TensorValue, repeats: readonly Dim[]): TensorValue {
  const front = repeats.length - x.rank
  if (front < 0) throw unsupported(`a tensor of rank ${x.rank} repeated along ${repeats.length} axes`)
  const wide = g.reshape(x, [...Array.from({ length: front }, () => Dim.of(1)), ...x.shape])
  const shape = wide.shape.map((dim, i) => dim.times(dimOf(repeats, i)))
  return repeats.every((dim) => dim.is(1)) ? wide : g.op('Tile', [wide, g.sizes(repeats)], {}, x.datatype, shape)
}

export const SHAPES = [
  operator('view(self:T, size:I[])', view('size'), shapedBack),
  operator('_unsafe_view(self:T, size:I[])', view('size')),
  operator('_reshape_alias(self:T, size:I[], stride:X)', view('size'), shapedBack),
  operator('reshape(self:T, shape:I[])', view('shape'), 'unknown'),
  operator('view_copy(self:T, size:I[])', view('size')),
  operator('view_as(self:T, other:T)', (g, a) => g.reshape(a.tensor('self'), a.tensor('other').shape), shapedBack),
  operator('reshape_as(self:T, other:T)', (g, a) => g.reshape(a.tensor('self'), a.tensor('other').shape), 'unknown'),
  operator(
    'flatten.using_ints(self:T, start_dim:I=0, end_dim:I=-1)',
    (g, a) => flatten(g, a.tensor('self'), a.dim('start_dim'), a.dim('end_dim')),
    'unknown',
  ),
  operator('ravel(self:T)', (g, a) => flatten(g, a.tensor('self'), 0, -1), 'unknown'),
  operator(
    'unflatten.int(self:T, dim:I, sizes:I[])',
    (g, a) => {
      const x = a.tensor('self')
      const axis = a.axis('dim', x.rank)
      const sizes = a.dims('sizes')
      const inner = resolved(g.reshape(x, x.shape), [...x.shape.slice(0, axis), ...sizes, ...x.shape.slice(axis + 1)])
      return g.reshape(x, inner)
    },
    shapedBack,
  ),
  operator(
    'permute(self:T, dims:I[])',
    (g, a) => g.transpose(a.tensor('self'), a.axes('dims', a.tensor('self').rank)),
    (g, _, changed, a) => g.transpose(changed, inverse(a.axes('dims', changed.rank))),
  ),
  operator('permute_copy(self:T, dims:I[])', (g, a) =>
    g.transpose(a.tensor('self'), a.axes('dims', a.tensor('self').rank)),
  ),
  ...['transpose.int', 'swapdims', 'swapaxes'].map((name) => {
    const [first, second] = name === 'swapaxes' ? ['axis0', 'axis1'] : ['dim0', 'dim1']
    return operator(
      `${name}(self:T, ${first}:I, ${second}:I)`,
      (g, a) => swap(g, a.tensor('self'), a.dim(first), a.dim(second)),
      (g, _, changed, a) => swap(g, changed, a.dim(first), a.dim(second)),
    )
  }),
  operator(
    't(self:T)',
    (g, a) => (a.tensor('self').rank < 2 ? a.tensor('self') : swap(g, a.tensor('self'), 0, 1)),
    (g, _, changed) => (changed.rank < 2 ? changed : swap(g, changed, 0, 1)),
  ),
  operator(
    'mT(self:T)',
    (g, a) => swap(g, a.tensor('self'), -1, -2),
    (g, _, changed) => swap(g, changed, -1, -2),
  ),
  operator(
    'adjoint(self:T)',
    (g, a) => swap(g, a.tensor('self'), -1, -2),
    (g, _, changed) => swap(g, changed, -1, -2),
  ),
  operator(
    'numpy_T(self:T)',
    (g, a) => g.transpose(a.tensor('self'), everyAxis(a.tensor('self')).reverse()),
    (g, _, changed) => g.transpose(changed, everyAxis(changed).reverse()),
  ),
  operator(
    'movedim.int|intlist(self:T, source:I[], destination:I[])',
    (g, a) => g.transpose(a.tensor('self'), moved(a.tensor('self'), a)),
    (g, base, changed, a) => g.transpose(changed, inverse(moved(base, a))),
  ),
  operator(
    'unsqueeze(self:T, dim:I)',
    (g, a) => g.unsqueeze(a.tensor('self'), [a.axis('dim', a.tensor('self').rank + 1)]),
    shapedBack,
  ),
  operator(
    'squeeze(self:T)',
    (g, a) => g.squeeze(a.tensor('self'), single(g, a.tensor('self'), everyAxis(a.tensor('self')))),
    shapedBack,
  ),
  operator(
    'squeeze.dim|dims(self:T, dim:I[])',
    (g, a) => {
      const x = a.tensor('self')
      return g.squeeze(
        x,
        single(
          g,
          x,
          a
            .dims('dim')
            .map((dim) => axisOf(dim, x.rank))
            .filter((axis) => axis < x.rank),
        ),
      )
    },
    shapedBack,
  ),
  operator(
    'expand(self:T, size:I[], *, implicit:B=False)',
    (g, a) => expanded(g, a.tensor('self'), a.dims('size')),
    'unknown',
  ),
  operator('expand_copy(self:T, size:I[], *, implicit:B=False)', (g, a) =>
    expanded(g, a.tensor('self'), a.dims('size')),
  ),
  operator('expand_as(self:T, other:T)', (g, a) => expanded(g, a.tensor('self'), a.tensor('other').shape), 'unknown'),
  operator('broadcast_to(self:T, size:I[])', (g, a) => expanded(g, a.tensor('self'), a.dims('size')), 'unknown'),
  operator('broadcast_tensors(tensors:T[])', (g, a) => {
    const values = a.tensors('tensors')
    const shape = g.broadcast(values.map((value) => value.shape))
    return list(values.map((value) => g.expand(value, shape)))
  }),
  operator('repeat(self:T, repeats:I[])', (g, a) => repeat(g, a.tensor('self'), a.dims('repeats'))),
  operator('tile(self:T, dims:I[])', (g, a) => {
    const x = a.tensor('self')
    const dims = a.dims('dims')
    return repeat(g, x, [...Array.from({ length: Math.max(0, x.rank - dims.length) }, () => Dim.of(1)), ...dims])
  }),
]
