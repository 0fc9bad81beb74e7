import type { NumericDatatype } from '../../../tensor/datatype.ts'
import { floatOf, isFloating, resultType } from '../datatypes.ts'
import type { Lowering } from '../lowering.ts'
import { operator, type Arguments } from '../operator.ts'
import { TensorValue, type Item } from '../values.ts'

/** Compares two in the datatype in which they meet. */
export function compare(
  g: Lowering,
  opType: 'Equal' | 'Less' | 'LessOrEqual' | 'Greater' | 'GreaterOrEqual',
  a: TensorValue | Item,
  b: TensorValue | Item,
): TensorValue {
  let datatype: NumericDatatype = resultType([a, b])
  if (datatype === 'BOOL' && opType !== 'Equal') datatype = 'INT32'
  const [left, right] = [g.tensor(a, datatype), g.tensor(b, datatype)]
  if (datatype === 'BOOL') return g.binary(opType, left, right, 'BOOL')
  return g.binary(opType, g.computable(left), g.computable(right), 'BOOL')
}

export function not(g: Lowering, value: TensorValue): TensorValue {
  return g.op('Not', [value], {}, 'BOOL', value.shape)
}

function comparison(name: string, opType: Parameters<typeof compare>[1], isNegated = false) {
  const lower = (g: Lowering, a: Arguments) => {
    const made = compare(g, opType, a.operand('self'), a.operand('other'))
    return isNegated ? not(g, made) : made
  }
  return operator(`${name}.Tensor|Scalar(self:TS, other:TS)`, lower)
}

function logical(name: string, opType: string) {
  return operator(`logical_${name}(self:T, other:T)`, (g, a) =>
    g.binary(opType, g.cast(a.tensor('self'), 'BOOL'), g.cast(a.tensor('other'), 'BOOL')),
  )
}

const isInfinite = (g: Lowering, value: TensorValue) =>
  g.binary('Equal', g.like('Abs', [value]), g.scalar(Infinity, value.datatype), 'BOOL')
const isNotANumber = (g: Lowering, value: TensorValue) => g.op('IsNaN', [value], {}, 'BOOL', value.shape)
const never = (g: Lowering, value: TensorValue) => g.filled(false, 'BOOL', value.shape)

/** One of two, by a condition; both in the datatype in which they meet. */
function pick(g: Lowering, a: Arguments): TensorValue {
  const [yes, no] = [a.operand('self'), a.operand('other')]
  const datatype = resultType([yes, no])
  return g.where(g.cast(a.tensor('condition'), 'BOOL'), g.tensor(yes, datatype), g.tensor(no, datatype))
}

export const LOGIC = [
  comparison('eq', 'Equal'),
  comparison('ne', 'Equal', true),
  comparison('not_equal', 'Equal', true),
  comparison('lt', 'Less'),
  comparison('less', 'Less'),
  comparison('le', 'LessOrEqual'),
  comparison('less_equal', 'LessOrEqual'),
  comparison('gt', 'Greater'),
  comparison('greater', 'Greater'),
  comparison('ge', 'GreaterOrEqual'),
  comparison('greater_equal', 'GreaterOrEqual'),
  logical('and', 'And'),
  logical('or', 'Or'),
  logical('xor', 'Xor'),
  operator('logical_not(self:T)', (g, a) => not(g, g.cast(a.tensor('self'), 'BOOL'))),
  operator('where.self|ScalarSelf|ScalarOther|Scalar(condition:T, self:TS, other:TS)', pick),
  operator('masked_fill.Scalar|Tensor(self:T, mask:T, value:TS)', (g, a) => {
    const self = a.tensor('self')
    const filled = g.where(g.cast(a.tensor('mask'), 'BOOL'), g.tensor(a.operand('value'), self.datatype), self)
    return filled
  }),
  operator('isnan(self:T)', (g, a) => {
    const self = a.tensor('self')
    return isFloating(self.datatype) ? isNotANumber(g, self) : never(g, self)
  }),
  operator('isinf(self:T)', (g, a) => {
    const self = a.tensor('self')
    return isFloating(self.datatype) ? isInfinite(g, self) : never(g, self)
  }),
  operator('isfinite(self:T)', (g, a) => {
    const self = a.tensor('self')
    if (!isFloating(self.datatype)) return not(g, never(g, self))
    return g.binary('Less', g.like('Abs', [self]), g.scalar(Infinity, self.datatype), 'BOOL')
  }),
  operator('nan_to_num(self:T, nan:F?=None, posinf:F?=None, neginf:F?=None)', (g, a) => {
    const self = a.tensor('self')
    if (!isFloating(self.datatype)) return self
    const most = self.datatype === 'FP64' ? Number.MAX_VALUE : 3.4028234663852886e38
    const numbers = ([name, fallback]: [string, number]) => g.scalar(a.optionalNumber(name) ?? fallback, self.datatype)
    const [nan, high, low] = [numbers(['nan', 0]), numbers(['posinf', most]), numbers(['neginf', -most])]
    const up = g.binary('Equal', self, g.scalar(Infinity, self.datatype), 'BOOL')
    const down = g.binary('Equal', self, g.scalar(-Infinity, self.datatype), 'BOOL')
    return g.where(isNotANumber(g, self), nan, g.where(up, high, g.where(down, low, self)))
  }),
  operator('heaviside(self:T, values:T)', (g, a) => {
    const [self, values] = [a.tensor('self'), a.tensor('values')]
    const zero = g.scalar(0, self.datatype)
    const step = g.cast(g.binary('Greater', self, zero, 'BOOL'), self.datatype)
    return g.where(g.binary('Equal', self, zero, 'BOOL'), values, step)
  }),
  operator('isclose(self:T, other:T, rtol:F=1e-5, atol:F=1e-8, equal_nan:B=False)', (g, a) => {
    const datatype = floatOf(resultType([a.tensor('self'), a.tensor('other')]))
    const [self, other] = [g.cast(a.tensor('self'), datatype), g.cast(a.tensor('other'), datatype)]
    const scaled = g.binary('Mul', g.like('Abs', [other]), g.scalar(a.number('rtol'), datatype))
    const allowed = g.binary('Add', scaled, g.scalar(a.number('atol'), datatype))
    const distance = g.like('Abs', [g.binary('Sub', self, other)])
    const isFinite = g.binary('Less', distance, g.scalar(Infinity, datatype), 'BOOL')
    const close = g.binary('And', g.binary('LessOrEqual', distance, allowed, 'BOOL'), isFinite)
    const equal = g.binary('Or', close, g.binary('Equal', self, other, 'BOOL'))
    if (!a.boolean('equal_nan')) return equal
    return g.binary('Or', equal, g.binary('And', isNotANumber(g, self), isNotANumber(g, other)))
  }),
]
