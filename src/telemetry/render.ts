import { CATALOGUE, type MetricName } from './catalogue.ts'
import { toldEndpoints } from './endpoint-counts.ts'
import { createExposition, writeLabels } from './exposition.ts'
import { DURATION_BOUNDS, ROW_BOUNDS, type Histogram } from './histogram.ts'
import { mergeLoaded, mergeSeries, mergeTotals, type HeldModel } from './merge.ts'
import { renderEndpoints } from './render-endpoints.ts'
import type { MetricsSnapshot, ProcessState, SeriesCounts } from './snapshot.ts'

/** Counts that no snapshot holds: who starts the processes knows them. */
export interface Restarts {
  readonly runnerRestarts?: number
  readonly workerRestarts?: number
  /** Deaths of runners by the versions that they ran. */
  readonly runDeaths?: readonly { readonly model: string; readonly version: string; readonly count: number }[]
}

/** Kinds of failures by the status that tells of them. Failures of ours (500) are no rejection. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  405: 'invalid_argument',
  406: 'unsupported',
  408: 'deadline_exceeded',
  409: 'conflict',
  413: 'too_large',
  415: 'unsupported',
  417: 'unsupported',
  422: 'refused',
  429: 'overloaded',
  431: 'too_large',
  499: 'cancelled',
  501: 'unsupported',
  503: 'unavailable',
  504: 'deadline_exceeded',
}

const MS = 1 / 1000

/**
 * What the processes of one server have counted, in Prometheus' text format 0.0.4. Counters and histograms are summed
 * over processes; what only means something for one process carries its name.
 * @param snapshots of a ledger, so that sums never fall
 */
export function renderMetrics(snapshots: readonly MetricsSnapshot[], restarts: Restarts = {}): string {
  const out = createExposition()
  const told = toldEndpoints(snapshots.map(({ state }) => state?.endpoints))
  const all = mergeSeries(snapshots)
    .filter(({ model, version }) => model === '' || version === '' || told?.has(model) !== false)
    .map((counts) => ({ counts, labels: labelsOf(counts) }))
  const models = all.filter(({ counts }) => counts.model !== '')
  const held = mergeLoaded(snapshots).map((model) => ({ model, labels: labelsOf(model) }))
  const totals = mergeTotals(snapshots)
  const processes = statesByProcess(snapshots)

  function begin(name: MetricName): void {
    const [type, help] = CATALOGUE[name]
    out.family(name, type, help)
  }

  function single(name: MetricName, value: number): void {
    begin(name)
    out.sample('', value)
  }

  function counter(name: MetricName, valueOf: (counts: SeriesCounts) => number): void {
    begin(name)
    for (const { counts, labels } of models) out.sample(labels, valueOf(counts))
  }

  function durations(name: MetricName, list: typeof all, pick: (counts: SeriesCounts) => Histogram): void {
    begin(name)
    for (const { counts, labels } of list) out.histogram(labels, DURATION_BOUNDS, pick(counts), MS)
  }

  function gauge(name: MetricName, valueOf: (model: HeldModel) => number): void {
    begin(name)
    for (const { model, labels } of held) out.sample(labels, valueOf(model))
  }

  function perProcess(name: MetricName, valueOf: (state: ProcessState) => number): void {
    begin(name)
    for (const [process, state] of processes) out.sample(writeLabels({ process }), valueOf(state))
  }

  begin('slipway_requests_total')
  for (const { counts, labels } of all)
    for (const [code, requests] of withUsual(counts.codes)) out.sample(`${labels},code="${code}"`, requests)
  durations('slipway_request_duration_seconds', all, (counts) => counts.request)
  durations('slipway_queue_duration_seconds', models, (counts) => counts.queue)
  durations('slipway_model_duration_seconds', models, (counts) => counts.run)
  durations('slipway_overhead_duration_seconds', models, (counts) => counts.overhead)
  begin('slipway_rejected_total')
  for (const [reason, requests] of countRejected(all.map(({ counts }) => counts)))
    out.sample(writeLabels({ reason }), requests)

  begin('slipway_batch_rows')
  for (const { counts, labels } of models) out.histogram(labels, ROW_BOUNDS, counts.batchRows, 1)
  durations('slipway_batch_duration_seconds', models, (counts) => counts.batch)
  counter('slipway_rows_total', (counts) => counts.rows)
  counter('slipway_failed_runs_total', (counts) => counts.failedRuns)
  counter('slipway_busy_seconds_total', (counts) => (counts.batch.at(-1) ?? 0) * MS)

  gauge('slipway_run_slots', (model) => model.runSlots)
  gauge('slipway_saturation_ratio', (model) => model.saturation)
  gauge('slipway_queue_rows', (model) => model.queuedRows)
  gauge('slipway_runs_in_progress', (model) => model.runsInProgress)
  gauge('slipway_requests_in_progress', (model) => model.requestsInProgress)
  begin('slipway_model_info')
  for (const { model, labels } of held)
    out.sample(`${labels},${writeLabels({ engines: model.engines.join(','), plan: model.plan })}`, 1)
  single('slipway_ready_models', held.filter(({ model }) => model.isReady).length)
  single('slipway_ready_processes', processes.filter(([, state]) => state.isReady).length)

  begin('slipway_event_loop_delay_seconds')
  out.histogram('', DURATION_BOUNDS, totals.loopDelay, MS)
  perProcess('slipway_event_loop_busy_seconds_total', (state) => state.loopBusySeconds)
  single('slipway_spans_exported_total', totals.spansExported)
  single('slipway_spans_dropped_total', totals.spansDropped)
  single('slipway_log_lines_dropped_total', totals.logLinesDropped)
  single('slipway_runner_restarts_total', restarts.runnerRestarts ?? 0)
  begin('slipway_runner_deaths_total')
  for (const { model, version, count } of restarts.runDeaths ?? []) out.sample(labelsOf({ model, version }), count)
  single('slipway_worker_restarts_total', restarts.workerRestarts ?? 0)
  perProcess('process_cpu_seconds_total', (state) => state.cpuSeconds)
  perProcess('process_resident_memory_bytes', (state) => state.residentBytes)
  perProcess('process_start_time_seconds', (state) => state.startedAt)
  renderEndpoints(out, snapshots)
  return out.text()
}

function labelsOf({ model, version }: { readonly model: string; readonly version: string }): string {
  return writeLabels({ model, version })
}

/** Statuses that are written before they happen: a series that begins at 0 shows its first request as an increase. */
const USUAL = [200, 500]

function withUsual(codes: SeriesCounts['codes']): (readonly [number, number])[] {
  const missing = USUAL.filter((usual) => !codes.some(([code]) => code === usual))
  return [...codes, ...missing.map((code) => [code, 0] as const)].sort(([a], [b]) => a - b)
}

function countRejected(all: readonly SeriesCounts[]): Map<string, number> {
  const counted = new Map(
    Object.values(REASONS)
      .sort()
      .map((reason) => [reason, 0]),
  )
  for (const { codes } of all) {
    for (const [code, requests] of codes) {
      const reason = REASONS[code]
      if (reason !== undefined) counted.set(reason, (counted.get(reason) ?? 0) + requests)
    }
  }
  return counted
}

/** Processes that live, each name once: the last word counts. */
function statesByProcess(snapshots: readonly MetricsSnapshot[]): [string, ProcessState][] {
  const states = new Map<string, ProcessState>()
  for (const { process, state } of snapshots) if (state !== undefined) states.set(process, state)
  return [...states]
}
