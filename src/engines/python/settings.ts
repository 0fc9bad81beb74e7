/** Name of the engine that runs it. */
export const PYTHON = 'python'

/** How inference code in Python is run. Plain data: it crosses process borders. */
export interface PythonSettings {
  /** The interpreter that was named or found. */
  readonly interpreter: PythonInterpreter
  /** Where environments are built for requirements; absent where the interpreter was named, which is then used as it is. */
  readonly environments: string | undefined
  /** Folder in which each model gets one of its own for its files. */
  readonly temporary: string
  /** Processes of each model. */
  readonly workers: number
  /** Memory at which a process is ended (MiB); one that comes near it is replaced between two runs. */
  readonly memoryMiB: number
  /** Longest that a process may take to load its model (ms). */
  readonly startTimeoutMs: number
  /** Longest that a run may take (ms). */
  readonly runTimeoutMs: number
  /** Command that starts a process without a network: its program and first arguments. Empty where there is none. */
  readonly isolate: readonly string[]
  /** Threads that numeric libraries may use in each process. */
  readonly threads: number
  /** Variables of the environment that are handed on; nothing else of ours is. */
  readonly variables: Readonly<Record<string, string>>
}

export interface PythonInterpreter {
  readonly executable: string
  /** `3.11.7`. */
  readonly version: string
  /** What wheels for it are called after: `cpython-311-x86_64-linux`. */
  readonly platform: string
}

/** What code in Python is run with where nothing else is said. */
export const USUAL_PYTHON = { workers: 1, memoryMiB: 4096, startTimeoutMs: 120_000 } as const
