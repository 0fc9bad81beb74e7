import { decodeText, readAnalyzer } from './analyzer.ts'
import { HashedRow } from './hashed-row.ts'
import type { NamedKernel } from './kernel.ts'
import { normalizeRow, NORMS } from './row-norm.ts'

/**
 * Counts the terms of texts at the places that they hash to.
 *
 * Input: BYTES [rows] or [rows, 1]. Outputs: sparse rows, INT64 positions and FP64 values [rows, m].
 * Parameters: `analyzer` (see `readAnalyzer`); `features`, `isSigned`, `isSingle` (see `HashedRow`); `isBinary`; `norm`.
 */
export const hashText: NamedKernel = {
  takes: ['BYTES'],
  columns: 1,
  prepare(parameters) {
    const analyze = readAnalyzer(parameters.object('analyzer'))
    const hashed = new HashedRow(parameters)
    const isBinary = parameters.flag('isBinary')
    const norm = parameters.oneOf('norm', NORMS)
    const take = (term: string) => hashed.add(term, 1)
    return {
      run([texts]) {
        const rows = texts?.shape[0] ?? 0
        try {
          for (let row = 0; row < rows; row++) {
            analyze(decodeText(texts, row), take)
            hashed.end(isBinary, (writer) => normalizeRow(writer, norm, hashed.isSingle))
          }
          return hashed.writer.take()
        } catch (error) {
          hashed.clear()
          throw error
        }
      },
    }
  },
}
