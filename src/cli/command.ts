import type { OptionTable, Options } from './options.ts'

/** What a command may touch of the world, so that a test can bring its own. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: { write(text: string): unknown }
  readonly stderr: {
    write(text: string): unknown
    readonly isTTY?: boolean | undefined
    readonly columns?: number | undefined
  }
  /** Aborted by the first SIGINT or SIGTERM: finish or undo, and return. */
  readonly signal: AbortSignal
}

/** Exit codes of every command; failures map to them in `main.ts`. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3 } as const

/** One command of `slipway`: a file in this folder, listed by name in `commands.ts`. */
export interface Command<T extends OptionTable = OptionTable> {
  /** What stands behind the name: `<model> --in <path> --out <path>`. */
  readonly usage: string
  readonly options: T
  /** @returns the exit code */
  run(positionals: readonly string[], options: Options<T>, context: CommandContext): Promise<number>
}
