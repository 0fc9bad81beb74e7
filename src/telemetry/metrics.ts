import type { Answered } from '../protocols/protocol.ts'
import { versionName, type ServedModel } from '../runtime/plane.ts'
import { copyObservations, createObservations, observeMs, observeRows, type Observations } from './histogram.ts'
import { countFailure, countRun, countSuccess, createInferenceSums, type InferenceCounts } from './inference-counts.ts'
import type { LoadedModel, SeriesCounts } from './snapshot.ts'

/** One run of a batch, as the plane tells it. */
export interface Run {
  readonly model: ServedModel
  readonly rows: number
  readonly requests: number
  readonly runMs: number
  readonly failed: boolean
}

/** What a version that a plane holds is doing now. */
export interface ModelGauges {
  readonly model: ServedModel
  readonly queuedRows: number
  readonly running: number
  readonly inFlight: number
}

/** Versions that one process counts apart; what comes after them is counted together, as `other`. */
export const MAX_SERIES = 1000

/** Stands for the model of what is counted together; its version is empty. */
export const OTHER = 'other'

/** Counts requests and runs per version. What is counted stays until the process ends, also when the version is unloaded. */
export interface Metrics {
  readonly onAnswered: (answered: Answered) => void
  readonly onRun: (run: Run) => void
  /** Ends an interval over which saturation is measured. @param nowMs on a clock that never goes back */
  endInterval(nowMs: number): void
  /** @param epochMs what the monotonic clock's 0 is on the calendar (ms) */
  series(epochMs?: number): SeriesCounts[]
  /** What the plane says of its models, with names as they stand on series. */
  loaded(gauges: readonly ModelGauges[]): LoadedModel[]
}

interface Series extends Observations {
  readonly model: string
  readonly version: string
  /** By HTTP status, from 100. */
  readonly codes: Float64Array
  readonly sums: InferenceCounts['sums']
  /** When a request was answered last, on the monotonic clock (ms). */
  lastMs: number
  /** The same as it was told last, and on the calendar: as long as it stands, so does that. */
  toldLastMs: number
  toldLastEpochMs: number
  rows: number
  failedRuns: number
  busyMs: number
  busyMsBefore: number
  /** Runs' time in the last interval, per ms of it. */
  busyShare: number
}

const NEVER = -Infinity

const FIRST_CODE = 100
const LAST_CODE = 599
const FIRST_FAILURE = 400

export function createMetrics(nowMs: number): Metrics {
  const noModel = createSeries('', '')
  const other = createSeries(OTHER, '')
  const all = new Map<string, Series>()
  const byModel = new WeakMap<ServedModel, Series>()
  // most requests are for the model of the request before
  let lastModel: ServedModel | undefined
  let lastSeries = noModel
  let intervalStart = nowMs

  function seriesOf(model: ServedModel): Series {
    if (model === lastModel) return lastSeries
    const series = byModel.get(model) ?? find(model)
    lastModel = model
    lastSeries = series
    return series
  }

  /** A version whose labels or state have changed is another object, and the same series. */
  function find(model: ServedModel): Series {
    const version = versionName(model)
    const key = `${model.name}\0${version}`
    let series = all.get(key)
    if (series === undefined) {
      series = all.size < MAX_SERIES ? createSeries(model.name, version) : other
      if (series !== other) all.set(key, series)
    }
    byModel.set(model, series)
    return series
  }

  function onAnswered({ call, status, receivedAtMs, totalMs }: Answered): void {
    const { timing } = call
    const series = timing === undefined ? noModel : seriesOf(timing.model)
    const code = (status >= FIRST_CODE && status <= LAST_CODE ? status : 500) - FIRST_CODE
    series.codes[code] = (series.codes[code] as number) + 1
    observeMs(series.request, totalMs)
    if (timing === undefined) {
      // refused before it was to run: no request of the version's metrics, but a failure to those who ask for it by name
      if (call.model !== undefined && status >= FIRST_FAILURE) countFailure(seriesOf(call.model).sums, totalMs)
      return
    }
    if (status < FIRST_FAILURE) {
      countSuccess(series.sums, timing, receivedAtMs, totalMs)
      series.lastMs = receivedAtMs + totalMs
    } else countFailure(series.sums, totalMs)
    const { queueMs, runMs } = timing
    observeMs(series.queue, queueMs)
    if (runMs > 0) observeMs(series.run, runMs) // else it was never run: a model takes no time only then
    observeMs(series.overhead, totalMs - queueMs - runMs)
  }

  function onRun({ model, rows, runMs, failed }: Run): void {
    const series = seriesOf(model)
    observeRows(series.batchRows, rows)
    observeMs(series.batch, runMs)
    series.busyMs += runMs
    if (failed) series.failedRuns++
    else {
      series.rows += rows
      countRun(series.sums, rows, runMs)
    }
  }

  function endInterval(nowMs: number): void {
    const elapsed = nowMs - intervalStart
    intervalStart = nowMs
    for (const series of everySeries()) {
      series.busyShare = elapsed > 0 ? (series.busyMs - series.busyMsBefore) / elapsed : 0
      series.busyMsBefore = series.busyMs
    }
  }

  function everySeries(): Series[] {
    const hasOther = other.busyMs > 0 || [other.codes, other.sums].some((sums) => sums.some((sum) => sum > 0))
    return [noModel, ...all.values(), ...(hasOther ? [other] : [])]
  }

  return {
    onAnswered,
    onRun,
    endInterval,
    series: (epochMs = 0) => everySeries().map((series) => countsOf(series, epochMs)),
    loaded: (gauges) =>
      gauges.map((gauge) => {
        const series = seriesOf(gauge.model)
        return loadedModel(gauge, series.busyShare)
      }),
  }
}

function loadedModel({ model, queuedRows, running, inFlight }: ModelGauges, busyShare: number): LoadedModel {
  const runSlots = Math.max(1, model.choices.concurrency.value)
  return {
    model: model.name,
    version: versionName(model),
    isReady: model.state === 'ready',
    engines: model.engines,
    plan: model.choices.plan.value,
    runSlots,
    queuedRows,
    runsInProgress: running,
    requestsInProgress: inFlight,
    saturation: Math.min(1, busyShare / runSlots), // a run counts when it ends: a long one can fill more than its interval
  }
}

function createSeries(model: string, version: string): Series {
  return {
    model,
    version,
    codes: new Float64Array(LAST_CODE - FIRST_CODE + 1),
    sums: createInferenceSums(),
    lastMs: NEVER,
    toldLastMs: NEVER,
    toldLastEpochMs: 0,
    ...createObservations(),
    rows: 0,
    failedRuns: 0,
    busyMs: 0,
    busyMsBefore: 0,
    busyShare: 0,
  }
}

function countsOf(series: Series, epochMs: number): SeriesCounts {
  if (series.lastMs !== series.toldLastMs) {
    series.toldLastMs = series.lastMs
    series.toldLastEpochMs = series.lastMs + epochMs
  }
  const codes: [number, number][] = []
  series.codes.forEach((count, i) => {
    if (count > 0) codes.push([i + FIRST_CODE, count])
  })
  return {
    model: series.model,
    version: series.version,
    codes,
    ...copyObservations(series),
    rows: series.rows,
    failedRuns: series.failedRuns,
    inference: { sums: series.sums.slice(), lastMs: series.toldLastEpochMs },
  }
}
