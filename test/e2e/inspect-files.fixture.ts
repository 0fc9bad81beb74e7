// A process that describes the files that it is told of, one after the other, and says what it found, a line of JSON each.
import { describeModelFile, type InspectedFile } from '../../src/server/inspect.ts'

/** What became of one of the files. */
export interface Inspection {
  readonly found: InspectedFile
  readonly tookMs: number
  /** Most memory that the process has held until then (MiB). */
  readonly peakMiB: number
}

for (const path of process.argv.slice(2)) {
  const began = performance.now()
  const found = await describeModelFile({ path, maxFileBytes: 2 ** 32 })
  const inspection: Inspection = {
    found,
    tookMs: performance.now() - began,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  }
  process.stdout.write(
    `${JSON.stringify(inspection, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))}\n`,
  )
}
