import { ServingError, type ErrorCode } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { VERSION } from '../server/version.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { COMMANDS } from './commands.ts'
import { describeOptions, parseOptions, UsageError } from './options.ts'

/** Exit code of each failure. */
const EXIT_OF: Record<ErrorCode, number> = {
  invalid_argument: EXIT.failed,
  too_large: EXIT.refused,
  unsupported: EXIT.refused,
  refused: EXIT.refused,
  unauthenticated: EXIT.failed,
  permission_denied: EXIT.failed,
  not_found: EXIT.failed,
  conflict: EXIT.failed,
  overloaded: EXIT.failed,
  unavailable: EXIT.failed,
  deadline_exceeded: EXIT.failed,
  cancelled: EXIT.failed,
  internal: EXIT.failed,
}

/**
 * Runs one command line. Failures are printed: as text on stderr, or as one JSON document on stdout with `--json`.
 * @param args without Node and the script
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    context.stdout.write(overview())
    return name === undefined ? EXIT.usage : EXIT.done
  }
  if (name === '--version') {
    context.stdout.write(`${VERSION}\n`)
    return EXIT.done
  }
  let usage = '<command> …'
  try {
    const listed = COMMANDS.find((each) => each.name === name)
    if (listed === undefined)
      throw new UsageError(
        `there is no command ${quote(name)}; there are ${COMMANDS.map((each) => each.name).join(', ')}`,
      )
    const command = await listed.load()
    usage = `${name} ${command.usage}`
    if (rest.includes('--help') || rest.includes('-h')) {
      context.stdout.write(help(listed.summary, usage, command))
      return EXIT.done
    }
    const { options, positionals } = parseOptions(command.options, rest, context.env)
    return await command.run(positionals, options, context)
  } catch (thrown) {
    return report(thrown, rest.includes('--json') || isTrue(context.env.SLIPWAY_JSON), context, usage)
  }
}

/** Whether failures are printed as JSON also where no flag could be read. */
function isTrue(value: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(value ?? '')
}

/** @param usage of the command that failed, for those who mistyped it */
function report(thrown: unknown, asJson: boolean, { stdout, stderr, env }: CommandContext, usage: string): number {
  const error = ServingError.from(thrown)
  if (asJson) stdout.write(`${JSON.stringify(error)}\n`)
  else stderr.write(`slipway: ${error.message}\n`)
  if (error.code === 'internal' || env.SLIPWAY_DEBUG) {
    const shown = error.cause instanceof Error ? error.cause : error
    stderr.write(`${shown.stack ?? shown.message}\n`)
  }
  if (!(error instanceof UsageError)) return EXIT_OF[error.code]
  if (!asJson) stderr.write(`usage: slipway ${usage}; more with --help\n`)
  return EXIT.usage
}

function overview(): string {
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`)
  return `slipway ${VERSION}: trained models in production\n\nusage: slipway <command> …\n\n${lines.join('\n')}\n\nslipway <command> --help tells more.\n`
}

function help(summary: string, usage: string, { options }: Command): string {
  return `slipway: ${summary}\n\nusage: slipway ${usage}\n\n${describeOptions(options)}\n`
}
