import type { RunPoint } from './run-cost.ts'

/** The version that this Slipway writes; another is measured anew. */
export const PROFILE_VERSION = 2

/**
 * What a bundle costs on one class of machine, measured once. It lies beside the bundle, never in it: the bundle is the same
 * everywhere, its profile is not.
 */
export interface Profile {
  readonly profileVersion: typeof PROFILE_VERSION
  /** Digest of the bundle. */
  readonly bundle: string
  /** Class of machine: processor, cores, platform. */
  readonly machine: string
  /** By engine, only those that run the whole program and agree with its golden rows. */
  readonly engines: Readonly<Record<string, EngineProfile>>
}

export interface EngineProfile {
  /** Version of the engine. */
  readonly version: string
  /** Time of loading (ms), graph optimisation included. */
  readonly loadMs: number
  /** Time of loading the graph as it is (ms), where that was worth measuring. */
  readonly quickLoadMs?: number
  /** Memory that one loaded copy takes (MiB), as far as it could be seen. */
  readonly memoryMiB: number
  /** Whether runs can leave the event loop free. */
  readonly canRunOffLoop: boolean
  /** Median time of a run by its rows, ascending; one row only where rows are not independent. */
  readonly curve: readonly RunPoint[]
}
