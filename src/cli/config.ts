import { hideKeys } from '../core/text.ts'
import { EXIT, type Command, type ListedCommand } from './command.ts'
import type { OptionValue, Source } from './options.ts'
import { configSchema } from './reference.ts'
import { SERVE_OPTIONS } from './serve-options.ts'

const options = {
  ...SERVE_OPTIONS,
  schema: { type: 'boolean', isFlagOnly: true, doc: 'print a JSON Schema of configuration files instead' },
} as const

interface Setting {
  readonly value: OptionValue
  readonly source: Source | { readonly from: 'arguments' }
}

/**
 * `slipway config`: what `serve` would be set to with the same flags, variables and file. No option holds a secret, and a
 * key that stands where it does not belong is not shown.
 * @param commands whose options a configuration file may set
 */
export function createConfigCommand(commands: readonly ListedCommand[]): Command<typeof options> {
  return {
    usage: '[--json | --schema] [<flags and paths of serve>…]',
    options,
    section: 'serve',
    async run(positionals, given, { stdout }, sources = {}) {
      if (given.schema) {
        stdout.write(`${JSON.stringify(await configSchema(commands), null, 2)}\n`)
        return EXIT.done
      }
      const settings = new Map<string, Setting>()
      for (const name of Object.keys(SERVE_OPTIONS) as (keyof typeof SERVE_OPTIONS)[])
        settings.set(name, { value: given[name], source: sources[name] ?? { from: 'default' } })
      if (positionals.length > 0) settings.set('models', { value: positionals, source: { from: 'arguments' } })
      stdout.write(hideKeys(given.json ? asJson(settings) : asTable(settings)))
      return EXIT.done
    },
  }
}

function asJson(settings: ReadonlyMap<string, Setting>): string {
  const entries = [...settings].map(([name, { value, source }]) => [name, { value: value ?? null, ...source }])
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`
}

function asTable(settings: ReadonlyMap<string, Setting>): string {
  const rows = [
    ['option', 'value', 'from'],
    ...[...settings].map(([name, { value, source }]) => [name, shown(value), describe(source)]),
  ]
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  const [names, values] = [width(0), Math.min(width(1), 40)]
  return rows
    .map(([name = '', value = '', from = '']) => `${name.padEnd(names)}  ${value.padEnd(values)}  ${from}\n`)
    .join('')
}

function shown(value: OptionValue): string {
  if (value === undefined) return '-'
  if (typeof value === 'object') return value.length === 0 ? '-' : value.join(', ')
  return String(value)
}

function describe(source: Setting['source']): string {
  if (source.from === 'flag') return `flag ${source.flag}`
  if (source.from === 'variable') return `variable ${source.variable}`
  if (source.from === 'file') return `file ${source.path}, ${source.key}`
  return source.from
}
