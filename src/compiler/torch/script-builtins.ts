import { quote } from '../../core/text.ts'
import type { NumericDatatype } from '../../tensor/datatype.ts'
import { callNamed } from './call.ts'
import { isFloating } from './datatypes.ts'
import { Dim } from './dim.ts'
import type { Lowering } from './lowering.ts'
import { datatypeOf } from './operator.ts'
import { applySymbols, orderOf, truth } from './scalars.ts'
import {
  datatypeValue,
  describeValue,
  isList,
  list,
  TensorValue,
  tuple,
  unsupported,
  type ListValue,
  type Value,
} from './values.ts'

type Builtin = (g: Lowering, args: readonly Value[], named: ReadonlyMap<string, Value>) => Value

/** Most items of a list that code makes. */
const MAX_ITEMS = 100_000

/**
 * What Python, or TorchScript's own names, do with values that are no tensors, or that only ask about them.
 * @param name without `torch.`; `prim.dtype` for `ops.prim.dtype`
 */
export function callBuiltin(
  g: Lowering,
  name: string,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
): Value {
  const builtin = BUILTINS.get(name)
  if (builtin !== undefined) return builtin(g, args, named)
  if (SYMBOLIC.has(name) && args.length > 0) return arithmetic(name, args)
  throw unsupported(
    `the operator torch.${name} is not compiled for ${args.map(describeValue).join(', ').slice(0, 200)}`,
  )
}

const SYMBOLIC: ReadonlySet<string> = new Set(
  'add sub mul div floordiv remainder pow neg lt le gt ge floor ceil sqrt exp log abs min max'.split(' '),
)

function arithmetic(name: string, args: readonly Value[]): Value {
  const [a, b] = args
  if (name === 'add' && isList(a) && isList(b)) return { kind: a.kind, items: [...a.items, ...b.items] }
  if (name === 'add' && typeof a === 'string' && typeof b === 'string') return text(a + b)
  if (name === 'mul' && isList(a) && b instanceof Dim) return repeated(a, b)
  if ((name === 'min' || name === 'max') && isList(a) && a.items.length > 0)
    return a.items.reduce((x, y) => applySymbols(name, [x, y]))
  return applySymbols(name, args)
}

function repeated(items: ListValue, times: Dim): Value {
  const count = times.constant
  if (count === undefined || count * items.items.length > MAX_ITEMS)
    throw unsupported('a list repeated by a size that hangs on the input')
  return { kind: items.kind, items: Array.from({ length: Math.max(0, count) }, () => items.items).flat() }
}

function text(value: string): string {
  if (value.length > 1_000_000) throw unsupported("a text of over a million characters in the model's code")
  return value
}

function tensorOf(value: Value | undefined, name: string): TensorValue {
  if (value instanceof TensorValue) return value
  throw unsupported(`${name} of ${describeValue(value)}`)
}

function listOf(value: Value | undefined, name: string): ListValue {
  if (isList(value)) return value
  throw unsupported(`${name} of ${describeValue(value)}`)
}

/** A place in a list, counted from its end where negative. */
function placeIn(items: readonly unknown[], index: Value | undefined): number {
  const at = index instanceof Dim ? index.constant : undefined
  const place = at === undefined ? -1 : at < 0 ? at + items.length : at
  if (at === undefined || place < 0 || place >= items.length)
    throw unsupported(`place ${describeValue(index)} of a list of ${items.length}`)
  return place
}

/** Whether two values are equal, as Python has it. */
function equal(a: Value, b: Value, depth = 0): boolean {
  if (depth > 50) throw unsupported('lists inside lists are compared')
  if (isList(a) && isList(b))
    return a.items.length === b.items.length && a.items.every((item, i) => equal(item, b.items[i] ?? null, depth + 1))
  const [left, right] = [a, b].map((value) =>
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'datatype'
      ? value.datatype
      : undefined,
  )
  if (left !== undefined || right !== undefined) return (left ?? datatypeOf(a)) === (right ?? datatypeOf(b))
  if (isScalar(a) && isScalar(b)) {
    const order = orderOf(a, b)
    if (order === undefined) throw unsupported("the model's code takes one way or another by the size of its input")
    return order === 0
  }
  return a === b
}

function isScalar(value: Value): value is Dim | number | boolean {
  return value instanceof Dim || typeof value === 'number' || typeof value === 'boolean'
}

const item: Builtin = (g, [object, index]) => {
  if (isList(object)) return object.items[placeIn(object.items, index)] ?? null
  if (object instanceof TensorValue && index instanceof Dim)
    return callNamed(g, 'select', { positional: [object, Dim.of(0), index], named: new Map() })
  if (typeof object === 'object' && object !== null && 'kind' in object && object.kind === 'dict') {
    const key = index instanceof Dim ? index.constant : index
    const value = typeof key === 'string' || typeof key === 'number' ? object.entries.get(key) : undefined
    if (value === undefined) throw unsupported("the model's code asks a dict for a key that it has not")
    return value
  }
  throw unsupported(`an item of ${describeValue(object)}`)
}

const slice: Builtin = (_, [object, from, to, step]) => {
  const items = listOf(object, 'a slice').items
  const bound = (value: Value | undefined, fallback: number) => {
    if (value === null || value === undefined) return fallback
    if (!(value instanceof Dim) || value.constant === undefined)
      throw unsupported('a slice of a list by the size of an input')
    return Math.max(-(2 ** 52), Math.min(2 ** 52, value.constant))
  }
  const every = bound(step, 1)
  if (every !== 1)
    return list(items.slice(bound(from, 0), bound(to, items.length)).filter((_, i) => every > 0 && i % every === 0))
  return { kind: listOf(object, 'a slice').kind, items: items.slice(bound(from, 0), bound(to, items.length)) }
}

const range: Builtin = (_, args) => {
  const numbers = args.map((value) => {
    if (value instanceof Dim && value.constant !== undefined) return value.constant
    throw unsupported("the model's code loops as often as the size of an input says")
  })
  const [from, to, step] =
    numbers.length === 1 ? [0, numbers[0] ?? 0, 1] : [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 1]
  const count = step === 0 ? 0 : Math.max(0, Math.ceil((to - from) / step))
  if (count > MAX_ITEMS) throw unsupported(`a loop of ${count} turns`)
  return list(Array.from({ length: count }, (_, i) => Dim.of(from + i * step)))
}

/** A number out of a tensor that holds one that is known. */
const scalarOf =
  (what: string): Builtin =>
  (_, [value]) => {
    const scalar = value instanceof TensorValue ? value.item : value
    if (scalar !== undefined && scalar !== null && isScalar(scalar)) {
      if (what === 'bool') return truth(scalar)
      if (what === 'item' || what === 'Scalar') return scalar
      return applySymbols(what, [scalar])
    }
    if (typeof scalar === 'string' && what === 'float') return Number(scalar.replace('inf', 'Infinity'))
    throw unsupported(
      `the model's code makes a number of ${describeValue(value)}: of its data, not known before it runs. export it with torch.export, or trace it with torch.jit.trace`,
    )
  }

/** A tensor of numbers that stand in the code. */
const tensorFromNumbers: Builtin = (g, [data], named) => {
  if (data instanceof TensorValue) return data
  const flat: (number | Dim | boolean)[] = []
  const shape: number[] = []
  const walk = (value: Value, depth: number): void => {
    if (isList(value)) {
      if (depth > 8 || flat.length > MAX_ITEMS) throw unsupported('a tensor of lists inside lists')
      if (shape.length === depth) shape.push(value.items.length)
      if (shape[depth] !== value.items.length) throw unsupported('a tensor of lists of different lengths')
      for (const inner of value.items) walk(inner, depth + 1)
    } else if (isScalar(value)) flat.push(value)
    else if (value instanceof TensorValue && value.item !== undefined) flat.push(value.item)
    else throw unsupported(`a tensor of ${describeValue(value)}`)
  }
  walk(data ?? null, 0)
  const asked = named.get('dtype') ?? null
  const datatype: NumericDatatype =
    datatypeOf(asked) ??
    (flat.some((value) => typeof value === 'number')
      ? 'FP32'
      : flat.some((value) => value instanceof Dim)
        ? 'INT64'
        : flat.length === 0
          ? 'FP32'
          : 'BOOL')
  if (flat.every((value) => !(value instanceof Dim) || value.constant !== undefined)) {
    const numbers = flat.map((value) => (value instanceof Dim ? (value.constant ?? 0) : Number(value)))
    return g.numbers(datatype, shape, numbers)
  }
  const [only] = flat
  if (shape.length === 0 && only !== undefined) return g.scalar(only, datatype)
  const sizes = g.sizes(flat.map((value) => (value instanceof Dim ? value : Dim.of(Number(value)))))
  return g.cast(g.reshape(new TensorValue(sizes, 'INT64', [Dim.of(flat.length)]), shape.map(Dim.of)), datatype)
}

const size: Builtin = (_, [value, axis]) => {
  const { shape } = tensorOf(value, 'size')
  if (axis === undefined || axis === null) return list(shape)
  return shape[placeIn(shape, axis)] ?? null
}

const nothing: Builtin = () => null
const no: Builtin = () => false

function other(what: string): Builtin {
  return () => ({ kind: 'other', what })
}

const logical =
  (combine: (a: boolean, b: boolean) => boolean): Builtin =>
  (_, [a, b]) => {
    if (a === undefined || b === undefined || a === null || b === null || !isScalar(a) || !isScalar(b))
      throw unsupported(`a logical operation of ${describeValue(a)} and ${describeValue(b)}`)
    return combine(truth(a), truth(b))
  }

const raise: Builtin = (_, [message]) => {
  throw unsupported(
    `the model's code refuses its input: ${quote(typeof message === 'string' ? message : 'an exception', 200)}`,
  )
}

const entriesOf = (value: Value | undefined) => {
  if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'dict') return value.entries
  throw unsupported(`entries of ${describeValue(value)}`)
}

const keyValue = (key: string | number): Value => (typeof key === 'number' ? Dim.of(key) : key)

const device = other('a device')

const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['_item', item],
  ['__getitem__', item],
  ['select', item],
  ['_slice', slice],
  ['slice', slice],
  [
    '_set_item',
    (_, [object, index, value]) => {
      const items = listOf(object, 'an item').items
      items[placeIn(items, index)] = value ?? null
      return null
    },
  ],
  ['range', range],
  ['__range_length', (g, args) => Dim.of(listOf(range(g, args, new Map()), 'a range').items.length)],
  [
    'len',
    (_, [value]) => {
      if (isList(value)) return Dim.of(value.items.length)
      if (typeof value === 'string') return Dim.of(value.length)
      if (value instanceof TensorValue && value.rank > 0) return value.shape[0] ?? null
      return Dim.of(entriesOf(value).size)
    },
  ],
  ['size', size],
  ['prim.shape', size],
  ['sym_size', size],
  ['dim', (_, [value]) => Dim.of(tensorOf(value, 'dim').rank)],
  ['prim.ndim', (_, [value]) => Dim.of(tensorOf(value, 'dim').rank)],
  ['numel', (_, [value]) => tensorOf(value, 'numel').shape.reduce((all, dim) => all.times(dim), Dim.of(1))],
  ['prim.dtype', (_, [value]) => datatypeValue(tensorOf(value, 'dtype').datatype)],
  ['is_floating_point', (_, [value]) => isFloating(tensorOf(value, 'is_floating_point').datatype)],
  ['is_complex', no],
  ['prim.device', device],
  ['device', device],
  ['prim.layout', other('a layout')],
  ['prim.type', other('a device')],
  ['prim.is_cuda', no],
  ['prim.is_mkldnn', no],
  ['prim.is_quantized', no],
  ['prim.is_sparse', no],
  ['prim.is_meta', no],
  ['prim.is_nested', no],
  ['prim.is_cpu', () => true],
  ['prim.requires_grad', no],
  ['prim.data', (_, [value]) => value ?? null],
  ['prim.T', (g, [value]) => callNamed(g, 'numpy_T', { positional: [value ?? null], named: new Map() })],
  ['prim.mT', (g, [value]) => callNamed(g, 'mT', { positional: [value ?? null], named: new Map() })],
  [
    'prim.NumToTensor',
    (g, [value]) => {
      if (value instanceof Dim) return g.scalar(value, 'INT64')
      if (typeof value === 'number') return g.scalar(value, 'FP32')
      throw unsupported(`a tensor of ${describeValue(value)}`)
    },
  ],
  ['prim.unchecked_unwrap_optional', (_, [value]) => value ?? null],
  ['prim.unchecked_cast', (_, [value]) => value ?? null],
  ['prim.RaiseException', raise],
  ['prim.min', (_, args) => arithmetic('min', args)],
  ['prim.max', (_, args) => arithmetic('max', args)],
  ['prim.abs', (_, args) => arithmetic('abs', args)],
  ['prim.Print', nothing],
  ['prim.TupleConstruct', (_, args) => tuple(args)],
  ['prim.ListConstruct', (_, args) => list(args)],
  ['prim.tolist', raise],
  ['int', scalarOf('int')],
  ['Int', scalarOf('int')],
  ['IntImplicit', scalarOf('int')],
  ['FloatImplicit', scalarOf('float')],
  ['ScalarImplicit', scalarOf('item')],
  ['float', scalarOf('float')],
  ['Float', scalarOf('float')],
  ['bool', scalarOf('bool')],
  ['Bool', scalarOf('bool')],
  ['item', scalarOf('item')],
  ['str', (_, [value]) => (typeof value === 'string' ? value : describeValue(value))],
  ['tensor', tensorFromNumbers],
  ['as_tensor', tensorFromNumbers],
  ['eq', (_, [a, b]) => equal(a ?? null, b ?? null)],
  ['ne', (_, [a, b]) => !equal(a ?? null, b ?? null)],
  ['__is__', (_, [a, b]) => a === b],
  ['__isnot__', (_, [a, b]) => a !== b],
  [
    '__not__',
    (_, [a]) => {
      if (a === undefined || a === null || !isScalar(a)) throw unsupported(`not ${describeValue(a)}`)
      return !truth(a)
    },
  ],
  ['__and__', logical((a, b) => a && b)],
  ['__or__', logical((a, b) => a || b)],
  ['__xor__', logical((a, b) => a !== b)],
  [
    '__contains__',
    (_, [items, value]) => {
      if (isList(items)) return items.items.some((each) => equal(each, value ?? null))
      if (typeof items === 'string') return typeof value === 'string' && items.includes(value)
      const key = value instanceof Dim ? value.constant : value
      return (typeof key === 'string' || typeof key === 'number') && entriesOf(items).has(key)
    },
  ],
  [
    'append',
    (_, [items, value]) => {
      const all = listOf(items, 'append').items
      if (all.length >= MAX_ITEMS) throw unsupported(`a list of over ${MAX_ITEMS} items`)
      all.push(value ?? null)
      return items ?? null
    },
  ],
  [
    'extend',
    (_, [items, more]) => {
      const all = listOf(items, 'extend').items
      const added = [...listOf(more, 'extend').items]
      if (all.length + added.length > MAX_ITEMS) throw unsupported(`a list of over ${MAX_ITEMS} items`)
      for (const value of added) all.push(value)
      return null
    },
  ],
  [
    'insert',
    (_, [items, at, value]) => {
      const all = listOf(items, 'insert').items
      const place = at instanceof Dim ? at.constant : undefined
      if (place === undefined || all.length >= MAX_ITEMS) throw unsupported('insert at a place that hangs on the input')
      all.splice(place, 0, value ?? null)
      return null
    },
  ],
  [
    'pop',
    (_, [items, at]) => {
      const all = listOf(items, 'pop').items
      return all.splice(placeIn(all, at ?? Dim.of(-1)), 1)[0] ?? null
    },
  ],
  [
    'reverse',
    (_, [items]) => {
      listOf(items, 'reverse').items.reverse()
      return null
    },
  ],
  ['list', (_, [items]) => list(listOf(items, 'list').items)],
  ['copy', (_, [items]) => list(listOf(items, 'copy').items)],
  ['keys', (_, [dict]) => list([...entriesOf(dict).keys()].map(keyValue))],
  ['values', (_, [dict]) => list([...entriesOf(dict).values()])],
  ['items', (_, [dict]) => list([...entriesOf(dict)].map(([key, value]) => tuple([keyValue(key), value])))],
  [
    'format',
    (_, [pattern, ...values]) => {
      let at = 0
      return text((typeof pattern === 'string' ? pattern : '').replaceAll(/\{\}/g, () => describeValue(values[at++])))
    },
  ],
  ['warn', nothing],
  ['print', nothing],
  ['is_grad_enabled', no],
  ['is_autocast_enabled', no],
  ['is_scripting', () => true],
  ['manual_seed', nothing],
  ['get_device', () => Dim.of(-1)],
  ['is_contiguous', () => true],
  [
    '__derive_index',
    (_, [index, start, step]) =>
      applySymbols('add', [start ?? null, applySymbols('mul', [index ?? null, step ?? null])]),
  ],
  [
    'all',
    (_, [items]) => listOf(items, 'all').items.every((value) => value !== null && isScalar(value) && truth(value)),
  ],
  [
    'any',
    (_, [items]) => listOf(items, 'any').items.some((value) => value !== null && isScalar(value) && truth(value)),
  ],
  ['sum', (_, [items]) => listOf(items, 'sum').items.reduce((a, b) => applySymbols('add', [a, b]), Dim.of(0))],
])
