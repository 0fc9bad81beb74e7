import { ServingError } from '../../core/errors.ts'
import { elementTypeNumber, int, ints } from '../../onnx/index.ts'
import type { Datatype, NumericArray } from '../../tensor/datatype.ts'
import type { OpOptions, OutputType, ProgramBuilder, Value, Attributes } from './builder.ts'

/** A value, or a number that stands for an FP64 constant. */
export type Operand = Value | number

/**
 * ONNX's operators with the types of their outputs worked out: what is written with it reads like the formula. Shapes are
 * broadcast as ONNX does; -1 is a size that is known only when it runs.
 */
export class Ops {
  readonly b: ProgramBuilder

  constructor(builder: ProgramBuilder) {
    this.b = builder
  }

  // Constants

  /** FP64 constant of any shape. */
  numbers(data: ArrayLike<number> | Float64Array, shape: readonly number[] = [data.length]): Value {
    return this.b.constant('FP64', shape, data instanceof Float64Array ? data : Float64Array.from(data))
  }

  /** FP64 scalar. */
  number(value: number): Value {
    return this.b.constant('FP64', [], Float64Array.of(value))
  }

  /** INT64 constant list (or of the shape given). */
  integers(data: ArrayLike<number>, shape: readonly number[] = [data.length]): Value {
    return this.b.constant('INT64', shape, BigInt64Array.from(Array.from(data, (value) => BigInt(value))))
  }

  constant(datatype: Datatype, shape: readonly number[], data: NumericArray | readonly Uint8Array[]): Value {
    return this.b.constant(datatype, shape, data)
  }

  /** Any operator, where there is no method for it. */
  op(
    name: string,
    inputs: readonly (Operand | undefined)[],
    output: OutputType,
    attributes?: Attributes,
    options?: OpOptions,
  ): Value {
    return this.b.op(
      name,
      inputs.map((input) => (input === undefined ? undefined : this.value(input))),
      output,
      attributes,
      options,
    )
  }

  value(operand: Operand): Value {
    return typeof operand === 'number' ? this.number(operand) : operand
  }

  // Element by element

  add = (x: Operand, y: Operand): Value => this.#binary('Add', x, y)
  sub = (x: Operand, y: Operand): Value => this.#binary('Sub', x, y)
  mul = (x: Operand, y: Operand): Value => this.#binary('Mul', x, y)
  div = (x: Operand, y: Operand): Value => this.#binary('Div', x, y)
  pow = (x: Operand, y: Operand): Value => this.#binary('Pow', x, y)
  min = (x: Operand, y: Operand): Value => this.#binary('Min', x, y)
  max = (x: Operand, y: Operand): Value => this.#binary('Max', x, y)
  less = (x: Operand, y: Operand): Value => this.#binary('Less', x, y, 'BOOL')
  lessOrEqual = (x: Operand, y: Operand): Value => this.#binary('LessOrEqual', x, y, 'BOOL')
  greater = (x: Operand, y: Operand): Value => this.#binary('Greater', x, y, 'BOOL')
  greaterOrEqual = (x: Operand, y: Operand): Value => this.#binary('GreaterOrEqual', x, y, 'BOOL')
  equal = (x: Operand, y: Operand): Value => this.#binary('Equal', x, y, 'BOOL')
  and = (x: Value, y: Value): Value => this.#binary('And', x, y, 'BOOL')
  or = (x: Value, y: Value): Value => this.#binary('Or', x, y, 'BOOL')
  not = (x: Value): Value => this.#unary('Not', x)
  neg = (x: Value): Value => this.#unary('Neg', x)
  abs = (x: Value): Value => this.#unary('Abs', x)
  exp = (x: Value): Value => this.#unary('Exp', x)
  log = (x: Value): Value => this.#unary('Log', x)
  sqrt = (x: Value): Value => this.#unary('Sqrt', x)
  tanh = (x: Value): Value => this.#unary('Tanh', x)
  relu = (x: Value): Value => this.#unary('Relu', x)
  sigmoid = (x: Value): Value => this.#unary('Sigmoid', x)
  floor = (x: Value): Value => this.#unary('Floor', x)
  isNaN = (x: Value): Value => this.op('IsNaN', [x], { datatype: 'BOOL', shape: x.shape })
  identity = (x: Value): Value => this.#unary('Identity', x)

  where(condition: Value, x: Operand, y: Operand): Value {
    const [a, b] = [this.value(x), this.value(y)]
    const shape = broadcast(broadcast(condition.shape, a.shape), b.shape)
    return this.op('Where', [condition, a, b], { datatype: a.datatype, shape })
  }

  cast(x: Value, datatype: Exclude<Datatype, 'BYTES'>): Value {
    if (x.datatype === datatype) return x
    return this.op('Cast', [x], { datatype, shape: x.shape }, { to: int(elementTypeNumber(datatype)) })
  }

  /** FP32's precision in FP64, as numpy's `astype(float32)` has it. */
  roundToFloat = (x: Value): Value => this.cast(this.cast(x, 'FP32'), 'FP64')

  clip(x: Value, least: Operand | undefined, most: Operand | undefined): Value {
    let result = x
    if (least !== undefined) result = this.max(result, least)
    if (most !== undefined) result = this.min(result, most)
    return result
  }

  // Along an axis

  /** [..., n, k] x [k, m]; also [k] on either side. */
  matMul(x: Value, y: Value): Value {
    const shape = y.shape.length === 1 ? x.shape.slice(0, -1) : [...x.shape.slice(0, -1), ...y.shape.slice(-1)]
    return this.op('MatMul', [x, y], { datatype: x.datatype, shape })
  }

  sum = (x: Value, axis: number, keep = false): Value => this.#reduce('ReduceSum', x, axis, keep)
  mean = (x: Value, axis: number, keep = false): Value => this.#reduce('ReduceMean', x, axis, keep)
  least = (x: Value, axis: number, keep = false): Value => this.#reduce('ReduceMin', x, axis, keep)
  most = (x: Value, axis: number, keep = false): Value => this.#reduce('ReduceMax', x, axis, keep)

  softmax(x: Value, axis = -1): Value {
    return this.op('Softmax', [x], { datatype: x.datatype, shape: x.shape }, { axis: int(axis) })
  }

  /** INT64, without the axis; the first of equals, as numpy has it. */
  argMax(x: Value, axis: number): Value {
    return this.#arg('ArgMax', x, axis)
  }

  argMin(x: Value, axis: number): Value {
    return this.#arg('ArgMin', x, axis)
  }

  concat(parts: readonly Value[], axis: number): Value {
    const [first] = parts
    if (first === undefined) throw new Error('nothing to put together; this is a bug')
    if (parts.length === 1) return first
    const at = axis < 0 ? axis + first.shape.length : axis
    const size = parts.some(({ shape }) => (shape[at] ?? -1) < 0)
      ? -1
      : parts.reduce((sum, { shape }) => sum + (shape[at] ?? 0), 0)
    const shape = first.shape.map((each, i) => (i === at ? size : each))
    return this.op('Concat', parts, { datatype: first.datatype, shape }, { axis: int(axis) })
  }

  /** Columns `from` up to, not including, `to` of a matrix. */
  slice(x: Value, from: number, to: number, axis = 1): Value {
    if (from === 0 && to === x.shape[axis]) return x
    const shape = x.shape.map((size, i) => (i === axis ? to - from : size))
    const ends = [from, to, axis].map((value) => this.integers([value]))
    return this.op('Slice', [x, ...ends], { datatype: x.datatype, shape })
  }

  /** Columns of a matrix (or entries along an axis) by constant positions. */
  take(x: Value, positions: ArrayLike<number>, axis = 1): Value {
    const { length } = positions
    const isRun = Array.from(positions).every((value, i) => value === (positions[0] ?? 0) + i)
    if (length > 0 && isRun) return this.slice(x, positions[0] ?? 0, (positions[0] ?? 0) + length, axis)
    return this.gather(x, this.integers(positions), axis)
  }

  gather(x: Value, indices: Value, axis = 0): Value {
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]
    return this.op('Gather', [x, indices], { datatype: x.datatype, shape }, { axis: int(axis) })
  }

  /** @param shape with -1 for the rows, and for at most one size that is to be worked out */
  reshape(x: Value, shape: readonly number[]): Value {
    return this.op('Reshape', [x, this.integers(shape)], { datatype: x.datatype, shape })
  }

  unsqueeze(x: Value, axis: number): Value {
    const shape = [...x.shape]
    shape.splice(axis < 0 ? axis + shape.length + 1 : axis, 0, 1)
    return this.op('Unsqueeze', [x, this.integers([axis])], { datatype: x.datatype, shape })
  }

  squeeze(x: Value, axis: number): Value {
    const at = axis < 0 ? axis + x.shape.length : axis
    return this.op('Squeeze', [x, this.integers([axis])], {
      datatype: x.datatype,
      shape: x.shape.filter((_, i) => i !== at),
    })
  }

  transpose(x: Value, order: readonly number[]): Value {
    return this.op(
      'Transpose',
      [x],
      { datatype: x.datatype, shape: order.map((axis) => x.shape[axis] as number) },
      { perm: ints(order) },
    )
  }

  /** The largest (or least) `count` along the last axis, in order, with their positions as INT64. */
  topK(x: Value, count: number, isLargest: boolean): readonly [values: Value, positions: Value] {
    const shape = [...x.shape.slice(0, -1), count]
    const [values, positions] = this.b.node(
      'TopK',
      [x, this.integers([count])],
      [
        { datatype: x.datatype, shape },
        { datatype: 'INT64', shape },
      ],
      { axis: int(-1), largest: int(isLargest ? 1 : 0), sorted: int(1) },
    )
    return [values as Value, positions as Value]
  }

  /** A vector of `value`, one for each row of `x`; of the shape [rows, width] where a width is given. */
  fill(x: Value, value: number, width?: number): Value {
    const rows = this.op('Shape', [x], { datatype: 'INT64', shape: [1] }, { start: int(0), end: int(1) })
    const shape = width === undefined ? rows : this.concat([rows, this.integers([width])], 0)
    return this.op('Expand', [this.number(value), shape], {
      datatype: 'FP64',
      shape: width === undefined ? [-1] : [-1, width],
    })
  }

  #unary(name: string, x: Value): Value {
    return this.op(name, [x], { datatype: x.datatype, shape: x.shape })
  }

  #binary(name: string, x: Operand, y: Operand, datatype?: Datatype): Value {
    const [a, b] = [this.value(x), this.value(y)]
    return this.op(name, [a, b], { datatype: datatype ?? a.datatype, shape: broadcast(a.shape, b.shape) })
  }

  #reduce(name: string, x: Value, axis: number, keep: boolean): Value {
    const at = axis < 0 ? axis + x.shape.length : axis
    const shape = keep ? x.shape.map((size, i) => (i === at ? 1 : size)) : x.shape.filter((_, i) => i !== at)
    return this.op(name, [x, this.integers([axis])], { datatype: x.datatype, shape }, { keepdims: int(keep ? 1 : 0) })
  }

  #arg(name: string, x: Value, axis: number): Value {
    const at = axis < 0 ? axis + x.shape.length : axis
    const shape = x.shape.filter((_, i) => i !== at)
    return this.op(name, [x], { datatype: 'INT64', shape }, { axis: int(axis), keepdims: int(0) })
  }
}

/**
 * The shape of an operator on two shapes.
 * @throws {ServingError} `refused` where they do not meet: parts of a model that were not fitted together
 * @see ONNX, "Broadcasting"
 */
export function broadcast(x: readonly number[], y: readonly number[]): number[] {
  const rank = Math.max(x.length, y.length)
  return Array.from({ length: rank }, (_, i) => {
    const a = x[i - rank + x.length] ?? 1
    const b = y[i - rank + y.length] ?? 1
    if (a === 1) return b
    if (b === 1 || a === b || b === -1) return a
    if (a === -1) return b
    throw new ServingError(
      'refused',
      `parts of the model do not fit together: [${x.join()}] meets [${y.join()}], where -1 counts rows; the file is damaged`,
    )
  })
}
