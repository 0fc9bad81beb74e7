import { int } from '../../../onnx/index.ts'
import type { NumericDatatype } from '../../../tensor/datatype.ts'
import { categoryOf, floatOf, isFloating, resultType } from '../datatypes.ts'
import { Dim } from '../dim.ts'
import type { Lowering } from '../lowering.ts'
import { operator, type Lower } from '../operator.ts'
import { TensorValue, unsupported, type Item } from '../values.ts'

type Operand = TensorValue | Item

/** Both in the datatype in which they meet; the result in that datatype too. */
export function meet(g: Lowering, opType: string, a: Operand, b: Operand, datatype = resultType([a, b])): TensorValue {
  const [left, right] = [g.computable(g.tensor(a, datatype)), g.computable(g.tensor(b, datatype))]
  const made = g.cast(g.binary(opType, left, right), datatype)
  const item = itemOf(opType, a, b)
  return item === undefined || made.rank > 0 ? made : new TensorValue(made.name, datatype, [], { item })
}

/** Arithmetic of sizes that a traced model keeps in scalar tensors. */
function itemOf(opType: string, a: Operand, b: Operand): Dim | undefined {
  const [left, right] = [a, b].map((operand) => (operand instanceof TensorValue ? operand.item : operand))
  if (!(left instanceof Dim) || !(right instanceof Dim)) return undefined
  if ([a, b].some((operand) => operand instanceof TensorValue && operand.datatype !== 'INT64')) return undefined
  if (opType === 'Add') return left.plus(right)
  if (opType === 'Sub') return left.minus(right)
  return opType === 'Mul' ? left.times(right) : undefined
}

/** `other` times `alpha`, in the datatype that the sum will have. */
function scaled(g: Lowering, other: Operand, alpha: Item, datatype: NumericDatatype): Operand {
  if (alpha instanceof Dim ? alpha.is(1) : Number(alpha) === 1) return other
  return meet(g, 'Mul', other, alpha, datatype)
}

const add: Lower = (g, a) => {
  const [self, other] = [a.operand('self'), a.operand('other')]
  const datatype = resultType([self, other])
  return meet(g, 'Add', self, scaled(g, other, a.scalar('alpha'), datatype), datatype)
}

const subtract: Lower = (g, a) => {
  const [self, other] = [a.operand('self'), a.operand('other')]
  const datatype = resultType([self, other])
  return meet(g, 'Sub', self, scaled(g, other, a.scalar('alpha'), datatype), datatype)
}

/** A whole number that is known, or hangs on sizes alone. */
function sizeIn(operand: Operand): Dim | undefined {
  const item = operand instanceof TensorValue ? (operand.rank === 0 ? operand.item : undefined) : operand
  return item instanceof Dim ? item : undefined
}

/** The datatype of a true division: whole numbers give floats. */
function divided(g: Lowering, a: Operand, b: Operand): TensorValue {
  return meet(g, 'Div', a, b, floatOf(resultType([a, b])))
}

/** The rest of a division towards minus infinity: it has the divisor's sign. */
function remainder(g: Lowering, a: Operand, b: Operand, datatype = resultType([a, b])): TensorValue {
  const [over, under] = [sizeIn(a), sizeIn(b)]
  if (over !== undefined && under !== undefined && datatype === 'INT64') return g.scalar(over.modulo(under), 'INT64')
  if (!isFloating(datatype)) return meet(g, 'Mod', a, b, datatype)
  const [left, right] = [g.tensor(a, datatype), g.tensor(b, datatype)]
  const rest = g.binary('Mod', left, right, datatype, { fmod: int(1) })
  return g.where(otherSign(g, rest, right), g.binary('Add', rest, right), rest)
}

/** Where a rest is not zero and has another sign than its divisor. */
function otherSign(g: Lowering, rest: TensorValue, divisor: TensorValue): TensorValue {
  const zero = g.scalar(0, rest.datatype)
  const negative = (value: TensorValue) => g.binary('Less', value, zero, 'BOOL')
  const differs = g.binary('Xor', negative(rest), negative(divisor))
  return g.binary('And', differs, g.op('Not', [g.binary('Equal', rest, zero, 'BOOL')], {}, 'BOOL', rest.shape))
}

function floorDivided(g: Lowering, a: Operand, b: Operand): TensorValue {
  const datatype = resultType([a, b])
  const [numerator, divisor] = [sizeIn(a), sizeIn(b)]
  if (numerator !== undefined && divisor !== undefined && datatype === 'INT64')
    return g.scalar(numerator.floorDivide(divisor), 'INT64')
  if (!isFloating(datatype)) {
    const [left, right] = [g.computable(g.tensor(a, datatype)), g.computable(g.tensor(b, datatype))]
    const whole = g.binary('Sub', left, g.binary('Mod', left, right))
    return g.cast(g.binary('Div', whole, right), datatype)
  }
  const [left, right] = [g.tensor(a, datatype), g.tensor(b, datatype)]
  const rest = g.binary('Mod', left, right, datatype, { fmod: int(1) })
  const whole = g.like('Round', [g.binary('Div', g.binary('Sub', left, rest), right)])
  const lower = g.where(otherSign(g, rest, right), g.binary('Sub', whole, g.scalar(1, datatype)), whole)
  const isZero = g.binary('Equal', right, g.scalar(0, datatype), 'BOOL')
  return g.where(isZero, g.binary('Div', left, right), lower)
}

const divide: Lower = (g, a) => {
  const [self, other] = [a.operand('self'), a.operand('other')]
  const rounding = a.isNone('rounding_mode') ? undefined : a.text('rounding_mode')
  if (rounding === undefined) return divided(g, self, other)
  if (rounding === 'floor') return floorDivided(g, self, other)
  if (rounding !== 'trunc') throw unsupported(`a division with the rounding mode ${rounding}`)
  const datatype = resultType([self, other])
  const sizes = [self, other].map(sizeIn)
  const [over, under] = sizes
  if (over !== undefined && under !== undefined && over.lowest >= 0 && under.lowest > 0 && datatype === 'INT64')
    return g.scalar(over.floorDivide(under), 'INT64')
  const quotient = meet(g, 'Div', self, other, datatype)
  return isFloating(datatype) ? truncated(g, quotient) : quotient
}

/** Without its fraction. */
export function truncated(g: Lowering, value: TensorValue): TensorValue {
  if (!isFloating(value.datatype)) return value
  const down = g.like('Floor', [value])
  return g.where(g.binary('Less', value, g.scalar(0, value.datatype), 'BOOL'), g.like('Ceil', [value]), down)
}

/** To a power. */
export function power(
  g: Lowering,
  base: Operand,
  exponent: Operand,
  datatype = resultType([base, exponent]),
): TensorValue {
  const known =
    exponent instanceof TensorValue ? undefined : exponent instanceof Dim ? exponent.constant : Number(exponent)
  const value = g.tensor(base, datatype)
  if (known === 1) return value
  if (known === 2) return g.through(value, (wide) => g.binary('Mul', wide, wide))
  if (known === 0.5 && isFloating(datatype)) return g.like('Sqrt', [value])
  return meet(g, 'Pow', value, exponent, datatype)
}

/** An operator on floats; whole numbers are made floats first. */
function floating(signature: string, compute: (g: Lowering, value: TensorValue) => TensorValue) {
  return operator(signature, (g, a) => {
    const self = a.tensor('self')
    return compute(g, g.cast(self, floatOf(self.datatype)))
  })
}

/** An ONNX operator on floats, FP32 alone in some engines: doubles that have no kernel are refused by name. */
function float32(name: string, opType: string) {
  return floating(`${name}(self:T)`, (g, value) => g.like(opType, [single(value, name)]))
}

/** @throws {ServingError} `unsupported` for float64, for which the engine has no kernel */
export function single(value: TensorValue, name: string): TensorValue {
  if (value.datatype === 'FP64')
    throw unsupported(`${name} in float64 has no kernel; export the model in float32: model.float()`)
  return value
}

const plus = (g: Lowering, value: TensorValue, number: number) =>
  g.binary('Add', value, g.scalar(number, value.datatype))
const times = (g: Lowering, value: TensorValue, number: number) =>
  g.binary('Mul', value, g.scalar(number, value.datatype))

/** Bits of whole numbers; of bools the logical operation. */
function bitwise(name: string, opType: string, logical: string) {
  return [
    operator(`bitwise_${name}.Tensor|Scalar(self:TS, other:TS)`, (g, a) =>
      bits(g, opType, logical, a.operand('self'), a.operand('other')),
    ),
    operator(`__${name}__.Tensor|Scalar(self:TS, other:TS)`, (g, a) =>
      bits(g, opType, logical, a.operand('self'), a.operand('other')),
    ),
  ]
}

function bits(g: Lowering, opType: string, logical: string, a: Operand, b: Operand): TensorValue {
  const datatype = resultType([a, b])
  if (datatype === 'BOOL') return g.binary(logical, g.tensor(a, 'BOOL'), g.tensor(b, 'BOOL'))
  if (isFloating(datatype)) throw unsupported(`${opType} of floats`)
  return g.binary(opType, g.tensor(a, datatype), g.tensor(b, datatype))
}

/** By powers of two: shifts of ONNX know no signed numbers. */
function shift(name: string, isLeft: boolean) {
  const lower: Lower = (g, a) => {
    const [self, other] = [a.operand('self'), a.operand('other')]
    const datatype = resultType([self, other])
    const by = meet(g, 'Pow', g.scalar(Dim.of(2), 'INT64'), g.tensor(other, 'INT64'), 'INT64')
    const wide = g.tensor(self, 'INT64')
    const made = isLeft ? g.binary('Mul', wide, by) : floorDivided(g, wide, by)
    return g.cast(made, datatype)
  }
  const dunder = isLeft ? '__lshift__' : '__rshift__'
  return [
    operator(`${name}.Tensor|Tensor_Scalar(self:TS, other:TS)`, lower),
    operator(`${dunder}.Tensor|Scalar(self:TS, other:TS)`, lower),
  ]
}

export const ARITHMETIC = [
  operator('add.Tensor|Scalar(self:TS, other:TS, *, alpha:S=1)', add),
  operator('add.legacy(self:TS, other:TS, alpha:S=1)', add),
  operator('sub.Tensor|Scalar(self:TS, other:TS, *, alpha:S=1)', subtract),
  operator('sub.legacy(self:TS, other:TS, alpha:S=1)', subtract),
  operator('subtract.Tensor|Scalar(self:TS, other:TS, alpha:S=1)', subtract),
  operator('rsub.Tensor|Scalar(self:T, other:TS, alpha:S=1)', (g, a) => {
    const [self, other] = [a.tensor('self'), a.operand('other')]
    const datatype = resultType([self, other])
    return meet(g, 'Sub', other, scaled(g, self, a.scalar('alpha'), datatype), datatype)
  }),
  operator('mul.Tensor|Scalar(self:TS, other:TS)', (g, a) => meet(g, 'Mul', a.operand('self'), a.operand('other'))),
  operator('multiply.Tensor|Scalar(self:TS, other:TS)', (g, a) =>
    meet(g, 'Mul', a.operand('self'), a.operand('other')),
  ),
  operator('div.Tensor|Scalar(self:TS, other:TS)', (g, a) => divided(g, a.operand('self'), a.operand('other'))),
  operator('div.Tensor_mode|Scalar_mode(self:TS, other:TS, *, rounding_mode:s?)', divide),
  operator('divide.Tensor_mode|Scalar_mode(self:TS, other:TS, *, rounding_mode:s?)', divide),
  operator('divide.Tensor|Scalar(self:TS, other:TS)', (g, a) => divided(g, a.operand('self'), a.operand('other'))),
  operator('true_divide.Tensor|Scalar(self:TS, other:TS)', (g, a) => divided(g, a.operand('self'), a.operand('other'))),
  operator('floor_divide.default|Scalar|Tensor(self:TS, other:TS)', (g, a) =>
    floorDivided(g, a.operand('self'), a.operand('other')),
  ),
  operator('remainder.Tensor|Scalar|Scalar_Tensor(self:TS, other:TS)', (g, a) =>
    remainder(g, a.operand('self'), a.operand('other')),
  ),
  operator('fmod.Tensor|Scalar(self:T, other:TS)', (g, a) => {
    const [self, other] = [a.tensor('self'), a.operand('other')]
    const datatype = resultType([self, other])
    const [left, right] = [g.computable(g.tensor(self, datatype)), g.computable(g.tensor(other, datatype))]
    return g.cast(g.binary('Mod', left, right, left.datatype, { fmod: int(1) }), datatype)
  }),
  operator('pow.Tensor_Scalar|Tensor_Tensor|Scalar|Tensor(self:TS, exponent:TS)', (g, a) =>
    power(g, a.operand('self'), a.operand('exponent')),
  ),
  operator('float_power.Tensor_Scalar|Tensor_Tensor|Scalar(self:TS, exponent:TS)', (g, a) =>
    power(g, a.operand('self'), a.operand('exponent'), 'FP64'),
  ),
  operator('maximum(self:T, other:T)', (g, a) => extreme(g, 'Max', a.tensor('self'), a.tensor('other'))),
  operator('minimum(self:T, other:T)', (g, a) => extreme(g, 'Min', a.tensor('self'), a.tensor('other'))),
  operator('max.other(self:T, other:T)', (g, a) => extreme(g, 'Max', a.tensor('self'), a.tensor('other'))),
  operator('min.other(self:T, other:T)', (g, a) => extreme(g, 'Min', a.tensor('self'), a.tensor('other'))),
  operator('clamp.default|Tensor(self:T, min:TS?=None, max:TS?=None)', clamp),
  operator('clip.default|Tensor(self:T, min:TS?=None, max:TS?=None)', clamp),
  operator('clamp_min.default|Tensor(self:T, min:TS)', (g, a) =>
    bounded(g, a.tensor('self'), a.operand('min'), undefined),
  ),
  operator('clamp_max.default|Tensor(self:T, max:TS)', (g, a) =>
    bounded(g, a.tensor('self'), undefined, a.operand('max')),
  ),
  operator('lerp.Scalar|Tensor(self:T, end:T, weight:TS)', (g, a) => {
    const [self, end] = [a.tensor('self'), a.tensor('end')]
    return meet(
      g,
      'Add',
      self,
      meet(g, 'Mul', meet(g, 'Sub', end, self), a.operand('weight'), self.datatype),
      self.datatype,
    )
  }),
  operator('addcmul(self:T, tensor1:T, tensor2:T, *, value:S=1)', (g, a) => {
    const factor = meet(g, 'Mul', a.tensor('tensor1'), a.tensor('tensor2'))
    return meet(g, 'Add', a.tensor('self'), scaled(g, factor, a.scalar('value'), factor.datatype))
  }),
  operator('addcdiv(self:T, tensor1:T, tensor2:T, *, value:S=1)', (g, a) => {
    const quotient = divided(g, a.tensor('tensor1'), a.tensor('tensor2'))
    return meet(g, 'Add', a.tensor('self'), scaled(g, quotient, a.scalar('value'), quotient.datatype))
  }),
  operator('neg(self:T)', (g, a) => {
    const self = a.tensor('self')
    const size = sizeIn(self)
    return size !== undefined && self.datatype === 'INT64'
      ? g.scalar(size.times(-1), 'INT64')
      : g.through(self, (wide) => g.like('Neg', [wide]))
  }),
  operator('negative(self:T)', (g, a) => g.through(a.tensor('self'), (wide) => g.like('Neg', [wide]))),
  operator('abs(self:T)', (g, a) => g.through(a.tensor('self'), (wide) => g.like('Abs', [wide]))),
  operator('absolute(self:T)', (g, a) => g.through(a.tensor('self'), (wide) => g.like('Abs', [wide]))),
  operator('sign(self:T)', (g, a) => g.through(a.tensor('self'), (wide) => g.like('Sign', [wide]))),
  operator('sgn(self:T)', (g, a) => g.through(a.tensor('self'), (wide) => g.like('Sign', [wide]))),
  operator('square(self:T)', (g, a) => power(g, a.tensor('self'), Dim.of(2))),
  operator('floor(self:T)', (g, a) => rounded(g, 'Floor', a.tensor('self'))),
  operator('ceil(self:T)', (g, a) => rounded(g, 'Ceil', a.tensor('self'))),
  operator('round(self:T)', (g, a) => rounded(g, 'Round', a.tensor('self'))),
  operator('round.decimals(self:T, *, decimals:I)', (g, a) => {
    const [self, decimals] = [a.tensor('self'), a.int('decimals')]
    if (!isFloating(self.datatype)) return self
    const scale = 10 ** Math.abs(decimals)
    const [up, down] = decimals < 0 ? (['Div', 'Mul'] as const) : (['Mul', 'Div'] as const)
    const whole = g.like('Round', [g.binary(up, self, g.scalar(scale, self.datatype))])
    return g.binary(down, whole, g.scalar(scale, self.datatype))
  }),
  operator('trunc(self:T)', (g, a) => truncated(g, a.tensor('self'))),
  operator('fix(self:T)', (g, a) => truncated(g, a.tensor('self'))),
  operator('frac(self:T)', (g, a) => meet(g, 'Sub', a.tensor('self'), truncated(g, a.tensor('self')))),
  floating('exp(self:T)', (g, value) => g.like('Exp', [value])),
  floating('exp2(self:T)', (g, value) => g.binary('Pow', g.scalar(2, value.datatype), value)),
  floating('expm1(self:T)', (g, value) => plus(g, g.like('Exp', [value]), -1)),
  floating('special_expm1(self:T)', (g, value) => plus(g, g.like('Exp', [value]), -1)),
  floating('log(self:T)', (g, value) => g.like('Log', [value])),
  floating('log2(self:T)', (g, value) => times(g, g.like('Log', [value]), Math.LOG2E)),
  floating('log10(self:T)', (g, value) => times(g, g.like('Log', [value]), Math.LOG10E)),
  floating('log1p(self:T)', (g, value) => g.like('Log', [plus(g, value, 1)])),
  floating('sqrt(self:T)', (g, value) => g.like('Sqrt', [value])),
  floating('rsqrt(self:T)', (g, value) => g.like('Reciprocal', [g.like('Sqrt', [value])])),
  floating('reciprocal(self:T)', (g, value) => g.like('Reciprocal', [value])),
  floating('sin(self:T)', (g, value) => g.like('Sin', [value])),
  floating('cos(self:T)', (g, value) => g.like('Cos', [value])),
  float32('tan', 'Tan'),
  float32('asin', 'Asin'),
  float32('arcsin', 'Asin'),
  float32('acos', 'Acos'),
  float32('arccos', 'Acos'),
  float32('atan', 'Atan'),
  float32('arctan', 'Atan'),
  float32('sinh', 'Sinh'),
  float32('cosh', 'Cosh'),
  float32('asinh', 'Asinh'),
  float32('acosh', 'Acosh'),
  float32('atanh', 'Atanh'),
  float32('erf', 'Erf'),
  float32('special_erf', 'Erf'),
  floating('erfc(self:T)', (g, value) => {
    const error = g.like('Erf', [single(value, 'erfc')])
    return g.binary('Sub', g.scalar(1, value.datatype), error)
  }),
  floating('special_erfc(self:T)', (g, value) => {
    const error = g.like('Erf', [single(value, 'erfc')])
    return g.binary('Sub', g.scalar(1, value.datatype), error)
  }),
  floating('deg2rad(self:T)', (g, value) => times(g, value, Math.PI / 180)),
  floating('rad2deg(self:T)', (g, value) => times(g, value, 180 / Math.PI)),
  operator('atan2(self:T, other:T)', (g, a) => {
    const datatype = floatOf(resultType([a.tensor('self'), a.tensor('other')]))
    const [y, x] = [single(g.cast(a.tensor('self'), datatype), 'atan2'), g.cast(a.tensor('other'), datatype)]
    const zero = g.scalar(0, datatype)
    const angle = g.like('Atan', [g.binary('Div', y, x)])
    const half = g.where(g.binary('Less', y, zero, 'BOOL'), g.scalar(-Math.PI, datatype), g.scalar(Math.PI, datatype))
    const turned = g.where(g.binary('Less', x, zero, 'BOOL'), g.binary('Add', angle, half), angle)
    const isOrigin = g.binary('And', g.binary('Equal', x, zero, 'BOOL'), g.binary('Equal', y, zero, 'BOOL'))
    return g.where(isOrigin, zero, turned)
  }),
  operator('hypot(self:T, other:T)', (g, a) => {
    const squares = ['self', 'other'].map((name) => power(g, a.tensor(name), Dim.of(2)))
    const [x, y] = squares as [TensorValue, TensorValue]
    return g.like('Sqrt', [meet(g, 'Add', x, y)])
  }),
  ...bitwise('and', 'BitwiseAnd', 'And'),
  ...bitwise('or', 'BitwiseOr', 'Or'),
  ...bitwise('xor', 'BitwiseXor', 'Xor'),
  operator('bitwise_not(self:T)', (g, a) => {
    const self = a.tensor('self')
    return g.like(self.datatype === 'BOOL' ? 'Not' : 'BitwiseNot', [self])
  }),
  ...shift('bitwise_left_shift', true),
  ...shift('bitwise_right_shift', false),
]

/** The larger or smaller of two; where one is no number, neither is the result. */
export function extreme(g: Lowering, opType: 'Max' | 'Min', a: TensorValue, b: TensorValue): TensorValue {
  return meet(g, opType, a, b)
}

function rounded(g: Lowering, opType: string, value: TensorValue): TensorValue {
  return isFloating(value.datatype) ? g.like(opType, [value]) : value
}

function clamp(g: Lowering, a: Parameters<Lower>[1]): TensorValue {
  const bound = (name: string) => (a.isNone(name) ? undefined : a.operand(name))
  return bounded(g, a.tensor('self'), bound('min'), bound('max'))
}

/** Between two bounds; scalar bounds of a higher category change the datatype. */
export function bounded(
  g: Lowering,
  value: TensorValue,
  low: Operand | undefined,
  high: Operand | undefined,
): TensorValue {
  const datatype = resultType([value, low, high].filter((operand) => operand !== undefined))
  let made = g.computable(g.cast(value, datatype))
  if (low !== undefined) made = g.binary('Max', made, g.computable(g.tensor(low, datatype)))
  if (high !== undefined) made = g.binary('Min', made, g.computable(g.tensor(high, datatype)))
  if (categoryOf(datatype) === 0) throw unsupported('clamp of bools')
  return g.cast(made, datatype)
}
