/** What an engine tells of the processes in which it runs code. */
export interface CodeEvents {
  /** A line that the code printed, or that tells of its failure. */
  readonly onOutput?: (model: string, text: string) => void
  /** A process died, or is replaced. */
  readonly onEvent?: (level: 'info' | 'warn' | 'error', text: string, fields: Readonly<Record<string, unknown>>) => void
}
