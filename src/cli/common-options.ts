import { homedir } from 'node:os'
import { join } from 'node:path'
import { MODEL_NAME } from '../core/names.ts'
import { quote } from '../core/text.ts'
import { UsageError, type OptionTable } from './options.ts'

/** Options that several commands share. */
export const DATA_OPTION = {
  data: {
    type: 'string',
    value: 'DIR',
    default: join(homedir(), '.slipway'),
    shownDefault: '~/.slipway',
    doc: 'folder where bundles and caches are kept',
  },
} as const satisfies OptionTable

/** A model's name that the user chose. @throws {UsageError} when no model may have it */
export function checkName(name: string | undefined): void {
  if (name === undefined || MODEL_NAME.test(name)) return
  throw new UsageError(`--name is ${quote(name)}; a name is 1 to 63 letters, digits, "_", "." and "-"`)
}

export const JSON_OPTION = {
  json: { type: 'boolean', doc: 'print one JSON document on stdout' },
} as const satisfies OptionTable

/** Of every command: where the file lies that sets the others. */
export const CONFIG_OPTION = {
  config: { type: 'string', value: 'PATH', doc: 'file of options in JSON; see `slipway config --schema`' },
} as const satisfies OptionTable
