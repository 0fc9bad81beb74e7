import type { NumericDatatype } from '../../../tensor/datatype.ts'
import { Dim } from '../dim.ts'
import type { Lowering } from '../lowering.ts'
import { operator, type Arguments, type Lower } from '../operator.ts'
import { unsupported, type Item, type TensorValue } from '../values.ts'
import { range } from './indexing.ts'

/** What torch makes of the arguments that every maker of tensors takes; where a tensor lies says nothing about numbers. */
const OPTIONS = 'dtype:D?=None, layout:X?=None, device:X?=None, pin_memory:X?=None'
const FORMAT = `${OPTIONS}, memory_format:X?=None`

/** The datatype of numbers for which none is asked. */
function datatypeOf(item: Item): NumericDatatype {
  return typeof item === 'boolean' ? 'BOOL' : item instanceof Dim ? 'INT64' : 'FP32'
}

function filled(item: Item): Lower {
  return (g, a) => g.filled(item, a.datatype('dtype') ?? 'FP32', a.dims('size'))
}

function filledLike(item: Item): Lower {
  return (g, a) => g.filled(item, a.datatype('dtype') ?? a.tensor('self').datatype, a.tensor('self').shape)
}

function filledNew(item: Item): Lower {
  return (g, a) => g.filled(item, a.datatype('dtype') ?? a.tensor('self').datatype, a.dims('size'))
}

function arange(g: Lowering, a: Arguments): TensorValue {
  const start = a.entries.has('start') ? a.scalar('start') : Dim.of(0)
  const end = a.scalar('end')
  const step = a.entries.has('step') ? a.scalar('step') : Dim.of(1)
  const isWhole = start instanceof Dim && end instanceof Dim && step instanceof Dim
  const datatype = a.datatype('dtype') ?? (isWhole ? 'INT64' : 'FP32')
  if (!isWhole) {
    const [from, to, by] = [start, end, step].map(numberOf)
    if (from === undefined || to === undefined || by === undefined || by === 0)
      throw unsupported('arange in steps that hang on the inputs')
    const count = Math.max(0, Math.ceil((to - from) / by))
    if (count > 1e6) throw unsupported(`arange of ${count} numbers`)
    return g.numbers(
      datatype,
      [count],
      Array.from({ length: count }, (_, i) => from + i * by),
    )
  }
  if (step.constant === undefined) return stepped(g, start, end, step, datatype)
  if (step.constant === 0) throw unsupported('arange in steps of 0')
  const span = step.constant > 0 ? end.minus(start) : start.minus(end)
  const by = Math.abs(step.constant)
  const count = by === 1 ? span : span.plus(by - 1).floorDivide(by)
  if (count.constant !== undefined && count.constant <= 0) return g.numbers(datatype, [0], [])
  const [from, size] = [start.constant, count.constant]
  if (from !== undefined && size !== undefined && size <= 65_536)
    return g.numbers(
      datatype,
      [size],
      Array.from({ length: size }, (_, i) => from + i * (step.constant ?? 1)),
    )
  let made = range(g, count)
  if (step.constant !== 1) made = g.binary('Mul', made, g.scalar(step, 'INT64'))
  if (!start.is(0)) made = g.binary('Add', made, g.scalar(start, 'INT64'))
  return g.cast(made, datatype)
}

/** In steps of a size that hangs on the inputs. */
function stepped(g: Lowering, start: Dim, end: Dim, step: Dim, datatype: NumericDatatype): TensorValue {
  if (step.lowest < 1) throw unsupported('arange in steps that hang on the inputs')
  const span = end.minus(start)
  const whole = span.floorDivide(step)
  const count = whole.times(step).equals(span) ? whole : span.plus(step).minus(1).floorDivide(step)
  const made = g.binary('Mul', range(g, count), g.scalar(step, 'INT64'))
  return g.cast(start.is(0) ? made : g.binary('Add', made, g.scalar(start, 'INT64')), datatype)
}

function numberOf(item: Item): number | undefined {
  return item instanceof Dim ? item.constant : Number(item)
}

function eye(g: Lowering, a: Arguments): TensorValue {
  const rows = a.dim('n')
  const columns = a.entries.has('m') ? a.dim('m') : rows
  const datatype = a.datatype('dtype') ?? 'FP32'
  const column = g.unsqueeze(range(g, rows), [1])
  return g.cast(g.binary('Equal', column, range(g, columns), 'BOOL'), datatype)
}

function linspace(g: Lowering, a: Arguments): TensorValue {
  const [start, end, steps] = [a.number('start'), a.number('end'), a.int('steps')]
  if (steps < 0 || steps > 1e6) throw unsupported(`linspace of ${steps} numbers`)
  const datatype = a.datatype('dtype') ?? 'FP32'
  const round = datatype === 'FP32' ? Math.fround : (value: number) => value
  const step = round((end - start) / Math.max(1, steps - 1))
  // both ends are met: each half is counted from its own
  const at = (i: number) => (i < steps / 2 ? start + step * i : end - step * (steps - 1 - i))
  return g.numbers(
    datatype,
    [steps],
    Array.from({ length: steps }, (_, i) => round(at(i))),
  )
}

const MAKERS: readonly (readonly [string, Item])[] = [
  ['zeros', 0],
  ['ones', 1],
  // what is not set yet may hold anything: zeros are as good
  ['empty', 0],
]

const cast: Lower = (g, a) => g.cast(a.tensor('self'), a.datatype('dtype') ?? a.tensor('self').datatype)
const castOther: Lower = (g, a) => g.cast(a.tensor('self'), a.tensor('other').datatype)

const NAMED: readonly (readonly [string, NumericDatatype])[] = [
  ['float', 'FP32'],
  ['double', 'FP64'],
  ['half', 'FP16'],
  ['long', 'INT64'],
  ['int', 'INT32'],
  ['bool', 'BOOL'],
]

export const CREATION = [
  ...MAKERS.flatMap(([name, item]) => [
    operator(`${name}${name === 'empty' ? '.memory_format' : ''}(size:I[], *, ${FORMAT})`, filled(item)),
    operator(`${name}_like(self:T, *, ${FORMAT})`, filledLike(item)),
    operator(`new_${name}(self:T, size:I[], *, ${OPTIONS})`, filledNew(item)),
  ]),
  operator(`empty_strided(size:I[], stride:X, *, ${OPTIONS})`, filled(0)),
  operator(`new_empty_strided(self:T, size:I[], stride:X, *, ${OPTIONS})`, filledNew(0)),
  operator(`empty_permuted(size:I[], physical_layout:X, *, ${OPTIONS})`, filled(0)),
  operator(`full(size:I[], fill_value:S, *, ${OPTIONS})`, (g, a) => {
    const item = a.scalar('fill_value')
    return g.filled(item, a.datatype('dtype') ?? datatypeOf(item), a.dims('size'))
  }),
  operator(`full_like(self:T, fill_value:S, *, ${FORMAT})`, (g, a) =>
    g.filled(a.scalar('fill_value'), a.datatype('dtype') ?? a.tensor('self').datatype, a.tensor('self').shape),
  ),
  operator(`new_full(self:T, size:I[], fill_value:S, *, ${OPTIONS})`, (g, a) =>
    g.filled(a.scalar('fill_value'), a.datatype('dtype') ?? a.tensor('self').datatype, a.dims('size')),
  ),
  operator(`arange(end:S, *, ${OPTIONS})`, arange),
  operator(`arange.start(start:S, end:S, *, ${OPTIONS})`, arange),
  operator(`arange.start_step(start:S, end:S, step:S=1, *, ${OPTIONS})`, arange),
  operator(`eye(n:I, *, ${OPTIONS})`, eye),
  operator(`eye.m(n:I, m:I, *, ${OPTIONS})`, eye),
  operator(`linspace(start:S, end:S, steps:I, *, ${OPTIONS})`, linspace),
  operator(`scalar_tensor(s:S, *, ${OPTIONS})`, (g, a) => {
    const item = a.scalar('s')
    return g.scalar(item, a.datatype('dtype') ?? 'FP32')
  }),
  // `to` in its many spellings
  operator('to.dtype(self:T, dtype:D, non_blocking:B=False, copy:B=False, memory_format:X?=None)', cast, 'same'),
  operator(
    'to.dtype_layout(self:T, *, dtype:D?=None, layout:X?=None, device:X?=None, pin_memory:X?=None, non_blocking:B=False, copy:B=False, memory_format:X?=None)',
    cast,
    'same',
  ),
  operator(
    'to.device(self:T, device:X, dtype:D, non_blocking:B=False, copy:B=False, memory_format:X?=None)',
    cast,
    'same',
  ),
  operator('to.other(self:T, other:T, non_blocking:B=False, copy:B=False, memory_format:X?=None)', castOther, 'same'),
  operator('to.prim_Device(self:T, device:X, dtype:D?=None, non_blocking:B=False, copy:B=False)', cast, 'same'),
  operator('to.prim_dtype(self:T, dtype:D?=None, non_blocking:B=False, copy:B=False)', cast, 'same'),
  operator(
    `_to_copy(self:T, *, dtype:D?=None, layout:X?=None, device:X?=None, pin_memory:X?=None, non_blocking:B=False, memory_format:X?=None)`,
    cast,
  ),
  operator('type_as(self:T, other:T)', castOther, 'same'),
  ...NAMED.map(([name, datatype]) => operator(`${name}(self:T)`, (g, a) => g.cast(a.tensor('self'), datatype), 'same')),
  operator('_cast_Float(self:T, non_blocking:B=False)', (g, a) => g.cast(a.tensor('self'), 'FP32')),
  operator('_cast_Long(self:T, non_blocking:B=False)', (g, a) => g.cast(a.tensor('self'), 'INT64')),
  operator('bernoulli(self:T, *, generator:X?=None)', () => {
    throw unsupported('bernoulli is random: the model was exported in training mode; call model.eval() first')
  }),
]
