import { parseArgs } from 'node:util'
import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import { nearestTo } from './nearest.ts'

/** What every option may say of itself. */
interface CommonSpec {
  /** One line for people: `--help`, the schema and the reference are made of it. */
  readonly doc: string
  /** Given by its flag alone: it belongs to one call, and no variable or file sets it. */
  readonly isFlagOnly?: true
  /** One letter that stands for the flag: `f` for `-f`. */
  readonly short?: string
  /** The default for the reference, where the real one differs from machine to machine. */
  readonly shownDefault?: string
  /** Variables of the platforms that tell it too; ours comes first. */
  readonly platformVariables?: readonly string[]
}

/** One option of a command. Its environment variable is its name in capitals: `maxBodyBytes` is `SLIPWAY_MAX_BODY_BYTES`. */
export type OptionSpec = CommonSpec &
  (
    | { readonly type: 'string'; readonly default?: string; readonly value: string }
    | {
        readonly type: 'number'
        readonly default?: number
        readonly value: string
        readonly min: number
        readonly max: number
        /** Whether it need not be a whole number. */
        readonly isFraction?: true
      }
    | { readonly type: 'boolean' }
    | { readonly type: 'choice'; readonly default?: string; readonly values: readonly string[] }
    /** Several texts: separated by commas in a flag or a variable, a list in a file. */
    | { readonly type: 'list'; readonly value: string }
  )

export type OptionTable = Readonly<Record<string, OptionSpec>>

type ValueOf<S extends OptionSpec> = S extends { type: 'boolean' }
  ? boolean
  : S extends { type: 'number' }
    ? S extends { default: number }
      ? number
      : number | undefined
    : S extends { type: 'list' }
      ? readonly string[]
      : S extends { type: 'choice'; values: readonly (infer V)[] }
        ? S extends { default: string }
          ? V
          : V | undefined
        : S extends { default: string }
          ? string
          : string | undefined

export type Options<T extends OptionTable> = { readonly [K in keyof T]: ValueOf<T[K]> }

export type OptionValue = string | number | boolean | readonly string[] | undefined

/** What a configuration file says to one command. */
export interface FileLayer {
  readonly path: string
  /** By option: the value as JSON had it, and its key in the file (`serve.port`). */
  readonly values: ReadonlyMap<string, { readonly key: string; readonly value: unknown }>
}

/** Where an option's value came from. */
export type Source =
  | { readonly from: 'flag'; readonly flag: string }
  | { readonly from: 'variable'; readonly variable: string }
  | { readonly from: 'file'; readonly path: string; readonly key: string }
  | { readonly from: 'default' }

export type Sources = Readonly<Record<string, Source>>

/** Flag of an option: `maxBodyBytes` is `--max-body-bytes`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** Environment variable of an option: `maxBodyBytes` is `SLIPWAY_MAX_BODY_BYTES`. */
export function variableOf(name: string): string {
  return `SLIPWAY_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** The variables that set an option, the strongest first. */
export function variablesOf(name: string, spec: OptionSpec): string[] {
  if (spec.isFlagOnly) return []
  return [variableOf(name), ...(spec.platformVariables ?? [])]
}

/** A mistake on the command line or in a configuration: exit code 2. */
export class UsageError extends ServingError {
  constructor(message: string) {
    super('invalid_argument', message)
  }
}

/**
 * Options from flags, then the environment, then a file, then their defaults.
 * @throws {UsageError} for an unknown flag, a flag without its value, or a value that does not fit
 */
export function parseOptions<T extends OptionTable>(
  table: T,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  file?: FileLayer,
): { options: Options<T>; positionals: string[]; sources: Sources } {
  const { flags, positionals } = parseFlags(table, args)
  const options: Record<string, OptionValue> = {}
  const sources: Record<string, Source> = {}
  for (const [name, spec] of Object.entries(table)) {
    const flag = flagOf(name)
    const given = flags.get(name)
    const variable = variablesOf(name, spec).find((each) => (env[each] ?? '') !== '')
    const filed = file?.values.get(name)
    if (given !== undefined) {
      options[name] = read(spec, given, flag)
      sources[name] = { from: 'flag', flag }
    } else if (variable !== undefined) {
      options[name] = read(spec, env[variable] ?? '', variable)
      sources[name] = { from: 'variable', variable }
    } else if (file !== undefined && filed !== undefined) {
      options[name] = checkFiled(spec, filed.value, placeInFile(filed.key, file.path))
      sources[name] = { from: 'file', path: file.path, key: filed.key }
    } else {
      options[name] = defaultOf(spec)
      sources[name] = { from: 'default' }
    }
  }
  return { options: options as Options<T>, positionals, sources }
}

/**
 * What the words of a command line say: the last word counts, and `--no-…` takes back a flag that is yes or no.
 * @throws {UsageError} for an unknown flag, or a flag without its value
 */
export function parseFlags(
  table: OptionTable,
  args: readonly string[],
): { flags: ReadonlyMap<string, string | boolean>; positionals: string[] } {
  const known: Record<string, { type: 'string' | 'boolean'; short?: string }> = {}
  const meaning = new Map<string, { name: string; spec: OptionSpec; isNo: boolean }>()
  for (const [name, spec] of Object.entries(table)) {
    const flag = flagOf(name).slice(2)
    const { short } = spec
    known[flag] = { type: spec.type === 'boolean' ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) }
    meaning.set(flag, { name, spec, isNo: false })
    if (spec.type !== 'boolean' || flag.startsWith('no-')) continue
    known[`no-${flag}`] = { type: 'boolean' }
    meaning.set(`no-${flag}`, { name, spec, isNo: true })
  }
  // not strict: whatever it would complain of is said here, in our words
  const { tokens } = parseArgs({
    args: [...args],
    options: known,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const flags = new Map<string, string | boolean>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { rawName, value, inlineValue } = token
    const found = meaning.get(token.name)
    const isKnown = rawName.startsWith('--') || (found?.spec.short !== undefined && rawName === `-${found.spec.short}`)
    const meant = isKnown ? found : undefined
    if (meant === undefined) throw unknownOption(rawName, meaning.keys())
    if (meant.spec.type === 'boolean') {
      if (value !== undefined)
        throw new UsageError(`${rawName} is yes by being there and takes no value, found ${quote(value)}: leave it out`)
      flags.set(meant.name, !meant.isNo)
    } else {
      // a word that begins with a dash is another option, but for a number below zero
      const isMissing = value === undefined || (!inlineValue && /^-./.test(value) && !/^-\d+$/.test(value))
      if (isMissing) throw withoutValue(rawName, meant.spec, value)
      flags.set(meant.name, value)
    }
  }
  return { flags, positionals: tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : [])) }
}

function unknownOption(found: string, known: Iterable<string>): UsageError {
  const near = nearestTo(found.replace(/^-+/, ''), known)
  const hint = near === undefined ? 'see --help for those that there are' : `did you mean --${near}?`
  return new UsageError(`there is no option ${quote(found)}: ${hint}`)
}

function withoutValue(flag: string, spec: OptionSpec, next: string | undefined): UsageError {
  const found = next === undefined ? 'nothing' : `the option ${quote(next)}`
  const text = `${flag} is followed by ${found}; it takes ${describeValues(spec)}`
  return new UsageError(next === undefined ? text : `${text} (${flag}=… for one that begins with a dash)`)
}

/** A value as text: from a flag or a variable. */
function read(spec: OptionSpec, given: string | boolean, from: string): OptionValue {
  if (typeof given === 'boolean') return given
  const { type } = spec
  if (type === 'string') return given
  const problem = (): UsageError => new UsageError(`${from} is ${quote(given)}; it takes ${describeValues(spec)}`)
  if (type === 'number') {
    const pattern = spec.isFraction === true ? /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i : /^-?\d+$/
    const number = pattern.test(given) ? Number(given) : Number.NaN
    if (!(number >= spec.min && number <= spec.max)) throw problem()
    return number
  }
  if (type === 'boolean') {
    if (/^(1|true|yes|on)$/i.test(given)) return true
    if (/^(0|false|no|off)$/i.test(given)) return false
    throw problem()
  }
  if (type === 'choice') {
    if (!spec.values.includes(given)) throw problem()
    return given
  }
  const items = given.split(',').map((item) => item.trim())
  if (items.includes('')) throw problem()
  return items
}

/**
 * A value as a file's JSON had it.
 * @param from its key and file, for the message
 * @throws {UsageError} when it does not fit; the message holds the value only where that is a number or a choice
 */
export function checkFiled(spec: OptionSpec, value: unknown, from: string): OptionValue {
  const { type } = spec
  const shown = typeof value === 'number' || (type === 'choice' && typeof value === 'string')
  const problem = (): UsageError =>
    new UsageError(`${from} is ${shown ? quote(String(value)) : kindOf(value)}; it takes ${describeValues(spec)}`)
  if (type === 'number') {
    const isNumber = spec.isFraction === true ? typeof value === 'number' : Number.isInteger(value)
    if (!isNumber || !(Number(value) >= spec.min && Number(value) <= spec.max)) throw problem()
    return Number(value)
  }
  if (type === 'boolean') {
    if (typeof value !== 'boolean') throw problem()
    return value
  }
  if (type === 'list') {
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string' && item !== '')) throw problem()
    return value as string[]
  }
  if (typeof value !== 'string' || (type === 'choice' && !spec.values.includes(value))) throw problem()
  return value
}

/** A key of a configuration file, for messages. */
export function placeInFile(key: string, path: string): string {
  return `${quote(key)} in ${quote(path, 200)}`
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** What an option takes, in words that end a sentence. */
export function describeValues(spec: OptionSpec): string {
  if (spec.type === 'number')
    return `a ${spec.isFraction === true ? '' : 'whole '}number from ${spec.min} to ${spec.max}`
  if (spec.type === 'boolean') return 'true or false'
  if (spec.type === 'choice') return `one of ${quoteList(spec.values)}`
  return spec.type === 'list' ? 'texts, none of them empty' : 'a text'
}

/** An option's value when nobody says anything. */
export function defaultOf(spec: OptionSpec): OptionValue {
  if (spec.type === 'boolean') return false
  return spec.type === 'list' ? [] : spec.default
}

/** The default as people read it; undefined where that is nothing, or no. */
export function shownDefaultOf(spec: OptionSpec): string | undefined {
  if (spec.type === 'boolean' || spec.type === 'list') return undefined
  return spec.shownDefault ?? (spec.default === undefined ? undefined : String(spec.default))
}

/** A flag with what stands behind it: `--port PORT`. */
export function flagWithValue(name: string, spec: OptionSpec): string {
  if (spec.type === 'boolean') return flagOf(name)
  return `${flagOf(name)} ${spec.type === 'choice' ? spec.values.join('|') : spec.value}`
}

/** The same for `--help`, with its letter. */
function flagForHelp(name: string, spec: OptionSpec): string {
  return `${flagWithValue(name, spec)}${spec.short === undefined ? '' : ` (-${spec.short})`}`
}

/** Characters of a flag and its value in `--help`. */
const HELP_COLUMN = 28

/** The options as lines of `--help`. */
export function describeOptions(table: OptionTable): string {
  return Object.entries(table)
    .map(([name, spec]) => {
      const preset = shownDefaultOf(spec)
      const variables = variablesOf(name, spec)
      const flag = flagForHelp(name, spec).padEnd(HELP_COLUMN)
      return [
        // what is said of a long one begins below it, in the column of the others
        `  ${flag}${flag.length > HELP_COLUMN ? `\n  ${' '.repeat(HELP_COLUMN)}` : ''} ${spec.doc}`,
        ...(preset === undefined ? [] : [`(default ${preset})`]),
        ...(variables.length === 0 ? [] : [`[${variables.join(', ')}]`]),
      ].join(' ')
    })
    .join('\n')
}
