import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'

/** ln(1 + x), exact near 0 as well: (ln(u) / (u - 1)) x for u = 1 + x. @see W. Kahan's rule, in Higham, "Accuracy and Stability" */
export function log1p(ops: Ops, x: Value): Value {
  const u = ops.add(x, 1)
  const isTiny = ops.equal(u, 1)
  const isHuge = ops.equal(u, Infinity)
  const rest = ops.where(isTiny, 1, ops.sub(u, 1))
  return ops.where(isTiny, x, ops.where(isHuge, u, ops.div(ops.mul(ops.log(u), x), rest)))
}

/** e^x - 1, exact near 0 as well: (u - 1) x / ln(u) for u = e^x. */
export function expm1(ops: Ops, x: Value): Value {
  const u = ops.exp(x)
  const less = ops.sub(u, 1)
  const isTiny = ops.equal(u, 1)
  const isSmall = ops.less(ops.abs(x), 0.5)
  const logarithm = ops.where(isTiny, 1, ops.log(ops.where(isSmall, u, 2)))
  return ops.where(isTiny, x, ops.where(isSmall, ops.div(ops.mul(less, x), logarithm), less))
}

/** 1 / (1 + e^-x), exact where it is next to nothing as well: ONNX Runtime's Sigmoid gives 0 there. */
export function expit(ops: Ops, x: Value): Value {
  return ops.div(1, ops.add(ops.exp(ops.neg(x)), 1))
}

/** Functions of one number that ONNX computes as numpy does, by numpy's names. */
const IN_GRAPH: ReadonlyMap<string, (ops: Ops, x: Value) => Value> = new Map<string, (ops: Ops, x: Value) => Value>([
  ['abs', (ops, x) => ops.abs(x)],
  ['ceil', (ops, x) => ops.op('Ceil', [x], x)],
  ['exp', (ops, x) => ops.exp(x)],
  ['expm1', expm1],
  ['fabs', (ops, x) => ops.abs(x)],
  ['floor', (ops, x) => ops.floor(x)],
  ['isfinite', (ops, x) => ops.cast(ops.less(ops.abs(x), Infinity), 'FP64')],
  ['isinf', (ops, x) => ops.cast(ops.equal(ops.abs(x), Infinity), 'FP64')],
  ['isnan', (ops, x) => ops.cast(ops.isNaN(x), 'FP64')],
  ['log', (ops, x) => ops.log(x)],
  ['log1p', log1p],
  ['negative', (ops, x) => ops.neg(x)],
  ['positive', (_ops, x) => x],
  ['reciprocal', (ops, x) => ops.div(1, x)],
  ['rint', (ops, x) => ops.op('Round', [x], x)],
  ['sign', (ops, x) => ops.where(ops.isNaN(x), x, ops.op('Sign', [x], x))],
  ['sqrt', (ops, x) => ops.sqrt(x)],
  ['square', (ops, x) => ops.mul(x, x)],
  ['tanh', (ops, x) => ops.tanh(x)],
])

/** Functions of one number that only a host kernel computes, by numpy's (and scipy.special's) names. */
const IN_KERNEL: ReadonlySet<string> = new Set(
  `arccos arccosh arcsin arcsinh arctan arctanh cbrt cos cosh deg2rad exp2 expit fix log10 log2 logical_not logit rad2deg
  signbit sin sinh tan trunc`.split(/\s+/),
)

export interface ElementFunction {
  readonly make: (ops: Ops, x: Value) => Value
  /** The same by a host kernel, whatever ONNX has: for where a host kernel follows it. */
  readonly inKernel: (ops: Ops, x: Value) => Value
}

/** One function of numpy's (or scipy.special's) by name; undefined where it is not known. */
export function elementFunction(name: string): ElementFunction | undefined {
  const known = ALIASES.get(name) ?? name
  const inGraph = IN_GRAPH.get(known)
  if (inGraph === undefined && !IN_KERNEL.has(known)) return undefined
  const inKernel = (ops: Ops, x: Value) =>
    ops.b.kernel('number-function', { function: known }, [x], [{ datatype: 'FP64', shape: x.shape }])[0] as Value
  return { make: inGraph ?? inKernel, inKernel }
}

/** Other names of the same function. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['absolute', 'abs'],
  ['acos', 'arccos'],
  ['acosh', 'arccosh'],
  ['asin', 'arcsin'],
  ['asinh', 'arcsinh'],
  ['atan', 'arctan'],
  ['atanh', 'arctanh'],
  ['radians', 'deg2rad'],
  ['degrees', 'rad2deg'],
])
