import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { type Fitted } from './fitted.ts'
import { describe } from '../../formats/python/describe.ts'
import { transposed } from './linear.ts'
import { handleZeros } from './scalers.ts'

/** Kernels of two rows, with what each needs. @see scikit-learn, `sklearn.metrics.pairwise`, `KERNEL_PARAMS` */
export interface Kernel {
  readonly name: (typeof KERNELS)[number]
  readonly gamma: number
  readonly degree: number
  readonly coef0: number
}

const KERNELS = [
  'linear',
  'poly',
  'polynomial',
  'rbf',
  'sigmoid',
  'laplacian',
  'cosine',
  'chi2',
  'additive_chi2',
] as const

/** Of the estimator's attributes `kernel`, `gamma`, `degree` and `coef0`; what is None is scikit-learn's default. */
export function kernelOf(fitted: Fitted, width: number): Kernel {
  const name = fitted.raw('kernel')
  if (typeof name !== 'string' || !(KERNELS as readonly string[]).includes(name))
    throw fitted.unsupported(
      `its kernel is ${describe(name)}; covered are ${KERNELS.join(', ')}, and no functions of one's own`,
    )
  if (fitted.has('kernel_params')) throw fitted.unsupported('it has "kernel_params" besides its kernel')
  const given = fitted.optionalNumber('gamma')
  const gamma = (fitted.has('gamma_') ? fitted.number('gamma_') : given) ?? (name === 'chi2' ? 1 : 1 / width)
  const degree = fitted.optionalNumber('degree') ?? 3
  const coef0 = fitted.optionalNumber('coef0') ?? 1
  return { name: name as Kernel['name'], gamma, degree, coef0 }
}

/**
 * The kernel of each row with each of the known ones: FP64 [rows, count].
 * @param x FP64 [rows, width]
 * @param known [count, width]
 */
export function pairwiseKernel(
  ops: Ops,
  x: Value,
  known: Float64Array,
  count: number,
  { name, gamma, degree, coef0 }: Kernel,
): Value {
  const width = known.length / count
  const dots = () => ops.matMul(x, ops.numbers(transposed(known, count, width), [width, count]))
  if (name === 'linear') return dots()
  if (name === 'poly' || name === 'polynomial') return ops.pow(ops.add(ops.mul(dots(), gamma), coef0), degree)
  if (name === 'sigmoid') return ops.tanh(ops.add(ops.mul(dots(), gamma), coef0))
  if (name === 'cosine') return cosine(ops, x, known, count)
  if (name === 'rbf') return ops.exp(ops.mul(squaredDistances(ops, x, known, count), -gamma))
  const apart = ops.unsqueeze(x, 1)
  const others = ops.numbers(known, [1, count, width])
  const difference = ops.sub(apart, others)
  if (name === 'laplacian') return ops.exp(ops.mul(ops.sum(ops.abs(difference), 2), -gamma))
  const both = ops.add(apart, others)
  const isNone = ops.equal(both, 0)
  const parts = ops.where(isNone, 0, ops.div(ops.mul(difference, difference), ops.where(isNone, 1, both)))
  const distance = ops.sum(parts, 2)
  return name === 'additive_chi2' ? ops.neg(distance) : ops.exp(ops.mul(distance, -gamma))
}

/** |x|² - 2 x·y + |y|², not below 0. */
export function squaredDistances(ops: Ops, x: Value, known: Float64Array, count: number): Value {
  const width = known.length / count
  const sizes = Float64Array.from({ length: count }, (_, i) => {
    let size = 0
    for (let j = 0; j < width; j++) size += (known[i * width + j] ?? 0) ** 2
    return size
  })
  const dots = ops.matMul(x, ops.numbers(transposed(known, count, width), [width, count]))
  const own = ops.sum(ops.mul(x, x), 1, true)
  return ops.max(ops.add(ops.add(ops.mul(dots, -2), own), ops.numbers(sizes)), 0)
}

function cosine(ops: Ops, x: Value, known: Float64Array, count: number): Value {
  const width = known.length / count
  const units = new Float64Array(known.length)
  for (let i = 0; i < count; i++) {
    let size = 0
    for (let j = 0; j < width; j++) size += (known[i * width + j] ?? 0) ** 2
    const length = size === 0 ? 1 : Math.sqrt(size)
    for (let j = 0; j < width; j++) units[i * width + j] = (known[i * width + j] ?? 0) / length
  }
  const length = handleZeros(ops, ops.sqrt(ops.sum(ops.mul(x, x), 1, true)))
  return ops.matMul(ops.div(x, length), ops.numbers(transposed(units, count, width), [width, count]))
}
