import type { OptionTable, Options, Sources } from './options.ts'

/** What a command may touch of the world, so that a test can bring its own. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: {
    write(text: string): unknown
    readonly isTTY?: boolean | undefined
    readonly columns?: number | undefined
    readonly rows?: number | undefined
  }
  /** The keyboard, where there is a person at it. */
  readonly stdin?: NodeJS.ReadStream | undefined
  readonly stderr: {
    write(text: string): unknown
    readonly isTTY?: boolean | undefined
    readonly columns?: number | undefined
  }
  /** Aborted by the first SIGINT or SIGTERM: finish or undo, and return. */
  readonly signal: AbortSignal
}

/** Exit codes of every command; failures map to them in `main.ts`. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, differs: 4 } as const

/** One command of `slipway`: a file in this folder, listed by name in `commands.ts`. */
export interface Command<T extends OptionTable = OptionTable> {
  /** What stands behind the name: `<model> --in <path> --out <path>`. */
  readonly usage: string
  readonly options: T
  /** Section of a configuration file that sets the options, where that is not the command's own name. */
  readonly section?: string
  /**
   * @param sources where each option's value came from
   * @returns the exit code
   */
  run(positionals: readonly string[], options: Options<T>, context: CommandContext, sources?: Sources): Promise<number>
}

/** A command that is loaded when it is asked for: `slipway --help` need not read engines and image builders. */
export interface ListedCommand {
  readonly name: string
  /** Begins a group in the list of commands. */
  readonly heading?: string
  /** One line for the list of commands. */
  readonly summary: string
  readonly load: () => Promise<Command>
}
