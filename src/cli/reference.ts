import type { ListedCommand } from './command.ts'
import { isFileOption, SCHEMA_KEY } from './config-file.ts'
import { defaultOf, flagWithValue, shownDefaultOf, variablesOf, type OptionSpec, type OptionTable } from './options.ts'

type Schema = Readonly<Record<string, unknown>>

interface CommandOptions {
  readonly name: string
  readonly summary: string
  readonly options: OptionTable
}

/** Every command, with the options that a file may set by a section of its own. */
async function configurable(commands: readonly ListedCommand[]): Promise<CommandOptions[]> {
  const loaded = await Promise.all(
    commands.map(async ({ name, summary, load }) => ({ name, summary, ...(await load()) })),
  )
  return loaded
    .filter(({ section }) => section === undefined)
    .map(({ name, summary, options }) => ({ name, summary, options: only(options, isFileOption) }))
}

function only(table: OptionTable, isMeant: (name: string, spec: OptionSpec) => boolean): OptionTable {
  return Object.fromEntries(Object.entries(table).filter(([name, spec]) => isMeant(name, spec)))
}

/** JSON Schema (2020-12) of configuration files. */
export async function configSchema(commands: readonly ListedCommand[]): Promise<Schema> {
  const listed = await configurable(commands)
  const shared: Record<string, Schema> = {}
  for (const { options } of listed)
    for (const [name, spec] of Object.entries(options)) if (!Object.hasOwn(shared, name)) shared[name] = schemaOf(spec)
  const sections = listed.map(({ name, summary, options }) => [
    name,
    {
      description: `slipway ${name}: ${summary}`,
      type: 'object',
      properties: Object.fromEntries(Object.entries(options).map(([option, spec]) => [option, schemaOf(spec)])),
      additionalProperties: false,
    },
  ])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Slipway configuration',
    description: 'Options of every command that knows them; a section named after a command sets those of that one.',
    type: 'object',
    properties: { [SCHEMA_KEY]: { type: 'string' }, ...shared, ...Object.fromEntries(sections) },
    additionalProperties: false,
  }
}

function schemaOf(spec: OptionSpec): Schema {
  const preset = spec.shownDefault ?? defaultOf(spec)
  return { description: spec.doc, ...typeOf(spec), ...(preset === undefined ? {} : { default: preset }) }
}

function typeOf(spec: OptionSpec): Schema {
  if (spec.type === 'number')
    return { type: spec.isFraction === true ? 'number' : 'integer', minimum: spec.min, maximum: spec.max }
  if (spec.type === 'choice') return { type: 'string', enum: spec.values }
  if (spec.type === 'list') return { type: 'array', items: { type: 'string', minLength: 1 } }
  return { type: spec.type }
}

/** The page docs/configuration.md. */
export async function configurationPage(commands: readonly ListedCommand[]): Promise<string> {
  const parts: string[] = []
  for (const { name, summary, load } of commands) {
    const { options, section } = await load()
    // the options that it shares with another command stand there
    const own = section === undefined ? options : only(options, (_name, { isFlagOnly }) => isFlagOnly === true)
    parts.push(`## slipway ${name}\n\n${capital(summary)}.\n\n${tableOf(own)}`)
  }
  return `${INTRODUCTION}\n${parts.join('\n')}`
}

const INTRODUCTION = `<!-- Made by \`npm run generate\` from the tables of options in src/cli; do not edit. -->
# Configuration

An option is set by its flag, else by its environment variable, else in a file, else it has its default. The file is
named by \`--config PATH\` or \`SLIPWAY_CONFIG\` and holds one JSON object. Its top level sets options of every command that
knows them; a section named after a command sets those of that command alone, over the top level:

\`\`\`json
{
  "models": ["models/fraud.onnx"],
  "apiKeyFile": "/etc/slipway/keys",
  "timeoutMs": 2000,
  "serve": { "port": 9000, "workers": 0 },
  "batch": { "chunkRows": 4096 }
}
\`\`\`

Unknown keys and values that do not fit are refused, wherever they stand in the file. Paths are meant from the working
folder. \`slipway config\` takes the flags of \`serve\` and prints each option with its value and where that came from;
\`slipway config --schema\` prints a JSON Schema of the file, which an editor can use by a key \`$schema\`. A flag that is
yes or no is taken back by \`--no-\`: \`--no-watch\`. What has no file key belongs to one call.
`

function tableOf(options: OptionTable): string {
  const rows = Object.entries(options).map(([name, spec]) => {
    const preset = shownDefaultOf(spec)
    const cells = [
      code(flagWithValue(name, spec)),
      variablesOf(name, spec).map(code).join(', '),
      isFileOption(name, spec) ? code(name) : '',
      preset === undefined ? '' : code(preset),
      spec.doc.replaceAll('<', '&lt;') + (spec.type === 'number' ? ` (${spec.min} to ${spec.max})` : ''),
    ]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  })
  return `| Flag | Variable | File key | Default | What it is |\n| --- | --- | --- | --- | --- |\n${rows.join('')}`
}

function code(text: string): string {
  return `\`${text}\``
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
