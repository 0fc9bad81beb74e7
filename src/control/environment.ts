/**
 * Time and chance, as they reach `control/`: nothing in this room asks the system for them, so that a simulation can bring
 * its own. (The other doors to the world are interfaces too: `Store`, `Fleet`, `Maker`.)
 */
export interface Environment {
  /** ms since 1970, as the calendar has it: it may jump. For what is shown, and for expiry. */
  readonly wallMs: () => number
  /** ms, never going back: for everything that is waited for. */
  readonly now: () => number
  /** 0 to 1, without 1. */
  readonly random: () => number
  /** A name that nobody has had: 16 characters of `[0-9a-z]`. */
  readonly newId: () => string
  /** Resolves after so long; at once when the signal aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: Readonly<Record<string, unknown>>) => void
}
