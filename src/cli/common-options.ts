import { homedir } from 'node:os'
import { join } from 'node:path'
import type { OptionTable } from './options.ts'

/** Options that several commands share. */
export const DATA_OPTION = {
  data: {
    type: 'string',
    value: 'DIR',
    default: join(homedir(), '.slipway'),
    doc: 'folder where bundles and caches are kept',
  },
} as const satisfies OptionTable

export const JSON_OPTION = {
  json: { type: 'boolean', doc: 'print one JSON document on stdout' },
} as const satisfies OptionTable
