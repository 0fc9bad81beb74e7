import { parseArgs } from 'node:util'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'

/** One option of a command. Its environment variable is its name in capitals: `maxBodyBytes` is `SLIPWAY_MAX_BODY_BYTES`. */
export type OptionSpec =
  | { readonly type: 'string'; readonly default?: string; readonly doc: string; readonly value: string }
  | {
      readonly type: 'number'
      readonly default?: number
      readonly doc: string
      readonly value: string
      readonly min: number
      readonly max: number
      /** Variables of the platforms that tell it too; ours comes first. */
      readonly platformVariables?: readonly string[]
    }
  | { readonly type: 'boolean'; readonly doc: string }

export type OptionTable = Readonly<Record<string, OptionSpec>>

type ValueOf<S extends OptionSpec> = S extends { type: 'boolean' }
  ? boolean
  : S extends { type: 'number' }
    ? S extends { default: number }
      ? number
      : number | undefined
    : S extends { default: string }
      ? string
      : string | undefined

export type Options<T extends OptionTable> = { readonly [K in keyof T]: ValueOf<T[K]> }

/** Flag of an option: `maxBodyBytes` is `--max-body-bytes`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** Environment variable of an option: `maxBodyBytes` is `SLIPWAY_MAX_BODY_BYTES`. */
export function variableOf(name: string): string {
  return `SLIPWAY_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** The variables that set an option, the strongest first. */
function variablesOf(name: string, spec: OptionSpec): string[] {
  return [variableOf(name), ...(spec.type === 'number' ? (spec.platformVariables ?? []) : [])]
}

/** A mistake on the command line: exit code 2. */
export class UsageError extends ServingError {
  constructor(message: string) {
    super('invalid_argument', message)
  }
}

/**
 * Options from flags, then the environment, then their defaults.
 * @throws {UsageError} for an unknown flag, a flag without its value, or a value that does not fit
 */
export function parseOptions<T extends OptionTable>(
  table: T,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): { options: Options<T>; positionals: string[] } {
  const flags: Record<string, { type: 'string' | 'boolean' }> = {}
  for (const [name, spec] of Object.entries(table))
    flags[flagOf(name).slice(2)] = { type: spec.type === 'boolean' ? 'boolean' : 'string' }
  const parsed = parseFlags(args, flags)
  const options: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(table)) {
    const flag = flagOf(name)
    const given = parsed.values[flag.slice(2)]
    const variable = variablesOf(name, spec).find((each) => (env[each] ?? '') !== '')
    if (given !== undefined) options[name] = read(spec, given, flag)
    else if (variable !== undefined) options[name] = read(spec, env[variable] ?? '', variable)
    else options[name] = spec.type === 'boolean' ? false : spec.default
  }
  return { options: options as Options<T>, positionals: parsed.positionals }
}

function parseFlags(args: readonly string[], flags: Record<string, { type: 'string' | 'boolean' }>) {
  try {
    return parseArgs({ args: [...args], options: flags, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function read(spec: OptionSpec, given: string | boolean, from: string): string | number | boolean {
  if (spec.type === 'boolean') {
    if (typeof given === 'boolean') return given
    if (/^(1|true|yes|on)$/i.test(given)) return true
    if (/^(0|false|no|off)$/i.test(given)) return false
    throw new UsageError(`${from} is ${quote(given)}; it takes true or false`)
  }
  if (spec.type === 'string') return String(given)
  const number = /^-?\d+$/.test(String(given)) ? Number(given) : Number.NaN
  if (!(number >= spec.min && number <= spec.max))
    throw new UsageError(`${from} is ${quote(String(given))}; it takes a whole number from ${spec.min} to ${spec.max}`)
  return number
}

/** The options as lines of `--help`. */
export function describeOptions(table: OptionTable): string {
  return Object.entries(table)
    .map(([name, spec]) => {
      const flag = spec.type === 'boolean' ? flagOf(name) : `${flagOf(name)} ${spec.value}`
      const preset = spec.type === 'boolean' || spec.default === undefined ? '' : ` (default ${spec.default})`
      return `  ${flag.padEnd(28)} ${spec.doc}${preset} [${variablesOf(name, spec).join(', ')}]`
    })
    .join('\n')
}
