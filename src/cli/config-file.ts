import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { readNamedFile } from '../storage/local.ts'
import type { ListedCommand } from './command.ts'
import { CONFIG_OPTION } from './common-options.ts'
import { checkFiled, placeInFile, UsageError, type FileLayer, type OptionSpec, type OptionTable } from './options.ts'

/** Largest configuration file (bytes). */
const MAX_BYTES = 1024 * 1024

/** Where a file may name its schema, for editors. */
export const SCHEMA_KEY = '$schema'

type Document = Readonly<Record<string, unknown>>

/** An option that a file may set: the file itself cannot be named there, and some belong to one call only. */
export function isFileOption(name: string, { isFlagOnly }: OptionSpec): boolean {
  return isFlagOnly !== true && !Object.hasOwn(CONFIG_OPTION, name)
}

/**
 * What a configuration file says to one command. Its top level sets options of every command that knows them, a section
 * named after a command those of that one, over the top level. The whole file is checked, also what is for others.
 * @param section of the command that is run
 * @param table its options
 * @throws {ServingError} `not_found`, `too_large` and the like when it cannot be read
 * @throws {UsageError} for what is no JSON, an unknown key, or a value that does not fit: with the file and the key
 */
export async function readConfigFile(
  path: string,
  section: string,
  table: OptionTable,
  commands: readonly ListedCommand[],
): Promise<FileLayer> {
  const document = await readDocument(path)
  const values = new Map<string, { key: string; value: unknown }>()
  for (const [key, value] of Object.entries(document)) {
    if (key === SCHEMA_KEY) {
      checkFiled({ type: 'string', value: '', doc: '' }, value, placeInFile(key, path))
      continue
    }
    const named = commands.find(({ name }) => name === key)
    if (named !== undefined) await checkSection(path, named, value)
    else {
      // what this command takes by its flag alone may be an option of others
      const own = Object.hasOwn(table, key) ? table[key] : undefined
      const isOwn = own !== undefined && isFileOption(key, own)
      checkValue(
        isOwn ? own : ((await specOfAny(key, commands)) ?? own),
        key,
        key,
        value,
        path,
        'of any command, and no command',
      )
      if (isOwn) values.set(key, { key, value })
    }
  }
  const own = Object.hasOwn(document, section) ? document[section] : {}
  for (const [key, value] of Object.entries(own as Document)) values.set(key, { key: `${section}.${key}`, value })
  return { path, values }
}

async function checkSection(path: string, { name, load }: ListedCommand, value: unknown): Promise<void> {
  const { options, section = name } = await load()
  if (section !== name)
    throw new UsageError(`${placeInFile(name, path)} is no section: the command reads that of ${section}`)
  if (!isObject(value)) throw new UsageError(`${placeInFile(name, path)} is no object of options of slipway ${name}`)
  for (const [key, each] of Object.entries(value)) {
    const spec = Object.hasOwn(options, key) ? options[key] : undefined
    checkValue(spec, key, `${name}.${key}`, each, path, `of slipway ${name}`)
  }
}

function checkValue(
  spec: OptionSpec | undefined,
  name: string,
  key: string,
  value: unknown,
  path: string,
  of: string,
): void {
  const place = placeInFile(key, path)
  if (spec === undefined)
    throw new UsageError(`${place} is no option ${of}; \`slipway config --schema\` lists what there is`)
  if (!isFileOption(name, spec)) throw new UsageError(`${place} is given by its flag, not in a file`)
  checkFiled(spec, value, place)
}

/** The option of this name of the first command that knows it: they are of one type everywhere. */
async function specOfAny(name: string, commands: readonly ListedCommand[]): Promise<OptionSpec | undefined> {
  for (const command of commands) {
    const { options } = await command.load()
    const spec = Object.hasOwn(options, name) ? options[name] : undefined
    if (spec !== undefined && isFileOption(name, spec)) return spec
  }
  return undefined
}

async function readDocument(path: string): Promise<Document> {
  const text = new TextDecoder('utf-8', { fatal: true })
  let document: unknown
  try {
    document = JSON.parse(text.decode(await readNamedFile(path, MAX_BYTES)))
  } catch (thrown) {
    if (thrown instanceof ServingError) throw thrown
    // the parser's own words hold a piece of the file
    throw new UsageError(
      `${quote(path, 200)} is no JSON${positionIn(thrown)}: comments and trailing commas have no place there`,
    )
  }
  if (!isObject(document)) throw new UsageError(`${quote(path, 200)} holds no JSON object of options`)
  return document
}

function positionIn(thrown: unknown): string {
  const found = /\(line (\d+) column (\d+)\)/.exec(thrown instanceof Error ? thrown.message : '')
  return found === null ? '' : ` at line ${found[1]}, column ${found[2]}`
}

function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
