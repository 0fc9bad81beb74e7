import type { VersionStatistics } from '../runtime/operations.ts'
import { runsBySize, SUM } from './inference-counts.ts'
import { mergeSeries } from './merge.ts'
import { OTHER } from './metrics.ts'
import type { MetricsSnapshot, SeriesCounts } from './snapshot.ts'

/**
 * What processes have counted, as clients of V2 are told: one for each version that any of them has seen. Where one has
 * counted versions together, because they were too many, those that it does not count apart are left out, and an entry
 * without a version stands for them.
 */
export function statisticsOf(snapshots: readonly Pick<MetricsSnapshot, 'series'>[]): VersionStatistics[] {
  const mixed = snapshots
    .filter(({ series }) => series.some(isTogether))
    .map(({ series }) => new Set(series.map(keyOf)))
  return mergeSeries(snapshots)
    .filter((counts) => isTogether(counts) || (counts.version !== '' && mixed.every((keys) => keys.has(keyOf(counts)))))
    .map(versionStatistics)
}

/** Whether they are of versions that are counted together. */
function isTogether({ model, version }: SeriesCounts): boolean {
  return model === OTHER && version === ''
}

function keyOf({ model, version }: Pick<SeriesCounts, 'model' | 'version'>): string {
  return `${model}\0${version}`
}

function versionStatistics({ model, version, inference: { sums, lastMs } }: SeriesCounts): VersionStatistics {
  const count = sums[SUM.success] ?? 0
  const of = (at: number) => ({ count, ms: sums[at] ?? 0 })
  const batches = runsBySize(sums)
  return {
    name: model,
    version,
    lastInferenceMs: Math.round(lastMs),
    rows: sums[SUM.rows] ?? 0,
    runs: batches.reduce((sum, runs) => sum + runs.count, 0),
    success: of(SUM.successMs),
    fail: { count: sums[SUM.fail] ?? 0, ms: sums[SUM.failMs] ?? 0 },
    queue: of(SUM.queueMs),
    computeInput: of(SUM.inputMs),
    computeInfer: of(SUM.inferMs),
    computeOutput: of(SUM.outputMs),
    batches,
  }
}
