import type { NumericDatatype } from '../../tensor/datatype.ts'
import { Dim } from './dim.ts'
import { unsupported, type Item, type TensorValue } from './values.ts'

type Category = 0 | 1 | 2

/** bool, integer, floating: in this order a category wins over those before it. */
export function categoryOf(datatype: NumericDatatype): Category {
  return datatype === 'BOOL' ? 0 : isFloating(datatype) ? 2 : 1
}

export function isFloating(datatype: NumericDatatype): boolean {
  return datatype === 'FP32' || datatype === 'FP64' || datatype === 'FP16' || datatype === 'BF16'
}

const ORDER: readonly NumericDatatype[] = ['BOOL', 'UINT8', 'INT8', 'INT16', 'INT32', 'INT64', 'FP16', 'FP32', 'FP64']

/** The datatype that two tensors meet in. @see torch.promote_types */
export function promote(a: NumericDatatype, b: NumericDatatype): NumericDatatype {
  if (a === b) return a
  const [low, high] = ORDER.indexOf(a) < ORDER.indexOf(b) ? [a, b] : [b, a]
  if (!ORDER.includes(a) || !ORDER.includes(b)) throw unsupported(`${a} and ${b} meet in one operation: not compiled`)
  // an unsigned and a signed byte need more room than either
  if (low === 'UINT8' && high === 'INT8') return 'INT16'
  return high
}

/**
 * The datatype in which operands meet: tensors with dimensions count before scalar tensors, those before plain numbers, and
 * the later ones count only where they are of a higher category.
 * @see torch.result_type
 */
export function resultType(operands: readonly (TensorValue | Item)[]): NumericDatatype {
  let ranked: NumericDatatype | undefined
  let scalars: NumericDatatype | undefined
  let plain: Category | undefined
  for (const operand of operands)
    if (operand instanceof Dim) plain = higher(plain, 1)
    else if (typeof operand === 'number') plain = higher(plain, 2)
    else if (typeof operand === 'boolean') plain = higher(plain, 0)
    else if (operand.isPlainNumber) plain = higher(plain, categoryOf(operand.datatype))
    else if (operand.rank > 0) ranked = ranked === undefined ? operand.datatype : promote(ranked, operand.datatype)
    else scalars = scalars === undefined ? operand.datatype : promote(scalars, operand.datatype)
  let result = ranked
  if (scalars !== undefined && (result === undefined || categoryOf(scalars) > categoryOf(result)))
    result = result === undefined ? scalars : categoryOf(scalars) === 2 ? scalars : promote(result, scalars)
  if (plain === undefined) return result ?? 'FP32'
  const fallback: NumericDatatype = plain === 2 ? 'FP32' : plain === 1 ? 'INT64' : 'BOOL'
  return result === undefined || plain > categoryOf(result) ? fallback : result
}

function higher(a: Category | undefined, b: Category): Category {
  return a === undefined || b > a ? b : a
}

/** What a division or a root of this gives: itself for floats, FP32 for everything else. */
export function floatOf(datatype: NumericDatatype): NumericDatatype {
  return isFloating(datatype) ? datatype : 'FP32'
}
