/** Upper bounds of the buckets for durations (s): from 20 µs to a minute, 1-2-5. */
export const DURATION_BOUNDS = [
  0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20,
  60,
] as const satisfies readonly number[]

/** Upper bounds of the buckets for the rows of a run. */
export const ROW_BOUNDS = [
  1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16_384,
] as const satisfies readonly number[]

const DURATION_BOUNDS_MS: readonly number[] = DURATION_BOUNDS.map((seconds) => seconds * 1000)

/**
 * What was observed: how often in each bucket (not cumulated), how often above the last bound, and at the end the sum of
 * the values. Plain numbers, so that it is copied, sent and added up as it is.
 */
export type Histogram = Float64Array<ArrayBuffer>

export function createHistogram(bounds: readonly number[]): Histogram {
  return new Float64Array(bounds.length + 2)
}

/** @param ms below 0 or not a number, which no clock should give, counts as 0 */
export function observeMs(histogram: Histogram, ms: number): void {
  observe(histogram, DURATION_BOUNDS_MS, ms)
}

export function observeRows(histogram: Histogram, rows: number): void {
  observe(histogram, ROW_BOUNDS, rows)
}

function observe(histogram: Histogram, bounds: readonly number[], value: number): void {
  const counted = value > 0 ? value : 0 // a NaN in the sum would stay there for good
  let bucket = 0
  while (bucket < bounds.length && counted > (bounds[bucket] as number)) bucket++
  histogram[bucket] = (histogram[bucket] as number) + 1
  const last = histogram.length - 1
  histogram[last] = (histogram[last] as number) + counted
}

/** What is observed of each version, and in which buckets: the one list of it. */
const BOUNDS_OF = {
  /** From a whole request to its answer. */
  request: DURATION_BOUNDS,
  queue: DURATION_BOUNDS,
  /** The run that the request was part of. */
  run: DURATION_BOUNDS,
  overhead: DURATION_BOUNDS,
  batchRows: ROW_BOUNDS,
  batch: DURATION_BOUNDS,
} as const satisfies Record<string, readonly number[]>

export type Observations = { readonly [Name in keyof typeof BOUNDS_OF]: Histogram }

export function createObservations(): Observations {
  return mapObservations((name) => createHistogram(BOUNDS_OF[name]))
}

export function copyObservations(from: Observations): Observations {
  return mapObservations((name) => from[name].slice())
}

/** Adds to `to`, which is nobody else's. */
export function addObservations(to: Observations, from: Observations): void {
  for (const name of NAMES) addHistogram(to[name], from[name])
}

const NAMES = Object.keys(BOUNDS_OF) as (keyof Observations)[]

function mapObservations(make: (name: keyof Observations) => Histogram): Observations {
  return Object.fromEntries(NAMES.map((name) => [name, make(name)])) as Observations
}

/** Adds one to another of the same bounds. */
export function addHistogram(to: Histogram, from: Histogram): void {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + (from[i] ?? 0)
}
