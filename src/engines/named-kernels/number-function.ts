import type { NumericTensor } from '../../tensor/tensor.ts'
import type { NamedKernel } from './kernel.ts'

/**
 * A function of each number, for those that ONNX has not, or not for float64.
 *
 * Input and output: FP64 of any shape. Parameters: `function`: numpy's name of it (`expit`, `logit`: scipy's).
 */
export const numberFunction: NamedKernel = {
  takes: ['FP64'],
  prepare(parameters) {
    const apply = FUNCTIONS[parameters.oneOf('function', Object.keys(FUNCTIONS) as (keyof typeof FUNCTIONS)[])]
    return {
      run(inputs) {
        const { shape, data } = inputs[0] as NumericTensor<'FP64'>
        const made = new Float64Array(data.length)
        for (let i = 0; i < data.length; i++) made[i] = apply(data[i] as number)
        return [{ datatype: 'FP64', shape, data: made }]
      },
    }
  },
}

const FUNCTIONS = {
  abs: Math.abs,
  arccos: Math.acos,
  arccosh: Math.acosh,
  arcsin: Math.asin,
  arcsinh: Math.asinh,
  arctan: Math.atan,
  arctanh: Math.atanh,
  cbrt: Math.cbrt,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg2rad: (x: number) => x * (Math.PI / 180),
  exp: Math.exp,
  expm1: Math.expm1,
  fabs: Math.abs,
  floor: Math.floor,
  isfinite: (x: number) => (Number.isFinite(x) ? 1 : 0),
  isinf: (x: number) => (Math.abs(x) === Infinity ? 1 : 0),
  isnan: (x: number) => (Number.isNaN(x) ? 1 : 0),
  log: Math.log,
  log1p: Math.log1p,
  negative: (x: number) => -x,
  positive: (x: number) => x,
  reciprocal: (x: number) => 1 / x,
  rint: roundToEven,
  sign: Math.sign,
  sqrt: Math.sqrt,
  square: (x: number) => x * x,
  tanh: Math.tanh,
  exp2: (x: number) => 2 ** x,
  expit: (x: number) => 1 / (1 + Math.exp(-x)),
  fix: Math.trunc,
  log10: Math.log10,
  log2: Math.log2,
  logical_not: (x: number) => (x === 0 ? 1 : 0),
  logit: (x: number) => Math.log(x / (1 - x)),
  rad2deg: (x: number) => x * (180 / Math.PI),
  signbit: (x: number) => (Object.is(x, -0) || x < 0 ? 1 : 0),
  sin: Math.sin,
  sinh: Math.sinh,
  tan: Math.tan,
  trunc: Math.trunc,
} as const

/** To the nearest whole number, halves to the even one. */
function roundToEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  const isUp = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0)
  const rounded = isUp ? floor + 1 : floor
  return rounded === 0 ? x * 0 : rounded
}
