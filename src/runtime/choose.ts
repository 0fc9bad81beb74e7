import type { Choice, Choices } from './choices.ts'
import type { EngineProfile, Profile } from './profile.ts'

/** What the operator has decided; the rest is chosen. */
export interface Overrides {
  readonly engines?: readonly string[] | undefined
  readonly plan?: 'in-tick' | 'off-loop' | undefined
  readonly concurrency?: number | undefined
  readonly maxBatchRows?: number | undefined
  readonly windowMs?: number | undefined
  readonly maxQueueRows?: number | undefined
  readonly maxQueueDelayMs?: number | undefined
  readonly start?: 'optimized' | 'quick' | undefined
}

export interface ChooseOptions {
  /** What was measured; without it, careful values. */
  readonly profile?: Profile | undefined
  readonly overrides?: Overrides
  /** Engines in order of preference where nothing was measured. */
  readonly engines: readonly string[]
  /** Processor cores that this process may use. */
  readonly cores: number
  /** Longest that a request may take (ms). */
  readonly timeoutMs: number
}

/** A run in the tick keeps every other request waiting for so long (ms). */
const LONGEST_IN_TICK_MS = 0.5
/** A batch in the tick may take so long (ms): what is measured of everything else then stays near it. */
const LONGEST_BATCH_IN_TICK_MS = 2
/** A batch off the loop may take so long (ms), or as long as one row. */
const LONGEST_BATCH_OFF_LOOP_MS = 100
const MAX_BATCH_ROWS = 256
const MAX_QUEUE_ROWS = 10_000
const MAX_QUEUE_DELAY_MS = 10_000
/** Host kernels, which need no native library loaded, are taken where they are as fast on average up to so many rows … */
const USUAL_ROWS = 64
/** … and lose no more than this on any size (ms). */
const KERNELS_MAY_LOSE_MS = 0.1
/** Rows are waited for only when they cost at most this part of their price alone. */
const WINDOW_PAYS_BELOW = 0.5
const LONGEST_WINDOW_MS = 5
/** A size is preferred when a row costs this much less in it than in the sizes measured around it. */
const PREFERRED_SAVES = 0.1
/** Loading the optimised graph takes so long (ms) that answering on the plain one first is worth it. */
const QUICK_START_ABOVE_MS = 100

/**
 * How a version is run: each knob by the operator's word, else by what was measured, else carefully; with the reason.
 * @see design, "The profile drives every decision"
 */
export function choose(options: ChooseOptions): Choices {
  const { overrides = {} } = options
  const engines = chooseEngines(options)
  const measured = engines.value[0] === undefined ? undefined : options.profile?.engines[engines.value[0]]
  const plan = said(overrides.plan) ?? choosePlan(measured)
  const isOffLoop = plan.value === 'off-loop'
  const maxBatchRows = said(overrides.maxBatchRows) ?? chooseBatch(measured, isOffLoop)
  return {
    engines,
    plan,
    concurrency: isOffLoop
      ? (said(overrides.concurrency) ?? { value: options.cores, reason: `one run on each of ${options.cores} cores` })
      : { value: 1, reason: 'runs in the tick follow each other' },
    maxBatchRows,
    preferredRows: choosePreferred(measured, maxBatchRows.value),
    windowMs: said(overrides.windowMs) ?? chooseWindow(measured),
    maxQueueRows: said(overrides.maxQueueRows) ?? {
      value: Math.max(MAX_QUEUE_ROWS, 4 * maxBatchRows.value),
      reason: 'a bound on memory; the expected wait refuses earlier',
    },
    maxQueueDelayMs: said(overrides.maxQueueDelayMs) ?? {
      value: Math.min(options.timeoutMs, MAX_QUEUE_DELAY_MS),
      reason: 'nobody waits longer for an answer that is computed in less',
    },
    start: said(overrides.start) ?? chooseStart(measured),
  }
}

function said<T>(value: T | undefined): Choice<T> | undefined {
  return value === undefined ? undefined : { value, reason: 'set by the operator' }
}

function chooseEngines({ overrides, profile, engines }: ChooseOptions): Choice<readonly string[]> {
  if (overrides?.engines !== undefined) return { value: overrides.engines, reason: 'set by the operator' }
  if (profile === undefined) return { value: engines, reason: 'nothing was measured: the usual order' }
  const native = profile.engines['onnxruntime']
  const kernels = profile.engines['host-kernels']
  const order = (first: string) => [first, ...engines.filter((name) => name !== first)]
  if (native === undefined || kernels === undefined) {
    const only = native === undefined ? (Object.keys(profile.engines)[0] ?? 'host-kernels') : 'onnxruntime'
    return { value: order(only), reason: `no other engine runs all of it in a memory worth its while` }
  }
  const pairs = kernels.curve.map(({ rows, ms }) => ({ rows, ms, nativeMs: costAt(native, rows) ?? ms }))
  const usual = pairs.filter(({ rows }) => rows <= USUAL_ROWS).map(({ ms, nativeMs }) => ms / nativeMs)
  const ratio = usual.reduce((sum, each) => sum + each, 0) / Math.max(1, usual.length)
  const loss = pairs.find(({ ms, nativeMs }) => ms - nativeMs > KERNELS_MAY_LOSE_MS)
  if (usual.length > 0 && ratio <= 1 && loss === undefined)
    return {
      value: order('host-kernels'),
      reason: `${percent(ratio)} of the time of onnxruntime up to ${USUAL_ROWS} rows, and no native library to load`,
    }
  const reason =
    usual.length > 0 && ratio <= 1 && loss !== undefined
      ? `host-kernels take ${show(loss.ms)} for ${loss.rows} rows, it takes ${show(loss.nativeMs)}`
      : `host-kernels take ${percent(ratio)} of its time up to ${USUAL_ROWS} rows`
  return { value: order('onnxruntime'), reason }
}

function choosePlan(measured: EngineProfile | undefined): Choice<'in-tick' | 'off-loop'> {
  const one = measured?.curve[0]?.ms
  if (one === undefined) return { value: 'in-tick', reason: 'nothing was measured' }
  if (one <= LONGEST_IN_TICK_MS)
    return { value: 'in-tick', reason: `a row takes ${show(one)}: less than handing it to another thread` }
  if (!measured?.canRunOffLoop) return { value: 'in-tick', reason: 'the engine computes in the calling tick only' }
  return { value: 'off-loop', reason: `a row takes ${show(one)}: every other request would wait for it` }
}

function chooseBatch(measured: EngineProfile | undefined, isOffLoop: boolean): Choice<number> {
  if (measured === undefined || measured.curve.length === 0)
    return { value: MAX_BATCH_ROWS, reason: 'nothing was measured' }
  const longest = isOffLoop ? Math.max(LONGEST_BATCH_OFF_LOOP_MS, measured.curve[0]?.ms ?? 0) : LONGEST_BATCH_IN_TICK_MS
  let rows = 1
  for (let size = 1; size <= MAX_BATCH_ROWS; size *= 2) if ((costAt(measured, size) ?? 0) <= longest) rows = size
  const cost = costAt(measured, rows)
  return rows === MAX_BATCH_ROWS
    ? { value: rows, reason: `${rows} rows take ${show(cost)}` }
    : { value: rows, reason: `${rows} rows take ${show(cost)}, twice as many would take over ${longest} ms` }
}

/** Sizes at which a row costs clearly less than at the sizes measured on both sides of them. */
function choosePreferred(measured: EngineProfile | undefined, maxBatchRows: number): Choice<readonly number[]> {
  const curve = (measured?.curve ?? []).filter(({ rows }) => rows <= maxBatchRows)
  const perRow = curve.map(({ rows, ms }) => ms / rows)
  const liked = curve.filter((_, i) => {
    const after = perRow[i + 1]
    const before = perRow[i - 1]
    const own = perRow[i] ?? 0
    return after !== undefined && before !== undefined && own < Math.min(before, after) * (1 - PREFERRED_SAVES)
  })
  return liked.length === 0
    ? { value: [], reason: 'no size is clearly better than those around it' }
    : { value: liked.map(({ rows }) => rows), reason: 'a row costs least there' }
}

function chooseWindow(measured: EngineProfile | undefined): Choice<number> {
  const one = measured?.curve[0]?.ms
  if (measured === undefined || one === undefined) return { value: 0, reason: 'nothing was measured' }
  const [best] = measured.curve.toSorted((a, b) => a.ms / a.rows - b.ms / b.rows)
  const part = best === undefined ? 1 : best.ms / best.rows / one
  if (one <= LONGEST_IN_TICK_MS)
    return { value: 0, reason: 'an idle engine never waits: a run costs less than waiting' }
  if (part > WINDOW_PAYS_BELOW)
    return {
      value: 0,
      reason: `an idle engine never waits: together a row costs ${percent(part)} of what it costs alone`,
    }
  const windowMs = Math.min(LONGEST_WINDOW_MS, Math.ceil(one / 4))
  return { value: windowMs, reason: `in ${best?.rows} rows a row costs ${percent(part)} of what it costs alone` }
}

function chooseStart(measured: EngineProfile | undefined): Choice<'optimized' | 'quick'> {
  if (measured === undefined) return { value: 'optimized', reason: 'nothing was measured' }
  const { loadMs, quickLoadMs } = measured
  if (quickLoadMs === undefined || loadMs < QUICK_START_ABOVE_MS || quickLoadMs * 2 > loadMs)
    return { value: 'optimized', reason: `it loads in ${show(loadMs)}` }
  return { value: 'quick', reason: `it loads in ${show(loadMs)} optimised, in ${show(quickLoadMs)} as it is` }
}

/** What so many rows cost, between and beyond what was measured (ms). */
function costAt({ curve }: EngineProfile, rows: number): number | undefined {
  let below = curve[0]
  if (below === undefined) return undefined
  for (const point of curve) {
    if (point.rows === rows) return point.ms
    if (point.rows > rows) {
      const part = (rows - below.rows) / Math.max(1, point.rows - below.rows)
      return rows < below.rows ? below.ms : below.ms + (point.ms - below.ms) * part
    }
    below = point
  }
  return (below.ms * rows) / below.rows
}

function show(ms: number | undefined): string {
  if (ms === undefined) return 'an unknown time'
  return ms < 1 ? `${Math.max(1, Math.round(ms * 1000))} us` : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`
}
