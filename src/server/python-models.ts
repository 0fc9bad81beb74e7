import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Manifest } from '../bundle/manifest.ts'
import { parsePythonFile } from '../bundle/python-file.ts'
import { COMPILER_REVISION } from '../compiler/revision.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { PythonSettings } from '../engines/python/settings.ts'
import { readPlainFile } from '../storage/local.ts'
import { ensureEnvironment, type BuildOptions } from './python-environment.ts'
import { readFiles, type PythonSource } from './python-source.ts'

/** The line that allows code in Python to be run. */
export const ALLOWING = 'add --runtime python'

/**
 * Sees to it that a bundle's code in Python can be run here: that the operator allows it, and that its environment is there.
 * @throws {ServingError} `refused` with the line that would allow it; as `ensureEnvironment`
 */
export async function readyPython(
  { folder, manifest }: { readonly folder: string; readonly manifest: Manifest },
  settings: PythonSettings | undefined,
  options: BuildOptions,
): Promise<void> {
  const step = manifest.program.steps.find(({ kind }) => kind === 'python')
  if (step === undefined) return
  if (settings === undefined) throw notAllowed(`the bundle ${quote(manifest.name)}`)
  if (settings.environments === undefined) return
  const { requirements, files } = parsePythonFile(await readPlainFile(join(folder, step.file), 2 ** 26), step.file)
  const path = requirements === undefined ? undefined : files.get(requirements)
  if (path === undefined) return
  if (manifest.files[path] === undefined) throw new ServingError('refused', `${quote(path)} is not in the bundle`)
  await ensureEnvironment(settings, await readPlainFile(join(folder, path), 2 ** 24, path), options)
}

/** @param what that holds code, for the message */
export function notAllowed(what: string): ServingError {
  return new ServingError(
    'refused',
    `${what} holds code in Python, which is run with the rights of this server: if you trust whoever wrote it, ${ALLOWING}`,
    { details: { reason: 'needs_python' } },
  )
}

/** Digest of all that decides what the bundle of some code will be. */
export function pythonKey({ sha256, fileName }: PythonSource, settings: PythonSettings, choices: object): string {
  const { version, platform } = settings.interpreter
  const parts = [COMPILER_REVISION, 'python', choices, version, platform, fileName, sha256]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/** Builds what some code needs, before it is run for the first time. */
export async function readySource(
  { code, paths }: PythonSource,
  settings: PythonSettings,
  options: BuildOptions,
): Promise<void> {
  const path = code.requirements === undefined ? undefined : paths.get(code.requirements)
  const files = path === undefined ? undefined : await readFiles(new Map([['requirements.txt', path]]), 2 ** 24)
  await ensureEnvironment(settings, files?.get('requirements.txt'), options)
}
