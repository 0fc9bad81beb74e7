/** What an engine tells of the processes in which it runs code. */
export interface CodeEvents {
  /** A line that the code printed, or that tells of its failure. */
  readonly onOutput?: OnOutput
  /** A process died, or is replaced. */
  readonly onEvent?: (level: 'info' | 'warn' | 'error', text: string, fields: Readonly<Record<string, unknown>>) => void
}

/** @param file the file with the code, or what kind of model it is */
export type OnOutput = (file: string, text: string, from: PrintedBy) => void

/** Where a line of code comes from. Plain data. */
export interface PrintedBy {
  readonly stream: 'stdout' | 'stderr'
  /** Id of the process; undefined for one that could not be started. */
  readonly pid: number | undefined
  /** How many lines were left out before this one, which says so; 0 for a line that was printed. */
  readonly dropped: number
  /** Whether it is of a failure, as our part of the process tells it: it may hold what the caller had sent. */
  readonly isTrace: boolean
}
