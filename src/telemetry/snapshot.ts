import type { EndpointCounts, EndpointState } from './endpoint-counts.ts'
import type { Histogram, Observations } from './histogram.ts'
import type { InferenceCounts } from './inference-counts.ts'

/** What one process has counted, as plain data: it crosses process borders by structured clone. */
export interface MetricsSnapshot {
  /** Name of the process among those of one server: `runner-1`. It outlives restarts. */
  readonly process: string
  /** Differs between two lives of a process. */
  readonly life: string
  /** One for each version that this process has seen, and one for requests that reached no model. */
  readonly series: readonly SeriesCounts[]
  readonly totals: ProcessTotals
  /** Of a runner of the platform. */
  readonly endpoints?: EndpointCounts | undefined
  /** How the process is now; absent for one that has ended. */
  readonly state?: ProcessState
}

/** Counts of one version of a model. Durations in ms. */
export interface SeriesCounts extends Observations {
  /** Empty for requests that reached no model; `other` for versions that came after too many others. */
  readonly model: string
  /** First digits of the digest. */
  readonly version: string
  /** HTTP status, and how often it was the answer. */
  readonly codes: readonly (readonly [code: number, requests: number])[]
  readonly rows: number
  readonly failedRuns: number
  readonly inference: InferenceCounts
}

/** Counts that belong to no model. */
export interface ProcessTotals {
  readonly loopDelay: Histogram
  readonly spansExported: number
  readonly spansDropped: number
  readonly logLinesDropped: number
}

export interface ProcessState {
  /** Whether it is meant to take requests. */
  readonly isReady: boolean
  /** Seconds since the epoch. */
  readonly startedAt: number
  readonly cpuSeconds: number
  readonly residentBytes: number
  /** How long its event loop has been at work since it started (s). */
  readonly loopBusySeconds: number
  readonly models: readonly LoadedModel[]
  /** Of a runner of the platform. */
  readonly endpoints?: EndpointState | undefined
}

/** A version that the process holds now. */
export interface LoadedModel {
  readonly model: string
  readonly version: string
  readonly isReady: boolean
  readonly engines: readonly string[]
  readonly plan: string
  /** Runs that may be under way at once. */
  readonly runSlots: number
  readonly queuedRows: number
  readonly runsInProgress: number
  readonly requestsInProgress: number
  /** Share of the last interval for which its slots were running, 0 to 1. */
  readonly saturation: number
}
