import { int } from '../../../onnx/index.ts'
import type { NumericDatatype } from '../../../tensor/datatype.ts'
import { promote } from '../datatypes.ts'
import { Dim, product } from '../dim.ts'
import { axisOf, checkCount, dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments } from '../operator.ts'
import { list, unsupported, type TensorValue } from '../values.ts'
import { everyAxis, flatten, shapedBack } from './shapes.ts'
import { pieces, TO_THE_END } from './slices.ts'

/** All in the datatype in which they meet; empty one-dimensional ones are left out, as torch does. */
export function concatenated(g: Lowering, given: readonly TensorValue[], dim: Dim | number): TensorValue {
  const values = given.filter(
    (value) => value.rank !== 1 || !dimOf(value.shape, 0).is(0) || given.every((other) => other.rank === 1),
  )
  const [first] = values
  if (first === undefined) throw unsupported('nothing to concatenate')
  const datatype = values.reduce<NumericDatatype>((all, value) => promote(all, value.datatype), first.datatype)
  const axis = axisOf(dim, first.rank)
  for (const value of values) {
    if (value.rank !== first.rank) throw unsupported(`tensors of rank ${first.rank} and ${value.rank} concatenated`)
    for (const [i, size] of value.shape.entries())
      if (i !== axis) {
        const other = dimOf(first.shape, i)
        if (size.constant !== undefined) g.expect(other, size.constant, 'concatenation')
        else if (other.constant !== undefined) g.pin(size, other.constant)
      }
  }
  return g.concat(
    values.map((value) => g.cast(value, datatype)),
    axis,
  )
}

const stacked = (g: Lowering, values: readonly TensorValue[], dim: Dim | number) => {
  const axis = axisOf(dim, (values[0]?.rank ?? 0) + 1)
  return concatenated(
    g,
    values.map((value) => g.unsqueeze(value, [axis])),
    axis,
  )
}

/** At least of that rank: axes of size 1 stand around. */
function atLeast(g: Lowering, x: TensorValue, rank: number): TensorValue {
  if (x.rank >= rank) return x
  const one = Dim.of(1)
  if (x.rank === 0)
    return g.reshape(
      x,
      Array.from({ length: rank }, () => one),
    )
  const front = x.rank === 1 ? [one, ...x.shape] : [...x.shape]
  return g.reshape(x, rank === 2 ? front : rank === 1 ? x.shape : [...front, one])
}

function diagonal(g: Lowering, a: Arguments): TensorValue {
  const x = a.tensor('self')
  const [first, second] = [a.axis('dim1', x.rank), a.axis('dim2', x.rank)]
  const [rows, columns] = [dimOf(x.shape, first).constant, dimOf(x.shape, second).constant]
  const offset = a.int('offset')
  if (rows === undefined || columns === undefined) throw unsupported('a diagonal of axes whose sizes hang on the input')
  const count = Math.max(0, Math.min(rows - Math.max(0, -offset), columns - Math.max(0, offset)))
  checkCount(count, 'a diagonal')
  const order = [...everyAxis(x).filter((axis) => axis !== first && axis !== second), first, second]
  const front = g.transpose(x, order)
  const flat = g.reshape(front, [...front.shape.slice(0, -2), Dim.of(rows * columns)])
  const places = Array.from({ length: count }, (_, i) => (i + Math.max(0, -offset)) * columns + i + Math.max(0, offset))
  const shape = [...flat.shape.slice(0, -1), Dim.of(count)]
  return g.op('Gather', [flat, g.numbers('INT64', [count], places)], { axis: int(flat.rank - 1) }, x.datatype, shape)
}

function flip(g: Lowering, x: TensorValue, axes: readonly number[]): TensorValue {
  if (axes.length === 0) return x
  const ones = (value: number) => g.ints(axes.map(() => value))
  // beyond the first place, whatever the size
  return g.op('Slice', [x, ones(-1), ones(-TO_THE_END), g.ints(axes), ones(-1)], {}, x.datatype, x.shape)
}

function roll(g: Lowering, a: Arguments): TensorValue {
  const x = a.tensor('self')
  const axes = a.dims('dims')
  const shifts = a.ints('shifts')
  if (axes.length === 0) {
    const flat = flatten(g, x, 0, -1)
    return g.reshape(rolled(g, flat, 0, shifts[0] ?? 0), x.shape)
  }
  return axes.reduce((value, axis, i) => rolled(g, value, axisOf(axis, x.rank), shifts[i] ?? 0), x)
}

function rolled(g: Lowering, x: TensorValue, axis: number, shift: number): TensorValue {
  const length = dimOf(x.shape, axis)
  const by = length.constant === undefined ? shift : length.constant === 0 ? 0 : shift % length.constant
  if (by === 0) return x
  // by is counted from the end where positive, from the front where negative
  const cut = by > 0 ? length.minus(by) : Dim.of(-by)
  const [front, back] = pieces(g, x, axis, [cut, length.minus(cut)])
  if (front === undefined || back === undefined) return x
  return g.concat([back, front], axis)
}

function triangle(g: Lowering, a: Arguments, isUpper: boolean): TensorValue {
  const x = a.tensor('self')
  const by: NumericDatatype = ['FP32', 'FP64', 'INT64'].includes(x.datatype)
    ? x.datatype
    : x.datatype === 'FP16'
      ? 'FP32'
      : 'INT64'
  const inputs: [TensorValue, TensorValue] = [g.cast(x, by), g.numbers('INT64', [], [a.int('diagonal')])]
  return g.cast(g.like('Trilu', inputs, { upper: int(isUpper ? 1 : 0) }), x.datatype)
}

function repeatInterleave(g: Lowering, a: Arguments): TensorValue {
  const given = a.tensor('self')
  const x = a.isNone('dim') ? flatten(g, given, 0, -1) : given
  const axis = a.isNone('dim') ? 0 : a.axis('dim', x.rank)
  const count = a.dim('repeats')
  const wide = g.unsqueeze(x, [axis + 1])
  const shape = wide.shape.map((dim, i) => (i === axis + 1 ? count : dim))
  const target = x.shape.map((dim, i) => (i === axis ? dim.times(count) : dim))
  return g.reshape(g.expand(wide, shape), target)
}

/** Windows along one axis, side by side on a new last axis. */
function unfold(g: Lowering, a: Arguments): TensorValue {
  const x = a.tensor('self')
  const axis = a.axis('dimension', x.rank)
  const [size, step, length] = [a.int('size'), a.int('step'), dimOf(x.shape, axis).constant]
  if (length === undefined) throw unsupported('unfold of an axis whose size hangs on the input')
  if (step < 1 || size < 0 || size > length) throw unsupported(`unfold of ${length} places in windows of ${size}`)
  const count = Math.floor((length - size) / step) + 1
  checkCount(count * size, 'unfold')
  const places = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size))
  const shape = [...x.shape.slice(0, axis), Dim.of(count), Dim.of(size), ...x.shape.slice(axis + 1)]
  const picked = g.op('Gather', [x, g.numbers('INT64', [count, size], places)], { axis: int(axis) }, x.datatype, shape)
  const order = picked.shape.flatMap((_, i) => (i === axis + 1 ? [] : [i]))
  return g.transpose(picked, [...order, axis + 1])
}

export const ARRANGEMENTS = [
  operator('repeat_interleave.self_int(self:T, repeats:I, dim:I?=None, *, output_size:X?=None)', repeatInterleave),
  ...['cat', 'concat', 'concatenate'].map((name) =>
    operator(`${name}(tensors:T[], dim:I=0)`, (g, a) => concatenated(g, a.tensors('tensors'), a.dim('dim'))),
  ),
  operator('stack(tensors:T[], dim:I=0)', (g, a) => stacked(g, a.tensors('tensors'), a.dim('dim'))),
  operator('hstack(tensors:T[])', (g, a) => {
    const values = a.tensors('tensors').map((value) => atLeast(g, value, 1))
    return concatenated(g, values, values[0]?.rank === 1 ? 0 : 1)
  }),
  operator('vstack(tensors:T[])', (g, a) =>
    concatenated(
      g,
      a.tensors('tensors').map((value) => atLeast(g, value, 2)),
      0,
    ),
  ),
  operator('dstack(tensors:T[])', (g, a) =>
    concatenated(
      g,
      a.tensors('tensors').map((value) => atLeast(g, value, 3)),
      2,
    ),
  ),
  operator('column_stack(tensors:T[])', (g, a) =>
    concatenated(
      g,
      a
        .tensors('tensors')
        .map((value) => (value.rank < 2 ? g.reshape(value, [product(value.shape), Dim.of(1)]) : value)),
      1,
    ),
  ),
  ...[1, 2, 3].flatMap((rank) => [
    operator(`atleast_${rank}d(self:T)`, (g, a) => atLeast(g, a.tensor('self'), rank), shapedBack),
    operator(`atleast_${rank}d.Sequence(tensors:T[])`, (g, a) =>
      list(a.tensors('tensors').map((value) => atLeast(g, value, rank))),
    ),
  ]),
  operator('diagonal(self:T, offset:I=0, dim1:I=0, dim2:I=1)', (g, a) => diagonal(g, a), 'unknown'),
  operator('diagonal_copy(self:T, offset:I=0, dim1:I=0, dim2:I=1)', (g, a) => diagonal(g, a)),
  operator('flip(self:T, dims:I[])', (g, a) =>
    flip(
      g,
      a.tensor('self'),
      a.dims('dims').map((dim) => axisOf(dim, a.tensor('self').rank)),
    ),
  ),
  operator('fliplr(self:T)', (g, a) => flip(g, a.tensor('self'), [1])),
  operator('flipud(self:T)', (g, a) => flip(g, a.tensor('self'), [0])),
  operator('roll(self:T, shifts:I[], dims:I[]=[])', roll),
  operator('tril(self:T, diagonal:I=0)', (g, a) => triangle(g, a, false)),
  operator('triu(self:T, diagonal:I=0)', (g, a) => triangle(g, a, true)),
  operator('unfold(self:T, dimension:I, size:I, step:I)', unfold, 'unknown'),
  operator('unfold_copy(self:T, dimension:I, size:I, step:I)', unfold),
  operator('meshgrid.default|indexing(tensors:T[], *, indexing:s=ij)', (g, a) => {
    const values = a.tensors('tensors').map((value) => g.reshape(value, [product(value.shape)]))
    const isXy = a.text('indexing') === 'xy' && values.length >= 2
    const order = values.map((_, i) => (isXy && i < 2 ? 1 - i : i))
    const shape = order.map((i) => product(values[i]?.shape ?? []))
    return list(
      values.map((value, i) => {
        const at = order.indexOf(i)
        return g.expand(
          g.reshape(
            value,
            shape.map((dim, axis) => (axis === at ? dim : Dim.of(1))),
          ),
          shape,
        )
      }),
    )
  }),
  operator('pixel_shuffle(self:T, upscale_factor:I)', (g, a) => {
    const x = a.tensor('self')
    const factor = a.int('upscale_factor')
    const [channels, height, width] = x.shape.slice(-3)
    if (channels === undefined || height === undefined || width === undefined)
      throw unsupported(`pixel_shuffle of rank ${x.rank}`)
    const front = x.shape.slice(0, -3)
    const [c, r] = [channels.floorDivide(factor * factor), Dim.of(factor)]
    const open = g.reshape(x, [...front, c, r, r, height, width])
    const n = front.length
    const turned = g.transpose(open, [...front.map((_, i) => i), n, n + 3, n + 1, n + 4, n + 2])
    return g.reshape(turned, [...front, c, height.times(factor), width.times(factor)])
  }),
  operator('pixel_unshuffle(self:T, downscale_factor:I)', (g, a) => {
    const x = a.tensor('self')
    const factor = a.int('downscale_factor')
    const [channels, height, width] = x.shape.slice(-3)
    if (channels === undefined || height === undefined || width === undefined)
      throw unsupported(`pixel_unshuffle of rank ${x.rank}`)
    const front = x.shape.slice(0, -3)
    const [h, w, r] = [height.floorDivide(factor), width.floorDivide(factor), Dim.of(factor)]
    const open = g.reshape(x, [...front, channels, h, r, w, r])
    const n = front.length
    const turned = g.transpose(open, [...front.map((_, i) => i), n, n + 2, n + 4, n + 1, n + 3])
    return g.reshape(turned, [...front, channels.times(factor * factor), h, w])
  }),
  ...['channel_shuffle', 'native_channel_shuffle'].map((name) =>
    operator(`${name}(self:T, groups:I)`, (g, a) => {
      const x = a.tensor('self')
      const groups = a.int('groups')
      const inner = dimOf(x.shape, 1).floorDivide(groups)
      const open = g.reshape(x, [dimOf(x.shape, 0), Dim.of(groups), inner, ...x.shape.slice(2)])
      return g.reshape(g.transpose(open, [0, 2, 1, ...everyAxis(open).slice(3)]), x.shape)
    }),
  ),
]
