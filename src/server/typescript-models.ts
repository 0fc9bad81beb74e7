import { createHash } from 'node:crypto'
import { COMPILER_REVISION } from '../compiler/revision.ts'
import { ServingError } from '../core/errors.ts'
import type { TypeScriptSource } from './typescript-source.ts'

/** @param what that holds code, for the message */
export function typescriptNotAllowed(what: string): ServingError {
  return new ServingError(
    'refused',
    `${what} holds code in TypeScript, and --runtime compiled runs none: add --runtime typescript, which runs it in a process without files and network`,
    { details: { reason: 'needs_typescript' } },
  )
}

/** Digest of all that decides what the bundle of some code will be. */
export function typescriptKey({ sha256, fileName }: TypeScriptSource, choices: object): string {
  const parts = [COMPILER_REVISION, 'typescript', process.versions.node, choices, fileName, sha256]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
