import { elementTypeNumber, GraphBuilder, int, ints, type OnnxAttribute } from '../../onnx/index.ts'
import type { NumericDatatype } from '../../tensor/datatype.ts'
import type { NumericTensor, Tensor } from '../../tensor/tensor.ts'
import { castItem, itemOf, numbersTensor } from './constants.ts'
import { isFloating } from './datatypes.ts'
import { Dim, type Atom } from './dim.ts'
import { TensorValue, unsupported, type Item } from './values.ts'

/** Names of values, or the values themselves; `''` leaves an optional input out. */
type Input = TensorValue | string
type Attributes = Readonly<Record<string, OnnxAttribute>>

/** Most nodes of one compiled graph. */
const MAX_NODES = 400_000
/** Most elements of a constant that is made while compiling, and of any value, the sizes that may vary not counted. */
const MAX_CONSTANT = 2 ** 24
const MAX_VALUE = 2 ** 31

/** Datatypes that ONNX Runtime computes with everywhere; others go by way of one of these. */
const COMPUTED: ReadonlySet<NumericDatatype> = new Set(['FP16', 'FP32', 'FP64', 'INT32', 'INT64'])

/**
 * The ONNX graph under construction, with the datatypes and shapes of its values: what the operators are written with.
 */
export class Lowering {
  readonly builder: GraphBuilder
  /** What may surprise whoever serves the model: a sentence for each. */
  readonly warnings = new Set<string>()
  /** Sizes of inputs that are not known yet; an operator that needs one says so. */
  /** Whether the ranks of the inputs are guesses: then a sample without a batch is no reading of them. */
  isGuessing = false
  readonly free = new Map<string, { readonly input: number; readonly axis: number }>()
  readonly #constants = new Map<string, NumericTensor & { readonly name: string }>()
  readonly #sizes = new Map<string, string>()
  #nodes = 0

  constructor(builder: GraphBuilder) {
    this.builder = builder
  }

  /** A node with one output. */
  op(
    opType: string,
    inputs: readonly Input[],
    attributes: Attributes,
    datatype: NumericDatatype,
    shape: readonly Dim[],
  ): TensorValue {
    this.#count()
    checkShape(shape)
    return new TensorValue(this.builder.op(opType, inputs.map(nameOf), attributes), datatype, shape)
  }

  /** A node whose output is like its first input. */
  like(opType: string, inputs: readonly [TensorValue, ...Input[]], attributes: Attributes = {}): TensorValue {
    const [first] = inputs
    return this.op(opType, inputs, attributes, first.datatype, first.shape)
  }

  /** A node with several outputs; returns their names. */
  node(opType: string, inputs: readonly Input[], attributes: Attributes, outputs: number): string[] {
    this.#count()
    return this.builder.node(opType, inputs.map(nameOf), attributes, { outputs })
  }

  #count(): void {
    this.#nodes++
    if (this.#nodes > MAX_NODES) throw unsupported(`the model unrolls to over ${MAX_NODES} operations`)
  }

  /** A constant over data that is there already. */
  constant(value: NumericTensor): TensorValue {
    return this.#named(this.builder.initializer(value as Tensor), value)
  }

  #named(name: string, value: NumericTensor): TensorValue {
    const item = value.shape.length === 0 ? itemOf(value) : undefined
    return new TensorValue(name, value.datatype, value.shape.map(Dim.of), { data: value, item })
  }

  /** A constant of these numbers. */
  numbers(datatype: NumericDatatype, shape: readonly number[], values: readonly number[]): TensorValue {
    const key = `${datatype}[${shape.join(',')}]${values.join(',')}`
    const isShort = values.length <= 16 && !values.some((value) => Object.is(value, -0))
    let made = isShort ? this.#constants.get(key) : undefined
    if (made === undefined) {
      const value = numbersTensor(datatype, shape, values)
      made = { ...value, name: this.builder.initializer(value as Tensor) }
      if (isShort) this.#constants.set(key, made)
    }
    return this.#named(made.name, made)
  }

  /** Whole numbers as a one-dimensional INT64 constant. */
  ints(values: readonly number[]): string {
    return this.numbers('INT64', [values.length], values).name
  }

  /** A scalar tensor. */
  scalar(value: Item, datatype: NumericDatatype): TensorValue {
    if (value instanceof Dim) {
      if (value.constant !== undefined) return this.numbers(datatype, [], [value.constant])
      const whole = this.op('Squeeze', [this.sizes([value])], {}, 'INT64', [])
      const cast = this.cast(whole, datatype)
      return new TensorValue(cast.name, datatype, [], { item: value })
    }
    return this.numbers(datatype, [], [Number(value)])
  }

  /** A tensor of that datatype; a scalar made one. */
  tensor(value: TensorValue | Item, datatype: NumericDatatype): TensorValue {
    return value instanceof TensorValue ? this.cast(value, datatype) : this.scalar(value, datatype)
  }

  /** Changed to a datatype, as torch's `to` does: floats are cut to whole numbers, anything but 0 is true. */
  cast(value: TensorValue, datatype: NumericDatatype): TensorValue {
    if (value.datatype === datatype) return value
    const to = this.op('Cast', [value], { to: int(elementTypeNumber(datatype)) }, datatype, value.shape)
    const item = value.item === undefined ? undefined : castItem(value.item, datatype)
    return item === undefined ? to : new TensorValue(to.name, datatype, value.shape, { item })
  }

  /** The value in a datatype that can be computed with: its own where possible, else a wider one. */
  computable(value: TensorValue): TensorValue {
    if (COMPUTED.has(value.datatype)) return value
    if (value.datatype === 'BF16')
      throw unsupported('the model computes in bfloat16; export it in float32: model.float()')
    return this.cast(value, value.datatype === 'UINT32' || value.datatype === 'UINT64' ? 'INT64' : 'INT32')
  }

  /** Computes with a wider datatype where needed, and gives the result in the own one. */
  through(value: TensorValue, compute: (wide: TensorValue) => TensorValue): TensorValue {
    return this.cast(compute(this.computable(value)), value.datatype)
  }

  /** Sizes as a one-dimensional INT64 value. */
  sizes(dims: readonly Dim[]): string {
    const constants = dims.map((dim) => dim.constant)
    if (constants.every((value) => value !== undefined)) return this.ints(constants)
    if (dims.length === 1 && dims[0] !== undefined) return this.#size(dims[0])
    const parts: string[] = []
    let run: number[] = []
    for (const dim of dims)
      if (dim.constant !== undefined) run.push(dim.constant)
      else {
        if (run.length > 0) parts.push(this.ints(run))
        run = []
        parts.push(this.#size(dim))
      }
    if (run.length > 0) parts.push(this.ints(run))
    return this.op('Concat', parts, { axis: int(0) }, 'INT64', [Dim.of(dims.length)]).name
  }

  #size(dim: Dim): string {
    if (dim.constant !== undefined) return this.ints([dim.constant])
    const known = this.#sizes.get(dim.key)
    if (known !== undefined) return known
    const arithmetic = (opType: string, a: string, b: string) => this.op(opType, [a, b], {}, 'INT64', [Dim.of(1)]).name
    const terms = dim.terms.map(({ coefficient, atoms }) => {
      const factors = atoms.map((atom) => this.#atom(atom, arithmetic))
      if (coefficient !== 1 || factors.length === 0) factors.push(this.ints([coefficient]))
      return factors.reduce((a, b) => arithmetic('Mul', a, b))
    })
    const value = terms.reduce((a, b) => arithmetic('Add', a, b))
    this.#sizes.set(dim.key, value)
    return value
  }

  #atom({ key, source }: Atom, arithmetic: (opType: string, a: string, b: string) => string): string {
    const known = this.#sizes.get(`1*${key}`)
    if (known !== undefined) return known
    let value: string
    if (source.kind === 'input') {
      const { input, axis, divisor } = source
      value = this.op('Shape', [input], { start: int(axis), end: int(axis + 1) }, 'INT64', [Dim.of(1)]).name
      if (divisor !== 1) value = arithmetic('Div', value, this.ints([divisor]))
    } else if (source.kind === 'floor')
      value = arithmetic('Div', this.#floorNumerator(source.over, source.under, arithmetic), this.#size(source.under))
    else value = arithmetic(source.kind === 'min' ? 'Min' : 'Max', this.#size(source.left), this.#size(source.right))
    this.#sizes.set(`1*${key}`, value)
    return value
  }

  /** ONNX divides towards zero: what may be negative is moved to the multiple below it first. */
  #floorNumerator(over: Dim, under: Dim, arithmetic: (opType: string, a: string, b: string) => string): string {
    const value = this.#size(over)
    if (over.lowest >= 0) return value
    const divisor = this.#size(under)
    return arithmetic('Sub', value, this.op('Mod', [value, divisor], {}, 'INT64', [Dim.of(1)]).name)
  }

  /** In another shape with as many elements. */
  reshape(value: TensorValue, shape: readonly Dim[]): TensorValue {
    if (sameShape(value.shape, shape)) return value
    const { data, item } = value
    const constants = shape.map((dim) => dim.constant)
    if (data !== undefined && constants.every((size) => size !== undefined) && fits(data, constants))
      return this.constant({ ...data, shape: constants })
    const open = constants.filter((size) => size === undefined).length
    const hasZero = constants.includes(0)
    const target = open === 1 && !hasZero ? this.ints(constants.map((size) => size ?? -1)) : this.sizes(shape)
    const made = this.op('Reshape', [value, target], hasZero ? { allowzero: int(1) } : {}, value.datatype, shape)
    return shape.length === 0 || item === undefined ? made : new TensorValue(made.name, made.datatype, shape, { item })
  }

  /** Axes in another order. */
  transpose(value: TensorValue, order: readonly number[]): TensorValue {
    if (order.every((axis, i) => axis === i)) return value
    const shape = order.map((axis) => dimOf(value.shape, axis))
    return this.op('Transpose', [value], { perm: ints(order) }, value.datatype, shape)
  }

  unsqueeze(value: TensorValue, axes: readonly number[]): TensorValue {
    const shape = [...value.shape]
    for (const axis of [...axes].sort((a, b) => a - b)) shape.splice(axis, 0, Dim.of(1))
    if (value.data !== undefined) return this.reshape(value, shape)
    return this.op('Unsqueeze', [value, this.ints(axes)], {}, value.datatype, shape)
  }

  squeeze(value: TensorValue, axes: readonly number[]): TensorValue {
    if (axes.length === 0) return value
    const shape = value.shape.filter((_, axis) => !axes.includes(axis))
    return this.op('Squeeze', [value, this.ints(axes)], {}, value.datatype, shape)
  }

  /** Repeated along axes of size 1, and along new axes in front. */
  expand(value: TensorValue, shape: readonly Dim[]): TensorValue {
    if (sameShape(value.shape, shape)) return value
    return this.op('Expand', [value, this.sizes(shape)], {}, value.datatype, shape)
  }

  concat(values: readonly TensorValue[], axis: number): TensorValue {
    const [first] = values
    if (first === undefined) throw unsupported('nothing to concatenate')
    if (values.length === 1) return first
    const shape = [...first.shape]
    shape[axis] = values.reduce((sum, value) => sum.plus(dimOf(value.shape, axis)), Dim.of(0))
    return this.op('Concat', values, { axis: int(axis) }, first.datatype, shape)
  }

  /** From `start` up to `end` in steps along one axis; the result's size is to be known. */
  slice(value: TensorValue, axis: number, start: Dim, end: Dim, step: number, size: Dim): TensorValue {
    const shape = [...value.shape]
    shape[axis] = size
    const bounds = [this.sizes([start]), this.sizes([end]), this.ints([axis]), this.ints([step])]
    return this.op('Slice', [value, ...bounds], {}, value.datatype, shape)
  }

  /** Elementwise with broadcasting. The datatypes must agree already. */
  binary(
    opType: string,
    a: TensorValue,
    b: TensorValue,
    datatype = a.datatype,
    attributes: Attributes = {},
  ): TensorValue {
    return this.op(opType, [a, b], attributes, datatype, this.broadcast([a.shape, b.shape]))
  }

  where(condition: TensorValue, yes: TensorValue, no: TensorValue): TensorValue {
    const shape = this.broadcast([condition.shape, yes.shape, no.shape])
    if (yes.datatype !== 'BOOL' && yes.datatype !== 'FP16' && COMPUTED.has(yes.datatype))
      return this.op('Where', [condition, yes, no], {}, yes.datatype, shape)
    // few datatypes have a kernel: go by way of one that has
    const by: NumericDatatype = isFloating(yes.datatype) ? 'FP32' : 'INT64'
    const picked = this.op('Where', [condition, this.cast(yes, by), this.cast(no, by)], {}, by, shape)
    return this.cast(picked, yes.datatype)
  }

  /** The shape that shapes meet in. @throws {ServingError} `unsupported` where they do not */
  broadcast(shapes: readonly (readonly Dim[])[]): Dim[] {
    const rank = Math.max(0, ...shapes.map((shape) => shape.length))
    return Array.from({ length: rank }, (_, axis) => {
      let result = Dim.of(1)
      for (const shape of shapes) {
        const at = axis - (rank - shape.length)
        if (at < 0) continue
        result = this.#meet(result, dimOf(shape, at), shapes)
      }
      return result
    })
  }

  #meet(a: Dim, b: Dim, shapes: readonly (readonly Dim[])[]): Dim {
    if (a.equals(b) || b.is(1)) return a
    if (a.is(1)) return b
    if (a.constant !== undefined && b.constant !== undefined)
      throw unsupported(`shapes do not fit each other: ${shapes.map(shapeText).join(' and ')}`)
    // one that is not known to be 1 is the other's size, or the model would fail where it was trained
    if (a.constant !== undefined) return this.pin(b, a.constant)
    if (b.constant !== undefined) return this.pin(a, b.constant)
    return a.larger(b)
  }

  /** Says that a size has to be this one: where it is an input's that nothing has told yet, it is told now. */
  pin(dim: Dim, size: number): Dim {
    if (dim.constant !== undefined) return Dim.of(size)
    // of a size like `x + 4`, x can be told
    const [term, ...others] = dim.terms.filter(({ atoms }) => atoms.length > 0)
    const free = term?.atoms.length === 1 && others.length === 0 ? this.free.get(term.atoms[0]?.key ?? '') : undefined
    if (term !== undefined && free !== undefined) {
      const rest = dim.terms.find(({ atoms }) => atoms.length === 0)?.coefficient ?? 0
      const value = (size - rest) / term.coefficient
      if (Number.isSafeInteger(value) && value > 0) throw new LearnedSize(free.input, free.axis, value)
    }
    if (this.isGuessing) throw unsupported(`a size that may vary has to be ${size}`)
    return Dim.of(size)
  }

  /** Refuses a size that cannot be the one that is needed. */
  expect(dim: Dim, size: number, what: string): void {
    if (dim.constant === undefined) this.pin(dim, size)
    else if (dim.constant !== size) throw unsupported(`${what} has a size of ${dim.constant} where ${size} is needed`)
  }

  /** A tensor filled with one scalar. */
  filled(item: Item | TensorValue, datatype: NumericDatatype, shape: readonly Dim[]): TensorValue {
    const value = this.tensor(item, datatype)
    if (value.rank !== 0) throw unsupported('a tensor is filled with more than one number')
    const made = this.expand(value, shape)
    const known = item instanceof TensorValue ? item.item : item
    return made === value || known === undefined ? made : new TensorValue(made.name, datatype, shape, { item: known })
  }

  /** A constant's numbers as floats. @throws {ServingError} `unsupported` when it is none */
  data(value: TensorValue, what: string): NumericTensor {
    if (value.data === undefined) throw unsupported(`${what} hangs on the inputs; a constant is needed`)
    return value.data
  }
}

/** A size of an input has been found out: compiling starts again with it. */
export class LearnedSize extends Error {
  readonly input: number
  readonly axis: number
  readonly size: number
  constructor(input: number, axis: number, size: number) {
    super(`input ${input} has the size ${size} along axis ${axis}`)
    this.input = input
    this.axis = axis
    this.size = size
  }
}

function nameOf(input: Input): string {
  return typeof input === 'string' ? input : input.name
}

export function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, i) => b[i]?.equals(dim))
}

function fits(data: NumericTensor, shape: readonly number[]): boolean {
  return shape.reduce((count, size) => count * size, 1) === data.data.length
}

/** A size of a shape. */
export function dimOf(shape: readonly Dim[], axis: number): Dim {
  const dim = shape[axis]
  if (dim === undefined) throw unsupported(`axis ${axis} of a tensor of rank ${shape.length}`)
  return dim
}

/** A shape in words: sizes that hang on the inputs are shown as `?`. */
export function shapeText(shape: readonly Dim[]): string {
  return `[${shape.map((dim) => dim.constant ?? '?').join(',')}]`
}

/** An axis counted from the front. @throws {ServingError} `unsupported` outside the tensor */
export function axisOf(axis: Dim | number, rank: number): number {
  const value = typeof axis === 'number' ? axis : axis.constant
  const span = Math.max(1, rank)
  if (value === undefined || value < -span || value >= span)
    throw unsupported(`axis ${value ?? 'that hangs on the inputs'} of a tensor of rank ${rank}`)
  return value < 0 ? value + span : value
}

/** @throws {ServingError} `unsupported` for negative sizes and for values that no machine could hold */
function checkShape(shape: readonly Dim[]): void {
  let count = 1
  for (const { constant } of shape)
    if (constant !== undefined) {
      if (constant < 0) throw unsupported(`a value of the shape ${shapeText(shape)}`)
      count *= constant
    }
  if (count > MAX_VALUE) throw unsupported(`a value of the shape ${shapeText(shape)} is too large`)
}

/** @throws {ServingError} `unsupported` for more elements than a constant that is made while compiling may have */
export function checkCount(count: number, what: string): void {
  if (!(count <= MAX_CONSTANT)) throw unsupported(`${what} of ${count} elements is too large`)
}
