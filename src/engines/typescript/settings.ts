/** Name of the engine that runs it. */
export const TYPESCRIPT = 'typescript'

/** How code in TypeScript is run. Plain data: it crosses process borders. */
export interface TypeScriptSettings {
  /** What starts a process for code: Node, without rights, and without a network where the system allows it. */
  readonly command: readonly string[]
  /** Processes of each model. */
  readonly workers: number
  /** Memory at which a process is ended (MiB); one that comes near it is replaced between two runs. */
  readonly memoryMiB: number
  /** Longest that a process may take to load its code and its model (ms). */
  readonly startTimeoutMs: number
  /** Longest that a run may take (ms). */
  readonly runTimeoutMs: number
}

/** What code in TypeScript is run with where nothing else is said. */
export const USUAL_TYPESCRIPT = { workers: 1, memoryMiB: 2048, startTimeoutMs: 60_000 } as const
