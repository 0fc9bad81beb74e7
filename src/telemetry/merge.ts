import { mergeEndpointCounts } from './endpoint-counts.ts'
import { addHistogram, addObservations, createHistogram, createObservations, DURATION_BOUNDS } from './histogram.ts'
import { createInferenceSums } from './inference-counts.ts'
import type { LoadedModel, MetricsSnapshot, ProcessTotals, SeriesCounts } from './snapshot.ts'

/** The counts of several processes as those of one that has ended: what each is doing now is left out. */
export function mergeCounts(snapshots: readonly MetricsSnapshot[]): MetricsSnapshot {
  const endpoints = mergeEndpointCounts(snapshots.flatMap((snapshot) => snapshot.endpoints ?? []))
  return {
    process: '',
    life: '',
    series: mergeSeries(snapshots),
    totals: mergeTotals(snapshots),
    ...(endpoints && { endpoints }),
  }
}

/** One for each version, requests without a model first, then by name. */
export function mergeSeries(snapshots: readonly Pick<MetricsSnapshot, 'series'>[]): SeriesCounts[] {
  const merged = new Map<string, SeriesCounts>()
  for (const { series } of snapshots) {
    for (const counts of series) {
      const key = `${counts.model}\0${counts.version}`
      const before = merged.get(key) ?? nothing(counts.model, counts.version)
      merged.set(key, add(before, counts))
    }
  }
  if (!merged.has('\0')) merged.set('\0', nothing('', ''))
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, counts]) => counts)
}

export function mergeTotals(snapshots: readonly MetricsSnapshot[]): ProcessTotals {
  const loopDelay = createHistogram(DURATION_BOUNDS)
  let spansExported = 0
  let spansDropped = 0
  let logLinesDropped = 0
  for (const { totals } of snapshots) {
    addHistogram(loopDelay, totals.loopDelay)
    spansExported += totals.spansExported
    spansDropped += totals.spansDropped
    logLinesDropped += totals.logLinesDropped
  }
  return { loopDelay, spansExported, spansDropped, logLinesDropped }
}

/** A version over all processes that hold it. */
export interface HeldModel extends LoadedModel {
  /** Whether a process that takes requests answers for it. */
  readonly isReady: boolean
}

/** Versions that are held now, by name; what waits and runs is summed, saturation is the mean over run slots. */
export function mergeLoaded(snapshots: readonly MetricsSnapshot[]): HeldModel[] {
  const merged = new Map<string, HeldModel>()
  for (const { state } of snapshots) {
    for (const found of state?.models ?? []) {
      const key = `${found.model}\0${found.version}`
      const own = { ...found, isReady: found.isReady && state?.isReady === true }
      const before = merged.get(key)
      merged.set(key, before === undefined ? own : addLoaded(before, own))
    }
  }
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, held]) => held)
}

function addLoaded(a: HeldModel, b: HeldModel): HeldModel {
  const runSlots = a.runSlots + b.runSlots
  return {
    ...b,
    isReady: a.isReady || b.isReady,
    runSlots,
    queuedRows: a.queuedRows + b.queuedRows,
    runsInProgress: a.runsInProgress + b.runsInProgress,
    requestsInProgress: a.requestsInProgress + b.requestsInProgress,
    saturation: (a.saturation * a.runSlots + b.saturation * b.runSlots) / runSlots,
  }
}

function nothing(model: string, version: string): SeriesCounts {
  const inference = { sums: createInferenceSums(), lastMs: 0 }
  return { model, version, codes: [], ...createObservations(), rows: 0, failedRuns: 0, inference }
}

/** Adds to `into`, which is nobody else's, and gives it back with the numbers that stand beside the histograms. */
function add(into: SeriesCounts, from: SeriesCounts): SeriesCounts {
  const codes = new Map(into.codes)
  for (const [code, requests] of from.codes) codes.set(code, (codes.get(code) ?? 0) + requests)
  addObservations(into, from)
  addHistogram(into.inference.sums, from.inference.sums)
  return {
    ...into,
    codes: [...codes],
    rows: into.rows + from.rows,
    failedRuns: into.failedRuns + from.failedRuns,
    inference: { sums: into.inference.sums, lastMs: Math.max(into.inference.lastMs, from.inference.lastMs) },
  }
}
