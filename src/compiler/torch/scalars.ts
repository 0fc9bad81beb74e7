import { Dim } from './dim.ts'
import { describeValue, unsupported, type Value } from './values.ts'

type Scalar = Dim | number | boolean

const COMPARISONS: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ['eq', (order) => order === 0],
  ['ne', (order) => order !== 0],
  ['lt', (order) => order < 0],
  ['le', (order) => order <= 0],
  ['gt', (order) => order > 0],
  ['ge', (order) => order >= 0],
])

/**
 * What Python's operators give for scalars: whole numbers that may hang on sizes, floats, bools.
 * @param name as in Python's `operator` module: `add`, `floordiv`, `lt`
 * @throws {ServingError} `unsupported` for other operators, and for comparisons that hang on the inputs
 */
export function applySymbols(name: string, operands: readonly Value[]): Value {
  const scalars = operands.map((value) => {
    if (typeof value === 'number' || typeof value === 'boolean' || value instanceof Dim) return value
    throw unsupported(`the operation ${name} of ${describeValue(value)}`)
  })
  const [a, b] = scalars
  if (a === undefined) throw unsupported(`the operation ${name} of nothing`)
  if (b === undefined) return unary(name, a)
  const compare = COMPARISONS.get(name)
  if (compare !== undefined) {
    const order = orderOf(a, b)
    if (order === undefined) throw unsupported('the model takes one way or another by the size of its input')
    return compare(order)
  }
  return binary(name, a, b)
}

function unary(name: string, a: Scalar): Value {
  if (name === 'neg' || name === 'negative') return a instanceof Dim ? a.times(-1) : -Number(a)
  if (name === 'pos') return a
  if (name === 'not' || name === 'sym_not' || name === 'not_') return !truth(a)
  if (name === 'sym_int' || name === 'int' || name === 'trunc' || name === 'floor' || name === 'ceil') {
    if (a instanceof Dim) return a
    const round = name === 'floor' ? Math.floor : name === 'ceil' ? Math.ceil : Math.trunc
    const whole = round(Number(a))
    if (!Number.isSafeInteger(whole)) throw unsupported(`the whole number of ${a}`)
    return Dim.of(whole)
  }
  if (name === 'sym_float' || name === 'float') return numberOf(a, name)
  if (name === 'sqrt' || name === 'sym_sqrt' || name === '_sym_sqrt') return Math.sqrt(numberOf(a, name))
  if (name === 'exp') return Math.exp(numberOf(a, name))
  if (name === 'log') return Math.log(numberOf(a, name))
  if (name === 'abs' && a instanceof Dim && a.lowest >= 0) return a
  if (name === 'abs') return a instanceof Dim ? Dim.of(Math.abs(numberOf(a, name))) : Math.abs(numberOf(a, name))
  throw unsupported(`the operation ${name} of sizes is not compiled`)
}

function binary(name: string, a: Scalar, b: Scalar): Value {
  if (name === 'and_' || name === 'and' || name === 'or_' || name === 'or') {
    if (typeof a === 'boolean' && typeof b === 'boolean') return name.startsWith('and') ? a && b : a || b
  }
  const [left, right] = [whole(a), whole(b)]
  if (left !== undefined && right !== undefined) {
    if (name === 'add') return left.plus(right)
    if (name === 'sub') return left.minus(right)
    if (name === 'mul') return left.times(right)
    if (name === 'floordiv' || name === 'FloorDiv' || name === 'CleanDiv') return left.floorDivide(right)
    if (name === 'mod' || name === 'remainder') return left.modulo(right)
    if (name === 'sym_max' || name === 'max') return left.larger(right)
    if (name === 'sym_min' || name === 'min') return left.smaller(right)
  }
  const [x, y] = [numberOf(a, name), numberOf(b, name)]
  if (name === 'truediv' || name === 'div' || name === 'IntTrueDiv' || name === 'FloatTrueDiv') {
    if (y === 0) throw unsupported('the model divides a size by zero')
    return x / y
  }
  if (name === 'pow' || name === 'pow_by_natural') {
    const value = x ** y
    return left !== undefined && right !== undefined && y >= 0 && Number.isSafeInteger(value) ? Dim.of(value) : value
  }
  if (name === 'add') return x + y
  if (name === 'sub') return x - y
  if (name === 'mul') return x * y
  if (name === 'floordiv') return Math.floor(x / y)
  if (name === 'mod' || name === 'remainder') return x - Math.floor(x / y) * y
  if (name === 'sym_max' || name === 'max') return Math.max(x, y)
  if (name === 'sym_min' || name === 'min') return Math.min(x, y)
  throw unsupported(`the operation ${name} of sizes is not compiled`)
}

/** Whole numbers and bools as sizes; undefined for floats. */
function whole(value: Scalar): Dim | undefined {
  if (value instanceof Dim) return value
  return typeof value === 'boolean' ? Dim.of(value ? 1 : 0) : undefined
}

/** @throws {ServingError} `unsupported` for a size that hangs on the inputs */
function numberOf(value: Scalar, name: string): number {
  if (!(value instanceof Dim)) return Number(value)
  if (value.constant === undefined) throw unsupported(`the operation ${name} makes a number of the size of an input`)
  return value.constant
}

/** Below, equal or above; undefined where it hangs on the inputs. */
export function orderOf(a: Scalar, b: Scalar): number | undefined {
  const [left, right] = [whole(a), whole(b)]
  if (left !== undefined && right !== undefined) return left.compare(right)
  const [x, y] = [a instanceof Dim ? a.constant : Number(a), b instanceof Dim ? b.constant : Number(b)]
  if (x === undefined || y === undefined) return undefined
  return x < y ? -1 : x > y ? 1 : x === y ? 0 : NaN
}

/** Whether a scalar counts as true. @throws {ServingError} `unsupported` where that hangs on the inputs */
export function truth(value: Scalar): boolean {
  if (!(value instanceof Dim)) return Boolean(value)
  if (value.constant !== undefined) return value.constant !== 0
  if (value.lowest > 0) return true
  throw unsupported('the model takes one way or another by the size of its input')
}
