import type { Value } from '../program/builder.ts'
import type { Ops } from '../program/ops.ts'
import { categoryInputs, type ColumnCodes } from './categories.ts'
import type { Features } from './features.ts'
import type { Fitted } from './fitted.ts'

/**
 * A column whose categories become their positions, and whose missing values become NaN.
 * @param values text or numbers; undefined where the list has a missing value
 * @param unknown what other categories become; undefined refuses them
 */
export function codedColumn(
  values: readonly (number | string | undefined)[],
  source: number,
  unknown: number | undefined,
): ColumnCodes {
  const kind = values.some((value) => typeof value === 'string') ? 'text' : 'number'
  // a missing value stands at the end, whether the list has one or not
  return {
    list: { kind, values: [...values, undefined], names: [], missing: values.length },
    codes: [...values.map((_, code) => code), Number.NaN],
    unknown,
    source,
  }
}

/** The codes of columns, side by side, by one host kernel: FP64 [rows, columns]. */
export function categoryCodes(
  ops: Ops,
  x: Features,
  coded: readonly ColumnCodes[],
  fitted: Pick<Fitted, 'damaged'>,
): Value {
  const { inputs, columns } = categoryInputs(x, coded, fitted)
  const [codes] = ops.b.kernel('categories', { columns }, inputs, [{ datatype: 'FP64', shape: [-1, coded.length] }])
  return codes as Value
}
