/** How often something was done, and how long all of it took together (ms). */
export interface Tally {
  readonly count: number
  readonly ms: number
}

/** Runs of one size. */
export interface BatchTally extends Tally {
  /** Rows that ran together; the upper bound of a group of sizes where those are large. */
  readonly rows: number
}

/** What was counted of one version since the server started, over all of its processes. */
export interface VersionStatistics {
  readonly name: string
  /** First digits of the digest, as `versionName` gives them; empty for versions that are counted together. */
  readonly version: string
  /** When a request was answered last (ms since the epoch); 0 for never. */
  readonly lastInferenceMs: number
  /** Rows that were answered. */
  readonly rows: number
  /** Runs that succeeded; one may answer many requests. */
  readonly runs: number
  /** Requests that were answered with what they asked for, from their last byte to their answer. */
  readonly success: Tally
  /** Requests that were refused or failed once their model was found. */
  readonly fail: Tally
  /** Of those that succeeded: what they waited for their run. */
  readonly queue: Tally
  /** Of those: from the whole request to its arrival at the plane. */
  readonly computeInput: Tally
  /** Of those: the runs that they were part of. */
  readonly computeInfer: Tally
  /** Of those: from the end of the run to the answer. */
  readonly computeOutput: Tally
  /** Runs that succeeded, by size, smallest first. */
  readonly batches: readonly BatchTally[]
}

/** One version of a model that is or was served. */
export interface IndexEntry {
  readonly name: string
  readonly version: string
  readonly state: 'READY' | 'UNAVAILABLE' | 'LOADING' | 'UNLOADING'
  /** Why it is in that state; empty where there is nothing to say. */
  readonly reason: string
}

/** Which lines the log shows. */
export interface LogSettings {
  readonly info: boolean
  readonly warning: boolean
  readonly error: boolean
  /** Lines for whoever looks for a defect too. */
  readonly debug: boolean
}

/** Which requests are traced. */
export interface TraceSampling {
  readonly isOn: boolean
  /** Share of requests that are traced where the caller does not say; 0 to 1. */
  readonly ratio: number
}

/** What is to be changed of it; null for what it was at the start, or, of a model, for what holds for all. */
export type TraceChange = { readonly [Key in keyof TraceSampling]?: TraceSampling[Key] | null }

/**
 * What an operator may ask of the whole server, whichever of its processes is asked. Each rejects with a `ServingError`;
 * what a process of its own cannot do is `unsupported`.
 */
export interface Operations {
  /** Whether models can be loaded and unloaded. */
  readonly canControl: boolean
  /**
   * Of every version that was asked for anything, in no order. Versions beyond the most that are counted apart are
   * counted together, as one without a version.
   * @throws {ServingError} `unavailable` when it cannot be had of all processes now
   */
  statistics(): Promise<readonly VersionStatistics[]>
  /** Every version that is served, and models that are not any more. */
  index(): Promise<readonly IndexEntry[]>
  /**
   * Looks for a model anew where the server was told to find its models, and serves what is there now.
   * @throws {ServingError} `not_found` where there is no such model; `invalid_argument` with the reason when it cannot be
   *   loaded: what was served before stays
   */
  load(name: string): Promise<void>
  /** Serves a model no more, until it is loaded again. @throws {ServingError} `not_found` */
  unload(name: string): Promise<void>
  logSettings(change?: Partial<LogSettings>): Promise<LogSettings>
  /**
   * @param model whose; that of all models when absent
   * @throws {ServingError} `unsupported` when there is nowhere to send traces to
   */
  traceSettings(model?: string, change?: TraceChange): Promise<TraceSampling>
}
