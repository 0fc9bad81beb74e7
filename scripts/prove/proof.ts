import { drawText } from '../bench/tables.ts'
import type { Outcome } from './load.ts'

export interface ProofOptions {
  /** How long the load goes on, about (s). */
  readonly seconds: number
  /** For what is drawn at random. */
  readonly seed: number
  /** A folder for models, compiled bundles and whatever a proof keeps. */
  readonly folder: string
  readonly signal: AbortSignal
  /** Has the proof meet the fault that it names, to see that it is found. */
  readonly isPlanted?: boolean
  /** Of each simulated history; its own number when absent. */
  readonly steps?: number | undefined
}

/** A claim about the product, and how to find out. */
export interface Proof {
  readonly name: string
  /** A sentence that is true when it holds. */
  readonly claim: string
  /** What goes wrong when a fault is planted; absent where none can be. */
  readonly plant?: string
  /** How long it runs when nothing is said (s). */
  readonly seconds: number
  readonly run: (options: ProofOptions) => Promise<Found>
}

/** What was seen. */
export interface Found {
  readonly requests: number
  /** Requests that failed and should not have. */
  readonly failed: number
  /** Answers that are not those of their own question, or of a version that may not answer. */
  readonly wrong: number
  /** Times that something was done to the server: kills, reloads, restarts. */
  readonly times: number
  /** Latencies (ms), in peace and while things were done; NaN where there is nothing to tell. */
  readonly p50BeforeMs: number
  readonly p99BeforeMs: number
  readonly p50DuringMs: number
  readonly p99DuringMs: number
  /** Longest that the server took to be whole again (s). */
  readonly recoverySeconds: number
  /** What else is worth telling, in words. */
  readonly remark: string
  /** What is wrong, in sentences; none when the claim holds. */
  readonly faults: readonly string[]
  /** Nothing was tried: this machine cannot. */
  readonly isSkipped?: boolean
}

/** Of a proof without figures of requests. */
const NO_FIGURES = {
  requests: 0,
  failed: 0,
  wrong: 0,
  times: 0,
  p50BeforeMs: NaN,
  p99BeforeMs: NaN,
  p50DuringMs: NaN,
  p99DuringMs: NaN,
  recoverySeconds: NaN,
}

/** What was seen where requests have no figures. */
export function tell(found: Partial<Found> & Pick<Found, 'remark' | 'faults'>): Found {
  return { ...NO_FIGURES, ...found }
}

/** @param why this machine cannot tell */
export function skip(why: string): Found {
  return tell({ remark: `skipped: ${why}`, faults: [], isSkipped: true })
}

/** Counts and latencies of a load. @param disturbedMs when the first thing was done to the server */
export function measureLoad(outcomes: readonly Outcome[], disturbedMs: number) {
  const right = outcomes.filter(({ kind }) => kind === 'right')
  const before = latencies(right.filter(({ endedMs }) => endedMs < disturbedMs))
  const during = latencies(right.filter(({ endedMs }) => endedMs >= disturbedMs))
  return {
    requests: outcomes.length,
    p50BeforeMs: quantile(before, 0.5),
    p99BeforeMs: quantile(before, 0.99),
    p50DuringMs: quantile(during, 0.5),
    p99DuringMs: quantile(during, 0.99),
  }
}

function latencies(outcomes: readonly Outcome[]): number[] {
  return outcomes.map(({ sentMs, endedMs }) => endedMs - sentMs).toSorted((a, b) => a - b)
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/** Faults that each say how many requests went wrong in one way, with the first as an example. */
export function faultsOf(what: string, outcomes: readonly Outcome[]): string[] {
  const [first] = outcomes
  return first === undefined ? [] : [`${outcomes.length} ${what}, the first: ${first.kind} ${first.reason}`]
}

/**
 * The rate of failures that is still possible, with 95 % confidence, when none of so many requests failed: three in them.
 * NaN when some did.
 * @see Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 1983
 */
export function failureBound({ requests, failed }: Pick<Found, 'requests' | 'failed'>): number {
  return failed > 0 || requests === 0 ? NaN : 3 / requests
}

/** A line for each proof. */
export function proofTable(
  results: readonly { readonly name: string; readonly claim: string; readonly found: Found }[],
): string {
  const figure = (value: number, digits = 1) => (Number.isNaN(value) ? '-' : value.toFixed(digits))
  return drawText({
    head: [
      'proof',
      'holds',
      'requests',
      'failed',
      'wrong',
      'times',
      'p50 ms',
      'p99 ms',
      'then p50',
      'p99',
      'whole in s',
      'failures below',
      'claim',
      'remark',
    ],
    align: 'llrrrrrrrrrrll',
    rows: results.map(({ name, claim, found }) => [
      name,
      found.isSkipped === true ? 'skipped' : found.faults.length === 0 ? 'yes' : 'NO',
      `${found.requests}`,
      `${found.failed}`,
      `${found.wrong}`,
      `${found.times}`,
      figure(found.p50BeforeMs),
      figure(found.p99BeforeMs),
      figure(found.p50DuringMs),
      figure(found.p99DuringMs),
      figure(found.recoverySeconds, 2),
      Number.isNaN(failureBound(found)) ? '-' : `${(failureBound(found) * 100).toPrecision(2)} %`,
      claim,
      found.remark,
    ]),
  })
}
