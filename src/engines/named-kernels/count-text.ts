import { decodeText, readAnalyzer } from './analyzer.ts'
import type { NamedKernel, Parameters } from './kernel.ts'
import { normalizeRow, NORMS, type Norm } from './row-norm.ts'
import { SparseRowsWriter } from './sparse-rows.ts'

/**
 * Counts the known terms of texts, and weighs the counts if it is told to.
 *
 * Input: BYTES [rows] or [rows, 1]. Outputs: sparse rows, INT64 positions and FP64 values [rows, m].
 * Parameters: `analyzer` (see `readAnalyzer`); `vocabulary`, the terms by position; `isBinary`; `isSingle` for FP32's
 * precision; `weights`: null, or `{ isSublinear, idf: [number, …] | null, norm: "l1" | "l2" | "none" }`.
 */
export const countText: NamedKernel = {
  takes: ['BYTES'],
  columns: 1,
  prepare(parameters) {
    const analyze = readAnalyzer(parameters.object('analyzer'))
    const terms = parameters.texts('vocabulary')
    const positions = new Map(terms.map((term, position) => [term, position]))
    const isBinary = parameters.flag('isBinary')
    const isSingle = parameters.flag('isSingle')
    const weigh = parameters.has('weights') ? weigher(parameters.object('weights'), terms.length, isSingle) : () => {}
    const counts = new Int32Array(terms.length)
    const touched = new Int32Array(terms.length)
    let used = 0
    const take = (term: string) => {
      const position = positions.get(term)
      if (position === undefined) return
      if (counts[position] === 0) touched[used++] = position
      counts[position] = (counts[position] as number) + 1
    }
    const rowsWriter = new SparseRowsWriter()
    return {
      run([texts]) {
        const rows = texts?.shape[0] ?? 0
        try {
          for (let row = 0; row < rows; row++) {
            analyze(decodeText(texts, row), take)
            for (const position of sorted(touched, used)) {
              rowsWriter.add(position, isBinary ? 1 : (counts[position] as number))
              counts[position] = 0
            }
            used = 0
            weigh(rowsWriter)
            rowsWriter.endRow()
          }
          return rowsWriter.take()
        } catch (error) {
          counts.fill(0)
          used = 0
          rowsWriter.clear()
          throw error
        }
      },
    }
  },
}

/** The first `count` numbers, in order. */
function sorted(numbers: Int32Array, count: number): Int32Array {
  if (count > 24) return numbers.subarray(0, count).sort()
  for (let i = 1; i < count; i++) {
    const number = numbers[i] as number
    let at = i
    for (; at > 0 && (numbers[at - 1] as number) > number; at--) numbers[at] = numbers[at - 1] as number
    numbers[at] = number
  }
  return numbers.subarray(0, count)
}

/** Makes a weight of each count of the row that is being written. @see scikit-learn, `TfidfTransformer.transform` */
function weigher(parameters: Parameters, width: number, isSingle: boolean): (row: SparseRowsWriter) => void {
  const isSublinear = parameters.flag('isSublinear')
  const idf = parameters.has('idf') ? parameters.numbers('idf', width) : undefined
  const norm: Norm = parameters.oneOf('norm', NORMS)
  const kept = isSingle ? Math.fround : (value: number) => value
  return (row) => {
    const { positions, values, start, end } = row
    for (let i = start; i < end; i++) {
      let value = values[i] as number
      if (isSublinear) value = kept(kept(Math.log(value)) + 1)
      if (idf !== undefined) value = kept(value * (idf[positions[i] as number] as number))
      values[i] = value
    }
    normalizeRow(row, norm, isSingle)
  }
}
