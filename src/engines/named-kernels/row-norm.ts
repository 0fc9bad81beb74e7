import type { SparseRowsWriter } from './sparse-rows.ts'

export const NORMS = ['l1', 'l2', 'none'] as const
export type Norm = (typeof NORMS)[number]

/**
 * Scales the row that is being written to a norm of 1; a row of zeros stays. Sums in the order of positions.
 * @param isSingle in FP32's precision, as scikit-learn does with FP32 data
 * @see scikit-learn, `inplace_csr_row_normalize_l1`, `inplace_csr_row_normalize_l2`
 */
export function normalizeRow({ values, start, end }: SparseRowsWriter, norm: Norm, isSingle: boolean): void {
  if (norm === 'none') return
  let sum = 0
  for (let i = start; i < end; i++) {
    const value = values[i] as number
    const part = norm === 'l1' ? Math.abs(value) : value * value
    sum += isSingle ? Math.fround(part) : part
  }
  if (sum === 0) return
  const scale = norm === 'l1' ? sum : Math.sqrt(sum)
  for (let i = start; i < end; i++) {
    const value = (values[i] as number) / scale
    values[i] = isSingle ? Math.fround(value) : value
  }
}
