import { createHash } from 'node:crypto'
import { COMPILER_REVISION } from '../compiler/revision.ts'
import { ServingError } from '../core/errors.ts'
import { quote, quoteList } from '../core/text.ts'
import type { TypeScriptSource } from './typescript-source.ts'

/** @param what that holds code, for the message */
export function typescriptNotAllowed(what: string): ServingError {
  return new ServingError(
    'refused',
    `${what} holds code in TypeScript, and --runtime compiled runs none: add --runtime typescript, which runs it in a process without files and network`,
    { details: { reason: 'needs_typescript' } },
  )
}

/** @param folder its name @param models those beside the code, of which nothing says which is meant */
export function severalModels(folder: string, models: readonly string[]): ServingError {
  return new ServingError(
    'unsupported',
    `${quote(folder)} holds ${models.length} models beside the code: ${quoteList(models)}; leave one, or name their order in a .pipeline.json`,
  )
}

/** Digest of all that decides what the bundle of some code will be. */
export function typescriptKey({ sha256, fileName }: TypeScriptSource, choices: object): string {
  const parts = [COMPILER_REVISION, 'typescript', process.versions.node, choices, fileName, sha256]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
