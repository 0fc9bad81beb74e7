import { int } from '../../../onnx/index.ts'
import { Dim } from '../dim.ts'
import { dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments, type Lower, type Piece } from '../operator.ts'
import { list, unsupported, type TensorValue } from '../values.ts'
import { everyAxis, inverse } from './shapes.ts'

/** Beyond this, the end of a slice means the end of the axis. */
export const TO_THE_END = 2 ** 53

/** Pieces of these lengths along an axis. */
export function pieces(g: Lowering, x: TensorValue, axis: number, lengths: readonly Dim[]): TensorValue[] {
  let start = Dim.of(0)
  return lengths.map((length) => {
    const end = start.plus(length)
    const piece = g.slice(x, axis, start, end, 1, length)
    start = end
    return piece
  })
}

function split(g: Lowering, a: Arguments): TensorValue[] {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  const size = a.dim('split_size')
  const all = dimOf(x.shape, axis)
  if (size.equals(all)) return [x]
  const [length, step] = [all.constant, size.constant]
  if (length !== undefined && step !== undefined && step > 0) {
    if (Math.ceil(length / step) > 10_000) throw unsupported('a tensor split into over 10,000 pieces')
    const lengths = Array.from({ length: Math.max(1, Math.ceil(length / step)) }, (_, i) =>
      Dim.of(Math.min(step, length - i * step)),
    )
    return pieces(g, x, axis, lengths)
  }
  // as many pieces as a whole number says, whatever the inputs
  const count = all.floorDivide(size)
  if (count.constant === undefined || !count.times(size).equals(all))
    throw unsupported('a split into a number of pieces that hangs on the input')
  return pieces(
    g,
    x,
    axis,
    Array.from({ length: count.constant }, () => size),
  )
}

function chunk(g: Lowering, a: Arguments): TensorValue[] {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  const [count, all] = [a.int('chunks'), dimOf(x.shape, axis)]
  if (count < 1 || count > 10_000) throw unsupported(`a tensor in ${count} chunks`)
  const length = all.constant
  if (length !== undefined) {
    const step = Math.ceil(length / count)
    const total = step === 0 ? count : Math.ceil(length / step)
    return pieces(
      g,
      x,
      axis,
      Array.from({ length: total }, (_, i) => Dim.of(Math.min(step, length - i * step))),
    )
  }
  const step = all.floorDivide(count)
  if (!step.times(count).equals(all)) throw unsupported('chunks whose number hangs on the input')
  return pieces(
    g,
    x,
    axis,
    Array.from({ length: count }, () => step),
  )
}

function tensorSplit(g: Lowering, a: Arguments): TensorValue[] {
  const x = a.tensor('self')
  const axis = a.axis('dim', x.rank)
  const length = dimOf(x.shape, axis).constant
  if (length === undefined) throw unsupported('tensor_split of an axis whose size hangs on the input')
  let ends: number[]
  if (a.entries.has('indices')) {
    ends = [...a.ints('indices').map((end) => Math.min(length, end < 0 ? end + length : end)), length]
  } else {
    const count = a.int('sections')
    if (count < 1 || count > 10_000) throw unsupported(`a tensor in ${count} sections`)
    const large = length % count
    const small = Math.floor(length / count)
    ends = Array.from({ length: count }, (_, i) => (i + 1) * small + Math.min(i + 1, large))
  }
  let start = 0
  return ends.map((end) => {
    const piece = g.slice(x, axis, Dim.of(start), Dim.of(end), 1, Dim.of(Math.max(0, end - start)))
    start = end
    return piece
  })
}

function unbind(g: Lowering, x: TensorValue, axis: number): TensorValue[] {
  const count = dimOf(x.shape, axis).constant
  if (count === undefined || count > 10_000)
    throw unsupported('unbind of an axis whose size hangs on the input or is over 10,000')
  return Array.from({ length: count }, (_, i) => select(g, x, axis, Dim.of(i)))
}

/** One place of an axis, which goes away. */
export function select(g: Lowering, x: TensorValue, axis: number, index: Dim): TensorValue {
  const shape = x.shape.filter((_, i) => i !== axis)
  const size = dimOf(x.shape, axis).constant
  const at = index.constant
  if (at !== undefined && size !== undefined && (at < -size || at >= size))
    throw unsupported(`place ${at} of an axis of size ${size}`)
  if (index.constant === undefined) {
    const place = g.op('Squeeze', [g.sizes([index])], {}, 'INT64', [])
    return g.op('Gather', [x, place], { axis: int(axis) }, x.datatype, shape)
  }
  return g.op('Gather', [x, g.numbers('INT64', [], [index.constant])], { axis: int(axis) }, x.datatype, shape)
}

export interface Range {
  readonly start: Dim
  readonly end: Dim
  readonly size: Dim
}

/** Where a slice begins and ends, as torch counts, and how many places it has. */
export function rangeOf(length: Dim, from: Dim | undefined, to: Dim | undefined, step: number): Range {
  if (step < 1) throw unsupported(`a slice in steps of ${step}`)
  const clamp = (value: Dim): Dim => {
    const { constant } = value
    if (constant !== undefined && constant >= TO_THE_END) return length
    if (constant !== undefined && constant < 0) {
      const moved_ = length.plus(constant)
      return moved_.compare(0) === -1 ? Dim.of(0) : moved_
    }
    const order = value.compare(length)
    if (order !== undefined) return order > 0 ? length : value
    // a size that hangs on the inputs and ends elsewhere than the axis does is taken to lie within
    return value.constant === undefined ? value : value.smaller(length)
  }
  const start = from === undefined ? Dim.of(0) : clamp(from)
  const end = to === undefined ? length : clamp(to)
  const span = end.minus(start)
  const size = span.compare(0) === -1 ? Dim.of(0) : step === 1 ? span : span.plus(step - 1).floorDivide(step)
  return { start, end, size }
}

function sliceRange(a: Arguments, x: TensorValue): Range & { axis: number; step: number } {
  const axis = a.axis('dim', x.rank)
  const bound = (name: string) => (a.isNone(name) ? undefined : a.dim(name))
  const step = a.int('step')
  return { axis, step, ...rangeOf(dimOf(x.shape, axis), bound('start'), bound('end'), step) }
}

const slice: Lower = (g, a) => {
  const x = a.tensor('self')
  if (x.rank === 0) throw unsupported('a slice of a scalar')
  const { axis, step, start, end, size } = sliceRange(a, x)
  if (start.is(0) && step === 1 && size.equals(dimOf(x.shape, axis))) return x
  return g.slice(x, axis, start, end, step, size)
}

/** A tensor with some of its places along an axis taken from another. */
export function replaced(
  g: Lowering,
  base: TensorValue,
  source: TensorValue,
  axis: number,
  { start, end, size }: Range,
  step: number,
): TensorValue {
  const length = dimOf(base.shape, axis)
  const changed = g.cast(source, base.datatype)
  if (step === 1) {
    const parts = [changed]
    if (!start.is(0)) parts.unshift(g.slice(base, axis, Dim.of(0), start, 1, start))
    if (!end.equals(length)) parts.push(g.slice(base, axis, end, Dim.of(TO_THE_END), 1, length.minus(end)))
    return g.concat(parts, axis)
  }
  const [first, count] = [start.constant, size.constant]
  if (first === undefined || count === undefined)
    throw unsupported('a change of every few places of an axis whose size hangs on the input')
  const places = Array.from({ length: count }, (_, i) => first + i * step)
  const order = [axis, ...everyAxis(base).filter((other) => other !== axis)]
  const front = g.transpose(base, order)
  const rows = g.numbers('INT64', [places.length, 1], places)
  const scattered = g.like('ScatterND', [front, rows, g.transpose(changed, order)])
  return g.transpose(scattered, inverse(order))
}

function selectBack(g: Lowering, base: TensorValue, changed: TensorValue, axis: number, index: Dim): TensorValue {
  const length = dimOf(base.shape, axis)
  const at = index.constant !== undefined && index.constant < 0 ? length.plus(index) : index
  return replaced(g, base, g.unsqueeze(changed, [axis]), axis, { start: at, end: at.plus(1), size: Dim.of(1) }, 1)
}

/** The tensor with one of its pieces along an axis changed. */
const pieceBack = (g: Lowering, base: TensorValue, changed: TensorValue, a: Arguments, { index, all }: Piece) => {
  const axis = a.axis('dim', base.rank)
  const start = all.slice(0, index).reduce((sum, piece) => sum.plus(dimOf(piece.shape, axis)), Dim.of(0))
  const size = dimOf(changed.shape, axis)
  return replaced(g, base, changed, axis, { start, end: start.plus(size), size }, 1)
}

export const SLICES = [
  operator('split.Tensor(self:T, split_size:I, dim:I=0)', (g, a) => list(split(g, a)), pieceBack),
  operator('unsafe_split.Tensor(self:T, split_size:I, dim:I=0)', (g, a) => list(split(g, a)), pieceBack),
  ...['split.sizes', 'split_with_sizes', 'split_with_sizes_copy', 'unsafe_split_with_sizes'].map((name) =>
    operator(
      `${name}(self:T, split_${name === 'split.sizes' ? 'size' : 'sizes'}:I[], dim:I=0)`,
      (g, a) => {
        const x = a.tensor('self')
        const sizes = a.dims(name === 'split.sizes' ? 'split_size' : 'split_sizes')
        return list(pieces(g, x, a.axis('dim', x.rank), sizes))
      },
      pieceBack,
    ),
  ),
  operator('chunk(self:T, chunks:I, dim:I=0)', (g, a) => list(chunk(g, a)), pieceBack),
  operator('unsafe_chunk(self:T, chunks:I, dim:I=0)', (g, a) => list(chunk(g, a)), pieceBack),
  operator('tensor_split.sections(self:T, sections:I, dim:I=0)', (g, a) => list(tensorSplit(g, a)), pieceBack),
  operator('tensor_split.indices(self:T, indices:I[], dim:I=0)', (g, a) => list(tensorSplit(g, a)), pieceBack),
  operator(
    'unbind.int(self:T, dim:I=0)',
    (g, a) => list(unbind(g, a.tensor('self'), a.axis('dim', a.tensor('self').rank))),
    (g, base, changed, a, { index }) => selectBack(g, base, changed, a.axis('dim', base.rank), Dim.of(index)),
  ),
  operator('unbind_copy.int(self:T, dim:I=0)', (g, a) =>
    list(unbind(g, a.tensor('self'), a.axis('dim', a.tensor('self').rank))),
  ),
  operator(
    'select.int(self:T, dim:I, index:I)',
    (g, a) => select(g, a.tensor('self'), a.axis('dim', a.tensor('self').rank), a.dim('index')),
    (g, base, changed, a) => selectBack(g, base, changed, a.axis('dim', base.rank), a.dim('index')),
  ),
  operator('select_copy.int(self:T, dim:I, index:I)', (g, a) =>
    select(g, a.tensor('self'), a.axis('dim', a.tensor('self').rank), a.dim('index')),
  ),
  operator('select_scatter(self:T, src:T, dim:I, index:I)', (g, a) =>
    selectBack(g, a.tensor('self'), a.tensor('src'), a.axis('dim', a.tensor('self').rank), a.dim('index')),
  ),
  operator('slice.Tensor(self:T, dim:I=0, start:I?=None, end:I?=None, step:I=1)', slice, (g, base, changed, a) => {
    const { axis, step, ...range } = sliceRange(a, base)
    return replaced(g, base, changed, axis, range, step)
  }),
  operator('slice_copy.Tensor(self:T, dim:I=0, start:I?=None, end:I?=None, step:I=1)', slice),
  operator('slice_scatter(self:T, src:T, dim:I=0, start:I?=None, end:I?=None, step:I=1)', (g, a) => {
    const { axis, step, ...range } = sliceRange(a, a.tensor('self'))
    return replaced(g, a.tensor('self'), a.tensor('src'), axis, range, step)
  }),
  operator(
    'narrow(self:T, dim:I, start:I, length:I)',
    (g, a) => {
      const x = a.tensor('self')
      const axis = a.axis('dim', x.rank)
      const [start, length] = [a.dim('start'), a.dim('length')]
      const from = start.constant !== undefined && start.constant < 0 ? dimOf(x.shape, axis).plus(start) : start
      return g.slice(x, axis, from, from.plus(length), 1, length)
    },
    'unknown',
  ),
]
