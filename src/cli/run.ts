import { ServingError, type ErrorCode } from '../core/errors.ts'
import { hideKeys, quote } from '../core/text.ts'
import { VERSION } from '../server/version.ts'
import { EXIT, type Command, type CommandContext } from './command.ts'
import { COMMANDS } from './commands.ts'
import { CONFIG_OPTION } from './common-options.ts'
import { readConfigFile } from './config-file.ts'
import { nearestTo } from './nearest.ts'
import {
  describeOptions,
  parseFlags,
  parseOptions,
  UsageError,
  variableOf,
  type FileLayer,
  type OptionTable,
} from './options.ts'

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
  let asJson = rest.includes('--json') || isTrue(context.env.SLIPWAY_JSON)
  try {
    const listed = COMMANDS.find((each) => each.name === name)
    if (listed === undefined) throw unknownCommand(name)
    const command = await listed.load()
    usage = `${name} ${command.usage}`
    if (rest.includes('--help') || rest.includes('-h')) {
      context.stdout.write(help(listed.summary, usage, command))
      return EXIT.done
    }
    const table = { ...command.options, ...CONFIG_OPTION }
    const file = await configFile(command.section ?? name, table, rest, context.env)
    const { options, positionals, sources } = parseOptions(table, rest, context.env, file)
    asJson = 'json' in options && options.json === true
    return await command.run(positionals, options, context, sources)
  } catch (thrown) {
    return report(thrown, asJson, context, usage)
  }
}

/** The configuration file that a flag or a variable names. */
async function configFile(
  section: string,
  table: OptionTable,
  args: readonly string[],
  env: CommandContext['env'],
): Promise<FileLayer | undefined> {
  const path = parseFlags(table, args).flags.get('config') ?? env[variableOf('config')] ?? ''
  return path === '' ? undefined : await readConfigFile(String(path), section, table, COMMANDS)
}

function unknownCommand(found: string): UsageError {
  const names = COMMANDS.map(({ name }) => name)
  const near = nearestTo(found, names)
  const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`
  return new UsageError(`there is no command ${quote(found)}: ${hint}`)
}

/** Whether failures are printed as JSON also where no flag could be read. */
function isTrue(value: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(value ?? '')
}

/** @param usage of the command that failed, for those who mistyped it */
function report(thrown: unknown, asJson: boolean, { stdout, stderr, env }: CommandContext, usage: string): number {
  const error = ServingError.from(thrown)
  // a key on the command line may stand in the words of whoever refused it
  if (asJson) stdout.write(`${hideKeys(JSON.stringify(error))}\n`)
  else stderr.write(`slipway: ${hideKeys(error.message)}\n`)
  if (error.code === 'internal' || env.SLIPWAY_DEBUG) {
    const shown = error.cause instanceof Error ? error.cause : error
    stderr.write(`${hideKeys(shown.stack ?? shown.message)}\n`)
  }
  if (!(error instanceof UsageError)) return EXIT_OF[error.code]
  if (!asJson) stderr.write(`usage: slipway ${usage}; more with --help\n`)
  return EXIT.usage
}

function overview(): string {
  const lines = COMMANDS.map(
    ({ name, heading, summary }) => `${heading === undefined ? '' : `\n${heading}:\n`}  ${name.padEnd(11)}${summary}`,
  )
  return `slipway ${VERSION}: trained models in production\n\nusage: slipway <command> …\n${lines.join('\n')}\n\nslipway <command> --help tells more.\n`
}

function help(summary: string, usage: string, { options }: Command): string {
  return `slipway: ${summary}\n\nusage: slipway ${usage}\n\n${describeOptions({ ...options, ...CONFIG_OPTION })}\n`
}
