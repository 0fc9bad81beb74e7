import { float, int, string } from '../../../onnx/index.ts'
import { Dim } from '../dim.ts'
import { checkCount, dimOf, type Lowering } from '../lowering.ts'
import { operator, type Arguments, type Lower } from '../operator.ts'
import { unsupported, type TensorValue } from '../values.ts'
import { TO_THE_END } from './slices.ts'
import { single } from './arithmetic.ts'

/** Widths before and after each axis; torch names the last axis first. */
function widths(x: TensorValue, given: readonly number[]): { before: number[]; after: number[] } {
  if (given.length % 2 !== 0 || given.length / 2 > x.rank)
    throw unsupported(`padding by ${given.length} widths of a tensor of rank ${x.rank}`)
  const before = x.shape.map(() => 0)
  const after = x.shape.map(() => 0)
  for (let i = 0; i < given.length / 2; i++) {
    before[x.rank - 1 - i] = given[2 * i] ?? 0
    after[x.rank - 1 - i] = given[2 * i + 1] ?? 0
  }
  return { before, after }
}

/** Negative widths cut off. */
function padded(g: Lowering, x: TensorValue, given: readonly number[], mode: string, value = 0): TensorValue {
  const { before, after } = widths(x, given)
  const cut = x.shape.reduce((made, length, axis) => {
    const [front, back] = [Math.max(0, -(before[axis] ?? 0)), Math.max(0, -(after[axis] ?? 0))]
    if (front === 0 && back === 0) return made
    const size = length.minus(front + back)
    return g.slice(made, axis, Dim.of(front), back === 0 ? Dim.of(TO_THE_END) : Dim.of(-back), 1, size)
  }, x)
  const [front, back] = [before.map((width) => Math.max(0, width)), after.map((width) => Math.max(0, width))]
  if ([...front, ...back].every((width) => width === 0)) return cut
  const shape = cut.shape.map((dim, axis) => dim.plus((front[axis] ?? 0) + (back[axis] ?? 0)))
  if (mode === 'circular') return circular(g, cut, front, back)
  const pads = g.ints([...front, ...back])
  const words: Record<string, string> = { constant: 'constant', reflect: 'reflect', replicate: 'edge' }
  const word = Object.hasOwn(words, mode) ? words[mode] : undefined
  if (word === undefined) throw unsupported(`padding in the mode ${mode}`)
  const wide = g.computable(cut)
  const inputs = word === 'constant' ? [wide, pads, g.scalar(value, wide.datatype)] : [wide, pads]
  return g.cast(g.op('Pad', inputs, { mode: string(word) }, wide.datatype, shape), x.datatype)
}

/** Each axis goes on where it began. */
function circular(g: Lowering, x: TensorValue, before: readonly number[], after: readonly number[]): TensorValue {
  return x.shape.reduce((value, length, axis) => {
    const [front, back] = [before[axis] ?? 0, after[axis] ?? 0]
    const parts = [value]
    if (front > 0) parts.unshift(g.slice(value, axis, Dim.of(-front), Dim.of(TO_THE_END), 1, Dim.of(front)))
    if (back > 0) parts.push(g.slice(value, axis, Dim.of(0), Dim.of(back), 1, Dim.of(back)))
    if (length.constant !== undefined && Math.max(front, back) > length.constant)
      throw unsupported('circular padding wider than the axis')
    return g.concat(parts, axis)
  }, x)
}

const pad: Lower = (g, a) => padded(g, a.tensor('self'), a.ints('pad'), a.text('mode'), a.optionalNumber('value') ?? 0)

function modePad(mode: string): Lower {
  return (g, a) => padded(g, a.tensor('self'), a.ints('padding'), mode)
}

interface Resize {
  readonly mode: 'nearest' | 'linear' | 'cubic'
  readonly alignsCorners: boolean
  readonly isExact: boolean
  /** How many trailing axes change. */
  readonly axes: number
}

/** To given sizes, or by given factors, which torch then keeps for finding the places. */
function resized(
  g: Lowering,
  x: TensorValue,
  a: Arguments,
  { mode, alignsCorners, isExact, axes }: Resize,
): TensorValue {
  single(x, 'interpolation')
  if (x.rank !== axes + 2) throw unsupported(`interpolation over ${axes} axes of a tensor of rank ${x.rank}`)
  const scales = scalesOf(a, axes)
  const sizes = a.isNone('output_size') || !a.entries.has('output_size') ? undefined : a.dims('output_size')
  const spatial = Array.from({ length: axes }, (_, i) => {
    const length = dimOf(x.shape, i + 2)
    const size = sizes?.[i]
    if (size !== undefined) return size
    const scale = scales?.[i]
    if (scale === undefined) throw unsupported('interpolation without sizes and without factors')
    if (length.constant !== undefined) return Dim.of(Math.floor(length.constant * scale))
    if (Number.isInteger(scale)) return length.times(scale)
    throw unsupported('interpolation by a fraction of an axis whose size hangs on the input')
  })
  const transformation = alignsCorners
    ? 'align_corners'
    : mode === 'nearest'
      ? isExact
        ? 'half_pixel'
        : 'asymmetric'
      : 'pytorch_half_pixel'
  const attributes = {
    mode: string(mode),
    coordinate_transformation_mode: string(transformation),
    nearest_mode: string(isExact ? 'round_prefer_ceil' : 'floor'),
    cubic_coeff_a: float(-0.75),
  }
  const shape = [...x.shape.slice(0, 2), ...spatial]
  const usesScales = scales !== undefined && !alignsCorners && scalesFit(x, spatial, scales)
  if (usesScales) {
    const factors = g.numbers('FP32', [axes + 2], [1, 1, ...scales])
    return g.op('Resize', [x, '', factors], attributes, x.datatype, shape)
  }
  return g.op('Resize', [x, '', '', g.sizes(shape)], attributes, x.datatype, shape)
}

/** Whether the engine, given factors, comes to the same sizes. */
function scalesFit(x: TensorValue, spatial: readonly Dim[], scales: readonly number[]): boolean {
  return spatial.every((size, i) => {
    const [length, scale] = [dimOf(x.shape, i + 2), Math.fround(scales[i] ?? 1)]
    if (length.constant === undefined) return Number.isInteger(scale) && size.equals(length.times(scale))
    return size.constant === Math.floor(Math.fround(length.constant * scale))
  })
}

function scalesOf(a: Arguments, axes: number): number[] | undefined {
  const names = ['scales_d', 'scales_h', 'scales_w'].slice(3 - axes)
  if (a.entries.has('scale_factors')) {
    if (a.isNone('scale_factors')) return undefined
    return a.list('scale_factors').items.map((item) => (item instanceof Dim ? (item.constant ?? 1) : Number(item)))
  }
  const given = (a.entries.has('scales') ? ['scales'] : names).map((name) =>
    a.entries.has(name) ? a.optionalNumber(name) : undefined,
  )
  return given.every((scale) => scale !== undefined) ? given : undefined
}

function upsampling(name: string, how: Resize) {
  const corners = how.mode === 'nearest' ? '' : ', align_corners:B'
  const factors =
    how.axes === 1
      ? 'scales:F?=None'
      : ['scales_d:F?=None', 'scales_h:F?=None', 'scales_w:F?=None'].slice(3 - how.axes).join(', ')
  const lower: Lower = (g, a) =>
    resized(g, a.tensor(a.entries.has('self') ? 'self' : 'input'), a, {
      ...how,
      alignsCorners: a.entries.get('align_corners') === true,
    })
  return [
    operator(`${name}(self:T, output_size:I[]${corners}, ${factors})`, lower),
    operator(`${name}.vec(input:T, output_size:I[]?${corners}, scale_factors:F[]?)`, lower),
  ]
}

/** Blocks of an image side by side, as columns. */
function columns(g: Lowering, a: Arguments): TensorValue {
  const given = a.tensor('self')
  const [kernel, dilation, padding, stride] = ['kernel_size', 'dilation', 'padding', 'stride'].map((name) =>
    a.ints(name, 2),
  ) as [number[], number[], number[], number[]]
  const isBare = given.rank === 3
  const x = isBare ? g.unsqueeze(given, [0]) : given
  if (x.rank !== 4) throw unsupported(`im2col of a tensor of rank ${given.rank}`)
  const [top = 0, left = 0] = padding
  const wide = padded(g, x, [left, left, top, top], 'constant')
  const places = [0, 1].map((i) => {
    const length = dimOf(wide.shape, i + 2).constant
    if (length === undefined) throw unsupported('im2col of an image whose size hangs on the input')
    const [size = 1, step = 1, spread = 1] = [kernel[i], stride[i], dilation[i]]
    const count = Math.max(0, Math.floor((length - spread * (size - 1) - 1) / step) + 1)
    checkCount(size * count, 'im2col')
    return {
      size,
      count,
      values: Array.from({ length: size * count }, (_, at) => Math.floor(at / count) * spread + (at % count) * step),
    }
  })
  const [rows, cols] = places
  if (rows === undefined || cols === undefined) return x
  const pick = (value: TensorValue, axis: number, { size, count, values }: typeof rows) => {
    const shape = [...value.shape.slice(0, axis), Dim.of(size), Dim.of(count), ...value.shape.slice(axis + 1)]
    return g.op(
      'Gather',
      [value, g.numbers('INT64', [size, count], values)],
      { axis: int(axis) },
      value.datatype,
      shape,
    )
  }
  const blocks = pick(pick(wide, 2, rows), 4, cols) // [batch, channels, kh, h, kw, w]
  const turned = g.transpose(blocks, [0, 1, 2, 4, 3, 5])
  const made = g.reshape(turned, [
    dimOf(x.shape, 0),
    dimOf(x.shape, 1).times(rows.size * cols.size),
    Dim.of(rows.count * cols.count),
  ])
  return isBare ? g.squeeze(made, [0]) : made
}

const plain = { alignsCorners: false, isExact: false }

export const RESIZING = [
  operator('pad(self:T, pad:I[], mode:s=constant, value:F?=None)', pad),
  operator('constant_pad_nd(self:T, pad:I[], value:S=0)', (g, a) =>
    padded(g, a.tensor('self'), a.ints('pad'), 'constant', a.number('value')),
  ),
  ...[1, 2, 3].flatMap((count) => [
    operator(`reflection_pad${count}d(self:T, padding:I[])`, modePad('reflect')),
    operator(`replication_pad${count}d(self:T, padding:I[])`, modePad('replicate')),
    ...upsampling(`upsample_nearest${count}d`, { ...plain, mode: 'nearest', axes: count }),
    ...upsampling(`_upsample_nearest_exact${count}d`, { ...plain, isExact: true, mode: 'nearest', axes: count }),
  ]),
  operator('_pad_circular(self:T, pad:I[])', (g, a) => padded(g, a.tensor('self'), a.ints('pad'), 'circular')),
  operator('_pad_enum(self:T, pad:I[], mode:I, value:F?=None)', (g, a) => {
    const mode = ['constant', 'reflect', 'replicate', 'circular'][a.int('mode')]
    return padded(g, a.tensor('self'), a.ints('pad'), mode ?? 'unknown', a.optionalNumber('value') ?? 0)
  }),
  ...upsampling('upsample_linear1d', { ...plain, mode: 'linear', axes: 1 }),
  ...upsampling('upsample_bilinear2d', { ...plain, mode: 'linear', axes: 2 }),
  ...upsampling('upsample_trilinear3d', { ...plain, mode: 'linear', axes: 3 }),
  ...upsampling('upsample_bicubic2d', { ...plain, mode: 'cubic', axes: 2 }),
  operator('im2col(self:T, kernel_size:I[], dilation:I[], padding:I[], stride:I[])', columns),
  operator('grid_sampler(input:T, grid:T, interpolation_mode:I, padding_mode:I, align_corners:B)', (g, a) => {
    const [x, grid] = [single(a.tensor('input'), 'grid_sample'), a.tensor('grid')]
    if (x.rank !== 4) throw unsupported('grid_sample of other than images')
    const mode = ['linear', 'nearest', 'cubic'][a.int('interpolation_mode')]
    const edge = ['zeros', 'border', 'reflection'][a.int('padding_mode')]
    if (mode === undefined || edge === undefined) throw unsupported('grid_sample in an unknown mode')
    const attributes = {
      mode: string(mode),
      padding_mode: string(edge),
      align_corners: int(a.boolean('align_corners') ? 1 : 0),
    }
    return g.op('GridSample', [x, grid], attributes, x.datatype, [
      ...x.shape.slice(0, 2),
      dimOf(grid.shape, 1),
      dimOf(grid.shape, 2),
    ])
  }),
]
