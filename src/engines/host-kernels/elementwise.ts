import type { Tensor } from '../../tensor/tensor.ts'
import { asFloat64, broadcast, broadcastNow, countOf, floats, make, repeatable, type Floats } from './arrays.ts'
import type { Kernel, KernelDatatype, KernelNode, Prepared, Run, ValueType } from './kernel.ts'

/** Computes `count` results; each operand is read again from its start when it ends. */
type FloatLoop = (a: Floats, b: Floats, out: Floats, count: number) => void

const FLOATS: readonly KernelDatatype[] = ['FP32', 'FP64']
const NUMBERS: readonly KernelDatatype[] = ['FP32', 'FP64', 'INT32', 'INT64']

// Each loop stands by itself, though they look alike: an engine compiles each for its own operator and arrays.
const addFloats: FloatLoop = (a, b, out, count) => {
  const { length: aLength } = a
  const { length: bLength } = b
  for (let i = 0, j = 0, k = 0; i < count; i++) {
    out[i] = (a[j] as number) + (b[k] as number)
    if (++j === aLength) j = 0
    if (++k === bLength) k = 0
  }
}
const subtractFloats: FloatLoop = (a, b, out, count) => {
  const { length: aLength } = a
  const { length: bLength } = b
  for (let i = 0, j = 0, k = 0; i < count; i++) {
    out[i] = (a[j] as number) - (b[k] as number)
    if (++j === aLength) j = 0
    if (++k === bLength) k = 0
  }
}
const multiplyFloats: FloatLoop = (a, b, out, count) => {
  const { length: aLength } = a
  const { length: bLength } = b
  for (let i = 0, j = 0, k = 0; i < count; i++) {
    out[i] = (a[j] as number) * (b[k] as number)
    if (++j === aLength) j = 0
    if (++k === bLength) k = 0
  }
}
const divideFloats: FloatLoop = (a, b, out, count) => {
  const { length: aLength } = a
  const { length: bLength } = b
  for (let i = 0, j = 0, k = 0; i < count; i++) {
    out[i] = (a[j] as number) / (b[k] as number)
    if (++j === aLength) j = 0
    if (++k === bLength) k = 0
  }
}

interface Arithmetic {
  readonly float: FloatLoop
  /** Results are wrapped to 32 bits by the array that takes them. */
  readonly int32: (a: number, b: number) => number
  readonly int64: (a: bigint, b: bigint) => bigint
  readonly divides?: true
}

function arithmetic({ float, int32, int64, divides }: Arithmetic): Kernel {
  return (node) => {
    node.expectInputs(2)
    const a = node.input(0, NUMBERS)
    const b = node.input(1, [a.datatype])
    const { datatype } = a
    const outputs = [typeOfBroadcast(node, a, b, datatype)]
    if (datatype === 'INT32' || datatype === 'INT64') {
      const apply = (datatype === 'INT32' ? int32 : int64) as (a: unknown, b: unknown) => unknown
      return { outputs, run: pairwise(node, datatype, divides === true ? guarded(node, apply) : apply) }
    }
    const run: Run = (inputs) => {
      const a = inputs[0] as Tensor
      const b = inputs[1] as Tensor
      const shape = broadcastNow(a.shape, b.shape, node)
      const count = countOf(shape, node)
      const out = floats(datatype, count)
      if (count > 0) float(repeatable(a, shape, node) as Floats, repeatable(b, shape, node) as Floats, out, count)
      return [make(datatype, shape, out)]
    }
    return { outputs, run }
  }
}

function guarded(node: KernelNode, apply: (a: unknown, b: unknown) => unknown): typeof apply {
  return (a, b) => {
    if (b === 0 || b === 0n) throw node.failure('an integer is divided by zero')
    return apply(a, b)
  }
}

function typeOfBroadcast(node: KernelNode, a: ValueType, b: ValueType, datatype: KernelDatatype): ValueType {
  const shape = broadcast(a.shape, b.shape)
  if (shape === undefined)
    throw node.refuse(`has inputs of shapes [${a.shape.join(',')}] and [${b.shape.join(',')}], which do not broadcast`)
  return { datatype, shape }
}

/** Runs any function of two elements; for what is seldom hot. */
function pairwise(node: KernelNode, datatype: KernelDatatype, apply: (a: unknown, b: unknown) => unknown): Run {
  return (inputs) => {
    const a = inputs[0] as Tensor
    const b = inputs[1] as Tensor
    const shape = broadcastNow(a.shape, b.shape, node)
    const count = countOf(shape, node)
    const x = repeatable(a, shape, node)
    const y = repeatable(b, shape, node)
    const out = emptyOf(datatype, count)
    for (let i = 0, j = 0, k = 0; i < count; i++) {
      out[i] = apply(x[j], y[k])
      if (++j === x.length) j = 0
      if (++k === y.length) k = 0
    }
    return [make(datatype, shape, out)]
  }
}

function emptyOf(datatype: KernelDatatype, count: number): { [index: number]: unknown } {
  if (datatype === 'BOOL') return new Uint8Array(count)
  if (datatype === 'INT32') return new Int32Array(count)
  if (datatype === 'INT64') return new BigInt64Array(count)
  return floats(datatype, count)
}

/** A comparison or a logical operator: both inputs of one datatype, the result BOOL. */
function predicate(
  datatypes: readonly KernelDatatype[],
  since: number,
  apply: (a: number, b: number) => boolean,
): Kernel {
  return (node) => {
    node.expectOpset(since)
    node.expectInputs(2)
    const a = node.input(0, datatypes)
    const b = node.input(1, [a.datatype])
    // Comparing works alike on numbers and on the BigInts of INT64.
    const run = pairwise(node, 'BOOL', (x, y) => (apply(x as number, y as number) ? 1 : 0))
    return { outputs: [typeOfBroadcast(node, a, b, 'BOOL')], run }
  }
}

/** A function of one element, floats to floats. */
function mapping(apply: (x: number) => number): Kernel {
  return (node) => {
    node.expectInputs(1)
    const { datatype, shape } = node.input(0, FLOATS)
    return { outputs: [{ datatype, shape }], run: mapFloats(datatype, apply) }
  }
}

function mapFloats(datatype: KernelDatatype, apply: (x: number) => number): Run {
  return (inputs) => {
    const x = inputs[0] as Tensor
    const data = x.data as Floats
    const out = floats(datatype, data.length)
    for (let i = 0; i < data.length; i++) out[i] = apply(data[i] as number)
    return [make(datatype, x.shape, out)]
  }
}

/** A function of one element that integers have too. */
function signed(float: (x: number) => number, int64: (x: bigint) => bigint, integersSince = 1): Kernel {
  return (node) => {
    node.expectInputs(1)
    const { datatype, shape } = node.input(0, node.opset >= integersSince ? NUMBERS : FLOATS)
    const outputs = [{ datatype, shape }]
    if (datatype === 'FP32' || datatype === 'FP64') return { outputs, run: mapFloats(datatype, float) }
    if (datatype === 'INT32')
      return {
        outputs,
        run: ([x]) => [make(datatype, (x as Tensor).shape, ((x as Tensor).data as Int32Array).map(float))],
      }
    return {
      outputs,
      run: ([x]) => [make(datatype, (x as Tensor).shape, ((x as Tensor).data as BigInt64Array).map(int64))],
    }
  }
}

/** The logistic function, without overflow at either end. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x))
  const e = Math.exp(x)
  return e / (1 + e)
}

export const add = arithmetic({ float: addFloats, int32: (a, b) => a + b, int64: (a, b) => a + b })
export const subtract = arithmetic({ float: subtractFloats, int32: (a, b) => a - b, int64: (a, b) => a - b })
export const multiply = arithmetic({ float: multiplyFloats, int32: Math.imul, int64: (a, b) => a * b })
export const divide = arithmetic({
  float: divideFloats,
  int32: (a, b) => Math.trunc(a / b),
  int64: (a, b) => a / b,
  divides: true,
})

export const greater = predicate(NUMBERS, 9, (a, b) => a > b)
export const less = predicate(NUMBERS, 9, (a, b) => a < b)
export const greaterOrEqual = predicate(NUMBERS, 12, (a, b) => a >= b)
export const lessOrEqual = predicate(NUMBERS, 12, (a, b) => a <= b)
export const equal = predicate([...NUMBERS, 'BOOL'], 7, (a, b) => a === b)
export const and = predicate(['BOOL'], 7, (a, b) => a !== 0 && b !== 0)
export const or = predicate(['BOOL'], 7, (a, b) => a !== 0 || b !== 0)

export const exp = mapping(Math.exp)
export const log = mapping(Math.log)
export const sqrt = mapping(Math.sqrt)
export const floor = mapping(Math.floor)
export const ceil = mapping(Math.ceil)
export const tanh = mapping(Math.tanh)
export const logistic = mapping(sigmoid)
export const softplus = mapping((x) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0))

export const negate = signed(
  (x) => -x,
  (x) => -x,
)
export const absolute = signed(Math.abs, (x) => (x < 0n ? -x : x))
export const relu = signed(
  (x) => (x < 0 ? 0 : x),
  (x) => (x < 0n ? 0n : x),
  14,
)

export const not: Kernel = (node) => {
  node.expectInputs(1)
  const { shape } = node.input(0, ['BOOL'])
  return {
    outputs: [{ datatype: 'BOOL', shape }],
    run: ([x]) => [
      make(
        'BOOL',
        (x as Tensor).shape,
        ((x as Tensor).data as Uint8Array).map((bit) => 1 - bit),
      ),
    ],
  }
}

export const isNan: Kernel = (node) => {
  node.expectInputs(1)
  const { shape } = node.input(0, FLOATS)
  const run: Run = ([x]) => {
    const data = (x as Tensor).data as Floats
    const out = new Uint8Array(data.length)
    for (let i = 0; i < data.length; i++) if (Number.isNaN(data[i])) out[i] = 1
    return [make('BOOL', (x as Tensor).shape, out)]
  }
  return { outputs: [{ datatype: 'BOOL', shape }], run }
}

/** Pow with a constant exponent of any numeric datatype; the result has the base's. */
export const power: Kernel = (node) => {
  node.expectInputs(2)
  const base = node.input(0, FLOATS)
  const exponent = node.constant(1, node.opset < 12 ? [base.datatype] : NUMBERS)
  if (exponent === undefined) throw node.refuse('has no exponent')
  const values = asFloat64(exponent)
  // JavaScript and C differ on 1 and -1 to an infinite or NaN power.
  if (!values.every(Number.isFinite)) throw node.refuse('has an exponent that is not finite')
  const { datatype } = base
  const constant = make('FP64', exponent.shape, values)
  const power = pairwise(node, datatype, (x, y) =>
    y === 2 ? (x as number) * (x as number) : (x as number) ** (y as number),
  )
  return {
    outputs: [typeOfBroadcast(node, base, { datatype, shape: exponent.shape }, datatype)],
    run: (inputs) => power([inputs[0] as Tensor, constant]),
  }
}

/** Clip to constant bounds: attributes before operator set 11, inputs from then on. */
export const clip: Kernel = (node) => {
  node.expectInputs(1, node.opset < 11 ? 1 : 3)
  const { datatype, shape } = node.input(0, node.opset < 12 ? FLOATS : NUMBERS)
  let least: number | bigint | undefined
  let most: number | bigint | undefined
  if (node.opset < 11) {
    least = node.float('min', -3.4028234663852886e38)
    most = node.float('max', 3.4028234663852886e38)
  } else {
    least = bound(node, 1, datatype)
    most = bound(node, 2, datatype)
  }
  const outputs = [{ datatype, shape }]
  if (datatype === 'INT64') {
    const clamp = (x: bigint): bigint => {
      const raised = least !== undefined && x < least ? (least as bigint) : x
      return most !== undefined && raised > most ? (most as bigint) : raised
    }
    return {
      outputs,
      run: ([x]) => [make(datatype, (x as Tensor).shape, ((x as Tensor).data as BigInt64Array).map(clamp))],
    }
  }
  const from = (least as number | undefined) ?? -Infinity
  const to = (most as number | undefined) ?? Infinity
  const clamp = (x: number): number => Math.min(Math.max(x, from), to)
  if (datatype === 'INT32')
    return {
      outputs,
      run: ([x]) => [make(datatype, (x as Tensor).shape, ((x as Tensor).data as Int32Array).map(clamp))],
    }
  return { outputs, run: mapFloats(datatype, clamp) }
}

function bound(node: KernelNode, index: number, datatype: KernelDatatype): number | bigint | undefined {
  const found = node.constant(index, [datatype])
  if (found === undefined) return undefined
  if (found.data.length !== 1) throw node.refuse(`has a bound of ${found.data.length} elements; one is allowed`)
  const value = found.data[0] as number | bigint
  if (Number.isNaN(value)) throw node.refuse('has NaN as a bound')
  return value
}

/** Where: three-way broadcasting, of any datatype. */
export const where: Kernel = (node) => {
  node.expectInputs(3)
  const condition = node.input(0, ['BOOL'])
  const a = node.input(1, [...NUMBERS, 'BOOL', 'BYTES'])
  const { datatype } = a
  const b = node.input(2, [datatype])
  const branches = typeOfBroadcast(node, a, b, datatype)
  const outputs = [typeOfBroadcast(node, condition, branches, datatype)]
  const run: Run = (inputs) => {
    const [condition, a, b] = inputs as readonly [Tensor, Tensor, Tensor]
    const shape = broadcastNow(condition.shape, broadcastNow(a.shape, b.shape, node), node)
    const count = countOf(shape, node)
    const chosen = repeatable(condition, shape, node) as Uint8Array
    const x = repeatable(a, shape, node)
    const y = repeatable(b, shape, node)
    // oxlint-disable-next-line unicorn/no-new-array -- `count` elements are about to be written
    const out = datatype === 'BYTES' ? new Array<unknown>(count) : emptyOf(datatype, count)
    for (let i = 0, h = 0, j = 0, k = 0; i < count; i++) {
      out[i] = chosen[h] === 0 ? y[k] : x[j]
      if (++h === chosen.length) h = 0
      if (++j === x.length) j = 0
      if (++k === y.length) k = 0
    }
    return [make(datatype, shape, out)]
  }
  return { outputs, run } satisfies Prepared
}

/** Min and Max of any number of inputs; NaN beside a number is NaN, as ONNX Runtime and numpy have it. */
function extreme(isMost: boolean): Kernel {
  const float: (a: number, b: number) => number = isMost ? Math.max : Math.min
  const wide = (a: bigint, b: bigint): bigint => (a > b === isMost ? a : b)
  return (node) => {
    node.expectOpset(8)
    node.expectInputs(1, Infinity)
    const first = node.input(0, NUMBERS)
    const { datatype } = first
    let type: ValueType = { datatype, shape: first.shape }
    for (let i = 1; i < node.arity; i++) type = typeOfBroadcast(node, type, node.input(i, [datatype]), datatype)
    const pair = pairwise(node, datatype, (datatype === 'INT64' ? wide : float) as (a: unknown, b: unknown) => unknown)
    const run: Run = (inputs) => {
      let result = inputs[0] as Tensor
      for (let i = 1; i < inputs.length; i++) result = pair([result, inputs[i] as Tensor])[0] as Tensor
      return [result]
    }
    return { outputs: [type], run }
  }
}

export const max = extreme(true)
export const min = extreme(false)
export const sine = mapping(Math.sin)
export const cosine = mapping(Math.cos)
export const reciprocal = mapping((x) => 1 / x)
export const sign = signed(Math.sign, (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n))
/** To the nearest whole number, halves to the even one. */
export const round = mapping((x) => {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest < 0.5) return floor
  if (rest > 0.5) return floor + 1
  return floor % 2 === 0 ? floor : floor + 1
})
